// SPDX-License-Identifier: Apache-2.0
// Broken copies of src/interact: each drops one rule of what makes two programs commute, or of how
// that is explored and replayed. A mutant is one file with one text replaced, compiled beside the
// real library and linked with the tests of tests/unit/interact; the test that it names must fail.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace probity {
namespace {

namespace fs = std::filesystem;

struct Mutant {
  std::string_view id;
  std::string_view file;  ///< in src/interact
  std::string_view text;  ///< occurs once
  std::string_view instead;
  std::string_view test;  ///< that must fail
};

// clang-format off
constexpr Mutant mutants[] = {
  {"bytes_ignored", "disjoint.cpp", "if (!a.offset || !b.offset) return store_.true_();",
   "return store_.true_();", "Order.BytesOfThePacketAreToldApart"},
  {"bytes_end_early", "disjoint.cpp", "store_.bin(Op::add, a.offset, a.size_bytes)",
   "a.offset", "Order.BytesOfThePacketAreToldApart"},
  {"keys_ignored", "disjoint.cpp", "a.key.empty() || b.key.empty() ||",
   "true ||", "Order.KeysOfAMapAreToldApart"},
  {"keys_never_meet", "disjoint.cpp", "    return same;\n",
   "    return store_.false_();\n", "Order.KeysOfAMapAreToldApart"},
  {"conditions_ignored", "disjoint.cpp", "return effect.always ?",
   "return true ?", "Order.TrafficClassesAreToldApart"},
  {"maps_ignored", "disjoint.cpp", "(!is_of_map(a.thing) || a.map == b.map)",
   "true", "Order.KeysOfAMapAreToldApart"},
  {"reads_ignored", "disjoint.cpp", "if ((!mine.writes && !theirs.writes) ||",
   "if ((!mine.writes || !theirs.writes) ||", "Order.BytesOfThePacketAreToldApart"},
  {"unknown_helper_ignored", "disjoint.cpp", "a.thing == Thing::everything || b.thing",
   "a.thing == Thing::everything && b.thing", "Order.AHelperThatIsNotInTheTableTouchesEverything"},
  {"chain_ignored", "disjoint.cpp", "if (chain_ == Chain::pass) {",
   "if (false) {", "Order.AProgramThatEndsTheChainHidesTheOther"},
  {"dropped_maps", "disjoint.cpp", "is_of_packet(touch.thing) ? all.kept : all.any",
   "all.kept", "Order.NobodySeesTheBytesOfADroppedPacket"},
  {"dropped_packets_count", "disjoint.cpp", "is_of_packet(touch.thing) ? all.kept : all.any",
   "all.any", "Order.NobodySeesTheBytesOfADroppedPacket"},
  {"room_ignored", "touch.cpp", "if (is_fixed(type)) return;",
   "return;", "Order.InsertsCompeteForRoom"},
  {"lru_drops_nothing", "touch.cpp", "is_lru(type) && behaviour == Behaviour::update",
   "false", "Order.AnLruInsertMayDropAnyEntry"},
  {"insert_unseen", "touch.cpp", "push_entry(Thing::presence, Use::writes, effect, key);",
   "", "Order.AnInsertIsSeenByALookupOfItsKeyOnly"},
  {"moves_unseen", "touch.cpp", "push(Thing::bounds, Use::writes);",
   "", "Order.MovingThePacketIsSeenByEveryReader"},
  {"messages_unseen", "touch.cpp", "push(Thing::output, Use::writes).map = \"trace_printk\";",
   "", "Order.MessagesKeepTheirOrder"},
  {"one_clock", "order.cpp", "stage(b, symex::Start::chained, 1)",
   "stage(b, symex::Start::chained, 0)", "Order.TimesAreEachProgramsOwn"},
  {"chain_always_goes_on", "order.cpp", "stages[1].only_after = passing(a.image().type);",
   "", "Order.AProgramThatEndsTheChainHidesTheOther"},
  {"second_starts_afresh", "order.cpp", "stage(b, symex::Start::chained, 1)",
   "stage(b, symex::Start::initial, 1)", "Order.*ToldApart"},
  {"maps_not_handed_on", "chain_run.cpp", "    TRY(to.engine->write_map(contents));\n",
   "    return {};\n", "Order.TheSecondProgramFindsWhatTheFirstLeft"},
  {"packet_not_handed_on", "chain_run.cpp", "input.packet = output.packet;",
   "", "Order.TheSecondProgramFindsWhatTheFirstLeft"},
};
// clang-format on

void PrintTo(const Mutant& mutant, std::ostream* out) {
  *out << mutant.id;
}

int shell(const std::string& command, std::string& text) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return -1;
  char buffer[4096];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
    text.append(buffer, n);
  }
  const int status = pclose(pipe);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class InteractMutant : public testing::TestWithParam<Mutant> {};

TEST_P(InteractMutant, IsCaught) {
  const Mutant& mutant = GetParam();
  const fs::path folder =
      fs::path(MUTANT_FOLDER) / (std::string(mutant.id) + "-" + std::to_string(getpid()));
  fs::create_directories(folder);
  std::ifstream in("src/interact/" + std::string(mutant.file));
  std::string source{std::istreambuf_iterator<char>(in), {}};
  const std::size_t at = source.find(mutant.text);
  ASSERT_NE(at, std::string::npos) << "the text is not in " << mutant.file;
  ASSERT_EQ(source.find(mutant.text, at + 1), std::string::npos) << "the text occurs twice";
  source.replace(at, mutant.text.size(), mutant.instead);
  std::ofstream(folder / mutant.file) << source;
  const std::string object = (folder / "mutant.o").string();
  const std::string program = (folder / "mutant").string();
  std::string text;
  ASSERT_EQ(shell(std::string(MUTANT_CXX) + " -std=c++23 -O0 -w -Isrc -Iinclude -c " +
                      (folder / mutant.file).string() + " -o " + object,
                  text),
            0)
      << text;
  ASSERT_EQ(
      shell(std::string(MUTANT_CXX) + " -o " + program + " " + MUTANT_MAIN + " " + object +
                " -Wl,--start-group " + MUTANT_ARCHIVES + " -Wl,--end-group " + MUTANT_LIBRARIES,
            text),
      0)
      << text;
  text.clear();
  EXPECT_EQ(shell(program + " --gtest_filter='" + std::string(mutant.test) + "'", text), 1) << text;
  EXPECT_NE(text.find("[  FAILED  ]"), std::string::npos) << text;
  if (!HasFailure()) fs::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(All, InteractMutant, testing::ValuesIn(mutants),
                         [](const testing::TestParamInfo<Mutant>& info) {
                           return std::string(info.param.id);
                         });

}  // namespace
}  // namespace probity
