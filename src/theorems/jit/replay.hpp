// SPDX-License-Identifier: Apache-2.0
// The replay of a counterexample: the theorem itself in Concrete, with the values of the model, on
// each register assignment until one fails. What the machine does then is done by the emulator's
// semantics on the bytes that the shipped translator emits, and on a host of the target's kind by
// the CPU, too: where they differ the counterexample is not one.
#pragma once

#include <optional>
#include <string>

#include "proof/proof.hpp"
#include "theorems/jit/native.hpp"
#include "theorems/jit/stub.hpp"
#include "theorems/jit/variant.hpp"

namespace probity::theorems {

template <PathDomain D>
const Goal<D>* first_failure(const Goals<D>& goals) {
  for (const Goal<D>& goal : goals) {
    if (goal.holds.raw() == 0) return &goal;
  }
  return nullptr;
}
inline bool all_hold(const std::vector<Bool<Concrete>>& assumptions) {
  return std::ranges::all_of(assumptions, [](Bool<Concrete> a) { return a.raw() != 0; });
}

inline std::vector<std::uint8_t> plain_bytes(std::span<const Bv<Concrete, 8>> code) {
  std::vector<std::uint8_t> result;
  for (const auto byte : code) result.push_back(static_cast<std::uint8_t>(byte.raw()));
  return result;
}

/// "rax 0x1 -> 0x2" for each register that changed, with the eBPF register's value beside it.
template <typename T>
std::string register_lines(const typename T::template State<Concrete>& before,
                           const typename T::template State<Concrete>& after) {
  std::string text;
  for (unsigned r = 0; r < T::register_count; ++r) {
    const std::uint64_t from = T::reg(before, r).raw(), to = T::reg(after, r).raw();
    if (from == to) continue;
    text += fmt::format("    {:<4} {:#018x} -> {:#018x}\n", T::register_name(r), from, to);
  }
  return text.empty() ? "    unchanged\n" : text;
}

/// What the host's CPU made of the same code: "  natively: ..." and whether it may stand.
template <typename T, typename Theorem>
proof::ReplayResult judged_natively(const Theorem& theorem, std::string text) {
  if constexpr (requires { T::replay_natively(theorem.trace().stretches()); }) {
    const NativeVerdict verdict = T::replay_natively(theorem.trace().stretches());
    switch (verdict.outcome) {
      case NativeVerdict::Outcome::agrees: text += "  natively: the CPU does the same\n"; break;
      case NativeVerdict::Outcome::not_run:
        text += fmt::format("  natively: not run: {}\n", verdict.text);
        break;
      case NativeVerdict::Outcome::differs:
        text += fmt::format("  natively: the CPU differs from the emulator: {}\n", verdict.text);
        return {proof::Reproduced::no, std::move(text)};
    }
  }
  return {proof::Reproduced::yes, std::move(text)};
}

template <typename T>
std::string insn_text(const Case& insn, InsnTheorem<Concrete, T>& theorem,
                      const Goal<Concrete>& goal) {
  const auto& in = theorem.inputs();
  const bpf::Row& row = bpf::row(insn.form);
  std::string text = fmt::format("  insn: {}", insn.end ? "end of the program" : row.name);
  if (names_dst(insn.form)) text += fmt::format(" dst=r{}", static_cast<unsigned>(insn.dst));
  if (names_src(insn.form)) text += fmt::format(" src=r{}", static_cast<unsigned>(insn.src));
  text += fmt::format(" off={:#x} imm={:#x}\n", in.immediates.off.raw(), in.immediates.imm.raw());
  text += "  eBPF:\n";
  for (unsigned r = 0; r < bpf::reg_count; ++r) {
    const std::uint64_t from = theorem.before()[r].raw(), to = theorem.after()[r].raw();
    const bool named = (names_dst(insn.form) && r == static_cast<unsigned>(insn.dst)) ||
                       (names_src(insn.form) && r == static_cast<unsigned>(insn.src));
    if (from != to || named) text += fmt::format("    r{:<3} {:#018x} -> {:#018x}\n", r, from, to);
  }
  text += fmt::format("  {}:\n{}", T::name,
                      register_lines<T>(theorem.machine_before(), theorem.machine_after()));
  text += fmt::format("  code:\n{}", T::disassemble(plain_bytes(theorem.code())));
  text += fmt::format("  first difference: not so: {}\n", goal.what);
  return text;
}

/// The replay of a counterexample, if these values are one for this case.
template <typename T>
std::optional<proof::ReplayResult> failure_of(const Case& insn, const term::Store& store,
                                              const term::Model& model) {
  Oracle<Concrete> oracle(store, model);
  InsnTheorem<Concrete, T> theorem(insn, oracle);
  theorem.check();
  const Goal<Concrete>* failure = first_failure(theorem.goals());
  if (failure == nullptr || !all_hold(theorem.assumptions())) return std::nullopt;
  return judged_natively<T>(theorem, insn_text<T>(insn, theorem, *failure));
}

template <typename T>
proof::ReplayResult replay_insn(const Case& insn, const term::Store& store,
                                const term::Model& model) {
  for (const bpf::Reg dst : dst_registers(insn.form)) {
    for (const bpf::Reg src : src_registers(insn.form)) {
      for (const FeatureSet& set : T::feature_sets) {
        Case at = insn;
        at.dst = dst;
        at.src = src;
        at.options.features = set.features;
        if (auto result = failure_of<T>(at, store, model)) {
          if (!set.name.empty()) result->text += fmt::format("  features: {}\n", set.name);
          return *std::move(result);
        }
      }
    }
  }
  return {proof::Reproduced::no, "no register assignment differs on these values"};
}

template <typename T>
proof::ReplayResult replay_stub(Stub stub, const jit::Options& options, const term::Store& store,
                                const term::Model& model) {
  Oracle<Concrete> oracle(store, model);
  StubTheorem<Concrete, T> theorem(stub, options, oracle);
  theorem.check();
  const Goal<Concrete>* failure = first_failure(theorem.goals());
  if (failure == nullptr || !all_hold(theorem.assumptions())) {
    return {proof::Reproduced::no, "the stub is right on these values"};
  }
  return judged_natively<T>(
      theorem, fmt::format("  {}:\n{}  code:\n{}  first difference: not so: {}\n", T::name,
                           register_lines<T>(theorem.machine_before(), theorem.machine_after()),
                           T::disassemble(plain_bytes(theorem.code())), failure->what));
}

}  // namespace probity::theorems
