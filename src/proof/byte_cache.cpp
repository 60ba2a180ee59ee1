// SPDX-License-Identifier: Apache-2.0
// One SQLite table, one connection behind a mutex, statements prepared once. Whatever SQLite or a
// row's checksum objects to becomes a warning and a miss.
#include "proof/byte_cache.hpp"

#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>

#include "proof/canonical.hpp"

namespace probity::proof {
namespace {

constexpr int busy_wait_ms = 2000;
/// Rows per transaction.
constexpr std::size_t batch_rows = 512;

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
struct ByteCache::Data {
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

std::optional<std::string> ByteCache::Data::find(const std::string& key) {
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

void ByteCache::Data::remember(const std::string& key, std::string bytes) {
  if (failed) return;
  unwritten[key] = std::move(bytes);
  if (unwritten.size() >= batch_rows) flush();
}

void ByteCache::Data::flush() {
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

ByteCache::ByteCache(std::unique_ptr<Data> data) : data_(std::move(data)) {}
ByteCache::~ByteCache() {
  flush();
}

Expected<std::unique_ptr<ByteCache>> ByteCache::open(const std::string& path, Warn warn) {
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
  return std::unique_ptr<ByteCache>(new ByteCache(std::move(data)));
}

std::optional<std::string> ByteCache::find(const std::string& key) {
  const std::lock_guard lock(data_->mutex);
  return data_->find(key);
}

void ByteCache::remember(const std::string& key, std::string bytes) {
  const std::lock_guard lock(data_->mutex);
  data_->remember(key, std::move(bytes));
}

void ByteCache::flush() {
  const std::lock_guard lock(data_->mutex);
  data_->flush();
}

void ByteCache::report_row(std::string_view what) {
  const std::lock_guard lock(data_->mutex);
  data_->report_row(what);
}

std::optional<std::string> default_cache_file(std::string_view file) {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  if (variable("PROBITY_CACHE") == "off") return std::nullopt;
  if (const std::string folder = variable("XDG_CACHE_HOME"); !folder.empty()) {
    return folder + "/probity/" + std::string(file);
  }
  if (const std::string home = variable("HOME"); !home.empty()) {
    return home + "/.cache/probity/" + std::string(file);
  }
  return std::nullopt;
}

}  // namespace probity::proof
