// SPDX-License-Identifier: Apache-2.0
// Interning: hash tables are only ever asked, never iterated, so ids depend on the order of calls
// alone.
#include "term/nodes.hpp"

#include <bit>

namespace probity::term {
namespace {

constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const auto product = Value{a ^ 0x9e3779b97f4a7c15ull} * (b ^ 0xd1b54a32d192ed03ull);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint32_t hash_of(const Node& node) {
  const auto words = std::bit_cast<std::array<std::uint64_t, 2>>(node);
  return static_cast<std::uint32_t>(mix(words[0], words[1]));
}

}  // namespace

std::size_t Nodes::ListHash::operator()(const std::vector<Id>& list) const {
  std::uint64_t hash = list.size();
  for (const Id id : list) hash = mix(hash, id.index);
  return hash;
}

std::size_t Nodes::ValueHash::operator()(Value value) const {
  return mix(static_cast<std::uint64_t>(value), static_cast<std::uint64_t>(value >> 64));
}

Nodes::Nodes() : table_(256) {}

std::span<const Id> Nodes::args(Id a) const {
  const Node& node = (*this)[a];
  if (node.kind == Kind::apply) return *lists_[node.operand[1].index];
  return {node.operand.data(), node.arity};
}

Id Nodes::intern(const Node& node) {
  const std::size_t mask = table_.size() - 1;
  const std::uint32_t hash = hash_of(node);
  std::size_t slot = hash & mask;
  for (; table_[slot] != 0; slot = (slot + 1) & mask) {
    const Id id{static_cast<std::uint32_t>(table_[slot])};
    if (table_[slot] >> 32 == hash && (*this)[id] == node) return id;
  }
  PROBITY_CHECK(size_ < ~std::uint32_t{0});
  if ((size_ >> chunk_bits) == chunks_.size()) {
    chunks_.push_back(std::make_unique_for_overwrite<Node[]>(chunk_size));
  }
  chunks_[size_ >> chunk_bits][size_ & (chunk_size - 1)] = node;
  table_[slot] = std::uint64_t{hash} << 32 | ++size_;
  const Id id{size_};
  if (std::size_t{size_} * 2 > table_.size()) grow_table();
  return id;
}

void Nodes::grow_table() {
  std::vector<std::uint64_t> table(table_.size() * 2);
  const std::size_t mask = table.size() - 1;
  for (const std::uint64_t entry : table_) {
    if (entry == 0) continue;
    std::size_t slot = entry >> 32 & mask;
    while (table[slot] != 0) slot = (slot + 1) & mask;
    table[slot] = entry;
  }
  table_ = std::move(table);
}

Id Nodes::make(Kind kind, unsigned width, std::array<Id, 3> operand, unsigned low) {
  const unsigned arity = operand[2] ? 3 : operand[1] ? 2 : 1;
  return intern({kind, static_cast<std::uint8_t>(width), static_cast<std::uint8_t>(low),
                 static_cast<std::uint8_t>(arity), operand});
}

Id Nodes::make_lit(unsigned width, Value value) {
  Node node{Kind::lit, static_cast<std::uint8_t>(width), 0, 0, {}};
  if (value >> 64 == 0) {
    node.operand[1].index = static_cast<std::uint32_t>(value);
    node.operand[2].index = static_cast<std::uint32_t>(value >> 32);
  } else {
    const auto next = static_cast<std::uint32_t>(wide_values_.size() + 1);
    const auto [place, added] = wide_index_.try_emplace(value, next);
    if (added) wide_values_.push_back(value);
    node.operand[0].index = place->second;
  }
  return intern(node);
}

Id Nodes::make_var(unsigned width, std::string_view name) {
  if (const auto found = variables_.find(name); found != variables_.end()) {
    PROBITY_CHECK((*this).width(found->second) == width);
    return found->second;
  }
  Node node{Kind::var, static_cast<std::uint8_t>(width), 0, 0, {}};
  node.operand[0].index = static_cast<std::uint32_t>(names_.size());
  const std::string_view kept = names_.emplace_back(name);
  const Id id = intern(node);
  variables_.emplace(kept, id);
  return id;
}

Function Nodes::make_function(Signature signature) {
  if (const auto found = functions_.find(signature.name); found != functions_.end()) {
    const Signature& known = this->signature(found->second);
    PROBITY_CHECK(known.argument_widths == signature.argument_widths);
    PROBITY_CHECK(known.result_width == signature.result_width);
    return found->second;
  }
  signatures_.push_back(std::move(signature));
  const Function function{static_cast<std::uint32_t>(signatures_.size())};
  functions_.emplace(signatures_.back().name, function);
  return function;
}

Id Nodes::make_apply(Function function, std::span<const Id> arguments) {
  const auto next = static_cast<std::uint32_t>(lists_.size());
  const auto [place, added] =
      list_index_.try_emplace(std::vector<Id>(arguments.begin(), arguments.end()), next);
  if (added) lists_.push_back(&place->first);
  const unsigned width = signature(function).result_width;
  Node node{Kind::apply, static_cast<std::uint8_t>(width), 0, 0, {}};
  node.operand[0].index = function.index;
  node.operand[1].index = place->second;
  return intern(node);
}

}  // namespace probity::term
