// SPDX-License-Identifier: Apache-2.0
// `probity opt IN.o -o OUT.o`: every program of the object smaller or faster, and proved to behave
// as before. `probity opt --calibrate` measures what insns cost on this machine's kernel.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "cli/file_name.hpp"
#include "cli/flags.hpp"
#include "cli/opt_report.hpp"
#include "cli/opt_search.hpp"
#include "cli/program_source.hpp"
#include "opt/cost_calibrate.hpp"
#include "opt/generators.hpp"
#include "opt/whole_object.hpp"
#include "packet/packet.hpp"
#include "proof/cache.hpp"
#include "report/file.hpp"
#include "report/progress.hpp"

namespace probity::cli {
namespace {

namespace fs = std::filesystem;
using report::Json;
using report::Tone;

struct Flags {
  std::string input;
  std::string output;
  opt::Goal goal = opt::Goal::size;
  std::optional<bpf::Cpu> cpu;
  std::string type;
  object::ReadOptions kernel_files;
  std::string profile;
  SearchFlags search;
  bool no_inline = false;
  bool kernel_check = false;
  bool no_kernel_check = false;
  bool calibrate = false;
};

void declare(CLI::App& app, Flags& flags) {
  app.add_option("IN", flags.input, "object file");
  app.add_option("-o,--output", flags.output, "where the optimized object is written");
  add_choice<opt::Goal>(app, "-O", flags.goal,
                        {{"size", opt::Goal::size}, {"speed", opt::Goal::speed}},
                        "what is wanted: fewest insns (default), least measured time");
  const auto set_cpu = [&flags](const bpf::Cpu& cpu) { flags.cpu = cpu; };
  const auto pick = [set_cpu](const std::string& word) {
    const std::pair<std::string_view, bpf::Cpu> levels[] = {
        {"v1", bpf::Cpu::v1}, {"v2", bpf::Cpu::v2}, {"v3", bpf::Cpu::v3}, {"v4", bpf::Cpu::v4}};
    for (const auto& [name, cpu] : levels) {
      if (name == word) return set_cpu(cpu);
    }
    throw CLI::ValidationError("--mcpu", "'" + word + "' is not one of v1, v2, v3, v4");
  };
  app.add_option_function<std::string>("--mcpu", pick,
                                       "insns up to this cpu level may be introduced (v1, v2, v3, "
                                       "v4; default: the highest that the program uses)")
      ->type_name("WORD");
  app.add_option("--type", flags.type, "program type, when the section names do not say it");
  add_kernel_options(app, flags.kernel_files);
  app.add_option("--profile", flags.profile,
                 "capture file: blocks weigh as often as its packets lead there");
  app.add_flag("--no-inline", flags.no_inline, "static functions stay functions of their own");
  declare_search(app, flags.search);
  app.add_flag("--kernel-check", flags.kernel_check,
               "ask the live kernel to load each version (default as root)");
  app.add_flag("--no-kernel-check", flags.no_kernel_check, "do not ask the live kernel");
  app.add_flag("--calibrate", flags.calibrate,
               "measure what insns cost on this kernel, and keep the table for later runs");
}

/// Where the cost table of this machine is; empty without a home.
fs::path cost_file() {
  const char* const config = std::getenv("XDG_CONFIG_HOME");
  if (config != nullptr && *config != '\0') return fs::path(config) / "probity" / "costs.json";
  const char* const home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return {};
  return fs::path(home) / ".config" / "probity" / "costs.json";
}

Expected<opt::CostTable> cost_table() {
  const fs::path path = cost_file();
  std::error_code problem;
  if (path.empty() || !fs::exists(path, problem)) return opt::CostTable::built_in();
  constexpr std::uint64_t limit_bytes = 1 << 20;
  TRY(const std::string text, report::read_input_text(path.string(), limit_bytes));
  return opt::CostTable::parse(text, path.string());
}

Expected<Outcome> run_calibration(report::Document& document) {
  const fs::path path = cost_file();
  if (path.empty())
    return error(Fault::bad_input, "--calibrate: neither XDG_CONFIG_HOME nor HOME is set");
  TRY(make_writable_folder("--calibrate", path.parent_path().string()));
  report::Progress progress("calibrating");
  TRY(const opt::Calibration calibration,
      opt::calibrate([&](std::string_view form, std::size_t done, std::size_t total) {
        progress.update(done, total, form);
      }));
  TRY(report::write_file_atomically(path.string(), calibration.table.print()));
  document.details()["file"] = path.string();
  Json& forms = document.details()["forms"] = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < bpf::form_count; ++i) {
    const std::string name(bpf::rows[i].name);
    if (std::ranges::find(calibration.measured, name) == calibration.measured.end()) continue;
    const opt::FormCost& cost = calibration.table.of(static_cast<bpf::Form>(i));
    rows.push_back({name, fmt::format("{:.2f}", cost.ns), fmt::format("{:.0f}", cost.bytes)});
    forms.push(Json::object({{"form", name}, {"ns", cost.ns}, {"bytes", cost.bytes}}));
  }
  document.table({"insn", "ns", "bytes"}, std::move(rows));
  Json& refused = document.details()["refused"] = Json::array();
  for (const std::string& line : calibration.refused) {
    document.note(Tone::warning, "keeps its built-in cost: " + line);
    refused.push(line);
  }
  document.note(Tone::good, fmt::format("{} forms measured, kept in {}",
                                        calibration.measured.size(), path.string()));
  return Outcome::holds;
}

/// What can be refused is refused before any work.
Expected<void> require_output(const Flags& flags) {
  if (flags.input.empty()) return error(Fault::bad_input, "opt: IN is required");
  if (flags.output.empty()) return error(Fault::bad_input, "opt: -o is required");
  std::error_code problem;
  if (fs::equivalent(flags.input, flags.output, problem)) {
    return error(Fault::bad_input,
                 fmt::format("-o {}: is the input, which would be lost", flags.output));
  }
  if (!flags.search.learn.empty() && flags.search.no_search)
    return error(Fault::bad_input, "--learn and --no-search exclude each other");
  const std::string& learn = flags.search.learn;
  if (!learn.empty() && (fs::equivalent(flags.input, learn, problem) ||
                         fs::weakly_canonical(learn) == fs::weakly_canonical(flags.output)))
    return error(Fault::bad_input, fmt::format("--learn {}: is the input or the output", learn));
  TRY(require_writable_file("--learn", learn));
  return require_writable_file("-o", flags.output);
}

Expected<opt::KernelCheck> kernel_check(const Flags& flags) {
  if (flags.kernel_check && flags.no_kernel_check)
    return error(Fault::bad_input, "--kernel-check and --no-kernel-check exclude each other");
  if (flags.no_kernel_check) return opt::KernelCheck::no;
  if (!flags.kernel_check && ::geteuid() != 0) return opt::KernelCheck::no;
  const std::string reason = runtime::kernel_unavailable_reason();
  if (!reason.empty() && flags.kernel_check)
    return error(Fault::unsupported, "--kernel-check: " + reason);
  return reason.empty() ? opt::KernelCheck::yes : opt::KernelCheck::no;
}

Expected<std::vector<opt::GateInput>> read_profile(const std::string& path) {
  std::vector<opt::GateInput> inputs;
  if (path.empty()) return inputs;
  TRY(const auto bytes, report::read_input(path, report::max_input_bytes));
  TRY(std::vector<packet::Record> records, packet::parse_capture(bytes, path));
  for (packet::Record& record : records) {
    opt::GateInput input{fmt::format("{} record {}", path, inputs.size() + 1), {}};
    input.input.packet = std::move(record.bytes);
    inputs.push_back(std::move(input));
  }
  if (inputs.empty()) return error(Fault::bad_input, path + ": no packets");
  return inputs;
}

Expected<opt::ObjectRequest> request_of(const Flags& flags) {
  opt::ObjectRequest request;
  request.program.goal = flags.goal;
  request.program.inlining = flags.no_inline ? opt::Inline::no : opt::Inline::yes;
  request.program.cpu = flags.cpu;
  if (!flags.type.empty()) {
    TRY(request.program.type, parse_program_type(flags.type));
  }
  TRY(request.program.kernel, kernel_check(flags));
  TRY(request.program.costs, cost_table());
  TRY(request.program.profile, read_profile(flags.profile));
  request.program.generators = opt::standard_generators();
  request.read = flags.kernel_files;
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + std::chrono::seconds(flags.search.seconds);
  request.program.is_over = [end] { return Clock::now() >= end; };
  return request;
}

}  // namespace

Expected<Outcome> run_opt(const Arguments& arguments, report::Document& document) {
  CLI::App app{"makes the programs of an object smaller or faster; every change is proved"};
  Flags flags;
  declare(app, flags);
  TRY(const Parsed parsed, parse_flags(app, arguments, document));
  if (parsed == Parsed::help) return Outcome::holds;
  if (flags.calibrate) return run_calibration(document);
  TRY(require_output(flags));
  const bool has_rules = !flags.search.rules.empty() || !flags.search.learn.empty();
  const auto warn = [&document](std::string_view line) {
    document.note(report::Tone::warning, fmt::format("warning: {}", line));
  };
  const auto cache = has_rules ? proof::open_default_cache(warn) : nullptr;
  const proof::Options proofs = rule_proofs(cache.get());
  TRY(RulesFile given, read_rules(flags.search.rules, proofs));
  TRY(opt::ObjectRequest request, request_of(flags));
  TRY(const object::Object object, object::read_file(flags.input, request.read));
  opt::ObjectResult result;
  std::unique_ptr<opt::search::Search> search;
  {
    report::Progress progress("optimizing");
    request.progress = [&](std::string_view program, std::size_t done, std::size_t total) {
      progress.update(done, total, program);
    };
    if (!given.rules.empty())
      request.program.generators.push_back(opt::learnt_generator(std::move(given.rules)));
    if (!flags.search.no_search) {
      search = make_search(flags.search, progress, document);
      request.program.generators.push_back(search->generator());
    }
    TRY(result, opt::optimize_object(object, request));
  }
  const std::string_view bytes(reinterpret_cast<const char*>(result.bytes.data()),
                               result.bytes.size());
  TRY(report::write_file_atomically(flags.output, bytes));
  document.details()["input"] = flags.input;
  document.details()["output"] = flags.output;
  document.details()["programs"] = Json::array();
  OptReport report(document, object, request);
  for (const opt::ProgramResult& program : result.programs) {
    TRY(report.program(program));
  }
  if (search) {
    TRY(report_search(*search, flags.search, given, proofs, document));
  }
  report.totals(result);
  return outcome_of(result);
}

}  // namespace probity::cli
