// SPDX-License-Identifier: Apache-2.0
// Counterexamples are replayed on the interpreter only: a corpus may hold programs that no kernel
// should be given.
#include "corpus/check_case.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include <fmt/format.h>

#include "assembler/bpf_text.hpp"
#include "corpus/bare_program.hpp"
#include "object/image.hpp"
#include "symex/explorer.hpp"
#include "symex/replay.hpp"

namespace probity::corpus {
namespace {

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return words;
    line.remove_prefix(first);
    const std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

Expected<std::uint32_t> number(std::string_view word, std::string_view place) {
  std::uint32_t value = 0;
  const auto parsed = std::from_chars(word.data(), word.data() + word.size(), value);
  if (parsed.ec == std::errc() && parsed.ptr == word.data() + word.size()) return value;
  return error(Fault::bad_input,
               fmt::format("{}: \"{}\" is not a number (0..4294967295)", place, word));
}

template <typename T>
Expected<T> named(std::string_view word, std::uint32_t count, std::string_view place) {
  for (std::uint32_t i = 0; i < count; ++i) {
    if (program::name(static_cast<T>(i)) == word) return static_cast<T>(i);
  }
  return error(Fault::bad_input, fmt::format("{}: \"{}\" is not a known type", place, word));
}

constexpr std::uint32_t map_type_count = 34;
constexpr std::uint32_t prog_type_count = 33;

Expected<program::MapDef> parse_map(object::Image& image, std::span<const std::string_view> words,
                                    std::string_view place) {
  program::MapDef map;
  map.name = image.keep(words[1]);
  map.read_only = words[2] == "rodata";
  if (map.read_only) {
    map.type = program::MapType::array;
  } else {
    TRY(map.type, named<program::MapType>(words[2], map_type_count, place));
  }
  TRY(map.key_size, number(words[3], place));
  TRY(map.value_size, number(words[4], place));
  TRY(map.max_entries, number(words[5], place));
  if (map.read_only) map.initial = image.keep(std::vector<std::uint8_t>(map.value_size));
  return map;
}

Expected<void> apply_setting(object::Image& image, symex::Options& options,
                             std::span<const std::string_view> words, std::string_view place) {
  if (words[0] == "map" && words.size() == 6) {
    TRY(const program::MapDef map, parse_map(image, words, place));
    image.maps.push_back(map);
    return {};
  }
  if (words[0] == "inner" && words.size() == 3) {
    TRY(const std::uint32_t outer, number(words[1], place));
    TRY(const std::uint32_t inner, number(words[2], place));
    if (std::max(outer, inner) >= image.maps.size()) {
      return error(Fault::bad_input, fmt::format("{}: map {} of {}", place, std::max(outer, inner),
                                                 image.maps.size()));
    }
    image.maps[outer].inner = static_cast<std::int32_t>(inner);
    return {};
  }
  if (words.size() != 2) {
    return error(Fault::bad_input, fmt::format("{}: unknown setting \"{}\"", place, words[0]));
  }
  if (words[0] == "type") {
    TRY(image.type, named<program::ProgType>(words[1], prog_type_count, place));
  } else if (words[0] == "mode" && words[1] == "safety") {
    constexpr std::uint32_t longest = 65'535;  // as `check --safety`
    options.mode = symex::Mode::safety;
    options.min_packet = 0;
    options.max_packet = longest;
    options.specs = false;
  } else if (words[0] == "interference" && words[1] == "on") {
    options.interference = true;
  } else if (words[0] == "metadata") {
    TRY(options.max_metadata, number(words[1], place));
  } else if (words[0] == "max-packet") {
    TRY(options.max_packet, number(words[1], place));
  } else if (words[0] == "unroll") {
    TRY(options.unroll, number(words[1], place));
  } else if (words[0] == "assert-return") {
    for (std::string_view list = words[1]; !list.empty();) {
      const std::size_t comma = std::min(list.find(','), list.size());
      TRY(const std::uint32_t value, number(list.substr(0, comma), place));
      options.allowed_returns.push_back(value);
      list.remove_prefix(std::min(comma + 1, list.size()));
    }
  } else {
    return error(Fault::bad_input, fmt::format("{}: unknown setting \"{}\"", place, words[0]));
  }
  return {};
}

Expected<void> read_settings(const DataFile& file, CheckCase& check) {
  const Section* section = file.find(SectionKind::spec);
  if (section == nullptr) return {};
  const std::string body = without_comments(section->body);
  std::uint32_t line_number = section->line;
  for (std::string_view rest = body; !rest.empty(); ++line_number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const auto words = words_of(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (words.empty()) continue;
    if (words[0] == "assume" && words.size() > 1) {
      const std::string_view text(words[1].data(), words.back().data() + words.back().size());
      TRY(symex::Assumption assumption, symex::parse_assumption(text, check.image.type));
      check.options.assumptions.push_back(std::move(assumption));
      continue;
    }
    if (words[0] == "statements" && words.size() == 2) {
      check.statements = words[1];
      continue;
    }
    TRY(apply_setting(check.image, check.options, words,
                      fmt::format("{}:{}", file.place, line_number)));
  }
  return {};
}

Expected<object::Image> program_of(const DataFile& file) {
  const Section* kernel = file.find(SectionKind::kernel_asm);
  const Section* ubpf = file.find(SectionKind::asm_text);
  const Section* section = kernel != nullptr ? kernel : ubpf;
  if (section == nullptr) {
    return error(Fault::bad_input, fmt::format("{}: no program (kernel-asm or asm)", file.place));
  }
  const auto style = kernel != nullptr ? assembler::TextStyle::kernel : assembler::TextStyle::ubpf;
  TRY(const std::vector<bpf::Slot> slots,
      assembler::assemble({file.place, section->body, section->line}, style));
  object::Image image = object::image_from_slots(file.place, slots, program::ProgType::xdp);
  TRY(image.subprogs, find_subprogs(image.slots));
  return image;
}

/// The verdict in the words of an `expect` section.
std::string verdict(const symex::Exploration& exploration) {
  if (!exploration.findings.empty()) {
    return fmt::format("refuted: {}", symex::name(exploration.findings.front().property));
  }
  if (!exploration.unknowns.empty()) return "unknown: " + exploration.unknowns.front().reason;
  return "proved";
}

/// In the words of the setting `statements`.
std::string statements_of(const symex::Exploration& exploration) {
  std::string list;
  for (const symex::SpecStatement& one : exploration.statements) {
    if (!list.empty()) list += ',';
    list += symex::name(one.status);
  }
  return list;
}

bool agree(std::string_view expected, std::string_view actual) {
  constexpr std::string_view unknown = "unknown: ";
  if (!expected.starts_with(unknown) || !actual.starts_with(unknown)) return expected == actual;
  return actual.find(expected.substr(unknown.size())) != std::string_view::npos;
}

}  // namespace

Expected<CheckCase> read_check_case(const DataFile& file) {
  CheckCase result;
  TRY(result.image, program_of(file));
  result.options.solver.external = solver::External::none;
  TRY(read_settings(file, result));
  result.expected = last_line(file.find(SectionKind::expect)->body);
  return result;
}

Expected<CheckCaseResult> run_check_case(const DataFile& file) {
  TRY(const CheckCase check, read_check_case(file));
  symex::Explorer explorer(check.image.view(), check.options);
  TRY(const symex::Exploration exploration, explorer.explore());
  CheckCaseResult result;
  result.expected = check.expected;
  result.actual = verdict(exploration);
  if (!symex::adds_up(exploration.counts)) result.actual = "paths that do not add up";
  result.agrees = agree(result.expected, result.actual);
  if (const std::string found = statements_of(exploration);
      !check.statements.empty() && found != check.statements) {
    result.agrees = false;
    result.actual += "; statements " + found;
  }
  for (const symex::Finding& finding : exploration.findings) {
    for (const symex::Replayed& one : symex::replay(check.image, finding, symex::UseKernel::no)) {
      if (one.outcome != symex::Outcome::contradicted) continue;
      result.replays += fmt::format("{}: {}; ", one.engine, one.text);
    }
  }
  return result;
}

}  // namespace probity::corpus
