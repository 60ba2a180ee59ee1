// SPDX-License-Identifier: Apache-2.0
// Serialisation in post-order without recursion; each term is one record of kind, width, payload
// and operand numbers.
#include "proof/canonical.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace probity::proof {

using term::Id;
using term::Kind;

/// Writes one query into the tables of a Canonicaliser.
class CanonicalWriter {
 public:
  explicit CanonicalWriter(Canonicaliser& tables)
      : store_(tables.store_), numbers_(tables.numbers_), query_number_(++tables.queries_) {
    numbers_.resize(store_.size() + 1);
  }

  void assertion(Id root) {
    std::vector<Id> stack{root};
    while (!stack.empty()) {
      const Id top = stack.back();
      const std::size_t before = stack.size();
      if (number(top) == 0) {
        const std::span<const Id> args = store_.args(top);
        for (auto arg = args.rbegin(); arg != args.rend(); ++arg) {
          if (number(*arg) == 0) stack.push_back(*arg);
        }
        if (stack.size() != before) continue;
        record(top);
      }
      stack.pop_back();
    }
    put(0xff);
    put_number(number(root));
  }

  CanonicalQuery take() { return std::move(query_); }

 private:
  void put(unsigned byte) { query_.bytes.push_back(char(byte)); }
  void put_number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) put(unsigned(value & 0x7f) | 0x80);
    put(unsigned(value));
  }
  std::uint64_t function_number(term::Function function) {
    const auto found = std::ranges::find(query_.functions, function);
    const auto number = std::uint64_t(found - query_.functions.begin());
    if (found == query_.functions.end()) query_.functions.push_back(function);
    return number;
  }

  void record(Id a) {
    numbers_[a.index] = {query_number_, ++count_};
    const Kind kind = store_.kind(a);
    put(unsigned(kind));
    put_number(store_.width(a));
    if (const auto value = store_.literal(a)) {
      put_number(std::uint64_t(*value >> 64));
      put_number(std::uint64_t(*value));
    }
    if (kind == Kind::var) query_.variables.push_back(a);
    if (kind == Kind::extract) put_number(store_.low(a));
    if (kind == Kind::apply) put_number(function_number(store_.function(a)));
    put_number(store_.args(a).size());
    for (const Id argument : store_.args(a)) put_number(number(argument));
  }

  /// Zero: not yet written.
  std::uint32_t number(Id a) const {
    const auto& [query, number] = numbers_[a.index];
    return query == query_number_ ? number : 0;
  }

  const term::Store& store_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>>& numbers_;
  std::uint32_t query_number_;
  std::uint32_t count_ = 0;
  CanonicalQuery query_;
};

namespace {

struct SipState {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13);
    v1 ^= v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16);
    v3 ^= v2;
    v0 += v3;
    v3 = std::rotl(v3, 21);
    v3 ^= v0;
    v2 += v1;
    v1 = std::rotl(v1, 17);
    v1 ^= v2;
    v2 = std::rotl(v2, 32);
  }
  void absorb(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
  std::uint64_t squeeze() {
    for (int i = 0; i < 4; ++i) round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

}  // namespace

Hash128 hash_bytes(std::string_view bytes) {
  constexpr std::uint64_t k0 = 0x0706050403020100ULL, k1 = 0x0f0e0d0c0b0a0908ULL;
  SipState state{0x736f6d6570736575ULL ^ k0, 0x646f72616e646f6dULL ^ k1 ^ 0xee,
                 0x6c7967656e657261ULL ^ k0, 0x7465646279746573ULL ^ k1};
  const std::uint64_t length = bytes.size();
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    state.absorb(word);
  }
  std::uint64_t last = length << 56;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    last |= std::uint64_t(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  state.absorb(last);
  state.v2 ^= 0xee;
  Hash128 hash;
  hash.low = state.squeeze();
  state.v1 ^= 0xdd;
  hash.high = state.squeeze();
  return hash;
}

std::string key_bytes(const Hash128& key) {
  std::string bytes;
  for (const std::uint64_t part : {key.high, key.low}) {
    for (int i = 0; i < 8; ++i) bytes.push_back(char((part >> (8 * i)) & 0xff));
  }
  return bytes;
}

CanonicalQuery Canonicaliser::operator()(std::span<const Id> assertions) {
  CanonicalWriter writer(*this);
  for (const Id assertion : assertions) writer.assertion(assertion);
  return writer.take();
}

CanonicalQuery canonical_query(const term::Store& store, std::span<const Id> assertions) {
  return Canonicaliser(store)(assertions);
}

}  // namespace probity::proof
