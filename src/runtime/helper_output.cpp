// SPDX-License-Identifier: Apache-2.0
// perf_event_output (net/core/filter.c, kernel/trace/bpf_trace.c): what is handed out is recorded,
// and there is no reader.
#include <algorithm>
#include <array>

#include "base/bytes.hpp"
#include "domain/concrete.hpp"
#include "runtime/helper_call.hpp"
#include "runtime/output_rule.hpp"

namespace probity::runtime {
namespace {

using B64 = Bv<Concrete, 64>;

/// bpf_xdp_event_output, bpf_skb_event_output: without a reader the slot is empty and the kernel
/// says -ENOENT.
HelperFlow perf_event_output(HelperCall& call) {
  Map* map = call.map(2);
  if (map == nullptr || !call.require_ctx(1)) return HelperFlow::fault;
  const std::uint64_t size = call.arg(5);
  const std::uint8_t* data = call.memory(4, size, Access::read);
  if (data == nullptr) return HelperFlow::fault;
  const std::uint64_t flags = call.arg(3);
  const PacketBuffer& packet = call.session.packet();
  const auto refusal = event_refusal(B64::lit(flags), B64::lit(packet.length()));
  if (refusal.raw() != 0) return call.returns(static_cast<std::int64_t>(refusal.raw()));
  const auto packet_bytes = static_cast<std::size_t>(event_packet_bytes(B64::lit(flags)).raw());
  const auto current_cpu = static_cast<std::uint32_t>(event_flags::index_mask);
  const auto wanted = static_cast<std::uint32_t>(flags & event_flags::index_mask);
  const std::uint32_t cpu = call.session.surroundings().cpu;
  const std::uint32_t index = wanted == current_cpu ? cpu : wanted;
  const std::uint32_t entries = map->definition().max_entries;
  Bytes record(size + packet_bytes);
  std::copy_n(data, size, record.begin());
  if (!packet.read(0, std::span(record).subspan(size))) return call.returns(errno_of::fault);
  call.record({flags}, std::move(record));
  if (entries != 0 && index >= entries) return call.returns(errno_of::too_big);
  std::array<std::uint8_t, 4> key{};
  store_le(key.data(), index);
  return call.returns(map->lookup(key) == nullptr ? errno_of::noent : 0);
}

constexpr std::array<HelperModel, 1> models = {{
    {25, any_type, perf_event_output},
}};

}  // namespace

std::span<const HelperModel> output_helpers() {
  return models;
}

}  // namespace probity::runtime
