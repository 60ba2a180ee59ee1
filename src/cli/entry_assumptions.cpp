// SPDX-License-Identifier: Apache-2.0
// See entry_assumptions.hpp. A section that names no program type, or a function that is not there,
// is refused: an assumption that silently counts for nothing would be worse.
#include "cli/entry_assumptions.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/flags.hpp"

namespace probity::cli {
namespace {

constexpr std::string_view prefix = "?assume/";

/// "?assume/TYPE:FUNCTION" taken apart.
struct Target {
  program::ProgType type = program::ProgType::unspec;
  std::string_view function;  ///< empty: every program of the type
};

Expected<Target> target_of(const object::Program& program) {
  const std::string_view rest = program.section.substr(prefix.size());
  const std::size_t colon = std::min(rest.find(':'), rest.size());
  Target target;
  target.type = object::type_of_section(rest.substr(0, colon)).type;
  target.function = rest.substr(std::min(colon + 1, rest.size()));
  if (target.type != program::ProgType::unspec) return target;
  return error(Fault::bad_input,
               fmt::format("section \"{}\": \"{}\" is not a program type (xdp, tc, socket …)",
                           program.section, rest.substr(0, colon)));
}

}  // namespace

void add_assume_option(CLI::App& app, std::vector<std::string>& expressions) {
  app.add_option("--assume", expressions,
                 "consider only inputs that meet EXPR, e.g. 'packet[12:2] == 0x0800 && "
                 "ctx.ingress_ifindex == 6'; may be given several times")
      ->type_name("EXPR")
      ->allow_extra_args(false);
}

Expected<EntryAssumptions> entry_assumptions(const object::Object& object,
                                             const object::Image& image,
                                             const std::vector<std::string>& expressions) {
  EntryAssumptions result;
  for (const std::string& text : expressions) {
    TRY(symex::Assumption expression, symex::parse_assumption(text, image.type));
    result.expressions.push_back(std::move(expression));
    result.texts.push_back(text);
  }
  for (const object::Program& program : object.programs) {
    if (!program.section.starts_with(prefix) || program.name == image.name) continue;
    TRY(const Target target, target_of(program));
    const auto named = [&](const object::Program& other) { return other.name == target.function; };
    if (!target.function.empty() && std::ranges::none_of(object.programs, named)) {
      return error(Fault::bad_input, fmt::format("section \"{}\": there is no program {}",
                                                 program.section, target.function));
    }
    if (target.type != image.type) continue;
    if (!target.function.empty() && target.function != image.name) continue;
    auto function = std::make_unique<object::Image>(object::make_image(object, program));
    if (!function->unsupported.empty()) {
      return error(Fault::unsupported,
                   fmt::format("assumption {}: {}", function->name, function->unsupported));
    }
    function->type = image.type;
    result.texts.push_back(fmt::format("{}() in section {}", program.name, program.section));
    result.functions.push_back(std::move(function));
  }
  return result;
}

void EntryAssumptions::apply(symex::Options& options) const {
  options.assumptions = expressions;
  for (const auto& function : functions) options.entry_functions.push_back(function->view());
}

void EntryAssumptions::report(report::Document& document) const {
  report::Json list = report::Json::array();
  for (const std::string& text : texts) {
    document.note(report::Tone::warning, "assumed of every input: " + text);
    list.push(text);
  }
  document.details()["assumptions"] = std::move(list);
}

}  // namespace probity::cli
