// SPDX-License-Identifier: Apache-2.0
// The enumerators have the kernel's numbers (linux/bpf.h), and every type has a name of its own; a
// number beyond the table is "unknown".
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <set>

#include "program/program.hpp"

namespace probity::program {
namespace {

TEST(Names, NumbersAreTheKernels) {
  EXPECT_EQ(static_cast<unsigned>(ProgType::xdp), static_cast<unsigned>(BPF_PROG_TYPE_XDP));
  EXPECT_EQ(static_cast<unsigned>(ProgType::sk_msg), static_cast<unsigned>(BPF_PROG_TYPE_SK_MSG));
  EXPECT_EQ(static_cast<unsigned>(ProgType::tracing), static_cast<unsigned>(BPF_PROG_TYPE_TRACING));
  EXPECT_EQ(static_cast<unsigned>(ProgType::syscall), static_cast<unsigned>(BPF_PROG_TYPE_SYSCALL));
  EXPECT_EQ(static_cast<unsigned>(MapType::lpm_trie), static_cast<unsigned>(BPF_MAP_TYPE_LPM_TRIE));
  EXPECT_EQ(static_cast<unsigned>(MapType::devmap), static_cast<unsigned>(BPF_MAP_TYPE_DEVMAP));
  EXPECT_EQ(static_cast<unsigned>(MapType::ringbuf), static_cast<unsigned>(BPF_MAP_TYPE_RINGBUF));
  EXPECT_EQ(static_cast<unsigned>(MapType::bloom_filter),
            static_cast<unsigned>(BPF_MAP_TYPE_BLOOM_FILTER));
}

TEST(Names, AreDistinctAndKnown) {
  std::set<std::string_view> prog_types;
  for (unsigned i = 0; i <= static_cast<unsigned>(ProgType::netfilter); ++i) {
    prog_types.insert(name(static_cast<ProgType>(i)));
  }
  EXPECT_EQ(prog_types.size(), static_cast<unsigned>(ProgType::netfilter) + 1);
  std::set<std::string_view> map_types;
  for (unsigned i = 0; i <= static_cast<unsigned>(MapType::arena); ++i) {
    map_types.insert(name(static_cast<MapType>(i)));
  }
  EXPECT_EQ(map_types.size(), static_cast<unsigned>(MapType::arena) + 1);
  EXPECT_EQ(name(ProgType::sched_cls), "sched_cls");
  EXPECT_EQ(name(MapType::percpu_array), "percpu_array");
  EXPECT_EQ(name(static_cast<ProgType>(77)), "unknown");
  EXPECT_EQ(name(static_cast<MapType>(77)), "unknown");
}

}  // namespace
}  // namespace probity::program
