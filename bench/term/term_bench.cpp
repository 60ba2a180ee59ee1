// SPDX-License-Identifier: Apache-2.0
// Rates of the term layer: interning alone, rewriting of typical material (packet fields, address
// sums, instruction semantics), import under other options, and evaluation. Items are constructor
// calls, or terms for import and evaluation.
#include <benchmark/benchmark.h>

#include <random>
#include <string>

#include "term/term.hpp"

namespace probity::term {
namespace {

constexpr RewriteOptions rules_off{.linear_sums = false,
                                   .split_products = false,
                                   .distribute = false,
                                   .difference_equality = false,
                                   .local = false};
constexpr unsigned variable_count = 16;
constexpr unsigned call_count = 100'000;

/// `call_count` operations of every kind on a moving window of earlier terms.
Id build_random(Store& store, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Id> window;
  for (unsigned i = 0; i < variable_count; ++i) {
    window.push_back(store.var(64, "r" + std::to_string(i)));
  }
  constexpr Op ops[] = {Op::add,  Op::sub,  Op::and_, Op::or_, Op::xor_, Op::shl,
                        Op::lshr, Op::ashr, Op::mul,  Op::add, Op::neg,  Op::and_};
  Id last;
  for (unsigned i = 0; i < call_count; ++i) {
    const Op op = ops[random() % std::size(ops)];
    const Id a = window[random() % window.size()];
    const bool constant = op == Op::mul || op == Op::shl || random() % 3 == 0;
    const Id b = constant ? store.lit(64, random() % 64) : window[random() % window.size()];
    last = is_unary(op) ? store.un(op, a) : store.bin(op, a, b);
    window[random() % variable_count] =
        random() % 8 == 0 ? store.var(64, "r" + std::to_string(random() % variable_count)) : last;
  }
  return last;
}

void intern_without_rules(benchmark::State& state) {
  std::size_t size = 0;
  for (auto _ : state) {
    Store store(rules_off);
    benchmark::DoNotOptimize(build_random(store, 1));
    size = store.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * call_count);
  state.counters["terms"] = static_cast<double>(size);
}
BENCHMARK(intern_without_rules)->Unit(benchmark::kMillisecond);

void rewrite_random_operations(benchmark::State& state) {
  std::size_t size = 0;
  for (auto _ : state) {
    Store store;
    benchmark::DoNotOptimize(build_random(store, 1));
    size = store.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * call_count);
  state.counters["terms"] = static_cast<double>(size);
}
BENCHMARK(rewrite_random_operations)->Unit(benchmark::kMillisecond);

/// Distinct sums, no rule but the normal form: the plain construction rate.
void construct_sums(benchmark::State& state) {
  for (auto _ : state) {
    Store store;
    const Id x = store.var(64, "x");
    const Id y = store.var(64, "y");
    for (unsigned i = 1; i <= call_count; ++i) {
      benchmark::DoNotOptimize(store.bin(Op::add, i % 2 == 0 ? x : y, store.lit(64, i)));
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * call_count);
}
BENCHMARK(construct_sums)->Unit(benchmark::kMillisecond);

/// A 16-bit big-endian field from two bytes, compared with a constant: eight calls a field.
void packet_field_tests(benchmark::State& state) {
  constexpr unsigned calls_per_field = 8;
  constexpr unsigned fields = 1000;
  for (auto _ : state) {
    Store store;
    for (unsigned i = 0; i < fields; ++i) {
      const Id high = store.zext(64, store.var(8, "b" + std::to_string(i)));
      const Id low = store.zext(64, store.var(8, "b" + std::to_string(i + 1)));
      const Id field = store.or_(store.bin(Op::shl, high, store.lit(64, 8)), low);
      const Id masked = store.and_(field, store.lit(64, 0x1fff));
      benchmark::DoNotOptimize(store.eq(masked, store.lit(64, i % 0x2000)));
      benchmark::DoNotOptimize(store.bin(Op::ult, field, store.lit(64, 1500)));
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * fields * calls_per_field);
}
BENCHMARK(packet_field_tests)->Unit(benchmark::kMillisecond);

void import_under_other_options(benchmark::State& state) {
  Store from;
  const Id root = build_random(from, 2);
  for (auto _ : state) {
    Store to({.split_products = true});
    std::vector<Id> memo;
    for (std::uint32_t i = 1; i <= root.index; ++i) to.import(from, Id{i}, memo);
    benchmark::DoNotOptimize(to.size());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * root.index);
}
BENCHMARK(import_under_other_options)->Unit(benchmark::kMillisecond);

void evaluate(benchmark::State& state) {
  Store store;
  const Id root = build_random(store, 3);
  Model model;
  std::mt19937_64 random(3);
  for (unsigned i = 0; i < variable_count; ++i) {
    model.set(store.var(64, "r" + std::to_string(i)), random());
  }
  for (auto _ : state) {
    Evaluator evaluator(store, model);
    for (std::uint32_t i = 1; i <= root.index; ++i) {
      benchmark::DoNotOptimize(evaluator(Id{i}));
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * root.index);
}
BENCHMARK(evaluate)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace probity::term

BENCHMARK_MAIN();
