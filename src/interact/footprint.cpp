// SPDX-License-Identifier: Apache-2.0
// Rebuilding goes bottom up: the leaves that a program does not share with others are put into the
// memo of Store::import under their new names before anything that mentions them is imported.
#include "interact/footprint.hpp"

#include <algorithm>
#include <ranges>

#include <fmt/format.h>

#include "base/check.hpp"
#include "interact/touch.hpp"
#include "runtime/ctx.hpp"

namespace probity::interact {
namespace {

using symex::Effect;
using symex::EffectLog;
using term::Id;

/// What the environment gives to every program alike.
bool is_shared(std::string_view name) {
  return name == "packet" || name == "packet.length" || name.starts_with("ctx.");
}

class Importer {
 public:
  Importer(const term::Store& from, term::Store& to, std::string_view label)
      : from_(from), to_(to), label_(label) {
    memo_.resize(from.size() + 1);
  }

  Id operator()(Id a) {
    if (!a) return a;
    rename_leaves(a);
    return to_.import(from_, a, memo_);
  }
  std::vector<Id> operator()(std::span<const Id> list) {
    std::vector<Id> result;
    for (const Id a : list) result.push_back((*this)(a));
    return result;
  }

 private:
  void rename_leaves(Id root) {
    std::vector<Id> found;
    std::vector<Id> open{root};
    while (!open.empty()) {
      const Id next = open.back();
      open.pop_back();
      if (!seen_.insert(next).second) continue;
      const term::Kind kind = from_.kind(next);
      if (kind == term::Kind::var || kind == term::Kind::apply) found.push_back(next);
      for (const Id arg : from_.args(next)) open.push_back(arg);
    }
    std::ranges::sort(found);  // arguments before what is made of them
    for (const Id leaf : found) rename(leaf);
  }

  void rename(Id leaf) {
    if (from_.kind(leaf) == term::Kind::var) {
      if (is_shared(from_.name(leaf))) return;
      memo_[leaf.index] =
          to_.var(from_.width(leaf), fmt::format("{}:{}", label_, from_.name(leaf)));
      return;
    }
    const term::Function function = from_.function(leaf);
    const std::string_view name = from_.function_name(function);
    if (is_shared(name)) return;
    std::vector<Id> arguments;
    for (const Id arg : from_.args(leaf)) arguments.push_back(to_.import(from_, arg, memo_));
    const term::Function renamed =
        to_.function(fmt::format("{}:{}", label_, name), from_.function_argument_widths(function),
                     from_.function_result_width(function));
    memo_[leaf.index] = to_.apply(renamed, arguments);
  }

  const term::Store& from_;
  term::Store& to_;
  std::string label_;
  std::vector<Id> memo_;
  std::set<Id> seen_;
};

constexpr std::uint64_t max_listed_bytes = 64;

void add_bytes(std::set<std::string>& set, const term::Store& store, const Touch& touch) {
  const auto offset = touch.offset ? store.literal(touch.offset) : std::nullopt;
  const auto size = touch.size_bytes ? store.literal(touch.size_bytes) : std::nullopt;
  if (!offset || !size) {
    set.insert(touch.offset ? "b(sym)" : "b(any)");
    return;
  }
  const auto first = static_cast<std::int64_t>(static_cast<std::uint64_t>(*offset));
  if (*size > max_listed_bytes) {
    set.insert(fmt::format("b{}..b{}", first, first + static_cast<std::int64_t>(*size) - 1));
    return;
  }
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(*size); ++i) {
    set.insert(fmt::format("b{}", first + i));
  }
}

std::string ctx_name(const Footprint& footprint, const term::Store& store, const Touch& touch) {
  const auto offset = store.literal(touch.offset).value_or(0);
  const auto size = store.literal(touch.size_bytes).value_or(0);
  const auto* row = runtime::find_ctx_row(footprint.type, static_cast<std::uint32_t>(offset),
                                          static_cast<unsigned>(size));
  if (row != nullptr) return fmt::format("ctx:{}", row->name);
  return fmt::format("ctx:{}", static_cast<std::uint32_t>(offset));
}

void add_name(NamedSets& sets, const Footprint& footprint, const term::Store& store,
              const Touch& touch) {
  std::set<std::string>& set = touch.writes ? sets.write : sets.read;
  switch (touch.thing) {
    case Thing::packet: add_bytes(set, store, touch); return;
    case Thing::bounds: set.insert("length"); return;
    case Thing::presence:
    case Thing::value:
      set.insert(fmt::format("map:{}.{}", touch.map,
                             touch.key.empty() ? "any" : key_name(store, touch.key)));
      return;
    case Thing::room: return;  // of an insert, which is in the set itself
    case Thing::ctx: set.insert(ctx_name(footprint, store, touch)); return;
    case Thing::output: set.insert(fmt::format("output:{}", touch.map)); return;
    case Thing::redirect: set.insert("redirect"); return;
    case Thing::everything: set.insert("everything"); return;
  }
}

Id imported(const term::Store& from, term::Store& to, std::vector<Id>& memo, Id a) {
  return a ? to.import(from, a, memo) : a;
}
std::vector<Id> imported(const term::Store& from, term::Store& to, std::vector<Id>& memo,
                         std::span<const Id> list) {
  std::vector<Id> result;
  for (const Id a : list) result.push_back(imported(from, to, memo, a));
  return result;
}

/// Replaces every term by what `import` makes of it.
void rebuild(Footprint& footprint, auto&& import) {
  for (Effect& effect : footprint.effects) {
    effect.key = import(effect.key);
    effect.offset = import(effect.offset);
    effect.size_bytes = import(effect.size_bytes);
    effect.values = import(effect.values);
    for (std::vector<Id>& condition : effect.conditions) condition = import(condition);
  }
  for (symex::EntryName& entry : footprint.entries) entry.key = import(entry.key);
  for (symex::PathEffects& path : footprint.paths) {
    path.condition = import(path.condition);
    path.action = import(path.action);
  }
}

/// The maps by the exploration's numbers. Those that it makes for a map of maps bear the name of
/// the map that describes them: which of them lies where is not for sets to say.
std::vector<program::MapDef> maps_of(const program::View& view,
                                     std::span<const program::MapDef> explored) {
  std::vector<program::MapDef> maps(view.maps.begin(), view.maps.end());
  for (const program::MapDef& made : explored | std::views::drop(maps.size())) {
    const std::string_view outer = made.name.substr(0, made.name.rfind('<'));
    const auto owner = std::ranges::find(view.maps, outer, &program::MapDef::name);
    PROBITY_CHECK(owner != view.maps.end() && owner->inner >= 0);
    maps.push_back(made);
    maps.back().name = view.maps[static_cast<std::size_t>(owner->inner)].name;
  }
  return maps;
}

}  // namespace

Expected<Footprint> explore_footprint(const Subject& subject, symex::Options options,
                                      term::Store& store) {
  EffectLog log;
  options.effects = &log;
  options.specs = false;
  const program::View view = subject.view();
  symex::Explorer explorer(view, options);
  Footprint footprint;
  TRY(footprint.exploration, explorer.explore());
  footprint.maps = maps_of(view, explorer.maps());
  footprint.type = view.type;
  footprint.effects.assign(log.effects().begin(), log.effects().end());
  footprint.entries.assign(log.entries().begin(), log.entries().end());
  footprint.paths.assign(log.paths().begin(), log.paths().end());
  Importer import(explorer.store(), store, subject.label());
  rebuild(footprint, import);
  return footprint;
}

Footprint moved(const Footprint& footprint, const term::Store& from, term::Store& to) {
  Footprint result = footprint;
  std::vector<Id> memo(from.size() + 1);
  const auto import = [&](const auto& terms) { return imported(from, to, memo, terms); };
  rebuild(result, import);
  return result;
}

NamedSets named_sets(const Footprint& footprint, const term::Store& store,
                     const std::set<std::uint32_t>& effects) {
  NamedSets sets;
  for (const Touch& touch : touches_of(footprint, store)) {
    if (effects.contains(touch.effect)) add_name(sets, footprint, store, touch);
  }
  return sets;
}

NamedSets named_sets(const Footprint& footprint, const term::Store& store) {
  NamedSets sets;
  for (const Touch& touch : touches_of(footprint, store)) add_name(sets, footprint, store, touch);
  return sets;
}

namespace {

/// The eight bits from `low` on, if they are the same on every input.
std::optional<unsigned> known_byte(const term::Store& store, Id a, unsigned low) {
  constexpr unsigned width = 8;
  if (const auto value = store.literal(a)) return static_cast<unsigned>(*value >> low & 0xff);
  if (store.kind(a) == term::Kind::extract) {
    return known_byte(store, store.args(a)[0], low + store.low(a));
  }
  if (store.kind(a) != term::Kind::concat) return std::nullopt;
  const Id lower = store.args(a)[1];
  const unsigned split = store.width(lower);
  if (low + width <= split) return known_byte(store, lower, low);
  if (low >= split) return known_byte(store, store.args(a)[0], low - split);
  return std::nullopt;
}

}  // namespace

std::string key_name(const term::Store& store, std::span<const term::Id> chunks) {
  std::string name;
  unsigned at = 0;
  for (const term::Id chunk : chunks) {
    for (unsigned low = 0; low < store.width(chunk); low += 8, ++at) {
      const auto value = known_byte(store, chunk, low);
      const std::string byte = value ? fmt::format("{}", *value) : "sym";
      name += fmt::format("{}b{}({})", at == 0 ? "" : "_", at, byte);
    }
  }
  return name;
}

}  // namespace probity::interact
