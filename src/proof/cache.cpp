// SPDX-License-Identifier: Apache-2.0
// One SQLite table, one connection behind a mutex. Whatever SQLite or a row's checksum objects to
// becomes a warning and a miss, never an error of the proof.
#include "proof/cache.hpp"

#include <sqlite3.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>

namespace probity::proof {
namespace {

using solver::Answer;
using solver::Status;

constexpr int busy_wait_ms = 2000;
constexpr std::string_view magic = "probity-answer-1";

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

std::string key_of(const CanonicalQuery& query, std::string_view context) {
  std::string bytes;
  put_text(bytes, context);
  bytes += query.bytes;
  const Hash128 hash = hash_bytes(bytes);
  std::string key;
  put(key, hash.high);
  put(key, hash.low);
  return key;
}

std::string checksum(std::string_view key, std::string_view answer) {
  const Hash128 hash = hash_bytes(std::string(key) + std::string(answer));
  std::string bytes;
  put(bytes, hash.high);
  put(bytes, hash.low);
  return bytes;
}

/// A prepared statement of one use.
class Statement {
 public:
  Statement(sqlite3* database, const char* text) {
    if (sqlite3_prepare_v2(database, text, -1, &statement_, nullptr) != SQLITE_OK)
      statement_ = nullptr;
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  explicit operator bool() const { return statement_ != nullptr; }
  void bind(int position, const std::string& blob) {
    sqlite3_bind_blob(statement_, position, blob.data(), int(blob.size()), SQLITE_TRANSIENT);
  }
  int step() { return sqlite3_step(statement_); }
  std::string blob(int column) {
    const void* data = sqlite3_column_blob(statement_, column);
    const int size = sqlite3_column_bytes(statement_, column);
    return data == nullptr ? std::string()
                           : std::string(static_cast<const char*>(data), std::size_t(size));
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace

struct Cache::Data {
  std::mutex mutex;
  sqlite3* database = nullptr;
  std::string path;
  Warn warn;
  bool failed = false;  // after one failure of SQLite the cache stays silent

  ~Data() { sqlite3_close(database); }
  void fail(std::string_view what) {
    if (!failed) {
      report(std::string(what) + ": " + sqlite3_errmsg(database) + "; going on without the cache");
    }
    failed = true;
  }
  void report(std::string_view what) const {
    if (warn) warn(path + ": " + std::string(what));
  }
};

Cache::Cache(std::unique_ptr<Data> data) : data_(std::move(data)) {}
Cache::~Cache() = default;

Expected<std::unique_ptr<Cache>> Cache::open(const std::string& path, Warn warn) {
  auto data = std::make_unique<Data>();
  data->path = path;
  data->warn = std::move(warn);
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  std::error_code code;
  if (!parent.empty()) std::filesystem::create_directories(parent, code);
  if (code) {
    return error(Fault::system, path + ": cannot create the folder: " + code.message());
  }
  constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const auto failure = [&] {
    return error(Fault::system,
                 path + ": not usable as a cache: " + sqlite3_errmsg(data->database));
  };
  if (sqlite3_open_v2(path.c_str(), &data->database, flags, nullptr) != SQLITE_OK) return failure();
  sqlite3_busy_timeout(data->database, busy_wait_ms);
  for (const char* text : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=OFF",
                           "CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, answer BLOB "
                           "NOT NULL, checksum BLOB NOT NULL) WITHOUT ROWID"}) {
    if (sqlite3_exec(data->database, text, nullptr, nullptr, nullptr) != SQLITE_OK)
      return failure();
  }
  return std::unique_ptr<Cache>(new Cache(std::move(data)));
}

std::optional<Answer> Cache::find(const CanonicalQuery& query, std::string_view context) {
  const std::string key = key_of(query, context);
  std::string answer, sum;
  {
    const std::lock_guard lock(data_->mutex);
    if (data_->failed) return std::nullopt;
    Statement select(data_->database, "SELECT answer, checksum FROM answers WHERE key = ?1");
    if (!select) return data_->fail("cannot read the cache"), std::nullopt;
    select.bind(1, key);
    const int step = select.step();
    if (step == SQLITE_DONE) return std::nullopt;
    if (step != SQLITE_ROW) return data_->fail("cannot read the cache"), std::nullopt;
    answer = select.blob(0);
    sum = select.blob(1);
    if (sum != checksum(key, answer)) {
      data_->report("a damaged row was ignored");
      return std::nullopt;
    }
  }
  auto result = read_answer(query, answer);
  if (!result) {
    const std::lock_guard lock(data_->mutex);
    data_->report("a row of another format was ignored");
  }
  return result;
}

void Cache::remember(const CanonicalQuery& query, std::string_view context, const Answer& answer) {
  if (answer.status == Status::unknown) return;
  const std::string key = key_of(query, context), bytes = write_answer(query, answer);
  const std::lock_guard lock(data_->mutex);
  if (data_->failed) return;
  Statement insert(data_->database, "INSERT OR REPLACE INTO answers VALUES (?1, ?2, ?3)");
  if (!insert) return data_->fail("cannot write the cache");
  insert.bind(1, key);
  insert.bind(2, bytes);
  insert.bind(3, checksum(key, bytes));
  if (insert.step() != SQLITE_DONE) data_->fail("cannot write the cache");
}

std::optional<std::string> default_cache_path() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  if (const std::string chosen = variable("PROBITY_CACHE"); !chosen.empty()) {
    if (chosen == "off") return std::nullopt;
    return chosen;
  }
  if (const std::string folder = variable("XDG_CACHE_HOME"); !folder.empty()) {
    return folder + "/probity/proofs.sqlite";
  }
  if (const std::string home = variable("HOME"); !home.empty()) {
    return home + "/.cache/probity/proofs.sqlite";
  }
  return std::nullopt;
}

std::string cache_context(const solver::Options& options) {
  const solver::Limits& limits = options.limits;
  return solver::version() + "; conflicts " + std::to_string(limits.conflicts) + ", clauses " +
         std::to_string(limits.clauses) + ", wall_ms " + std::to_string(limits.wall_ms) +
         (options.external == solver::External::none ? ", builtin only" : ", external");
}

}  // namespace probity::proof
