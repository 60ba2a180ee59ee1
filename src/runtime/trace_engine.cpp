// SPDX-License-Identifier: Apache-2.0
// A step is told when the next one begins, or when the run ends: only then are its results known.
#include "runtime/trace_engine.hpp"

#include <optional>

#include "base/check.hpp"
#include "runtime/linked_code.hpp"
#include "runtime/session.hpp"

namespace probity::runtime {
namespace {

/// A machine that knows who watches it.
class WatchedMachine : public Machine {
 public:
  explicit WatchedMachine(StepObserver observer) : observer_(std::move(observer)) {}

  /// Takes over the ops of a program; the span it returns has the watching handler.
  std::span<const Op> watch(const LinkedProgram& program, Handler watching) {
    Watched& added = programs_.emplace_back();
    added.view = program.view;
    added.ops.assign(program.ops.begin(), program.ops.end());
    for (Op& op : added.ops) {
      added.handlers.push_back(op.handler);
      op.handler = watching;
    }
    return added.ops;
  }

  /// `op` is about to be executed; the handler that does it.
  Handler before(const Op* op) {
    tell();
    for (const Watched& program : programs_) {
      const std::less<const Op*> below;
      const Op* const first = program.ops.data();
      if (below(op, first) || !below(op, first + program.ops.size())) continue;
      const auto slot = static_cast<std::uint32_t>(op - first);
      step_ = TracedStep{program.view, slot, depth, regs, {}};
      return program.handlers[slot];
    }
    PROBITY_UNREACHABLE("op");
  }
  /// Tells the step under way, if there is one.
  void tell() {
    if (!step_) return;
    step_->after = regs;
    observer_(*step_);
    step_.reset();
  }

 private:
  struct Watched {
    const program::View* view = nullptr;
    std::vector<Op> ops;
    std::vector<Handler> handlers;  // that were there, by slot
  };
  std::deque<Watched> programs_;  // never moves its elements
  StepObserver observer_;
  std::optional<TracedStep> step_;
};

RunResult watch_step(const Op* op, Machine* machine, const Region* regions,
                     std::uint64_t region_count, std::int64_t fuel, const Op* anchor) {
  const Handler handler = static_cast<WatchedMachine*>(machine)->before(op);
  return handler(op, machine, regions, region_count, fuel, anchor);
}

class TracingInterpreter final : public Engine {
 public:
  TracingInterpreter(const program::View& program, const InterpLimits& limits,
                     StepObserver observer)
      : program_(program), limits_(limits), session_(program_), machine_(std::move(observer)) {}

  Expected<void> load() {
    TRY(code_.load(program_));
    std::vector<std::span<const Op>> watched;
    for (const LinkedProgram& program : code_.programs()) {
      watched.push_back(machine_.watch(program, &watch_step));
    }
    main_ = watched.front();
    for (const LinkedTail& tail : code_.tails()) {
      session_.set_tail_target(program_.maps[tail.map].name, tail.index, watched[tail.program]);
    }
    session_.set_tail_programs(std::move(watched));
    return session_.make_maps();
  }

  std::string_view engine_name() const override { return "interp"; }

  Expected<RunOutput> run(const RunInput& input) override {
    machine_.code = main_;
    TRY(session_.begin_run(machine_, input, limits_.fuel_insns));
    const RunResult result = interpret(machine_);
    machine_.tell();
    return session_.end_run(machine_, result);
  }

  Expected<MapContents> read_map(std::string_view name) override { return session_.read_map(name); }
  Expected<Bytes> read_records(std::string_view name) override {
    return session_.read_records(name);
  }
  Expected<void> write_map(const MapContents& contents) override {
    return session_.write_map(contents);
  }

 private:
  program::View program_;
  InterpLimits limits_;
  Session session_;
  LinkedCode code_;
  std::span<const Op> main_;
  WatchedMachine machine_;
};

}  // namespace

Expected<std::unique_ptr<Engine>> load_tracing_interpreter(const program::View& program,
                                                           const InterpLimits& limits,
                                                           StepObserver observer) {
  auto engine = std::make_unique<TracingInterpreter>(program, limits, std::move(observer));
  TRY(engine->load());
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace probity::runtime
