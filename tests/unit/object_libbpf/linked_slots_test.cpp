// SPDX-License-Identifier: Apache-2.0
// Programs of the corpus are loaded by libbpf into the running kernel, and the slots that libbpf
// ended up with are compared with ours: linking, CO-RE relocations, configuration values, kernel
// functions. Only map file descriptors differ, and ids of kernel symbols, which our engines look
// up later, are looked up here. Needs root and the corpus; corpus programs only.
#include <bpf/libbpf.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "object/object.hpp"
#include "program/poison.hpp"

namespace probity::object {
namespace {

constexpr std::uint32_t largest_map = 4096;
constexpr std::size_t sampled = 8;  // of the programs that do not depend on the kernel: one in

int print_nothing(libbpf_print_level, const char*, va_list) {
  return 0;
}

std::string corpus_folder() {
  const char* folder = std::getenv("PROBITY_CORPUS");
  return folder != nullptr ? folder : "../shared/corpus";
}

/// Programs that libbpf loaded when the corpus was measured, by object.
std::map<std::string, std::set<std::string>> loaded_programs() {
  std::map<std::string, std::set<std::string>> result;
  std::ifstream in(corpus_folder() + "/programs.tsv");
  std::string line;
  while (std::getline(in, line)) {
    std::vector<std::string> cells(1);
    for (const char c : line) {
      if (c == '\t')
        cells.emplace_back();
      else
        cells.back() += c;
    }
    if (cells.size() > 6 && cells[6] == "loaded" && cells[5] == "0")
      result[cells[0]].insert(cells[1]);
  }
  return result;
}

/// The slots of `name` as libbpf gave them to the kernel; nothing when it refuses the object.
std::optional<std::vector<bpf::Slot>> load_by_libbpf(const std::string& path,
                                                     std::string_view name) {
  const std::unique_ptr<bpf_object, void (*)(bpf_object*)> object(
      bpf_object__open(path.c_str()), [](bpf_object* o) { bpf_object__close(o); });
  if (!object) return std::nullopt;
  bpf_program* chosen = nullptr;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object.get()) {
    const bool wanted = name == bpf_program__name(program) && chosen == nullptr;
    if (wanted) chosen = program;
    bpf_program__set_autoload(program, wanted);
  }
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object.get()) {
    const bool ring = bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF;
    if (!ring && bpf_map__max_entries(map) > largest_map)
      bpf_map__set_max_entries(map, largest_map);
    bpf_map__set_pin_path(map, nullptr);
  }
  if (chosen == nullptr || bpf_object__load(object.get()) != 0) return std::nullopt;
  const auto* first = reinterpret_cast<const bpf::Slot*>(bpf_program__insns(chosen));
  return std::vector<bpf::Slot>(first, first + bpf_program__insn_cnt(chosen));
}

bool is_form(const bpf::Slot& slot, bpf::Form form) {
  return slot.opcode == bpf::row(form).opcode &&
         slot.src() == static_cast<unsigned>(bpf::row(form).selector_value);
}

void blank_maps(std::vector<bpf::Slot>& slots) {
  for (std::size_t i = 0; i + 1 < slots.size(); ++i)
    if (is_form(slots[i], bpf::Form::lddw_map) || is_form(slots[i], bpf::Form::lddw_map_value))
      slots[i].imm = 0;
}

/// libbpf before 1.3 leaves the call of an absent weak kfunc with id 0 instead of poisoning it.
bool calls_absent_kfunc(const bpf::Slot& slot) {
  const auto helper = static_cast<std::uint32_t>(slot.imm);
  return slot == program::poisoned_call(helper) && program::is_poisoned_call(helper) &&
         helper != program::poisoned_relocation;
}

std::vector<bpf::Slot> our_slots(const Program& program, const KernelTypes& types) {
  std::vector<bpf::Slot> slots = program.slots;
  for (bpf::Slot& slot : slots) {
    if (calls_absent_kfunc(slot)) {
      slot = {bpf::row(bpf::Form::call_kfunc).opcode, 0x20, 0, 0};
      continue;
    }
    if (!is_form(slot, bpf::Form::call_kfunc) && !is_form(slot, bpf::Form::lddw_var)) continue;
    const std::string_view name = program.externals.at(static_cast<std::size_t>(slot.imm)).name;
    const TypeRef function = types.find_function(essential_name(name));
    slot.imm = static_cast<std::int32_t>(function.btf != nullptr ? function.id
                                                                 : types.find_variable(name).id);
  }
  blank_maps(slots);
  return slots;
}

bool depends_on_kernel(const Object& object, const Program& program) {
  const bool settled = std::ranges::all_of(
      program.core, [](const CoreRelocation& item) { return item.record.settled; });
  return !settled || !program.externals.empty() || !object.externs.empty();
}

std::string hex(const bpf::Slot& slot) {
  return fmt::format("{:02x} {:02x} {:04x} {:08x}", slot.opcode, slot.regs,
                     static_cast<std::uint16_t>(slot.off), static_cast<std::uint32_t>(slot.imm));
}

class LinkedSlots : public testing::Test {
 protected:
  void SetUp() override {
    libbpf_set_print(print_nothing);
    if (geteuid() != 0) GTEST_SKIP() << "only root may load programs";
    programs_ = loaded_programs();
    if (programs_.empty())
      GTEST_SKIP() << "no corpus at " << corpus_folder() << " (set PROBITY_CORPUS)";
    auto types = KernelTypes::of_running_kernel();
    if (!types) GTEST_SKIP() << types.error().line();
    types_ = *std::move(types);
  }

  void compare(const std::string& path, const Program& program) {
    const auto theirs = load_by_libbpf(path, program.name);
    if (!theirs) {
      ++refused_;
      return;
    }
    std::vector<bpf::Slot> expected = *theirs;
    blank_maps(expected);
    const std::vector<bpf::Slot> found = our_slots(program, *types_);
    ++compared_;
    EXPECT_EQ(found.size(), expected.size()) << path << " " << program.name;
    const auto [ours, other] = std::ranges::mismatch(found, expected);
    if (ours == found.end() || other == expected.end()) return;
    ADD_FAILURE() << path << " " << program.name << " slot " << ours - found.begin() << ": "
                  << hex(*ours) << ", libbpf has " << hex(*other)
                  << (program.problems.empty() ? "" : "; " + program.problems.front());
  }

  std::map<std::string, std::set<std::string>> programs_;
  std::shared_ptr<const KernelTypes> types_;
  std::size_t compared_ = 0;
  std::size_t refused_ = 0;
};

TEST_F(LinkedSlots, AreWhatLibbpfLoads) {
  std::size_t other = 0;
  for (const auto& [name, wanted] : programs_) {
    const std::string path = corpus_folder() + "/objects/" + name;
    const auto object = read_file(path);
    ASSERT_TRUE(object) << object.error().line();
    for (const Program& program : object->programs) {
      if (!wanted.contains(std::string(program.name))) continue;
      const bool chosen = depends_on_kernel(*object, program) || other++ % sampled == 0;
      if (chosen) compare(path, program);
    }
  }
  fmt::print("{} programs compared, {} that libbpf 1.1 does not load\n", compared_, refused_);
  EXPECT_GT(compared_, 200u);
}

}  // namespace
}  // namespace probity::object
