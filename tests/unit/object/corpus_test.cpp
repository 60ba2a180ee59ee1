// SPDX-License-Identifier: Apache-2.0
// Every object of the corpus reads, or fails with one line; maps, section sizes, program names and
// linked sizes equal what libbpf saw (manifest.tsv, programs.tsv). The differences are listed in
// the output.
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "object/object.hpp"
#include "program/validate.hpp"
#include "sha256.hpp"

namespace probity::object {
namespace {

std::string corpus_folder() {
  const char* folder = std::getenv("PROBITY_CORPUS");
  return folder != nullptr ? folder : "../shared/corpus";
}

using Row = std::map<std::string, std::string>;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  for (std::size_t at = 0; (at = text.find(separator, start)) != std::string::npos; start = at + 1)
    parts.push_back(text.substr(start, at - start));
  parts.push_back(text.substr(start));
  return parts;
}

std::vector<Row> read_table(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  const auto columns = split(line, '\t');
  std::vector<Row> rows;
  while (std::getline(in, line)) {
    const auto cells = split(line, '\t');
    Row row;
    for (std::size_t i = 0; i < std::min(columns.size(), cells.size()); ++i)
      row[columns[i]] = cells[i];
    rows.push_back(std::move(row));
  }
  return rows;
}

/// `name:slots` of every executable section, as in the manifest.
std::string describe_sections(const Object& object) {
  std::string text;
  for (const Section& section : object.elf.sections)
    if (section.executable() && section.size >= 8)
      text += fmt::format("{}{}:{}", text.empty() ? "" : ";", section.name, section.size / 8);
  return text;
}

/// `name:type:key:value:max_entries` of the maps a source file defines, sorted.
std::vector<std::string> describe_maps(const Object& object) {
  std::vector<std::string> maps;
  for (std::size_t i = 0; i < object.maps.size(); ++i) {
    const MapInfo& info = object.map_info[i];
    const program::MapDef& def = object.maps[i];
    const bool libbpf_legacy =  // libbpf knows no "maps/NAME" sections
        info.source == MapSource::legacy && object.elf.sections[info.section].name == "maps";
    const bool own =
        info.source == MapSource::btf || libbpf_legacy || info.source == MapSource::struct_ops;
    if (own)
      maps.push_back(fmt::format("{}:{}:{}:{}:{}", def.name, static_cast<unsigned>(def.type),
                                 info.declared_key_size, info.declared_value_size,
                                 def.max_entries));
  }
  std::ranges::sort(maps);
  return maps;
}

std::vector<std::string> sorted_parts(const std::string& text) {
  if (text.empty()) return {};
  auto parts = split(text, ';');
  std::ranges::sort(parts);
  return parts;
}

struct Tally {
  std::size_t total = 0;
  std::size_t equal = 0;
  void count(bool same, const std::string& difference) {
    ++total;
    if (same) ++equal;
    if (!same) fmt::print("  differs: {}\n", difference);
  }
  double percent() const {
    return total == 0 ? 100.0 : 100.0 * static_cast<double>(equal) / static_cast<double>(total);
  }
};

class Corpus : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = corpus_folder();
    rows_ = read_table(folder_ + "/manifest.tsv");
    if (rows_.empty()) GTEST_SKIP() << "no corpus at " << folder_ << " (set PROBITY_CORPUS)";
  }
  Expected<Object> read_object(const std::string& name) const {
    return read_file(folder_ + "/objects/" + name);
  }

  std::string folder_;
  std::vector<Row> rows_;
};

TEST_F(Corpus, ObjectsReadOrFailWithOneLine) {
  std::size_t read_count = 0;
  for (const Row& row : rows_) {
    const auto object = read_object(row.at("object"));
    if (object) {
      ++read_count;
      continue;
    }
    const std::string_view line = object.error().line();
    EXPECT_EQ(row.at("n_programs"), "0") << "libbpf reads it: " << line;
    fmt::print("  refused: {}\n", line);
    EXPECT_EQ(line.find('\n'), std::string_view::npos) << row.at("object");
    EXPECT_NE(line.find(row.at("object")), std::string_view::npos) << line;
    EXPECT_EQ(object.error().fault(), Fault::bad_input) << line;
  }
  fmt::print("objects: {} of {} read\n", read_count, rows_.size());
  EXPECT_GE(read_count * 100, rows_.size() * 98);
}

TEST_F(Corpus, MapsAndSectionsEqualTheManifest) {
  Tally sections;
  Tally maps;
  for (const Row& row : rows_) {
    const auto object = read_object(row.at("object"));
    if (!object) continue;
    sections.count(describe_sections(*object) == row.at("prog_sections"),
                   fmt::format("{} sections {} / manifest {}", row.at("object"),
                               describe_sections(*object), row.at("prog_sections")));
    const bool opened = row.at("note").find("libbpf open failed") == std::string::npos;
    if (!opened) continue;  // libbpf knows no maps then
    const auto found = describe_maps(*object);
    std::string text;
    for (const std::string& map : found) text += map + ";";
    maps.count(found == sorted_parts(row.at("maps")),
               fmt::format("{} maps {} / manifest {}", row.at("object"), text, row.at("maps")));
  }
  fmt::print("sections: {} of {} equal\nmaps: {} of {} objects equal\n", sections.equal,
             sections.total, maps.equal, maps.total);
  EXPECT_GE(sections.percent(), 99.0);
  EXPECT_GE(maps.percent(), 99.0);
}

TEST_F(Corpus, ProgramsEqualWhatTheKernelLoaded) {
  Tally names;
  Tally sizes;
  Tally types;
  std::string loaded_name;
  std::optional<Object> object;
  for (const Row& row : read_table(folder_ + "/programs.tsv")) {
    if (row.at("object") != loaded_name) {
      loaded_name = row.at("object");
      auto result = read_object(loaded_name);
      object = result ? std::optional(*std::move(result)) : std::nullopt;
    }
    if (!object) continue;
    const auto found = std::ranges::find_if(object->programs, [&](const Program& program) {
      return program.name == row.at("prog") && program.section == row.at("section");
    });
    names.count(
        found != object->programs.end(),
        fmt::format("{} has no program {} in {}", loaded_name, row.at("prog"), row.at("section")));
    if (found == object->programs.end()) continue;
    if (!row.at("elf_insns").empty())
      sizes.count(std::to_string(found->slots.size()) == row.at("elf_insns"),
                  fmt::format("{} {} has {} slots / {}", loaded_name, row.at("prog"),
                              found->slots.size(), row.at("elf_insns")));
    if (row.at("type_guessed") == "0")
      types.count(program::name(found->type.type) == row.at("prog_type"),
                  fmt::format("{} section {} is {} / {}", loaded_name, row.at("section"),
                              program::name(found->type.type), row.at("prog_type")));
  }
  fmt::print("program names: {} of {}\nlinked sizes: {} of {}\ntypes: {} of {}\n", names.equal,
             names.total, sizes.equal, sizes.total, types.equal, types.total);
  EXPECT_GE(names.percent(), 99.0);
  EXPECT_GE(sizes.percent(), 99.0);
  EXPECT_GE(types.percent(), 99.0);
}

/// The reason why validation refuses a linked program, or nothing.
std::optional<std::string> refusal(const Object& object, const Program& program) {
  const Image image = make_image(object, program);
  std::vector<std::byte> scratch(
      program::validate_arena_bytes(image.slots.size(), image.subprogs.size()));
  Arena arena(scratch);
  const auto valid = program::validate(image.view(), arena);
  if (valid) return std::nullopt;
  return std::string(valid.error().line());
}

/// Gives calls and addresses of kernel symbols the ids of the running kernel's types, as libbpf
/// does.
std::vector<bpf::Slot> with_kernel_ids(const Program& program, const KernelTypes* types) {
  std::vector<bpf::Slot> slots = program.slots;
  for (bpf::Slot& slot : slots) {
    const auto is = [&](bpf::Form form) {
      return slot.opcode == bpf::row(form).opcode && slot.src() == bpf::row(form).selector_value;
    };
    if (types == nullptr || (!is(bpf::Form::call_kfunc) && !is(bpf::Form::lddw_var))) continue;
    const auto index = static_cast<std::size_t>(slot.imm);
    const TypeRef function = types->find_function(program.externals.at(index).name);
    slot.imm = static_cast<std::int32_t>(function.id);
  }
  return slots;
}

/// The kernel's tag: the start of the hash of all slots, with map references blanked.
std::string kernel_tag(std::vector<bpf::Slot> slots) {
  for (std::size_t i = 0; i + 1 < slots.size(); ++i) {
    if (slots[i].opcode != bpf::row(bpf::Form::lddw).opcode) continue;
    const bool map = slots[i].src() == 1 || slots[i].src() == 2;
    if (map) slots[i].imm = slots[i + 1].imm = 0;
    ++i;
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(slots.data());
  return sha256({bytes, slots.size() * sizeof(bpf::Slot)}).substr(0, 16);
}

TEST(Sha256, StandardVectors) {
  const auto hash = [](std::string_view text) {
    return sha256({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  };
  EXPECT_EQ(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/// The corpus was measured on this release, so its types give nearly the same numbers: another
/// build of it has other ids of types and functions.
constexpr std::string_view measured_release = "6.18.44";

/// A program whose slots depend on the kernel: its types, or its own symbols.
bool depends_on_kernel(const Program& program) {
  const bool settled = std::ranges::all_of(
      program.core, [](const CoreRelocation& item) { return item.record.settled; });
  return !settled || !program.externals.empty();
}

TEST_F(Corpus, LinkedSlotsAreBitByBitWhatLibbpfLoaded) {
  utsname kernel{};
  uname(&kernel);
  const auto types = KernelTypes::of_running_kernel();
  const bool same_kernel =
      std::string_view(kernel.release).starts_with(measured_release) && types.has_value();
  Tally fixed;
  Tally relocated;
  std::size_t left_out = 0;
  for (const Row& row : read_table(folder_ + "/programs.tsv")) {
    if (row.at("tag").empty()) continue;
    const auto object = read_object(row.at("object"));
    ASSERT_TRUE(object) << object.error().line();
    for (const Program& program : object->programs) {
      if (program.name != row.at("prog") || program.section != row.at("section")) continue;
      const bool kernel_dependent = depends_on_kernel(program);
      if (kernel_dependent && !same_kernel) {
        ++left_out;
        continue;
      }
      const std::string tag = kernel_tag(with_kernel_ids(program, types ? types->get() : nullptr));
      const std::string problem = program.problems.empty() ? "" : program.problems.front();
      (kernel_dependent ? relocated : fixed)
          .count(tag == row.at("tag"), fmt::format("{} {} has tag {} / {} {}", object->name,
                                                   program.name, tag, row.at("tag"), problem));
    }
  }
  fmt::print("tags: {} of {} equal; with numbers of the kernel: {} of {}, {} left out\n",
             fixed.equal, fixed.total, relocated.equal, relocated.total, left_out);
  EXPECT_EQ(fixed.equal, fixed.total);
  EXPECT_GE(relocated.percent(), 97.0);
}

TEST_F(Corpus, WhatTheKernelLoadedIsValidAfterLinking) {
  Tally valid;
  for (const Row& row : read_table(folder_ + "/programs.tsv")) {
    if (row.at("outcome") != "loaded") continue;
    const auto object = read_object(row.at("object"));
    ASSERT_TRUE(object) << object.error().line();
    for (const Program& program : object->programs) {
      if (program.name != row.at("prog") || program.section != row.at("section")) continue;
      const auto reason = refusal(*object, program);
      valid.count(!reason,
                  fmt::format("{} {}: {}", object->name, program.name, reason.value_or("")));
    }
  }
  fmt::print("valid: {} of {} loaded programs\n", valid.equal, valid.total);
  EXPECT_GE(valid.percent(), 99.0);
}

}  // namespace
}  // namespace probity::object
