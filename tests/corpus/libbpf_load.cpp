// SPDX-License-Identifier: Apache-2.0
// See libbpf_load.hpp.
#include "libbpf_load.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <elf.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "runtime/kernel_load.hpp"
#include "runtime/kernel_map.hpp"

namespace probity::corpus {
namespace {

using object::Object;

struct Closer {
  void operator()(bpf_object* opened) const { bpf_object__close(opened); }
};
using Opened = std::unique_ptr<bpf_object, Closer>;

int print_nothing(libbpf_print_level, const char*, va_list) {
  return 0;
}

/// libbpf takes functions only from FUNC symbols with a size; LLVM before 8 wrote others.
std::vector<std::uint8_t> with_typed_symbols(const Object& object) {
  std::vector<std::uint8_t> bytes = *object.elf.bytes;
  for (const object::Function& function : object.functions) {
    if (!function.notype) continue;
    for (const object::Section& section : object.elf.sections) {
      if (section.type != SHT_SYMTAB) continue;
      for (std::uint64_t at = 0; at < section.size; at += sizeof(Elf64_Sym)) {
        std::uint8_t* place = bytes.data() + section.offset + at;
        auto symbol = load_le<Elf64_Sym>(place);
        const bool same = symbol.st_shndx == function.section &&
                          symbol.st_value == std::uint64_t{function.first_slot} * 8 &&
                          ELF64_ST_BIND(symbol.st_info) != STB_LOCAL &&
                          ELF64_ST_TYPE(symbol.st_info) == STT_NOTYPE;
        if (!same) continue;
        symbol.st_info = static_cast<unsigned char>((symbol.st_info & 0xf0) | STT_FUNC);
        symbol.st_size = std::uint64_t{function.slot_count} * 8;
        store_le(place, symbol);
      }
    }
  }
  return bytes;
}

std::unexpected<Diagnostic> refused(std::string_view by, int reason) {
  return error(Fault::system,
               fmt::format("{}: {}", by, runtime::errno_text(reason < 0 ? -reason : reason)));
}

Expected<Opened> open(const std::vector<std::uint8_t>& bytes) {
  libbpf_set_print(print_nothing);
  LIBBPF_OPTS(bpf_object_open_opts, options);
  options.object_name = "corpus";
  Opened opened(bpf_object__open_mem(bytes.data(), bytes.size(), &options));
  if (!opened) return refused("libbpf does not open it", errno);
  return opened;
}

std::optional<std::uint32_t> type_named(const std::string& name) {
  for (std::uint32_t type = 0; type <= static_cast<std::uint32_t>(program::ProgType::netfilter);
       ++type)
    if (program::name(static_cast<program::ProgType>(type)) == name) return type;
  return std::nullopt;
}

/// What the corpus' loader changed in map definitions.
Expected<void> apply_overrides(const std::string& text, bpf_object* opened, runtime::Fd& inner) {
  if (text.empty()) return {};
  for (const nlohmann::json& row : nlohmann::json::parse(text)) {
    const auto name = row.at("map").get<std::string>();
    bpf_map* map = bpf_object__find_map_by_name(opened, name.c_str());
    if (map == nullptr) return error(Fault::bad_input, "no map for an override: " + name);
    if (row.contains("max_entries"))
      bpf_map__set_max_entries(map, row.at("max_entries").get<unsigned>());
    if (row.contains("key_size")) bpf_map__set_key_size(map, row.at("key_size").get<unsigned>());
    if (row.contains("value_size"))
      bpf_map__set_value_size(map, row.at("value_size").get<unsigned>());
    if (!row.contains("inner")) continue;
    // All rows say "type 2 key 4 value 4 entries 1": an array of one number.
    if (!inner.is_open())
      inner = runtime::Fd(bpf_map_create(BPF_MAP_TYPE_ARRAY, "inner", 4, 4, 1, nullptr));
    bpf_map__set_inner_map_fd(map, inner.get());
  }
  return {};
}

}  // namespace

bool may_load() {
  const int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "probe", 4, 4, 1, nullptr);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

Expected<void> open_by_libbpf(const Object& object) {
  TRY([[maybe_unused]] const Opened opened, open(with_typed_symbols(object)));
  return {};
}

Expected<void> load_by_libbpf(const Object& object, std::span<const ProgramRow> rows) {
  const std::vector<std::uint8_t> bytes = with_typed_symbols(object);
  TRY(const Opened opened, open(bytes));
  std::size_t found = 0;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, opened.get()) {
    const auto row = std::ranges::find_if(rows, [&](const ProgramRow& candidate) {
      return candidate.at("prog") == bpf_program__name(program) &&
             candidate.at("section") == bpf_program__section_name(program);
    });
    bpf_program__set_autoload(program, row != rows.end());
    if (row == rows.end()) continue;
    ++found;
    const auto type = type_named(row->at("prog_type"));
    if (row->at("type_guessed") == "1" && type)
      bpf_program__set_type(program, static_cast<bpf_prog_type>(*type));
  }
  if (found != rows.size()) return error(Fault::bad_input, "libbpf does not find the programs");
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, opened.get()) {
    bpf_map__set_pin_path(map, nullptr);  // nothing is left behind
  }
  runtime::Fd inner;
  for (const ProgramRow& row : rows)
    TRY(apply_overrides(row.at("map_overrides"), opened.get(), inner));
  const int status = bpf_object__load(opened.get());
  if (status != 0) return refused("libbpf does not load it", status);
  return {};
}

Expected<void> load_by_ourselves(const Object& object, const ProgramRow& row) {
  for (const object::Program& program : object.programs) {
    if (program.name != row.at("prog") || program.section != row.at("section")) continue;
    object::Image image = object::make_image(object, program);
    const auto type = type_named(row.at("prog_type"));
    if (type) image.type = static_cast<program::ProgType>(*type);
    const program::View view = image.view();
    std::vector<int> fds(view.maps.size(), -1);
    std::vector<runtime::KernelMap> maps;
    TRY(const std::vector<std::size_t> used, runtime::referenced_maps(view));
    for (const std::size_t index : used) {
      TRY(runtime::KernelMap map, runtime::create_kernel_map(view.maps, index, {}));
      fds[index] = map.fd.get();
      maps.push_back(std::move(map));
    }
    TRY([[maybe_unused]] const runtime::Fd loaded,
        runtime::load_into_kernel(view, runtime::slots_for_kernel(view, fds)));
    return {};
  }
  return error(Fault::bad_input, "no such program");
}

}  // namespace probity::corpus
