// SPDX-License-Identifier: Apache-2.0
// HelperCall: one call of a helper as its model sees it: arguments with their checks, and the
// result. A check that fails has raised a fault, and the model returns HelperFlow::fault. The
// models, one group per file helper_<group>.cpp, are registered in helper_model.cpp.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "runtime/session.hpp"

namespace probity::runtime {

/// Larger than any size the verifier lets through.
constexpr std::uint64_t max_argument_bytes = 1u << 29;

struct HelperCall {
  Session& session;
  Machine& machine;
  std::uint32_t helper;

  /// Argument `index`, 1 to 5.
  std::uint64_t arg(unsigned index) const { return machine.regs[index]; }
  std::uint32_t arg32(unsigned index) const {
    return static_cast<std::uint32_t>(machine.regs[index]);
  }

  HelperFlow returns(std::int64_t value) {
    machine.regs[0] = static_cast<std::uint64_t>(value);
    return HelperFlow::next;
  }
  HelperFlow refuse(FaultKind kind, std::uint64_t value, std::string text);

  /// `size` bytes at argument `index`, or null after a fault. Never null otherwise, even for size
  /// 0.
  std::uint8_t* memory(unsigned index, std::uint64_t size, Access access);
  /// The map in argument `index`, or null after a fault.
  Map* map(unsigned index);
  /// A map that programs may access, or null after a fault.
  Map* usable_map(unsigned index);
  /// False after a fault: argument `index` is not the ctx.
  bool require_ctx(unsigned index);
  /// The helper's name from the table.
  std::string_view name() const;
  /// Records an output of this helper.
  void record(std::vector<std::uint64_t> values, Bytes data) {
    session.record(name(), std::move(values), std::move(data));
  }
};

struct HelperModel {
  std::uint32_t id;
  std::uint8_t types;  ///< ctx_types bits of the programs that may call it
  HelperFlow (*run)(HelperCall& call);
};

constexpr std::uint8_t any_type = ctx_types::xdp | ctx_types::skb;

// One table per file.
std::span<const HelperModel> map_helpers();
std::span<const HelperModel> packet_helpers();
std::span<const HelperModel> checksum_helpers();
std::span<const HelperModel> output_helpers();
std::span<const HelperModel> system_helpers();
std::span<const HelperModel> loop_helpers();

/// The model of a helper for programs of `type`, or null.
const HelperModel* find_helper_model(std::uint32_t id, program::ProgType type);

/// True for the helpers that run functions of the program.
bool calls_back(std::uint32_t id);

}  // namespace probity::runtime
