// SPDX-License-Identifier: Apache-2.0
// Engines are loaded in the order in which they are reported. A map counts as readable only if
// every engine can read it, so that two engines are always compared on the same maps.
#include "replay/run_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "replay/verdict_name.hpp"
#include "report/json.hpp"
#include "runtime/kernel_bare.hpp"

namespace probity::replay {
namespace {

using runtime::Bytes;
using runtime::FaultKind;
using runtime::MapContents;
using runtime::MapEntry;

/// Lines of disagreement about maps that one packet may produce.
constexpr std::size_t max_map_differences = 8;

bool is_array(program::MapType type) {
  return type == program::MapType::array || type == program::MapType::percpu_array;
}

bool is_zero(const Bytes& bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

std::string shown(const std::optional<Bytes>& bytes) {
  return bytes ? report::hex(*bytes) : "(none)";
}

/// The side of an array entry that was left out is zero.
void fill_absent(MapChange& change) {
  const std::size_t size = change.before ? change.before->size() : change.after->size();
  if (!change.before) change.before = Bytes(size, 0);
  if (!change.after) change.after = Bytes(size, 0);
}

std::string shown(const MapChange& change) {
  return fmt::format("{}[{}] {} -> {}", change.map, report::hex(change.key), shown(change.before),
                     shown(change.after));
}

bool is_bare(program::ProgType type) {
  return type == program::ProgType::unspec;
}

/// The sizes of one record of Engine::read_records(); queues and stacks have no keys.
struct RecordSize {
  explicit RecordSize(const program::MapDef& map)
      : key(map.type == program::MapType::queue || map.type == program::MapType::stack
                ? 0
                : map.key_size),
        all(key + map.value_size) {}
  std::size_t key;
  std::size_t all;
};

MapContents contents_of(const program::MapDef& map, const Bytes& records) {
  const RecordSize size(map);
  MapContents contents{std::string(map.name), {}};
  for (auto at = records.begin(); at != records.end();
       at += static_cast<std::ptrdiff_t>(size.all)) {
    const auto value = at + static_cast<std::ptrdiff_t>(size.key);
    MapEntry entry{Bytes(at, value), Bytes(value, at + static_cast<std::ptrdiff_t>(size.all))};
    if (!is_array(map.type) || !is_zero(entry.value)) contents.entries.push_back(std::move(entry));
  }
  std::ranges::stable_sort(contents.entries, {}, &MapEntry::key);
  return contents;
}

bool same_keys(const RecordSize& size, const Bytes& before, const Bytes& after) {
  if (before.size() != after.size()) return false;
  for (std::size_t at = 0; at < before.size(); at += size.all) {
    if (std::memcmp(before.data() + at, after.data() + at, size.key) != 0) return false;
  }
  return true;
}

/// The bits of the result that every engine knows.
std::uint64_t visible_value(program::ProgType type, const EngineResult& result) {
  const std::uint64_t value = result.output.return_value;
  return is_bare(type) ? value : static_cast<std::uint32_t>(value);
}

std::string outcome_text(program::ProgType type, const EngineResult& result) {
  const runtime::FaultReport& fault = result.output.fault;
  if (fault.kind != FaultKind::none) {
    return fmt::format("{} stops with a fault ({})", result.engine, runtime::name(fault.kind));
  }
  const std::uint64_t value = visible_value(type, result);
  if (is_bare(type)) return fmt::format("{} returns 0x{:x}", result.engine, value);
  return fmt::format("{} returns {}", result.engine,
                     verdict_text(type, static_cast<std::uint32_t>(value)));
}

std::optional<std::string> packet_difference(const EngineResult& a, const EngineResult& b) {
  const Bytes& left = a.output.packet;
  const Bytes& right = b.output.packet;
  if (left.size() != right.size()) {
    return fmt::format("packet length: {} has {}, {} has {}", a.engine, left.size(), b.engine,
                       right.size());
  }
  const auto [at_left, at_right] = std::ranges::mismatch(left, right);
  if (at_left == left.end()) return std::nullopt;
  return fmt::format("packet byte {}: {} has 0x{:02x}, {} has 0x{:02x}", at_left - left.begin(),
                     a.engine, *at_left, b.engine, *at_right);
}

/// Changes of `a` that `b` has not made in the same way.
void append_unmatched(const EngineResult& a, const EngineResult& b,
                      std::vector<std::string>& lines) {
  std::size_t more = 0;
  std::size_t count = 0;
  for (const MapChange& change : a.changes) {
    if (std::ranges::find(b.changes, change) != b.changes.end()) continue;
    if (count++ < max_map_differences) {
      lines.push_back(fmt::format("map change only by {}: {}", a.engine, shown(change)));
    } else {
      ++more;
    }
  }
  if (more != 0) lines.push_back(fmt::format("and {} more map changes only by {}", more, a.engine));
}

}  // namespace

std::vector<MapChange> map_changes(const MapContents& before, const MapContents& after) {
  std::vector<MapChange> changes;
  auto old_entry = before.entries.begin();
  auto new_entry = after.entries.begin();
  while (old_entry != before.entries.end() || new_entry != after.entries.end()) {
    const bool only_old = new_entry == after.entries.end() ||
                          (old_entry != before.entries.end() && old_entry->key < new_entry->key);
    const bool only_new =
        !only_old && (old_entry == before.entries.end() || new_entry->key < old_entry->key);
    if (only_old) {
      changes.push_back({before.map, old_entry->key, old_entry->value, std::nullopt});
      ++old_entry;
    } else if (only_new) {
      changes.push_back({after.map, new_entry->key, std::nullopt, new_entry->value});
      ++new_entry;
    } else {
      if (old_entry->value != new_entry->value) {
        changes.push_back({after.map, new_entry->key, old_entry->value, new_entry->value});
      }
      ++old_entry;
      ++new_entry;
    }
  }
  return changes;
}

std::vector<MapChange> record_changes(const program::MapDef& map, const Bytes& before,
                                      const Bytes& after) {
  if (before == after) return {};
  const RecordSize size(map);
  std::vector<MapChange> changes;
  if (!same_keys(size, before, after)) {
    changes = map_changes(contents_of(map, before), contents_of(map, after));
    if (!is_array(map.type)) return changes;
    for (MapChange& change : changes) fill_absent(change);
    return changes;
  }
  const auto value_of = [&size](const Bytes& records, std::size_t at) {
    return Bytes(records.data() + at + size.key, records.data() + at + size.all);
  };
  for (std::size_t at = 0; at < before.size(); at += size.all) {
    if (std::memcmp(before.data() + at, after.data() + at, size.all) == 0) continue;
    const Bytes key(before.data() + at, before.data() + at + size.key);
    changes.push_back({std::string(map.name), key, value_of(before, at), value_of(after, at)});
  }
  std::ranges::stable_sort(changes, {}, &MapChange::key);
  return changes;
}

std::vector<std::string> result_differences(program::ProgType type, const EngineResult& a,
                                            const EngineResult& b) {
  std::vector<std::string> lines;
  const bool one_faulted =
      (a.output.fault.kind != FaultKind::none) != (b.output.fault.kind != FaultKind::none);
  const bool same_value = visible_value(type, a) == visible_value(type, b);
  if (one_faulted || !same_value) {
    lines.push_back(outcome_text(type, a) + ", " + outcome_text(type, b));
  }
  if (one_faulted) return lines;  // what a stopped program left behind is not a result
  if (const auto packet = packet_difference(a, b)) lines.push_back(*packet);
  append_unmatched(a, b, lines);
  append_unmatched(b, a, lines);
  return lines;
}

Expected<RunSession> RunSession::load(const program::View& program,
                                      std::span<const runtime::EngineKind> kinds,
                                      const runtime::InterpLimits& limits,
                                      runtime::NetworkChoice network) {
  RunSession session(program);
  for (const runtime::EngineKind kind : kinds) {
    if (kind == runtime::EngineKind::kernel) {
      TRY(session.add_kernel(program, network));
      continue;
    }
    TRY(std::unique_ptr<runtime::Engine> engine, runtime::load_engine(kind, program, limits));
    session.engines_.push_back({std::move(engine), {}});
  }
  TRY(session.find_readable_maps());
  return session;
}

Expected<void> RunSession::add_kernel(const program::View& program,
                                      runtime::NetworkChoice network) {
  if (is_bare(program.type)) {
    TRY(std::unique_ptr<runtime::Engine> engine, runtime::load_kernel_bare(program));
    engines_.push_back({std::move(engine), {}});
    return {};
  }
  TRY(std::unique_ptr<runtime::KernelEngine> engine,
      runtime::KernelEngine::load(program, runtime::KernelLimits{}, network));
  notes_ = engine->overrides();
  kernel_ = engine.get();
  engines_.push_back({std::move(engine), {}});
  return {};
}

Expected<void> RunSession::find_readable_maps() {
  for (const program::MapDef& map : program_.maps) {
    bool is_readable = true;
    for (const Loaded& loaded : engines_) {
      const Expected<MapContents> contents = loaded.engine->read_map(map.name);
      if (contents) continue;
      if (contents.error().fault() != Fault::unsupported) {
        return std::unexpected(contents.error());
      }
      is_readable = false;
      notes_.push_back(fmt::format("map {} ({}): its entries are not read ({})", map.name,
                                   program::name(map.type), loaded.engine->engine_name()));
      break;
    }
    if (is_readable) readable_.push_back(&map);
  }
  for (Loaded& loaded : engines_) {
    TRY(loaded.before, read_records(*loaded.engine));
  }
  return {};
}

Expected<void> RunSession::make_interfaces(std::span<const runtime::NamedInterface> wanted) {
  if (kernel_ == nullptr) return {};
  for (const runtime::NamedInterface& each : wanted) TRY(kernel_->make_interface(each));
  return {};
}

Expected<std::vector<Bytes>> RunSession::read_records(runtime::Engine& engine) const {
  std::vector<Bytes> maps;
  for (const program::MapDef* map : readable_) {
    TRY(Bytes records, engine.read_records(map->name));
    maps.push_back(std::move(records));
  }
  return maps;
}

Expected<std::vector<MapContents>> RunSession::read_maps(runtime::Engine& engine) const {
  std::vector<MapContents> maps;
  for (const program::MapDef* map : readable_) {
    TRY(MapContents contents, engine.read_map(map->name));
    if (is_array(map->type)) {  // every entry exists; those that are zero go without saying
      std::erase_if(contents.entries, [](const MapEntry& entry) { return is_zero(entry.value); });
    }
    std::ranges::stable_sort(contents.entries, {}, &MapEntry::key);
    maps.push_back(std::move(contents));
  }
  return maps;
}

Expected<void> RunSession::seed(const MapContents& contents) {
  for (Loaded& loaded : engines_) {
    TRY(loaded.engine->write_map(contents));
    TRY(loaded.before, read_records(*loaded.engine));
  }
  return {};
}

Expected<ItemResult> RunSession::run(const RunItem& item) {
  ItemResult result;
  for (Loaded& loaded : engines_) {
    Expected<runtime::RunOutput> output = loaded.engine->run(item.input);
    if (!output) return std::unexpected(output.error().at(item.source));
    EngineResult run{std::string(loaded.engine->engine_name()), *std::move(output), {}, {}};
    TRY(std::vector<Bytes> after, read_records(*loaded.engine));
    for (std::size_t i = 0; i < after.size(); ++i) {
      std::ranges::move(record_changes(*readable_[i], loaded.before[i], after[i]),
                        std::back_inserter(run.changes));
    }
    loaded.before = std::move(after);
    result.engines.push_back(std::move(run));
  }
  for (std::size_t i = 1; i < result.engines.size(); ++i) {
    std::vector<std::string> lines =
        result_differences(program_.type, result.engines[0], result.engines[i]);
    std::ranges::move(lines, std::back_inserter(result.differences));
  }
  return result;
}

Expected<std::vector<double>> RunSession::time(const RunItem& item, std::uint32_t repeat) {
  runtime::RunInput input = item.input;
  input.repeat = repeat;
  std::vector<double> times;
  for (Loaded& loaded : engines_) {
    const Expected<runtime::RunOutput> output = loaded.engine->run(input);
    if (!output) return std::unexpected(output.error().at(item.source));
    times.push_back(output->nanoseconds_per_run);
  }
  return times;
}

Expected<std::vector<MapContents>> RunSession::maps() {
  return read_maps(*engines_.front().engine);
}

bool RunSession::reads(std::string_view map) const {
  return std::ranges::any_of(readable_, [map](const auto* def) { return def->name == map; });
}

std::vector<std::string> RunSession::engine_names() const {
  std::vector<std::string> names;
  for (const Loaded& loaded : engines_) names.emplace_back(loaded.engine->engine_name());
  return names;
}

}  // namespace probity::replay
