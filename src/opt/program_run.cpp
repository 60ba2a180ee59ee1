// SPDX-License-Identifier: Apache-2.0
// See program_run.hpp. The order is that of cost: what refuses soonest is asked first.
#include "opt/program_run.hpp"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "opt/inline_calls.hpp"
#include "opt/kernel_contest.hpp"
#include "opt/kernel_gate.hpp"
#include "opt/profile.hpp"
#include "runtime/linked_code.hpp"
#include "runtime/translation.hpp"

namespace probity::opt {
namespace {

using runtime::EngineKind;

/// With -Ospeed a program may measure slower by this much before that counts, and before it is
/// looked at again over more loads: what a machine that does other things shows of equal programs.
constexpr double slower_by_noise = 1.015;
constexpr double seems_slower = 1.005;
/// Loads that a time is the mean of, and those when the new program seems to be slower.
constexpr std::uint32_t few_loads = 4;
constexpr std::uint32_t many_loads = 12;

/// With -Ospeed, of inputs that lead to different places.
constexpr std::size_t most_timed_inputs = 3;

/// Packets of a profile on which both versions are run, too.
constexpr std::size_t most_profile_packets_compared = 256;

/// Bytes of our own x86-64 translation; 0 when it does not take the program.
std::uint32_t own_jit_bytes(const program::View& program) {
  const runtime::LinkedProgram linked{&program, {}};
  runtime::Translation translation;
  if (!translation.make({&linked, 1}, {})) return 0;
  return static_cast<std::uint32_t>(translation.programs().front().code.size());
}

bool fails(const GateAnswer& answer) {
  return answer.verdict == GateVerdict::failed;
}

/// What the kernel says of a version.
struct Loaded {
  std::uint32_t jited_bytes = 0;
  std::uint32_t processed = 0;
};

class ProgramRun {
 public:
  ProgramRun(const object::Object& object, const object::Program& program, const Request& request)
      : object_(object), program_(program), request_(request) {
    result_.program = &program;
  }

  ProgramResult run(const std::vector<std::uint32_t>& frozen) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point start = Clock::now();
    if (const Expected<void> done = prepare(); !done) {
      result_.kept = done.error().line();
    } else {
      put_calls_in_place(frozen);
      optimize_code(frozen);
      pass_gates();
      measure();
    }
    result_.spent = Clock::now() - start;
    return std::move(result_);
  }

 private:
  Expected<void> prepare() {
    if (!program_.problems.empty())
      return error(Fault::unsupported, "it cannot be linked: " + program_.problems.front());
    TRY(result_.before, Code::from(program_));
    result_.after = result_.before;
    TRY(old_image_, image_of(object_, program_, *result_.before, request_));
    old_view_ = old_image_->view();
    result_.cpu = request_.cpu.value_or(cpu_of(*result_.before));
    weigh();
    ask_kernel();
    return {};
  }

  void weigh() {
    result_.weights_from = "structure";
    weights_ = structural_weights(*result_.before);
    if (request_.profile.empty()) return;
    const Expected<Weights> profiled = profiled_weights(old_view_, request_.profile);
    if (profiled) {
      weights_ = *profiled;
      result_.weights_from = "profile";
    } else {
      result_.weights_from = fmt::format("structure ({})", profiled.error().line());
    }
  }

  /// The gate opens only when the kernel takes the program as it is.
  void ask_kernel() {
    if (request_.kernel == KernelCheck::no) {
      result_.gates.push_back({"kernel", GateVerdict::not_applicable, "not asked"});
      return;
    }
    Expected<KernelGate> gate = KernelGate::create(old_view_);
    if (gate) {
      Expected<KernelProgram> loaded = gate->load(old_view_.slots);
      if (loaded) {
        kernel_.emplace(*std::move(gate));
        old_loaded_ = *std::move(loaded);
        return;
      }
      kernel_refusal_ = loaded.error().line();
    } else {
      kernel_refusal_ = gate.error().line();
    }
    result_.gates.push_back({"kernel", GateVerdict::not_applicable,
                             "the input does not load here: " + kernel_refusal_});
  }

  /// The first step, before the optimizer's loop: behind it slots count anew.
  void put_calls_in_place(const std::vector<std::uint32_t>& frozen) {
    inlined_ = *result_.before;
    inlined_weights_ = weights_;
    if (request_.inlining == Inline::no) return;
    InlineOptions options;
    options.goal = request_.goal;
    options.frozen = frozen;
    for (const std::uint32_t index : program_.functions) {
      const object::Function& function = object_.functions[index];
      // Global functions of a program with types may be replaced when it runs.
      const bool is_static = function.binding == object::SymbolBinding::local;
      options.functions.push_back({is_static || object_.ext.functions.empty(), function.section});
    }
    options.objection = [this](const Code& next) {
      if (!kernel_) return std::string();
      const auto slots = next.slots();
      if (!slots) return std::string(slots.error().line());
      const auto loaded = kernel_->load(*slots);
      return loaded ? std::string() : std::string(loaded.error().line());
    };
    InlineOutcome outcome = inline_calls(*result_.before, old_view_, options, weights_);
    inlined_ = std::move(outcome.code);
    result_.applied = std::move(outcome.applied);
    result_.undone = std::move(outcome.undone);
    inlined_weights_ = std::move(outcome.weights);
    if (result_.applied.empty()) return;
    if (result_.weights_from != "profile") inlined_weights_ = structural_weights(inlined_);
    result_.gates.push_back(
        {"inlining", GateVerdict::passed,
         fmt::format("{} calls, proved for all inputs: {} places, {} obligations",
                     result_.applied.size(), outcome.places, outcome.obligations)});
  }

  void optimize_code(const std::vector<std::uint32_t>& frozen) {
    Options options;
    options.aim = {request_.goal, result_.cpu};
    options.solver = request_.solver;
    options.generators = request_.generators;
    options.is_over = request_.is_over;
    options.frozen = frozen;
    options.objection = [this](const Code& next) { return objection_to(next); };
    accepted_ns_ = estimate_ns(inlined_, request_.costs, inlined_weights_);
    if (const auto loaded = load_inlined()) {
      accepted_bytes_ = loaded->jited_bytes;
      accepted_processed_ = loaded->processed;
      accepted_slots_ = inlined_.slot_count();
    }
    Outcome outcome = optimize(inlined_, old_view_, options);
    result_.after = std::move(outcome.code);
    steps_ = std::move(outcome.versions);
    for (Applied& change : outcome.applied) {
      change.old_slot = inlined_.linked_slot(change.old_slot);
      result_.applied.push_back(std::move(change));
    }
    for (Undone& change : outcome.undone) {
      change.old_slot = inlined_.linked_slot(change.old_slot);
      result_.undone.push_back(std::move(change));
    }
    result_.proofs = outcome.proofs;
    result_.obligations = outcome.obligations;
    result_.solved = outcome.solved;
  }

  std::optional<Loaded> load_inlined() const {
    if (!old_loaded_) return std::nullopt;
    if (result_.applied.empty()) return Loaded{old_loaded_->jited_bytes, old_loaded_->processed};
    const auto slots = inlined_.slots();
    if (!slots) return std::nullopt;
    const auto loaded = kernel_->load(*slots);
    if (!loaded) return std::nullopt;
    return Loaded{loaded->jited_bytes, loaded->processed};
  }

  /// What the kernel, or the cost table, has against a version that was proved.
  std::string objection_to(const Code& next) {
    const double ns = estimate_ns(next, request_.costs, inlined_weights_);
    // A table is measured: forms that take the same time differ in it by as much.
    constexpr double rounding = 0.002;
    if (request_.goal == Goal::speed && ns > accepted_ns_ * (1 + rounding))
      return fmt::format("costs {:.2f} ns by the table, not {:.2f}", ns, accepted_ns_);
    if (kernel_) {
      const auto slots = next.slots();
      if (!slots) return std::string(slots.error().line());
      const auto loaded = kernel_->load(*slots);
      if (!loaded) return std::string(loaded.error().line());
      const bool is_cheaper = ns < accepted_ns_ * (1 - rounding);
      const bool knows_less = loaded->processed > accepted_processed_ + usual_growth(next);
      if (request_.goal == Goal::speed && (!is_cheaper || knows_less) &&
          loaded->jited_bytes > accepted_bytes_) {
        // The verifier knew more of the version before, and left insns out.
        return fmt::format("{} bytes of machine code, not {}", loaded->jited_bytes,
                           accepted_bytes_);
      }
      accepted_processed_ = loaded->processed;
      accepted_bytes_ = loaded->jited_bytes;
      accepted_slots_ = next.slot_count();
    }
    accepted_ns_ = std::min(accepted_ns_, ns);
    return {};
  }

  /// What the verifier processes more when slots are added and looked at as often as the others.
  std::uint32_t usual_growth(const Code& next) const {
    if (next.slot_count() <= accepted_slots_) return 0;
    const std::uint32_t each = (accepted_processed_ + accepted_slots_ - 1) / accepted_slots_;
    return (next.slot_count() - accepted_slots_) * each;
  }

  void pass_gates() {
    Expected<object::Image> after = image_of(object_, program_, *result_.after, request_);
    if (!after) {
      result_.keep_old(std::string(after.error().line()));
      return;
    }
    new_image_ = *std::move(after);
    const std::size_t old_slots = result_.before->slot_count();
    const std::size_t new_slots = result_.after->slot_count();
    if (request_.goal == Goal::size && new_slots > old_slots) {
      result_.keep_old(fmt::format("{} slots, not {}", new_slots, old_slots));
      return;
    }
    add_proof_gate();
    if (!result_.is_changed()) return;
    const Versions versions{*old_image_, *new_image_};
    add(check_equivalence(versions, steps_, request_.solver, request_.equivalence));
    if (kernel_) add(load_new());
    inputs_ = corner_inputs(old_view_.type);
    const auto some = std::span(request_.profile)
                          .first(std::min(request_.profile.size(), most_profile_packets_compared));
    inputs_.insert(inputs_.begin(), some.begin(), some.end());
    const auto filled = corner_maps(old_view_.maps);
    std::vector<EngineKind> engines{EngineKind::interp};
    if (runtime::jit_unavailable_reason().empty()) engines.push_back(EngineKind::jit);
    if (kernel_) engines.push_back(EngineKind::kernel);
    for (const EngineKind engine : engines) add(compare_runs(versions, engine, inputs_, filled));
    const auto failed = std::ranges::find_if(result_.gates, fails);
    if (failed != result_.gates.end())
      result_.keep_old(fmt::format("{}: {}", failed->gate, failed->text));
  }

  void add_proof_gate() {
    result_.gates.insert(
        result_.gates.begin(),
        {"proofs", GateVerdict::passed,
         fmt::format("{} changes in {} steps, {} obligations, {} of them by the solver",
                     result_.applied.size(), result_.proofs, result_.obligations, result_.solved)});
  }
  void add(GateAnswer answer) { result_.gates.push_back(std::move(answer)); }

  GateAnswer load_new() {
    Expected<KernelProgram> loaded = kernel_->load(new_image_->slots);
    if (!loaded) return {"kernel", GateVerdict::failed, std::string(loaded.error().line())};
    new_loaded_ = *std::move(loaded);
    return {"kernel", GateVerdict::passed, "it loads"};
  }

  void measure() {
    result_.old_cost = measured(*result_.before, weights_, *old_image_, old_loaded_);
    if (!result_.is_changed()) {
      result_.new_cost = result_.old_cost;
      return;
    }
    result_.new_cost = measured(*result_.after, inlined_weights_, *new_image_, new_loaded_);
    if (kernel_ && new_loaded_ && request_.timing_rounds > 0) time_runs();
  }

  Measure measured(const Code& code, const Weights& weights, const object::Image& image,
                   const std::optional<KernelProgram>& loaded) {
    Measure measure;
    measure.slots = code.slot_count();
    measure.table_ns = estimate_ns(code, request_.costs, weights);
    if (loaded) measure.processed = loaded->processed;
    result_.jit_of_kernel = loaded && loaded->jited_bytes != 0;
    measure.jit_bytes = result_.jit_of_kernel ? loaded->jited_bytes : own_jit_bytes(image.view());
    return measure;
  }

  void time_runs() {
    if (inputs_.empty()) return;
    const auto filled = corner_maps(old_view_.maps);
    const std::size_t most = request_.goal == Goal::speed ? most_timed_inputs : 1;
    const auto chosen = longest_runs(*old_image_, inputs_, filled, most);
    std::vector<Packet> packets;
    for (const std::size_t input : chosen) packets.emplace_back(inputs_[input].input.packet);
    const Expected<void> fill = kernel_->fill(filled);
    const bool chooses = request_.goal == Goal::speed;
    auto timed = time_loads(packets, chooses ? few_loads : 1);
    if (chooses && timed && is_slower(*timed, seems_slower))
      timed = time_loads(packets, many_loads);
    if (!timed) return;  // this type has no test run
    result_.timed_on = fmt::format(
        "{}{}{}", inputs_[chosen[0]].name,
        chosen.size() == 1 ? std::string() : fmt::format(" and {} more", chosen.size() - 1),
        fill ? "" : ", maps empty");
    result_.empty_ns = timed->empty_ns;
    result_.old_cost.run_ns = timed->before_ns;
    if (chooses && is_slower(*timed, slower_by_noise)) {
      result_.keep_old(
          fmt::format("measured slower: {:.1f} ns, not {:.1f}", timed->after_ns, timed->before_ns));
      return;
    }
    result_.new_cost.run_ns = timed->after_ns;
  }

  Expected<TimedPair> time_loads(std::span<const Packet> packets, std::uint32_t loads) const {
    const std::uint32_t per_load = std::min(loads, few_loads);
    const std::uint32_t rounds = (request_.timing_rounds + per_load - 1) / per_load;
    return contest({*kernel_, old_image_->slots}, {*kernel_, new_image_->slots}, packets, rounds,
                   loads);
  }

  static bool is_slower(const TimedPair& timed, double by) {
    return timed.after_ns > timed.before_ns * by;
  }

  const object::Object& object_;
  const object::Program& program_;
  const Request& request_;
  ProgramResult result_;
  std::optional<object::Image> old_image_;
  std::optional<object::Image> new_image_;
  program::View old_view_;
  Code inlined_;             // the first version with calls put in place
  std::vector<Code> steps_;  // from there to the last
  Weights weights_;          // of the first version
  Weights inlined_weights_;
  std::optional<KernelGate> kernel_;
  std::optional<KernelProgram> old_loaded_;
  std::optional<KernelProgram> new_loaded_;
  std::string kernel_refusal_;
  double accepted_ns_ = 0;
  std::uint32_t accepted_bytes_ = 0;
  std::uint32_t accepted_processed_ = 0;
  std::uint32_t accepted_slots_ = 1;
  std::vector<GateInput> inputs_;
};

}  // namespace

void ProgramResult::keep_old(std::string why) {
  for (const Applied& change : applied) undone.push_back({change.rule, change.old_slot, why});
  applied.clear();
  kept = std::move(why);
  after = before;
  new_cost = old_cost;
}

ProgramResult optimize_program(const object::Object& object, const object::Program& program,
                               const Request& request, const std::vector<std::uint32_t>& frozen) {
  return ProgramRun(object, program, request).run(frozen);
}

Expected<object::Image> image_of(const object::Object& object, const object::Program& program,
                                 const Code& code, const Request& request) {
  TRY(const object::LinkedEdit edit, code.edit());
  object::Image image = object::make_image(object, program);
  if (image.type == program::ProgType::unspec && request.type) image.type = *request.type;
  image.slots.clear();
  for (const object::EditedSlot& edited : edit.slots) image.slots.push_back(edited.slot);
  if (!edit.subprogs.empty()) {
    std::vector<program::Subprog> left;
    for (const std::uint32_t subprog : edit.subprogs) left.push_back(image.subprogs[subprog]);
    image.subprogs = std::move(left);
  }
  for (std::size_t i = 0; i < image.subprogs.size(); ++i) {
    const auto end = i + 1 < image.subprogs.size() ? edit.subprog_starts[i + 1]
                                                   : static_cast<std::uint32_t>(image.slots.size());
    image.subprogs[i].first_slot = edit.subprog_starts[i];
    image.subprogs[i].slot_count = end - edit.subprog_starts[i];
  }
  if (code.slot_count() != program.slots.size()) image.lines.clear();
  return image;
}

bpf::Cpu cpu_of(const Code& code) {
  bpf::Cpu highest = bpf::Cpu::v1;
  for (const Node& node : code.nodes()) highest = std::max(highest, bpf::row(node.insn.form).cpu);
  return highest;
}

}  // namespace probity::opt
