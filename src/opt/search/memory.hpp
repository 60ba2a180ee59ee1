// SPDX-License-Identifier: Apache-2.0
// Memory: rewrites of earlier runs, by the canonical text of what they replace, in this process and
// on disk (proof/byte_cache.hpp). Nothing read from it is believed: a remembered rewrite is proved
// again before it is proposed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "opt/search/enumerate.hpp"
#include "proof/byte_cache.hpp"

namespace probity::opt::search {

struct Remembered {
  std::optional<Insns> rewrite;  ///< nothing: none was found
  std::uint64_t effort = 0;      ///< candidates that were allowed
};

/// May be used from any thread.
class Memory {
 public:
  /// `disk` may be null.
  explicit Memory(std::unique_ptr<proof::ByteCache> disk) : disk_(std::move(disk)) {}

  std::optional<Remembered> find(const std::string& key);
  void remember(const std::string& key, const Remembered& result);

 private:
  std::mutex mutex_;
  std::map<std::string, Remembered> known_;
  std::unique_ptr<proof::ByteCache> disk_;
};

/// As the row of a file, and back; nothing where the text is not of this form.
std::string text_of(const Remembered& result);
std::optional<Remembered> remembered(const std::string& text);

}  // namespace probity::opt::search
