// SPDX-License-Identifier: Apache-2.0
// `probity version`: the version of the command and of the JSON it prints. The JSON
// itself carries the version of its shape, which moves only when a reader of it must change.
#include "cli/flags.hpp"

namespace probity::cli {

Expected<Outcome> run_version(const Arguments& arguments, report::Document& document) {
  CLI::App app{"Print the version of probity and of the JSON it prints."};
  TRY(const Parsed parsed, parse_flags(app, arguments, document));
  if (parsed == Parsed::help) return Outcome::holds;
  document.note(report::Tone::plain, "probity " PROBITY_VERSION);
  document.details()["version"] = PROBITY_VERSION;
  return Outcome::holds;
}

}  // namespace probity::cli
