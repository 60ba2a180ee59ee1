// SPDX-License-Identifier: Apache-2.0
// Emission<D>: room for what a translator emits, and what it emitted as values of the domain, which
// is what the decoder of a theorem reads.
#pragma once

#include <vector>

#include "isa/code.hpp"
#include "term/symbolic.hpp"

namespace probity::theorems {

template <PathDomain D>
class Emission {
 public:
  isa::Code<D>& code() { return code_; }
  std::vector<Bv<D, 8>> bytes() const { return {code_.bytes().begin(), code_.bytes().end()}; }

 private:
  isa::Code<D> code_;
};

template <>
class Emission<Concrete> {
 public:
  isa::Code<Concrete>& code() { return code_; }
  std::vector<Bv<Concrete, 8>> bytes() const {
    std::vector<Bv<Concrete, 8>> result;
    for (const std::uint8_t byte : code_.bytes()) result.push_back(Bv<Concrete, 8>::lit(byte));
    return result;
  }

 private:
  std::vector<std::uint8_t> room_ = std::vector<std::uint8_t>(4 * isa::max_sequence_bytes);
  isa::Code<Concrete> code_{room_.data()};
};

}  // namespace probity::theorems
