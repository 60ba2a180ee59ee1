// SPDX-License-Identifier: Apache-2.0
// ByteCache: a table from bytes to bytes on disk (SQLite), for what costs time to find out again.
// Every row carries a checksum: a damaged row or file is ignored with a warning, never an error of
// who asked. New rows are collected and written in one transaction per batch. The file is in WAL
// mode without fsync: a crash of the machine may lose or damage rows, which the checksums notice.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/diagnostic.hpp"

namespace probity::proof {

/// All member functions may be called from any thread.
class ByteCache {
 public:
  using Warn = std::function<void(std::string_view)>;

  /// Opens or creates the file and its folder. A file that is no cache is an error.
  static Expected<std::unique_ptr<ByteCache>> open(const std::string& path, Warn warn);
  ~ByteCache();

  std::optional<std::string> find(const std::string& key);
  void remember(const std::string& key, std::string bytes);
  /// Writes what is still only in memory.
  void flush();
  /// A warning about a row, once: where one row is damaged, many are.
  void report_row(std::string_view what);

 private:
  struct Data;
  explicit ByteCache(std::unique_ptr<Data> data);
  std::unique_ptr<Data> data_;
};

/// $XDG_CACHE_HOME/probity/FILE or ~/.cache/probity/FILE; nothing when there is no home or
/// PROBITY_CACHE is `off`.
std::optional<std::string> default_cache_file(std::string_view file);

}  // namespace probity::proof
