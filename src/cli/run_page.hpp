// SPDX-License-Identifier: Apache-2.0
// The HTML page of one run, whatever the verb: its parts are given as they
// come, then it is rendered. Of several programs each slot is told apart by the
// program's number in its high bits.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/finding_json.hpp"
#include "report/json.hpp"
#include "symex/finding.hpp"

namespace probity::cli {

/// A packet as its bytes and its fields, for page.js.
report::Json packet_json(std::span<const std::uint8_t> packet);

class RunPage {
 public:
  /// `names` of the programs of `cast`, as listings are headed; one program
  /// needs none.
  RunPage(std::string title, std::string subtitle, std::string_view verdict, Cast cast,
          std::vector<std::string> names = {});

  void fact(std::string_view name, std::string value);
  /// A member of the page's data as it is, see report/page.hpp.
  void set(std::string_view name, report::Json value);
  void sum(const report::Json& counts);
  void notes(std::span<const std::string> notes);
  /// As finding_json() has it; its packet is taken apart. `runs` may be null.
  void finding(const report::Json& finding, report::Json runs);
  /// As unknown_json() has it.
  void unknown(const report::Json& unknown);
  void paths(const symex::Exploration& exploration);
  void table(std::string_view title, std::vector<std::string> columns,
             std::vector<std::vector<std::string>> rows);

  std::string render();

 private:
  std::uint64_t slot_of(const report::Json& place) const;
  const program::View& program_of(const report::Json& place) const;
  std::uint64_t step_number(const symex::TrailStep& step) const;

  std::string title_;
  Cast cast_;
  report::Json data_;
};

/// What one run of a finding gave, for RunPage::finding.
report::Json run_json(std::string_view name, std::string text,
                      std::span<const std::uint8_t> packet);

}  // namespace probity::cli
