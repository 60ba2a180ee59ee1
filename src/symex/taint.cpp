// SPDX-License-Identifier: Apache-2.0
// Variables are told apart by the prefix of their names, which only provenance.cpp and this file
// make.
#include "symex/taint.hpp"

#include <string>

namespace probity::symex {
namespace {

constexpr std::uint8_t arbitrary = 4;  // beside the bits of Taint

}  // namespace

std::uint8_t TaintIndex::own(term::Id a) const {
  if (store_.kind(a) == term::Kind::apply) {
    return store_.function_name(store_.function(a)).starts_with(arbitrary_prefix) ? arbitrary : 0;
  }
  if (store_.kind(a) != term::Kind::var) return 0;
  const std::string_view name = store_.name(a);
  if (name.starts_with("addr#")) return static_cast<std::uint8_t>(Taint::address);
  if (name.starts_with("uninit#")) return static_cast<std::uint8_t>(Taint::uninitialised);
  return name.starts_with(arbitrary_prefix) ? arbitrary : 0;
}

std::uint8_t TaintIndex::bits(term::Id a) {
  while (bits_.size() <= a.index) {
    const term::Id next{static_cast<std::uint32_t>(bits_.size())};
    std::uint8_t bits = own(next);
    for (const term::Id arg : store_.args(next)) bits |= bits_[arg.index];
    bits_.push_back(bits);
  }
  return bits_[a.index];
}

Taint TaintIndex::of(term::Id a) {
  const std::uint8_t found = bits(a);
  if (found & static_cast<std::uint8_t>(Taint::uninitialised)) return Taint::uninitialised;
  if (found & static_cast<std::uint8_t>(Taint::address)) return Taint::address;
  return Taint::none;
}

bool TaintIndex::is_arbitrary(term::Id a) {
  return (bits(a) & (arbitrary | static_cast<std::uint8_t>(Taint::address))) != 0;
}

term::Id TaintIndex::uninitialised(term::Store& store, unsigned reg, std::uint64_t serial) {
  return store.var(64, "uninit#r" + std::to_string(reg) + "." + std::to_string(serial));
}

}  // namespace probity::symex
