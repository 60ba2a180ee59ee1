// SPDX-License-Identifier: Apache-2.0
// Translated code as an Engine: natively, or on the emulator of its target. The session plays the
// kernel's part as for the interpreter; the Context connects it with the code: helpers are C++
// functions that the code calls, everything rare comes back as an assist and is executed by
// execute_one(). Machine holds the guest's state whenever the code has handed over.
#include <algorithm>
#include <bit>
#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "base/check.hpp"
#include "jit/context.hpp"
#include "runtime/call_bound.hpp"
#include "runtime/emulator/emulator.hpp"
#include "runtime/engine.hpp"
#include "runtime/linked_code.hpp"
#include "runtime/session.hpp"
#include "runtime/translation.hpp"

namespace probity::runtime {
namespace {

static_assert(sizeof(Region) == 1u << jit::region_layout::size_log2);
static_assert(offsetof(Region, host) == jit::region_layout::host);
static_assert(offsetof(Region, readable_starts) == jit::region_layout::readable_starts);
static_assert(offsetof(Region, writable_starts) == jit::region_layout::writable_starts);
static_assert(jit::first_map == region::first_map);
static_assert(jit::helper_limit == max_helper_id + 1);

constexpr std::int64_t stride = stack_bytes_per_frame;
static_assert(jit::frame_bytes == stride);

class TranslatedEngine;

/// What the code's r12 or s6 points at.
struct Running : jit::Context {
  TranslatedEngine* engine = nullptr;
};

template <std::uint32_t id>
std::uint64_t helper_entry(std::uint64_t r1, std::uint64_t r2, std::uint64_t r3, std::uint64_t r4,
                           std::uint64_t r5, jit::Context* context);
const std::uint8_t* assist_entry(jit::Context* context, std::uint64_t insn);

template <std::size_t... ids>
constexpr std::array<jit::Helper, sizeof...(ids)> helper_table(std::index_sequence<ids...>) {
  return {helper_entry<ids>...};
}

class TranslatedEngine final : public Engine, private FunctionRunner {
 public:
  TranslatedEngine(EngineKind kind, const program::View& program, const InterpLimits& limits)
      : kind_(kind), program_(program), limits_(limits), session_(program_) {}

  Expected<void> load(const TranslationOptions& options) {
    options_ = options;
    TRY(code_.load(program_));
    code_.connect(session_);
    TRY(translation_.make(code_.programs(), options));
    for (const TranslatedProgram& program : translation_.programs()) TRY(require_bounded(program));
    if (is_emulated(kind_)) {
      prepare_emulator();
    } else {
      TRY(translation_.seal());
    }
    TRY(session_.make_maps());
    make_tail_tables();
    resolve_constant_addresses();
    connect_context();
    frames_ = std::ranges::any_of(translation_.programs(), &TranslatedProgram::has_frames)
                  ? max_frames
                  : 1;
    return {};
  }

  std::string_view engine_name() const override { return name(kind_); }

  Expected<RunOutput> run(const RunInput& input) override {
    using Clock = std::chrono::steady_clock;
    if (input.repeat == 0) return error(Fault::bad_input, "repeat 0 is below 1");
    if (!is_checked() && !input.raw_memory) {
      return error(Fault::unsupported,
                   fmt::format("engine {} runs bare programs on memory: {} has a ctx",
                               engine_name(), program_.name));
    }
    RunOutput output;
    std::chrono::nanoseconds spent{0};
    for (std::uint32_t i = 0; i < input.repeat; ++i) {
      TRY(begin_run(input));
      const Clock::time_point start = Clock::now();
      const RunResult result = enter(translation_.programs().front(), 0);
      spent += Clock::now() - start;
      if (broken_) return std::unexpected(*broken_);
      output = session_.end_run(machine_, result);
      output.insns_executed = 0;  // not counted
      if (result != RunResult::returned) break;
    }
    output.nanoseconds_per_run = static_cast<double>(spent.count()) / input.repeat;
    return output;
  }

  Expected<MapContents> read_map(std::string_view name) override { return session_.read_map(name); }
  Expected<Bytes> read_records(std::string_view name) override {
    return session_.read_records(name);
  }
  Expected<void> write_map(const MapContents& contents) override {
    TRY(session_.write_map(contents));
    take_tail_targets(contents);
    return {};
  }

  /// A call of a helper; a fault leaves through Context::stop.
  std::uint64_t call_helper(std::uint32_t id, const std::array<std::uint64_t, 5>& arguments) {
    for (unsigned i = 0; i < arguments.size(); ++i) machine_.regs[i + 1] = arguments[i];
    const TranslatedProgram& caller = translation_.owner(context_.insn);
    machine_.environment_slot = static_cast<std::uint32_t>(context_.insn) - caller.first_insn;
    const HelperFlow flow = session_.call_helper(machine_, id);
    publish_regions();
    if (flow != HelperFlow::next) [[unlikely]] {
      PROBITY_CHECK(flow == HelperFlow::fault);  // tail calls do not come here
      machine_.fault.slot = machine_.environment_slot;
      context_.stop = 1;
    }
    return machine_.regs[0];
  }

  /// Executes instruction `number`; gives the address to go on at.
  const std::uint8_t* assist(std::uint64_t number) {
    const TranslatedProgram& program = translation_.owner(number);
    const auto slot = static_cast<std::uint32_t>(number) - program.first_insn;
    take_registers(program);
    const std::uint8_t* const leave = program.code.data() + program.leave;
    const bool is_insn = slot < program.insns.size() && program.insns[slot].is_insn;
    if (!is_insn) return stop(slot, FaultKind::jump_out_of_range, slot), leave;
    const bpf::Insn& insn = program.insns[slot].insn;
    if (context_.fuel == 0) return stop(slot, FaultKind::out_of_fuel, 0), leave;
    --context_.fuel;
    session_.tail_calls() =
        program::tail_call_limit - static_cast<std::uint32_t>(context_.tail_calls_left);
    const Step step = execute_one(machine_, insn, slot);
    context_.tail_calls_left = program::tail_call_limit - session_.tail_calls();
    give_registers();
    publish_regions();
    switch (step.end) {
      case StepEnd::slot:
        if (needs_address(insn)) {
          addresses_[program.insns[slot].address_index] =
              machine_.regs[static_cast<unsigned>(insn.dst)];
        }
        return program.at(step.slot);
      case StepEnd::tail_call: return translation_.translated(machine_.code).at(0);
      case StepEnd::returned: return leave;
      case StepEnd::fault: context_.stop = 1; return leave;
    }
    PROBITY_UNREACHABLE("step");
  }

 private:
  bool is_checked() const { return options_.options.memory == jit::Memory::checked; }

  static Expected<void> require_bounded(const TranslatedProgram& program) {
    if (call_bound(program.insns) <= call_bound_limit) return {};
    return error(Fault::unsupported,
                 fmt::format("{}: its functions may make more than {} calls without a jump "
                             "backward, where the fuel is taken",
                             program.program->view->name, call_bound_limit));
  }

  void prepare_emulator() {
    emulator_.emplace(options_.target);
    for (const TranslatedProgram& program : translation_.programs()) {
      emulator_->add_code(program.code);
    }
    for (const jit::Helper helper : helpers) emulator_->add_function(helper);
    emulator_->add_function(assist_entry);
  }

  void make_tail_tables() {
    tail_entries_.resize(program_.maps.size());
    for (const LinkedTail& tail : code_.tails()) set_tail_entry(tail);
    for (const std::vector<const std::uint8_t*>& entries : tail_entries_) {
      tail_tables_.push_back({entries.size(), entries.data()});
    }
  }

  void set_tail_entry(const LinkedTail& tail) {
    std::vector<const std::uint8_t*>& entries = tail_entries_[tail.map];
    if (entries.size() <= tail.index) entries.resize(tail.index + std::size_t{1});
    entries[tail.index] = translation_.programs()[tail.program].at(0);
  }

  /// What a user put into a prog_array becomes known to translated code.
  void take_tail_targets(const MapContents& contents) {
    const auto map = std::ranges::find(program_.maps, contents.map, &program::MapDef::name);
    if (map == program_.maps.end() || map->type != program::MapType::prog_array) return;
    const auto number = static_cast<std::uint32_t>(map - program_.maps.begin());
    for (const MapEntry& entry : contents.entries) {
      const auto index = load_le<std::uint32_t>(entry.key.data());  // write_map() took it
      const std::span<const Op> code = session_.tail_target(contents.map, index);
      const auto found = std::ranges::find_if(code_.programs(), [code](const LinkedProgram& one) {
        return one.ops.data() == code.data();
      });
      PROBITY_CHECK(found != code_.programs().end());
      set_tail_entry({number, index, static_cast<std::size_t>(found - code_.programs().begin())});
    }
    tail_tables_[number] = {tail_entries_[number].size(), tail_entries_[number].data()};
  }

  /// Maps and functions have the same address in every run; values of maps get theirs in the run.
  void resolve_constant_addresses() {
    constant_addresses_.resize(translation_.address_count());
    for (const TranslatedProgram& program : translation_.programs()) {
      for (std::size_t slot = 0; slot < program.insns.size(); ++slot) {
        const NumberedInsn& one = program.insns[slot];
        const bool is_map = one.insn.form == bpf::Form::lddw_map;
        if (!one.is_insn || (!is_map && one.insn.form != bpf::Form::lddw_func)) continue;
        machine_.environment_slot = static_cast<std::uint32_t>(slot);
        const std::uint64_t address =
            session_.address_of(machine_, is_map ? bpf::ImmOp::map : bpf::ImmOp::func,
                                static_cast<std::uint32_t>(one.insn.imm),
                                static_cast<std::uint32_t>(one.insn.next_imm));
        // A bad one faults when it is executed.
        if (machine_.fault.kind == FaultKind::none)
          constant_addresses_[one.address_index] = address;
        machine_.fault = {};
      }
    }
    addresses_ = constant_addresses_;
  }

  void connect_context() {
    context_.engine = this;
    context_.tail_tables = tail_tables_.data();
    context_.tail_table_count = tail_tables_.size();
    context_.helpers = helpers.data();
    context_.addresses = addresses_.data();
    context_.assist = assist_entry;
    const auto deepest = static_cast<std::int64_t>(max_frames - 1);
    context_.last_frame = is_checked()
                              ? first_frame() + static_cast<std::uint64_t>(deepest) * (1ull << 32)
                              : first_frame() - static_cast<std::uint64_t>(deepest * stride);
  }

  /// r10 of the main function.
  std::uint64_t first_frame() const {
    if (is_checked()) return address_of(region::first_stack, stack_bytes_per_frame);
    return reinterpret_cast<std::uint64_t>(machine_.stacks.data() + machine_.stacks.size());
  }

  std::uint32_t depth_of(std::uint64_t frame) const {
    const std::uint64_t depth = is_checked() ? (frame - first_frame()) >> 32
                                             : (first_frame() - frame) / stack_bytes_per_frame;
    PROBITY_CHECK(depth < max_frames);  // nothing writes r10 but calls and their returns
    return static_cast<std::uint32_t>(depth);
  }

  Expected<void> begin_run(const RunInput& input) {
    machine_.code = code_.main().ops;
    TRY(session_.begin_run(machine_, input, limits_.fuel_insns));
    machine_.functions = this;
    machine_.stop_depth = 0;
    // Translated calls do not fill their frames: what they find is zero, or of this run.
    const std::size_t frames = is_checked() ? frames_ : max_frames;  // unchecked, the last is first
    for (std::size_t i = 1; i < frames; ++i) machine_.stacks[i].fill(0);
    machine_.may_goto_left.fill(may_goto_limit);
    std::ranges::copy(constant_addresses_, addresses_.begin());
    context_.fuel = limits_.fuel_insns;
    context_.tail_calls_left = program::tail_call_limit;
    context_.stop = 0;
    if (!is_checked()) {
      machine_.regs[1] = reinterpret_cast<std::uint64_t>(session_.packet().visible().data());
      machine_.regs[10] = first_frame();
    }
    context_.region_count = machine_.regions.size();
    forget_regions();
    return {};
  }

  void publish_regions() {
    context_.region_count = machine_.regions.size();
    if (context_.regions != machine_.regions.data()) forget_regions();
  }

  /// The code remembers entries of the table: a table that moved, or was made anew, has others.
  void forget_regions() {
    context_.regions = machine_.regions.data();
    std::ranges::fill(context_.known, jit::KnownRegion{0, context_.regions});
  }

  /// Where the frame of a function lies in the host; frames follow each other.
  std::uint64_t frame_memory(std::uint32_t depth) const {
    return reinterpret_cast<std::uint64_t>(machine_.stacks[depth].data() + stack_bytes_per_frame);
  }

  void take_registers(const TranslatedProgram& program) {
    std::ranges::copy(context_.registers, machine_.regs.begin());
    machine_.depth = depth_of(machine_.regs[10]);
    machine_.code = program.program->ops;
  }

  void give_registers() { std::ranges::copy(machine_.regs, std::begin(context_.registers)); }

  void stop(std::uint32_t slot, FaultKind kind, std::uint64_t value) {
    machine_.raise(kind, value, 0);
    if (machine_.fault.slot == unlocated) machine_.fault.slot = slot;
    context_.stop = 1;
  }

  /// Runs the function at `slot` with the registers of the machine; r0 goes there.
  RunResult enter(const TranslatedProgram& program, std::uint32_t slot) {
    give_registers();
    context_.frame = frame_memory(machine_.depth);
    const std::uint8_t* const entry = program.code.data() + program.enter;
    if (!emulator_) {
      machine_.regs[0] = std::bit_cast<jit::Enter>(entry)(&context_, program.at(slot));
    } else {
      Expected<std::uint64_t> r0 = emulator_->enter(context_, entry, program.at(slot));
      if (r0) machine_.regs[0] = *r0;
      if (!r0 && !broken_) broken_ = r0.error();
      if (broken_) return RunResult::fault;
    }
    return machine_.fault.kind == FaultKind::none ? RunResult::returned : RunResult::fault;
  }

  RunResult run_function(Machine& machine, std::uint32_t slot) override {
    if (context_.fuel == 0) {
      machine.raise(FaultKind::out_of_fuel, 0, 0);
      return RunResult::fault;
    }
    --context_.fuel;
    const std::uint32_t depth = machine.depth;
    const std::span<const Op> code = machine.code;
    const std::uint64_t outer_sp = context_.entry_sp;
    const std::uint64_t outer_frame = context_.frame;
    const RunResult result = enter(translation_.translated(code), slot);
    context_.entry_sp = outer_sp;
    context_.frame = outer_frame;
    machine.depth = depth;
    machine.code = code;
    return result;
  }

  static const std::array<jit::Helper, jit::helper_limit> helpers;

  EngineKind kind_;
  program::View program_;
  InterpLimits limits_;
  TranslationOptions options_;
  Session session_;
  LinkedCode code_;
  Translation translation_;
  std::optional<Emulator> emulator_;
  std::optional<Diagnostic> broken_;  // what the emulator found wrong with the code
  Running context_;
  std::vector<std::uint64_t> constant_addresses_;
  std::vector<std::uint64_t> addresses_;
  std::size_t frames_ = 1;                                      ///< that the program may use
  std::vector<std::vector<const std::uint8_t*>> tail_entries_;  // by map
  std::vector<jit::TailTable> tail_tables_;                     // by map
  Machine machine_;
};

constinit const std::array<jit::Helper, jit::helper_limit> TranslatedEngine::helpers =
    helper_table(std::make_index_sequence<jit::helper_limit>());

TranslatedEngine& engine_of(jit::Context* context) {
  return *static_cast<Running*>(context)->engine;
}

template <std::uint32_t id>
std::uint64_t helper_entry(std::uint64_t r1, std::uint64_t r2, std::uint64_t r3, std::uint64_t r4,
                           std::uint64_t r5, jit::Context* context) {
  return engine_of(context).call_helper(id, {r1, r2, r3, r4, r5});
}

const std::uint8_t* assist_entry(jit::Context* context, std::uint64_t insn) {
  return engine_of(context).assist(insn);
}

Expected<TranslationOptions> options_for(EngineKind kind) {
  TranslationOptions options;
  switch (kind) {
    case EngineKind::emu_x86_64:
      options.target = jit::Target::x86_64;
      options.options.features = jit::feature::x86_bmi2;
      return options;
    case EngineKind::emu_rv64: options.target = jit::Target::rv64; return options;
    case EngineKind::jit_unchecked: options.options.memory = jit::Memory::unchecked; break;
    case EngineKind::jit_blinded:
      options.options.blinding = jit::Blinding::on;
      options.blinding_seed = std::random_device()() | std::uint64_t{std::random_device()()} << 32;
      break;
    case EngineKind::jit:
    case EngineKind::interp:
    case EngineKind::kernel: break;
  }
  const std::optional<jit::Target> host = host_target();
  if (!host) {
    return error(Fault::unsupported,
                 fmt::format("engine {}: {}", name(kind), jit_unavailable_reason()));
  }
  options.target = *host;
  options.options.features = host_features();
  return options;
}

}  // namespace

std::string jit_unavailable_reason() {
  if (host_target()) return {};
  return "this host is neither x86-64 nor riscv64; emu:x86_64 and emu:rv64 run anywhere";
}

Expected<std::unique_ptr<Engine>> load_translated(EngineKind kind, const program::View& program,
                                                  const InterpLimits& limits) {
  TRY(const TranslationOptions options, options_for(kind));
  auto engine = std::make_unique<TranslatedEngine>(kind, program, limits);
  TRY(engine->load(options));
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace probity::runtime
