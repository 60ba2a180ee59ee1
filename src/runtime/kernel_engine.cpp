// SPDX-License-Identifier: Apache-2.0
// BPF_PROG_TEST_RUN: what it takes is in kernel_test_run.hpp and kernel_ctx.hpp; it gives 32 bits
// of result and the packet, of a flow dissector the keys instead. Source: net/bpf/test_run.c of
// Linux 6.18.
#include "runtime/kernel_engine.hpp"

#include <errno.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/bytes.hpp"
#include "runtime/furnished.hpp"
#include "runtime/kernel_ctx.hpp"
#include "runtime/kernel_load.hpp"
#include "runtime/kernel_test_run.hpp"

namespace probity::runtime {

namespace {

using program::MapType;
using program::ProgType;

constexpr std::size_t min_packet_bytes = 14;  // ETH_HLEN
/// A program may grow its packet by head and tail room.
constexpr std::size_t output_slack_bytes = 4096;
constexpr std::uint32_t attach_xdp_devmap = 35;  // BPF_XDP_DEVMAP
constexpr std::uint32_t attach_xdp_cpumap = 36;  // BPF_XDP_CPUMAP

Expected<void> require_runnable(const program::View& program, const RunInput& input) {
  if (input.raw_memory) {
    return error(Fault::unsupported,
                 "the kernel has no program type that takes bare memory; wrap_for_kernel() makes "
                 "an XDP one");
  }
  if (!input.answers.empty()) {
    return error(Fault::unsupported, fmt::format("the kernel's {} cannot be told what to answer",
                                                 input.answers.front().helper));
  }
  if (!input.routes.empty()) {
    return error(Fault::unsupported, "routes cannot be given to the kernel");
  }
  const bool is_xdp = test_run_kind(program.type) == TestRunKind::xdp;
  const std::uint32_t attach = program.expected_attach_type;
  if (is_xdp && (attach == attach_xdp_devmap || attach == attach_xdp_cpumap)) {
    return error(Fault::unsupported,
                 fmt::format("{}: the kernel does not test-run XDP programs for device or CPU maps "
                             "(expected attach type {})",
                             program.name, attach));
  }
  const std::size_t metadata_bytes =
      std::min<std::size_t>(input.packet.size(), input.metadata_size);
  const std::string refusal =
      test_run_refusal(program.type, std::span(input.packet).subspan(metadata_bytes));
  if (!refusal.empty()) return error(Fault::bad_input, refusal);
  return {};
}

/// Maps whose values are file descriptors of the kernel's: no number of ours means anything there.
bool holds_descriptors(MapType type) {
  constexpr MapType types[] = {
      MapType::prog_array, MapType::perf_event_array,    MapType::cgroup_array, MapType::sockmap,
      MapType::sockhash,   MapType::reuseport_sockarray, MapType::xskmap};
  return std::ranges::find(types, type) != std::end(types);
}

}  // namespace

Expected<std::unique_ptr<KernelEngine>> KernelEngine::load(const program::View& program,
                                                           const KernelLimits& limits,
                                                           NetworkChoice choice) {
  if (possible_cpu_count() == 0) {  // per-CPU values would have no known size
    return error(Fault::unsupported, "kernel: /sys/devices/system/cpu/possible cannot be read");
  }
  TRY(NetworkSandbox network,
      choice == NetworkChoice::fresh ? NetworkSandbox::create() : NetworkSandbox::host());
  std::unique_ptr<KernelEngine> engine(new KernelEngine(program, limits, std::move(network)));
  TRY(engine->create_maps_and_load());
  return engine;
}

Expected<void> KernelEngine::create_maps_and_load() {
  TRY(std::vector<std::size_t> used, referenced_maps(program_));
  for (const program::TailTarget& target : program_.tail_targets) {
    TRY(const std::vector<std::size_t> more, referenced_maps(*target.program));
    used.insert(used.end(), more.begin(), more.end());
  }
  TRY([[maybe_unused]] const NetworkSandbox::Inside inside, network_.enter());
  for (const program::InnerMap& element : program_.inner_maps) used.push_back(element.map);
  std::vector<int> fds(program_.maps.size(), -1);
  for (const std::size_t index : used) {
    TRY(const KernelMap* map, require_created(index));
    fds[index] = map->fd.get();
  }
  TRY(fill_maps_of_maps());
  TRY(prog_, load_into_kernel(program_, slots_for_kernel(program_, fds)));
  return fill_prog_arrays(fds);
}

Expected<void> KernelEngine::fill_maps_of_maps() {
  for (const program::InnerMap& element : program_.inner_maps) {
    TRY(const KernelMap* inner, require_created(element.inner));
    TRY(put_descriptor(*maps_[element.map], element.index, inner->fd));
  }
  return {};
}

Expected<void> KernelEngine::put_descriptor(const KernelMap& map, std::uint32_t index,
                                            const Fd& fd) {
  MapEntry entry{Bytes(4), Bytes(4)};
  store_le(entry.key.data(), index);
  store_le(entry.value.data(), static_cast<std::uint32_t>(fd.get()));
  return write_kernel_map(map, {&entry, 1});
}

Expected<void> KernelEngine::fill_prog_arrays(std::span<const int> map_fds) {
  for (const program::TailTarget& target : program_.tail_targets) {
    if (map_fds[target.map] < 0) continue;  // nothing calls through this array
    const program::View& program = *target.program;
    TRY(Fd loaded, load_into_kernel(program, slots_for_kernel(program, map_fds)));
    TRY(put_descriptor(*maps_[target.map], target.index, loaded));
    tail_programs_.push_back(std::move(loaded));
  }
  return {};
}

Expected<KernelMap*> KernelEngine::require_created(std::size_t index) {
  if (!maps_[index]) {
    TRY(KernelMap map, create_kernel_map(program_.maps, index, limits_));
    maps_[index] = std::move(map);
  }
  return &*maps_[index];
}

Expected<KernelMap*> KernelEngine::find_map(std::string_view name) {
  for (std::size_t i = 0; i < program_.maps.size(); ++i) {
    if (program_.maps[i].name == name) return require_created(i);
  }
  return error(Fault::bad_input,
               fmt::format("map '{}': the program has no map of that name", name));
}

Expected<RunOutput> KernelEngine::run(const RunInput& input) {
  TRY(require_runnable(program_, input));
  TRY(const KernelContext context, kernel_context(program_.type, input));
  TRY(network_.ensure_interface(context.ifindex, context.rx_queue_index + 1));
  Bytes data_out(input.packet.size() + output_slack_bytes);
  bpf_attr attr{};
  attr.test.prog_fd = static_cast<std::uint32_t>(prog_.get());
  attr.test.data_in = attr_pointer(input.packet.data());
  attr.test.data_size_in = static_cast<std::uint32_t>(input.packet.size());
  attr.test.data_out = attr_pointer(data_out.data());
  attr.test.data_size_out = static_cast<std::uint32_t>(data_out.size());
  attr.test.repeat = input.repeat == 0 ? 1 : input.repeat;
  if (!context.bytes.empty()) {
    attr.test.ctx_in = attr_pointer(context.bytes.data());
    attr.test.ctx_size_in = static_cast<std::uint32_t>(context.bytes.size());
  }
  TRY([[maybe_unused]] const NetworkSandbox::Inside inside, network_.enter());
  TRY([[maybe_unused]] const PinnedToCpu0 pinned, PinnedToCpu0::pin());
  const int result = bpf_call(BPF_PROG_TEST_RUN, attr);
  if (result < 0) {
    return error(Fault::system, fmt::format("{}: BPF_PROG_TEST_RUN of {} bytes: {}", program_.name,
                                            input.packet.size(), errno_text(-result)));
  }
  RunOutput output;
  output.return_value = attr.test.retval;
  data_out.resize(std::min<std::size_t>(data_out.size(), attr.test.data_size_out));
  output.packet = std::move(data_out);
  output.nanoseconds_per_run = attr.test.duration;
  return output;
}

Expected<MapContents> KernelEngine::read_map(std::string_view name) {
  TRY([[maybe_unused]] const NetworkSandbox::Inside inside, network_.enter());
  TRY(const KernelMap* map, find_map(name));
  return read_kernel_map(*map);
}

Expected<void> KernelEngine::make_devices_of(const KernelMap& map, const MapContents& contents) {
  if (map.def.type != MapType::devmap && map.def.type != MapType::devmap_hash) return {};
  for (const MapEntry& entry : contents.entries) {
    if (entry.value.size() < sizeof(std::uint32_t)) continue;  // refused when it is written
    TRY(network_.ensure_interface(load_le<std::uint32_t>(entry.value.data()), 1));
  }
  return {};
}

Expected<void> KernelEngine::write_map(const MapContents& contents) {
  TRY([[maybe_unused]] const NetworkSandbox::Inside inside, network_.enter());
  TRY(const KernelMap* map, find_map(contents.map));
  if (holds_descriptors(map->def.type)) {
    return error(Fault::unsupported,
                 fmt::format("map {}: entries of a {} are file descriptors and cannot be given",
                             map->def.name, program::name(map->def.type)));
  }
  TRY(make_devices_of(*map, contents));
  if (holds_maps(map->def.type)) return write_map_of_maps(*map, contents.entries);
  return write_kernel_map(*map, contents.entries);
}

/// Values are numbers of the program's maps; the kernel wants descriptors.
Expected<void> KernelEngine::write_map_of_maps(const KernelMap& map,
                                               std::span<const MapEntry> entries) {
  std::vector<MapEntry> described(entries.begin(), entries.end());
  for (MapEntry& entry : described) {
    if (entry.value.size() != sizeof(std::uint32_t)) continue;  // refused when it is written
    const auto number = load_le<std::uint32_t>(entry.value.data());
    if (number >= program_.maps.size()) {
      return error(Fault::bad_input,
                   fmt::format("map {}: value {} is not the number of a map (0..{})", map.def.name,
                               number, program_.maps.size() - 1));
    }
    TRY(const KernelMap* inner, require_created(number));
    store_le(entry.value.data(), static_cast<std::uint32_t>(inner->fd.get()));
  }
  return write_kernel_map(map, described);
}

Expected<void> KernelEngine::make_interface(const NamedInterface& wanted) {
  return network_.make_interface(wanted);
}

std::vector<std::string> KernelEngine::overrides() const {
  std::vector<std::string> lines;
  for (const std::optional<KernelMap>& map : maps_) {
    if (map) lines.insert(lines.end(), map->overrides.begin(), map->overrides.end());
  }
  return lines;
}

Expected<std::unique_ptr<Engine>> load_kernel(const program::View& program) {
  return KernelEngine::load(program, KernelLimits{}, NetworkChoice::fresh);
}

std::string kernel_unavailable_reason() {
  constexpr bpf::Slot two_insns[] = {{0xb7, 0, 0, 2}, {0x95, 0, 0, 0}};  // r0 = 2; exit
  program::View program;
  program.name = "probe";
  program.type = ProgType::xdp;
  program.license = "GPL";
  program.slots = two_insns;
  const Expected<std::unique_ptr<KernelEngine>> engine =
      KernelEngine::load(program, KernelLimits{}, NetworkChoice::fresh);
  if (!engine) return std::string(engine.error().line());
  RunInput input;
  input.packet.resize(min_packet_bytes);
  const Expected<RunOutput> output = (*engine)->run(input);
  if (!output) return std::string(output.error().line());
  return output->return_value == 2 ? "" : "BPF_PROG_TEST_RUN returned a wrong value";
}

}  // namespace probity::runtime
