// SPDX-License-Identifier: Apache-2.0
// The reserved helper numbers that the macros of include/probity/spec.h call. They lie far above
// every kernel helper, and the calls stand behind a read-only global that is 0 when the object is
// loaded, so a kernel removes them as dead code.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace probity::program {

enum class SpecCall : std::uint32_t {
  assert_true = 0x5be00001,  ///< (condition)
  assume,                    ///< (condition)
  assert_return,             ///< (value)
  probe,                     ///< (): records that it was reached; only replays insert it
  assert_not_return,         ///< (value)
  assert_constant,           ///< (address, bytes)
  assert_unreachable,        ///< ()
  leads_to_action,           ///< (condition, action)
  if_action_eq,              ///< (action, target, bytes, value)
  if_action_neq,
  if_eq,  ///< (condition, target, bytes, value)
  if_neq,
  end_eq_addr,       ///< (target, address, bytes)
  map_has,           ///< (map, key): an assumption
  map_lacks,         ///< (map, key): an assumption
  ignore_map_state,  ///< (): only a comparison with another program asks
  old,               ///< (address, bytes): r0 becomes the value at entry
  only_modifies,     ///< (address, bytes)
  map_unchanged,     ///< (map)
  map_key_eq,        ///< (map, key, value)
  len_delta,         ///< (bytes)
  leave,             ///< (): the function returns now; what is on its stack is still wanted
};

constexpr std::uint32_t first_spec_call = static_cast<std::uint32_t>(SpecCall::assert_true);
constexpr std::uint32_t last_spec_call = static_cast<std::uint32_t>(SpecCall::leave);

constexpr bool is_spec_call(std::uint32_t helper) {
  return helper >= first_spec_call && helper <= last_spec_call;
}

/// The macro that makes the call, for messages about code without source lines.
constexpr std::string_view name(SpecCall call) {
  constexpr std::array<std::string_view, last_spec_call - first_spec_call + 1> names = {
      "BPF_ASSERT",
      "BPF_ASSUME",
      "BPF_ASSERT_RETURN",
      "a probe",
      "BPF_ASSERT_NOT_RETURN",
      "BPF_ASSERT_CONSTANT",
      "BPF_ASSERT_UNREACHABLE",
      "BPF_ASSERT_LEADS_TO_ACTION",
      "BPF_ASSERT_IF_ACTION_THEN_EQ",
      "BPF_ASSERT_IF_ACTION_THEN_NEQ",
      "BPF_ASSERT_IF_THEN_EQ",
      "BPF_ASSERT_IF_THEN_NEQ",
      "BPF_ASSERT_END_EQ_ADDR",
      "BPF_MAP_KEY_EXISTS",
      "BPF_MAP_KEY_NOT_EXISTS",
      "BPF_IGNORE_MAP_STATE",
      "BPF_OLD",
      "BPF_ASSERT_ONLY_MODIFIES",
      "BPF_ASSERT_MAP_UNCHANGED",
      "BPF_ASSERT_MAP_KEY_EQ",
      "BPF_ASSERT_LEN_DELTA",
      "BPF_RETURN",
  };
  return names[static_cast<std::uint32_t>(call) - first_spec_call];
}

/// Inputs that break it are not considered.
constexpr bool is_assumption(SpecCall call) {
  return call == SpecCall::assume || call == SpecCall::map_has || call == SpecCall::map_lacks;
}

/// Says nothing that could be wrong.
constexpr bool is_silent(SpecCall call) {
  return call == SpecCall::probe || call == SpecCall::ignore_map_state || call == SpecCall::leave;
}

/// The global behind which the calls stand, and what it holds while they are looked at.
constexpr std::string_view specs_section = ".rodata.bpfspec";
constexpr std::size_t max_specs_bytes = 256;  ///< an int for each of the files linked together
constexpr std::array<std::uint8_t, max_specs_bytes> specs_on = [] {
  std::array<std::uint8_t, max_specs_bytes> ints{};
  for (std::size_t i = 0; i < ints.size(); i += 4) ints[i] = 1;
  return ints;
}();

}  // namespace probity::program
