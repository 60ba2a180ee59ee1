// SPDX-License-Identifier: Apache-2.0
// Entry assumptions as expressions: which inputs a verdict speaks of. The grammar, loosest first:
//   or: and { "||" and }        and: compare { "&&" compare }
//   compare: sum [ ("==" | "!=" | "<" | "<=" | ">" | ">=") sum ]
//   sum: bits { ("+" | "-") bits }      bits: unary { ("&" | "<<" | ">>") unary }
//   unary: ("!" | "~") unary | "(" or ")" | NUMBER | "ctx." FIELD | "packet.length"
//        | "packet[" OFFSET [ ":" BYTES ] "]"
// Numbers are unsigned, of 64 bits, decimal or 0x…; packet[o:n] is n bytes (1..8, default 1) from
// offset o as one number in network byte order. A comparison that names a byte behind the end of
// the packet is false, != as well; so is such a byte that stands alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "program/program.hpp"
#include "symex/provenance.hpp"

namespace probity::symex {

/// A parsed expression.
struct Assumption {
  enum class Kind : std::uint8_t {
    number,
    field,   ///< of ctx
    length,  ///< of the packet
    bytes,   ///< of the packet
    not_,
    invert,
    or_,
    and_,
    eq,
    ne,
    lt,
    le,
    gt,
    ge,
    add,
    sub,
    bit_and,
    shl,
    shr,
  };
  Kind kind = Kind::number;
  std::uint64_t number = 0;  ///< or the offset of bytes, or of the field in ctx
  std::uint32_t size_bytes = 0;
  std::string name;  ///< of the field
  std::vector<Assumption> parts;
};

/// Parses the text for programs of a type, whose ctx fields it may name. A diagnostic tells the
/// column.
Expected<Assumption> parse_assumption(std::string_view text, program::ProgType type);

/// What an expression is about.
class Input {
 public:
  virtual ~Input() = default;
  virtual Value<64> field(std::string_view name) = 0;
  virtual Value<64> length() = 0;
  virtual Value<8> byte(std::uint64_t offset) = 0;
};

/// Does it hold of the input?
Bool<Provenance> holds(const Assumption& assumption, Input& input);

}  // namespace probity::symex
