// SPDX-License-Identifier: Apache-2.0
// The interpreter as an Engine: predecodes a linked program once, then runs it on a Session that
// plays the kernel's part.
#include <chrono>

#include "runtime/engine.hpp"
#include "runtime/linked_code.hpp"
#include "runtime/session.hpp"

namespace probity::runtime {
namespace {

class Interpreter final : public Engine {
 public:
  Interpreter(const program::View& program, const InterpLimits& limits)
      : program_(program), limits_(limits), session_(program_) {}

  Expected<void> load() {
    TRY(code_.load(program_));
    code_.connect(session_);
    return session_.make_maps();
  }

  std::string_view engine_name() const override { return "interp"; }

  Expected<RunOutput> run(const RunInput& input) override {
    using Clock = std::chrono::steady_clock;
    if (input.repeat == 0) return error(Fault::bad_input, "repeat 0 is below 1");
    RunOutput output;
    std::chrono::nanoseconds spent{0};
    for (std::uint32_t i = 0; i < input.repeat; ++i) {
      machine_.code = code_.main().ops;
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
