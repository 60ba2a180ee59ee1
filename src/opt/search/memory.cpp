// SPDX-License-Identifier: Apache-2.0
// A row's text is the effort, then `-` or the rewrite's insns in the kernel's text, all by "; ".
#include "opt/search/memory.hpp"

#include <fmt/core.h>

#include <charconv>

#include "isa/bpf/text_kernel.hpp"
#include "opt/code_text.hpp"
#include "program/helper.hpp"
#include "proof/canonical.hpp"

namespace probity::opt::search {
namespace {

std::string row_key(const std::string& key) {
  return proof::key_bytes(proof::hash_bytes("rewrite 1 " + key));
}

}  // namespace

std::string text_of(const Remembered& result) {
  std::string text = std::to_string(result.effort);
  if (!result.rewrite) return text + "; -";
  for (const bpf::Insn& insn : *result.rewrite) text += "; " + kernel_text(inserted(insn));
  return text;
}

std::optional<Remembered> remembered(const std::string& text) {
  Remembered result;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), result.effort);
  if (code != std::errc()) return std::nullopt;
  std::string_view rest =
      std::string_view(text).substr(static_cast<std::size_t>(end - text.data()));
  if (rest == "; -") return result;
  result.rewrite.emplace();
  while (!rest.empty()) {
    if (!rest.starts_with("; ")) return std::nullopt;
    rest.remove_prefix(2);
    const std::string_view one = rest.substr(0, rest.find("; "));
    const auto insn = bpf::parse_kernel(one, program::helper_names());
    if (!insn || !is_pure(inserted(*insn)) || result.rewrite->size() == max_slice) {
      return std::nullopt;
    }
    result.rewrite->push_back(*insn);
    rest.remove_prefix(one.size());
  }
  return result;
}

std::optional<Remembered> Memory::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  if (!disk_) return std::nullopt;
  const auto row = disk_->find(row_key(key));
  if (!row) return std::nullopt;
  auto result = remembered(*row);
  if (!result) disk_->report_row("a row of another format was ignored");
  return result;
}

void Memory::remember(const std::string& key, const Remembered& result) {
  const std::lock_guard lock(mutex_);
  known_[key] = result;
  if (disk_) disk_->remember(row_key(key), text_of(result));
}

}  // namespace probity::opt::search
