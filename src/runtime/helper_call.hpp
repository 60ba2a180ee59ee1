// SPDX-License-Identifier: Apache-2.0
// HelperCall: one call of a helper as its model sees it: arguments with their checks, and the
// result. A check that fails has raised a fault, and the model returns HelperFlow::fault. The
// models, one group per file helper_<group>.cpp, are registered in helper_model.cpp.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <span>

#include "runtime/session.hpp"

namespace probity::runtime {

/// Larger than any size the verifier lets through.
constexpr std::uint64_t max_argument_bytes = 1u << 29;

struct HelperCall {
  Session& session;
  Machine& machine;
  std::uint32_t helper;
  std::optional<std::uint64_t> given = std::nullopt;  ///< the answer that the run is to get

  /// Argument `index`, 1 to 5.
  std::uint64_t arg(unsigned index) const { return machine.regs[index]; }
  std::uint32_t arg32(unsigned index) const {
    return static_cast<std::uint32_t>(machine.regs[index]);
  }

  HelperFlow returns(std::int64_t value) {
    machine.regs[0] = given.value_or(static_cast<std::uint64_t>(value));
    return HelperFlow::next;
  }
  HelperFlow refuse(FaultKind kind, std::uint64_t value, std::string text);
  /// The limit on the memory of all maps is reached.
  HelperFlow refuse_map_memory(const Map& map);

  /// `size` bytes at argument `index`, or null after a fault. Never null otherwise, even for size
  /// 0.
  std::uint8_t* memory(unsigned index, std::uint64_t size, Access access);
  /// The map in argument `index`, or null after a fault.
  Map* map(unsigned index);
  /// A map of a type that bpf_map_lookup_elem takes, or null after a fault.
  Map* map_to_look_up(unsigned index);
  /// A map of a type that bpf_map_update_elem and bpf_map_delete_elem take, or null after a fault.
  Map* map_to_update(unsigned index);
  /// A map of a type that `takes` accepts, or null after a fault.
  Map* map_taken_by(unsigned index, bool (*takes)(program::MapType));
  /// False after a fault: argument `index` is not the ctx.
  bool require_ctx(unsigned index);
  /// Returns what a helper that may have moved the packet answers: after success old packet
  /// pointers fault.
  HelperFlow returns_moved(std::int64_t result);
  /// Answers from the surroundings of a run, recorded.
  HelperFlow returns_input(std::uint64_t value) {
    record({given.value_or(value)}, {});
    return returns(static_cast<std::int64_t>(value));
  }
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

constexpr std::uint8_t any_type = ctx_types::xdp | ctx_types::skb | ctx_types::flow;

// One table per file.
std::span<const HelperModel> map_helpers();
std::span<const HelperModel> packet_helpers();
std::span<const HelperModel> skb_helpers();
std::span<const HelperModel> tunnel_helpers();
std::span<const HelperModel> redirect_helpers();
std::span<const HelperModel> socket_helpers();
std::span<const HelperModel> record_helpers();
std::span<const HelperModel> dynptr_helpers();
std::span<const HelperModel> timer_helpers();
std::span<const HelperModel> text_helpers();
std::span<const HelperModel> checksum_helpers();
std::span<const HelperModel> output_helpers();
std::span<const HelperModel> system_helpers();
std::span<const HelperModel> loop_helpers();
/// All of them.
std::span<const std::span<const HelperModel>> helper_models();

/// The model of a helper for programs of `type`, or null.
const HelperModel* find_helper_model(std::uint32_t id, program::ProgType type);

/// True for the helpers that run functions of the program.
bool calls_back(std::uint32_t id);

}  // namespace probity::runtime
