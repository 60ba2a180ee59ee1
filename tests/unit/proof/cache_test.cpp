// SPDX-License-Identifier: Apache-2.0
// The cache: hits, misses, renaming, and every way a file can be damaged. A damaged cache may cost
// time, never a verdict.
#include "proof/cache.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "proof/proof.hpp"

namespace probity::proof {
namespace {

using solver::Answer;
using solver::Status;
using term::Id;
using term::Store;

class CacheTest : public testing::Test {
 protected:
  CacheTest() {
    const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() /
              ("probity-cache-" + std::to_string(getpid()) + "-" + test->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~CacheTest() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return (folder_ / "sub" / "proofs.sqlite").string(); }
  std::unique_ptr<Cache> open() {
    auto cache =
        Cache::open(path(), [this](std::string_view text) { warnings_.emplace_back(text); });
    EXPECT_TRUE(cache.has_value()) << cache.error().line();
    return cache ? *std::move(cache) : nullptr;
  }
  void execute(const char* text) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, text, nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database);
    sqlite3_close(database);
  }
  /// Discharges one obligation; how often the engine was asked is counted.
  Result discharge_one(Cache* cache, const Obligation& obligation) {
    Options options;
    options.solver.external = solver::External::none;
    options.cache = cache;
    options.engine = [this](Store& s, std::span<const Id> a, const solver::Options& o) {
      ++asked_;
      return solver::solve(s, a, o);
    };
    return discharge(std::span(&obligation, 1), options)[0];
  }

  std::filesystem::path folder_;
  std::vector<std::string> warnings_;
  std::atomic<int> asked_ = 0;
};

/// a < b implies a + 1 <= b (true), or a + 1 < b (false), with the given names and a function in
/// between.
Obligation next_is_at_most(std::string a, std::string b, std::string f, bool wrong) {
  return {"next",
          "cache_test.cpp",
          [=](Store& s) {
            const unsigned widths[] = {32};
            const term::Function function = s.function(f, widths, 32);
            const Id x = s.var(32, a), argument = s.var(32, b),
                     y = s.apply(function, std::span(&argument, 1));
            const Id next = s.bin(Op::add, x, s.lit(32, 1));
            return Query{{s.bin(Op::ult, x, y)}, {s.bin(wrong ? Op::ult : Op::ule, next, y)}};
          },
          {}};
}

TEST_F(CacheTest, RemembersAProofAcrossOpenings) {
  EXPECT_TRUE(is_proved(discharge_one(open().get(), next_is_at_most("a", "b", "f", false))));
  const Result again = discharge_one(open().get(), next_is_at_most("a", "b", "f", false));
  EXPECT_TRUE(is_proved(again));
  EXPECT_TRUE(again.from_cache);
  EXPECT_EQ(asked_, 1);
}

TEST_F(CacheTest, NamesDoNotMatter) {
  const auto cache = open();
  discharge_one(cache.get(), next_is_at_most("a", "b", "f", true));
  const Result renamed =
      discharge_one(cache.get(), next_is_at_most("packet", "length", "memory", true));
  EXPECT_TRUE(renamed.from_cache);
  ASSERT_TRUE(std::holds_alternative<Refuted>(renamed.verdict));
  std::vector<std::string> names;
  for (const auto& [name, value] : std::get<Refuted>(renamed.verdict).variables)
    names.push_back(name);
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"length", "packet"}));
  EXPECT_EQ(asked_, 1);
}

TEST_F(CacheTest, AnotherQueryOrLimitMisses) {
  const auto cache = open();
  discharge_one(cache.get(), next_is_at_most("a", "b", "f", false));
  EXPECT_FALSE(discharge_one(cache.get(), next_is_at_most("a", "b", "f", true)).from_cache);
  solver::Options few;
  few.limits.conflicts = 5;
  EXPECT_NE(cache_context(few), cache_context(solver::Options{}));
}

TEST_F(CacheTest, ADamagedRowIsIgnoredWithAWarning) {
  for (const char* damage :
       {"UPDATE answers SET answer = x'00'",
        "UPDATE answers SET answer = CAST(answer || x'00' AS BLOB)",
        "UPDATE answers SET checksum = x''",
        "UPDATE answers SET answer = CAST(substr(answer, 1, length(answer) - 4) AS BLOB)"}) {
    asked_ = 0;
    warnings_.clear();
    discharge_one(open().get(), next_is_at_most("a", "b", "f", true));
    execute(damage);
    const Result result = discharge_one(open().get(), next_is_at_most("a", "b", "f", true));
    EXPECT_FALSE(result.from_cache) << damage;
    EXPECT_TRUE(std::holds_alternative<Refuted>(result.verdict)) << damage;
    ASSERT_EQ(warnings_.size(), 1U) << damage;
    EXPECT_NE(warnings_[0].find("a damaged row was ignored"), std::string::npos) << warnings_[0];
  }
}

TEST_F(CacheTest, ARowOfAnotherQueryDoesNotCount) {
  const auto cache = open();
  discharge_one(cache.get(), next_is_at_most("a", "b", "f", false));
  execute("UPDATE answers SET key = randomblob(16)");
  EXPECT_FALSE(discharge_one(cache.get(), next_is_at_most("a", "b", "f", false)).from_cache);
}

TEST_F(CacheTest, ARememberedModelIsEvaluated) {
  const auto cache = open();
  Store store;
  const Id x = store.var(8, "x");
  const Obligation zero{
      "zero", "", [](Store& s) { return Query{{}, {s.eq(s.var(8, "x"), s.lit(8, 0))}}; }, {}};
  // A well-formed row whose model (x = 0) is no counterexample.
  Answer wrong;
  wrong.status = Status::sat;
  wrong.engine = "liar";
  wrong.model.set(x, 0);
  const Id assertion = store.not_(store.eq(x, store.lit(8, 0)));
  solver::Options options;
  options.external = solver::External::none;
  cache->remember(canonical_query(store, std::span(&assertion, 1)), cache_context(options), wrong);
  const Result result = discharge_one(cache.get(), zero);
  EXPECT_FALSE(result.from_cache);
  EXPECT_EQ(asked_, 1);
  EXPECT_TRUE(std::holds_alternative<Refuted>(result.verdict));
}

TEST_F(CacheTest, UnknownIsNotRemembered) {
  const auto cache = open();
  Store store;
  const Id x = store.var(1, "x");
  const CanonicalQuery query = canonical_query(store, std::span(&x, 1));
  cache->remember(query, "context", Answer{});
  EXPECT_FALSE(cache->find(query, "context").has_value());
}

TEST_F(CacheTest, AFileThatIsNoDatabaseIsAnError) {
  std::filesystem::create_directories(std::filesystem::path(path()).parent_path());
  std::ofstream(path()) << std::string(8192, 'x');
  const auto cache = Cache::open(path(), {});
  ASSERT_FALSE(cache.has_value());
  EXPECT_NE(cache.error().line().find("not usable as a cache"), std::string_view::npos)
      << cache.error().line();
}

TEST_F(CacheTest, DamageInsideAnOpenFileIsAMiss) {
  discharge_one(open().get(), next_is_at_most("a", "b", "f", false));
  {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);
    file << std::string(std::filesystem::file_size(path()) - 100, '\xff');
  }
  auto cache = Cache::open(path(), [this](std::string_view text) { warnings_.emplace_back(text); });
  if (!cache) return;  // refused at once: also right
  const Result result = discharge_one(cache->get(), next_is_at_most("a", "b", "f", false));
  EXPECT_TRUE(is_proved(result));
  EXPECT_FALSE(result.from_cache);
  EXPECT_FALSE(warnings_.empty());
}

/// Obligations that count how often they are stated.
class IdentityTest : public CacheTest {
 protected:
  std::vector<Result> discharge_many(Cache* cache, std::string identity, CrossCheck cross_check) {
    std::vector<Obligation> obligations;
    for (int i = 0; i < 2000; ++i) {
      Obligation obligation = next_is_at_most("a", "b", "f", false);
      obligation.name += " " + std::to_string(i);
      obligation.build = [this, build = obligation.build](Store& s) {
        ++stated_;
        return build(s);
      };
      obligations.push_back(std::move(obligation));
    }
    Options options;
    options.solver.external = solver::External::none;
    options.cache = cache;
    options.identity = std::move(identity);
    options.cross_check = cross_check;
    options.second_engine = [](Store&, std::span<const Id>, const solver::Options&) {
      Answer answer;
      answer.status = Status::unsat;
      return answer;
    };
    return discharge(obligations, options);
  }
  std::atomic<int> stated_ = 0;
};

TEST_F(IdentityTest, AProvedObligationOfTheSameBinaryIsNotStatedAgain) {
  discharge_many(open().get(), "binary 1", CrossCheck::no);
  EXPECT_EQ(stated_, 2000);
  stated_ = 0;
  for (const Result& result : discharge_many(open().get(), "binary 1", CrossCheck::no)) {
    EXPECT_TRUE(is_proved(result)) << result.name;
    EXPECT_TRUE(result.from_cache);
    EXPECT_EQ(result.effort.remembered, 1U);
  }
  EXPECT_EQ(stated_, 0);
  discharge_many(open().get(), "binary 2", CrossCheck::no);
  EXPECT_EQ(stated_, 2000);
  stated_ = 0;
  discharge_many(open().get(), "", CrossCheck::no);
  EXPECT_EQ(stated_, 2000);
  stated_ = 0;
  discharge_many(open().get(), "binary 1", CrossCheck::yes);
  EXPECT_EQ(stated_, 2000);
}

TEST_F(IdentityTest, ADamagedRecordOfAProofIsStatedAgain) {
  discharge_many(open().get(), "binary", CrossCheck::no);
  execute("UPDATE answers SET answer = CAST('probity-proof-1' AS BLOB)");
  stated_ = 0;
  for (const Result& result : discharge_many(open().get(), "binary", CrossCheck::no)) {
    EXPECT_TRUE(is_proved(result));
  }
  EXPECT_EQ(stated_, 2000);
  EXPECT_EQ(warnings_.size(), 1U);
}

TEST_F(IdentityTest, OnlyProofsAreRememberedByName) {
  Obligation wrong = next_is_at_most("a", "b", "f", true);
  wrong.build = [this, build = wrong.build](Store& s) {
    ++stated_;
    return build(s);
  };
  Options options;
  options.solver.external = solver::External::none;
  options.identity = "binary";
  for (int round = 0; round < 2; ++round) {
    const auto cache = open();
    options.cache = cache.get();
    const Result result = discharge(std::span(&wrong, 1), options)[0];
    EXPECT_TRUE(std::holds_alternative<Refuted>(result.verdict));
  }
  EXPECT_EQ(stated_, 2);
}

TEST(ProofRecordBytes, SurviveAndAreChecked) {
  const ProofRecord record{"sat-abstract", 12};
  const std::string bytes = write_proof(record);
  EXPECT_EQ(read_proof(bytes), record);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(read_proof(std::string_view(bytes).substr(0, length)).has_value()) << length;
  }
  EXPECT_FALSE(read_proof(bytes + "x").has_value());
}

TEST_F(CacheTest, EveryAnswerOfALargeBatchIsWritten) {
  constexpr unsigned count = 1500;
  const auto each = [&](Cache& cache, auto&& visit) {
    for (unsigned i = 0; i < count; ++i) {
      Store store;
      const Id root = store.eq(store.var(32, "x"), store.lit(32, i));
      visit(cache, canonical_query(store, std::span(&root, 1)));
    }
  };
  Answer unsat;
  unsat.status = Status::unsat;
  each(*open(), [&](Cache& c, const CanonicalQuery& query) { c.remember(query, "ctx", unsat); });
  unsigned found = 0;
  each(*open(), [&](Cache& c, const CanonicalQuery& query) {
    found += c.find(query, "ctx").has_value() ? 1 : 0;
  });
  EXPECT_EQ(found, count);
}

TEST_F(CacheTest, EnvironmentChoosesThePath) {
  setenv("PROBITY_CACHE", "off", 1);
  EXPECT_FALSE(default_cache_path().has_value());
  setenv("PROBITY_CACHE", "/some/where", 1);
  EXPECT_EQ(default_cache_path(), "/some/where");
  unsetenv("PROBITY_CACHE");
  setenv("XDG_CACHE_HOME", "/x", 1);
  EXPECT_EQ(default_cache_path(), "/x/probity/proofs.sqlite");
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", "/h", 1);
  EXPECT_EQ(default_cache_path(), "/h/.cache/probity/proofs.sqlite");
}

TEST(Canonical, HashIsSipHash128) {
  // The first vector of the reference implementation: empty input, key 00 01 .. 0f.
  const Hash128 hash = hash_bytes("");
  EXPECT_EQ(hash.low, 0xe6a825ba047f81a3ULL);
  EXPECT_EQ(hash.high, 0x930255c71472f66dULL);
}

TEST(Canonical, DependsOnStructureOnly) {
  const auto bytes = [](const char* first, const char* second, unsigned literal) {
    Store store;
    store.var(8, "unused");
    const Id x = store.var(8, first), y = store.var(8, second);
    const Id root = store.bin(Op::ult, store.bin(Op::udiv, x, y), store.lit(8, literal));
    return canonical_query(store, std::span(&root, 1)).bytes;
  };
  EXPECT_EQ(bytes("x", "y", 3), bytes("p", "q", 3));
  EXPECT_NE(bytes("x", "y", 3), bytes("x", "y", 4));
  EXPECT_NE(bytes("x", "y", 3), bytes("x", "x", 3));
}

}  // namespace
}  // namespace probity::proof
