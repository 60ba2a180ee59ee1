// SPDX-License-Identifier: Apache-2.0
// Merging: two paths that stand at the same place become one whose values are chosen by the
// condition that tells them apart. Regions and objects of the second path are matched with those of
// the first by what they are, the others are appended under new numbers. A register that points
// into different regions becomes a choice, which the explorer tells apart at its first use. Map
// entries that only one path knows carry a guard. What cannot be one is left as two paths.
// The conditions of the two paths must exclude each other (Explorer::fork sees to it).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "symex/context.hpp"
#include "symex/state.hpp"

namespace probity::symex {

/// What merging needs to know of the program.
struct MergeFacts {
  unsigned live = 0;  ///< bit i: register i is read later
  /// By frame: the same for the registers that its caller gets back.
  std::vector<unsigned> live_in_caller;
  std::vector<std::uint32_t> value_bytes;  ///< by map
};

class Merger {
 public:
  /// The value of a ctx field that nobody wrote, by its offset.
  using InitialCtx = std::function<term::Id(std::uint32_t)>;
  /// `choices` is the exploration's table, which grows.
  Merger(Context& context, std::vector<Choice>& choices, InitialCtx initial_ctx)
      : context_(context), choices_(choices), initial_ctx_(std::move(initial_ctx)) {}

  /// `first` becomes both, if they can be one; what nobody reads is forgotten. False: nothing has
  /// changed.
  bool merge(PathState& first, PathState& second, const MergeFacts& facts);

 private:
  bool combine(PathState& result, const PathState& first, const PathState& second,
               const MergeFacts& facts);
  /// What of a path can still be reached.
  struct Used {
    std::vector<bool> regions;
    std::vector<bool> objects;
  };
  Used find_used(const PathState& state, const MergeFacts& facts) const;
  RegionId add_region(Region region);
  std::uint32_t add_object(const Memory& memory);
  std::vector<std::pair<term::Id, Word>> words_of(Word word) const;
  bool alike(const PathState& a, const PathState& b) const;
  bool trace_fits(const PathState& a, const PathState& b) const;
  void split_conditions(const PathState& a, const PathState& b);
  bool match(const PathState& a, const PathState& b);
  bool force_object(const PathState& a, const PathState& b, std::uint32_t oa, std::uint32_t ob);
  bool force(const PathState& a, const PathState& b, RegionId ra, RegionId rb);
  bool same_region(const Region& a, const Region& b) const;
  void match_objects(const PathState& a, const PathState& b);
  bool is_settled(const Region& region) const;
  bool keeps_targets(const PathState& a) const;
  void append_rest(const PathState& b);
  bool merge_memories(PathState& result, const PathState& b);
  void merge_entries(PathState& result, const PathState& b, std::uint32_t map,
                     std::uint32_t value_bytes);
  bool give_to_both(PathState& result, Slot& slot, term::Id owner, std::uint32_t value_bytes);
  void merge_nulls(PathState& result, const PathState& b);
  void merge_values(PathState& result, const PathState& b, const MergeFacts& facts);
  void merge_outputs(PathState& result, const PathState& b);
  void merge_conditions(PathState& result, const PathState& b);
  void merge_notes(PathState& result, const PathState& b);
  JoinWords words();
  Word carry(Word word);
  Word join(Word a, Word b);
  term::Id pick(term::Id a, term::Id b) { return context_.store.ite(condition_, a, b); }

  Context& context_;
  std::vector<Choice>& choices_;
  InitialCtx initial_ctx_;
  std::vector<term::Id> shared_;  ///< conditions of both paths
  term::Id condition_;            ///< of the first path beyond those
  term::Id other_;                ///< of the second
  static constexpr std::uint32_t unmatched = ~std::uint32_t{0};
  std::vector<std::uint32_t> regions_;  ///< numbers in the result of the second path's
  std::vector<std::uint32_t> objects_;
  Used mine_;                           ///< of the first path; the rest is reused
  Used yours_;                          ///< of the second; the rest is not carried over
  std::vector<RegionId> free_regions_;  ///< numbers in the result
  std::vector<std::uint32_t> free_objects_;
  std::vector<bool> region_added_;  ///< by number in the result: only the second path has it
  std::vector<bool> object_taken_;  ///< by number in the first: the second has it, too
  std::map<std::pair<Word, Word>, Word> joined_;
  PathState* result_ = nullptr;
};

}  // namespace probity::symex
