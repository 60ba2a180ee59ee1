// SPDX-License-Identifier: Apache-2.0
// Every rewrite is checked by values: expressions over two variables of 1 to 4 bits, all operator
// shapes of depth two and many of depth three and more, are built under each set of options and
// evaluated under all assignments. The judge is fold() on the expression, not the term layer. The
// interval analysis is checked on the same terms.
#include <gtest/gtest.h>

#include "expression.hpp"

namespace probity::term::test {
namespace {

constexpr std::size_t batch_size = 400;

struct Configuration {
  const char* name;
  RewriteOptions options;
};

const Configuration configurations[] = {
    {"default", {}},
    {"everything", {.split_products = true, .distribute = true}},
    {"exact",
     {.linear_sums = false,
      .split_products = false,
      .distribute = false,
      .difference_equality = false,
      .local = false}},
    {"local_only", {.linear_sums = false, .difference_equality = false}},
    {"split", {.split_products = true}},
    {"distribute", {.distribute = true, .difference_equality = false}},
};

/// Compares a batch of expressions with what a fresh store makes of them.
class Judge {
 public:
  Judge(const Expressions& expressions, const RewriteOptions& options)
      : expressions_(expressions), store_(options) {}

  /// The first wrong expression as a message, or nothing.
  std::string check(std::size_t first, std::size_t last) {
    const auto models = all_models(store_, expressions_.variable_width());
    std::vector<Id> memo;
    std::vector<Id> terms;
    for (std::size_t i = first; i < last; ++i) {
      terms.push_back(expressions_.build(store_, i, memo));
    }
    IntervalAnalysis analysis(store_);
    std::vector<Interval> bounds;
    for (const Id term : terms) bounds.push_back(analysis(term));
    for (std::size_t m = 0; m < models.size(); ++m) {
      Evaluator evaluate(store_, models[m]);
      for (std::size_t i = first; i < last; ++i) {
        const Id term = terms[i - first];
        const Value got = evaluate(term);
        const Value want = expressions_[i].values[m];
        if (store_.width(term) != expressions_[i].width) return describe(i, m, term, "width");
        if (got != want) return describe(i, m, term, "value");
        const Interval range = bounds[i - first];
        if (got < range.low || got > range.high) return describe(i, m, term, "interval");
      }
    }
    return {};
  }

 private:
  std::string describe(std::size_t index, std::size_t assignment, Id term, const char* what) const {
    return std::string(what) + " of " + expressions_.text(index) + " as " + print(store_, term) +
           " at assignment " + std::to_string(assignment);
  }

  const Expressions& expressions_;
  Store store_;
};

class Exhaustive : public testing::TestWithParam<std::tuple<unsigned, std::size_t>> {
 protected:
  unsigned width() const { return std::get<0>(GetParam()); }
  const RewriteOptions& options() const { return configurations[std::get<1>(GetParam())].options; }

  std::vector<std::size_t> leaves(Expressions& expressions) const {
    std::vector<std::size_t> pool{expressions.var(0), expressions.var(1)};
    const unsigned w = width();
    const std::uint64_t ones = mask<std::uint64_t>(w);
    std::vector<std::uint64_t> values{0, ones};
    if (w > 1) values.insert(values.end(), {1, std::uint64_t{1} << (w - 1)});
    if (w > 2) values.insert(values.end(), {ones - 1, 3});
    for (const std::uint64_t value : values) pool.push_back(expressions.lit(w, value));
    return pool;
  }

  void expect_right(const Expressions& expressions, std::size_t first) const {
    for (std::size_t i = first; i < expressions.size(); i += batch_size) {
      Judge judge(expressions, options());
      const std::size_t last = std::min(i + batch_size, expressions.size());
      const std::string wrong = judge.check(i, last);
      ASSERT_EQ(wrong, "");
    }
  }
};

constexpr unsigned op_count = static_cast<unsigned>(Op::sle) + 1;

/// Every shape with an operand from each list.
void combine(Expressions& e, const std::vector<std::size_t>& left,
             const std::vector<std::size_t>& right, std::vector<std::size_t>& result) {
  for (const std::size_t a : left) {
    for (const std::size_t b : right) {
      if (e[a].width + e[b].width <= 8) result.push_back(e.concat(a, b));
      if (e[a].width != e[b].width) continue;
      for (unsigned op = 2; op < op_count; ++op) {
        result.push_back(e.operation(static_cast<Op>(op), a, b));
      }
    }
  }
}

void slices_of(Expressions& e, const std::vector<std::size_t>& pool,
               std::vector<std::size_t>& result) {
  for (const std::size_t a : pool) {
    const unsigned width = e[a].width;
    result.push_back(e.operation(Op::not_, a, 0));
    result.push_back(e.operation(Op::neg, a, 0));
    result.push_back(e.zext(width + 1, a));
    result.push_back(e.sext(width + 2, a));
    for (unsigned low = 0; low < width; ++low) {
      for (unsigned part = 1; low + part <= width && part < width; ++part) {
        result.push_back(e.extract(low, part, a));
      }
    }
  }
}

TEST_P(Exhaustive, AllShapesOfDepthTwo) {
  Expressions e(width());
  const auto level0 = leaves(e);
  std::vector<std::size_t> level1;
  combine(e, level0, level0, level1);
  slices_of(e, level0, level1);
  ASSERT_NO_FATAL_FAILURE(expect_right(e, 0));
  const std::size_t kept = e.size();
  for (const std::size_t inner : level1) {
    std::vector<std::size_t> level2;
    combine(e, {inner}, level0, level2);
    combine(e, level0, {inner}, level2);
    slices_of(e, {inner}, level2);
    for (const std::size_t then : {level0[0], level0[3]}) {
      if (e[inner].width == 1) level2.push_back(e.ite(inner, then, level0[1]));
      if (e[inner].width != width()) continue;
      const std::size_t condition = e.extract(0, 1, level0[0]);
      level2.push_back(e.ite(condition, inner, then));
      level2.push_back(e.ite(condition, then, inner));
    }
    if (e.size() - kept < batch_size) continue;
    ASSERT_NO_FATAL_FAILURE(expect_right(e, kept));
    e.shrink(kept);
  }
  ASSERT_NO_FATAL_FAILURE(expect_right(e, kept));
}

TEST_P(Exhaustive, PairsOfDepthOne) {
  Expressions e(width());
  const auto level0 = leaves(e);
  std::vector<std::size_t> level1;
  combine(e, level0, level0, level1);
  slices_of(e, level0, level1);
  const std::size_t kept = e.size();
  std::mt19937_64 random(width());
  for (unsigned round = 0; round < 60; ++round) {
    for (unsigned i = 0; i < batch_size; ++i) random_step(e, level1, random);
    ASSERT_NO_FATAL_FAILURE(expect_right(e, kept));
    e.shrink(kept);
  }
}

TEST_P(Exhaustive, RandomDeepExpressions) {
  std::mt19937_64 random(1000 + width());
  for (unsigned round = 0; round < 60; ++round) {
    Expressions e(width());
    std::vector<std::size_t> pool = leaves(e);
    for (unsigned i = 0; i < batch_size; ++i) {
      const std::size_t next = random_step(e, pool, random);
      if (e[next].width > 2 * width()) continue;
      pool.push_back(next);
      if (pool.size() > 40) pool.erase(pool.begin() + 2 + static_cast<long>(random() % 38));
    }
    ASSERT_NO_FATAL_FAILURE(expect_right(e, 0));
  }
}

std::string case_name(const testing::TestParamInfo<std::tuple<unsigned, std::size_t>>& info) {
  return std::string(configurations[std::get<1>(info.param)].name) + "_width" +
         std::to_string(std::get<0>(info.param));
}

/// Four bits for the first configurations, three for the others: the cost grows eightfold per bit.
INSTANTIATE_TEST_SUITE_P(Rewrites, Exhaustive,
                         testing::Combine(testing::Values(1u, 2u, 3u, 4u),
                                          testing::Values<std::size_t>(0, 1)),
                         case_name);
INSTANTIATE_TEST_SUITE_P(Options, Exhaustive,
                         testing::Combine(testing::Values(1u, 2u, 3u),
                                          testing::Range<std::size_t>(2,
                                                                      std::size(configurations))),
                         case_name);

}  // namespace
}  // namespace probity::term::test
