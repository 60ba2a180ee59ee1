// SPDX-License-Identifier: Apache-2.0
// The JSON tree: exact integers and key order on the way out, hostile bytes and hostile nesting
// on the way in.
#include "report/json.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace probity::report {
namespace {

TEST(Json, KeepsTheOrderOfKeys) {
  Json json;
  json["z"] = 1;
  json["a"] = true;
  json["z"] = 2;
  EXPECT_EQ(print(json), "{\n  \"z\": 2,\n  \"a\": true\n}");
}

TEST(Json, IntegersStayExact) {
  Json json;
  json.push(std::numeric_limits<std::uint64_t>::max());
  json.push(std::numeric_limits<std::int64_t>::min());
  const Expected<Json> back = parse_json(print(json), "test");
  ASSERT_TRUE(back);
  const Json::Array& elements = *back->get<Json::Array>();
  EXPECT_EQ(*elements[0].get<std::uint64_t>(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(*elements[1].get<std::int64_t>(), std::numeric_limits<std::int64_t>::min());
}

TEST(Json, BytesThatAreNotUtf8AreReplaced) {
  Json json;
  json["name"] = std::string(
      "a\xff"
      "b");
  EXPECT_NE(print(json).find("a\xef\xbf\xbd"
                             "b"),
            std::string::npos);
}

TEST(Json, ParseErrorNamesThePlaceOnOneLine) {
  const Expected<Json> json = parse_json("{\n\"a\": }", "init.json");
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().fault(), Fault::bad_input);
  EXPECT_TRUE(json.error().line().starts_with("init.json: "));
  EXPECT_EQ(json.error().line().find('\n'), std::string_view::npos);
}

TEST(Json, DeepNestingIsRefused) {
  const Expected<Json> json = parse_json(std::string(100'000, '['), "deep.json");
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().line(), "deep.json: JSON is nested deeper than 64 levels");
  EXPECT_TRUE(parse_json("[\"[[[[\\\"[[\"]", "brackets in text"));
}

TEST(Json, AMemberGivenTwiceIsRefusedByName) {
  const Expected<Json> json = parse_json(R"([{"a": 1, "b": {"a": 2}, "a": 3}])", "twice.json");
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().line(), "twice.json: member \"a\" is given twice");
  EXPECT_TRUE(parse_json(R"([{"a": {"a": []}}, {"a": ""}])", "once"));
}

TEST(Json, ManyMembersTakeLinearTime) {
  std::string text = "{";
  for (int i = 0; i < 300'000; ++i) text += "\"" + std::to_string(i) + "\":0,";
  text.back() = '}';
  const Expected<Json> json = parse_json(text, "wide.json");  // quadratic: minutes
  ASSERT_TRUE(json);
  EXPECT_EQ(json->get<Json::Object>()->size(), 300'000u);
}

TEST(Json, ParseErrorsSpeakOfTheTextAndNotOfTheLibrary) {
  const Expected<Json> json = parse_json("[1,", "cut.json");
  ASSERT_FALSE(json);
  EXPECT_TRUE(json.error().line().starts_with("cut.json: parse error at line 1, column 4"))
      << json.error().line();
}

TEST(Json, HexIsLowerCaseWithoutSeparators) {
  const std::vector<std::uint8_t> bytes = {0x00, 0xab, 0x0f};
  EXPECT_EQ(hex(bytes), "00ab0f");
}

}  // namespace
}  // namespace probity::report
