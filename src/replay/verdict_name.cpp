// SPDX-License-Identifier: Apache-2.0
// Tables of the kernel's own names.
#include "replay/verdict_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace probity::replay {
namespace {

using program::ProgType;

struct Verdict {
  std::int32_t value;
  std::string_view name;
};

constexpr std::array xdp_actions = {
    Verdict{0, "XDP_ABORTED"}, Verdict{1, "XDP_DROP"},     Verdict{2, "XDP_PASS"},
    Verdict{3, "XDP_TX"},      Verdict{4, "XDP_REDIRECT"},
};
constexpr std::array tc_actions = {
    Verdict{-1, "TC_ACT_UNSPEC"}, Verdict{0, "TC_ACT_OK"},     Verdict{1, "TC_ACT_RECLASSIFY"},
    Verdict{2, "TC_ACT_SHOT"},    Verdict{3, "TC_ACT_PIPE"},   Verdict{4, "TC_ACT_STOLEN"},
    Verdict{5, "TC_ACT_QUEUED"},  Verdict{6, "TC_ACT_REPEAT"}, Verdict{7, "TC_ACT_REDIRECT"},
    Verdict{8, "TC_ACT_TRAP"},
};
constexpr std::array lwt_actions = {
    Verdict{0, "BPF_OK"},
    Verdict{2, "BPF_DROP"},
    Verdict{7, "BPF_REDIRECT"},
    Verdict{128, "BPF_LWT_REROUTE"},
};

std::span<const Verdict> verdicts(ProgType type) {
  if (type == ProgType::xdp) return xdp_actions;
  if (type == ProgType::sched_cls || type == ProgType::sched_act) return tc_actions;
  if (type == ProgType::lwt_in || type == ProgType::lwt_out || type == ProgType::lwt_xmit) {
    return lwt_actions;
  }
  return {};
}

}  // namespace

std::string_view verdict_name(program::ProgType type, std::uint32_t return_value) {
  const std::span<const Verdict> table = verdicts(type);
  const auto row =
      std::ranges::find(table, static_cast<std::int32_t>(return_value), &Verdict::value);
  return row == table.end() ? std::string_view{} : row->name;
}

std::string verdict_text(program::ProgType type, std::uint32_t return_value) {
  const std::string_view known = verdict_name(type, return_value);
  if (known.empty()) return fmt::format("{}", return_value);
  return fmt::format("{} ({})", known, static_cast<std::int32_t>(return_value));
}

}  // namespace probity::replay
