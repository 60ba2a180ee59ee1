// SPDX-License-Identifier: Apache-2.0
// The examples: each is proved for every packet, and each twin with a planted bug is refuted by the
// statement that names its duty, with a counterexample that the interpreter reproduces, and the
// live kernel where it can be used. The bugs are of kinds that a check on one packet length, with a
// constant checksum, with helpers that never fail, or with maps that never miss cannot see.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cli/verb.hpp"
#include "report/json.hpp"
#include "runtime/engine.hpp"

namespace probity::cli {
namespace {

namespace fs = std::filesystem;
using report::Json;

struct Planted {
  const char* twin;
  const char* example;
  const char* statement;  ///< what is refuted: a part of the finding's text
  bool in_kernel;         ///< the kernel can be brought to show it
};

std::string object(std::string_view name) {
  return std::string(EXAMPLE_OBJECTS) + "/" + std::string(name) + ".o";
}

const Json& member(const Json& json, std::string_view key) {
  static const Json nothing;
  const Json* found = json.find(key);
  EXPECT_NE(found, nullptr) << "no member " << key;
  return found == nullptr ? nothing : *found;
}

std::string text(const Json& json, std::string_view key) {
  const auto* found = member(json, key).get<std::string>();
  return found == nullptr ? std::string() : *found;
}

/// The first element of the list `key`, or an empty object.
const Json& first(const Json& json, std::string_view key) {
  static const Json nothing = Json::object({});
  const auto* list = member(json, key).get<Json::Array>();
  return list == nullptr || list->empty() ? nothing : list->front();
}

class Examples : public testing::TestWithParam<Planted> {
 protected:
  void SetUp() override {
    if (!fs::exists(object("exporter"))) {
      GTEST_SKIP() << "no clang that targets BPF: " << object("exporter") << " is absent";
    }
    setenv("PROBITY_CACHE", "off", 1);
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    for (char& c : name) c = c == '/' ? '_' : c;
    folder_ = fs::path(testing::TempDir()) / ("probity_examples_" + name);
    fs::create_directories(folder_);
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }
  Printed check(std::string_view name, const std::vector<std::string>& more) {
    const std::string file = object(name), folder = folder_.string();
    std::vector<std::string_view> words = {"check", file, "--json", "--witness-dir", folder};
    words.insert(words.end(), more.begin(), more.end());
    return run_command(words, report::Color::no);
  }
  static Json details(const Printed& printed) {
    const auto json = report::parse_json(printed.out, "output");
    EXPECT_TRUE(json) << printed.out << printed.err;
    return json ? member(*json, "details") : Json::object({});
  }
  fs::path folder_;
};

TEST_P(Examples, AreProvedAndReplayEveryPath) {
  const std::string engine = runtime::kernel_unavailable_reason().empty() ? "kernel" : "interp";
  // Without metadata: want of headroom behind some of it is a driver's that no engine can be.
  const Printed printed = check(GetParam().example, {"--replay-paths", engine, "--metadata", "0"});
  EXPECT_EQ(printed.status, 0) << printed.out << printed.err;
  const Json found = details(printed);
  EXPECT_EQ(text(found, "verdict"), "proved");
  const Json& replayed = member(found, "replayed_paths");
  EXPECT_EQ(*member(replayed, "different").get<std::uint64_t>(), 0u);
  EXPECT_EQ(*member(replayed, "equal").get<std::uint64_t>(),
            *member(replayed, "total").get<std::uint64_t>());
}

TEST_P(Examples, RefuteTheirTwins) {
  const bool use_kernel = runtime::kernel_unavailable_reason().empty();
  const Printed printed =
      use_kernel ? check(GetParam().twin, {}) : check(GetParam().twin, {"--no-kernel"});
  EXPECT_EQ(printed.status, 1) << printed.out << printed.err;
  const Json found = details(printed);
  EXPECT_EQ(text(found, "verdict"), "refuted");
  const Json& finding = first(found, "findings");
  EXPECT_NE(text(finding, "text").find(GetParam().statement), std::string::npos)
      << text(finding, "text");
  const auto* replays = member(finding, "replays").get<Json::Array>();
  ASSERT_NE(replays, nullptr);
  ASSERT_FALSE(replays->empty());
  for (const Json& replay : *replays) {
    if (text(replay, "engine") == "kernel" && !GetParam().in_kernel) continue;
    EXPECT_EQ(text(replay, "outcome"), "reproduced")
        << text(replay, "engine") << ": " << text(replay, "text");
  }
  if (use_kernel && GetParam().in_kernel) {
    EXPECT_GE(replays->size(), 2u);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Examples,
    testing::Values(
        Planted{"exporter_bug", "exporter", "BPF_ASSERT_RETURN", true},
        Planted{"forwarder_bug", "forwarder", "BPF_ASSERT_NOT_RETURN(XDP_ABORTED)", true},
        Planted{"balancer_short_packet", "balancer", "BPF_ASSERT_LEADS_TO_ACTION", true},
        Planted{"balancer_wrong_checksum", "balancer", "BPF_ASSERT(", true},
        Planted{"balancer_ignored_failure", "balancer", "BPF_ASSERT_LEN_DELTA", true},
        Planted{"balancer_overwritten_key", "balancer", "BPF_ASSERT_MAP_KEY_EQ", true},
        Planted{"syn_redirect_bug", "syn_redirect", "BPF_ASSERT(", true}),
    [](const testing::TestParamInfo<Planted>& one) { return std::string(one.param.twin); });

}  // namespace
}  // namespace probity::cli
