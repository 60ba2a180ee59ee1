// SPDX-License-Identifier: Apache-2.0
// The rows of real objects: vectors.jsonl, sequences.jsonl and programs.tsv. An object is read once
// for all its rows, which follow each other; its program is loaded afresh for each row, so every
// row starts with all-zero maps.
#include "object_vectors.hpp"

#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/arena.hpp"
#include "corpus_rows.hpp"
#include "map_record.hpp"
#include "object/object.hpp"
#include "object_rows.hpp"
#include "program/validate.hpp"
#include "runtime/kernel_test_run.hpp"

namespace probity::corpus {
namespace {

using object::Image;
using object::Object;
using runtime::Bytes;
using runtime::Engine;
using runtime::EngineKind;
using runtime::RunOutput;

/// What a row said: nothing to complain of, or where it first differs.
struct Answer {
  std::optional<DifferencePart> part;
  std::string text;

  static Answer agrees() { return {}; }
  static Answer differs(DifferencePart part, std::string text) { return {part, std::move(text)}; }
  static Answer refused(const Diagnostic& why) {
    return {DifferencePart::refused, std::string(why.line())};
  }
};

/// The object of the current rows.
struct Cache {
  std::filesystem::path folder;
  std::string name;
  std::optional<Object> object;
  std::string problem;

  void open(const std::string& wanted) {
    if (wanted == name) return;
    name = wanted;
    object.reset();
    problem.clear();
    Expected<Object> read = object::read_file((folder / "objects" / wanted).string());
    if (read)
      object.emplace(std::move(*read));
    else
      problem = read.error().line();
  }
};

Expected<std::unique_ptr<Engine>> load(EngineKind kind, const program::View& program) {
  return kind == EngineKind::kernel ? runtime::load_kernel(program)
                                    : runtime::load_engine(kind, program, {});
}

/// Who the recording loader was: programs ask for its name and number.
constexpr const char* recorded_command = "ldr1";
constexpr std::uint32_t recorded_process_id = 6490;

runtime::RunInput recorded_surroundings() {
  runtime::RunInput input;
  input.surroundings.command = recorded_command;
  input.surroundings.process_id = recorded_process_id;
  input.surroundings.thread_id = recorded_process_id;
  return input;
}

/// Where the kernel refused to run a packet, and only there, the rule for that says so.
Answer compare_refusal(program::ProgType type, const Json& row) {
  const Bytes packet = bytes_of_hex(row.at("packet").get<std::string>());
  const std::string refusal = runtime::test_run_refusal(type, packet);
  if (row.contains("errno") == !refusal.empty()) return Answer::agrees();
  return Answer::differs(
      DifferencePart::refused,
      refusal.empty() ? "only the kernel's test run refuses the packet" : refusal);
}

/// One packet: what it returns and what comes out. A packet that was refused is not run.
Answer compare_packet(Engine& engine, program::ProgType type, const Json& row) {
  if (Answer answer = compare_refusal(type, row); answer.part || row.contains("errno"))
    return answer;
  runtime::RunInput input = recorded_surroundings();
  input.packet = bytes_of_hex(row.at("packet").get<std::string>());
  const Expected<RunOutput> output = engine.run(input);
  if (!output) return Answer::refused(output.error());
  const runtime::FaultReport& fault = output->fault;
  if (fault.kind == runtime::FaultKind::unsupported)
    return Answer::differs(DifferencePart::refused, fault.text);
  if (fault.kind != runtime::FaultKind::none)
    return Answer::differs(DifferencePart::fault, fault.text);
  const std::string wrong = difference(*output, row);
  if (wrong.empty()) return Answer::agrees();
  return Answer::differs(
      wrong.starts_with("returns") ? DifferencePart::returns : DifferencePart::packet, wrong);
}

Answer compare_maps(Engine& engine, const program::View& program, const MapSnapshot& before,
                    const Json& row, std::size_t limit) {
  const Expected<MapSnapshot> after = MapSnapshot::take(engine, program);
  if (!after) return Answer::refused(after.error());
  const std::string wrong = after->difference(before, program, row.at("maps_changed"), limit);
  return wrong.empty() ? Answer::agrees() : Answer::differs(DifferencePart::map, wrong);
}

Answer run_vector(const Object& object, const Json& row, EngineKind kind) {
  if (row.contains("errno"))
    return compare_refusal(type_named(row.at("prog_type").get<std::string>()), row);
  const Expected<Image> image = image_of(object, row);
  if (!image) return Answer::refused(image.error());
  const program::View view = image->view();
  const auto engine = load(kind, view);
  if (!engine) return Answer::refused(engine.error());
  const Expected<MapSnapshot> before = MapSnapshot::take(**engine, view);
  if (!before) return Answer::refused(before.error());
  Answer answer = compare_packet(**engine, view.type, row);
  if (answer.part || !row.value("maps_deterministic", true)) return answer;
  return compare_maps(**engine, view, *before, row, vector_changes_limit);
}

Answer run_sequence(const Object& object, const Json& row, EngineKind kind) {
  const Expected<Image> image = image_of(object, row);
  if (!image) return Answer::refused(image.error());
  const program::View view = image->view();
  const auto engine = load(kind, view);
  if (!engine) return Answer::refused(engine.error());
  if (const Expected<void> seeded = seed_maps(**engine, view, row); !seeded)
    return Answer::refused(seeded.error());
  const Expected<MapSnapshot> before = MapSnapshot::take(**engine, view);
  if (!before) return Answer::refused(before.error());
  for (const Json& run : row.at("runs")) {
    Answer answer = compare_packet(**engine, view.type, run);
    if (answer.part) return answer;
  }
  return compare_maps(**engine, view, *before, row, sequence_changes_limit);
}

/// Why a row says nothing about an engine, or empty.
std::string skip_reason(const Json& row) {
  if (row.contains("errno")) return "the kernel's test run refuses the packet, as its rule says";
  if (!row.value("deterministic", false)) return "the kernel's answer does not repeat";
  return {};
}

/// In the kernel it is the calling thread that is asked for its name: it bears the recorded one
/// while this lives.
class RecordedProcessName {
 public:
  RecordedProcessName() {
    ::prctl(PR_GET_NAME, before_.data());
    ::prctl(PR_SET_NAME, recorded_command);
  }
  RecordedProcessName(const RecordedProcessName&) = delete;
  RecordedProcessName& operator=(const RecordedProcessName&) = delete;
  ~RecordedProcessName() { ::prctl(PR_SET_NAME, before_.data()); }

 private:
  std::array<char, 16> before_{};  // TASK_COMM_LEN
};

/// Every stride-th object, by its place in the file.
class Sample {
 public:
  explicit Sample(std::size_t stride) : stride_(stride) {}
  bool takes(const std::string& object) {
    if (object != name_) {
      name_ = object;
      ++count_;
    }
    return count_ % stride_ == 0;
  }

 private:
  std::size_t stride_;
  std::size_t count_ = 0;
  std::string name_;
};

void add(ObjectReport& report, const std::string& skip, Answer answer, Difference where) {
  if (answer.part) {
    where.part = *answer.part;
    where.text = std::move(answer.text);
    report.differences.push_back(std::move(where));
    ++report.total;
    return;
  }
  if (!skip.empty()) {
    ++report.skipped[skip];
    return;
  }
  ++report.total;
  ++report.passed;
}

template <typename T>
Expected<ObjectReport> run_rows(const std::filesystem::path& file, const ObjectRun& how, T run) {
  std::ifstream in(file);
  if (!in) return error(Fault::bad_input, fmt::format("{}: cannot be read", file.string()));
  ObjectReport report;
  Cache cache{file.parent_path(), {}, {}, {}};
  Sample sample(how.object_stride);
  const RecordedProcessName process_name;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    const Json row = Json::parse(line, nullptr, false);
    if (row.is_discarded())
      return error(Fault::bad_input, fmt::format("{}:{}: not JSON", file.string(), number));
    const std::string object = row.at("object").get<std::string>();
    if (!sample.takes(object)) continue;
    const std::string skip = skip_reason(row);
    if (!row.value("deterministic", false)) {
      ++report.skipped[skip];
      continue;
    }
    cache.open(object);
    Answer answer = cache.object ? run(*cache.object, row, how.engine)
                                 : Answer::differs(DifferencePart::refused, cache.problem);
    add(report, skip, std::move(answer),
        {number, object, row.at("prog").get<std::string>(), DifferencePart::refused, {}});
  }
  return report;
}

/// Linked with nothing left open, and valid.
Answer load_program(const Object& object, const std::vector<std::string>& columns) {
  const Expected<Image> image = image_named(object, columns[1], columns[2], columns[4]);
  if (!image) return Answer::refused(image.error());
  const program::View view = image->view();
  std::vector<std::byte> scratch(program::validate_scratch_bytes(view));
  Arena arena(scratch);
  const Expected<void> valid = program::validate(view, arena);
  return valid ? Answer::agrees() : Answer::refused(valid.error());
}

std::vector<std::string> columns_of(const std::string& line) {
  std::vector<std::string> columns;
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t end = std::min(line.find('\t', at), line.size());
    columns.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return columns;
}

}  // namespace

Expected<ObjectReport> run_object_vectors(const std::filesystem::path& file, const ObjectRun& how) {
  return run_rows(file, how, run_vector);
}

Expected<ObjectReport> run_sequences(const std::filesystem::path& file, const ObjectRun& how) {
  return run_rows(file, how, run_sequence);
}

Expected<ObjectReport> load_programs(const std::filesystem::path& file, const ObjectRun& how) {
  constexpr std::size_t outcome_column = 6;
  std::ifstream in(file);
  if (!in) return error(Fault::bad_input, fmt::format("{}: cannot be read", file.string()));
  ObjectReport report;
  Cache cache{file.parent_path(), {}, {}, {}};
  Sample sample(how.object_stride);
  std::string line;
  std::getline(in, line);  // the header
  for (std::size_t number = 2; std::getline(in, line); ++number) {
    const std::vector<std::string> columns = columns_of(line);
    if (columns.size() <= outcome_column)
      return error(Fault::bad_input, fmt::format("{}:{}: too few columns", file.string(), number));
    if (!sample.takes(columns[0])) continue;
    if (columns[outcome_column] != "loaded") {
      ++report.skipped["the kernel did not load it: " + columns[outcome_column]];
      continue;
    }
    cache.open(columns[0]);
    Answer answer = cache.object ? load_program(*cache.object, columns)
                                 : Answer::differs(DifferencePart::refused, cache.problem);
    add(report, {}, std::move(answer),
        {number, columns[0], columns[1], DifferencePart::refused, {}});
  }
  return report;
}

}  // namespace probity::corpus
