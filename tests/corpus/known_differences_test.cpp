// SPDX-License-Identifier: Apache-2.0
// A table of known differences that is not exact is complained of: a difference without an entry,
// an entry without a difference, another count. And map changes are compared both ways.
#include "known_differences.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "map_record.hpp"

namespace probity::corpus {
namespace {

std::filesystem::path write_table(const std::string& text) {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  const std::filesystem::path path =
      std::filesystem::path(testing::TempDir()) / (std::string(test->name()) + ".tsv");
  std::ofstream(path) << text;
  return path;
}

constexpr const char* one_entry =
    "# comment\nrows\ta_*.o\t*\tmap\t2\taddress\tkeeps an address in a map\n";

Difference row(std::string object, DifferencePart part) {
  return {1, std::move(object), "prog", part, "text"};
}

TEST(KnownDifferences, AnExactTableHasNothingToComplainOf) {
  const auto table = DifferenceTable::read(write_table(one_entry));
  ASSERT_TRUE(table) << table.error().line();
  const std::vector rows = {row("a_1.o", DifferencePart::map), row("a_2.o", DifferencePart::map)};
  const Judgement judgement = table->judge("rows", rows, Extent::whole);
  EXPECT_TRUE(judgement.complaints.empty()) << judgement.complaints[0];
  EXPECT_EQ(judgement.by_cause, (std::map<std::string, std::size_t>{{"address", 2}}));
}

TEST(KnownDifferences, ANewDifferenceIsNamed) {
  const auto table = DifferenceTable::read(write_table(one_entry));
  ASSERT_TRUE(table) << table.error().line();
  const std::vector rows = {row("a_1.o", DifferencePart::map), row("a_2.o", DifferencePart::map),
                            row("a_2.o", DifferencePart::returns), row("b.o", DifferencePart::map)};
  const Judgement judgement = table->judge("rows", rows, Extent::sample);
  ASSERT_EQ(judgement.complaints.size(), 2u);
  EXPECT_EQ(judgement.complaints[0],
            "rows:1: a_2.o prog: 1 rows that no entry of the table explains (returns): text");
  EXPECT_EQ(judgement.complaints[1],
            "rows:1: b.o prog: 1 rows that no entry of the table explains (map): text");
}

TEST(KnownDifferences, AnEntryThatStartsToPassIsNamed) {
  const auto table = DifferenceTable::read(write_table(one_entry));
  ASSERT_TRUE(table) << table.error().line();
  const Judgement whole = table->judge("rows", {}, Extent::whole);
  ASSERT_EQ(whole.complaints.size(), 1u);
  EXPECT_NE(whole.complaints[0].find(":2: a_*.o * map (address): explains 0 rows of rows, the "
                                     "table says 2; it has no place here any more"),
            std::string::npos)
      << whole.complaints[0];
  EXPECT_TRUE(table->judge("rows", {}, Extent::sample).complaints.empty());
  EXPECT_TRUE(table->judge("other", {}, Extent::whole).complaints.empty());
}

TEST(KnownDifferences, AnotherCountIsNamedAndARebaseCorrectsItAlone) {
  const std::filesystem::path path = write_table(one_entry);
  auto table = DifferenceTable::read(path);
  ASSERT_TRUE(table) << table.error().line();
  const std::vector rows = {row("a_1.o", DifferencePart::map), row("b.o", DifferencePart::map)};
  EXPECT_EQ(table->judge("rows", rows, Extent::whole).complaints.size(), 2u);
  ASSERT_TRUE(table->rewrite_counts("rows", rows));
  std::ifstream in(path);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(text, "# comment\nrows\ta_*.o\t*\tmap\t1\taddress\tkeeps an address in a map\n");
  EXPECT_EQ(table->judge("rows", rows, Extent::whole).complaints.size(), 1u);
}

TEST(KnownDifferences, WhereChanceDecidesNoCountIsAsked) {
  const auto table = DifferenceTable::read(write_table("rows\t*\t*\tmap\t*\trandom\tdraws lots\n"));
  ASSERT_TRUE(table) << table.error().line();
  EXPECT_TRUE(table->judge("rows", {}, Extent::whole).complaints.empty());
  const std::vector rows = {row("a.o", DifferencePart::map)};
  EXPECT_TRUE(table->judge("rows", rows, Extent::whole).complaints.empty());
}

TEST(KnownDifferences, ABadTableIsRefusedWithItsPlace) {
  const auto line_of = [](const std::string& text) {
    const auto table = DifferenceTable::read(write_table(text));
    return table ? "" : std::string(table.error().line());
  };
  EXPECT_NE(line_of("a\tb\n").find(".tsv:1: 2 columns, must be 7"), std::string::npos);
  EXPECT_NE(line_of("f\to\tp\tmap\tx\tc\tw\n").find("'x' is not a number"), std::string::npos);
  EXPECT_NE(line_of("f\to\tp\tmop\t1\tc\tw\n").find("'mop' is not refused"), std::string::npos);
  EXPECT_NE(line_of("f\to\tp\tmap\t1\tc\t\n").find("column 7 is empty"), std::string::npos);
}

/// Two maps whose contents the test sets.
class FakeEngine final : public runtime::Engine {
 public:
  std::string_view engine_name() const override { return "fake"; }
  Expected<runtime::RunOutput> run(const runtime::RunInput&) override {
    return error(Fault::unsupported, "runs nothing");
  }
  Expected<runtime::MapContents> read_map(std::string_view map) override {
    return runtime::MapContents{std::string(map), map == "hash" ? hash : array};
  }
  Expected<void> write_map(const runtime::MapContents&) override { return {}; }

  std::vector<runtime::MapEntry> hash;
  std::vector<runtime::MapEntry> array;
};

class MapRecord : public testing::Test {
 protected:
  MapRecord() : defs_(2) {
    defs_[0].name = "hash";
    defs_[0].type = program::MapType::hash;
    defs_[1].name = "array";
    defs_[1].type = program::MapType::array;
    program_.maps = defs_;
    engine_.hash = {{{1}, {10}}};
    engine_.array = {{{0}, {0}}, {{1}, {0}}};
    before_ = take();
  }

  MapSnapshot take() {
    Expected<MapSnapshot> snapshot = MapSnapshot::take(engine_, program_);
    EXPECT_TRUE(snapshot);
    return *std::move(snapshot);
  }
  std::string difference(const std::string& record, std::size_t limit) {
    return take().difference(before_, program_, Json::parse(record), limit);
  }

  std::vector<program::MapDef> defs_;
  program::View program_;
  FakeEngine engine_;
  MapSnapshot before_;
};

TEST_F(MapRecord, TheSameChangesAreNoDifference) {
  engine_.hash = {{{2}, {20}}};
  engine_.array = {{{0}, {0}}, {{1}, {7}}};
  EXPECT_EQ(difference(R"([{"map":"hash","key":"01","value":null},
      {"map":"hash","key":"02","value":"14"},{"map":"array","key":"01","value":"07"}])",
                       24),
            "");
}

TEST_F(MapRecord, ARecordedChangeMustBeThere) {
  EXPECT_EQ(difference(R"([{"map":"array","key":"01","value":"07"}])", 24),
            "map array[01] is absent, the kernel has 07");
  EXPECT_EQ(difference(R"([{"map":"hash","key":"01","value":"0b"}])", 24),
            "map hash[01] is 0a, the kernel has 0b");
  EXPECT_EQ(difference(R"([{"map":"hash","key":"01","value":null}])", 24),
            "map hash[01] was deleted or cleared by the kernel");
}

TEST_F(MapRecord, AChangeThatIsNotRecordedIsADifferenceUnlessTheRecordIsCut) {
  engine_.array = {{{0}, {3}}, {{1}, {7}}};
  const std::string record = R"([{"map":"array","key":"01","value":"07"}])";
  EXPECT_EQ(difference(record, 24), "map array[00] became 03, unlike in the kernel");
  EXPECT_EQ(difference(record, 1), "");
  engine_.array = {{{1}, {7}}};
  engine_.hash.clear();
  EXPECT_EQ(difference(record, 24), "map hash[01] was deleted or cleared, unlike in the kernel");
}

}  // namespace
}  // namespace probity::corpus
