// SPDX-License-Identifier: Apache-2.0
// The run loop and the calls between emulated and native code, once for every target. The emulated
// stack is one buffer: a native function called from the code may enter again, below.
#include "runtime/emulator/emulator.hpp"

#include <fmt/format.h>

#include <cstring>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.hpp"
#include "runtime/emulator/decoded_code.hpp"
#include "runtime/emulator/target_riscv.hpp"
#include "runtime/emulator/target_x86.hpp"

namespace probity::runtime {
namespace {

using Word = Bv<Concrete, 64>;

/// Where enter() makes its callee return to: nothing else has this address.
constexpr std::uint8_t return_marker = 0;

/// Bytes below the stack pointer that a call destroys: more than any red zone.
constexpr std::uint64_t destroyed_stack_bytes = 512;
/// What a call leaves in registers and stack, and what registers hold at the start: recognizable,
/// and no address.
constexpr std::uint64_t destroyed = 0xdead'dead'dead'0000;
constexpr int destroyed_byte = 0xde;
constexpr std::uint64_t undefined_result = 0xbadb'adba'dbad'badb;

std::uint64_t address_of(const void* pointer) {
  return reinterpret_cast<std::uint64_t>(pointer);
}

using Function = std::variant<jit::Helper, jit::Assist>;

std::uint64_t call(jit::Helper helper, std::span<const std::uint64_t, 6> a) {
  return helper(a[0], a[1], a[2], a[3], a[4], reinterpret_cast<jit::Context*>(a[5]));
}
std::uint64_t call(jit::Assist assist, std::span<const std::uint64_t, 6> a) {
  return address_of(assist(reinterpret_cast<jit::Context*>(a[0]), a[1]));
}

std::unexpected<Diagnostic> broken(std::string_view what) {
  return error(Fault::bug, fmt::format("emulator: {}", what));
}

/// State that all targets share.
class Common {
 public:
  void set_step_limit(std::uint64_t steps) { step_limit_ = steps; }
  std::uint64_t steps() const { return steps_; }

 protected:
  std::unordered_map<std::uint64_t, Function> functions_;  ///< by the pc of a call
  std::uint64_t step_limit_ = default_step_limit;
  std::uint64_t steps_ = 0;
  unsigned depth_ = 0;  ///< enter() calls in progress
  std::vector<std::uint8_t> stack_ = std::vector<std::uint8_t>(emulated_stack_bytes);
  /// Where the next enter() starts; the stack grows down.
  std::uint64_t stack_top_ = (address_of(stack_.data()) + stack_.size()) & ~std::uint64_t{15};
};

template <typename Target>
class MachineOf : public Common {
 public:
  void add_code(std::span<const std::uint8_t> code) { code_.add(code); }
  void add_function(Function function);
  Expected<std::uint64_t> enter(const jit::Context& context, std::uint64_t entry,
                                std::uint64_t body);

 private:
  using Reg = typename Target::Reg;
  struct Core {
    typename Target::State state;
    HostMemory memory{undefined_result};
    std::uint64_t pc = 0;
  };

  static std::uint64_t reg(const Core& core, Reg r) { return core.state.reg(r).raw(); }
  static std::uint64_t pattern(Reg r) { return destroyed | static_cast<std::uint64_t>(r); }
  Expected<void> run(Core& core);
  const Function* function_at(std::uint64_t pc) const {
    const auto found = functions_.find(pc);
    return found == functions_.end() ? nullptr : &found->second;
  }
  Expected<void> leave_code(Core& core, std::uint64_t from);
  Expected<void> call_function(Core& core, const Function& function, std::uint64_t from);
  std::string place(std::uint64_t pc) {
    const std::uint64_t start = code_.start_of(pc);
    return fmt::format("code {:#x}+{:#x}", start, pc - start);
  }

  DecodedCode<Target> code_;
};

/// A call may lose the lowest bits of the address: those that no instruction of the target has.
template <typename Target>
void MachineOf<Target>::add_function(Function function) {
  const std::uint64_t address =
      std::visit([](auto f) { return reinterpret_cast<std::uint64_t>(f); }, function);
  if (address == 0) return;
  const auto [known, added] =
      functions_.try_emplace(address & ~(Target::insn_alignment - 1), function);
  PROBITY_CHECK(added || known->second == function);
}

/// The pc is no instruction's: calls the function there. `from` is the last instruction.
template <typename Target>
Expected<void> MachineOf<Target>::leave_code(Core& core, std::uint64_t from) {
  if (const Function* function = function_at(core.pc)) return call_function(core, *function, from);
  if (code_.contains(core.pc))
    return broken(fmt::format("{}: no instruction of the table", place(core.pc)));
  return broken(
      fmt::format("{}: jump to {:#x}, which is neither code nor a function", place(from), core.pc));
}

template <typename Target>
Expected<void> MachineOf<Target>::run(Core& core) {
  std::uint64_t from = core.pc;
  std::uint64_t left = step_limit_;
  while (core.pc != address_of(&return_marker)) {
    const auto* insn = code_.at(core.pc);
    if (insn == nullptr) {
      TRY(leave_code(core, from));
      continue;
    }
    if (left-- == 0)
      return error(Fault::limit, fmt::format("emulator: {}: {} steps are the limit", place(core.pc),
                                             step_limit_));
    from = core.pc;
    core.pc = Target::execute(*insn, core.state, Word::lit(from), core.memory).raw();
    ++steps_;
    if (core.memory.trapped()) return broken(fmt::format("{}: the instruction traps", place(from)));
  }
  return {};
}

/// Performs the C call that the code has jumped into.
template <typename Target>
Expected<void> MachineOf<Target>::call_function(Core& core, const Function& function,
                                                std::uint64_t from) {
  const std::uint64_t top = reg(core, Target::stack_pointer);
  if (top % 16 != Target::stack_remainder)
    return broken(
        fmt::format("{}: call with stack pointer {:#x}, which is not aligned", place(from), top));
  if (top - address_of(stack_.data()) >= stack_.size())
    return broken(
        fmt::format("{}: call with stack pointer {:#x} outside the stack", place(from), top));
  std::array<std::uint64_t, 6> arguments;
  for (std::size_t i = 0; i < arguments.size(); ++i) arguments[i] = reg(core, Target::arguments[i]);
  const std::uint64_t outer_top = std::exchange(stack_top_, top & ~std::uint64_t{15});
  const std::uint64_t result =
      std::visit([&](auto f) { return call(f, std::span(arguments)); }, function);
  stack_top_ = outer_top;
  const std::uint64_t below =
      std::min<std::uint64_t>(top - address_of(stack_.data()), destroyed_stack_bytes);
  std::memset(reinterpret_cast<void*>(top - below), destroyed_byte, below);
  core.pc = Target::end_call(core.state, core.memory);
  for (const Reg r : Target::caller_saved) core.state.set_reg(r, Word::lit(pattern(r)));
  Target::destroy_flags(core.state);
  core.state.set_reg(Target::result, Word::lit(result));
  return {};
}

template <typename Target>
Expected<std::uint64_t> MachineOf<Target>::enter(const jit::Context& context, std::uint64_t entry,
                                                 std::uint64_t body) {
  if (stack_top_ - address_of(stack_.data()) < stack_bytes_per_enter ||
      depth_ == nested_enter_limit)
    return error(Fault::limit,
                 fmt::format("emulator: {} nested entries, {} bytes of stack left; the limits are "
                             "{} and {}",
                             depth_, stack_top_ - address_of(stack_.data()), nested_enter_limit,
                             stack_bytes_per_enter));
  Core core;
  for (const Reg r : Target::caller_saved) core.state.set_reg(r, Word::lit(pattern(r)));
  for (const Reg r : Target::callee_saved) core.state.set_reg(r, Word::lit(pattern(r)));
  Target::destroy_flags(core.state);
  core.state.set_reg(Target::stack_pointer, Word::lit(stack_top_));
  core.state.set_reg(Target::arguments[0], Word::lit(address_of(&context)));
  core.state.set_reg(Target::arguments[1], Word::lit(body));
  Target::begin_call(core.state, address_of(&return_marker), core.memory);
  core.pc = entry;
  ++depth_;
  const Expected<void> ran = run(core);
  --depth_;
  TRY(ran);
  for (const Reg r : Target::callee_saved) {
    if (reg(core, r) != pattern(r))
      return broken(fmt::format("enter at {}: callee-saved register {} was {:#x}, is {:#x}",
                                place(entry), static_cast<unsigned>(r), pattern(r), reg(core, r)));
  }
  if (reg(core, Target::stack_pointer) != stack_top_)
    return broken(fmt::format("enter at {}: the stack pointer was {:#x}, is {:#x}", place(entry),
                              stack_top_, reg(core, Target::stack_pointer)));
  return reg(core, Target::result);
}

}  // namespace

struct Emulator::Machine {
  std::variant<MachineOf<TargetX86>, MachineOf<TargetRiscv>> of;

  explicit Machine(jit::Target target) {
    switch (target) {
      case jit::Target::x86_64: of.emplace<MachineOf<TargetX86>>(); break;
      case jit::Target::rv64: of.emplace<MachineOf<TargetRiscv>>(); break;
    }
  }
  template <typename Visitor>
  auto visit(Visitor visitor) {
    return std::visit(visitor, of);
  }
};

Emulator::Emulator(jit::Target target) : machine_(std::make_unique<Machine>(target)) {}
Emulator::~Emulator() = default;
Emulator::Emulator(Emulator&&) noexcept = default;
Emulator& Emulator::operator=(Emulator&&) noexcept = default;

void Emulator::add_code(std::span<const std::uint8_t> code) {
  machine_->visit([&](auto& machine) { machine.add_code(code); });
}
void Emulator::add_function(jit::Helper function) {
  machine_->visit([&](auto& machine) { machine.add_function(function); });
}
void Emulator::add_function(jit::Assist function) {
  machine_->visit([&](auto& machine) { machine.add_function(function); });
}
void Emulator::set_step_limit(std::uint64_t steps) {
  machine_->visit([&](auto& machine) { machine.set_step_limit(steps); });
}
Expected<std::uint64_t> Emulator::enter(jit::Context& context, const std::uint8_t* enter,
                                        const std::uint8_t* body) {
  return machine_->visit(
      [&](auto& machine) { return machine.enter(context, address_of(enter), address_of(body)); });
}
std::uint64_t Emulator::steps() const {
  return machine_->visit([](auto& machine) { return machine.steps(); });
}

}  // namespace probity::runtime
