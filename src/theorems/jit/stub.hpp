// SPDX-License-Identifier: Apache-2.0
// Theorems about the parts of an image that belong to no instruction: enter (prologue, call of the
// body, epilogue), leave (the end of a run from any depth), assist, and the padding between two
// instructions, of every length. See jit/context.hpp.
#pragma once

#include "theorems/jit/call_theorem.hpp"

namespace probity::theorems {

enum class Stub : std::uint8_t { enter, leave, assist, pad };

template <PathDomain D, typename T>
class StubTheorem {
 public:
  using B64 = Bv<D, 64>;
  using B32 = Bv<D, 32>;
  using State = typename T::template State<D>;
  StubTheorem(const StubTheorem&) = delete;  // its parts refer to each other
  StubTheorem& operator=(const StubTheorem&) = delete;

  StubTheorem(Stub stub, const jit::Options& options, Oracle<D>& oracle)
      : stub_(stub), options_(options), oracle_(oracle), world_(oracle, Plain::runtime_tables) {}

  void check() {
    switch (stub_) {
      case Stub::enter:
      case Stub::leave: return check_enter();
      case Stub::assist: return check_assist();
      case Stub::pad: return check_pad();
    }
  }
  Goals<D>& goals() { return world_.goals(); }
  const std::vector<Bool<D>>& assumptions() const { return assumptions_; }
  std::span<const Bv<D, 8>> code() const { return code_; }
  State machine_before() const { return machine_before_; }
  State machine_after() const { return machine_; }
  const Trace<D, State>& trace() const { return trace_; }

 private:
  void require(std::string_view what, Bool<D> holds) { world_.require(what, holds); }
  jit::Labels<D> labels() {
    jit::Labels<D> labels;
    labels.here = T::aligned(oracle_.template value<32>("here"));
    labels.assist = T::aligned(oracle_.template value<32>("assist"));
    labels.leave = T::aligned(oracle_.template value<32>("leave"));
    for (const B32 label : {labels.here, labels.assist, labels.leave}) {
      assumptions_.push_back(ult(label, B32::lit(jit::label_limit)));
    }
    start_ = T::aligned(oracle_.base(Object::code)) + zext<64>(labels.here);
    return labels;
  }
  void prepare() {
    for (unsigned r = 0; r < T::register_count; ++r) {
      T::set(machine_, r, oracle_.template value<64>(fmt::format("scratch {}", r)));
    }
    T::set(machine_, T::stack_pointer, world_.stack());
    T::init(machine_, oracle_);
  }
  static std::int64_t saved(unsigned r) { return jit::context_offset::registers + 8 * r; }

  void check_assist() {
    prepare();
    T::set(machine_, T::context, world_.context());
    T::set(machine_, T::assist_number, zext<64>(oracle_.template value<32>("insn")));
    machine_before_ = machine_;
    Emission<D> emission;
    typename T::template Translator<D> translator(emission.code(), options_);
    translator.assist(labels());
    code_ = emission.bytes();
    Run<D, T> run(oracle_, world_, code_, start_, trace_);
    if (run.from(machine_, 0) != Exit::left) return;
    require("the runtime is called",
            run.pc == T::aligned(world_.context_at_entry(jit::context_offset::assist)));
    for (unsigned r = 0; r < bpf::reg_count; ++r) {
      require("every register is handed over",
              world_.context_at(saved(r)) == T::reg(machine_before_, T::register_of(r)));
    }
    for (const auto& [offset, value] : world_.context_writes()) {
      if (offset < saved(0)) world_.complain("the rest of the context is left alone");
    }
    require("the runtime gets the context", T::reg(machine_, T::argument(0)) == world_.context());
    require("the runtime gets the instruction's number",
            T::reg(machine_, T::argument(1)) == T::reg(machine_before_, T::assist_number));
    const B64 target = resume(run, "assist");
    for (unsigned r = 0; r < bpf::reg_count; ++r) {
      require("every register is taken back",
              T::reg(machine_, T::register_of(r)) == world_.context_at(saved(r)));
    }
    require("control goes where the runtime says", run.pc == T::aligned(target));
    keep_others();
  }
  B64 resume(Run<D, T>& run, std::string_view why) {
    const auto back = oracle_.distance(start_, T::c_return_address(machine_, world_));
    const B64 result = return_from_c<D, T>(oracle_, world_, machine_, why);
    if (!back || *back <= 0 || *back >= std::ssize(code_)) {
      world_.complain("the call returns into the stub");
      return result;
    }
    run.from(machine_, static_cast<std::size_t>(*back));
    return result;
  }
  void keep_others() {
    for (unsigned r = 0; r < T::register_count; ++r) {
      if (T::is_scratch(r) || T::is_bpf(r)) continue;
      require("other registers are kept", T::reg(machine_, r) == T::reg(machine_before_, r));
    }
    if (world_.wrote_stack_above()) world_.complain("the stack is left alone");
  }

  void check_pad() {
    prepare();
    machine_before_ = machine_;
    labels();  // for start_
    if constexpr (T::template Translator<D>::loop_alignment > 1) {
      for (std::uint32_t count = 1; count <= jit::pad_limit; ++count) check_pad(count);
    }
  }
  void check_pad(std::uint32_t count) {
    Emission<D> emission;
    typename T::template Translator<D> translator(emission.code(), options_);
    translator.pad(count);
    code_ = emission.bytes();
    if (code_.size() != count) return world_.complain("the padding is as long as it should be");
    Run<D, T> run(oracle_, world_, code_, start_, trace_);
    if (run.from(machine_, 0) != Exit::left) return;
    require("control goes on behind the padding", run.pc == start_ + B64::lit(count));
    for (unsigned r = 0; r < T::register_count; ++r) {
      require("every register is kept", T::reg(machine_, r) == T::reg(machine_before_, r));
    }
    if (!world_.events().empty() || world_.private_writes() != 0) {
      world_.complain("padding accesses no memory");
    }
  }

  void check_enter() {
    prepare();
    T::set(machine_, T::argument(0), world_.context());
    machine_before_ = machine_;
    const B64 body = T::reg(machine_, T::argument(1));
    Emission<D> emission;
    typename T::template Translator<D> translator(emission.code(), options_);
    const jit::Labels<D> at = labels();
    translator.enter(at);
    code_ = emission.bytes();
    Run<D, T> run(oracle_, world_, code_, start_, trace_);
    if (run.from(machine_, 0) != Exit::left) return;
    const B64 caller = T::c_return_address(machine_before_, world_);
    require("the body is entered", run.pc == T::aligned(body));
    check_body_registers();
    const auto depth = oracle_.distance(world_.stack(), T::reg(machine_, T::stack_pointer));
    const auto back = oracle_.distance(start_, T::body_return_address(machine_, world_));
    if (!depth || (*depth + T::entry_misalignment) % 16 != 0) {
      return world_.complain("the stack is aligned in the body");
    }
    if (!back || *back <= 0 || *back >= std::ssize(code_)) {
      return world_.complain("the body returns into the epilogue");
    }
    if (stub_ == Stub::leave) return check_leave(at, *depth, caller);
    forget(*depth);
    T::set(machine_, T::stack_pointer, T::stack_after_return(T::reg(machine_, T::stack_pointer)));
    const B64 result = T::reg(machine_, T::register_of(0));
    if (run.from(machine_, static_cast<std::size_t>(*back)) != Exit::left) return;
    require("r0 is returned in full", T::reg(machine_, T::result) == result);
    check_return(run.pc, caller);
  }
  void check_body_registers() {
    for (unsigned r = 0; r < bpf::reg_count; ++r) {
      const bool given = (r >= 1 && r <= 5) || r == 10;
      require("the registers of the body are those of the context, or zero",
              T::reg(machine_, T::register_of(r)) ==
                  (given ? world_.context_at_entry(saved(r)) : B64::lit(0)));
    }
    require("the body has the context", T::reg(machine_, T::context) == world_.context());
    for (const auto& [offset, value] : world_.context_writes()) {
      if (offset != jit::context_offset::entry_sp) {
        world_.complain("the rest of the context is left alone");
      }
    }
  }
  /// A body may change every register of eBPF and all scratch ones, the context and what is below
  /// its stack pointer.
  void forget(std::int64_t depth) {
    for (unsigned r = 0; r < T::register_count; ++r) {
      if (!T::may_body_change(r)) continue;
      T::set(machine_, r, oracle_.template value<64>(fmt::format("scratch {} after body", r)));
    }
    T::renew_flags(machine_, oracle_, "body");
    const B64 entry_sp = world_.context_at(jit::context_offset::entry_sp);
    world_.renew_context("body");
    world_.set_context(jit::context_offset::entry_sp, entry_sp);
    world_.forget_stack_below(depth, "body");
  }
  void check_leave(const jit::Labels<D>& at, std::int64_t depth, B64 caller) {
    forget(depth);
    T::set(machine_, T::stack_pointer, oracle_.template value<64>("deeper stack"));
    Emission<D> emission;
    typename T::template Translator<D> translator(emission.code(), options_);
    translator.leave(at);
    code_ = emission.bytes();
    Run<D, T> run(oracle_, world_, code_, start_, trace_);
    if (run.from(machine_, 0) != Exit::left) return;
    check_return(run.pc, caller);
  }
  void check_return(B64 pc, B64 caller) {
    require("control returns to the caller", pc == T::aligned(caller));
    for (unsigned r = 0; r < T::register_count; ++r) {
      if (!T::is_callee_saved(r)) continue;
      require("callee-saved registers are restored",
              T::reg(machine_, r) == T::reg(machine_before_, r));
    }
    require("the stack pointer is restored",
            T::reg(machine_, T::stack_pointer) == T::stack_after_c_return(world_.stack()));
    if (world_.wrote_stack_above()) world_.complain("the caller's stack is left alone");
  }

  Stub stub_;
  jit::Options options_;
  Oracle<D>& oracle_;
  World<D> world_;
  State machine_{};
  State machine_before_{};
  std::vector<Bv<D, 8>> code_;
  B64 start_{};
  Trace<D, State> trace_;
  std::vector<Bool<D>> assumptions_;
};

}  // namespace probity::theorems
