// SPDX-License-Identifier: Apache-2.0
// Document: what a command has to say, before anyone decides how it looks. Blocks (heading, fields,
// table, code, note) are for people; `details()` is the same content as a JSON tree for programs.
// The summary counts are part of both. Renderers turn one document into terminal text or into the
// versioned object that `--json` prints:
//   {"schema": 1, "command": "check", "status": 1, "summary": {"proved": 0, …}, "details": {…}}
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/diagnostic.hpp"
#include "report/json.hpp"

namespace probity::report {

/// Version of the object that `--json` prints; docs/json.md lists the changes.
constexpr unsigned schema_version = 1;

enum class Tone : std::uint8_t { plain, good, bad, warning };

struct Heading {
  std::string text;
};
struct Fields {
  std::vector<std::pair<std::string, std::string>> rows;  ///< name, value
};
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};
struct Code {
  std::string text;  ///< printed as it is, line by line
};
struct Note {
  Tone tone = Tone::plain;
  std::string text;
};
using Block = std::variant<Heading, Fields, Table, Code, Note>;

/// Which counts the summary shows: of proofs, or of tests and runs.
enum class SummaryKind : std::uint8_t { verdicts, results };
enum class Tally : std::uint8_t { proved, refuted, unknown, passed, failed, skipped };
constexpr std::size_t tally_count = 6;
std::string_view name(Tally tally);

class Document {
 public:
  explicit Document(std::string_view command) : command_(command) {}

  Document& heading(std::string text);
  Document& fields(std::vector<std::pair<std::string, std::string>> rows);
  Document& table(std::vector<std::string> columns, std::vector<std::vector<std::string>> rows);
  Document& code(std::string text);
  Document& note(Tone tone, std::string text);

  /// What `other` has to say comes next; members of its details replace those of one name.
  Document& append(Document other);

  /// A command that reports verdicts says so once; the default is results.
  void summarise(SummaryKind kind) { kind_ = kind; }
  void count(Tally tally, std::uint64_t number);
  std::uint64_t counted(Tally tally) const { return counts_[static_cast<std::size_t>(tally)]; }

  Json& details() { return details_; }
  const Json& details() const { return details_; }
  std::string_view command() const { return command_; }
  SummaryKind summary_kind() const { return kind_; }
  const std::vector<Block>& blocks() const { return blocks_; }

 private:
  std::string command_;
  SummaryKind kind_ = SummaryKind::results;
  std::array<std::uint64_t, tally_count> counts_{};
  std::vector<Block> blocks_;
  Json details_;
};

/// The tallies that a summary of this kind shows, in order.
std::span<const Tally> tallies(SummaryKind kind);

enum class Color : std::uint8_t { no, yes };
/// For people: blocks in order, tables aligned, every line ended.
std::string render_text(const Document& document, Color color);
/// For programs: one object, newline at the end. `status` is the exit status of the command.
std::string render_json(const Document& document, int status);
/// The same object for a command that ended with a diagnostic: an "error" member with kind and
/// message.
std::string render_json_error(const Document& document, int status, const Diagnostic& diagnostic);

}  // namespace probity::report
