// SPDX-License-Identifier: Apache-2.0
// Questions about Internet checksums through the incremental solver, with no other solver to help
// and few conflicts: two ways to sum a header, an update in place against a sum of everything, and
// neighbours of these that do have an answer, which must be found.
#include <gtest/gtest.h>

#include <algorithm>

#include "solver/incremental.hpp"
#include "solver/query.hpp"

namespace probity::solver {
namespace {

using term::Id;
using term::Store;

constexpr unsigned word = 16;
constexpr unsigned header_words = 10;
constexpr unsigned checksum_word = 5;

class Header {
 public:
  Header() {
    for (unsigned i = 0; i < 2 * header_words; ++i) {
      bytes_.push_back(store.var(8, "byte" + std::to_string(i)));
    }
  }

  Store store;

  Id byte(unsigned index) const { return bytes_[index]; }
  /// As the machine loads it.
  Id load(unsigned index) { return store.concat(bytes_[2 * index + 1], bytes_[2 * index]); }
  /// As it stands on the wire.
  Id value(unsigned index) { return store.concat(bytes_[2 * index], bytes_[2 * index + 1]); }
  Id swapped(Id a) { return store.concat(store.extract(0, 8, a), store.extract(8, 8, a)); }

  Id fold(Id sum) {
    const unsigned width = store.width(sum);
    const Id low = store.zext(width, store.extract(0, word, sum));
    return store.bin(Op::add, low, store.bin(Op::lshr, sum, store.lit(width, word)));
  }
  Id finished(Id sum) { return store.not_(store.extract(0, word, fold(fold(sum)))); }
  Id plus(Id sum, Id more) { return store.bin(Op::add, sum, store.zext(store.width(sum), more)); }
  /// The checksum of all words but its own, first to last.
  Id forwards() {
    Id sum = store.lit(32, 0);
    for (unsigned i = 0; i < header_words; ++i) {
      if (i != checksum_word) sum = plus(sum, load(i));
    }
    return finished(sum);
  }
  /// The same of big-endian words, last to first, in 64 bits.
  Id backwards(unsigned last = 0) {
    Id sum = store.lit(64, 0);
    for (unsigned i = header_words; i-- > last;) {
      if (i != checksum_word) sum = plus(sum, value(i));
    }
    return swapped(finished(sum));
  }
  /// The same by 32-bit words, every carry added at once.
  Id by_carries() {
    Id sum = store.lit(32, 0);
    for (unsigned i = 0; i < header_words; i += 2) {
      const Id low = i == checksum_word ? store.lit(word, 0) : load(i);
      const Id high = i + 1 == checksum_word ? store.lit(word, 0) : load(i + 1);
      const Id both = store.concat(high, low);
      sum = store.bin(Op::add, sum, both);
      sum = plus(sum, store.bin(Op::ult, sum, both));
    }
    return finished(sum);
  }
  Id is_ipv4() { return store.eq(byte(0), store.lit(8, 0x45)); }

  Answer ask(std::initializer_list<Id> parts, std::uint64_t conflicts = 2'000) {
    Incremental solver(store, Options{{.conflicts = conflicts}, External::none});
    const std::vector<Id> all = conjuncts(store, std::vector(parts));
    Answer answer = solver.check(all, 60'000);
    for (const Id part : solver.core()) {
      EXPECT_NE(std::ranges::find(all, part), all.end()) << "a lemma in the core";
    }
    return answer;
  }
  Id differ(Id a, Id b) { return store.not_(store.eq(a, b)); }

 private:
  std::vector<Id> bytes_;
};

TEST(ChecksumQuestions, OrderAndByteOrderDoNotMatter) {
  Header h;
  EXPECT_EQ(h.ask({h.is_ipv4(), h.differ(h.forwards(), h.backwards())}).status, Status::unsat);
}

TEST(ChecksumQuestions, CarriesMayBeAddedAtOnce) {
  Header h;
  EXPECT_EQ(h.ask({h.is_ipv4(), h.differ(h.by_carries(), h.backwards())}).status, Status::unsat);
}

TEST(ChecksumQuestions, OneByteIsEnough) {
  Header h;
  const Id left = h.by_carries();
  const Id right = h.backwards();
  for (const unsigned low : {0u, 8u}) {
    const Id other = h.store.extract(low, 8, right);
    const Id wrong = h.differ(h.store.extract(low, 8, left), other);
    EXPECT_EQ(h.ask({h.is_ipv4(), wrong}).status, Status::unsat) << low;
  }
}

/// A packet of 1,480 bytes: by 32-bit words with every carry added at once, and by 16-bit words
/// from its end.
TEST(ChecksumQuestions, AWholePacket) {
  constexpr unsigned size = 1480;
  Header h;
  std::vector<Id> bytes;
  for (unsigned i = 0; i < size; ++i) bytes.push_back(h.store.var(8, "p" + std::to_string(i)));
  const auto load = [&](unsigned at) { return h.store.concat(bytes[at + 1], bytes[at]); };
  Id carried = h.store.lit(32, 0);
  for (unsigned at = 0; at < size; at += 4) {
    const Id both = h.store.concat(load(at + 2), load(at));
    carried = h.store.bin(Op::add, carried, both);
    carried = h.plus(carried, h.store.bin(Op::ult, carried, both));
  }
  Id wide = h.store.lit(64, 0);
  for (unsigned at = size; at > 0; at -= 2) wide = h.plus(wide, load(at - 2));
  const Id some = h.store.eq(bytes[0], h.store.lit(8, 0x45));
  const Id wrong = h.differ(h.finished(carried), h.finished(wide));
  EXPECT_EQ(h.ask({some, wrong}).status, Status::unsat);
}

TEST(ChecksumQuestions, AMissingWordIsFound) {
  Header h;
  const Answer answer = h.ask({h.is_ipv4(), h.differ(h.forwards(), h.backwards(1))});
  EXPECT_EQ(answer.status, Status::sat);
}

TEST(ChecksumQuestions, ALoopThatFoldsWhileItMust) {
  Header h;
  Id sum = h.store.lit(32, 0);
  for (unsigned i = 0; i < header_words; ++i) {
    if (i != checksum_word) sum = h.plus(sum, h.load(i));
  }
  const auto above = [&](Id a) { return h.store.extract(word, word, a); };
  const Id zero = h.store.lit(word, 0);
  const Id folded = h.fold(sum);
  const Id result = h.store.not_(h.store.extract(0, word, folded));
  const Id again = h.differ(above(sum), zero);
  const Id wrong = h.differ(result, h.backwards());
  const Id over = h.store.eq(above(folded), zero);
  EXPECT_EQ(h.ask({h.is_ipv4(), again, over, wrong}).status, Status::unsat);
  // Leaving the loop too early loses a carry.
  EXPECT_EQ(h.ask({h.is_ipv4(), again, wrong}, 200'000).status, Status::sat);
}

/// RFC 1624: what becomes of the checksum when word 4, time to live and protocol, is one less.
class Update : public testing::Test {
 protected:
  Id changed(Id a) { return h.store.bin(Op::sub, a, h.store.lit(word, 1)); }
  Id whole(bool after) {
    Id sum = h.store.lit(32, 0);
    for (unsigned i = 0; i < header_words; ++i) {
      if (i == checksum_word) continue;
      sum = h.plus(sum, after && i == 4 ? changed(h.load(i)) : h.load(i));
    }
    return h.finished(sum);
  }
  Id complement_as(Id a) { return h.store.not_(a); }
  /// Equation 3: ~(~old + ~m + m').
  Id equation3() {
    Id sum = h.plus(h.store.lit(32, 0), complement_as(h.load(checksum_word)));
    sum = h.plus(sum, complement_as(h.load(4)));
    return h.finished(h.plus(sum, changed(h.load(4))));
  }
  Id was_right() { return h.store.eq(h.load(checksum_word), whole(false)); }
  Header h;
};

TEST_F(Update, OfARightChecksumIsRight) {
  const Id wrong = h.differ(equation3(), whole(true));
  EXPECT_EQ(h.ask({h.is_ipv4(), was_right(), wrong}).status, Status::unsat);
}

TEST_F(Update, OfAWrongChecksumIsWrong) {
  const Id wrong = h.differ(equation3(), whole(true));
  EXPECT_EQ(h.ask({h.is_ipv4(), wrong}).status, Status::sat);
}

}  // namespace
}  // namespace probity::solver
