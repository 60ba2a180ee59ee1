// SPDX-License-Identifier: Apache-2.0
// Everything that can go wrong here is the user's input, and says where.
#include "cli/program_source.hpp"

#include <fmt/format.h>

#include "base/arena.hpp"
#include "cli/flags.hpp"
#include "object/object.hpp"
#include "program/validate.hpp"

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

void add_kernel_options(CLI::App& app, object::ReadOptions& options) {
  app.add_option("--btf", options.btf,
                 "Types that CO-RE relocations refer to: raw BTF or an ELF file with it "
                 "(default: the running kernel's)")
      ->type_name("FILE");
  app.add_option("--kconfig", options.kconfig,
                 "CONFIG_ lines that come before those of the running kernel")
      ->type_name("FILE");
}

Expected<LoadedProgram> load_with_object(const std::string& selection, const std::string& type,
                                         const object::ReadOptions& options) {
  const object::Selection parts = object::split_selection(selection);
  LoadedProgram loaded;
  TRY(loaded.object, object::read_file(parts.path, options));
  TRY(const object::Program* const program, object::select(loaded.object, parts.selector));
  loaded.image = object::make_image(loaded.object, *program);
  if (!type.empty()) {
    TRY(loaded.image.type, parse_program_type(type));
  }
  return loaded;
}

Expected<object::Image> load_program(const std::string& selection, const std::string& type,
                                     const object::ReadOptions& options) {
  TRY(LoadedProgram loaded, load_with_object(selection, type, options));
  return std::move(loaded.image);
}

Expected<void> require_checkable(const object::Image& image) {
  using program::ProgType;
  if (!image.unsupported.empty()) {
    return error(Fault::unsupported, fmt::format("{}: {}", image.name, image.unsupported));
  }
  switch (image.type) {
    case ProgType::unspec:
      return error(Fault::bad_input,
                   fmt::format("{}: section \"{}\" does not say the program's type; give --type "
                               "(xdp, sched_cls, sched_act, socket_filter or cgroup_skb)",
                               image.name, image.section));
    case ProgType::xdp:
    case ProgType::sched_cls:
    case ProgType::sched_act:
    case ProgType::socket_filter:
    case ProgType::cgroup_skb: break;
    default:
      return error(Fault::unsupported,
                   fmt::format("{}: programs of type {} are not checked yet (xdp, "
                               "sched_cls, sched_act, socket_filter, cgroup_skb are)",
                               image.name, program::name(image.type)));
  }
  std::vector<std::byte> scratch(
      program::validate_arena_bytes(image.slots.size(), image.subprogs.size()));
  Arena arena(scratch);
  return program::validate(image.view(), arena);
}

}  // namespace probity::cli
