// SPDX-License-Identifier: Apache-2.0
// Arithmetic modulo 65535. The steps: each is stated as a query that z3 refutes at 16, 32 and 64
// bits, and slips of each that it does not. Their use: random checksums, as programs compute them,
// are evaluated at corner values and at random; every residue, every list of parts and every lemma
// must hold there, and with each planted fault some does not.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "solver_process.hpp"
#include "term/checksum_lemmas.hpp"

namespace probity::term::test {
namespace {

constexpr unsigned word = 16;
constexpr RewriteOptions rules_off{
    .linear_sums = false, .difference_equality = false, .local = false};

/// A statement about words of `width` bits, in a store without rules.
struct Step {
  const char* name;
  Id (*claim)(Store&, unsigned width);
};

struct Words {
  Store& s;
  unsigned width;
  Id x = s.var(width, "x");
  Id y = s.var(width, "y");
  unsigned wide = std::min(2 * width, max_width);

  Id wider(Id a) const { return s.zext(wide, a); }
  Id number(Value value) const { return s.lit(wide, value); }
  Id times(Id a, Value factor) const { return s.bin(Op::mul, a, number(factor)); }
  Id plus(Id a, Id b) const { return s.bin(Op::add, a, b); }
  Id minus(Id a, Id b) const { return s.bin(Op::sub, a, b); }
  Id is_zero(Id a) const { return s.eq(a, s.lit(s.width(a), 0)); }
  Value ones() const { return mask<Value>(width); }
  /// y + x modulo 2^width, and whether it wrapped.
  Id sum() const { return s.bin(Op::add, y, x); }
  Id carry() const { return s.bin(Op::ult, sum(), y); }
  Id end_around() const { return s.bin(Op::add, sum(), s.zext(width, carry())); }
  /// Of a value of twice the width.
  Id twice() const { return s.var(2 * width, "t"); }
  Id low() const { return s.extract(0, width, twice()); }
  Id high() const { return s.extract(width, width, twice()); }
  Id fold() const { return plus(wider(low()), wider(high())); }
  Id limit() const { return s.var(2 * width, "limit"); }
  Id limit_fold() const {
    return plus(wider(s.extract(0, width, limit())), wider(s.extract(width, width, limit())));
  }
  Id in_limit() const { return s.bin(Op::ule, twice(), limit()); }
};

const Step steps[] = {
    {"complement",
     [](Store& s, unsigned width) {
       const Words w{s, width};
       return s.eq(w.wider(s.not_(w.x)), w.minus(w.number(w.ones()), w.wider(w.x)));
     }},
    {"concatenation",
     [](Store& s, unsigned width) {
       const Words w{s, width};
       const Id sum = w.plus(w.times(w.wider(w.x), w.ones() + 1), w.wider(w.y));
       return s.eq(s.concat(w.x, w.y), sum);
     }},
    {"slice",
     [](Store& s, unsigned width) {
       const Words w{s, width};
       const unsigned at = width / 4;
       const unsigned end = width / 2;
       const Id above = w.wider(s.extract(at, width - at, w.x));
       const Id beyond = w.wider(s.extract(end, width - end, w.x));
       const Id cut = w.minus(above, w.times(beyond, Value{1} << (end - at)));
       return s.eq(w.wider(s.extract(at, end - at, w.x)), cut);
     }},
    {"end_around_carry",
     [](Store& s, unsigned width) {
       const Words w{s, width};
       const Id lost = w.times(w.wider(w.carry()), w.ones());
       return s.eq(w.wider(w.end_around()), w.minus(w.plus(w.wider(w.x), w.wider(w.y)), lost));
     }},
    {"end_around_zero",
     [](Store& s, unsigned width) {
       const Words w{s, width};
       return s.implies(w.is_zero(w.end_around()), s.and_(w.is_zero(w.x), w.is_zero(w.y)));
     }},
    {"fold",
     [](Store& s, unsigned width) {
       const Words w{s, width};
       return s.eq(w.fold(), w.minus(w.twice(), w.times(w.wider(w.high()), w.ones())));
     }},
    {"fold_bound",
     [](Store& s, unsigned width) {
       const Words w{s, width};
       const Id turns = s.extract(width, width, w.limit());
       const Id before = w.minus(w.plus(w.number(w.ones()), w.wider(turns)), w.number(1));
       const Id below = s.and_(s.not_(w.is_zero(turns)), s.bin(Op::ule, w.fold(), before));
       const Id bound = s.or_(s.bin(Op::ule, w.fold(), w.limit_fold()), below);
       return s.implies(w.in_limit(), bound);
     }},
    {"fold_zero",
     [](Store& s, unsigned width) {
       const Words w{s, width};
       return s.implies(w.is_zero(w.fold()), w.is_zero(w.twice()));
     }},
    {"sum_zero",
     [](Store& s, unsigned width) {
       const Words w{s, width};
       const Id sum = w.plus(w.wider(w.x), w.wider(w.y));
       return s.implies(w.is_zero(sum), s.and_(w.is_zero(w.x), w.is_zero(w.y)));
     }},
    {"equal_residues",
     [](Store& s, unsigned width) {
       const Words w{s, width};
       // x = y + k * ones, for any k: x and y have one residue modulo `ones`, x not the smaller.
       const Id k = w.times(w.wider(s.var(width, "k")), w.ones());
       const Id same = s.eq(w.wider(w.x), w.plus(w.wider(w.y), k));
       const Id apart = s.and_(s.eq(w.x, s.lit(width, w.ones())), w.is_zero(w.y));
       return s.implies(same, s.or_(apart, s.eq(w.x, w.y)));
     }},
};

const Step slips[] = {
    {"concatenation_without_weight",
     [](Store& s, unsigned width) {
       const Words w{s, width};
       return s.eq(s.concat(w.x, w.y), w.plus(w.wider(w.x), w.wider(w.y)));
     }},
    {"carry_not_added_back",
     [](Store& s, unsigned width) {
       const Words w{s, width};
       return s.eq(w.wider(w.sum()), w.plus(w.wider(w.x), w.wider(w.y)));
     }},
    {"fold_in_place",
     [](Store& s, unsigned width) {
       const Words w{s, width};
       return s.eq(w.wider(s.bin(Op::add, w.low(), w.high())), w.fold());
     }},
    {"fold_bound_at_the_end_only",
     [](Store& s, unsigned width) {
       const Words w{s, width};
       return s.implies(w.in_limit(), s.bin(Op::ule, w.fold(), w.limit_fold()));
     }},
    {"equal_residues_without_exception",
     [](Store& s, unsigned width) {
       const Words w{s, width};
       const Id k = w.times(w.wider(s.var(width, "k")), w.ones());
       const Id same = s.eq(w.wider(w.x), w.plus(w.wider(w.y), k));
       return s.implies(same, s.eq(w.x, w.y));
     }},
    {"sum_zero_despite_wrap",
     [](Store& s, unsigned width) {
       const Words w{s, width};
       return s.implies(w.is_zero(w.sum()), w.is_zero(w.x));
     }},
};

std::vector<std::string> ask_z3(std::span<const Step> claims, unsigned width) {
  std::string script;
  for (const Step& step : claims) {
    Store store(rules_off);
    const Id fails = store.not_(step.claim(store, width));
    script += print_smt2(store, std::span(&fails, 1), WithModel::no) + "(reset)\n";
  }
  return run_solver("z3 -t:60000 -smt2", script);
}

class ChecksumSteps : public testing::TestWithParam<unsigned> {};

TEST_P(ChecksumSteps, Z3ProvesEach) {
  if (!is_installed("z3")) GTEST_SKIP() << "z3 is not installed";
  const auto answers = ask_z3(steps, GetParam());
  ASSERT_EQ(answers.size(), std::size(steps)) << (answers.empty() ? "" : answers[0]);
  for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i], "unsat") << steps[i].name;
}

TEST_P(ChecksumSteps, Z3RefutesEachSlip) {
  if (!is_installed("z3")) GTEST_SKIP() << "z3 is not installed";
  const auto answers = ask_z3(slips, GetParam());
  ASSERT_EQ(answers.size(), std::size(slips)) << (answers.empty() ? "" : answers[0]);
  for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i], "sat") << slips[i].name;
}

INSTANTIATE_TEST_SUITE_P(Widths, ChecksumSteps, testing::Values(16u, 32u, 64u));

TEST(ChecksumSteps, PowersOfTwoRepeatEverySixteenBits) {
  for (unsigned bits = 0; bits < 128; ++bits) {
    const Value power = Value{1} << bits;
    EXPECT_EQ(power % ResidueForm::modulus, Value{1} << bits % word) << bits;
  }
}

/// Random checksums over a few bytes, as programs and helpers compute them.
class Programs {
 public:
  explicit Programs(std::uint64_t seed) : random_(seed) {
    for (unsigned i = 0; i < bytes; ++i) bytes_.push_back(store.var(8, "b" + std::to_string(i)));
  }

  static constexpr unsigned bytes = 8;
  Store store;
  Id old = store.var(word, "old");

  unsigned pick(unsigned count) { return static_cast<unsigned>(random_() % count); }

  /// The sum of all bytes as words, in any order, size, width and way to keep the carries; now and
  /// then something is wrong with it.
  Id checksum() {
    const unsigned width = pick(2) == 0 ? 32 : 64;
    const unsigned way = pick(4);
    std::vector<Id> words = cut(way == 0 ? word : 16u << pick(2), pick(8) == 0);
    std::ranges::shuffle(words, random_);
    Id sum = store.lit(width, pick(6) == 0 ? pick(3) : 0);
    for (const Id each : words) {
      const Id wide = store.zext(width, each);
      const Id added = store.bin(Op::add, sum, wide);
      const bool plain = way == 0 || (width == 64 && pick(2) == 0);
      sum = plain ? added : carried(added, pick(2) == 0 ? wide : sum, way);
    }
    sum = folded(sum, pick(5));
    return pick(2) == 0 ? store.extract(0, word, sum) : store.not_(store.extract(0, word, sum));
  }

  /// The bytes in order, and no carry lost.
  Id summed(unsigned width, unsigned bits, unsigned way) {
    Id sum = store.lit(width, 0);
    for (const Id each : cut(bits, false)) {
      const Id wide = store.zext(width, each);
      const Id added = store.bin(Op::add, sum, wide);
      sum = way == 0 ? added : carried(added, wide, way);
    }
    return sum;
  }

  Id folds(Id sum, unsigned times, bool only_if_needed) {
    const unsigned width = store.width(sum);
    for (unsigned i = 0; i < times; ++i) {
      const Id next = fold(sum, word);
      const Id high = store.bin(Op::lshr, sum, store.lit(width, word));
      sum = only_if_needed ? store.ite(store.eq(high, store.lit(width, 0)), sum, next) : next;
    }
    return sum;
  }

  /// What an update in place makes of a checksum that stands for `right`, by RFC 1624, eqn. 3; and
  /// the assumption that it was right.
  std::pair<Id, Id> update(Id right) {
    tied_ = right;
    const Id from = store.concat(bytes_[1], bytes_[0]);
    Id sum = store.zext(32, store.not_(old));
    sum = store.bin(Op::add, sum, store.zext(32, store.not_(from)));
    sum = store.bin(Op::add, sum, store.zext(32, store.concat(bytes_[2], bytes_[3])));
    return {store.not_(store.extract(0, word, folded(sum, 2))), store.eq(old, right)};
  }

  Model model() {
    Model result = bytes_model();
    const Value right = tied_ ? Evaluator(store, result)(tied_) : 0;
    result.set(old, pick(4) == 0 ? pick(1u << word) : right);
    return result;
  }

 private:
  Model bytes_model() {
    Model result;
    const unsigned kind = pick(4);
    for (const Id byte : bytes_) {
      const unsigned corner = pick(3) == 0 ? 0 : 0xff;
      const unsigned value = kind == 0 ? 0 : kind == 1 ? 0xff : kind == 2 ? corner : pick(256);
      result.set(byte, pick(20) == 0 ? pick(256) : value);
    }
    return result;
  }

  /// All bytes as little-endian words, or big-endian ones.
  std::vector<Id> cut(unsigned bits, bool big) {
    std::vector<Id> words;
    const unsigned step = bits / 8;
    for (unsigned first = 0; first < bytes; first += step) {
      Id result;
      for (unsigned i = 0; i < step; ++i) {
        const Id next = bytes_[first + (big ? i : step - 1 - i)];
        result = result ? store.concat(result, next) : next;
      }
      words.push_back(result);
    }
    return words;
  }

  Id carried(Id sum, Id addend, unsigned way) {
    const unsigned width = store.width(sum);
    const Id wrapped = store.bin(Op::ult, sum, addend);
    const Id one = store.lit(width, 1);
    if (way == 1) return store.bin(Op::add, sum, store.zext(width, wrapped));
    return store.ite(wrapped, store.bin(Op::add, sum, one), sum);
  }

  Id fold(Id sum, unsigned at) {
    const unsigned width = store.width(sum);
    const Id low = store.zext(width, store.extract(0, at, sum));
    return store.bin(Op::add, store.bin(Op::lshr, sum, store.lit(width, at)), low);
  }

  Id folded(Id sum, unsigned times) {
    if (store.width(sum) == 64 && pick(2) == 0) sum = fold(fold(sum, 32), 32);
    for (unsigned i = 0; i < times; ++i) sum = folds(sum, 1, pick(4) == 0);
    return sum;
  }

  std::mt19937_64 random_;
  std::vector<Id> bytes_;
  Id tied_;
};

Value value_of(const ResidueForm& form, Evaluator& evaluate) {
  Value sum = form.constant;
  for (const auto& [atom, coefficient] : form.atoms) {
    sum = (sum + evaluate(atom) % ResidueForm::modulus * coefficient) % ResidueForm::modulus;
  }
  return sum;
}

/// Every claim about every term of the store so far that does not hold under some assignment.
std::size_t false_claims(Programs& programs, std::span<const Id> lemmas, ResidueMutation mutation) {
  Residues residues(programs.store, mutation);
  const std::size_t size = programs.store.size();
  std::vector<Residue> all;
  for (std::uint32_t i = 1; i <= size; ++i) all.push_back(residues.of(Id{i}));
  std::size_t wrong = 0;
  for (unsigned round = 0; round < 24; ++round) {
    const Model model = programs.model();
    Evaluator evaluate(programs.store, model);
    for (std::uint32_t i = 1; i <= size; ++i) {
      const Residue& residue = all[i - 1];
      const Value value = evaluate(Id{i});
      if (value % ResidueForm::modulus != value_of(residue.form, evaluate)) ++wrong;
      if (value != 0) continue;
      const bool zero = std::ranges::all_of(residue.parts, [&](Id a) { return evaluate(a) == 0; });
      if (!zero || residue.never_zero) ++wrong;
    }
    for (const Id lemma : lemmas) wrong += evaluate(lemma) == 1 ? 0 : 1;
  }
  return wrong;
}

struct Outcome {
  std::size_t wrong = 0;
  std::size_t lemmas = 0;
  std::size_t resolved = 0;  ///< checksums whose residue is told by the bytes alone
};

Outcome run(std::uint64_t first, std::uint64_t last, ResidueMutation mutation) {
  Outcome outcome;
  for (std::uint64_t seed = first; seed < last; ++seed) {
    Programs programs(seed);
    const Id a = programs.checksum();
    const Id b = programs.checksum();
    const auto [updated, assumed] = programs.update(b);
    const std::array roots = {programs.store.not_(programs.store.eq(a, b)), assumed,
                              programs.store.eq(updated, a)};
    const auto lemmas = checksum_lemmas(programs.store, roots, mutation);
    outcome.lemmas += lemmas.empty() ? 0 : 1;
    outcome.wrong += false_claims(programs, lemmas, mutation);
    Residues residues(programs.store, mutation);
    const auto is_byte = [&](const auto& part) {
      return programs.store.kind(part.first) == Kind::var;
    };
    outcome.resolved += std::ranges::all_of(residues.of(a).form.atoms, is_byte) ? 1 : 0;
  }
  return outcome;
}

/// Sums of bytes in one shape for each way to add, keep carries and fold.
struct Shape {
  unsigned width;
  unsigned bits;
  unsigned way;
  unsigned folds;
  bool only_if_needed;
};

TEST(Checksums, EveryShapeIsSeenThrough) {
  for (const Shape& shape : std::vector<Shape>{{32, 16, 0, 2, false},
                                               {32, 16, 0, 4, false},
                                               {32, 16, 0, 2, true},
                                               {32, 16, 0, 4, true},
                                               {32, 16, 1, 2, false},
                                               {32, 32, 1, 2, false},
                                               {32, 32, 1, 3, false},
                                               {32, 32, 1, 4, true},
                                               {32, 32, 2, 2, false},
                                               {32, 32, 2, 4, true},
                                               {64, 16, 0, 2, false},
                                               {64, 16, 0, 4, true},
                                               {64, 32, 0, 3, false},
                                               {64, 32, 1, 4, false}}) {
    Programs programs(1);
    const Id sum = programs.summed(shape.width, shape.bits, shape.way);
    const Id checksum =
        programs.store.extract(0, word, programs.folds(sum, shape.folds, shape.only_if_needed));
    const ResidueForm form = Residues(programs.store).of(checksum).form;
    EXPECT_EQ(form.atoms.size(), Programs::bytes)
        << shape.width << ' ' << shape.bits << ' ' << shape.way << ' ' << shape.folds << ' '
        << shape.only_if_needed;
    for (const auto& [atom, coefficient] : form.atoms) {
      EXPECT_EQ(programs.store.kind(atom), Kind::var);
      EXPECT_TRUE(coefficient == 1 || coefficient == 256) << coefficient;
    }
  }
}

TEST(Checksums, EveryClaimHolds) {
  const Outcome outcome = run(0, 800, ResidueMutation::none);
  EXPECT_EQ(outcome.wrong, 0u);
  EXPECT_GT(outcome.lemmas, 300u);
  EXPECT_GT(outcome.resolved, 300u);
}

TEST(Checksums, PlantedFaultsAreSeen) {
  for (const ResidueMutation mutation :
       {ResidueMutation::unbounded_sums, ResidueMutation::unbounded_folds,
        ResidueMutation::any_carry, ResidueMutation::byte_weight, ResidueMutation::no_premise}) {
    EXPECT_GT(run(0, 200, mutation).wrong, 0u) << static_cast<int>(mutation);
  }
}

}  // namespace
}  // namespace probity::term::test
