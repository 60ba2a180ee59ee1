// SPDX-License-Identifier: Apache-2.0
// Fate: how a path ends, counted where nothing can be forgotten. Every PathState carries one; a
// copy (a fork) is a path more that began, a destruction a path that ended, and each path must have
// been told by then how: it ran to its end, broke something, met something undecided, was merged
// into another, or no input of it meets the assumptions. A path that nobody told anything was
// dropped, which is a bug of ours and shows in the sum.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "symex/finding.hpp"

namespace probity::symex {

class Fate {
 public:
  Fate() = default;
  /// A path that begins; `counts` outlives it.
  explicit Fate(PathCounts& counts) : counts_(&counts) { ++counts.begun; }
  Fate(const Fate& other)
      : counts_(other.counts_), refuted_(other.refuted_), doubt_(other.doubt_), end_(other.end_) {
    if (counts_ != nullptr) ++counts_->begun;
  }
  Fate(Fate&& other) noexcept
      : counts_(std::exchange(other.counts_, nullptr)),
        refuted_(other.refuted_),
        doubt_(std::move(other.doubt_)),
        end_(other.end_) {}
  Fate& operator=(Fate other) noexcept {
    std::swap(counts_, other.counts_);
    std::swap(refuted_, other.refuted_);
    std::swap(doubt_, other.doubt_);
    std::swap(end_, other.end_);
    return *this;
  }
  ~Fate();

  /// A check on this path fails for some of its inputs.
  void refute() { refuted_ = true; }
  /// Something on this path was not decided; the first reason counts.
  void doubt(std::string_view reason) {
    if (doubt_.empty()) doubt_ = reason;
  }
  /// The path ran to its end, and everything on the way was checked.
  void finish() { end_ = End::finished; }
  /// No input of this path meets the assumptions.
  void exclude() { end_ = End::excluded; }
  /// The path goes on in another one, which takes over what this one met.
  void merge_into(Fate& other);

  /// Of a path that has ended.
  PathVerdict verdict() const;
  const std::string& reason() const { return doubt_; }

 private:
  enum class End : std::uint8_t { open, finished, excluded, merged };
  PathCounts* counts_ = nullptr;
  bool refuted_ = false;
  std::string doubt_;
  End end_ = End::open;
};

}  // namespace probity::symex
