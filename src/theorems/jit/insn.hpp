// SPDX-License-Identifier: Apache-2.0
// The theorem about one instruction: from related states, the translated code either ends in the
// state that bpf::meaning() gives, after the same events, or asks the runtime for help in the
// unchanged state, and that exactly when it may (jit/context.hpp). The text is a template over the
// domain: SymbolicPath states it for all values, Concrete replays a counterexample.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "theorems/jit/emission.hpp"
#include "theorems/jit/run.hpp"
#include "theorems/jit/source.hpp"

namespace probity::theorems {

/// One instruction under one choice of everything that is not quantified over.
struct Case {
  bpf::Form form = bpf::Form::exit;
  bpf::Reg dst = bpf::Reg::r0;
  bpf::Reg src = bpf::Reg::r0;
  jit::Options options;
  bool back_edge = false;
  bool upper_dead = false;     ///< Inputs::upper_dead
  bool upper_garbage = false;  ///< operands of which only the low half is read have any upper half
  bool always_assist = false;
  bool end = false;  ///< not an instruction but what follows the last one
};

bool names_dst(bpf::Form form);
bool names_src(bpf::Form form);

template <PathDomain D, typename T>
class InsnTheorem {
 public:
  using B64 = Bv<D, 64>;
  using B32 = Bv<D, 32>;
  using State = typename T::template State<D>;
  InsnTheorem(const InsnTheorem&) = delete;  // its parts refer to each other
  InsnTheorem& operator=(const InsnTheorem&) = delete;

  InsnTheorem(const Case& insn, Oracle<D>& oracle)
      : case_(insn),
        oracle_(oracle),
        world_(oracle, plain_of(insn.form)),
        source_(oracle, world_, insn.options.memory) {}

  void check() {
    prepare();
    emit();
    if (!emitted_ || (is_new && !is_new(whole_code_))) return;
    bpf::Next<D> next = step_source();
    start_ = address_of(labels_.here);
    Run<D, T> run(oracle_, world_, code_, start_, trace_);
    run.add_cold(cold_code(), labels_.cold, address_of(labels_.cold));
    run.may_loop_to_start = bpf::row(case_.form).meaning == bpf::Meaning::atomic;
    Exit exit = run.from(machine_, 0);
    for (unsigned attempt = 1; exit == Exit::looped; ++attempt) {
      if (!retry(run, attempt)) return;
      next = step_source();
      exit = run.from(machine_, run.loop_offset);
    }
    if (exit != Exit::left) return;
    come_back(run);
    compare(next, run);
  }

  /// When set: asked about the code before it is run; false when all its paths are already
  /// explored.
  std::function<bool(std::span<const Bv<D, 8>>)> is_new;

  Goals<D>& goals() { return world_.goals(); }
  const std::vector<Bool<D>>& assumptions() const { return assumptions_; }

  // For the report of a counterexample.
  std::span<const Bv<D, 8>> code() const { return whole_code_; }
  const std::array<B64, bpf::reg_count>& before() const { return before_; }
  const std::array<B64, bpf::reg_count>& after() const { return source_.regs; }
  State machine_before() const { return machine_before_; }
  State machine_after() const { return machine_; }
  const jit::Inputs<D>& inputs() const { return inputs_; }
  const Trace<D, State>& trace() const { return trace_; }

 private:
  static Plain plain_of(bpf::Form form) {
    switch (bpf::row(form).meaning) {
      case bpf::Meaning::load:
      case bpf::Meaning::load_acquire:
      case bpf::Meaning::store_imm:
      case bpf::Meaning::store_reg:
      case bpf::Meaning::store_release: return Plain::events;
      case bpf::Meaning::atomic: return Plain::probes;
      default: return Plain::runtime_tables;
    }
  }

  void assume(Bool<D> condition) { assumptions_.push_back(condition); }
  B32 label(std::string_view named) {
    const B32 value = T::aligned(oracle_.template value<32>(named));
    assume(ult(value, B32::lit(jit::label_limit)));
    return value;
  }
  void require(std::string_view what, Bool<D> holds) { world_.require(what, holds); }

  /// Names values by role, so that two register assignments that mean the same state the same
  /// terms.
  std::string role(unsigned r) const {
    const bool has_dst = names_dst(case_.form), has_src = names_src(case_.form);
    if (has_dst && r == static_cast<unsigned>(case_.dst)) return "dst";
    if (has_src && r == static_cast<unsigned>(case_.src)) return "src";
    return fmt::format("r{}", r);
  }

  void prepare() {
    world_.set_base(jit::context_offset::regions, Object::regions);
    world_.set_base(jit::context_offset::helpers, Object::helpers);
    world_.set_base(jit::context_offset::addresses, Object::addresses);
    world_.set_base(jit::context_offset::tail_tables, Object::tail_tables);
    if (bpf::row(case_.form).operands == bpf::Operands::dst_imm) {
      world_.expect_constant(oracle_.template value<32>("imm"));
    }
    labels_ = {label("here"),  label("target"), label("assist"),
               label("leave"), label("next"),   label("cold")};
    for (const B32 label : {labels_.target, labels_.assist, labels_.leave}) {
      world_.expect_label(label, address_of(label));
    }
    inputs_.immediates = {oracle_.template value<16>("off"), oracle_.template value<32>("imm"),
                          oracle_.template value<32>("next_imm")};
    inputs_.insn = oracle_.template value<32>("insn");
    assume(ult(inputs_.insn, B32::lit(std::uint64_t{1} << 31)));
    inputs_.blinding = oracle_.template value<32>("key");
    inputs_.address_index = oracle_.template value<32>("address_index");
    assume(ult(inputs_.address_index, B32::lit(jit::address_limit)));
    inputs_.labels = labels_;
    inputs_.back_edge = case_.back_edge;
    inputs_.upper_dead = case_.upper_dead;
    inputs_.always_assist = case_.always_assist;
    prepare_registers();
    frame_ = world_.context_at(jit::context_offset::frame);
    if (is_checked() && accesses_memory()) prepare_memory();
  }

  bool is_checked() const { return case_.options.memory == jit::Memory::checked; }
  bool accesses_memory() const { return bpf::row(case_.form).meaning >= bpf::Meaning::load; }
  bool base_is_src() const {
    const bpf::Meaning meaning = bpf::row(case_.form).meaning;
    return meaning == bpf::Meaning::load || meaning == bpf::Meaning::load_acquire;
  }
  bpf::Reg base_register() const { return base_is_src() ? case_.src : case_.dst; }
  unsigned access_bytes() const { return bpf::row(case_.form).width / 8; }
  B64 guest_address() const {
    return before_[static_cast<unsigned>(base_register())] + sext<64>(inputs_.immediates.off);
  }
  /// Offset of KnownRegion's fields for the base register.
  std::int64_t known_offset(std::size_t field) const {
    return jit::context_offset::known +
           static_cast<std::int64_t>(
               static_cast<std::size_t>(base_register()) * sizeof(jit::KnownRegion) + field);
  }
  B64 negative_base_of(B64 number) const { return B64::lit(0) - shl(number, B64::lit(32)); }
  B64 entry_of(B64 number) const {
    return oracle_.base(Object::regions) + shl(number, B64::lit(jit::region_layout::size_log2));
  }

  /// What holds of the runtime's tables between two instructions: a register's known region is one
  /// of the table, limits are below 2^31, and r10 points at the end of a frame of its own region.
  void prepare_memory() {
    const std::int32_t field =
        limit_of(base_is_src() ? Permission::read : Permission::write, access_bytes());
    const B64 count = world_.context_at(jit::context_offset::region_count);
    if (base_register() != bpf::Reg::r10) {
      const B64 number = zext<64>(oracle_.template value<32>("known region"));
      world_.set_context(known_offset(offsetof(jit::KnownRegion, negative_base)),
                         negative_base_of(number));
      world_.set_context(known_offset(offsetof(jit::KnownRegion, region)), entry_of(number));
      assume(ult(number, count));
      return assume(ult(region_field(oracle_, number, field), B64::lit(std::uint64_t{1} << 31)));
    }
    const B64 r10 = before_[10];
    const B64 number = zext<64>(bits<63, 32>(r10));
    constexpr std::uint64_t bytes = jit::frame_bytes;
    assume(trunc<32>(r10) == B32::lit(bytes));
    assume(ult(number, count));
    assume(ult(B64::lit(bytes - access_bytes()), region_field(oracle_, number, field)));
    assume(frame_ == region_field(oracle_, number, jit::region_layout::host) + B64::lit(bytes));
  }

  void prepare_registers() {
    for (unsigned r = 0; r < T::register_count; ++r) {
      const bool scratch = T::is_scratch(r);
      T::set(machine_, r,
             oracle_.template value<64>(fmt::format("{} {}", scratch ? "scratch" : "kept", r)));
    }
    for (unsigned r = 0; r < bpf::reg_count; ++r) {
      const B64 value = oracle_.template value<64>(role(r));
      source_.regs[r] = value;
      T::set(machine_, T::register_of(r),
             has_garbage(r)
                 ? concat(oracle_.template value<32>(role(r) + " upper"), trunc<32>(value))
                 : value);
    }
    T::set(machine_, T::context, world_.context());
    T::set(machine_, T::stack_pointer, world_.stack());
    T::init(machine_, oracle_);
    before_ = source_.regs;
    source_.address_index = zext<64>(inputs_.address_index);
    machine_before_ = machine_;
  }
  /// Whether the machine's register may differ from the eBPF one in its upper half.
  bool has_garbage(unsigned r) const {
    if (!case_.upper_garbage) return false;
    const auto reg = static_cast<bpf::Reg>(r);
    const bool named = (names_dst(case_.form) && reg == case_.dst) ||
                       (names_src(case_.form) && reg == case_.src) || r == 0;
    return named && !T::reads_upper(case_, reg);
  }

  void emit() {
    Emission<D> emission;
    typename T::template Translator<D> translator(emission.code(), case_.options);
    if (case_.end) translator.end(inputs_);
    emitted_ = case_.end || translator.insn(case_.form, case_.dst, case_.src, inputs_);
    if (!emitted_) return world_.complain("the translator finds a form that fits");
    code_ = emission.bytes();
    if (code_.size() > isa::max_sequence_bytes) {
      emitted_ = false;
      return world_.complain("the sequence is within max_sequence_bytes");
    }
    whole_code_ = code_;
    if constexpr (T::template Translator<D>::uses_cold) {
      if (!case_.end && translator.has_cold()) emit_cold();
    }
    // Labels are ends of whole sequences: none lies inside this one.
    const B64 here = zext<64>(labels_.here);
    const B64 end = here + B64::lit(code_.size());
    assume(ule(end, B64::lit(jit::label_limit)));
    for (const B32 label : {labels_.target, labels_.assist, labels_.leave}) {
      assume(ule(zext<64>(label), here) | ule(end, zext<64>(label)));
    }
  }

  /// The layout: stubs in front of all instructions, cold parts behind them.
  void emit_cold() {
    Emission<D> emission;
    typename T::template Translator<D> translator(emission.code(), case_.options);
    translator.cold(case_.form, case_.dst, case_.src, inputs_);
    const std::vector<Bv<D, 8>> cold = emission.bytes();
    whole_code_.insert(whole_code_.end(), cold.begin(), cold.end());
    if (cold.size() > isa::max_sequence_bytes) {
      emitted_ = false;
      return world_.complain("the cold part is within max_sequence_bytes");
    }
    const B64 here = zext<64>(labels_.here), next = zext<64>(labels_.next);
    const B64 from = zext<64>(labels_.cold);
    assume(ule(zext<64>(labels_.assist), here));
    assume(ule(zext<64>(labels_.leave), here));
    assume(ule(here + B64::lit(code_.size()), next));
    assume(ule(next, from));
    assume(ule(zext<64>(labels_.target), from));
    assume(ule(from + B64::lit(cold.size()), B64::lit(jit::label_limit)));
  }
  std::span<const Bv<D, 8>> cold_code() const {
    return std::span(whole_code_).subspan(code_.size());
  }
  /// An access in the cold part goes on at the next instruction, as if behind its sequence.
  void come_back(Run<D, T>& run) {
    if (!run.left_cold || !accesses_memory()) return;
    if (oracle_.leads_to(run.pc, labels_.assist)) return;
    require("the cold part goes on at the next instruction", run.pc == address_of(labels_.next));
    run.pc = start_ + B64::lit(code_.size());
  }

  bpf::Next<D> step_source() {
    const bpf::Row& row = bpf::row(case_.form);
    if (row.meaning == bpf::Meaning::atomic &&
        static_cast<bpf::AtomicOp>(row.operation) >= bpf::AtomicOp::fetch_add) {
      source_.order = isa::Order::full;
    }
    if (is_checked() && accesses_memory() && base_register() == bpf::Reg::r10) {
      source_.assisted = source_.assisted | ~is_within_frame();
    }
    if (case_.back_edge && case_.options.fuel == jit::Fuel::at_back_edges) {
      fuel_ = world_.context_at(jit::context_offset::fuel);
      source_.assisted = source_.assisted | (fuel_ == B64::lit(0));
      spends_fuel_ = true;
    }
    const bpf::Next<D> next =
        bpf::meaning<D>(case_.form, case_.dst, case_.src, inputs_.immediates, source_);
    if (case_.always_assist || case_.end || next.flow == bpf::Flow::call_reg ||
        next.flow == bpf::Flow::call_kfunc) {
      source_.assisted = Bool<D>::lit(1);
    }
    return next;
  }

  Bool<D> is_within_frame() const {
    const bpf::Meaning meaning = bpf::row(case_.form).meaning;
    const bool is_ordered = meaning == bpf::Meaning::atomic ||
                            meaning == bpf::Meaning::load_acquire ||
                            meaning == bpf::Meaning::store_release;
    const B64 offset = sext<64>(inputs_.immediates.off) + B64::lit(jit::frame_bytes);
    const Bool<D> aligned = (offset & B64::lit(access_bytes() - 1)) == B64::lit(0);
    const Bool<D> inside = ule(offset, B64::lit(jit::frame_bytes - access_bytes()));
    return is_ordered ? inside & aligned : inside;
  }

  /// A failed attempt of an atomic goes back to an earlier instruction. For all values this is
  /// induction: the first time, the registers that differ from the earlier visit become arbitrary,
  /// which stands for every later attempt; when that one fails too, nothing else has changed. A
  /// counterexample is simply run on. Gives false when there is nothing more to run.
  bool retry(Run<D, T>& run, unsigned attempt) {
    for (const Event<D>& event : world_.events()) wrote_nothing(event);
    if (run.earlier().private_writes != world_.private_writes()) {
      world_.complain("a retry leaves the private memory alone");
    }
    const State& earlier = run.earlier().state;
    for (unsigned r = 0; r < T::register_count && Oracle<D>::loops_by_induction; ++r) {
      const B64 then = T::reg(earlier, r);
      const B64 now = T::reg(machine_, r);
      if (then.raw() == now.raw()) continue;
      if (attempt == 2 && !oracle_.is_arbitrary(then)) {
        require("a retry starts from the same state", now == then);
      }
      T::set(machine_, r, oracle_.template value<64>(fmt::format("scratch {}{}", r, of_a_retry)));
    }
    if (attempt == (Oracle<D>::loops_by_induction ? 2 : concrete_attempts)) return false;
    T::renew_flags(machine_, oracle_, "retry");
    world_.start_attempt(attempt);
    source_.start_attempt(before_, attempt);
    run.forget_visits();
    return true;
  }
  static constexpr unsigned concrete_attempts = 8;

  void compare(const bpf::Next<D>& next, Run<D, T>& run) {
    if (next.flow == bpf::Flow::call_helper && !case_.always_assist && !case_.end)
      return compare_helper(run);
    if (next.flow == bpf::Flow::call_local) {
      source_.assisted = source_.assisted |
                         (source_.regs[10] == world_.context_at(jit::context_offset::last_frame));
    }
    if (oracle_.leads_to(run.pc, labels_.assist)) return compare_assist(run.pc);
    require("the runtime is asked for help whenever that is due", ~source_.assisted);
    if (next.flow == bpf::Flow::call_local) return compare_local_call(run);
    compare_pc(next, run.pc);
    compare_registers();
    compare_events();
    compare_private(next.flow == bpf::Flow::exit);
  }

  void compare_pc(const bpf::Next<D>& next, B64 pc) {
    const auto distance = oracle_.distance(start_, pc);
    const bool falls_through = distance && *distance == std::ssize(code_);
    switch (next.flow) {
      case bpf::Flow::exit:
        return require("exit returns to the caller", pc == T::aligned(return_address()));
      case bpf::Flow::jump:
        // A jump that is nothing would be its own target and its own successor.
        if (code_.empty()) return world_.complain("a jump takes a step");
        if (falls_through) break;
        return require("the jump reaches its target", pc == address_of(labels_.target));
      case bpf::Flow::branch:
        if (falls_through) return require("the branch is not taken", ~next.taken);
        require("the branch is taken", next.taken);
        return require("the branch reaches its target", pc == address_of(labels_.target));
      default: break;
    }
    if (next.flow == bpf::Flow::jump) {
      return require("the jump reaches its target", pc == address_of(labels_.target));
    }
    require("control goes on behind the sequence", Bool<D>::lit(falls_through ? 1 : 0));
  }
  B64 address_of(B32 label) { return T::aligned(oracle_.base(Object::code)) + zext<64>(label); }
  B64 return_address() { return T::body_return_address(machine_before_, world_); }

  void compare_registers() {
    for (unsigned r = 0; r < bpf::reg_count; ++r) compare_register(r, source_.regs[r]);
  }
  void compare_register(unsigned r, B64 expected) {
    const B64 actual = T::reg(machine_, T::register_of(r));
    const bool defined = expected.raw() != before_[r].raw();
    if (has_garbage(r) && !defined) {
      return require(register_goal[r], actual == T::reg(machine_before_, T::register_of(r)));
    }
    if (case_.upper_dead && defined)
      require(register_goal[r], trunc<32>(actual) == trunc<32>(expected));
    else
      require(register_goal[r], actual == expected);
  }

  void wrote_nothing(const Event<D>& event) {
    require("a failed attempt writes nothing",
            event.kind == EventKind::reserved ? Bool<D>::lit(1) : event.old == event.value);
  }

  void compare_events() {
    const std::vector<Event<D>>& target = world_.events();
    const std::size_t wanted = source_.events.size();
    if (target.size() < wanted) return world_.complain("every access happens");
    const std::size_t extra = target.size() - wanted;
    if (extra != 0 && bpf::row(case_.form).meaning != bpf::Meaning::atomic) {
      return world_.complain("no other access happens");
    }
    for (std::size_t i = 0; i < extra; ++i) wrote_nothing(target[i]);
    for (std::size_t i = 0; i < wanted; ++i) compare_event(source_.events[i], target[extra + i]);
  }
  void compare_event(const Event<D>& source, const Event<D>& target) {
    require("the access has the right address", source.address == target.address);
    if (source.width != target.width) world_.complain("the access has the right width");
    // A reservation that is given up wrote nothing: the update must have been none.
    const bool given_up = target.kind == EventKind::reserved && source.kind == EventKind::atomic;
    if (source.kind != target.kind && !given_up) world_.complain("the access is of the right kind");
    if (source.kind != EventKind::load) {
      require("the access writes the right value", source.value == target.value);
    }
    const bool ordered = source.order == target.order || target.order == isa::Order::full ||
                         source.order == isa::Order::relaxed || given_up;
    if (!ordered) world_.complain("the access is ordered as it must be");
  }

  /// What the instruction must leave alone: the context register, the stack, the host's registers.
  void compare_private(bool returned) {
    for (unsigned r = 0; r < T::register_count; ++r) {
      if (T::is_scratch(r) || T::is_bpf(r)) continue;
      B64 expected = T::reg(machine_before_, r);
      if (returned && r == T::stack_pointer) expected = T::stack_after_return(expected);
      require("other registers are kept", T::reg(machine_, r) == expected);
    }
    if (world_.wrote_stack_above()) world_.complain("the caller's stack is left alone");
    compare_context();
  }
  void compare_context() {
    for (const auto& [offset, value] : world_.context_writes()) {
      if (offset == jit::context_offset::fuel && spends_fuel_) {
        require("one unit of fuel is spent", value == fuel_ - B64::lit(1));
      } else if (offset == jit::context_offset::tail_calls_left && tail_call_) {
        require("one tail call is counted", value == tail_calls_ - B64::lit(1));
      } else if (is_checked() && accesses_memory() && is_known(offset)) {
        compare_known(offset, value);
      } else if (offset != jit::context_offset::insn && offset != jit::context_offset::frame) {
        world_.complain("the context is left alone");
      }
    }
    require("the context knows the frame", world_.context_at(jit::context_offset::frame) == frame_);
    const auto& writes = world_.context_writes();
    if (is_checked() && accesses_memory() &&
        writes.contains(known_offset(offsetof(jit::KnownRegion, negative_base))) !=
            writes.contains(known_offset(offsetof(jit::KnownRegion, region)))) {
      world_.complain("a known region is remembered whole");
    }
    if (spends_fuel_ && !writes.contains(jit::context_offset::fuel)) {
      world_.complain("fuel is spent at a back edge");
    }
    if (tail_call_ && !writes.contains(jit::context_offset::tail_calls_left)) {
      world_.complain("a tail call is counted");
    }
  }

  bool is_known(std::int64_t offset) const {
    return base_register() != bpf::Reg::r10 &&
           (offset == known_offset(offsetof(jit::KnownRegion, negative_base)) ||
            offset == known_offset(offsetof(jit::KnownRegion, region)));
  }
  void compare_known(std::int64_t offset, B64 value) {
    const B64 number = zext<64>(bits<63, 32>(guest_address()));
    const bool is_base = offset == known_offset(offsetof(jit::KnownRegion, negative_base));
    require("a known region is in the table",
            ult(number, world_.context_at(jit::context_offset::region_count)));
    require("a known region is the one that the address names",
            value == (is_base ? negative_base_of(number) : entry_of(number)));
  }

  void compare_assist(B64 pc) {
    require("help is asked for only when that is due", source_.assisted);
    require("the assist stub is reached", pc == address_of(labels_.assist));
    require("the assist stub gets the instruction's number",
            T::reg(machine_, T::assist_number) == zext<64>(inputs_.insn));
    for (unsigned r = 0; r < bpf::reg_count; ++r) {
      require("nothing has happened before help is asked for",
              T::reg(machine_, T::register_of(r)) == T::reg(machine_before_, T::register_of(r)));
    }
    for (const Event<D>& event : world_.events()) {
      if (event.kind != EventKind::load) world_.complain("no access before help is asked for");
    }
    spends_fuel_ = false;
    compare_private(false);
  }

  // Calls: call_theorem.hpp.
  void compare_helper(Run<D, T>& run);
  void compare_tail_call(Run<D, T>& run);
  void compare_local_call(Run<D, T>& run);
  void finish_call(Run<D, T>& run);

  static constexpr std::string_view register_goal[bpf::reg_count] = {
      "r0 is right", "r1 is right", "r2 is right", "r3 is right", "r4 is right", "r5 is right",
      "r6 is right", "r7 is right", "r8 is right", "r9 is right", "r10 is right"};

  Case case_;
  Oracle<D>& oracle_;
  World<D> world_;
  Source<D> source_;
  State machine_{};
  State machine_before_{};
  jit::Labels<D> labels_{};
  jit::Inputs<D> inputs_{};
  std::vector<Bv<D, 8>> code_;
  std::vector<Bv<D, 8>> whole_code_;  // and the cold part behind it
  bool emitted_ = false;
  B64 start_{};
  Trace<D, State> trace_;
  std::array<B64, bpf::reg_count> before_{};
  std::vector<Bool<D>> assumptions_;
  B64 fuel_{}, tail_calls_{};
  B64 frame_{};  // what the context must say of it
  bool spends_fuel_ = false, tail_call_ = false;
};

}  // namespace probity::theorems
