// SPDX-License-Identifier: Apache-2.0
// Nodes: the storage under a Store. A node is 16 bytes; equal nodes are stored once (an
// open-addressing table of ids), operands have smaller ids than the node, and addresses never move,
// so references and spans into a Nodes stay valid while it grows. No rewriting happens here.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/check.hpp"
#include "term/term.hpp"

namespace probity::term {

/// One term. `operand` holds: of a lit, the value (see Nodes::literal); of a var, the name's
/// number; of an apply, the function and the number of its argument list; else `arity` operands.
struct Node {
  Kind kind;
  std::uint8_t width;
  std::uint8_t low;
  std::uint8_t arity;
  std::array<Id, 3> operand;
  friend bool operator==(const Node&, const Node&) = default;
};
static_assert(sizeof(Node) == 16);

class Nodes {
 public:
  Nodes();

  const Node& operator[](Id a) const {
    const std::uint32_t i = a.index - 1;
    return chunks_[i >> chunk_bits][i & (chunk_size - 1)];
  }
  std::size_t size() const { return size_; }
  Kind kind(Id a) const { return (*this)[a].kind; }
  unsigned width(Id a) const { return (*this)[a].width; }
  Id operand(Id a, unsigned i) const { return (*this)[a].operand[i]; }
  bool is_literal(Id a) const { return kind(a) == Kind::lit; }
  /// The value of a lit.
  Value literal(Id a) const {
    const Node& node = (*this)[a];
    if (node.operand[0]) return wide_values_[node.operand[0].index - 1];
    return Value{node.operand[2].index} << 32 | node.operand[1].index;
  }
  std::span<const Id> args(Id a) const;
  std::string_view name(Id a) const { return names_[operand(a, 0).index]; }

  Id make_lit(unsigned width, Value value);
  Id make_var(unsigned width, std::string_view name);
  Id make_apply(Function function, std::span<const Id> arguments);
  /// Any kind but lit, var and apply; unused operands are Id{}.
  Id make(Kind kind, unsigned width, std::array<Id, 3> operand, unsigned low);

  struct Signature {
    std::string name;
    std::vector<unsigned> argument_widths;
    unsigned result_width;
  };
  Function make_function(Signature signature);
  const Signature& signature(Function function) const { return signatures_[function.index - 1]; }

 private:
  static constexpr unsigned chunk_bits = 12;
  static constexpr std::uint32_t chunk_size = 1u << chunk_bits;

  struct ListHash {
    std::size_t operator()(const std::vector<Id>& list) const;
  };
  struct ValueHash {
    std::size_t operator()(Value value) const;
  };

  Id intern(const Node& node);
  void grow_table();

  std::vector<std::unique_ptr<Node[]>> chunks_;
  std::uint32_t size_ = 0;
  std::vector<std::uint64_t> table_;  ///< hash << 32 | id; 0 is free
  std::vector<Value> wide_values_;
  std::unordered_map<Value, std::uint32_t, ValueHash> wide_index_;
  std::deque<std::string> names_;
  std::unordered_map<std::string_view, Id> variables_;
  std::deque<Signature> signatures_;
  std::unordered_map<std::string_view, Function> functions_;
  std::unordered_map<std::vector<Id>, std::uint32_t, ListHash> list_index_;
  std::vector<const std::vector<Id>*> lists_;
};

}  // namespace probity::term
