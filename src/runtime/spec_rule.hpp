// SPDX-License-Identifier: Apache-2.0
// What the statements of include/probity/spec.h demand, over a value domain: the symbolic executor
// and the engines that replay its counterexamples take the same text. Who finds the bytes, and
// which inputs are tried, is the engine's part. docs/specs.md says the same in words.
#pragma once

#include <cstdint>
#include <span>

#include "domain/bv.hpp"
#include "program/spec_call.hpp"

namespace probity::runtime {

template <Domain D>
constexpr Bool<D> spec_true() {
  return Bool<D>::lit(1);
}

/// Does a deferred statement say anything of a run that ends with `verdict`? `condition` was
/// evaluated where the statement stands; `number` is its action.
template <Domain D>
constexpr Bool<D> spec_applies(program::SpecCall call, Bool<D> condition, Bv<D, 64> number,
                               Bv<D, 32> verdict) {
  using program::SpecCall;
  const bool by_action = call == SpecCall::if_action_eq || call == SpecCall::if_action_neq;
  return by_action ? verdict == trunc<32>(number) : condition;
}

/// BPF_ASSERT_RETURN, _NOT_RETURN, _LEADS_TO_ACTION: of the return value. True for all others.
template <Domain D>
constexpr Bool<D> spec_verdict_right(program::SpecCall call, Bv<D, 64> number, Bv<D, 32> verdict) {
  using program::SpecCall;
  const Bool<D> equal = verdict == trunc<32>(number);
  if (call == SpecCall::assert_return || call == SpecCall::leads_to_action) return equal;
  if (call == SpecCall::assert_not_return) return ~equal;
  return spec_true<D>();
}

template <Domain D>
constexpr Bool<D> same_bytes(std::span<const Bv<D, 8>> a, std::span<const Bv<D, 8>> b) {
  Bool<D> same = spec_true<D>();
  for (std::size_t i = 0; i < a.size(); ++i) same = same & (a[i] == b[i]);
  return same;
}

/// The statements that compare memory at exit with what they demanded.
template <Domain D>
constexpr Bool<D> spec_bytes_right(program::SpecCall call, std::span<const Bv<D, 8>> demanded,
                                   std::span<const Bv<D, 8>> found) {
  using program::SpecCall;
  const Bool<D> same = same_bytes(demanded, found);
  return call == SpecCall::if_neq || call == SpecCall::if_action_neq ? ~same : same;
}

/// Is first..first+size inside low..high? All are offsets from one place; size, low and high are
/// far below 2^62.
template <Domain D>
constexpr Bool<D> spec_inside(Bv<D, 64> first, Bv<D, 64> size, Bv<D, 64> low, Bv<D, 64> high) {
  return sle(low, first) & sle(first, high) & sle(first + size, high);
}

/// BPF_ASSERT_LEN_DELTA: bytes of packet before and after.
template <Domain D>
constexpr Bool<D> spec_length_right(Bv<D, 64> delta, Bv<D, 64> before, Bv<D, 64> after) {
  return after == before + delta;
}

/// A part of an object that may change.
template <Domain D>
struct SpecRange {
  Bv<D, 64> first;
  Bv<D, 64> size;
};

/// BPF_ASSERT_ONLY_MODIFIES: of the byte at `at`, which existed before and exists after.
template <Domain D>
constexpr Bool<D> spec_byte_right(Bv<D, 64> at, std::span<const SpecRange<D>> may_change,
                                  Bv<D, 8> before, Bv<D, 8> after) {
  Bool<D> right = before == after;
  for (const SpecRange<D>& range : may_change) {
    right = right | (sle(range.first, at) & slt(at, range.first + range.size));
  }
  return right;
}

/// BPF_ASSERT_MAP_UNCHANGED: of one key.
template <Domain D>
constexpr Bool<D> spec_entry_unchanged(Bool<D> was_there, Bool<D> is_there, Bool<D> same_value) {
  return (was_there == is_there) & (~is_there | same_value);
}

/// BPF_ASSERT_MAP_KEY_EQ.
template <Domain D>
constexpr Bool<D> spec_entry_right(Bool<D> is_there, Bool<D> same_value) {
  return is_there & same_value;
}

}  // namespace probity::runtime
