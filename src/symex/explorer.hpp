// SPDX-License-Identifier: Apache-2.0
// Explorer: walks every feasible path of a linked program from its entry, with a symbolic packet of
// symbolic length, symbolic ctx and map contents, and checks each memory access, helper call and
// specification on the way. Paths are explored depth first; a fork copies the state. The
// instructions' meaning is bpf::meaning<Provenance>; what a helper or a map does is in the
// *_model.cpp files. Where the exploration cannot go on it says so by name.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "isa/bpf/semantics.hpp"
#include "program/helper.hpp"
#include "program/program.hpp"
#include "runtime/ctx.hpp"
#include "runtime/packet_bounds.hpp"
#include "runtime/skb_rule.hpp"
#include "symex/alternative.hpp"
#include "symex/assumption.hpp"
#include "symex/context.hpp"
#include "symex/effect.hpp"
#include "symex/finding.hpp"
#include "symex/flow.hpp"
#include "symex/map_update.hpp"
#include "symex/merge.hpp"
#include "symex/options.hpp"
#include "symex/path_solver.hpp"
#include "symex/schedule.hpp"
#include "symex/stage.hpp"
#include "symex/state.hpp"

namespace probity::symex {

/// A function: its code and its first slot.
using FunctionKey = std::pair<std::uint32_t, std::uint32_t>;

/// Maps of a map of maps that a path may tell apart.
constexpr std::uint32_t max_inner_maps = 4;

/// Frames on a chain of calls, the first one included.
constexpr std::size_t max_frames = 8;

class Explorer {
 public:
  Explorer(const program::View& program, const Options& options);
  /// Runs the stages one after the other on each path.
  Explorer(std::vector<Stage> stages, const Options& options);
  ~Explorer();
  /// Error: the program is not understood (see program::validate) or its type is not modelled.
  Expected<Exploration> explore();

  /// With Options::record_claims: what the verdict rests on, as terms of store().
  std::span<const Claim> claims() const { return solver_.claims(); }
  const term::Store& store() const { return context_.store; }

  // For relations.
  Context& context() { return context_; }
  /// The world's maps: those of all stages, each once.
  std::span<const program::MapDef> maps() const { return maps_; }
  std::span<const Stage> stages() const { return stages_; }
  /// The value of the ctx field at `offset` that no program has written, 32 bits.
  term::Id initial_ctx(std::uint32_t offset);

 private:
  friend class Machine;

  // stage.cpp: the world, and the passage from one stage to the next.
  /// The slots of a program, decoded, and what its map numbers mean.
  struct Code {
    program::View view;  ///< its maps are the world's
    std::vector<std::optional<bpf::Insn>> insns;
    std::vector<std::uint32_t> world_map;  ///< by the program's own map number
    std::vector<program::TailTarget> tail_targets;
    std::vector<program::InnerMap> inner_maps;
    std::unique_ptr<const Flow> flow;
  };
  Expected<void> make_world();
  Expected<std::uint32_t> world_map(const program::MapDef& def);
  Expected<std::uint32_t> add_code(const program::View& program);
  Expected<void> add_tail_targets();
  void add_inner_maps();
  /// Makes `code` the program that the next insns belong to.
  void select(std::uint32_t code);
  void begin_stage(PathState& state);
  void begin_run(PathState& state, std::uint32_t code, Start start);
  void forget_registers(PathState& state);
  void restore_world(PathState& state);
  Ending ending_of(PathState& state) const;
  /// Records what the stage left; true: the path goes on with another stage.
  bool next_stage(PathState& state, term::Id action);
  bool advance(PathState& state);
  bool skip_stage(PathState& state);
  bool check_relation(PathState& state);
  std::vector<StageOutcome> outcomes(PathState& state, Valuation& valuation);
  StageOutcome outcome(const Ending& ending, Valuation& valuation);

  // entry.cpp: entry assumptions.
  class EntryInput;
  program::ProgType entry_type() const;
  bool in_entry_function(const PathState& state) const;
  /// Do the statements of probity/spec.h count in the program under way?
  bool has_specs(const PathState& state) const;
  bool consider_only(PathState& state, term::Id condition);
  void begin_next(PathState& state);
  /// False: the assumptions leave no input.
  bool enter_world(PathState& state);
  bool leave_entry_function(PathState& state);

  // explorer.cpp: the loop.
  void start();
  /// Runs a path until it ends or waits for others.
  void run(std::unique_ptr<PathState> state);
  bool out_of_time() const;
  /// The limit that ends the exploration now, as a reason; empty: none.
  std::string limit_reached() const;
  std::string memory_reached() const;
  void tell_observer() const;
  /// The path is over: counts it, and records it if asked to.
  void end_path(PathState& state);
  PathRecord record_of(PathState& state);

  // join.cpp: paths that wait for each other.
  void enqueue(std::unique_ptr<PathState> state);
  std::unique_ptr<PathState> next();
  void decide_merging();
  bool waits(const PathState& state) const;
  std::vector<std::uint32_t> position(const PathState& state) const;
  using Side = std::pair<Alternative*, Possibility>;
  void make_exclusive(std::span<Side> sides);
  /// A register that the insn uses and that is a choice.
  std::optional<RegionId> open_choice(const PathState& state, const bpf::Insn& insn);
  struct Leaf {
    term::Id condition;
    Word word;
  };
  std::vector<Leaf> places_of(const PathState& state, Word word, unsigned size_bytes);
  bool load_choice(PathState& state, Word address, unsigned size_bytes, Word& value);
  bool store_choice(PathState& state, Word address, unsigned size_bytes, Word value);
  MergeFacts merge_facts(const PathState& state) const;
  bool settle_choice(PathState& state, RegionId region);
  Word settled(Word word, RegionId region, Word value);
  /// Checks that the bytes were written on all the paths that became this one.
  bool defined(PathState& state, const Place& place, unsigned size_bytes);

  bool step(PathState& state);
  bool control(PathState& state, const bpf::Next<Provenance>& next, const bpf::Insn& insn);
  bool branch(PathState& state, term::Id taken, std::uint32_t target);
  bool jump_to(PathState& state, std::uint32_t target);
  template <unsigned W>
  bpf::PacketRead<Provenance> load_frame(PathState& state, Value<32> offset);
  bool call_local(PathState& state, std::uint32_t target);
  bool leave_frame(PathState& state);
  /// Bytes of stack on the deepest chain of calls from the function at `slot`.
  std::uint64_t chain_bytes(FunctionKey function, std::size_t frames) const;
  void require_stack();
  static std::uint32_t entry_slot(const program::View& program);
  void note_call(const PathState& state, std::uint32_t target);
  void push_frame(PathState& state, std::uint32_t return_slot);
  /// Continues `state` with the first feasible alternative and queues the others; false: none is.
  bool fork(PathState& state, std::vector<Alternative> alternatives);
  bool finish(PathState& state);

  // access.cpp: obligations on the way.
  /// Checks that `condition` holds on this path; continues under it. False: the path ends here.
  bool require(PathState& state, Property property, term::Id condition, std::string text);
  /// The same; the text may tell the values of the counterexample.
  using Explain = std::function<std::string(Valuation&)>;
  bool require(PathState& state, Property property, term::Id condition, const Explain& text);
  /// Reports that this path breaks `property`, whatever the input; always false.
  bool violate(PathState& state, Property property, std::string text);
  void give_up(PathState& state, std::string reason);
  /// A specification outside the program that breaks a rule says nothing there.
  void undefined(PathState& state, std::string_view text, const Possibility& shown,
                 term::Id condition);
  bool observable(PathState& state, Word word, std::string_view what);
  enum class Access : std::uint8_t { read, write };
  std::optional<Place> access(PathState& state, Word address, std::uint64_t size_bytes,
                              Access access);
  /// The same for a size of 64 bits that need not be known.
  std::optional<Place> access_range(PathState& state, Word address, term::Id size_bytes,
                                    Access access);
  /// The region that `address` points into, if it may be accessed at all.
  std::optional<Region> accessible(PathState& state, Word address, std::string_view what,
                                   Access access);
  void note_stack(const PathState& state, const Region& region, term::Id offset);
  bool inside_packet(PathState& state, Word address, term::Id size_bytes);
  /// The bytes of an accessible place, which change by themselves where the region says so.
  Expected<std::optional<Word>> read_memory(PathState& state, const Place& place,
                                            unsigned size_bytes);
  void write_memory(PathState& state, const Place& place, unsigned size_bytes, Word value);
  bool may_change_now(const PathState& state, const Region& region) const;
  term::Id changed_value(PathState& state, const Place& place, unsigned size_bytes);
  bool load(PathState& state, Word address, unsigned size_bytes, Word& value);
  RegionKind kind_of(const PathState& state, Word word) const {
    return state.regions[word.region].kind;
  }
  term::Id is_aligned(term::Id offset, unsigned size_bytes);
  /// Atomic operations need memory of known alignment.
  bool aligned(PathState& state, Word address, unsigned size_bytes);
  /// A read found no initial value there.
  bool never_written(PathState& state, Word address, std::string text);
  bool store_to(PathState& state, Word address, unsigned size_bytes, Word value);
  std::optional<std::vector<term::Id>> read_chunks(PathState& state, Word address,
                                                   std::uint64_t size_bytes);
  void write_chunks(PathState& state, const Place& place, std::span<const term::Id> chunks);
  Finding describe(PathState& state, Property property, std::string text,
                   std::shared_ptr<Valuation> valuation, term::Id shown);
  Site& site(const PathState& state, Property property);

  // effect.cpp: what is noted in Options::effects, if that is wanted.
  std::uint32_t entry_name(const PathState& state, std::uint32_t map, std::size_t number);
  void add_sources(const PathState& state, term::Id a, Leaves& leaves);
  bool holds_leaf(const PathState& state, const Slot& slot, term::Id leaf);
  std::vector<term::Id> peek(const PathState& state, Word address, std::uint64_t size_bytes);
  void note(PathState& state, Effect effect);
  void note_memory(PathState& state, const Place& place, term::Id size_bytes, Access access,
                   std::span<const term::Id> stored);
  void note_ctx(PathState& state, Word address, unsigned size_bytes, Access access,
                std::span<const term::Id> stored);
  void note_call(PathState& state, const program::Helper& row);
  void note_branch(PathState& state, term::Id condition);
  void note_finish(PathState& state, term::Id action);

  // pointer_rules.cpp: what the kernel's verifier lets a program do with pointers.
  enum class Rule : std::uint8_t {
    obeyed,
    again,  ///< a comparison is done or the insn must restart: the path goes on at its slot
    broken  ///< the path ends here
  };
  /// Before an insn.
  Rule check_pointers(PathState& state, const bpf::Insn& insn);
  Rule check_alu(PathState& state, const bpf::Insn& insn, const bpf::Row& row);
  Rule check_offset(PathState& state, term::Id offset);
  Rule check_compare(PathState& state, const bpf::Insn& insn, const bpf::Row& row);
  Rule check_base(PathState& state, unsigned reg);
  bool tells(PathState& state, bpf::JmpOp op, Word a, Word b);
  term::Id oversized_shift(PathState& state, const bpf::Insn& insn);
  void forget_shift(PathState& state, const bpf::Insn& insn, term::Id oversized);
  Rule forbid(PathState& state, std::string text);
  /// Forks into NULL and not NULL.
  Rule tell_null(PathState& state, RegionId region, std::function<void(PathState&)> otherwise);
  term::Id assumed_null(PathState& state);
  bool note_access_kind(PathState& state, Word address);
  bool may_fill(PathState& state, const Place& place, unsigned size_bytes);
  bool may_spill(PathState& state, Word address, unsigned size_bytes, Word value);
  bool stack_aligned(PathState& state, term::Id offset, unsigned size_bytes);

  // ctx_model.cpp
  bool load_ctx(PathState& state, Word address, unsigned size_bytes, Word& value);
  bool store_ctx(PathState& state, Word address, unsigned size_bytes, Word value);
  Word read_cb(PathState& state, std::uint32_t offset, unsigned size_bytes);
  void write_cb(PathState& state, std::uint32_t offset, unsigned size_bytes, term::Id value);
  void make_packet(PathState& state);
  void make_ctx(PathState& state);
  bool asks_for_metadata() const;
  /// Bytes between data_meta and data.
  term::Id metadata_bytes(const PathState& state);
  bool settle_metadata(PathState& state);
  /// The offset of data_meta at entry.
  term::Id initial_metadata(PathState& state);
  term::Id packet_length(const PathState& state);
  term::Id ctx_value(PathState& state, const runtime::CtxRow& row);
  term::Id first_value(const runtime::CtxRow& row);

  // socket_model.cpp
  bool load_socket(PathState& state, Word address, unsigned size_bytes, Word& value);
  /// A pointer to a socket that may be NULL; `acquired`: the program must release it.
  enum class Acquired : std::uint8_t { no, yes };
  Word socket_or_null(PathState& state, RegionKind kind, Acquired acquired);
  Word acquire(PathState& state, Region region);
  bool release(PathState& state, unsigned number);
  bool call_spin_lock(PathState& state);
  bool call_spin_unlock(PathState& state);
  /// Nothing may be held when `what` ends the program.
  bool holds_nothing(PathState& state, std::string_view what);

  // map_model.cpp
  void make_maps(PathState& state);
  /// The map that argument `number` is, of a type that `accepts` (any when null).
  using TypeTest = bool (*)(program::MapType);
  std::optional<std::uint32_t> map_argument(PathState& state, unsigned number, TypeTest accepts);
  Word map_address(PathState& state, std::uint32_t map);
  Word map_value_address(PathState& state, std::uint32_t map, std::uint32_t offset);
  bool call_map_lookup(PathState& state);
  /// A value about which nothing is known but its size.
  bool give_any_value(PathState& state, std::uint32_t map);
  bool give_inner_map(PathState& state, std::uint32_t map);
  std::string slot_label(std::uint32_t map, std::uint32_t number) const;
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
  /// Is argument `number` one of several maps of the same shape?
  bool is_forgetful(const PathState& state, std::uint32_t map) const;
  bool any_instance(const PathState& state, unsigned number) const;

  // map_update_model.cpp
  bool call_map_update(PathState& state);
  bool call_map_delete(PathState& state);
  bool update_array(PathState& state, const MapUpdate& update);
  bool update_hash(PathState& state, const MapUpdate& update);
  void fail_with(std::vector<Alternative>& sides, term::Id where, Value<64> answer,
                 std::span<const std::int64_t> errors);
  void replace_entry(std::vector<Alternative>& sides, const MapUpdate& update, std::uint32_t slot,
                     const Replacement& when);
  void insert_entry(std::vector<Alternative>& sides, const MapUpdate& update, std::uint32_t slot,
                    term::Id condition, term::Id memory);
  void fail_without_memory(std::vector<Alternative>& sides, term::Id condition);
  void put_value(PathState& state, const MapUpdate& update, std::uint32_t slot, InPlace in_place);
  void write_value(PathState& state, std::uint32_t map, RegionId region,
                   std::span<const term::Id> chunks);
  void evict_any(PathState& state, std::uint32_t map, std::uint32_t inserted);
  /// May a program change entries of the map by a helper?
  bool may_change(PathState& state, std::uint32_t map);
  /// Entries that were free at entry, 64 bits.
  term::Id free_entries(std::uint32_t map);
  term::Id entries_at_first(const PathState& state, std::uint32_t map, AtFirst which);
  term::Id entries_fit(const PathState& state, std::uint32_t map);
  /// Is there room for one more entry?
  term::Id has_room(PathState& state, std::uint32_t map);
  void count_entry(PathState& state, std::uint32_t map, std::int64_t change);
  term::Id memory_left(PathState& state, std::uint32_t map);
  /// Adds what every world satisfies to the path; false: no world leads here.
  bool assume_world(PathState& state, term::Id condition);
  /// `what` with the number of its occurrence in this stage: a name that does not depend on the
  /// path.
  static std::string numbered(PathState& state, const std::string& what);

  // trie_model.cpp
  term::Id same_entry(std::uint32_t map, const Slot& slot, std::span<const term::Id> key);
  term::Id is_key(std::uint32_t map, std::span<const term::Id> key);
  term::Id covers(const Slot& slot, std::span<const term::Id> key);
  term::Id prefix_length(const Slot& slot);
  term::Id unseen(const MapState& entries, const Slot& slot);
  std::optional<std::uint32_t> unseen_answer(PathState& state, std::uint32_t map,
                                             std::span<const term::Id> key, term::Id valid);
  bool lookup_trie(PathState& state, std::uint32_t map, std::span<const term::Id> key);

  // callback_model.cpp
  bool call_loop(PathState& state);
  bool enter_callback(PathState& state, const LoopCallback& callback);
  bool leave_callback(PathState& state, const Frame& frame);

  // helper_arguments.cpp: calls by the kinds of helper.def.
  Rule check_arguments(PathState& state, const program::Helper& row);
  bool check_argument(PathState& state, const program::Helper& row, unsigned number);
  bool entry_argument(PathState& state, const program::Helper& row, unsigned number);
  bool memory_argument(PathState& state, std::uint32_t helper, unsigned number, term::Id size_bytes,
                       Access access);
  bool size_pair(PathState& state, std::uint32_t helper, unsigned number, program::ArgKind memory,
                 program::ArgKind kind);
  bool object_argument(PathState& state, unsigned number, program::ArgKind kind);
  std::optional<std::uint32_t> map_before(const PathState& state, const program::Helper& row,
                                          unsigned number) const;
  bool reads_known_bytes(PathState& state, unsigned number);
  bool has_computed_size(const PathState& state, const program::Helper& row) const;
  bool overwrite(PathState& state, const program::Helper& row, unsigned number);
  /// The packet's bytes and length may be anything now.
  void replace_packet(PathState& state);
  void forget_packet(PathState& state);  ///< only the bytes
  bool set_helper_result(PathState& state, const program::Helper& row,
                         const std::array<Word, 6>& arguments);
  bool note_question(PathState& state, const program::Helper& row);
  bool call_by_kinds(PathState& state, const program::Helper& row);

  // helper_model.cpp, packet_model.cpp
  bool call_helper(PathState& state, std::uint32_t helper);
  bool call_model(PathState& state, const program::Helper& row);
  bool call_free_result(PathState& state, std::string_view name, unsigned width);
  /// "KIND#ID.WHAT[K]": a name for the k-th `what` of a stage, shared by stages of one identity.
  std::string occurrence(PathState& state, std::string_view kind, std::string_view what);
  /// What a helper says that no program computes.
  term::Id answer(PathState& state, std::string_view name, unsigned width);
  /// The same for an answer that depends on what was asked.
  term::Id answer_to(PathState& state, std::string_view name, unsigned width,
                     std::span<const term::Id> question);
  /// One bit: something that may happen and that engines are free of when it is 0.
  term::Id choice(PathState& state, std::string_view what);

  // output_model.cpp
  void give_away(PathState& state, std::uint32_t helper, std::vector<term::Id> values,
                 std::vector<term::Id> data);
  std::optional<std::vector<term::Id>> output_bytes(PathState& state, unsigned number);
  bool append_packet(PathState& state, term::Id flags, std::vector<term::Id>& values,
                     std::vector<term::Id>& data);
  bool call_trace_printk(PathState& state);
  bool call_perf_event_output(PathState& state);
  bool call_ringbuf_output(PathState& state);
  bool call_ringbuf_reserve(PathState& state);
  bool call_ringbuf_end(PathState& state, std::uint32_t helper);
  term::Id ringbuf_has_room(PathState& state, std::uint32_t map, term::Value record_bytes,
                            std::string_view full);
  bool answer_redirect(PathState& state, std::uint32_t helper, Value<64> answer,
                       std::vector<term::Id> values, std::vector<term::Id> data);
  bool call_redirect(PathState& state);
  bool call_redirect_map(PathState& state);
  bool call_redirect_neigh(PathState& state);
  bool call_redirect_peer(PathState& state);

  // fib_model.cpp
  std::vector<term::Id> fib_question(std::span<const term::Id> chunks, term::Id flags);
  term::Id fib_answer(std::string_view part, unsigned width, std::span<const term::Id> question);
  // tail_call_model.cpp
  bool call_tail(PathState& state);
  bool enter_unknown_program(PathState& state, std::uint32_t map, term::Id index);
  /// What the program in that element of the array returns, 64 bits.
  term::Id tail_result(std::uint32_t map, term::Id index);
  bool enter_known_program(PathState& state, std::uint32_t map, term::Id index);
  void enter_tail_target(PathState& state, std::uint32_t code);
  void fall_through(PathState& state);

  // inner_map_model.cpp
  bool lookup_inner_map(PathState& state, std::uint32_t map, std::span<const term::Id> key);
  void offer_inner_maps(PathState& state, std::vector<Alternative>& sides, std::uint32_t map,
                        const Candidate& candidate, term::Id null);

  // skb_model.cpp
  class PathSkb;
  template <typename... Arguments>
  bool run_skb_text(PathState& state,
                    runtime::SkbAnswer<Provenance> (*text)(PathSkb&, Arguments...));
  std::optional<bool> settled(PathState& state, term::Id condition);
  bool split(PathState& state, term::Id condition);
  Told tell(PathState& state, term::Id condition);
  std::optional<bool> call_skb_model(PathState& state, std::uint32_t helper);
  bool call_clone_redirect(PathState& state);
  /// The value of struct __sk_buff::vlan_present.
  term::Id vlan_present(PathState& state);
  bool call_fib_lookup(PathState& state);
  bool call_csum_diff(PathState& state);
  bool call_csum_replace(PathState& state, std::uint32_t helper);
  void refuse_move(std::vector<Alternative>& sides, term::Id always, term::Id driver);
  void finish_move(PathState& state, const runtime::PacketBounds<Provenance>& moved);
  bool call_adjust_head(PathState& state);
  bool call_adjust_meta(PathState& state);
  bool call_adjust_tail(PathState& state);
  bool call_load_bytes(PathState& state);
  bool call_store_bytes(PathState& state);
  void move_metadata(PathState& state, term::Id delta, std::uint64_t size_bytes);
  void move_packet(PathState& state, term::Id head, term::Id end, term::Id meta);
  std::optional<std::uint64_t> size_argument(PathState& state, unsigned number);
  bool ctx_argument(PathState& state, unsigned number);
  bool call_external_spec(PathState& state, std::uint32_t helper);
  bool leave_bytes_open(PathState& state);
  term::Id peek(term::Id offset);
  bool assume_for_spec(PathState& state);
  void set_result(PathState& state, term::Id value);
  Word argument(const PathState& state, unsigned number) const { return state.regs[number]; }
  void clobber(PathState& state);
  void unset(PathState& state, unsigned reg);

  // spec_model.cpp: statements of probity/spec.h where they stand.
  bool call_spec(PathState& state, std::uint32_t helper);
  bool keep_spec(PathState& state, program::SpecCall call);
  std::vector<Value<8>> bytes_of_chunks(std::span<const term::Id> chunks);
  std::string spec_name(std::uint32_t slot) const;
  Rule tell_spec_pointers(PathState& state, program::SpecCall call);
  std::optional<term::Id> spec_number(PathState& state, unsigned number);
  std::optional<term::Id> spec_condition(PathState& state, unsigned number);
  bool spec_target(PathState& state, SpecDemand& demand, unsigned number, unsigned size);
  /// Continues with the inputs on which `holds`; false: there are none.
  bool spec_assume(PathState& state, term::Id holds);
  bool keep_comparison(PathState& state, SpecDemand demand);
  bool keep_number(PathState& state, SpecDemand demand);
  bool keeps_entries(PathState& state, std::uint32_t map, program::SpecCall call);
  bool keep_entry(PathState& state, SpecDemand demand);
  bool keep_range(PathState& state, SpecDemand demand);
  bool assume_entry(PathState& state, program::SpecCall call);
  const Slot* slot_of_value(const PathState& state, std::uint32_t object) const;
  bool call_old(PathState& state);

  // spec_ending.cpp: the same at exit.
  bool check_specs(PathState& state, Value<32> verdict);
  bool check_demand(PathState& state, const SpecDemand& demand, Value<32> verdict);
  std::optional<term::Id> target_is_there(PathState& state, const SpecDemand& demand);
  std::optional<std::vector<Value<8>>> read_target(PathState& state, const SpecDemand& demand);
  bool check_target(PathState& state, const SpecDemand& demand, term::Id applies);
  bool check_verdict(PathState& state, const SpecDemand& demand, Value<32> verdict,
                     term::Id applies);
  bool check_length(PathState& state, const SpecDemand& demand);
  /// Is a key there, and are its bytes those demanded?
  struct SpecEntry {
    term::Id there;
    term::Id same;
  };
  SpecEntry spec_entry(PathState& state, std::uint32_t map, std::span<const term::Id> key,
                       std::span<const Value<8>> demanded);
  bool check_entry(PathState& state, const SpecDemand& demand);
  bool check_map_unchanged(PathState& state, const SpecDemand& demand);
  bool check_only_modifies(PathState& state, const SpecDemand& demand);
  SpecStatement& statement(const PathState& state);
  void report_specs();
  SpecStatement::Status spec_status(const SpecStatement& entry) const;

  // needs.cpp: what an engine must be told.
  bool is_xdp() const {
    return program_.type == program::ProgType::xdp || program_.type == program::ProgType::unspec;
  }
  /// Link header in front of what the program sees.
  std::uint32_t hidden_bytes() const;
  std::vector<term::Id> path_leaves(const PathState& state, term::Id condition);
  term::Id default_field(std::string_view name, unsigned width);
  std::vector<term::Id> witness_wishes(const PathState& state, term::Id condition);
  void tell_field(Witness& witness, std::string_view name, std::uint64_t value,
                  std::uint64_t usual);
  void tell_maps(PathState& state, Witness& witness, Valuation& valuation);
  void tell_fields(Witness& witness, Valuation& valuation, std::span<const term::Id> leaves);
  void tell_stubs(const PathState& state, Witness& witness, Valuation& valuation,
                  std::uint32_t map);
  bool tell_answer(const PathState& state, Witness& witness, Valuation& valuation, term::Id leaf);
  void tell_routes(Witness& witness, Valuation& valuation, std::span<const term::Id> leaves);
  runtime::GivenRoute route_of(Valuation& valuation, std::span<const std::uint64_t> words);
  void tell_answers(const PathState& state, Witness& witness, Valuation& valuation,
                    std::span<const term::Id> leaves);

  // witness.cpp
  /// A valuation that engines can be given most easily: short packet, small interface numbers.
  std::shared_ptr<Valuation> witness_valuation(const PathState& state, const Possibility& shown,
                                               term::Id condition);
  /// `shown`: what the valuation meets beside the path's condition.
  Witness make_witness(PathState& state, Valuation& valuation, term::Id shown);
  runtime::MapContents initial_entries(PathState& state, Valuation& valuation, std::uint32_t map);
  /// The entries that the path knows, as `ending` left them.
  runtime::MapContents final_entries(const Ending& ending, Valuation& valuation, std::uint32_t map);
  std::uint32_t inner_number(std::uint32_t map, const Slot& slot) const;
  PathCase make_case(PathState& state, std::string ending);

  std::vector<Stage> stages_;
  Options options_;
  Context context_;
  std::vector<program::MapDef> maps_;  ///< of the world
  std::vector<Code> codes_;            ///< those of the stages first
  std::uint32_t code_ = 0;             ///< the selected one
  program::View program_;              ///< of the selected code; its maps are the world's
  std::map<const program::View*, std::uint32_t> tail_codes_;  ///< of the targets of tail calls
  /// Maps that may lie in a map of maps, by its number; their names.
  std::map<std::uint32_t, std::vector<std::uint32_t>> inner_maps_;
  std::deque<std::string> inner_names_;
  term::Id length_;  ///< packet length, 16 bits
  term::Id length64_;
  term::Function packet_bytes_;
  PathSolver solver_;
  std::span<const std::optional<bpf::Insn>> insns_;  ///< of the selected code, by slot
  std::vector<RegionId> map_regions_;                ///< by map index: the map itself
  std::map<FunctionKey, RegionKind> access_kinds_;   ///< by code and slot of a load or store
  /// The side of the branch under way on which a packet pointer is known to be below data_end.
  std::optional<bool> checked_when_taken_;
  bool unchecked_load_ = false;                          ///< that pointer was not compared before
  std::map<FunctionKey, std::uint64_t> stack_depths_;    ///< bytes
  std::set<std::pair<FunctionKey, FunctionKey>> calls_;  ///< caller and callee
  PathCounts counts_;                                    // outlives the paths
  Schedule pending_;
  bool merging_ = false;
  std::vector<Choice> choices_;
  Merger merger_;
  std::uint32_t lineages_ = 0;
  std::uint32_t variants_ = 0;
  Site entry_site_;                                     ///< of all checks in entry functions
  std::map<std::array<std::uint32_t, 3>, Site> sites_;  ///< by stage, property, slot
  /// By stage and slot.
  std::map<std::pair<std::uint32_t, std::uint32_t>, SpecStatement> statements_;
  Exploration result_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
};

}  // namespace probity::symex
