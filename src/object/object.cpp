// SPDX-License-Identifier: Apache-2.0
// Reading an object in order: ELF, functions, BTF, maps, externs, linking. Damaged debug
// information (BTF that no map definition needs, .BTF.ext) becomes a note, as libbpf treats it; all
// else is an error.
#include "object/object.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

#include "base/bytes.hpp"
#include "object/core.hpp"
#include "object/extern.hpp"
#include "object/file_bytes.hpp"
#include "object/function.hpp"
#include "object/limits.hpp"
#include "object/link.hpp"
#include "object/map.hpp"
#include "object/printable.hpp"

namespace probity::object {
namespace {

void read_types(Object& object) {
  const Section* section = object.elf.find_section(".BTF");
  if (section == nullptr || section->data.empty()) return;
  auto btf = Btf::read(section->data);
  if (!btf) {
    object.notes.push_back(printable(btf.error().line()));
    return;
  }
  object.btf = std::make_shared<const Btf>(*std::move(btf));
  const Section* ext = object.elf.find_section(".BTF.ext");
  if (ext == nullptr || ext->data.empty()) return;
  auto tables = read_btf_ext(ext->data, *object.btf, object.elf);
  if (!tables) {
    object.notes.push_back(printable(tables.error().line()));
    return;
  }
  object.ext = *std::move(tables);
  for (CoreRecord& record : object.ext.core) record.settled = is_settled(*object.btf, record);
}

void read_license(Object& object) {
  if (const Section* section = object.elf.find_section("license"); section != nullptr) {
    const std::string_view text(reinterpret_cast<const char*>(section->data.data()),
                                section->data.size());
    object.license = text.substr(0, text.find('\0'));
  }
  const Section* version = object.elf.find_section("version");
  if (version != nullptr && version->data.size() >= 4)
    object.version = load_le<std::uint32_t>(version->data.data());
}

Expected<void> fill(Object& object, const Kernel& kernel) {
  TRY(object.functions, find_functions(object.elf));
  read_license(object);
  read_types(object);
  TRY(read_legacy_maps(object));
  TRY(read_btf_maps(object));
  TRY(read_data_maps(object));
  TRY(read_externs(object, kernel));
  TRY(read_struct_ops_maps(object));
  TRY(read_initial_slots(object));
  read_record_ids(object);
  return link_programs(object, kernel);
}

Diagnostic one_line(const Diagnostic& diagnostic) {
  return {diagnostic.fault(), printable(diagnostic.line())};
}

std::string list_candidates(const Object& object) {
  constexpr std::size_t listed = 8;
  std::string text;
  std::size_t count = 0;
  for (const Program& program : object.programs) {
    if (is_companion(program.section) || ++count > listed) continue;
    text += fmt::format("{}{} ({})", count == 1 ? "" : ", ", program.name, program.section);
  }
  if (count > listed) text += fmt::format(" and {} more", count - listed);
  return text;
}

bool is_file(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return false;
  std::fclose(file);
  return true;
}

}  // namespace

std::optional<std::uint32_t> Object::function_at(CodePlace place) const {
  const auto found = std::ranges::lower_bound(functions, place, {}, [](const Function& function) {
    return CodePlace{function.section, function.first_slot};
  });
  if (found == functions.end() || found->section != place.section ||
      found->first_slot != place.slot)
    return std::nullopt;
  return static_cast<std::uint32_t>(found - functions.begin());
}

Expected<Object> read(std::span<const std::uint8_t> bytes, std::string_view name) {
  return read(bytes, name, {});
}

Expected<Object> read(std::span<const std::uint8_t> bytes, std::string_view name,
                      const ReadOptions& options) {
  TRY(const Kernel kernel, Kernel::open(options));
  Object object;
  object.name = name;
  auto elf = read_elf(bytes);
  if (!elf) return std::unexpected(one_line(elf.error()).at(name));
  object.elf = *std::move(elf);
  object.notes = object.elf.damage;
  if (const auto filled = fill(object, kernel); !filled)
    return std::unexpected(one_line(filled.error()).at(name));
  return object;
}

Expected<Object> read_file(const std::string& path) {
  return read_file(path, {});
}

Expected<Object> read_file(const std::string& path, const ReadOptions& options) {
  TRY(const std::vector<std::uint8_t> bytes, read_file_bytes(path));
  return read(bytes, path, options);
}

bool is_companion(std::string_view section) {
  return section.starts_with("?assume/") || section.starts_with("?spec/");
}

Expected<const Program*> select(const Object& object, std::string_view selector) {
  const auto bad = [&](const std::string& what) {
    return error(Fault::bad_input, fmt::format("{}: {}", object.name, printable(what)));
  };
  if (object.programs.empty()) return bad("the object holds no program");
  const Program* found = nullptr;
  std::size_t count = 0;
  for (const Program& program : object.programs) {
    if (selector.empty() && is_companion(program.section)) continue;
    if (!selector.empty() && program.name == selector) return &program;
    if (!selector.empty() && program.section != selector) continue;
    found = &program;
    ++count;
  }
  if (count == 1) return found;
  const std::string candidates = list_candidates(object);
  if (selector.empty()) return bad(fmt::format("{} programs, name one: {}", count, candidates));
  if (count == 0)
    return bad(fmt::format("no program or section {}; there are: {}", selector, candidates));
  return bad(
      fmt::format("section {} holds {} programs, name one: {}", selector, count, candidates));
}

Selection split_selection(std::string_view text) {
  for (std::size_t at = text.find(':'); at != std::string_view::npos; at = text.find(':', at + 1)) {
    const std::string path(text.substr(0, at));
    if (is_file(path)) return {path, std::string(text.substr(at + 1))};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || is_file(std::string(text))) return {std::string(text), {}};
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

}  // namespace probity::object
