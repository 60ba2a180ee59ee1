// SPDX-License-Identifier: Apache-2.0
// A map that only one program has is compared with what it held before: the other leaves it alone.
#include "equiv/seen.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "runtime/furnished.hpp"

namespace probity::equiv {
namespace {

using program::MapType;
using runtime::Bytes;
using runtime::MapContents;
using runtime::MapEntry;

/// Entries of one map that are listed when they differ.
constexpr std::size_t max_shown_entries = 4;

bool is_array(MapType type) {
  return type == MapType::array || type == MapType::percpu_array;
}

bool is_zero(const Bytes& bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

void normalise(MapContents& contents, bool zero_goes_without_saying) {
  if (zero_goes_without_saying) {
    std::erase_if(contents.entries, [](const MapEntry& entry) { return is_zero(entry.value); });
  }
  std::ranges::sort(contents.entries, {}, &MapEntry::key);
}

bool faulted(const Seen& seen) {
  return seen.output.fault.kind != runtime::FaultKind::none;
}

const MapContents* find(std::span<const MapContents> maps, std::string_view name) {
  const auto found = std::ranges::find(maps, name, &MapContents::map);
  return found == maps.end() ? nullptr : &*found;
}

bool is_ignored(const Ignored& ignored, std::uint64_t offset) {
  return std::ranges::any_of(ignored.packet_ranges, [offset](const symex::PacketRange& range) {
    return offset >= range.offset && offset - range.offset < range.size_bytes;
  });
}

void compare_packets(const Bytes& a, const Bytes& b, const Ignored& ignored,
                     std::vector<std::string>& lines) {
  if (a.size() != b.size()) {
    lines.push_back(fmt::format("packet length: {} and {} bytes", a.size(), b.size()));
  }
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i] == b[i] || is_ignored(ignored, i)) continue;
    lines.push_back(fmt::format("packet byte {}: {:#04x} and {:#04x}", i, a[i], b[i]));
    return;
  }
}

std::string value_text(const MapContents& contents, const Bytes& key) {
  for (const MapEntry& entry : contents.entries) {
    if (entry.key == key) return hex(entry.value);
  }
  return "no entry";
}

/// Both are sorted by key, and maps may have a million entries.
void compare_map(const MapContents& a, const MapContents& b, std::vector<std::string>& lines) {
  std::set<Bytes> keys;
  const auto add_missing = [&keys](const MapContents& from, const MapContents& in) {
    for (const MapEntry& entry : from.entries) {
      const auto at = std::ranges::lower_bound(in.entries, entry.key, {}, &MapEntry::key);
      if (at == in.entries.end() || !(*at == entry)) keys.insert(entry.key);
    }
  };
  add_missing(a, b);
  add_missing(b, a);
  std::size_t shown = 0;
  for (const Bytes& key : keys) {
    if (++shown > max_shown_entries) {
      lines.push_back(
          fmt::format("map {}: {} more entries differ", a.map, keys.size() - max_shown_entries));
      return;
    }
    lines.push_back(fmt::format("map {}[{}]: {} and {}", a.map, hex(key), value_text(a, key),
                                value_text(b, key)));
  }
}

void compare_maps(const Seen& a, const Seen& b, const Ignored& ignored,
                  std::span<const MapContents> before, std::vector<std::string>& lines) {
  std::set<std::string_view> names;
  for (const MapContents& contents : a.maps) names.insert(contents.map);
  for (const MapContents& contents : b.maps) names.insert(contents.map);
  for (const std::string_view name : names) {
    if (ignored.ignores_map(name)) continue;
    const MapContents nothing{std::string(name), {}};
    const auto contents = [&](const Seen& side) {
      const MapContents* found = find(side.maps, name);
      if (found == nullptr) found = find(before, name);
      return found == nullptr ? nothing : *found;
    };
    MapContents left = contents(a);
    MapContents right = contents(b);
    // A side taken from before the run lists zeros that an array's contents leave out.
    const bool both = find(a.maps, name) != nullptr && find(b.maps, name) != nullptr;
    normalise(left, !both);
    normalise(right, !both);
    compare_map(left, right, lines);
  }
}

std::vector<runtime::OutputEvent> outputs(const Seen& seen) {
  std::vector<runtime::OutputEvent> events;
  for (const runtime::OutputEvent& event : seen.output.events) {
    if (is_output(event.helper)) events.push_back(event);
  }
  return events;
}

std::string event_text(std::span<const runtime::OutputEvent> events, std::size_t i) {
  if (i >= events.size()) return "nothing";
  std::string text = events[i].helper;
  for (const std::uint64_t value : events[i].values) text += fmt::format(" {:#x}", value);
  if (!events[i].data.empty()) text += " " + hex(events[i].data);
  return text;
}

void compare_traces(const Seen& a, const Seen& b, std::vector<std::string>& lines) {
  const auto left = outputs(a);
  const auto right = outputs(b);
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    if (i < left.size() && i < right.size() && left[i] == right[i]) continue;
    lines.push_back(
        fmt::format("output {}: {} and {}", i, event_text(left, i), event_text(right, i)));
    return;
  }
}

void compare_ctx(const Seen& a, const Seen& b, std::vector<std::string>& lines) {
  for (std::size_t i = 0; i < std::min(a.output.ctx.size(), b.output.ctx.size()); ++i) {
    if (a.output.ctx[i] == b.output.ctx[i]) continue;
    lines.push_back(fmt::format("ctx->{}: {:#x} and {:#x}", a.output.ctx[i].name,
                                a.output.ctx[i].value, b.output.ctx[i].value));
  }
}

/// The maps of the program whose contents an engine shows.
Expected<std::vector<MapContents>> read_maps(runtime::Engine& engine,
                                             const program::View& program) {
  std::vector<MapContents> maps;
  for (const program::MapDef& map : program.maps) {
    if (map.read_only || runtime::holds_maps(map.type)) continue;  // no program changes them
    auto contents = engine.read_map(map.name);
    if (!contents && contents.error().fault() == Fault::unsupported) continue;
    if (!contents) return std::unexpected(contents.error());
    normalise(*contents, is_array(map.type));
    maps.push_back(*std::move(contents));
  }
  return maps;
}

}  // namespace

bool Ignored::ignores_map(std::string_view name) const {
  return every_map || (globals && name.starts_with('.')) ||
         std::ranges::find(maps, name) != maps.end();
}

bool is_output(std::string_view helper) {
  constexpr std::array<std::string_view, 15> names = {
      "redirect",       "redirect_map",          "redirect_neigh",    "redirect_peer",
      "clone_redirect", "perf_event_output",     "skb_output",        "xdp_output",
      "ringbuf_output", "ringbuf_submit",        "trace_printk",      "trace_vprintk",
      "tail_call",      "ringbuf_submit_dynptr", "skb_set_tunnel_key"};
  constexpr std::string_view prefix = "bpf_";
  if (helper.starts_with(prefix)) helper.remove_prefix(prefix.size());
  return std::ranges::find(names, helper) != names.end();
}

Expected<Seen> observe(const program::View& program, runtime::EngineKind kind,
                       const symex::Witness& witness) {
  TRY(const runtime::Furnished furnished, runtime::furnish(program, witness.maps));
  const runtime::StubbedProgram stubbed(furnished.view, witness.stubs);
  TRY(const auto engine, kind == runtime::EngineKind::kernel
                             ? runtime::load_kernel(stubbed.view())
                             : runtime::load_engine(kind, stubbed.view(), {}));
  TRY(runtime::write_maps(*engine, furnished));
  Seen seen;
  TRY(seen.output, engine->run(witness.input));
  TRY(seen.maps, read_maps(*engine, furnished.view));
  return seen;
}

std::string text_of(const Seen& seen) {
  if (faulted(seen)) {
    return fmt::format("fault at slot {}: {}", seen.output.fault.slot, seen.output.fault.text);
  }
  return fmt::format("returns {}, {} bytes out",
                     static_cast<std::uint32_t>(seen.output.return_value),
                     seen.output.packet.size());
}

std::vector<std::string> differences(const Seen& a, const Seen& b, const Ignored& ignored,
                                     std::span<const MapContents> before) {
  std::vector<std::string> lines;
  if (faulted(a) || faulted(b)) {
    // What a stopped program left behind is not a result.
    if (faulted(a) != faulted(b))
      lines.push_back(fmt::format("only one of them stops: {} and {}", text_of(a), text_of(b)));
    return lines;
  }
  const auto left = static_cast<std::uint32_t>(a.output.return_value);
  const auto right = static_cast<std::uint32_t>(b.output.return_value);
  if (!ignored.return_value && left != right) {
    lines.push_back(fmt::format("return value: {} and {}", left, right));
  }
  if (!ignored.packet) compare_packets(a.output.packet, b.output.packet, ignored, lines);
  if (!ignored.ctx) compare_ctx(a, b, lines);
  compare_maps(a, b, ignored, before, lines);
  if (!ignored.trace) compare_traces(a, b, lines);
  return lines;
}

}  // namespace probity::equiv
