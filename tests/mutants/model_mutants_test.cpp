// SPDX-License-Identifier: Apache-2.0
// Broken copies of the texts that say what helpers do (src/runtime/*_rule.hpp and its like). Each
// text is run by the interpreter and by the exploration, so each mutant is built twice: with the
// interpreter's file, where a path that the exploration predicts must come out otherwise, and with
// the exploration's file, where a verdict of tests/corpus/check must be another one.
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
  std::string_view header;  ///< in src/runtime
  std::string_view text;    ///< occurs once
  std::string_view instead;
  std::string_view concrete;  ///< the file of src/runtime that runs the text
  std::string_view symbolic;  ///< that of src/symex
};

// clang-format off
constexpr Mutant mutants[] = {
  {"tag_bytes_swapped", "skb_rule.hpp", "skb.set_byte(at + 2, bits<15, 8>(old));",
   "skb.set_byte(at + 2, trunc<8>(old));", "helper_skb.cpp", "skb_model.cpp"},
  {"pop_keeps_tag", "skb_rule.hpp", "    set_tag_beside(skb, {Bv<D, 16>::lit(0), Bv<D, 16>::lit(0)});",
   "", "helper_skb.cpp", "skb_model.cpp"},
  {"second_tag_lost", "skb_rule.hpp", "  set_tag_beside(skb, *tag);",
   "", "helper_skb.cpp", "skb_model.cpp"},
  {"length_is_type", "skb_rule.hpp", "first_ethertype = 0x06;",
   "first_ethertype = 0x05;", "helper_skb.cpp", "skb_model.cpp"},
  {"proto_flags", "skb_rule.hpp", "if (skb.decide(flags != Bv<D, 64>::lit(0))) return skb_stays<S>(errno_of::invalid);\n  const auto is",
   "const auto is", "helper_skb.cpp", "skb_model.cpp"},
  {"last_type", "skb_rule.hpp", "Bv<D, 32>::lit(3);  // PACKET_OTHERHOST",
   "Bv<D, 32>::lit(2);", "helper_skb.cpp", "skb_model.cpp"},
  {"tail_of_encapsulated", "skb_rule.hpp", "if (skb.is_encapsulated()) return skb_stays<S>(errno_of::no_support);",
   "", "helper_skb.cpp", "skb_model.cpp"},
  {"ecn_checksum", "skb_rule.hpp", "Bv<D, 8>::lit(0xfc)",
   "Bv<D, 8>::lit(0xfb)", "helper_skb.cpp", "skb_model.cpp"},
  {"ecn_short", "skb_rule.hpp", "ult(skb.linear_bytes(), needed) | ult(skb.network_bytes(), needed)",
   "ult(skb.linear_bytes(), needed)", "helper_skb.cpp", "skb_model.cpp"},
  {"room_order", "room_rule.hpp", "if ((change.flags & ~room_flags::known) != 0) return skb_stays<S>(errno_of::invalid);\n  if (change.bytes > room_flags::max_bytes) return skb_stays<S>(errno_of::fault);",
   "if (change.bytes > room_flags::max_bytes) return skb_stays<S>(errno_of::fault);\n  if ((change.flags & ~room_flags::known) != 0) return skb_stays<S>(errno_of::invalid);",
   "helper_skb.cpp", "skb_model.cpp"},
  {"encapsulated_twice", "room_rule.hpp", "  if (is_encapsulated) return errno_of::already;",
   "", "helper_skb.cpp", "skb_model.cpp"},
  {"no_transport", "room_rule.hpp", "skb.set_transport_offset(skb.link_header_bytes() + outer);",
   "", "helper_skb.cpp", "skb_model.cpp"},
  {"mangled_zero", "checksum.hpp", "unset == csum_flags::mangled_zero ? 1 : 0",
   "0", "helper_checksum.cpp", "checksum_model.cpp"},
  {"odd_checksum", "checksum.hpp", "(trunc<1>(offset) == Bv<D, 1>::lit(0)) &",
   "", "helper_checksum.cpp", "checksum_model.cpp"},
  {"range_end", "packet_bounds.hpp", "return ule(zext<64>(offset) + zext<64>(size), length);",
   "return ult(zext<64>(offset) + zext<64>(size), length);", "helper_packet.cpp", "packet_model.cpp"},
  {"store_flags", "packet_bounds.hpp", "constexpr std::uint64_t known_flags = 3;\n  const Bool<D> refused",
   "constexpr std::uint64_t known_flags = 7;\n  const Bool<D> refused", "helper_packet.cpp", "packet_model.cpp"},
  {"event_beyond_packet", "output_rule.hpp", "ite(ult(length, event_packet_bytes(flags)), answer<D>(errno_of::fault),",
   "ite(ult(length, event_packet_bytes(flags)), answer<D>(errno_of::invalid),", "helper_output.cpp", "output_model.cpp"},
  {"fib_order", "fib_rule.hpp", "constexpr std::uint64_t known_flags = 0x3f;",
   "constexpr std::uint64_t known_flags = 0x7f;", "helper_system.cpp", "fib_model.cpp"},
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

enum class Side { concrete, symbolic };

/// Builds the side's file with the mutated header in front of the real ones, and runs `test`.
void expect_caught(const Mutant& mutant, Side side, std::string_view test) {
  const bool concrete = side == Side::concrete;
  const fs::path folder =
      fs::path(MUTANT_FOLDER) / (std::string(mutant.id) + (concrete ? "-concrete-" : "-symbolic-") +
                                 std::to_string(getpid()));
  fs::create_directories(folder / "runtime");
  std::ifstream in("src/runtime/" + std::string(mutant.header));
  std::string source{std::istreambuf_iterator<char>(in), {}};
  const std::size_t at = source.find(mutant.text);
  ASSERT_NE(at, std::string::npos) << "the text is not in " << mutant.header;
  ASSERT_EQ(source.find(mutant.text, at + 1), std::string::npos) << "the text occurs twice";
  source.replace(at, mutant.text.size(), mutant.instead);
  std::ofstream(folder / "runtime" / mutant.header) << source;
  const std::string file = concrete ? "src/runtime/" + std::string(mutant.concrete)
                                    : "src/symex/" + std::string(mutant.symbolic);
  const std::string object = (folder / "mutant.o").string();
  const std::string program = (folder / "mutant").string();
  std::string text;
  const std::string compile = std::string(MUTANT_CXX) + " -std=c++23 -O1 -w -I" + folder.string() +
                              " -Isrc -Iinclude -c " + file + " -o " + object;
  ASSERT_EQ(shell(compile, text), 0) << text;
  const std::string link = std::string(MUTANT_CXX) + " -o " + program + " " + MUTANT_MAIN + " " +
                           object + " -Wl,--start-group " + MUTANT_ARCHIVES + " -Wl,--end-group " +
                           MUTANT_LIBRARIES;
  ASSERT_EQ(shell(link, text), 0) << text;
  text.clear();
  EXPECT_EQ(shell(program + " --gtest_filter='" + std::string(test) + "'", text), 1) << text;
  EXPECT_NE(text.find("[  FAILED  ]"), std::string::npos) << text;
  if (!testing::Test::HasFailure()) fs::remove_all(folder);
}

class ModelMutant : public testing::TestWithParam<Mutant> {};

TEST_P(ModelMutant, IsCaughtInTheInterpreter) {
  expect_caught(GetParam(), Side::concrete, "Witness.EveryPathRunsAsPredicted");
}

TEST_P(ModelMutant, IsCaughtInTheExploration) {
  expect_caught(GetParam(), Side::symbolic, "Verdict.OfHelpersIsAsWritten");
}

INSTANTIATE_TEST_SUITE_P(All, ModelMutant, testing::ValuesIn(mutants),
                         [](const testing::TestParamInfo<Mutant>& info) {
                           return std::string(info.param.id);
                         });

}  // namespace
}  // namespace probity
