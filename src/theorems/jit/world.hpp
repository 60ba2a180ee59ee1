// SPDX-License-Identifier: Apache-2.0
// World<D>: what surrounds the machine in a theorem. An access goes to the private stack (a
// constant distance from its base), to the context, to one of the runtime's read-only tables, or it
// is an event, whose result is the oracle's. The events of both sides are compared one by one.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "isa/machine.hpp"
#include "jit/context.hpp"
#include "theorems/jit/oracle.hpp"
#include "theorems/jit/trace.hpp"

namespace probity::theorems {

enum class EventKind : std::uint8_t { load, store, atomic, reserved };

template <Domain D>
struct Event {
  EventKind kind = EventKind::load;
  unsigned width = 0;
  Bv<D, 64> address{};
  Bv<D, 64> old{};    ///< what memory held: loads and atomics
  Bv<D, 64> value{};  ///< what it holds afterwards: stores and atomics
  isa::Order order = isa::Order::relaxed;
};

template <Domain D>
struct Goal {
  std::string_view what;
  Bool<D> holds;
};
template <Domain D>
using Goals = std::vector<Goal<D>>;

/// How plain accesses outside the private objects are taken.
enum class Plain : std::uint8_t {
  events,         ///< each is an access of the program
  probes,         ///< reads before an atomic update: any value, no event
  runtime_tables  ///< reads of the runtime's data; a write is an error
};

/// The name of what memory held at an event.
inline std::string event_name(unsigned attempt, std::size_t event) {
  return attempt == 0 ? fmt::format("event {}", event)
                      : fmt::format("event {} of attempt {}", event, attempt);
}

template <PathDomain D>
class World {
 public:
  using B64 = Bv<D, 64>;

  World(Oracle<D>& oracle, Plain plain) : oracle_(oracle), plain_(plain) {}

  template <unsigned W>
  Bv<D, W> load(B64 address, isa::Order order) {
    const Bv<D, W> value = find<W>(address, order);
    log_.load(address, W, zext<64>(value));
    return value;
  }

  template <unsigned W>
  void store(B64 address, Bv<D, W> value, isa::Order order) {
    log_.store(address, W, zext<64>(value));
    if (const auto at = oracle_.distance(stack_, address)) return stack_store<W>(*at, value);
    if (const auto at = oracle_.distance(context_, address)) return context_store<W>(*at, value);
    if (plain_ != Plain::events) return complain("a store outside the program's memory");
    events_.push_back({EventKind::store, W, address, {}, zext<64>(value), after_fences(order)});
  }

  template <unsigned W, typename T>
  Bv<D, W> atomic(B64 address, T&& update, isa::Order order) {
    const Bv<D, W> old = next_old<W>();
    const B64 updated = zext<64>(update(old));
    events_.push_back({EventKind::atomic, W, address, zext<64>(old), updated, order});
    log_.update(address, W, zext<64>(old), updated);
    return old;
  }

  template <unsigned W>
  Bv<D, W> load_reserved(B64 address, isa::Order order) {
    const Bv<D, W> old = next_old<W>();
    events_.push_back({EventKind::reserved, W, address, zext<64>(old), zext<64>(old), order});
    return old;
  }
  /// May fail for no reason; a success makes the reserved read and this write one atomic event.
  template <unsigned W>
  Bool<D> store_conditional(B64 address, Bv<D, W> value, isa::Order order) {
    if (events_.empty() || events_.back().kind != EventKind::reserved) {
      complain("a conditional store without a reservation");
      return Bool<D>::lit(0);
    }
    if (!decide(oracle_.template value<1>(fmt::format("stored {}", conditionals_++)))) {
      return Bool<D>::lit(0);
    }
    Event<D>& event = events_.back();
    if (event.width != W) complain("a conditional store of another width");
    require("the conditional store is where the reservation is", address == event.address);
    event.kind = EventKind::atomic;
    event.value = zext<64>(value);
    event.order = order == isa::Order::relaxed ? event.order : order;
    return Bool<D>::lit(1);
  }

  /// A fence strengthens the access before it, and a store after it.
  void fence(isa::Fence fence) {
    pending_fence_ = fence;
    has_fence_ = true;
    if (events_.empty()) return;
    Event<D>& event = events_.back();
    const bool before_all = fence.reads_after && fence.writes_after;
    if (event.kind == EventKind::load && fence.reads_before && before_all) {
      event.order = isa::Order::acquire;
    }
    const bool released = event.order == isa::Order::release || event.order == isa::Order::full;
    if (event.kind == EventKind::atomic && fence.reads_before && fence.writes_before &&
        before_all && released) {
      event.order = isa::Order::full;
    }
  }

  B64 undefined() { return oracle_.template value<64>(fmt::format("undefined {}", undefined_++)); }
  void trap() { complain("the code traps"); }
  void trap_if(Bool<D> condition) { require("the code does not trap", ~condition); }
  isa::WideDivision<D> divide_wide(isa::Signedness, B64, B64, B64) {
    return {undefined(), undefined(), trunc<1>(undefined())};
  }

  // For theorems.
  AccessLog<D>& log() { return log_; }
  /// The sign-extended immediate that code may have built in a register: a product or quotient is
  /// compared with eBPF's only after `in_place_of` has shown that it is that immediate.
  void expect_constant(Bv<D, 32> constant) { constant_ = constant; }
  /// A cut: shows that the low W bits of `built` are the immediate's and gives them as such.
  template <unsigned W>
  B64 in_place_of(B64 built) {
    const B64 whole = sext<64>(*constant_);
    require("the constant is built", trunc<W>(built) == trunc<W>(whole));
    if constexpr (W == 64)
      return whole;
    else
      return concat(bits<63, W>(built), trunc<W>(whole));
  }
  /// Labels that an indirect jump may go to, as addresses.
  void expect_label(Bv<D, 32> label, B64 address) { labels_.push_back({label, address}); }
  /// A cut: where a computed address comes from a label, shows that it is the label's and gives
  /// that. Labels are even, so this is where a jump that clears the lowest bit goes.
  B64 in_place_of_label(B64 computed, B64 otherwise) {
    for (const auto& [label, address] : labels_) {
      if (!oracle_.leads_to(computed, label)) continue;
      require("an indirect jump reaches its label", computed == address);
      return address;
    }
    return otherwise;
  }
  bool expects_constant() const { return constant_.has_value(); }
  /// A failed attempt is over: what it read is not what the next one reads.
  void start_attempt(unsigned attempt) {
    attempt_ = attempt;
    events_.clear();
  }
  void move_stack(B64 base) { stack_ = base; }
  B64 stack() const { return stack_; }
  B64 context() const { return context_; }
  const std::vector<Event<D>>& events() const { return events_; }
  bool wrote_stack_above() const { return wrote_stack_above_; }
  std::size_t private_writes() const { return private_writes_; }
  const std::map<std::int64_t, B64>& context_writes() const { return context_words_; }
  Goals<D>& goals() { return goals_; }
  void require(std::string_view what, Bool<D> holds) { goals_.push_back({what, holds}); }
  void complain(std::string_view what) { require(what, Bool<D>::lit(0)); }

  /// The 64-bit word of the private stack at `offset` bytes from its base.
  B64 stack_at(std::int64_t offset) {
    const auto found = stack_words_.find(offset);
    if (found != stack_words_.end()) return found->second;
    return oracle_.template value<64>(fmt::format("stack {}", offset));
  }
  void set_stack(std::int64_t offset, B64 value) { stack_words_[offset] = value; }
  /// The field of the context at entry.
  B64 context_at_entry(std::int64_t offset) {
    return oracle_.template value<64>(fmt::format("context {}", offset));
  }
  void set_context(std::int64_t offset, B64 value) { context_entry_[offset] = value; }
  B64 context_at(std::int64_t offset) {
    if (const auto found = context_words_.find(offset); found != context_words_.end()) {
      return found->second;
    }
    if (const auto found = context_entry_.find(offset); found != context_entry_.end()) {
      return found->second;
    }
    return context_at_entry(offset);
  }
  /// Forgets the context's fields, as a call into the runtime may change nearly all of them; the
  /// frame and where tables lie are as before.
  void renew_context(std::string_view why) {
    const B64 frame = context_at(jit::context_offset::frame);
    context_words_.clear();
    context_entry_[jit::context_offset::frame] = frame;
    for (std::int64_t offset = 0; offset < 8 * jit::context_words; offset += 8) {
      if (is_base(offset) || offset == jit::context_offset::frame) continue;
      context_entry_[offset] =
          oracle_.template value<64>(fmt::format("{} context {}", why, offset));
    }
  }
  /// What a call may do to the private stack below `offset`.
  void forget_stack_below(std::int64_t offset, std::string_view why) {
    stack_words_.erase(stack_words_.begin(), stack_words_.lower_bound(offset));
    for (std::int64_t at = offset - 1024; at < offset; at += 8) {
      stack_words_[at] = oracle_.template value<64>(fmt::format("{} stack {}", why, at));
    }
  }
  void forbid_stack_from(std::int64_t offset) { protected_from_ = offset; }
  /// Offsets of context fields that hold addresses of tables.
  void set_base(std::int64_t offset, Object object) {
    context_entry_[offset] = oracle_.base(object);
    bases_.push_back(offset);
  }

 private:
  template <unsigned W>
  Bv<D, W> find(B64 address, isa::Order order) {
    if (const auto at = oracle_.distance(stack_, address)) return narrow<W>(stack_word<W>(*at));
    if (const auto at = oracle_.distance(context_, address)) return context_word<W>(*at);
    for (const Object table : tables) {
      const B64 base = oracle_.base(table);
      if (oracle_.is_within(base, address)) {
        return narrow<W>(oracle_.entry(name(table), address - base));
      }
    }
    if (plain_ == Plain::runtime_tables) return narrow<W>(oracle_.entry("runtime", address));
    if (plain_ == Plain::probes) {
      return narrow<W>(oracle_.template value<64>(fmt::format("probe {}", probes_++)));
    }
    const Bv<D, W> old = next_old<W>();
    events_.push_back({EventKind::load, W, address, zext<64>(old), {}, order});
    return old;
  }

  static constexpr Object tables[] = {Object::regions, Object::helpers, Object::addresses,
                                      Object::tail_tables};

  template <unsigned W>
  static Bv<D, W> narrow(B64 word) {
    return trunc<W>(word);
  }
  template <unsigned W>
  Bv<D, W> next_old() {
    return trunc<W>(oracle_.template value<64>(event_name(attempt_, events_.size())));
  }
  bool is_base(std::int64_t offset) const {
    return std::find(bases_.begin(), bases_.end(), offset) != bases_.end();
  }

  template <unsigned W>
  B64 stack_word(std::int64_t at) {
    if (W != 64 || at % 8 != 0) complain("a misaligned or narrow access to the private stack");
    return stack_at(at);
  }
  template <unsigned W>
  void stack_store(std::int64_t at, Bv<D, W> value) {
    ++private_writes_;
    if (W != 64 || at % 8 != 0) return complain("a misaligned or narrow store to the stack");
    if (at >= protected_from_) wrote_stack_above_ = true;
    stack_words_[at] = zext<64>(value);
  }
  template <unsigned W>
  Bv<D, W> context_word(std::int64_t at) {
    if ((W != 64 && W != 32) || at % 8 != 0) complain("a misaligned or narrow read of the context");
    return trunc<W>(context_at(at));
  }
  template <unsigned W>
  void context_store(std::int64_t at, Bv<D, W> value) {
    ++private_writes_;
    if (at % 8 != 0) return complain("a misaligned store to the context");
    if constexpr (W == 64) {
      context_words_[at] = value;
    } else if constexpr (W == 32) {
      context_words_[at] = concat(bits<63, 32>(context_at(at)), value);
    } else {
      complain("a narrow store to the context");
    }
  }
  isa::Order after_fences(isa::Order order) const {
    if (!has_fence_ || order != isa::Order::relaxed) return order;
    const bool all_before = pending_fence_.reads_before && pending_fence_.writes_before;
    return all_before && pending_fence_.writes_after ? isa::Order::release : order;
  }

  Oracle<D>& oracle_;
  Plain plain_;
  B64 stack_ = oracle_.base(Object::stack);
  B64 context_ = oracle_.base(Object::context);
  std::vector<Event<D>> events_;
  std::map<std::int64_t, B64> stack_words_;
  std::map<std::int64_t, B64> context_words_;  // written
  std::map<std::int64_t, B64> context_entry_;  // known from the start
  std::vector<std::int64_t> bases_;
  Goals<D> goals_;
  AccessLog<D> log_;
  isa::Fence pending_fence_{};
  std::int64_t protected_from_ = 0;
  std::size_t private_writes_ = 0;
  std::optional<Bv<D, 32>> constant_;
  std::vector<std::pair<Bv<D, 32>, B64>> labels_;
  unsigned attempt_ = 0;
  unsigned probes_ = 0, conditionals_ = 0, undefined_ = 0;
  bool has_fence_ = false;
  bool wrote_stack_above_ = false;
};

}  // namespace probity::theorems
