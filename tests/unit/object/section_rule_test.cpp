// SPDX-License-Identifier: Apache-2.0
// Section names as libbpf reads them, then by looser prefixes and guesses; the corpus test compares
// the same rules with the types that the kernel loaded.
#include "object/section_rule.hpp"

#include <gtest/gtest.h>

namespace probity::object {
namespace {

using program::ProgType;

struct Case {
  std::string_view section;
  ProgType type;
  std::uint32_t attach_type;
  TypeSource source;
};

TEST(SectionRule, NamesGiveTypeAndAttachPoint) {
  const Case cases[] = {
      {"xdp", ProgType::xdp, 37, TypeSource::rule},
      {"xdp/devmap", ProgType::xdp, 33, TypeSource::rule},
      {"xdp.frags/cpumap", ProgType::xdp, 35, TypeSource::rule},
      {"xdp/mine", ProgType::xdp, 37, TypeSource::prefix},
      {"xdp_fw", ProgType::xdp, 37, TypeSource::guess},
      {"tc", ProgType::sched_cls, 0, TypeSource::rule},
      {"tc/ingress", ProgType::sched_cls, 46, TypeSource::rule},
      {"tc/flow", ProgType::sched_cls, 0, TypeSource::prefix},
      {"tc_ingress", ProgType::sched_cls, 0, TypeSource::guess},
      {"classifier", ProgType::sched_cls, 0, TypeSource::rule},
      {"action", ProgType::sched_act, 0, TypeSource::rule},
      {"socket1", ProgType::socket_filter, 0, TypeSource::guess},
      {"kprobe/do_exit", ProgType::kprobe, 0, TypeSource::rule},
      {"uprobe/libssl.so:SSL_read", ProgType::kprobe, 0, TypeSource::rule},
      {"kprobe.multi/x*", ProgType::kprobe, 42, TypeSource::rule},
      {"fexit/tcp_connect", ProgType::tracing, 25, TypeSource::rule},
      {"cgroup_skb/ingress", ProgType::cgroup_skb, 0, TypeSource::rule},
      {"cgroup/connect6", ProgType::cgroup_sock_addr, 11, TypeSource::rule},
      {"lwt_seg6local", ProgType::lwt_seg6local, 0, TypeSource::rule},
      {"sk_lookup", ProgType::sk_lookup, 36, TypeSource::rule},
      {"lirc_mode2/raw", ProgType::lirc_mode2, 16, TypeSource::prefix},
      {"prog", ProgType::unspec, 0, TypeSource::unknown},
      {"filter", ProgType::unspec, 0, TypeSource::unknown},
      {"", ProgType::unspec, 0, TypeSource::unknown},
  };
  for (const Case& each : cases) {
    const SectionType found = type_of_section(each.section);
    EXPECT_EQ(found.type, each.type) << each.section;
    EXPECT_EQ(found.attach_type, each.attach_type) << each.section;
    EXPECT_EQ(found.source, each.source) << each.section;
    EXPECT_TRUE(found.autoload) << each.section;
  }
}

TEST(SectionRule, QuestionMarkSwitchesAutoloadOff) {
  const SectionType found = type_of_section("?xdp.frags");
  EXPECT_FALSE(found.autoload);
  EXPECT_EQ(found.type, ProgType::xdp);
  EXPECT_TRUE(found.frags);
}

TEST(SectionRule, SleepableNamesAreMarked) {
  EXPECT_TRUE(type_of_section("lsm.s/file_open").sleepable);
  EXPECT_TRUE(type_of_section("syscall").sleepable);
  EXPECT_FALSE(type_of_section("lsm/file_open").sleepable);
}

}  // namespace
}  // namespace probity::object
