// SPDX-License-Identifier: Apache-2.0
// Everything that can go wrong here is the user's input, and says where.
#include "cli/program_source.hpp"

#include <fmt/format.h>

#include "object/object.hpp"

namespace probity::cli {

Expected<program::ProgType> parse_program_type(std::string_view name) {
  constexpr auto last = static_cast<std::uint32_t>(program::ProgType::netfilter);
  for (std::uint32_t number = 0; number <= last; ++number) {
    const auto type = static_cast<program::ProgType>(number);
    if (program::name(type) == name) return type;
  }
  return error(
      Fault::bad_input,
      fmt::format("--type: \"{}\" is not a program type (xdp, sched_cls, socket_filter …)", name));
}

Expected<object::Image> load_program(const std::string& selection, const std::string& type) {
  const object::Selection parts = object::split_selection(selection);
  TRY(const object::Object object, object::read_file(parts.path));
  TRY(const object::Program* const program, object::select(object, parts.selector));
  object::Image image = object::make_image(object, *program);
  if (!type.empty()) {
    TRY(image.type, parse_program_type(type));
  }
  return image;
}

}  // namespace probity::cli
