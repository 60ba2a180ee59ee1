// SPDX-License-Identifier: Apache-2.0
// Code pages are writable first and executable later, as the system itself says, and never both.
#include "runtime/code_memory.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <string>

#include "runtime/translation.hpp"

namespace probity::runtime {
namespace {

/// The permissions that /proc/self/maps shows for the page at `address`, e.g. "rw-p".
std::string permissions_at(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream maps("/proc/self/maps");
  std::string line;
  while (std::getline(maps, line)) {
    unsigned long first = 0;
    unsigned long last = 0;
    char text[8] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %7s", &first, &last, text) != 3) continue;
    if (wanted >= first && wanted < last) return text;
  }
  return "unmapped";
}

TEST(CodeMemory, IsWritableOrExecutable) {
  CodeMemory memory = CodeMemory::allocate(5000).value();
  EXPECT_GE(memory.writable().size(), 5000u);
  EXPECT_EQ(permissions_at(memory.bytes().data()), "rw-p");
  memory.writable()[0] = 0xc3;
  ASSERT_TRUE(memory.seal());
  EXPECT_EQ(permissions_at(memory.bytes().data()), "r-xp");
  EXPECT_TRUE(memory.writable().empty());
  EXPECT_EQ(memory.bytes()[0], 0xc3);
}

TEST(CodeMemory, IsGivenBackAndMoves) {
  const void* address = nullptr;
  {
    CodeMemory memory = CodeMemory::allocate(1).value();
    address = memory.bytes().data();
    CodeMemory other(std::move(memory));
    EXPECT_EQ(other.bytes().data(), address);
    EXPECT_EQ(permissions_at(address), "rw-p");
  }
  EXPECT_NE(permissions_at(address), "rw-p");
}

TEST(CodeMemory, RefusesWhatTheSystemLacks) {
  const auto memory = CodeMemory::allocate(std::size_t{1} << 62);
  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error().fault(), Fault::system);
}

TEST(CodeMemory, HoldsCodeThatRuns) {
  constexpr std::uint8_t x86_return_42[] = {0xb8, 42, 0, 0, 0, 0xc3};  // mov eax, 42; ret
  constexpr std::uint8_t riscv_return_42[] = {0x13, 5, 0xa0, 2, 0x67, 0x80, 0, 0};
  if (!host_target()) GTEST_SKIP() << "this host's instructions are not known here";
  const bool is_x86 = *host_target() == jit::Target::x86_64;
  const std::span<const std::uint8_t> code = is_x86
                                                 ? std::span<const std::uint8_t>(x86_return_42)
                                                 : std::span<const std::uint8_t>(riscv_return_42);
  CodeMemory memory = CodeMemory::allocate(code.size()).value();
  std::memcpy(memory.writable().data(), code.data(), code.size());
  ASSERT_TRUE(memory.seal());
  EXPECT_EQ(std::bit_cast<int (*)()>(memory.bytes().data())(), 42);
}

}  // namespace
}  // namespace probity::runtime
