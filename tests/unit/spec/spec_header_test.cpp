// SPDX-License-Identifier: Apache-2.0
// include/probity/spec.h as compilers make bytecode of it: each macro holds in one program and
// fails in its twin, with a counterexample that the interpreter reproduces; without specifications
// the bytes are those of a program that never had any; with them the kernel and libbpf load it.
#include <gtest/gtest.h>

#include <bpf/libbpf.h>

#include <filesystem>
#include <string>

#include <fmt/format.h>

#include "object/object.hpp"
#include "runtime/engine.hpp"
#include "symex/explorer.hpp"
#include "symex/replay.hpp"

namespace probity::symex {
namespace {

namespace fs = std::filesystem;

std::string path_of(const std::string& name) {
  return std::string(SPEC_OBJECTS) + "/" + name;
}

object::Object read(const std::string& name) {
  auto object = object::read_file(path_of(name));
  if (object) return *std::move(object);
  ADD_FAILURE() << object.error().line();
  return {};
}

Exploration explore(const object::Image& image, Merging merging) {
  Options options;
  options.merging = merging;
  options.solver.external = solver::External::none;
  Explorer explorer(image.view(), options);
  auto exploration = explorer.explore();
  if (exploration) return *std::move(exploration);
  ADD_FAILURE() << image.name << ": " << exploration.error().line();
  return {};
}

void expect_proved(const object::Image& image, const Exploration& exploration) {
  for (const Finding& finding : exploration.findings)
    ADD_FAILURE() << image.name << ": " << finding.text;
  for (const Unknowing& unknown : exploration.unknowns) {
    ADD_FAILURE() << image.name << ": " << unknown.reason;
  }
  EXPECT_FALSE(exploration.statements.empty()) << image.name;
  for (const SpecStatement& one : exploration.statements) {
    EXPECT_NE(one.status, SpecStatement::Status::vacuous) << image.name << ": " << one.text;
    EXPECT_NE(one.status, SpecStatement::Status::refuted) << image.name << ": " << one.text;
  }
}

void expect_refuted(const object::Image& image, const Exploration& exploration) {
  ASSERT_EQ(exploration.findings.size(), 1u) << image.name;
  const Finding& finding = exploration.findings.front();
  EXPECT_EQ(finding.property, Property::assertion) << image.name << ": " << finding.text;
  EXPECT_TRUE(finding.text.starts_with("BPF_")) << image.name << ": " << finding.text;
  for (const Replayed& one : replay(image, finding, UseKernel::no)) {
    EXPECT_EQ(one.outcome, Outcome::reproduced) << image.name << ": " << one.text;
  }
}

void expect_each_macro(const object::Object& object, Merging merging) {
  std::size_t holds = 0;
  std::size_t fails = 0;
  for (const object::Program& program : object.programs) {
    const object::Image image = object::make_image(object, program);
    const Exploration exploration = explore(image, merging);
    if (image.name.ends_with("_holds")) {
      ++holds;
      expect_proved(image, exploration);
    } else {
      ASSERT_TRUE(image.name.ends_with("_fails")) << image.name;
      ++fails;
      expect_refuted(image, exploration);
    }
  }
  EXPECT_EQ(holds, 20u);
  EXPECT_EQ(fails, 20u);
}

class SpecHeader : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!fs::exists(path_of(GetParam() + ".o"))) GTEST_SKIP() << "no compiler for " << GetParam();
  }
};

TEST_P(SpecHeader, EachMacroHoldsAndFails) {
  expect_each_macro(read(GetParam() + ".o"), Merging::never);
}

TEST_P(SpecHeader, EachMacroHoldsAndFailsOnMergedPaths) {
  expect_each_macro(read(GetParam() + ".o"), Merging::always);
}

TEST_P(SpecHeader, CompiledOutNothingIsLeft) {
  const object::Object plain = read(GetParam() + ".plain.o");
  const object::Object none = read(GetParam() + ".none.o");
  ASSERT_EQ(plain.programs.size(), none.programs.size());
  ASSERT_FALSE(plain.programs.empty());
  for (std::size_t i = 0; i < plain.programs.size(); ++i) {
    EXPECT_EQ(plain.programs[i].slots, none.programs[i].slots) << plain.programs[i].name;
  }
  EXPECT_EQ(none.maps.size(), 2u);  // not even the switch
}

TEST_P(SpecHeader, TheKernelLoadsItWithSpecificationsIn) {
  if (const std::string reason = runtime::kernel_unavailable_reason(); !reason.empty()) {
    GTEST_SKIP() << reason;
  }
  const object::Object object = read(GetParam() + ".o");
  for (const object::Program& program : object.programs) {
    const object::Image image = object::make_image(object, program);
    const auto engine = runtime::load_kernel(image.view());
    EXPECT_TRUE(engine) << image.name << ": " << engine.error().line();
  }
}

TEST_P(SpecHeader, LibbpfLoadsItWithSpecificationsIn) {
  if (const std::string reason = runtime::kernel_unavailable_reason(); !reason.empty()) {
    GTEST_SKIP() << reason;
  }
  libbpf_set_print(nullptr);
  bpf_object* const object = bpf_object__open_file(path_of(GetParam() + ".o").c_str(), nullptr);
  ASSERT_NE(object, nullptr);
  EXPECT_EQ(bpf_object__load(object), 0);
  bpf_object__close(object);
}

INSTANTIATE_TEST_SUITE_P(Compilers, SpecHeader,
                         testing::Values("clang-14.O1", "clang-14.O2", "clang-14.Os", "clang-19.O1",
                                         "clang-19.O2", "clang-19.Os", "gcc-bpf.O1", "gcc-bpf.O2",
                                         "gcc-bpf.Os"),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name) c = c == '-' || c == '.' ? '_' : c;
                           return name;
                         });

class SpecHeaderCxx : public testing::TestWithParam<std::string> {};

TEST_P(SpecHeaderCxx, IsProved) {
  const std::string name = GetParam() + ".cxx.o";
  if (!fs::exists(path_of(name))) GTEST_SKIP() << "no " << GetParam();
  const object::Object object = read(name);
  ASSERT_EQ(object.programs.size(), 1u);
  const object::Image image = object::make_image(object, object.programs.front());
  const Exploration exploration = explore(image, Merging::automatic);
  expect_proved(image, exploration);
  EXPECT_EQ(exploration.statements.size(), 4u);  // BPF_OLD counts
}

INSTANTIATE_TEST_SUITE_P(Compilers, SpecHeaderCxx, testing::Values("clang-14", "clang-19"),
                         [](const auto& info) {
                           return info.param == "clang-14" ? "clang_14" : "clang_19";
                         });

}  // namespace
}  // namespace probity::symex
