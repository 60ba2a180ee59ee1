// SPDX-License-Identifier: Apache-2.0
// The specifications outside the examples: each example does what its specification says, which
// says something of every path, and each twin with a planted bug does not, with an input on which
// the interpreter shows it. The programs' own statements are switched off. The forwarder's
// specification is there in C, in C++ and as LLVM IR, by two compilers.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/verb.hpp"
#include "report/json.hpp"

namespace probity::cli {
namespace {

namespace fs = std::filesystem;
using report::Json;

struct Pairing {
  const char* name;
  const char* specification;  ///< object
  const char* program;
  std::vector<std::string> differs;  ///< in which observables; none: proved
  bool replayable = true;            ///< the interpreter can be given the input
};

std::string object(std::string_view name) {
  return std::string(EXAMPLE_OBJECTS) + "/" + std::string(name) + ".o";
}

const Json& member(const Json& json, std::string_view key) {
  static const Json nothing = Json::object({});
  const Json* found = json.find(key);
  EXPECT_NE(found, nullptr) << "no member " << key;
  return found == nullptr ? nothing : *found;
}

std::string text(const Json& json, std::string_view key) {
  const auto* found = member(json, key).get<std::string>();
  return found == nullptr ? std::string() : *found;
}

std::uint64_t number(const Json& json, std::string_view key) {
  const auto* found = member(json, key).get<std::uint64_t>();
  return found == nullptr ? 0 : *found;
}

std::vector<Json> list(const Json& json, std::string_view key) {
  const auto* found = member(json, key).get<Json::Array>();
  return found == nullptr ? std::vector<Json>() : std::vector<Json>(found->begin(), found->end());
}

class ExternalSpec : public testing::TestWithParam<Pairing> {
 protected:
  void SetUp() override {
    for (const char* const needed : {GetParam().specification, GetParam().program}) {
      if (!fs::exists(object(needed))) GTEST_SKIP() << "not compiled here: " << object(needed);
    }
    setenv("PROBITY_CACHE", "off", 1);
    folder_ = fs::path(testing::TempDir()) / (std::string("probity_spec_") + GetParam().name);
    fs::create_directories(folder_);
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }
  fs::path folder_;
};

TEST_P(ExternalSpec, HasItsVerdict) {
  const std::string folder = folder_.string();
  const std::string program = object(GetParam().program), spec = object(GetParam().specification);
  const std::vector<std::string_view> words = {"check",       program,         "--spec",
                                               spec,          "--no-specs",    "--json",
                                               "--no-kernel", "--witness-dir", folder};
  const Printed printed = run_command(words, report::Color::no);
  const auto json = report::parse_json(printed.out, "output");
  ASSERT_TRUE(json) << printed.out << printed.err;
  const Json& found = member(member(*json, "details"), "specification");
  const bool proved = GetParam().differs.empty();
  EXPECT_EQ(printed.status, proved ? 0 : 1) << printed.out << printed.err;
  EXPECT_EQ(text(found, "verdict"), proved ? "proved" : "refuted") << printed.out;
  EXPECT_GT(number(member(found, "coverage"), "paths"), 0u);
  std::vector<std::string> differs;
  for (const Json& finding : list(found, "findings")) {
    differs.push_back(text(finding, "observable"));
    bool shown = false;
    for (const Json& replay : list(finding, "replays")) {
      EXPECT_NE(text(replay, "outcome").substr(0, 12), "CONTRADICTED") << text(replay, "text");
      shown = shown || text(replay, "outcome") == "reproduced";
    }
    EXPECT_EQ(shown, GetParam().replayable) << printed.out;
    EXPECT_TRUE(fs::exists(text(finding, "file")));
  }
  for (const std::string& observable : GetParam().differs) {
    EXPECT_NE(std::ranges::find(differs, observable), differs.end()) << "no " << observable;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, ExternalSpec,
    testing::Values(
        Pairing{"exporter", "exporter.spec", "exporter", {}},
        Pairing{"exporter_bug", "exporter.spec", "exporter_bug", {"return value"}},
        Pairing{"forwarder", "forwarder.spec", "forwarder", {}},
        Pairing{"forwarder_bug", "forwarder.spec", "forwarder_bug", {"return value"}},
        Pairing{"balancer", "balancer.spec", "balancer", {}},
        Pairing{"short_packet", "balancer.spec", "balancer_short_packet", {"return value"}},
        Pairing{"wrong_checksum", "balancer.spec", "balancer_wrong_checksum", {"packet"}},
        Pairing{"ignored_failure",
                "balancer.spec",
                "balancer_ignored_failure",
                {"return value"},
                false /* a driver without headroom */},
        Pairing{"overwritten_key", "balancer.spec", "balancer_overwritten_key", {"map flows"}},
        Pairing{"syn_redirect", "syn_redirect.spec", "syn_redirect", {}},
        Pairing{"syn_redirect_bug", "syn_redirect.spec", "syn_redirect_bug", {"packet"}},
        Pairing{"cxx14", "forwarder.cxx14", "forwarder", {}},
        Pairing{"cxx14_bug", "forwarder.cxx14", "forwarder_bug", {"return value"}},
        Pairing{"cxx19", "forwarder.cxx19", "forwarder", {}},
        Pairing{"cxx19_bug", "forwarder.cxx19", "forwarder_bug", {"return value"}},
        Pairing{"llc14", "forwarder.llc14", "forwarder", {}},
        Pairing{"llc14_bug", "forwarder.llc14", "forwarder_bug", {"return value"}},
        Pairing{"llc19", "forwarder.llc19", "forwarder", {}},
        Pairing{"llc19_bug", "forwarder.llc19", "forwarder_bug", {"return value"}}),
    [](const testing::TestParamInfo<Pairing>& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace probity::cli
