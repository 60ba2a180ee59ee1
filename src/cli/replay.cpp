// SPDX-License-Identifier: Apache-2.0
// `probity replay FILE [OBJECT…]`: runs counterexamples and examples again, on the interpreter, on
// translated code and in the live kernel, and says of each engine whether it shows what the file
// expects. `--trace` shows the interpreter's run step by step.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/check.hpp"
#include "cli/disassembly.hpp"
#include "cli/flags.hpp"
#include "cli/program_source.hpp"
#include "cli/source_place.hpp"
#include "replay/rerun.hpp"
#include "replay/verdict_name.hpp"
#include "report/digest.hpp"
#include "report/file.hpp"
#include "report/progress.hpp"
#include "runtime/furnished.hpp"
#include "runtime/trace_engine.hpp"

namespace probity::cli {
namespace {

using replay::Shown;
using replay::WitnessFile;
using report::Json;
using report::Tally;
using report::Tone;
using runtime::EngineKind;
using symex::Outcome;

constexpr std::uint64_t max_traced_insns = 100'000;

struct Flags {
  std::string file;
  std::vector<std::string> objects;
  std::string engines;
  object::ReadOptions kernel;
  bool trace = false;
};

void declare(CLI::App& app, Flags& flags) {
  app.add_option("FILE", flags.file,
                 "what check, equiv or interact wrote, NAME-1.json; or a folder of such files")
      ->required();
  app.add_option("OBJECT", flags.objects,
                 "object files that stand for those the file names, in order");
  app.add_option("--engine", flags.engines,
                 "ENGINE,…: interp, jit, kernel …; default: these three, where they can be used");
  app.add_flag("--trace", flags.trace,
               "show every insn of the interpreter's run with the registers it changes");
  add_kernel_options(app, flags.kernel);
}

std::string unavailable_reason(EngineKind kind) {
  switch (kind) {
    case EngineKind::kernel: return runtime::kernel_unavailable_reason();
    case EngineKind::jit:
    case EngineKind::jit_unchecked:
    case EngineKind::jit_blinded: return runtime::jit_unavailable_reason();
    case EngineKind::interp:
    case EngineKind::emu_x86_64:
    case EngineKind::emu_rv64: return {};
  }
  PROBITY_UNREACHABLE("engine");
}

/// Engines that the user named must be there; of the default ones, those that are.
Expected<std::vector<EngineKind>> engines_of(const Flags& flags, report::Document& document) {
  std::vector<EngineKind> kinds;
  if (flags.engines.empty()) {
    for (const EngineKind kind : {EngineKind::interp, EngineKind::jit, EngineKind::kernel}) {
      const std::string reason = unavailable_reason(kind);
      if (reason.empty()) kinds.push_back(kind);
      if (reason.empty()) continue;
      document.note(Tone::warning, fmt::format("not on {}: {}", runtime::name(kind), reason));
    }
    return kinds;
  }
  for (std::string_view rest = flags.engines; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    TRY(const EngineKind kind, runtime::engine_named(rest.substr(0, comma), "--engine"));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (const std::string reason = unavailable_reason(kind); !reason.empty()) {
      return error(Fault::system, fmt::format("--engine {}: {}", runtime::name(kind), reason));
    }
    kinds.push_back(kind);
  }
  return kinds;
}

struct Named {
  std::string path;
  WitnessFile file;
};

bool is_witness(const Json& json) {
  const Json* format = json.find("format");
  const auto* name = format == nullptr ? nullptr : format->get<std::string>();
  return name != nullptr && *name == replay::witness_format;
}

/// The file, or those of the folder, sorted by name; others there are named and left out.
Expected<std::vector<Named>> read_files(const std::string& path, report::Document& document) {
  std::error_code problem;
  std::vector<Named> files;
  if (!std::filesystem::is_directory(path, problem)) {
    TRY(WitnessFile file, replay::read_witness(path));
    files.push_back({path, std::move(file)});
    return files;
  }
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path, problem)) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().string());
  }
  if (problem) return error(Fault::system, fmt::format("{}: {}", path, problem.message()));
  std::ranges::sort(names);
  for (const std::string& name : names) {
    TRY(const std::string text, report::read_input_text(name, report::max_input_bytes));
    TRY(const Json json, report::parse_json(text, name));
    if (!is_witness(json)) {
      document.count(Tally::skipped, 1);
      document.note(Tone::plain, fmt::format("{}: skipped: not \"format\": \"{}\"", name,
                                             replay::witness_format));
      continue;
    }
    TRY(WitnessFile file, replay::parse_witness(json, name));
    files.push_back({name, std::move(file)});
  }
  if (files.empty()) return error(Fault::bad_input, fmt::format("{}: nothing to replay", path));
  return files;
}

/// Objects are read once, however many files name them.
class Programs {
 public:
  explicit Programs(const Flags& flags) : flags_(flags) {}

  /// The programs of `named`, in order.
  Expected<const std::vector<object::Image>*> of(const Named& named, report::Document& document) {
    const WitnessFile& file = named.file;
    if (flags_.objects.size() > file.programs.size()) {
      return error(Fault::bad_input, fmt::format("{}: {} objects for {} programs", named.path,
                                                 flags_.objects.size(), file.programs.size()));
    }
    std::string key;
    for (const replay::NamedProgram& program : file.programs) {
      key += fmt::format("{}\n{}\n{}\n{}\n", program.object, program.sha256, program.program,
                         program.type);
    }
    const auto [at, is_new] = loaded_.try_emplace(key);
    if (!is_new) return &at->second;
    for (std::size_t i = 0; i < file.programs.size(); ++i) {
      TRY(object::Image image, load(file.programs[i], i, document));
      at->second.push_back(std::move(image));
    }
    return &at->second;
  }

 private:
  Expected<object::Image> load(const replay::NamedProgram& program, std::size_t number,
                               report::Document& document) {
    const bool replaced = number < flags_.objects.size();
    const std::string& path = replaced ? flags_.objects[number] : program.object;
    TRY(const std::string digest, report::sha256_of_file(path));
    if (!program.sha256.empty() && digest != program.sha256) {
      document.note(Tone::warning,
                    fmt::format("{} is not the object of the file (SHA-256 {}…, "
                                "not {}…)",
                                path, digest.substr(0, 12), program.sha256.substr(0, 12)));
    }
    TRY(object::Image image,
        load_program(path + ":" + program.program, program.type, flags_.kernel));
    if (image.unsupported.empty()) return image;
    return error(Fault::unsupported, fmt::format("{}: {}", path, image.unsupported));
  }

  const Flags& flags_;
  std::map<std::string, std::vector<object::Image>> loaded_;
};

std::string_view word(Outcome outcome) {
  switch (outcome) {
    case Outcome::reproduced: return "reproduced";
    case Outcome::contradicted: return "NOT reproduced";
    case Outcome::not_applicable: return "not asked";
  }
  PROBITY_UNREACHABLE("outcome");
}

/// The worst answer of all engines; an engine that was not asked says nothing.
Outcome overall(std::span<const Shown> all) {
  const auto any = [all](Outcome outcome) {
    return std::ranges::find(all, outcome, &Shown::outcome) != all.end();
  };
  if (any(Outcome::contradicted)) return Outcome::contradicted;
  return any(Outcome::reproduced) ? Outcome::reproduced : Outcome::not_applicable;
}

Tally tally_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::reproduced: return Tally::passed;
    case Outcome::contradicted: return Tally::failed;
    case Outcome::not_applicable: return Tally::skipped;
  }
  PROBITY_UNREACHABLE("outcome");
}

void describe(const Named& named, std::span<const Shown> all, report::Document& document) {
  const Outcome outcome = overall(all);
  document.count(tally_of(outcome), 1);
  const Tone tone = outcome == Outcome::reproduced     ? Tone::good
                    : outcome == Outcome::contradicted ? Tone::bad
                                                       : Tone::warning;
  document.note(tone, fmt::format("{}: {}: {}: {}", named.path, word(outcome), named.file.property,
                                  named.file.text));
  Json runs = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const Shown& one : all) {
    rows.push_back({one.run, one.engine, std::string(word(one.outcome)), one.text});
    runs.push(Json::object({{"run", one.run},
                            {"engine", one.engine},
                            {"outcome", word(one.outcome)},
                            {"text", one.text}}));
  }
  document.table({"run", "engine", "outcome", "what it did"}, std::move(rows));
  document.details()["files"].push(Json::object({{"file", named.path},
                                                 {"property", named.file.property},
                                                 {"text", named.file.text},
                                                 {"outcome", word(outcome)},
                                                 {"runs", std::move(runs)}}));
}

/// One line for an insn: what it is, and what it changed.
std::string step_text(const runtime::TracedStep& step) {
  const ListedInsn insn = list_insn(*step.program, step.slot, TextStyle::kernel);
  std::string changed;
  for (unsigned i = 0; i < bpf::reg_count; ++i) {
    if (step.before[i] == step.after[i]) continue;
    changed += fmt::format("{}r{} = {:#x}", changed.empty() ? "" : ", ", i, step.after[i]);
  }
  return fmt::format("{:{}}{:5}: {:<44} {}\n", "", step.depth * 2, step.slot, insn.text, changed);
}

/// The steps of one program of a chain.
Expected<std::string> trace_program(const program::View& program,
                                    const replay::WitnessInput& input) {
  std::string text;
  const program::LineInfo* line = nullptr;
  const auto observe = [&](const runtime::TracedStep& step) {
    const program::LineInfo* const now = line_of(*step.program, step.slot);
    const bool same =
        now == nullptr || (line != nullptr && now->line == line->line && now->file == line->file);
    if (!same) text += "  ; " + source_line(*step.program, step.slot) + "\n";
    if (now != nullptr) line = now;
    text += step_text(step);
  };
  TRY(const runtime::Furnished furnished, runtime::furnish(program, input.maps));
  const runtime::StubbedProgram stubbed(furnished.view, input.stubs);
  TRY(const auto engine,
      runtime::load_tracing_interpreter(stubbed.view(), {max_traced_insns}, observe));
  TRY(runtime::write_maps(*engine, furnished));
  TRY(const runtime::RunOutput output, engine->run(input.run));
  if (output.fault.kind != runtime::FaultKind::none) {
    return text + fmt::format("fault at slot {}: {}\n", output.fault.slot, output.fault.text);
  }
  const auto value = static_cast<std::uint32_t>(output.return_value);
  return text + fmt::format("returns {}\n", replay::verdict_text(program.type, value));
}

/// The first program of every run, with its specifications switched on where they are what fails.
Expected<void> trace(const Named& named, std::span<const object::Image> images,
                     report::Document& document) {
  for (const replay::WitnessRun& run : named.file.runs) {
    const object::Image& image = images[run.chain.front().program];
    std::vector<program::MapDef> maps;
    const bool specs = run.expected.effect == replay::Effect::fails;
    const program::View program = specs ? symex::with_specs(image, maps) : image.view();
    document.heading(fmt::format("{}: {} on the interpreter", run.name, program.name));
    TRY(const std::string text, trace_program(program, named.file.inputs[run.input]));
    document.code(text);
    document.details()["traces"].push(Json::object({{"run", run.name}, {"text", text}}));
    if (run.chain.size() == 1) continue;
    document.note(Tone::warning, fmt::format("{}: only the first of {} programs is traced",
                                             run.name, run.chain.size()));
  }
  return {};
}

}  // namespace

Expected<cli::Outcome> run_replay(const Arguments& arguments, report::Document& document) {
  CLI::App app{"Run counterexamples and examples again, on several engines."};
  Flags flags;
  declare(app, flags);
  TRY(const Parsed parsed, parse_flags(app, arguments, document));
  if (parsed == Parsed::help) return cli::Outcome::holds;
  TRY(const std::vector<EngineKind> engines, engines_of(flags, document));
  TRY(const std::vector<Named> files, read_files(flags.file, document));
  Programs programs(flags);
  report::Progress progress("replaying");
  std::uint64_t done = 0;
  for (const Named& named : files) {
    progress.update(done++, files.size(), named.path);
    TRY(const std::vector<object::Image>* const images, programs.of(named, document));
    std::vector<Shown> all;
    for (const EngineKind engine : engines) {
      auto shown = replay::rerun(named.file, *images, engine);
      if (!shown) return std::unexpected(shown.error().at(named.path));
      std::ranges::move(*shown, std::back_inserter(all));
    }
    describe(named, all, document);
    if (flags.trace) TRY(trace(named, *images, document));
  }
  const std::uint64_t passed = document.counted(Tally::passed);
  const std::uint64_t failed = document.counted(Tally::failed);
  if (failed > 0) return cli::Outcome::refuted;
  return passed == files.size() ? cli::Outcome::holds : cli::Outcome::unknown;
}

}  // namespace probity::cli
