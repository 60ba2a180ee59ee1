// SPDX-License-Identifier: Apache-2.0
// See corpus_rows.hpp.
#include "corpus_rows.hpp"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

namespace probity::corpus {
namespace {

unsigned digit(char c) {
  return c <= '9' ? static_cast<unsigned>(c - '0') : static_cast<unsigned>(c - 'a' + 10);
}

}  // namespace

RowResult RowResult::of(std::string wrong) {
  // Differences of values are one reason; other messages speak for themselves, up to their numbers.
  const bool value = wrong.starts_with("returns") || wrong.starts_with("packet");
  std::string reason = value ? wrong.substr(0, wrong.find(' ')) : wrong;
  if (const std::size_t at = reason.find("helper "); at != std::string::npos)
    reason = reason.substr(at);
  return {true, std::move(wrong), std::move(reason)};
}

runtime::Bytes bytes_of_hex(const std::string& text) {
  runtime::Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4 | digit(text[i + 1])));
  }
  return bytes;
}

std::string hex_of(const runtime::Bytes& bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::string difference(const runtime::RunOutput& output, const Json& expected) {
  const auto got = static_cast<std::uint32_t>(output.return_value);
  const auto wanted = expected.at("retval").get<std::uint32_t>();
  if (got != wanted) return fmt::format("returns {}, the kernel {}", got, wanted);
  const std::string wanted_bytes = expected.at("data_out").get<std::string>();
  const std::string got_bytes = hex_of(output.packet);
  if (got_bytes == wanted_bytes) return {};
  const auto at = std::ranges::mismatch(got_bytes, wanted_bytes).in1 - got_bytes.begin();
  return fmt::format("packet differs at byte {} ({} bytes, the kernel {})", at / 2,
                     got_bytes.size() / 2, wanted_bytes.size() / 2);
}

Expected<VectorReport> for_each_row(const std::filesystem::path& file,
                                    const std::function<RowResult(const Json&)>& run) {
  std::ifstream in(file);
  if (!in) return error(Fault::bad_input, fmt::format("{}: cannot be read", file.string()));
  VectorReport report;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    const Json row = Json::parse(line, nullptr, false);
    if (row.is_discarded()) {
      return error(Fault::bad_input, fmt::format("{}:{}: not JSON", file.string(), number));
    }
    RowResult result = run(row);
    if (!result.counted) {
      ++report.skipped;
      continue;
    }
    ++report.total;
    if (result.wrong.empty()) {
      ++report.passed;
      continue;
    }
    ++report.reasons[result.reason];
    if (report.failures.size() < max_failures_kept) {
      const std::string name = row.contains("name")
                                   ? row["name"].get<std::string>()
                                   : row.value("object", "") + ":" + row.value("prog", "");
      report.failures.push_back(
          fmt::format("{}:{}: {}: {}", file.filename().string(), number, name, result.wrong));
    }
  }
  return report;
}

}  // namespace probity::corpus
