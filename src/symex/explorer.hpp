// SPDX-License-Identifier: Apache-2.0
// Explorer: walks every feasible path of a linked program from its entry, with a symbolic packet of
// symbolic length, symbolic ctx and map contents, and checks each memory access, helper call and
// specification on the way. Paths are explored depth first; a fork copies the state. The
// instructions' meaning is bpf::meaning<Provenance>; what a helper or a map does is in the
// *_model.cpp files. Where the exploration cannot go on it says so by name.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "isa/bpf/semantics.hpp"
#include "program/program.hpp"
#include "symex/context.hpp"
#include "symex/finding.hpp"
#include "symex/path_solver.hpp"
#include "symex/state.hpp"

namespace probity::symex {

struct Options {
  std::uint32_t min_packet = 14;    ///< bytes; the kernel's test run takes no less
  std::uint32_t max_packet = 1514;  ///< bytes
  std::uint32_t unroll = 2048;      ///< times a back edge may be taken on one path
  std::uint64_t max_paths = 200'000;
  std::uint64_t max_insns = 50'000'000;        ///< over all paths
  std::vector<std::uint32_t> allowed_returns;  ///< empty: any
  bool specs = true;                           ///< evaluate BPF_ASSERT and friends
  bool record_claims = false;                  ///< for --cross-check
  bool collect_cases = false;                  ///< solve every path to an input and its output
  std::uint64_t max_cases = 20'000;
  solver::Options solver;
};

/// A side of a fork: taken when `condition` holds, then `apply` changes the path.
struct Alternative {
  term::Id condition;
  std::function<void(PathState&)> apply;
};

/// A memory access that was found to be inside its region.
struct Place {
  std::uint32_t object = 0;
  term::Id offset;
};

class Explorer {
 public:
  Explorer(const program::View& program, const Options& options);
  ~Explorer();
  /// Error: the program is not understood (see program::validate) or its type is not modelled.
  Expected<Exploration> explore();

  /// With Options::record_claims: what the verdict rests on, as terms of store().
  std::span<const Claim> claims() const { return solver_.claims(); }
  const term::Store& store() const { return context_.store; }

 private:
  friend class Machine;

  // explorer.cpp: the loop.
  void start();
  void run(std::unique_ptr<PathState> state);
  bool step(PathState& state);
  bool control(PathState& state, const bpf::Next<Provenance>& next, const bpf::Insn& insn);
  bool branch(PathState& state, term::Id taken, std::uint32_t target);
  bool jump_to(PathState& state, std::uint32_t target);
  bool call_local(PathState& state, std::uint32_t target);
  bool leave_frame(PathState& state);
  void push_frame(PathState& state, std::uint32_t return_slot);
  /// Continues `state` with the first feasible alternative and queues the others; false: none is.
  bool fork(PathState& state, std::vector<Alternative> alternatives);
  bool finish(PathState& state);

  // access.cpp: obligations on the way.
  /// Checks that `condition` holds on this path; continues under it. False: the path ends here.
  bool require(PathState& state, Property property, term::Id condition, std::string text);
  /// Reports that this path breaks `property`, whatever the input; always false.
  bool violate(PathState& state, Property property, std::string text);
  void give_up(PathState& state, std::string reason);
  bool observable(PathState& state, Word word, std::string_view what);
  std::optional<Place> access(PathState& state, Word address, std::uint64_t size_bytes,
                              bool writes);
  std::optional<Place> access_packet(PathState& state, const Region& region, Word address,
                                     std::uint64_t size_bytes);
  bool load(PathState& state, Word address, unsigned size_bytes, Word& value);
  /// Atomic operations need memory of known alignment.
  bool aligned(PathState& state, Word address, unsigned size_bytes);
  /// A read found no initial value there.
  bool never_written(PathState& state, Word address, std::string text);
  bool store_to(PathState& state, Word address, unsigned size_bytes, Word value);
  std::optional<std::vector<term::Id>> read_chunks(PathState& state, Word address,
                                                   std::uint64_t size_bytes);
  void write_chunks(PathState& state, const Place& place, std::span<const term::Id> chunks);
  Finding describe(PathState& state, Property property, std::string text,
                   std::shared_ptr<Valuation> valuation);
  Site& site(Property property, std::uint32_t slot);

  // ctx_model.cpp
  bool load_ctx(PathState& state, Word address, unsigned size_bytes, Word& value);
  bool store_ctx(PathState& state, Word address, unsigned size_bytes, Word value);
  void make_ctx(PathState& state);
  term::Id packet_length(const PathState& state);
  term::Id ctx_value(PathState& state, std::string_view name, unsigned width, bool interface);

  // map_model.cpp
  void make_maps(PathState& state);
  /// The map that argument `number` is, of a type that `accepts` (any when null).
  using TypeTest = bool (*)(program::MapType);
  std::optional<std::uint32_t> map_argument(PathState& state, unsigned number, TypeTest accepts);
  Word map_address(PathState& state, std::uint32_t map);
  Word map_value_address(PathState& state, std::uint32_t map, std::uint32_t offset);
  bool call_map_lookup(PathState& state);
  bool call_map_update(PathState& state);
  bool call_map_delete(PathState& state);
  std::uint32_t new_slot(PathState& state, std::uint32_t map, std::vector<term::Id> key);
  term::Id same_key(const Slot& slot, std::span<const term::Id> key);
  /// The entry that a key selects, under a condition; the last candidate may be a fresh entry.
  struct Candidate {
    term::Id condition;
    std::uint32_t slot = 0;
  };
  std::vector<Candidate> candidates(PathState& state, std::uint32_t map,
                                    std::span<const term::Id> key);
  std::optional<std::vector<term::Id>> key_argument(PathState& state, std::uint32_t map);
  bool modelled(PathState& state, std::uint32_t map);
  /// Was the key there before?
  enum class Found : std::uint8_t { no, yes };
  void put_value(PathState& state, std::uint32_t map, std::uint32_t slot, Found found,
                 std::span<const term::Id> chunks);
  void evict_any(PathState& state, std::uint32_t map, std::uint32_t inserted);
  /// May a program change entries of the map by a helper?
  bool may_change(PathState& state, std::uint32_t map);

  // helper_model.cpp, packet_model.cpp, spec_model.cpp
  bool call_helper(PathState& state, std::uint32_t helper);
  bool call_free_result(PathState& state, std::string_view name, unsigned width);
  bool call_output(PathState& state, std::uint32_t helper);
  bool call_redirect(PathState& state);
  bool call_redirect_map(PathState& state);
  bool call_tail(PathState& state);
  bool call_fib_lookup(PathState& state);
  bool call_csum_diff(PathState& state);
  bool call_csum_replace(PathState& state, std::uint32_t helper);
  void refuse_move(std::vector<Alternative>& sides, term::Id always, term::Id driver);
  bool call_adjust_head(PathState& state);
  bool call_adjust_meta(PathState& state);
  bool call_adjust_tail(PathState& state);
  bool call_load_bytes(PathState& state);
  bool call_store_bytes(PathState& state);
  term::Id range_error(term::Id offset);
  void move_metadata(PathState& state, term::Id delta, std::uint64_t size_bytes);
  void move_packet(PathState& state, term::Id head, term::Id end, term::Id meta);
  std::optional<std::uint64_t> size_argument(PathState& state, unsigned number);
  bool ctx_argument(PathState& state, unsigned number);
  bool call_spec(PathState& state, std::uint32_t helper);
  void set_result(PathState& state, term::Id value);
  Word argument(const PathState& state, unsigned number) const { return state.regs[number]; }
  void clobber(PathState& state);
  void unset(PathState& state, unsigned reg);

  // witness.cpp
  /// A valuation that engines can be given most easily: short packet, small interface numbers.
  std::shared_ptr<Valuation> witness_valuation(const PathState& state, const Possibility& shown,
                                               term::Id condition);
  Witness make_witness(PathState& state, Valuation& valuation);
  runtime::MapContents initial_entries(PathState& state, Valuation& valuation, std::uint32_t map);
  PathCase make_case(PathState& state, std::string ending);

  program::View program_;
  Options options_;
  Context context_;
  term::Id length_;  ///< packet length, 16 bits
  term::Id length64_;
  term::Function packet_bytes_;
  PathSolver solver_;
  std::vector<std::optional<bpf::Insn>> insns_;  ///< by slot
  std::vector<RegionId> map_regions_;            ///< by map index: the map itself
  std::vector<std::unique_ptr<PathState>> pending_;
  std::map<std::pair<std::uint8_t, std::uint32_t>, Site> sites_;
  Exploration result_;
};

}  // namespace probity::symex
