// SPDX-License-Identifier: Apache-2.0
// The meaning runs twice on the scratch memory, with two patterns for what is undefined; where the
// two agree the result is defined and must be the CPU's.
#include "native_comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/check.hpp"
#include "isa/code.hpp"
#include "isa/x86/decode.hpp"
#include "isa/x86/encode.hpp"
#include "isa/x86/semantics_impl.hpp"
#include "native_cpu.hpp"
#include "random_cases.hpp"
#include "runtime/emulator/host_memory.hpp"

namespace probity {
namespace {

using x86::OperandKind;
using x86::Operation;
using x86::Reg;
using Word = Bv<Concrete, 64>;
using Memory = std::vector<std::uint8_t>;

constexpr unsigned states_per_insn = 2;

NativeCpu* cpu() {
  static const std::unique_ptr<NativeCpu> opened = NativeCpu::open();
  return opened.get();
}

struct Outcome {
  x86::State<Concrete> state;
  Memory memory;
  std::uint64_t next = 0;
  bool trapped = false;
};

struct Case {
  x86::Insn<Concrete> insn;
  x86::State<Concrete> before;
  Memory memory;
  std::vector<std::uint8_t> code;
};

Memory scratch_contents() {
  const auto scratch = cpu()->scratch();
  return {scratch.begin(), scratch.end()};
}
void fill_scratch(const Memory& memory) {
  std::ranges::copy(memory, cpu()->scratch().begin());
}

Outcome meaning(const Case& c, std::uint64_t undefined) {
  fill_scratch(c.memory);
  runtime::HostMemory world(undefined);
  Outcome outcome;
  outcome.state = c.before;
  outcome.next = x86::execute(c.insn, outcome.state, Word::lit(cpu()->insn_address()), world).raw();
  outcome.memory = scratch_contents();
  outcome.trapped = world.trapped();
  return outcome;
}

/// The next pc of a native run; an address that is no instruction's when it trapped.
Outcome on_cpu(const Case& c) {
  fill_scratch(c.memory);
  const NativeRun run = cpu()->run(c.before);
  Outcome outcome;
  outcome.state = run.state;
  outcome.memory = scratch_contents();
  switch (run.landing) {
    case Landing::next: outcome.next = cpu()->insn_address() + c.code.size(); break;
    case Landing::pad_before: outcome.next = cpu()->pad_before(); break;
    case Landing::pad_behind: outcome.next = cpu()->pad_behind(c.code.size()); break;
    case Landing::trap: outcome.trapped = true; break;
  }
  return outcome;
}

std::string differs(std::string_view what, std::uint64_t meant, std::uint64_t was) {
  return fmt::format("{}: meaning {:#x}, CPU {:#x}", what, meant, was);
}

/// Bits on which the two runs of the meaning agree are the defined ones.
std::optional<std::string> word_difference(std::string_view what, std::uint64_t a, std::uint64_t b,
                                           std::uint64_t was) {
  const std::uint64_t defined = ~(a ^ b);
  if (((a ^ was) & defined) == 0) return std::nullopt;
  return differs(what, a, was);
}

std::optional<std::string> state_difference(const Outcome& a, const Outcome& b,
                                            const Outcome& was) {
  for (std::size_t i = 0; i < 16; ++i) {
    const auto text = word_difference(fmt::format("register {}", i), a.state.gpr[i].raw(),
                                      b.state.gpr[i].raw(), was.state.gpr[i].raw());
    if (text) return text;
  }
  using State = x86::State<Concrete>;
  static constexpr std::pair<const char*, Bool<Concrete> State::*> flags[] = {{"cf", &State::cf},
                                                                              {"pf", &State::pf},
                                                                              {"zf", &State::zf},
                                                                              {"sf", &State::sf},
                                                                              {"of", &State::of}};
  for (const auto& [name, flag] : flags) {
    const auto text = word_difference(name, (a.state.*flag).raw(), (b.state.*flag).raw(),
                                      (was.state.*flag).raw());
    if (text) return text;
  }
  return std::nullopt;
}

std::optional<std::string> difference(const Case& c) {
  const Outcome a = meaning(c, 0), b = meaning(c, ~std::uint64_t{0}), was = on_cpu(c);
  if (a.trapped != was.trapped) return differs("trap", a.trapped, was.trapped);
  if (a.trapped) return std::nullopt;
  if (a.next != was.next) return differs("next pc", a.next, was.next);
  for (std::size_t i = 0; i < a.memory.size(); ++i) {
    if (a.memory[i] != was.memory[i])
      return differs(fmt::format("memory byte {}", i), a.memory[i], was.memory[i]);
  }
  return state_difference(a, b, was);
}

std::vector<std::uint8_t> encoded(const x86::Insn<Concrete>& insn) {
  std::vector<std::uint8_t> bytes(isa::max_sequence_bytes);
  isa::Code<Concrete> code(bytes.data());
  x86::put(code, insn);
  bytes.resize(code.size());
  return bytes;
}

void write_scratch(Case& c, std::uint64_t address, std::uint64_t value) {
  const std::uint64_t offset = address - reinterpret_cast<std::uint64_t>(cpu()->scratch().data());
  PROBITY_CHECK(offset + sizeof value <= c.memory.size());
  std::memcpy(c.memory.data() + offset, &value, sizeof value);
}

/// Gives a branch one of the landing pads as its target.
void aim_branch(Case& c, bool backward) {
  const x86::Action& action = x86::action(c.insn.form);
  const bool is_rel = action.operands[0].kind == OperandKind::rel;
  const bool is_branch = is_rel || action.operation == Operation::jmp ||
                         action.operation == Operation::call || action.operation == Operation::ret;
  if (!is_branch) return;
  const std::size_t length = encoded(c.insn).size();
  const std::uint64_t pad = backward ? cpu()->pad_before() : cpu()->pad_behind(length);
  if (is_rel)
    c.insn.imm = Word::lit(pad - (cpu()->insn_address() + length));
  else if (action.operation == Operation::ret)
    write_scratch(c, c.before.reg(Reg::rsp).raw(), pad);
  else if (c.insn.rm_is_mem)
    write_scratch(c, x86::effective_address(c.insn.mem, c.before).raw(), pad);
  else
    c.before.set_reg(c.insn.rm, Word::lit(pad));
}

/// Half of the comparisons of cmpxchg succeed.
void aim_comparison(Case& c, bool succeeds) {
  if (x86::action(c.insn.form).operation != Operation::cmpxchg || !succeeds) return;
  if (!c.insn.rm_is_mem) {
    const std::uint64_t low = x86::row(c.insn.form).wide ? ~std::uint64_t{0} : 0xffffffff;
    const std::uint64_t old = c.before.reg(c.insn.rm).raw();
    const std::uint64_t equal = (old & ~low) | (c.before.reg(Reg::rax).raw() & low);
    c.before.set_reg(c.insn.rm, Word::lit(equal));
  } else {
    const std::uint64_t address = x86::effective_address(c.insn.mem, c.before).raw();
    write_scratch(c, address, c.before.reg(Reg::rax).raw());
  }
}

bool needs_stack_elsewhere(const x86::Insn<Concrete>& insn) {
  return x86::action(insn.form).operation == Operation::call && !insn.rm_is_mem &&
         insn.rm == Reg::rsp;
}

std::string describe(const Case& c, std::string_view text) {
  std::string line = fmt::format("{}:", x86::row(c.insn.form).name);
  for (const std::uint8_t byte : c.code) line += fmt::format(" {:02x}", byte);
  line += fmt::format("; {}; before:", text);
  for (const Word& value : c.before.gpr) line += fmt::format(" {:#x}", value.raw());
  return line + fmt::format(" cf {} pf {} zf {} sf {} of {}", c.before.cf.raw(), c.before.pf.raw(),
                            c.before.zf.raw(), c.before.sf.raw(), c.before.of.raw());
}

/// Encodes the case's instruction and decodes it again: the meaning runs what was decoded.
bool settle(Case& c) {
  c.code = encoded(c.insn);
  const auto decoded = x86::decode(std::span<const std::uint8_t>(c.code));
  if (!decoded || decoded->form != c.insn.form) return false;
  c.insn = *decoded;
  return true;
}

}  // namespace

std::string skip_reason(x86::Form form) {
  if (cpu() == nullptr) return "no x86-64 host";
  if (!x86::row(form).vex()) return "";
  const std::string missing = missing_bmi2();
  return missing.empty() ? "" : "the CPU has no " + missing;
}

std::string difference_from_cpu(x86::Form form, unsigned state_count, std::uint64_t seed) {
  const auto scratch = cpu()->scratch();
  RandomCases random(seed, {reinterpret_cast<std::uint64_t>(scratch.data()), scratch.size()});
  Case c;
  c.memory.resize(scratch.size());
  for (unsigned i = 0; i < state_count; ++i) {
    if (i % states_per_insn == 0) {
      do c.insn = random.insn(form);
      while (needs_stack_elsewhere(c.insn));
      for (std::uint8_t& byte : c.memory) byte = static_cast<std::uint8_t>(random.word());
    }
    c.before = random.state(c.insn);
    aim_branch(c, random.below(2) == 0);
    aim_comparison(c, random.below(2) == 0);
    if (!settle(c)) return describe(c, "the encoding decodes to something else");
    cpu()->place(c.code);
    if (const auto text = difference(c)) return describe(c, *text);
  }
  return "";
}

}  // namespace probity
