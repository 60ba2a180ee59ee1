// SPDX-License-Identifier: Apache-2.0
// What is written is read back, member for member; what is missing, unknown, of another kind or of
// a later version is refused in one line that names it.
#include "replay/witness_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace probity::replay {
namespace {

using report::Json;

/// Two programs in both orders, with something in every member.
WitnessFile sample() {
  WitnessFile file;
  file.made_by = "interact";
  file.property = "order";
  file.text = "the order matters";
  file.source = "a.c:7:3";
  file.programs = {{"a.o", "00ff", "first", "xdp"}, {"b.o", "", "second", "xdp"}};
  WitnessInput input;
  input.run.packet = {0xde, 0xad, 0xbe, 0xef};
  input.run.metadata_size = 4;
  input.run.ingress_ifindex = 7;
  input.run.mark = 9;
  input.run.clock_ns = ~std::uint64_t{0};
  input.run.fields = {{"cb[0]", 5}};
  input.maps = {{"flows", {{{1, 2}, {3}}, {{4, 5}, {6}}}}, {"empty", {}}};
  input.run.answers = {{"bpf_ktime_get_ns", 2, ~std::uint64_t{0}}};
  input.run.routes = {{runtime::Bytes(64, 2), 1, 7, runtime::Bytes(64, 3)}};
  input.stubs = {{"next", 3, 0x1'0000'0002}};
  input.helper_results = {"get_prandom_u32 = 0x7"};
  input.not_replayable = {"ctx->hash = 0x1"};
  file.inputs = {input};
  WitnessRun forward{"first then second", 0, {{0, {2}}, {1, {}}}, {}};
  forward.expected.return_value = 0xffff'ffff;
  forward.expected.packet = runtime::Bytes{1, 2};
  forward.expected.map_changes = std::vector<MapChange>{
      {"flows", {1, 2}, runtime::Bytes{3}, std::nullopt}, {"flows", {9, 9}, {}, runtime::Bytes{1}}};
  forward.expected.events = std::vector<runtime::OutputEvent>{{"redirect", {1, ~0ull}, {7, 8}}};
  WitnessRun backward{"second then first", 0, {{1, {}}, {0, {}}}, {}};
  backward.expected.effect = Effect::fails;
  backward.expected.slot = 12;
  file.runs = {forward, backward};
  file.differences = {"return_value", "maps"};
  return file;
}

std::string printed(const WitnessFile& file) {
  return report::print(json_of(file));
}

TEST(WitnessFile, IsReadBackAsItWasWritten) {
  const std::string path = testing::TempDir() + "probity_witness_test.json";
  ASSERT_TRUE(write_witness(sample(), path));
  const Expected<WitnessFile> read = read_witness(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(read) << read.error().line();
  EXPECT_EQ(printed(*read), printed(sample()));
  EXPECT_EQ(read->programs, sample().programs);
  EXPECT_EQ(read->inputs[0].run.packet, sample().inputs[0].run.packet);
  EXPECT_EQ(read->inputs[0].run.ingress_ifindex, 7u);
  EXPECT_EQ(read->inputs[0].run.mark, 9u);
  EXPECT_EQ(read->inputs[0].run.fields, sample().inputs[0].run.fields);
  EXPECT_EQ(read->inputs[0].maps, sample().inputs[0].maps);
  EXPECT_EQ(read->inputs[0].run.answers, sample().inputs[0].run.answers);
  EXPECT_EQ(read->inputs[0].run.routes, sample().inputs[0].run.routes);
  EXPECT_EQ(read->inputs[0].stubs, sample().inputs[0].stubs);
  EXPECT_EQ(read->runs[0].chain, sample().runs[0].chain);
  EXPECT_EQ(read->runs[0].expected.map_changes, sample().runs[0].expected.map_changes);
  EXPECT_EQ(read->runs[0].expected.events, sample().runs[0].expected.events);
  EXPECT_EQ(read->runs[1].expected.effect, Effect::fails);
  EXPECT_EQ(read->runs[1].expected.slot, 12u);
  EXPECT_FALSE(read->runs[1].expected.packet);
  EXPECT_EQ(read->differences, sample().differences);
}

/// The sample with one text in its place for another.
std::string refusal_of(std::string_view part, std::string_view instead) {
  std::string text = printed(sample());
  const std::size_t at = text.find(part);
  EXPECT_NE(at, text.npos) << part;
  text.replace(at, part.size(), instead);
  const Expected<Json> json = report::parse_json(text, "w.json");
  if (!json) return std::string(json.error().line());
  const Expected<WitnessFile> file = parse_witness(*json, "w.json");
  if (file) return "accepted";
  EXPECT_EQ(file.error().fault(), Fault::bad_input);
  return std::string(file.error().line());
}

TEST(WitnessFile, RefusesWhatItDoesNotUnderstandByName) {
  EXPECT_EQ(refusal_of("\"version\": 1", "\"version\": 2"),
            "w.json: version: 2, this program reads 1");
  EXPECT_EQ(refusal_of("probity-witness", "something"),
            "w.json: format: \"something\" is not \"probity-witness\"");
  EXPECT_EQ(refusal_of("\"property\"", "\"propety\""), "w.json: no member \"property\"");
  EXPECT_EQ(refusal_of("\"ingress_ifindex\": 7", "\"ingress_ifindex\": 4294967296"),
            "w.json: input 0: ctx: ingress_ifindex: 4294967296 is not in 0..4294967295");
  EXPECT_EQ(refusal_of("\"metadata_size\": 4", "\"metadata_size\": 5"),
            "w.json: input 0: metadata_size: 5 is more than the packet's 4 bytes");
  EXPECT_EQ(refusal_of("\"input\": 0", "\"input\": 1"),
            "w.json: run \"first then second\": input 1 of 1");
  EXPECT_EQ(refusal_of("\"program\": 1", "\"program\": 2"),
            "w.json: run \"first then second\": program 2 of 2");
  EXPECT_EQ(refusal_of("\"fails\"", "\"explodes\""),
            "w.json: run 1: expected: effect: \"explodes\" is not one of returns, fails");
  EXPECT_EQ(refusal_of("\"maps\"\n", "\"mops\"\n"),
            "w.json: differences: \"mops\" is not one of return_value, packet, maps, events");
  EXPECT_EQ(refusal_of("\"key\": \"0102\"", "\"key\": 5"),
            "w.json: input 0: maps: flows: key: not text");
  EXPECT_NE(refusal_of("\"deadbeef\"", "\"deadbee\"").find("w.json: input 0: packet"),
            std::string::npos);
}

TEST(WitnessFile, RefusesUnknownMembersEverywhere) {
  for (const char* const place :
       {"\"made_by\"", "\"object\"", "\"packet\"", "\"name\"", "\"continue_on\"", "\"effect\"",
        "\"helper\"", "\"before\"", "\"key\""}) {
    const std::string refusal =
        refusal_of(place, std::string("\"surprise\": 1, ") + std::string(place));
    EXPECT_NE(refusal.find("unknown member \"surprise\""), std::string::npos)
        << place << ": " << refusal;
  }
}

TEST(WitnessFile, RefusesMembersThatAreNotThere) {
  for (const char* const place :
       {"made_by", "text", "source", "programs", "inputs", "runs", "differences", "object",
        "sha256", "type", "ctx", "clock_ns", "random_seed", "helper_results", "not_replayable",
        "chain", "expected", "effect", "continue_on"}) {
    const std::string refusal = refusal_of("\"" + std::string(place) + "\": ", "\"x\": ");
    EXPECT_NE(refusal.find("no member \"" + std::string(place) + "\""), std::string::npos)
        << place << ": " << refusal;
  }
}

}  // namespace
}  // namespace probity::replay
