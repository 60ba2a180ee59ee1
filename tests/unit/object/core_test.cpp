// SPDX-License-Identifier: Apache-2.0
// CO-RE relocations of every kind against a small kernel of our own, whose types clang writes into
// an ELF file: the value that each insn must hold, worked out by hand from the two sources.
#include <bpf/btf.h>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "object/core_compare.hpp"
#include "object/object.hpp"
#include "object/write.hpp"
#include "program/poison.hpp"
#include "program/validate.hpp"
#include "sample.hpp"

namespace probity::object {
namespace {

namespace fs = std::filesystem;

class Core : public testing::Test {
 protected:
  void SetUp() override {
    const auto kernel = compile_sample("core_kernel", "-g");
    const auto program = compile_sample("core_kinds", "-g");
    if (!kernel || !program) GTEST_SKIP() << "no clang with a BPF back end";
    folder_ = fs::path(testing::TempDir()) / fmt::format("probity_core_{}", getpid());
    fs::create_directories(folder_);
    options_.btf = (folder_ / "kernel.o").string();
    std::ofstream(options_.btf, std::ios::binary)
        .write(reinterpret_cast<const char*>(kernel->data()),
               static_cast<std::streamsize>(kernel->size()));
    auto object = read(*program, "core.o", options_);
    ASSERT_TRUE(object) << object.error().line();
    object_ = *std::move(object);
    auto types = KernelTypes::read_file(options_.btf);
    ASSERT_TRUE(types) << types.error().line();
    types_ = *std::move(types);
  }
  void TearDown() override { fs::remove_all(folder_); }

  const Program& program(std::string_view name) const {
    const auto found = select(object_, name);
    EXPECT_TRUE(found) << name;
    return found ? **found : object_.programs.front();
  }
  const bpf::Slot& relocated(std::string_view name) const {
    const Program& found = program(name);
    EXPECT_EQ(found.core.size(), 1u) << name;
    EXPECT_TRUE(found.core.front().applied) << name;
    EXPECT_EQ(found.problems, std::vector<std::string>()) << name;
    return found.slots[found.core.front().slot];
  }
  bool is_poisoned(std::string_view name) const {
    const bool call = relocated(name) == program::poisoned_call(program::poisoned_relocation);
    EXPECT_EQ(program(name).core.front().poisoned, call) << name;
    return call;
  }
  TypeRef local(std::string_view name, unsigned kind) const {
    return find(*object_.btf, name, kind);
  }
  static TypeRef find(const Btf& btf, std::string_view name, unsigned kind) {
    for (std::uint32_t id = 1; id < btf.type_count(); ++id)
      if (btf_kind(btf.type(id)) == kind && btf.name_of(btf.type(id)) == name) return {&btf, id};
    return {};
  }

  fs::path folder_;
  ReadOptions options_;
  Object object_;
  std::shared_ptr<const KernelTypes> types_;
};

TEST_F(Core, OffsetsFollowMembersAndElements) {
  EXPECT_EQ(relocated("offset_moved").off, 24);
  EXPECT_EQ(relocated("offset_flavor").off, 16);
  EXPECT_EQ(relocated("offset_element").off, 16);
  EXPECT_EQ(relocated("offset_flexible").off, 120);
  EXPECT_EQ(relocated("offset_union").off, 0);
  EXPECT_EQ(relocated("load_agreed").off, 0);
}

TEST_F(Core, PointersAndUnsignedIntegersChangeWidth) {
  EXPECT_EQ(relocated("load_grows").opcode, 0x79);
  EXPECT_EQ(relocated("store_grows").opcode, 0x7b);
  EXPECT_TRUE(is_poisoned("load_cannot_grow"));
}

TEST_F(Core, WhatIsNotThereMakesAnInsnThatMustNotRun) {
  EXPECT_TRUE(is_poisoned("offset_gone"));
  EXPECT_TRUE(is_poisoned("enum_value_absent"));
  const Image image = make_image(object_, program("offset_gone"));
  EXPECT_EQ(image.unsupported, "");
  std::vector<std::byte> scratch(program::validate_scratch_bytes(image.view()));
  Arena arena(scratch);
  EXPECT_TRUE(program::validate(image.view(), arena));
}

TEST_F(Core, QuestionsAboutFields) {
  EXPECT_EQ(relocated("size_grown").imm, 8);
  EXPECT_EQ(relocated("exists").imm, 1);
  EXPECT_EQ(relocated("exists_not").imm, 0);
  EXPECT_EQ(relocated("exists_no_type").imm, 0);
  EXPECT_EQ(relocated("sign_of_int").imm, 1);
  EXPECT_EQ(relocated("sign_of_count").imm, 0);
}

TEST_F(Core, ANumberMayBeAddedInsteadOfMoved) {
  const auto function = static_cast<std::uint32_t>(program("size_grown").function);
  FunctionEdit edit = keep_function(object_, function);
  ASSERT_EQ(edit.slots.size(), 2u);  // r0 = 4; exit
  edit.slots[0].slot.opcode = bpf::row(bpf::Form::add64_imm).opcode;
  const bpf::Slot five = {bpf::row(bpf::Form::mov64_imm).opcode, 0, 0, 5};
  edit.slots.insert(edit.slots.begin(), {five});
  Edit all(object_);
  const auto replaced = all.replace(edit);
  ASSERT_TRUE(replaced) << replaced.error().line();
  const auto bytes = write(all);
  ASSERT_TRUE(bytes) << bytes.error().line();
  const auto again = read(*bytes, "core.o", options_);
  ASSERT_TRUE(again) << again.error().line();
  const auto sum = select(*again, "size_grown");
  ASSERT_TRUE(sum);
  EXPECT_EQ((*sum)->problems, std::vector<std::string>());
  EXPECT_EQ((*sum)->slots[1].opcode, bpf::row(bpf::Form::add64_imm).opcode);
  EXPECT_EQ((*sum)->slots[1].imm, 8);  // the kernel's size, as before
  edit.slots[1].slot.imm = 5;
  EXPECT_FALSE(Edit(object_).replace(edit));
  edit.slots[1].slot = {bpf::row(bpf::Form::add64_reg).opcode, 0, 0, 4};
  EXPECT_FALSE(Edit(object_).replace(edit));
}

TEST_F(Core, BitFieldsAreShiftedOutOfTheirInteger) {
  EXPECT_EQ(relocated("bits_offset").imm, 4);
  EXPECT_EQ(relocated("bits_size").imm, 4);
  EXPECT_EQ(relocated("bits_left").imm, 52);
  EXPECT_EQ(relocated("bits_right").imm, 52);
  EXPECT_EQ(relocated("bits_sign").imm, 1);
}

TEST_F(Core, QuestionsAboutTypes) {
  const auto id = static_cast<std::int32_t>(local("shape", BTF_KIND_STRUCT).id);
  const auto target = types_->candidates(local("shape", BTF_KIND_STRUCT));
  ASSERT_EQ(target.size(), 1u);
  EXPECT_EQ(relocated("id_local").imm, id);
  EXPECT_EQ(relocated("id_target").imm, static_cast<std::int32_t>(target[0].id));
  EXPECT_NE(relocated("id_target").imm, id);
  EXPECT_EQ(relocated("id_absent").imm, 0);
  EXPECT_EQ(relocated("type_exists").imm, 1);
  EXPECT_EQ(relocated("type_absent").imm, 0);
  EXPECT_EQ(relocated("type_size").imm, 16);
}

TEST_F(Core, QuestionsAboutEnumerators) {
  EXPECT_EQ(relocated("enum_exists").imm, 1);
  EXPECT_EQ(relocated("enum_absent").imm, 0);
  const Program& value = program("enum_value");
  const std::size_t at = value.core.front().slot;
  EXPECT_EQ(relocated("enum_value").imm, -1);
  EXPECT_EQ(value.slots[at + 1].imm, -1);  // an int of C, extended to the 64 bits of an lddw
}

TEST_F(Core, CandidatesThatDisagreeAreAProblem) {
  const Program& ambiguous = program("load_ambiguous");
  ASSERT_EQ(ambiguous.problems.size(), 1u);
  EXPECT_EQ(ambiguous.problems[0],
            "CO-RE relocation of twice 0:0 at slot 0: 2 kernel types of that name disagree: 0 at "
            "bit 0, 4 at bit 32");
  EXPECT_FALSE(ambiguous.core[0].applied);
}

TEST_F(Core, ARecordOfAnotherInsnIsAProblem) {
  auto bytes = compile_sample("core_kinds", "-g");
  ASSERT_TRUE(bytes);
  const auto section = std::ranges::find(object_.elf.sections, "xdp", &Section::name);
  const auto place = section->offset + 8 * program("exists").core.front().record.place.slot;
  (*bytes)[place + 4] = 77;  // the compiler's answer was 1
  const auto object = read(*bytes, "core.o", options_);
  ASSERT_TRUE(object) << object.error().line();
  const auto found = select(*object, "exists");
  ASSERT_TRUE(found);
  ASSERT_EQ((*found)->problems.size(), 1u);
  EXPECT_EQ((*found)->problems[0],
            "CO-RE relocation of moved 0:1 at slot 0: the insn holds 77, the object's types say 1");
}

TEST_F(Core, MatchingTypesAgreeInMembersAndSizes) {
  const auto matches = [&](std::string_view name, unsigned kind) {
    const auto target = types_->candidates(local(name, kind));
    EXPECT_EQ(target.size(), 1u) << name;
    const auto answer = does_type_match(local(name, kind), target.at(0));
    EXPECT_TRUE(answer) << name;
    return answer && *answer;
  };
  EXPECT_TRUE(matches("shape", BTF_KIND_STRUCT));
  EXPECT_TRUE(matches("named_t", BTF_KIND_TYPEDEF));
  EXPECT_FALSE(matches("resized", BTF_KIND_STRUCT));  // another width
  EXPECT_FALSE(matches("arrays", BTF_KIND_STRUCT));   // another number of elements
  EXPECT_FALSE(matches("colour", BTF_KIND_ENUM));     // violet is unknown there
  EXPECT_FALSE(matches("moved___v2", BTF_KIND_STRUCT));
}

TEST_F(Core, TypesOfModulesComeSecond) {
  const auto base_bytes = compile_sample("core_kernel", "-g");
  const std::unique_ptr<btf, void (*)(btf*)> base(btf__parse_elf(options_.btf.c_str(), nullptr),
                                                  btf__free);
  ASSERT_NE(base, nullptr);
  const std::unique_ptr<btf, void (*)(btf*)> module(btf__new_empty_split(base.get()), btf__free);
  const int number = btf__add_int(module.get(), "short", 2, BTF_INT_SIGNED);
  ASSERT_GT(btf__add_struct(module.get(), "absent", 6), 0);
  ASSERT_EQ(btf__add_field(module.get(), "value", number, 32, 0), 0);
  for (const auto& [name, types] : {std::pair("vmlinux", base.get()), {"driver", module.get()}}) {
    std::uint32_t size = 0;
    const void* raw = btf__raw_data(types, &size);
    std::ofstream(folder_ / name, std::ios::binary).write(static_cast<const char*>(raw), size);
  }
  fs::remove(options_.btf);
  const auto types = KernelTypes::read_folder(folder_.string());
  ASSERT_TRUE(types) << types.error().line();
  const auto found = (*types)->candidates(local("absent", BTF_KIND_STRUCT));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].btf->name_of(found[0].btf->type(found[0].id)), "absent");
  EXPECT_EQ(found[0].btf->size_of(found[0].id), 6u);
  EXPECT_EQ((*types)->candidates(local("shape", BTF_KIND_STRUCT)).size(), 1u);
  EXPECT_EQ((*types)->find_function("kernel_function").btf->first_id(), 1u);
}

TEST_F(Core, AKernelFileMustBeThere) {
  const auto bytes = compile_sample("core_kinds", "-g");
  const auto object = read(*bytes, "core.o", ReadOptions{"/nonexistent/vmlinux", ""});
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error().line(),
            "/nonexistent/vmlinux: cannot be opened: No such file or directory");
  const auto other = read(*bytes, "core.o", ReadOptions{"/proc/self/status", ""});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().line().find("/proc/self/status: .BTF: "), 0u) << other.error().line();
}

TEST(EssentialName, FlavorsAreCutOff) {
  EXPECT_EQ(essential_name("task_struct"), "task_struct");
  EXPECT_EQ(essential_name("task_struct___v2"), "task_struct");
  EXPECT_EQ(essential_name("a___b___c"), "a___b");
  EXPECT_EQ(essential_name("a____b"), "a____b");
  EXPECT_EQ(essential_name("___b"), "___b");
  EXPECT_EQ(essential_name("a___"), "a___");
  EXPECT_EQ(essential_name(""), "");
}

}  // namespace
}  // namespace probity::object
