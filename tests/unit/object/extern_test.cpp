// SPDX-License-Identifier: Apache-2.0
// Externs: configuration values of every C type in libbpf's layout, kernel variables and functions,
// weak ones that are absent, and values that do not fit.
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/utsname.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/bytes.hpp"
#include "object/kernel_symbols.hpp"
#include "object/object.hpp"
#include "program/poison.hpp"
#include "sample.hpp"

namespace probity::object {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view configuration =
    "# CONFIG_OPTIONAL is not set\n"
    "CONFIG_BOOL=y\nCONFIG_TRISTATE=m\nCONFIG_CHAR=m\nCONFIG_SHORT=0x1234\nCONFIG_INT=-5\n"
    "CONFIG_INT=6\nCONFIG_LONG=0xffffffff00000001\nCONFIG_TEXT=\"seven letters\"\n"
    "CONFIG_NARROW=256\n";

class Externs : public testing::Test {
 protected:
  void SetUp() override {
    const auto kernel = compile_sample("core_kernel", "-g");
    const auto program = compile_sample("kconfig", "-g");
    if (!kernel || !program) GTEST_SKIP() << "no clang with a BPF back end";
    bytes_ = *program;
    folder_ = fs::path(testing::TempDir()) / fmt::format("probity_extern_{}", getpid());
    fs::create_directories(folder_);
    options_ = {(folder_ / "kernel.o").string(), (folder_ / "config").string()};
    std::ofstream(options_.btf, std::ios::binary)
        .write(reinterpret_cast<const char*>(kernel->data()),
               static_cast<std::streamsize>(kernel->size()));
    write_configuration(configuration);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write_configuration(std::string_view text) const { std::ofstream(options_.kconfig) << text; }
  void load() {
    auto object = read(bytes_, "config.o", options_);
    ASSERT_TRUE(object) << object.error().line();
    object_ = *std::move(object);
  }
  const Program& program(std::string_view name) const {
    const auto found = select(object_, name);
    EXPECT_TRUE(found) << name;
    return found ? **found : object_.programs.front();
  }
  /// The bytes of the extern in the .kconfig map.
  template <typename T>
  T value(std::string_view name) const {
    const auto found = std::ranges::find(object_.externs, name, &Extern::name);
    EXPECT_NE(found, object_.externs.end()) << name;
    const auto map = std::ranges::find(object_.map_info, MapSource::kconfig, &MapInfo::source);
    const auto index = static_cast<std::size_t>(map - object_.map_info.begin());
    const std::span values = object_.maps.at(index).initial;
    EXPECT_TRUE(in_bounds(found->kconfig_offset, sizeof(T), values.size())) << name;
    return load_le<T>(values.data() + found->kconfig_offset);
  }
  std::string problem(std::string_view name) const {
    const Program& found = program(name);
    return found.problems.empty() ? "" : found.problems.front();
  }

  std::vector<std::uint8_t> bytes_;
  fs::path folder_;
  ReadOptions options_;
  Object object_;
};

TEST_F(Externs, ConfigurationValuesOfEveryType) {
  ASSERT_NO_FATAL_FAILURE(load());
  EXPECT_EQ(value<std::uint8_t>("CONFIG_BOOL"), 1);
  EXPECT_EQ(value<std::uint32_t>("CONFIG_TRISTATE"), 2u);
  EXPECT_EQ(value<char>("CONFIG_CHAR"), 'm');
  EXPECT_EQ(value<std::uint16_t>("CONFIG_SHORT"), 0x1234);
  EXPECT_EQ(value<std::int32_t>("CONFIG_INT"), -5);  // the first line counts
  EXPECT_EQ(value<std::uint64_t>("CONFIG_LONG"), 0xffffffff00000001u);
  using Text = std::array<char, 6>;
  EXPECT_EQ(value<Text>("CONFIG_TEXT"), (Text{'s', 'e', 'v', 'e', 'n', 0}));
  EXPECT_EQ(value<std::uint32_t>("CONFIG_OPTIONAL"), 0u);
  EXPECT_EQ(value<std::uint32_t>("LINUX_HAS_SOMETHING_NEW"), 0u);
  EXPECT_EQ(problem("all"), "");
}

TEST_F(Externs, LayoutIsByAlignmentSizeAndName) {
  ASSERT_NO_FATAL_FAILURE(load());
  std::vector<const Extern*> placed;
  for (const Extern& symbol : object_.externs)
    if (symbol.kind == ExternKind::kconfig) placed.push_back(&symbol);
  std::ranges::sort(placed, {}, &Extern::kconfig_offset);
  std::string order;
  for (const Extern* symbol : placed)
    order += fmt::format("{}:{} ", symbol->name, symbol->kconfig_offset);
  EXPECT_EQ(order,
            "CONFIG_LONG:0 CONFIG_INT:8 CONFIG_OPTIONAL:12 CONFIG_STRONG:16 CONFIG_TRISTATE:20 "
            "LINUX_HAS_SOMETHING_NEW:24 LINUX_KERNEL_VERSION:28 CONFIG_SHORT:32 CONFIG_BOOL:34 "
            "CONFIG_CHAR:35 CONFIG_NARROW:36 CONFIG_TEXT:37 ");
}

TEST_F(Externs, KernelVersionIsTheRunningOne) {
  ASSERT_NO_FATAL_FAILURE(load());
  utsname name{};
  ASSERT_EQ(uname(&name), 0);
  unsigned major = 0;
  unsigned minor = 0;
  ASSERT_EQ(std::sscanf(name.release, "%u.%u", &major, &minor), 2);
  EXPECT_EQ(value<std::uint32_t>("LINUX_KERNEL_VERSION") >> 8, major << 8 | minor);
}

TEST_F(Externs, WhatIsMissingOrDoesNotFitIsAProblemOfItsUsers) {
  ASSERT_NO_FATAL_FAILURE(load());
  EXPECT_NE(problem("strong").find("extern CONFIG_STRONG "), std::string::npos)
      << problem("strong");
  EXPECT_EQ(problem("narrow"),
            "narrow+0: extern CONFIG_NARROW value 256 does not fit unsigned 1 bytes");
  write_configuration("CONFIG_BOOL=m\n");
  ASSERT_NO_FATAL_FAILURE(load());
  EXPECT_NE(problem("all").find("extern CONFIG_BOOL value m does not fit a bool"),
            std::string::npos);
}

TEST_F(Externs, AConfigurationMayBeCompressed) {
  gzFile file = gzopen(options_.kconfig.c_str(), "wb");
  ASSERT_NE(file, nullptr);
  ASSERT_GT(gzwrite(file, configuration.data(), configuration.size()), 0);
  gzclose(file);
  ASSERT_NO_FATAL_FAILURE(load());
  EXPECT_EQ(value<std::int32_t>("CONFIG_INT"), -5);
}

TEST_F(Externs, DamagedConfigurationsAreRefusedWithTheirLine) {
  write_configuration("CONFIG_BOOL=y\nCONFIG_INT\n");
  const auto object = read(bytes_, "config.o", options_);
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error().line(), options_.kconfig + ":2: a CONFIG_ line without a value");
}

TEST_F(Externs, KernelVariables) {
  ASSERT_NO_FATAL_FAILURE(load());
  const Program& variable = program("variable");
  EXPECT_EQ(problem("variable"), "");
  EXPECT_EQ(variable.slots[0], (bpf::Slot{0x18, 0x31, 0, 0}));  // lddw_var of external 0
  ASSERT_EQ(variable.externals.size(), 1u);
  EXPECT_EQ(variable.externals[0].name, "kernel_counter");
  EXPECT_EQ(problem("weak_variable"), "");
  EXPECT_EQ(program("weak_variable").slots[1], (bpf::Slot{0x18, 1, 0, 0}));
  EXPECT_EQ(problem("weak_symbol"), "");
  EXPECT_EQ(program("weak_symbol").slots[1], (bpf::Slot{0x18, 1, 0, 0}));
}

TEST_F(Externs, KernelFunctionsAreNamed) {
  ASSERT_NO_FATAL_FAILURE(load());
  const Program& function = program("function");
  ASSERT_EQ(function.externals.size(), 1u);
  EXPECT_EQ(function.externals[0].name, "kernel_function");
  EXPECT_EQ(problem("function"), "");
  EXPECT_EQ(problem("missing_function"),
            "missing_function+0: calls strong_function, which is not in the kernel");
}

TEST_F(Externs, AnAbsentWeakFunctionMustNotBeCalled) {
  ASSERT_NO_FATAL_FAILURE(load());
  const Program& weak = program("weak_function");
  EXPECT_EQ(problem("weak_function"), "");
  const auto number = std::ranges::find(object_.externs, "no_function", &Extern::name)->number;
  const bpf::Slot call = program::poisoned_call(program::poisoned_kfunc_base + number);
  EXPECT_EQ(number, 15u);  // after 12 values, kernel_counter, kernel_function and no_counter
  EXPECT_NE(std::ranges::find(weak.slots, call), weak.slots.end());
}

TEST(KernelSymbols, LinesAreReadByName) {
  const auto path = fs::path(testing::TempDir()) / fmt::format("probity_symbols_{}", getpid());
  std::ofstream(path) << "ffffffff81000000 T start\nffffffff81000010 d data.llvm.123\n"
                         "ffffffff81000020 t twice\nffffffff81000030 t twice\n"
                         "0000000000000000 T secret\nffffffffc0000000 t driver\t[module]\nbroken\n";
  const std::vector<std::string_view> names = {"start",  "data",   "twice",
                                               "secret", "driver", "none"};
  const auto found = find_kernel_symbols(path.string(), names);
  fs::remove(path);
  ASSERT_TRUE(found) << found.error().line();
  using State = KernelSymbol::State;
  EXPECT_EQ((*found)[0].address, 0xffffffff81000000u);
  EXPECT_EQ((*found)[1].address, 0xffffffff81000010u);
  EXPECT_EQ((*found)[2].state, State::ambiguous);
  EXPECT_EQ((*found)[3].state, State::hidden);
  EXPECT_EQ((*found)[4].address, 0xffffffffc0000000u);
  EXPECT_EQ((*found)[5].state, State::absent);
}

}  // namespace
}  // namespace probity::object
