// SPDX-License-Identifier: Apache-2.0
// Our own BPF C, compiled when the test runs: maps, global data, subprograms, relocations, source
// lines and the program selector.
#include "object/object.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "sample.hpp"

namespace probity::object {
namespace {

using bpf::Form;
using bpf::Slot;
using program::MapType;
using program::ProgType;

bool is_form(const Slot& slot, Form form) {
  return slot.opcode == bpf::row(form).opcode &&
         slot.src() == static_cast<unsigned>(bpf::row(form).selector_value);
}

class Sample : public testing::Test {
 protected:
  /// Compiles data/<name>.c and reads it as <name>.o; empty after a skip.
  void load(std::string_view name, std::string_view flags) {
    const auto bytes = compile_sample(name, flags);
    if (!bytes) GTEST_SKIP() << "no clang with a BPF back end";
    auto object = read(*bytes, fmt::format("build/{}.o", name));
    ASSERT_TRUE(object) << object.error().line();
    object_ = *std::move(object);
  }
  const Program* program(std::string_view name) const {
    const auto found = select(object_, name);
    EXPECT_TRUE(found) << found.error().line();
    return found ? *found : nullptr;
  }
  std::size_t map(std::string_view name) const {
    const auto found = std::ranges::find(object_.maps, name, &program::MapDef::name);
    EXPECT_NE(found, object_.maps.end()) << name;
    return static_cast<std::size_t>(found - object_.maps.begin());
  }
  Object object_;
};

class Firewall : public Sample {
 protected:
  void SetUp() override { load("firewall", "-g"); }
};

TEST_F(Firewall, BtfMapsHaveTheirSizes) {
  const program::MapDef& flows = object_.maps[map("flows")];
  EXPECT_EQ(flows.type, MapType::hash);
  EXPECT_EQ(flows.key_size, 12u);
  EXPECT_EQ(flows.value_size, 8u);
  EXPECT_EQ(flows.max_entries, 1024u);
  EXPECT_EQ(flows.flags, 1u);
  const program::MapDef& counters = object_.maps[map("counters")];
  EXPECT_EQ(counters.type, MapType::array);
  EXPECT_EQ(counters.value_size, 16u);
  EXPECT_EQ(object_.map_info[map("counters")].pinning, 1u);
}

TEST_F(Firewall, PerfArrayWithoutSizesGetsFourAndFour) {
  const std::size_t events = map("events");
  EXPECT_EQ(object_.maps[events].key_size, 4u);
  EXPECT_EQ(object_.maps[events].value_size, 4u);
  EXPECT_EQ(object_.map_info[events].declared_key_size, 0u);
}

TEST_F(Firewall, StaticInitialisersNameMapsAndPrograms) {
  const program::MapDef& outer = object_.maps[map("outer")];
  ASSERT_GE(outer.inner, 0);
  const program::MapDef& inner = object_.maps[static_cast<std::size_t>(outer.inner)];
  EXPECT_EQ(inner.type, MapType::array);
  EXPECT_EQ(inner.max_entries, 3u);
  const auto& outer_slots = object_.map_info[map("outer")].initial_slots;
  ASSERT_EQ(outer_slots.size(), 1u);
  EXPECT_EQ(outer_slots[0].index, 1u);
  EXPECT_EQ(outer_slots[0].target, map("first_inner"));
  const auto& jump_slots = object_.map_info[map("jumps")].initial_slots;
  ASSERT_EQ(jump_slots.size(), 1u);
  EXPECT_EQ(jump_slots[0].index, 2u);
  EXPECT_EQ(jump_slots[0].kind, MapSlot::Kind::function);
  EXPECT_EQ(object_.functions[jump_slots[0].target].name, "tail");
}

TEST_F(Firewall, GlobalDataIsMapsWithLibbpfNames) {
  const program::MapDef& data = object_.maps[map("firewall.data")];
  EXPECT_EQ(data.type, MapType::array);
  ASSERT_EQ(data.initial.size(), 8u);
  EXPECT_EQ(data.initial[0], 5u);
  EXPECT_FALSE(data.read_only);
  const program::MapDef& constants = object_.maps[map("firewall.rodata")];
  EXPECT_TRUE(constants.read_only);
  EXPECT_EQ(constants.initial[0], 100u);
  const program::MapDef& zeros = object_.maps[map("firewall.bss")];
  EXPECT_EQ(std::vector(zeros.initial.begin(), zeros.initial.end()), std::vector<std::uint8_t>(8));
  const program::MapDef& tune = object_.maps[map(".rodata.tune")];
  EXPECT_EQ(std::vector(tune.initial.begin(), tune.initial.end()),
            (std::vector<std::uint8_t>{1, 2, 3, 4}));
}

TEST_F(Firewall, SubprogramsFollowInLibbpfOrder) {
  const Program* firewall = program("firewall");
  ASSERT_NE(firewall, nullptr);
  std::vector<std::string_view> names;
  std::uint32_t next = 0;
  for (const program::Subprog& subprog : firewall->subprogs) {
    names.push_back(subprog.name);
    EXPECT_EQ(subprog.first_slot, next);
    next += subprog.slot_count;
  }
  EXPECT_EQ(names, (std::vector<std::string_view>{"firewall", "visit", "account", "mix"}));
  EXPECT_EQ(next, firewall->slots.size());
}

TEST_F(Firewall, CallsAndFunctionAddressesReachSubprograms) {
  const Program* firewall = program("firewall");
  ASSERT_NE(firewall, nullptr);
  std::vector<std::uint32_t> targets;
  for (std::size_t i = 0; i < firewall->slots.size(); ++i) {
    const Slot& slot = firewall->slots[i];
    if (is_form(slot, Form::call_local) || is_form(slot, Form::lddw_func))
      targets.push_back(static_cast<std::uint32_t>(static_cast<std::int64_t>(i) + 1 + slot.imm));
  }
  ASSERT_EQ(targets.size(), 3u);  // visit, account, mix
  for (std::size_t i = 0; i < targets.size(); ++i)
    EXPECT_EQ(targets[i], firewall->subprogs[i + 1].first_slot);
}

TEST_F(Firewall, MapAndDataReferencesCarryMapIndexes) {
  const Program* firewall = program("firewall");
  ASSERT_NE(firewall, nullptr);
  std::vector<std::size_t> maps;
  std::vector<std::size_t> data;
  for (std::size_t i = 0; i < firewall->slots.size(); ++i) {
    const Slot& slot = firewall->slots[i];
    if (is_form(slot, Form::lddw_map)) maps.push_back(static_cast<std::size_t>(slot.imm));
    if (is_form(slot, Form::lddw_map_value)) data.push_back(static_cast<std::size_t>(slot.imm));
    if (slot.opcode == bpf::row(Form::lddw).opcode) ++i;
  }
  EXPECT_EQ(maps, (std::vector<std::size_t>{map("counters"), map("jumps")}));
  EXPECT_NE(std::ranges::find(data, map("firewall.bss")), data.end());
  EXPECT_NE(std::ranges::find(data, map("firewall.rodata")), data.end());
  EXPECT_NE(std::ranges::find(data, map(".rodata.tune")), data.end());
  EXPECT_TRUE(firewall->problems.empty())
      << firewall->problems.front();  // the weak extern is address 0
}

TEST_F(Firewall, LinesPointAtTheSource) {
  const Program* tail = program("tail");
  ASSERT_NE(tail, nullptr);
  const auto lookup = std::ranges::find_if(tail->lines, [](const program::LineInfo& line) {
    return line.text.find("map_lookup_elem(&flows") != std::string_view::npos;
  });
  ASSERT_NE(lookup, tail->lines.end());
  EXPECT_TRUE(lookup->file.ends_with("firewall.c")) << lookup->file;
  EXPECT_GT(lookup->line, 0u);
  EXPECT_TRUE(std::ranges::is_sorted(tail->lines, {}, &program::LineInfo::slot));
  EXPECT_LT(tail->lines.back().slot, tail->slots.size());
}

TEST_F(Firewall, SectionsDecideTypesAndLicenseIsRead) {
  EXPECT_EQ(program("firewall")->type.type, ProgType::xdp);
  const Program* ingress = program("ingress");
  EXPECT_EQ(ingress->type.type, ProgType::sched_cls);
  EXPECT_FALSE(ingress->type.autoload);
  EXPECT_EQ(object_.license, "Apache-2.0");
  EXPECT_EQ(object_.version, 0x060100u);
}

TEST_F(Firewall, SelectorListsCandidatesWhenItCannotChoose) {
  const auto ambiguous = select(object_, "xdp");
  ASSERT_FALSE(ambiguous);
  EXPECT_NE(ambiguous.error().line().find("section xdp holds 2 programs"), std::string_view::npos);
  const auto unknown = select(object_, "nothing");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().line().find("tail (xdp), firewall (xdp)"), std::string_view::npos)
      << unknown.error().line();
  EXPECT_FALSE(select(object_, ""));
  const auto by_section = select(object_, "?tc/ingress");
  ASSERT_TRUE(by_section);
  EXPECT_EQ((*by_section)->name, "ingress");
}

TEST_F(Firewall, ImageOutlivesItsObject) {
  Image image = make_image(object_, *program("firewall"));
  const std::vector<Slot> slots = program("firewall")->slots;
  object_ = Object();
  const Image moved = std::move(image);
  const program::View view = moved.view();
  EXPECT_EQ(view.name, "firewall");
  EXPECT_EQ(view.license, "Apache-2.0");
  EXPECT_TRUE(std::ranges::equal(view.slots, slots));
  EXPECT_EQ(view.subprogs[3].name, "mix");
  const auto data = std::ranges::find(view.maps, "firewall.data", &program::MapDef::name);
  ASSERT_NE(data, view.maps.end());
  EXPECT_EQ(data->initial[0], 5u);
  EXPECT_FALSE(view.lines.empty());
  EXPECT_TRUE(moved.unsupported.empty());
}

TEST_F(Sample, BtfMapsWithoutBtfAreRefused) {
  const auto bytes = compile_sample("firewall", "");
  if (!bytes) GTEST_SKIP() << "no clang with a BPF back end";
  const auto object = read(*bytes, "nobtf.o");
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error().line(),
            "nobtf.o: .maps: map definitions need BTF: the object has no BTF");
}

TEST_F(Sample, LegacyMapsAreRead) {
  ASSERT_NO_FATAL_FAILURE(load("legacy", ""));
  if (IsSkipped()) return;
  ASSERT_EQ(object_.maps.size(), 3u);
  EXPECT_EQ(object_.maps[0].name, "ports");
  EXPECT_EQ(object_.maps[0].key_size, 2u);
  EXPECT_EQ(object_.maps[0].flags, 1u);
  EXPECT_EQ(object_.maps[1].type, MapType::percpu_array);
  EXPECT_EQ(object_.maps[1].max_entries, 256u);
  EXPECT_EQ(object_.maps[2].value_size, 4u);  // a perf array's default
  const Program* count = program("xdp_count");
  const auto lddw = std::ranges::find_if(
      count->slots, [](const Slot& slot) { return is_form(slot, Form::lddw_map); });
  ASSERT_NE(lddw, count->slots.end());
  EXPECT_EQ(lddw->imm, 1);
  EXPECT_TRUE(count->problems.empty());
}

TEST_F(Sample, Iproute2RecordsReferByNumber) {
  ASSERT_NO_FATAL_FAILURE(load("iproute2", ""));
  if (IsSkipped()) return;
  const std::size_t outer = map("outer");
  EXPECT_EQ(object_.map_info[outer].pinning, 2u);
  EXPECT_EQ(object_.maps[outer].inner, static_cast<std::int32_t>(map("inner")));
  const auto& held = object_.map_info[outer].initial_slots;
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].index, 1u);
  EXPECT_EQ(held[0].target, map("inner"));
  std::vector<std::pair<std::uint32_t, std::string_view>> jumps;
  for (const MapSlot& slot : object_.map_info[map("jumps")].initial_slots)
    jumps.emplace_back(slot.index, object_.functions[slot.target].name);
  std::ranges::sort(jumps);
  EXPECT_EQ(jumps, (decltype(jumps){{2, "second"}, {3, "third"}}));
  const Image image = make_image(object_, *program("main_prog"));
  EXPECT_EQ(image.unsupported, "");
  ASSERT_EQ(image.tail_targets.size(), 2u);
  EXPECT_EQ(image.tail_targets[0].program->type, ProgType::sched_cls);
}

TEST_F(Sample, RecordsOfOldSamplesNumberTheirInnerMap) {
  ASSERT_NO_FATAL_FAILURE(load("samples", "-DINNER=0"));
  if (IsSkipped()) return;
  EXPECT_EQ(object_.maps[map("outer")].inner, 0);
  EXPECT_EQ(object_.map_info[map("inner")].numa_node, 1u);
  EXPECT_EQ(object_.map_info[map("pinned")].pinning, 2u);
  for (const std::string_view number : {"1", "3"}) {
    const auto bytes = compile_sample("samples", fmt::format("-DINNER={}", number));
    ASSERT_TRUE(bytes);
    const auto object = read(*bytes, "samples.o");
    ASSERT_TRUE(object) << object.error().line();
    EXPECT_EQ(object->maps[1].inner, -1);
    ASSERT_EQ(object->notes.size(), 1u);
    EXPECT_EQ(object->notes[0],
              fmt::format("map outer: number {} names no inner map among 3", number));
  }
}

TEST_F(Sample, UnresolvedCallIsAProblemOfItsProgramOnly) {
  ASSERT_NO_FATAL_FAILURE(load("legacy", "-g"));
  if (IsSkipped()) return;
  const Program* broken = program("broken");
  ASSERT_EQ(broken->externals.size(), 1u);
  EXPECT_EQ(broken->externals[0].name, "missing");
  ASSERT_EQ(broken->problems.size(), 1u);
  EXPECT_NE(broken->problems[0].find("calls missing"), std::string::npos);
  EXPECT_NE(make_image(object_, *broken).unsupported, "");
  const auto call = std::ranges::find_if(
      broken->slots, [](const Slot& slot) { return is_form(slot, Form::call_kfunc); });
  ASSERT_NE(call, broken->slots.end());
  EXPECT_EQ(call->imm, 0);
}

TEST_F(Sample, CoreRelocationsOfFixedTypesAreSettled) {
  ASSERT_NO_FATAL_FAILURE(load("core", "-g"));
  if (IsSkipped()) return;
  const Program* fixed = program("fixed");
  ASSERT_EQ(fixed->core.size(), 1u);
  EXPECT_TRUE(fixed->core[0].applied);
  EXPECT_TRUE(fixed->core[0].record.settled);
  EXPECT_EQ(fixed->core[0].record.access, "0:3");
  EXPECT_TRUE(fixed->problems.empty());
  const Program* kernel = program("kernel");
  ASSERT_EQ(kernel->core.size(), 1u);
  EXPECT_FALSE(kernel->core[0].record.settled);
  if (kernel->core[0].applied) return;  // by the running kernel's types
  ASSERT_EQ(kernel->problems.size(), 1u);
  EXPECT_EQ(kernel->problems[0].find(
                "needs 1 CO-RE relocations against kernel types, first task_struct 0:1"),
            0u)
      << kernel->problems[0];
}

TEST_F(Sample, CoreRelocationOfAPartialDefinitionIsNotSettled) {
  ASSERT_NO_FATAL_FAILURE(load("core", "-g"));
  if (IsSkipped()) return;
  const Program* partial = program("partial");
  ASSERT_EQ(partial->core.size(), 2u);
  for (const CoreRelocation& relocation : partial->core)
    EXPECT_EQ(relocation.record.settled, relocation.record.access == "0:0")
        << relocation.record.access;
}

TEST(Selection, PathAndSelectorAreTakenApart) {
  const std::string path = testing::TempDir() + "with:colon.o";
  std::ofstream(path) << "x";
  EXPECT_EQ(split_selection(path + ":uprobe/lib.so:f").path, path);
  EXPECT_EQ(split_selection(path + ":uprobe/lib.so:f").selector, "uprobe/lib.so:f");
  EXPECT_EQ(split_selection(path).path, path);
  EXPECT_EQ(split_selection(path).selector, "");
  EXPECT_EQ(split_selection("absent.o:xdp").path, "absent.o");
  EXPECT_EQ(split_selection("absent.o:xdp").selector, "xdp");
  EXPECT_EQ(split_selection("absent.o").path, "absent.o");
  std::remove(path.c_str());
}

TEST(Selection, MissingFileIsOneLine) {
  const auto object = read_file("/nonexistent/x.o");
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error().line(), "/nonexistent/x.o: cannot be opened: No such file or directory");
}

TEST(Image, BareSlotsAreOneSubprogram) {
  const Slot slots[] = {{0xb7, 0, 0, 2}, {0x95, 0, 0, 0}};
  const Image image = image_from_slots("raw", slots, ProgType::xdp);
  ASSERT_EQ(image.view().subprogs.size(), 1u);
  EXPECT_EQ(image.view().subprogs[0].slot_count, 2u);
  EXPECT_EQ(image.view().slots[0].imm, 2);
}

}  // namespace
}  // namespace probity::object
