// SPDX-License-Identifier: Apache-2.0
// Broken transfer functions of the Abstract domain: one file with one text replaced, compiled into
// the obligations of src/theorems/facts. The obligation that a mutant names must be refuted, with a
// counterexample; of the unmodified text it is proved.
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
  std::string_view file;  ///< in src/domain
  std::string_view text;  ///< occurs once
  std::string_view instead;
  std::string_view obligation;  ///< without "facts/"
};

// clang-format off
constexpr Mutant mutants[] = {
  {"carries_are_known", "abstract_ops.hpp",
   "sum ^ (sum + a.unknown() + b.unknown())",
   "sum ^ sum", "bvadd/8-bits"},
  {"sum_never_wraps", "abstract_ops.hpp",
   "return ule(a, a + b);",
   "return Bool<D>::lit(1);", "bvadd/8-bits"},
  {"borrow_of_one_side", "abstract_ops.hpp",
   "(difference + a.unknown()) ^ (difference - b.unknown())",
   "(difference + a.unknown()) ^ difference", "bvsub/8-bits"},
  {"difference_of_least", "abstract_ops.hpp",
   "a.signed_low - b.signed_high",
   "a.signed_low - b.signed_low", "bvsub/8-bits"},
  {"complement_keeps_order", "abstract_ops.hpp",
   "~a.high, ~a.low,",
   "~a.low, ~a.high,", "bvnot/8-bits"},
  {"and_is_or", "abstract_ops.hpp",
   "result.ones = a.ones & b.ones;",
   "result.ones = a.ones | b.ones;", "bvand/8-bits"},
  {"or_is_add", "abstract_ops.hpp",
   "result.low = greatest(a.low, b.low);",
   "result.low = a.low + b.low;", "bvor/8-bits"},
  {"xor_is_or", "abstract_ops.hpp",
   "result.ones = (a.zeros & b.ones) | (a.ones & b.zeros);",
   "result.ones = a.ones | b.ones;", "bvxor/8-bits"},
  {"shift_loses_nothing", "abstract_ops.hpp",
   "lshr(shl(a.high, b.high), b.high) == a.high",
   "a.high == a.high", "bvshl/8-bits"},
  {"any_count_is_known", "abstract_ops.hpp",
   "ite(count.is_constant(), zeros, result.zeros)",
   "zeros", "bvlshr/8-bits"},
  {"least_count_for_least", "abstract_ops.hpp",
   "result.low = lshr(a.low, b.high);",
   "result.low = lshr(a.low, b.low);", "bvlshr/8-bits"},
  {"negative_shifts_shrink", "abstract_ops.hpp",
   "signed_least(ashr(a.signed_low, b.low), ashr(a.signed_low, b.high))",
   "ashr(a.signed_low, b.high)", "bvashr/8-bits"},
  {"quotient_by_zero", "abstract_ops.hpp",
   "ite(b.low == Bv<D, W>::lit(0), result.high, a.high)",
   "a.high", "bvudiv/8-bits"},
  {"remainder_by_zero", "abstract_ops.hpp",
   "ite(b.low == Bv<D, W>::lit(0), a.high, least(a.high, largest))",
   "least(a.high, largest)", "bvurem/8-bits"},
  {"same_bounds_are_equal", "abstract_ops.hpp",
   "a.is_constant() & b.is_constant() & (a.low == b.low)",
   "(a.low == b.low) & (a.high == b.high)", "=/8-bits"},
  {"below_its_bound", "abstract_ops.hpp",
   "truth(ult(a.high, b.low), ule(b.high, a.low))",
   "truth(ule(a.high, b.low), ule(b.high, a.low))", "bvult/8-bits"},
  {"signed_is_unsigned", "abstract_ops.hpp",
   "truth(slt(a.signed_high, b.signed_low), sle(b.signed_high, a.signed_low))",
   "truth(ult(a.high, b.low), ule(b.high, a.low))", "bvslt/8-bits"},
  {"folded_by_one", "abstract_ops.hpp",
   "chosen(a.is_constant() & b.is_constant(),",
   "chosen(a.is_constant(),", "folded/8-bits"},
  {"join_of_one", "abstract_ops.hpp",
   "greatest(a.high, b.high)",
   "a.high", "join/8-bits"},
  {"condition_is_known", "abstract_ops.hpp",
   "chosen(condition.zeros, b, join(a, b))",
   "b", "ite/8-bits"},
  {"zeros_are_signs", "abstract_ops.hpp",
   "result.ones = zext<To>(a.ones);",
   "result.ones = sext<To>(a.ones);", "zext/8-to-16-bits"},
  {"signs_are_zeros", "abstract_ops.hpp",
   "result.signed_low = sext<To>(a.signed_low);",
   "result.signed_low = zext<To>(a.signed_low);", "sext/8-to-16-bits"},
  {"part_of_bounds", "abstract_ops.hpp",
   "lshr(first, Bv<D, W>::lit(To)) == lshr(last, Bv<D, W>::lit(To))",
   "first == first", "extract/16-to-8-bits"},
  {"low_part_is_signed", "abstract_ops.hpp",
   "concat(high.signed_low, low.low)",
   "concat(high.signed_low, low.signed_low)", "concat/8-and-8-bits"},
  {"widened_too_little", "abstract_ops.hpp",
   "ite(ule(next.high, step), step, high)",
   "step", "widened/8-bits"},
  {"bits_that_agree", "abstract_value.hpp",
   "~filled(a.low ^ a.high)",
   "~(a.low ^ a.high)", "known/bits-from-bounds/8-bits"},
  {"open_sign_is_set", "abstract_value.hpp",
   "signed_least(a.signed_high, ~a.zeros & ~open_sign)",
   "signed_least(a.signed_high, ~a.zeros)", "known/bounds-from-bits/8-bits"},
  {"bounds_across_the_sign", "abstract_value.hpp",
   "one_sign = sle(a.low, a.high)",
   "one_sign = ule(a.low, a.high)", "known/signed-from-unsigned/8-bits"},
  {"signed_bounds_across_zero", "abstract_value.hpp",
   "one_sign = ule(a.signed_low, a.signed_high)",
   "one_sign = sle(a.signed_low, a.signed_high)", "known/unsigned-from-signed/8-bits"},
  {"below_by_two", "abstract_refine.hpp",
   "least(old.a.high, old.b.high - one)",
   "least(old.a.high, old.b.high - one - one)", "if-ult/8-bits"},
  {"below_the_least", "abstract_refine.hpp",
   "o.a.high = least(old.a.high, old.b.high);",
   "o.a.high = least(old.a.high, old.b.low);", "if-ule/8-bits"},
  {"signed_below_by_two", "abstract_refine.hpp",
   "old.a.signed_low + one",
   "old.a.signed_low + one + one", "if-slt/8-bits"},
  {"not_any_number", "abstract_refine.hpp",
   "ite(known & (a.low == number), a.low + one, a.low)",
   "ite(a.low == number, a.low + one, a.low)", "if-ne/8-bits"},
  {"all_common", "abstract_refine.hpp",
   "ite((possible & (possible - one)) == none, possible, none)",
   "possible", "if-common/8-bits"},
  {"disjoint_from_unknown", "abstract_refine.hpp",
   "old.a.zeros | old.b.ones",
   "old.a.zeros | ~old.b.zeros", "if-disjoint/8-bits"},
  {"halves_without_upper", "abstract_refine.hpp",
   "above == bits<63, 32>(a.high)",
   "above == above", "with-low-half/64-bits"},
};
// clang-format on

void PrintTo(const Mutant& mutant, std::ostream* out) {
  *out << mutant.id;
}

struct Outcome {
  int status = 0;
  std::string text;
};

Outcome shell(const std::string& command) {
  Outcome outcome;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return {-1, "popen failed"};
  char buffer[4096];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
    outcome.text.append(buffer, n);
  }
  const int status = pclose(pipe);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

class FactsMutant : public testing::TestWithParam<Mutant> {};

TEST_P(FactsMutant, IsRefuted) {
  const Mutant& mutant = GetParam();
  const std::string question = " '" + std::string(mutant.obligation) + "'";
  const Outcome control = shell(MUTANT_CONTROL + question);
  ASSERT_EQ(control.status, 0) << "the unmodified text: " << control.text;
  const fs::path folder =
      fs::path(MUTANT_FOLDER) / (std::string(mutant.id) + "-" + std::to_string(getpid()));
  fs::create_directories(folder / "domain");
  std::ifstream in("src/domain/" + std::string(mutant.file));
  std::string source{std::istreambuf_iterator<char>(in), {}};
  const std::size_t at = source.find(mutant.text);
  ASSERT_NE(at, std::string::npos) << "the text is not in " << mutant.file;
  ASSERT_EQ(source.find(mutant.text, at + 1), std::string::npos) << "the text occurs twice";
  source.replace(at, mutant.text.size(), mutant.instead);
  std::ofstream(folder / "domain" / mutant.file) << source;
  const std::string object = (folder / "mutant.o").string();
  const std::string program = (folder / "mutant").string();
  const Outcome compiled =
      shell(std::string(MUTANT_CXX) + " -std=c++23 -O0 -w -I" + folder.string() +
            " -Isrc -c src/theorems/facts/facts.cpp -o " + object);
  ASSERT_EQ(compiled.status, 0) << compiled.text;
  const Outcome linked =
      shell(std::string(MUTANT_CXX) + " -o " + program + " " + MUTANT_MAIN + " " + object +
            " -Wl,--start-group " + MUTANT_ARCHIVES + " -Wl,--end-group " + MUTANT_LIBRARIES);
  ASSERT_EQ(linked.status, 0) << linked.text;
  const Outcome outcome = shell(program + question);
  EXPECT_EQ(outcome.status, 1) << outcome.text;
  EXPECT_NE(outcome.text.find("refuted "), std::string::npos) << outcome.text;
  if (!HasFailure()) fs::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(All, FactsMutant, testing::ValuesIn(mutants),
                         [](const testing::TestParamInfo<Mutant>& info) {
                           return std::string(info.param.id);
                         });

}  // namespace
}  // namespace probity
