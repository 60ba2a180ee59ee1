// SPDX-License-Identifier: Apache-2.0
// The conditions of an effect are those of the path when it happens; that the path then went on or
// ended does not matter, since they only get stronger. Map contents of the two programs are
// different variables here, although they may be one entry: that admits more inputs, never fewer.
#include "interact/disjoint.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

namespace probity::interact {
namespace {

using symex::Effect;
using term::Id;

/// More paths than these are not told apart: then any input may end the chain.
constexpr std::size_t max_ending_paths = 512;
constexpr std::size_t max_clashes = 16;

/// How a pair of touches of one kind was told apart.
enum class Apart : std::uint8_t { bytes, keys, conditions };

bool is_of_map(Thing thing) {
  return thing == Thing::presence || thing == Thing::value || thing == Thing::room ||
         thing == Thing::output;
}

/// What nobody sees of a packet that is dropped.
bool is_of_packet(Thing thing) {
  return thing == Thing::packet || thing == Thing::bounds || thing == Thing::ctx;
}

class Comparison {
 public:
  Comparison(const Footprint& a, const Footprint& b, Chain chain, term::Store& store,
             const solver::Options& options)
      : a_(a), b_(b), chain_(chain), store_(store), session_(store, options) {}

  Disjointness run() {
    const std::vector<Touch> first = touches_of(a_, store_);
    const std::vector<Touch> second = touches_of(b_, store_);
    for (const Touch& mine : first) {
      for (const Touch& theirs : second) compare(mine, theirs);
    }
    if (chain_ == Chain::pass) {
      compare_ends(first, second);
    }
    describe(first, second);
    result_.proved = result_.clashes.empty() && result_.unknown.empty();
    return std::move(result_);
  }

 private:
  /// May both hold on one input?
  bool possible(Id condition) {
    if (store_.is_false(condition)) return false;
    const std::vector<Id> query{condition};
    const solver::Answer answer = session_.check(query);
    if (answer.status == solver::Status::unknown) result_.unknown = answer.reason;
    return answer.status != solver::Status::unsat;
  }

  Id any_of(const std::vector<std::vector<Id>>& conditions) {
    Id any = store_.false_();
    for (const std::vector<Id>& condition : conditions) {
      any = store_.or_(any, store_.conjunction(condition));
    }
    return any;
  }
  Id when(const Effect& effect) {
    return effect.always ? store_.true_() : any_of(effect.conditions);
  }

  /// One bit: the ranges of bytes have a byte in common.
  Id bytes_meet(const Touch& a, const Touch& b) {
    if (!a.offset || !b.offset) return store_.true_();
    const Id a_end = store_.bin(Op::add, a.offset, a.size_bytes);
    const Id b_end = store_.bin(Op::add, b.offset, b.size_bytes);
    return store_.and_(store_.bin(Op::slt, a.offset, b_end), store_.bin(Op::slt, b.offset, a_end));
  }

  /// One bit: both keys are the same.
  Id keys_meet(const Touch& a, const Touch& b) {
    if (a.key.empty() || b.key.empty() || a.key.size() != b.key.size()) return store_.true_();
    Id same = store_.true_();
    for (std::size_t i = 0; i < a.key.size(); ++i) {
      if (store_.width(a.key[i]) != store_.width(b.key[i])) return store_.true_();
      same = store_.and_(same, store_.eq(a.key[i], b.key[i]));
    }
    return same;
  }

  /// Can the two be about one thing at all, whatever bytes and keys?
  static bool same_thing(const Touch& a, const Touch& b) {
    if (a.thing == Thing::everything || b.thing == Thing::everything) return true;
    return a.thing == b.thing && (!is_of_map(a.thing) || a.map == b.map);
  }

  void compare(const Touch& mine, const Touch& theirs) {
    if ((!mine.writes && !theirs.writes) || !same_thing(mine, theirs)) return;
    const bool opaque = mine.thing == Thing::everything || theirs.thing == Thing::everything;
    const Id bytes = opaque ? store_.true_() : bytes_meet(mine, theirs);
    const Id keys = opaque ? store_.true_() : keys_meet(mine, theirs);
    if (store_.is_false(bytes)) return separate(mine, Apart::bytes);
    if (store_.is_false(keys)) return separate(mine, Apart::keys);
    const std::pair seen{mine.effect, theirs.effect};
    if (result_.clashes.size() >= max_clashes || clashing_.contains(seen)) return;
    const Id meet = store_.and_(bytes, keys);
    const Id both = store_.and_(when(a_.effects[mine.effect]), when(b_.effects[theirs.effect]));
    if (!possible(store_.and_(meet, both))) {
      return separate(mine, possible(both) ? apart_of(bytes) : Apart::conditions);
    }
    clashing_.insert(seen);
    clash(mine, theirs);
  }

  Apart apart_of(Id bytes) const { return store_.is_true(bytes) ? Apart::keys : Apart::bytes; }

  void separate(const Touch& touch, Apart how) { apart_.insert({{touch.thing, touch.map}, how}); }

  void clash(const Touch& mine, const Touch& theirs) {
    const Touch& shown = mine.thing == Thing::everything ? theirs : mine;
    std::string what = std::string(name(shown.thing));
    if (!shown.map.empty()) what += fmt::format(" ({})", shown.map);
    const auto verb = [](const Touch& touch) { return touch.writes ? "writes" : "reads"; };
    if (!kinds_.insert({what, mine.writes, theirs.writes}).second) return;
    result_.clashes.push_back(
        {fmt::format("{}: the first {}, the second {}", what, verb(mine), verb(theirs)),
         a_.effects[mine.effect].slot, b_.effects[theirs.effect].slot});
  }

  /// One bit each: the program ends the chain; it does so, and the packet goes on.
  struct Ends {
    Id any;
    Id kept;
  };
  Ends ends_of(const Footprint& footprint) {
    Ends ends{store_.false_(), store_.false_()};
    std::size_t ending = 0;
    for (const symex::PathEffects& path : footprint.paths) {
      const Id stops = store_.not_(passes(store_, footprint.type, path.action));
      if (store_.is_false(stops)) continue;
      if (++ending > max_ending_paths) return {store_.true_(), store_.true_()};
      const Id here = store_.and_(store_.conjunction(path.condition), stops);
      const Id keeps = keeps_packet(store_, footprint.type, path.action);
      ends.any = store_.or_(ends.any, here);
      ends.kept = store_.or_(ends.kept, store_.and_(here, keeps));
    }
    return ends;
  }

  void compare_ends(const std::vector<Touch>& first, const std::vector<Touch>& second) {
    const Ends a_ends = ends_of(a_);
    const Ends b_ends = ends_of(b_);
    writes_while_ending(first, a_, b_ends, "the first writes {} where the second ends the chain");
    writes_while_ending(second, b_, a_ends, "the second writes {} where the first ends the chain");
    if (!possible(store_.and_(a_ends.any, b_ends.any))) return;
    Id differ = store_.false_();
    for (const symex::PathEffects& mine : a_.paths) {
      for (const symex::PathEffects& theirs : b_.paths) {
        differ = store_.or_(differ, ends_differ(mine, theirs));
      }
    }
    if (possible(differ)) {
      result_.clashes.push_back({"both may end the chain, with different verdicts", 0, 0});
    }
  }

  Id ends_differ(const symex::PathEffects& mine, const symex::PathEffects& theirs) {
    const Id other = store_.not_(store_.eq(mine.action, theirs.action));
    if (store_.is_false(other)) return other;
    const Id stop = store_.not_(
        store_.or_(passes(store_, a_.type, mine.action), passes(store_, b_.type, theirs.action)));
    if (store_.is_false(stop)) return stop;
    const Id both =
        store_.and_(store_.conjunction(mine.condition), store_.conjunction(theirs.condition));
    return store_.and_(store_.and_(other, stop), both);
  }

  void writes_while_ending(const std::vector<Touch>& touches, const Footprint& footprint,
                           const Ends& all, std::string_view text) {
    if (store_.is_false(all.any)) return;
    std::set<std::pair<Thing, std::uint32_t>> asked;
    std::set<std::pair<Thing, std::string>> told;
    for (const Touch& touch : touches) {
      if (!touch.writes || told.contains({touch.thing, touch.map})) continue;
      if (!asked.insert({touch.thing, touch.effect}).second) continue;
      const Id ends = is_of_packet(touch.thing) ? all.kept : all.any;
      const Effect& effect = footprint.effects[touch.effect];
      if (!possible(store_.and_(ends, when(effect)))) continue;
      told.insert({touch.thing, touch.map});
      const std::string what = touch.map.empty()
                                   ? std::string(name(touch.thing))
                                   : fmt::format("{} {}", name(touch.thing), touch.map);
      const bool mine = &footprint == &a_;
      result_.clashes.push_back(
          {fmt::format(fmt::runtime(text), what), mine ? effect.slot : 0, mine ? 0 : effect.slot});
    }
  }

  /// What keeps the two apart, a line for each kind of thing that one of them writes.
  void describe(const std::vector<Touch>& first, const std::vector<Touch>& second) {
    if (!result_.clashes.empty()) return;
    const auto writes = [](const std::vector<Touch>& list) {
      return std::ranges::any_of(list, &Touch::writes);
    };
    if (!writes(first) && !writes(second)) result_.reasons.push_back("neither writes anything");
    std::set<std::pair<Thing, std::string>> told;
    for (const std::vector<Touch>* list : {&first, &second}) {
      for (const Touch& touch : *list) {
        if (!touch.writes || !told.insert({touch.thing, touch.map}).second) continue;
        result_.reasons.push_back(reason_of(touch, list == &first ? second : first));
      }
    }
  }

  std::string reason_of(const Touch& touch, const std::vector<Touch>& others) {
    std::string what(name(touch.thing));
    if (!touch.map.empty()) what += fmt::format(" ({})", touch.map);
    const auto met = [&](const Touch& other) { return same_thing(touch, other); };
    if (std::ranges::none_of(others, met)) {
      return fmt::format("{}: only one of them touches it", what);
    }
    std::string how;
    const std::pair<Thing, std::string> key{touch.thing, touch.map};
    for (const auto& [separated, apart] : apart_) {
      if (separated != key) continue;
      how += how.empty() ? "" : ", ";
      switch (apart) {
        case Apart::bytes: how += "different bytes"; break;
        case Apart::keys: how += "keys that are never equal"; break;
        case Apart::conditions: how += "no packet leads both there"; break;
      }
    }
    return fmt::format("{}: {}", what, how.empty() ? "only read by both" : how);
  }

  const Footprint& a_;
  const Footprint& b_;
  Chain chain_;
  term::Store& store_;
  solver::Session session_;
  Disjointness result_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> clashing_;
  std::set<std::tuple<std::string, bool, bool>> kinds_;
  std::set<std::pair<std::pair<Thing, std::string>, Apart>> apart_;
};

}  // namespace

Disjointness check_disjoint(const Footprint& a, const Footprint& b, Chain chain, term::Store& store,
                            const solver::Options& options) {
  return Comparison(a, b, chain, store, options).run();
}

}  // namespace probity::interact
