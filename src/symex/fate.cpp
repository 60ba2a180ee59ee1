// SPDX-License-Identifier: Apache-2.0
// A refutation outweighs a doubt, a doubt everything else; what was merged counts as merged, for
// the other path carries the rest on.
#include "symex/fate.hpp"

#include "base/check.hpp"

namespace probity::symex {

std::string_view name(PathVerdict verdict) {
  switch (verdict) {
    case PathVerdict::proved: return "proved";
    case PathVerdict::refuted: return "refuted";
    case PathVerdict::unknown: return "unknown";
    case PathVerdict::merged: return "merged";
    case PathVerdict::excluded: return "excluded";
    case PathVerdict::dropped: return "dropped";
  }
  PROBITY_UNREACHABLE("path verdict");
}

void Fate::merge_into(Fate& other) {
  end_ = End::merged;
  other.refuted_ = other.refuted_ || refuted_;
  if (!doubt_.empty()) other.doubt(doubt_);
}

PathVerdict Fate::verdict() const {
  if (end_ == End::merged) return PathVerdict::merged;
  if (refuted_) return PathVerdict::refuted;
  if (!doubt_.empty()) return PathVerdict::unknown;
  switch (end_) {
    case End::finished: return PathVerdict::proved;
    case End::excluded: return PathVerdict::excluded;
    case End::merged: return PathVerdict::merged;
    case End::open: return PathVerdict::dropped;
  }
  PROBITY_UNREACHABLE("end of a path");
}

Fate::~Fate() {
  if (counts_ == nullptr) return;
  const PathVerdict told = verdict();
  ++counts_->ended[static_cast<std::size_t>(told)];
  if (told == PathVerdict::unknown) ++counts_->causes[doubt_];
}

bool adds_up(const PathCounts& counts) {
  std::uint64_t ended = 0;
  for (const std::uint64_t count : counts.ended) ended += count;
  std::uint64_t unknown = 0;
  for (const auto& [cause, count] : counts.causes) unknown += count;
  return ended == counts.begun && counts.of(PathVerdict::dropped) == 0 &&
         unknown == counts.of(PathVerdict::unknown);
}

}  // namespace probity::symex
