// SPDX-License-Identifier: Apache-2.0
// Numbers are eight bytes, little-endian; texts and lists carry their length in front.
#include "proof/answer_bytes.hpp"

namespace probity::proof {
namespace {

using solver::Answer;
using solver::Status;

constexpr std::string_view magic = "probity-answer-1";
constexpr std::string_view proof_magic = "probity-proof-1";

void put(std::string& bytes, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) bytes.push_back(char((value >> (8 * i)) & 0xff));
}

void put_text(std::string& bytes, std::string_view text) {
  put(bytes, text.size());
  bytes.append(text);
}

void put_value(std::string& bytes, term::Value value) {
  put(bytes, std::uint64_t(value));
  put(bytes, std::uint64_t(value >> 64));
}

/// Reads what put() wrote; `ok` turns false at the first overrun and stays so.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t number() {
    if (bytes_.size() < 8) return fail();
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) {
      value |= std::uint64_t(static_cast<unsigned char>(bytes_[std::size_t(i)])) << (8 * i);
    }
    bytes_.remove_prefix(8);
    return value;
  }
  term::Value value() {
    const std::uint64_t low = number();
    return (term::Value(number()) << 64) | low;
  }
  std::string text() {
    const std::uint64_t size = number();
    if (size > bytes_.size()) {
      fail();
      return {};
    }
    std::string result(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return result;
  }
  /// A count of items of at least 8 bytes each.
  std::uint64_t count() {
    const std::uint64_t n = number();
    return n <= bytes_.size() / 8 ? n : fail();
  }
  bool complete() const { return ok_ && bytes_.empty(); }
  bool ok() const { return ok_; }

 private:
  std::uint64_t fail() {
    ok_ = false;
    bytes_ = {};
    return 0;
  }
  std::string_view bytes_;
  bool ok_ = true;
};

std::size_t function_number(const CanonicalQuery& query, term::Function function) {
  std::size_t number = 0;
  while (number < query.functions.size() && query.functions[number] != function) ++number;
  return number;
}

}  // namespace

std::string write_answer(const CanonicalQuery& query, const Answer& answer) {
  std::string bytes(magic);
  put(bytes, std::uint64_t(answer.status));
  put_text(bytes, answer.engine);
  put(bytes, query.variables.size());
  for (const term::Id variable : query.variables) put_value(bytes, answer.model.get(variable));
  put(bytes, answer.model.entries().size());
  for (const term::Model::Entry& entry : answer.model.entries()) {
    put(bytes, function_number(query, entry.function));
    put(bytes, entry.arguments.size());
    for (const term::Value argument : entry.arguments) put_value(bytes, argument);
    put_value(bytes, entry.value);
  }
  return bytes;
}

std::optional<Answer> read_answer(const CanonicalQuery& query, std::string_view bytes) {
  if (!bytes.starts_with(magic)) return std::nullopt;
  Reader reader(bytes.substr(magic.size()));
  Answer answer;
  const std::uint64_t status = reader.number();
  if (status != std::uint64_t(Status::sat) && status != std::uint64_t(Status::unsat)) {
    return std::nullopt;
  }
  answer.status = Status(status);
  answer.engine = reader.text();
  if (reader.count() != query.variables.size()) return std::nullopt;
  for (const term::Id variable : query.variables) answer.model.set(variable, reader.value());
  for (std::uint64_t left = reader.count(); left > 0; --left) {
    const std::uint64_t function = reader.number();
    std::vector<term::Value> arguments(reader.count());
    for (term::Value& argument : arguments) argument = reader.value();
    const term::Value value = reader.value();
    if (!reader.ok()) return std::nullopt;
    if (function >= query.functions.size()) continue;  // of a function that rewriting removed
    answer.model.set_apply(query.functions[function], arguments, value);
  }
  if (!reader.complete()) return std::nullopt;
  return answer;
}

std::string write_proof(const ProofRecord& record) {
  std::string bytes(proof_magic);
  put_text(bytes, record.engine);
  put(bytes, record.conclusions);
  return bytes;
}

std::optional<ProofRecord> read_proof(std::string_view bytes) {
  if (!bytes.starts_with(proof_magic)) return std::nullopt;
  Reader reader(bytes.substr(proof_magic.size()));
  ProofRecord record;
  record.engine = reader.text();
  record.conclusions = reader.number();
  if (!reader.complete()) return std::nullopt;
  return record;
}

}  // namespace probity::proof
