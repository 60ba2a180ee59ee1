// SPDX-License-Identifier: Apache-2.0
// The two renderings of a document: exact text for people, and for programs the shape that
// `--json` promises.
#include "report/document.hpp"

#include <gtest/gtest.h>

namespace probity::report {
namespace {

Document sample() {
  Document document("check");
  document.summarise(SummaryKind::verdicts);
  document.heading("one").fields({{"a", "1"}, {"long name", "2"}});
  document.table({"x", "yy"}, {{"1", "2"}, {"333", "4"}});
  document.code("  exit").note(Tone::bad, "refuted");
  document.count(Tally::proved, 2);
  document.count(Tally::refuted, 1);
  document.details()["paths"] = 7;
  return document;
}

TEST(Document, TextAlignsFieldsAndTables) {
  EXPECT_EQ(render_text(sample(), Color::no),
            "one\n"
            "  a          1\n"
            "  long name  2\n"
            "  x    yy\n"
            "  1    2\n"
            "  333  4\n"
            "  exit\n"
            "refuted\n");
}

TEST(Document, ColorOnlyWhenAsked) {
  EXPECT_NE(render_text(sample(), Color::yes).find("\x1b[31mrefuted\x1b[0m"), std::string::npos);
  EXPECT_EQ(render_text(sample(), Color::no).find('\x1b'), std::string::npos);
}

TEST(Document, ControlCharactersNeverReachTheTerminal) {
  Document document("dump");
  document.note(Tone::plain, "a\x1b[2Jb\x7f");
  document.fields({{"\x07", "\r"}});
  EXPECT_EQ(render_text(document, Color::no), "a?[2Jb?\n  ?  ?\n");
}

TEST(Document, JsonHasSchemaCommandStatusSummaryDetails) {
  const Expected<Json> json = parse_json(render_json(sample(), 1), "test");
  ASSERT_TRUE(json);
  EXPECT_EQ(*json->find("schema")->get<std::uint64_t>(), schema_version);
  EXPECT_EQ(*json->find("command")->get<std::string>(), "check");
  EXPECT_EQ(*json->find("status")->get<std::uint64_t>(), 1u);
  const Json* summary = json->find("summary");
  EXPECT_EQ(*summary->find("proved")->get<std::uint64_t>(), 2u);
  EXPECT_EQ(*summary->find("refuted")->get<std::uint64_t>(), 1u);
  EXPECT_EQ(*summary->find("unknown")->get<std::uint64_t>(), 0u);
  EXPECT_EQ(*summary->find("skipped")->get<std::uint64_t>(), 0u);
  EXPECT_EQ(summary->find("passed"), nullptr);
  EXPECT_EQ(*json->find("details")->find("paths")->get<std::uint64_t>(), 7u);
}

TEST(Document, ResultsCountPassedAndFailed) {
  const Expected<Json> json = parse_json(render_json(Document("test"), 0), "test");
  ASSERT_TRUE(json);
  EXPECT_NE(json->find("summary")->find("passed"), nullptr);
  EXPECT_NE(json->find("summary")->find("failed"), nullptr);
  EXPECT_EQ(json->find("summary")->find("proved"), nullptr);
}

TEST(Document, JsonOfAnErrorNamesItsKind) {
  const std::string text =
      render_json_error(Document("dump"), 4, Diagnostic(Fault::bad_input, "x.o: no"));
  const Expected<Json> json = parse_json(text, "test");
  ASSERT_TRUE(json);
  EXPECT_EQ(*json->find("error")->find("kind")->get<std::string>(), "bad_input");
  EXPECT_EQ(*json->find("error")->find("message")->get<std::string>(), "x.o: no");
  EXPECT_EQ(json->find("details"), nullptr);
}

}  // namespace
}  // namespace probity::report
