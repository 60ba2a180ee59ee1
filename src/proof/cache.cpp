// SPDX-License-Identifier: Apache-2.0
// One SQLite table, one connection behind a mutex, statements prepared once. Whatever SQLite or a
// row's checksum objects to becomes a warning and a miss, never an error of the proof. The file is
// in WAL mode without fsync: a crash of the machine may lose or damage rows, which costs time and
// is noticed by the checksums; it cannot make an answer.
#include "proof/cache.hpp"

#include <sqlite3.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>

namespace probity::proof {
namespace {

using solver::Answer;
using solver::Status;

constexpr int busy_wait_ms = 2000;
/// Rows per transaction.
constexpr std::size_t batch_rows = 512;

std::string key_bytes(const Hash128& key) {
  std::string bytes;
  for (const std::uint64_t part : {key.high, key.low}) {
    for (int i = 0; i < 8; ++i) bytes.push_back(char((part >> (8 * i)) & 0xff));
  }
  return bytes;
}

std::string checksum(const std::string& key, const std::string& answer) {
  return key_bytes(hash_bytes(key + answer));
}

/// A prepared statement, reset when a use of it ends.
class Statement {
 public:
  ~Statement() { sqlite3_finalize(statement_); }
  Statement() = default;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  bool prepare(sqlite3* database, const char* text) {
    return statement_ != nullptr ||
           sqlite3_prepare_v3(database, text, -1, SQLITE_PREPARE_PERSISTENT, &statement_,
                              nullptr) == SQLITE_OK;
  }
  void bind(int position, const std::string& blob) {
    sqlite3_bind_blob(statement_, position, blob.data(), int(blob.size()), SQLITE_TRANSIENT);
  }
  int step() { return sqlite3_step(statement_); }
  void reset() { sqlite3_reset(statement_); }
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

/// Every member function is called with the mutex held.
struct Cache::Data {
  std::mutex mutex;
  sqlite3* database = nullptr;
  std::string path;
  Warn warn;
  bool failed = false;  // after one failure of SQLite the cache stays silent
  bool reported_row = false;
  Statement select, insert;
  std::map<std::string, std::string> unwritten;  // by key

  /// The last statement to be finalised closes the file.
  ~Data() { sqlite3_close_v2(database); }

  std::optional<std::string> find(const std::string& key);
  void remember(const std::string& key, std::string bytes);
  void flush();

  bool execute(const char* text) {
    return sqlite3_exec(database, text, nullptr, nullptr, nullptr) == SQLITE_OK;
  }
  void fail(std::string_view what) {
    if (!failed) {
      report(std::string(what) + ": " + sqlite3_errmsg(database) + "; going on without the cache");
    }
    failed = true;
  }
  /// Once: where one row is damaged, many are.
  void report_row(std::string_view what) {
    if (!reported_row) report(what);
    reported_row = true;
  }
  void report(std::string_view what) const {
    if (warn) warn(path + ": " + std::string(what));
  }
};

std::optional<std::string> Cache::Data::find(const std::string& key) {
  if (failed) return std::nullopt;
  if (const auto row = unwritten.find(key); row != unwritten.end()) return row->second;
  if (!select.prepare(database, "SELECT answer, checksum FROM answers WHERE key = ?1")) {
    return fail("cannot read the cache"), std::nullopt;
  }
  select.bind(1, key);
  const int step = select.step();
  std::optional<std::string> answer;
  if (step == SQLITE_ROW) {
    answer = select.blob(0);
    if (select.blob(1) != checksum(key, *answer)) {
      report_row("a damaged row was ignored");
      answer.reset();
    }
  } else if (step != SQLITE_DONE) {
    fail("cannot read the cache");
  }
  select.reset();
  return answer;
}

void Cache::Data::remember(const std::string& key, std::string bytes) {
  if (failed) return;
  unwritten[key] = std::move(bytes);
  if (unwritten.size() >= batch_rows) flush();
}

void Cache::Data::flush() {
  if (failed || unwritten.empty()) return;
  bool good = insert.prepare(database, "INSERT OR REPLACE INTO answers VALUES (?1, ?2, ?3)") &&
              execute("BEGIN IMMEDIATE");
  if (!good) return fail("cannot write the cache");
  for (const auto& [key, bytes] : unwritten) {
    insert.bind(1, key);
    insert.bind(2, bytes);
    insert.bind(3, checksum(key, bytes));
    good = good && insert.step() == SQLITE_DONE;
    insert.reset();
  }
  if (!good || !execute("COMMIT")) {
    fail("cannot write the cache");
    execute("ROLLBACK");
  }
  unwritten.clear();
}

Cache::Cache(std::unique_ptr<Data> data) : data_(std::move(data)) {}
Cache::~Cache() {
  flush();
}

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
    if (!data->execute(text)) return failure();
  }
  return std::unique_ptr<Cache>(new Cache(std::move(data)));
}

std::optional<Answer> Cache::find(const CanonicalQuery& query, std::string_view context) {
  const std::string key = key_bytes(query_key(query, context));
  const std::lock_guard lock(data_->mutex);
  const std::optional<std::string> bytes = data_->find(key);
  if (!bytes) return std::nullopt;
  auto result = read_answer(query, *bytes);
  if (!result) data_->report_row("a row of another format was ignored");
  return result;
}

void Cache::remember(const CanonicalQuery& query, std::string_view context, const Answer& answer) {
  if (answer.status == Status::unknown) return;
  const std::string key = key_bytes(query_key(query, context));
  std::string bytes = write_answer(query, answer);
  const std::lock_guard lock(data_->mutex);
  data_->remember(key, std::move(bytes));
}

std::optional<ProofRecord> Cache::find_proof(const Hash128& key) {
  const std::lock_guard lock(data_->mutex);
  const std::optional<std::string> bytes = data_->find(key_bytes(key));
  if (!bytes) return std::nullopt;
  auto result = read_proof(*bytes);
  if (!result) data_->report_row("a row of another format was ignored");
  return result;
}

void Cache::remember_proof(const Hash128& key, const ProofRecord& record) {
  const std::lock_guard lock(data_->mutex);
  data_->remember(key_bytes(key), write_proof(record));
}

void Cache::flush() {
  const std::lock_guard lock(data_->mutex);
  data_->flush();
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

Hash128 query_key(const CanonicalQuery& query, std::string_view context) {
  return hash_bytes("query " + std::to_string(context.size()) + " " + std::string(context) +
                    query.bytes);
}

Hash128 obligation_key(std::string_view name, std::string_view identity, std::string_view context) {
  std::string bytes = "obligation";
  for (const std::string_view part : {identity, context, name}) {
    bytes += " " + std::to_string(part.size()) + " ";
    bytes += part;
  }
  return hash_bytes(bytes);
}

}  // namespace probity::proof
