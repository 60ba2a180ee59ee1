// SPDX-License-Identifier: Apache-2.0
// The interpreter as an Engine: predecodes a linked program once, then runs it on a Session that
// plays the kernel's part. What the interpreter does not model is refused here, before anything
// runs.
#include <chrono>
#include <cstddef>
#include <cstring>
#include <deque>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "isa/bpf/codec.hpp"
#include "program/spec_call.hpp"
#include "runtime/engine.hpp"
#include "runtime/helper_call.hpp"
#include "runtime/session.hpp"

namespace probity::runtime {
namespace {

constexpr std::size_t max_slots = 1u << 20;

std::unexpected<Diagnostic> unsupported(const program::View& program, std::size_t slot,
                                        std::string what) {
  return error(Fault::unsupported, fmt::format("{}: slot {}: {}", program.name, slot, what));
}

/// Refuses an insn by name when the interpreter has no model for it.
Expected<void> require_modelled(const program::View& program, std::size_t slot,
                                const bpf::Insn& insn) {
  switch (insn.form) {
    case bpf::Form::call_helper: {
      const auto id = static_cast<std::uint32_t>(insn.imm);
      if (program::is_spec_call(id) || find_helper_model(id, program.type) != nullptr) return {};
      const program::Helper* row = program::find_helper(id);
      return unsupported(program, slot,
                         fmt::format("helper {}#{} is not modelled by the interpreter",
                                     row == nullptr ? "unknown" : row->name, id));
    }
    case bpf::Form::call_kfunc: {
      const auto index = static_cast<std::size_t>(insn.imm);
      return unsupported(
          program, slot,
          fmt::format(
              "kfunc {} is not modelled by the interpreter",
              index < program.externals.size() ? program.externals[index].name : "(unnamed)"));
    }
    default: return {};
  }
}

class Interpreter final : public Engine {
 public:
  Interpreter(const program::View& program, const InterpLimits& limits)
      : program_(program), limits_(limits), session_(program_) {}

  Expected<void> load() {
    TRY(code_, load_code(program_));
    std::map<const program::View*, std::span<const Op>> loaded;
    for (const program::TailTarget& target : program_.tail_targets) {
      std::span<const Op>& code = loaded[target.program];
      if (code.empty()) {
        TRY(code, load_code(*target.program));
      }
      session_.set_tail_target(program_.maps[target.map].name, target.index, code);
    }
    return session_.make_maps();
  }

  std::string_view engine_name() const override { return "interp"; }

  Expected<RunOutput> run(const RunInput& input) override {
    using Clock = std::chrono::steady_clock;
    if (input.repeat == 0) return error(Fault::bad_input, "repeat 0 is below 1");
    RunOutput output;
    std::chrono::nanoseconds spent{0};
    for (std::uint32_t i = 0; i < input.repeat; ++i) {
      machine_.code = code_;
      TRY(session_.begin_run(machine_, input, limits_.fuel_insns));
      const Clock::time_point start = Clock::now();
      const RunResult result = interpret(machine_);
      spent += Clock::now() - start;
      output = session_.end_run(machine_, result);
      if (result != RunResult::returned) break;
    }
    output.nanoseconds_per_run = static_cast<double>(spent.count()) / input.repeat;
    return output;
  }

  Expected<MapContents> read_map(std::string_view name) override {
    const Map* map = session_.find_map(name);
    if (map == nullptr) return error(Fault::bad_input, fmt::format("map {}: no such map", name));
    return MapContents{std::string(name), map->entries()};
  }

  Expected<void> write_map(const MapContents& contents) override {
    Map* map = session_.find_map(contents.map);
    if (map == nullptr) {
      return error(Fault::bad_input, fmt::format("map {}: no such map", contents.map));
    }
    for (const MapEntry& entry : contents.entries) TRY(write_entry(*map, entry));
    return {};
  }

 private:
  /// Predecodes one program; its ops live as long as the engine.
  Expected<std::span<const Op>> load_code(const program::View& program) {
    if (program.slots.empty() || program.slots.size() > max_slots) {
      return error(Fault::bad_input, fmt::format("{}: {} slots, outside 1..{}", program.name,
                                                 program.slots.size(), max_slots));
    }
    for (std::size_t slot = 0; slot < program.slots.size();) {
      TRY(const bpf::Insn insn, bpf::decode(program.slots, slot));
      TRY(require_modelled(program, slot, insn));
      slot += insn.slot_count();
    }
    std::vector<Op>& memory = op_memory_.emplace_back();
    memory.resize(predecode_bytes(program.slots.size()) / sizeof(Op));
    Arena arena(std::as_writable_bytes(std::span(memory)));
    return predecode(program.slots, arena);
  }

  static Expected<void> write_entry(Map& map, const MapEntry& entry) {
    const program::MapDef& definition = map.definition();
    if (entry.key.size() != definition.key_size || entry.value.size() != definition.value_size) {
      return error(Fault::bad_input,
                   fmt::format("map {}: an entry of {} + {} bytes, must be {} + {}",
                               definition.name, entry.key.size(), entry.value.size(),
                               definition.key_size, definition.value_size));
    }
    const std::int64_t result = map.seed(entry.key, entry.value);
    if (result == 0) return {};
    return error(Fault::bad_input,
                 fmt::format("map {}: entry with key {} is refused: {}", definition.name,
                             fmt::format("{:02x}", fmt::join(entry.key, "")),
                             std::strerror(static_cast<int>(-result))));
  }

  program::View program_;
  InterpLimits limits_;
  Session session_;
  std::deque<std::vector<Op>> op_memory_;
  std::span<const Op> code_;
  Machine machine_;
};

}  // namespace

Expected<std::unique_ptr<Engine>> load_interpreter(const program::View& program,
                                                   const InterpLimits& limits) {
  auto interpreter = std::make_unique<Interpreter>(program, limits);
  TRY(interpreter->load());
  return std::unique_ptr<Engine>(std::move(interpreter));
}

}  // namespace probity::runtime
