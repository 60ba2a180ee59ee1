// SPDX-License-Identifier: Apache-2.0
// Session: the kernel's side of one program's runs in this process: ctx, packet, maps, recorded
// outputs and what the helper models (helper_*.cpp) need. Everything a program is given lies in the
// region table; nothing else is reachable from it.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "program/helper.hpp"
#include "runtime/ctx.hpp"
#include "runtime/engine.hpp"
#include "runtime/machine.hpp"
#include "runtime/map.hpp"
#include "runtime/packet_buffer.hpp"
#include "runtime/spec_run.hpp"

namespace probity::runtime {

struct HelperModel;
constexpr std::uint32_t max_helper_id = 255;
constexpr std::size_t max_regions = 1u << 20;
constexpr std::size_t max_events_per_run = 1u << 16;

/// A VLAN tag beside the packet, as drivers keep it: the numbers that __sk_buff shows.
struct VlanTag {
  std::uint32_t protocol = 0;  ///< in network byte order
  std::uint32_t tci = 0;
  bool is_present() const { return (protocol | tci) != 0; }
};

/// What the kernel notes about an sk_buff beyond its ctx fields.
struct SkbNotes {
  std::optional<std::uint32_t> checksum_level;  ///< CHECKSUM_UNNECESSARY, and how many checksums
  bool hash_is_known = false;
  bool is_encapsulated = false;
  Bytes tunnel_key;  ///< struct bpf_tunnel_key as set; empty: no tunnel
  std::uint64_t tunnel_flags = 0;
};

/// A struct bpf_timer that timer_init made.
struct Timer {
  std::optional<std::uint32_t> callback;  ///< slot of its function
  bool is_started = false;
};

class Session final : public Environment {
 public:
  explicit Session(const program::View& program) : program_(program) { bind_helpers(); }

  Expected<void> make_maps();
  /// Fresh ctx, packet and regions for one run; gives r1 and r2 through prepare().
  Expected<void> begin_run(Machine& machine, const RunInput& input, std::uint64_t fuel_insns);
  /// Collects the outputs of the run.
  RunOutput end_run(Machine& machine, RunResult result);

  SlowAccess ctx_load(Machine& machine, std::uint32_t offset, unsigned size_bytes) override;
  SlowAccess ctx_store(Machine& machine, std::uint32_t offset, unsigned size_bytes,
                       std::uint64_t value) override;
  HelperFlow call_helper(Machine& machine, std::uint32_t helper) override;
  std::uint64_t address_of(Machine& machine, bpf::ImmOp op, std::uint32_t imm,
                           std::uint32_t next_imm) override;
  PacketBytes load_packet(Machine& machine, std::uint32_t offset, unsigned size_bytes) override;

  /// The code that a tail call through element `index` of the map enters; empty: it falls through.
  void set_tail_target(std::string_view map, std::uint32_t index, std::span<const Op> code) {
    tail_targets_[{map, index}] = code;
  }

  /// The programs that a user may put into a prog_array, by number: the main one, then the tail
  /// targets.
  void set_tail_programs(std::vector<std::span<const Op>> programs) {
    tail_programs_ = std::move(programs);
  }
  /// The code behind an element of a prog_array, or nothing.
  std::span<const Op> tail_target(std::string_view map, std::uint32_t index) const {
    const auto found = tail_targets_.find({map, index});
    return found == tail_targets_.end() ? std::span<const Op>() : found->second;
  }

  Expected<MapContents> read_map(std::string_view name);
  Expected<void> write_map(const MapContents& contents);
  Expected<Bytes> read_records(std::string_view name);

  // For the helper models.
  /// Counts a tail call and answers its target, or nothing: no program there, or the limit reached.
  std::span<const Op> enter_tail_target(std::string_view map, std::uint32_t index);
  /// Counts a call of the helper; what the input says that this one answers, or nothing.
  std::optional<std::uint64_t> take_given_answer(std::uint32_t helper);
  /// The route that the input gives for this question, or null.
  const GivenRoute* given_route(std::span<const std::uint8_t> question, std::uint32_t flags) const;
  /// Tail calls made in this run; engines that make some themselves count them here.
  std::uint32_t& tail_calls() { return tail_calls_; }
  const program::View& program() const { return program_; }
  /// Bare programs of no type run as XDP.
  program::ProgType program_type() const {
    return program_.type == program::ProgType::unspec ? program::ProgType::xdp : program_.type;
  }
  bool is_xdp() const { return program_type() == program::ProgType::xdp; }
  PacketBuffer& packet() { return packet_; }
  std::uint32_t packet_region() const { return packet_region_; }
  const Surroundings& surroundings() const { return surroundings_; }
  /// A stored 32-bit ctx field by name, which programs of the type must have.
  std::uint32_t ctx_field(std::string_view name) const;
  void set_ctx_field(std::string_view name, std::uint32_t value);
  /// The calls of probity/external_spec.h: questions are answered, the others recorded.
  HelperFlow run_external_spec_call(Machine& machine, std::uint32_t helper);
  /// The values of the fields that the program may write.
  std::vector<CtxValue> written_ctx() const;
  VlanTag vlan_tag() const;
  void set_vlan_tag(VlanTag tag);
  /// The map whose handle `address` is, or null.
  Map* map_at(Address address);
  Map* find_map(std::string_view name);
  MapMemory& map_memory() { return map_memory_; }
  /// The guest address of host memory, the same for the same memory within a run; 0 (and a fault)
  /// at the limit.
  Address share(Machine& machine, std::uint8_t* host, std::uint64_t size, RegionKind kind,
                Access access);
  /// Ends all access through the region of `address`.
  void withdraw(Machine& machine, Address address);
  /// The packet's region after its bounds changed: a new one, so that old pointers fault.
  void renew_packet_region(Machine& machine);
  void record(std::string_view helper, std::vector<std::uint64_t> values, Bytes data);
  /// Why the run stopped, beyond the fault's kind.
  void explain(std::string text) { explanation_ = std::move(text); }
  std::uint64_t read_clock_ns();
  std::uint32_t next_random();
  /// Bytes that ringbuf records of map `index` occupy; nobody consumes them.
  std::uint64_t& ringbuf_used(Address map) { return ringbuf_used_[map]; }
  /// A reserved record in a region of its own, which the program must submit or discard.
  void hold_record(Address record, std::uint32_t slot) { held_[region_of(record)] = slot; }
  /// True when `record` was held.
  bool let_go_record(Address record) {
    return offset_of(record) == 0 && held_.erase(region_of(record)) == 1;
  }
  /// The spin lock that the program holds, or 0.
  Address& held_lock() { return held_lock_; }
  /// Records why a program may not end (or leave by a tail call) now; true when it may.
  bool require_nothing_held(Machine& machine);
  SkbNotes& skb_notes() { return skb_notes_; }
  bool is_socket(Address address) const;
  /// The timer in a map value, or null when timer_init has not made it.
  Timer* find_timer(const std::uint8_t* place);
  bool has_timers() const { return !timers_.empty(); }
  Timer& make_timer(const std::uint8_t* place) { return timers_[place]; }
  /// Timers end with the value that holds them.
  void end_timers(const std::uint8_t* value, std::uint64_t size);
  /// Zeroed memory that belongs to the map for this run: cgroup and socket storage.
  Bytes* find_storage(Address map);
  Bytes& make_storage(Address map, std::uint32_t size);
  void drop_storage(Machine& machine, Address map);
  /// Whether the namespace of the run has a device of that number: lo and the one it runs on.
  bool has_device(std::uint32_t ifindex) const {
    return ifindex == 1 || (ifindex == device_ && ifindex != 0);
  }
  Bytes& scratch() { return scratch_.emplace_back(); }

 private:
  void bind_helpers();
  Expected<void> fill_outer_maps();
  /// Values of maps of maps are numbers of maps, those of prog_arrays of programs, which tail calls
  /// then enter.
  Expected<void> require_object(const program::MapDef& map, const MapEntry& entry);
  void fill_xdp_ctx(const RunInput& input);
  void fill_skb_ctx(const RunInput& input);
  void fill_socket();
  Expected<void> fill_ctx_fields(const RunInput& input);
  Expected<void> fill_answers(const RunInput& input);
  /// struct bpf_flow_keys of a flow dissector, before it runs and as the test run hands it out.
  void begin_flow_keys();
  Bytes finished_flow_keys() const;
  /// Gives what ctx fields point at, beyond the packet, its place in the region table.
  void share_ctx_objects(Machine& machine);
  SlowAccess refuse_ctx(Machine& machine, std::uint32_t offset, unsigned size_bytes,
                        std::string text);
  std::string describe(const FaultPoint& fault) const;

  const program::View& program_;
  std::vector<const HelperModel*> helper_models_;  // by id; null where there is none
  MapMemory map_memory_;
  std::vector<std::unique_ptr<Map>> maps_;
  std::vector<Region> regions_;
  std::unordered_map<const std::uint8_t*, std::uint32_t> shared_;  // host memory to region
  std::unordered_map<Address, std::uint64_t> ringbuf_used_;
  std::deque<Bytes> scratch_;                    // memory of helpers that lives until the run ends
  std::map<std::uint32_t, std::uint32_t> held_;  // regions of reserved records; where reserved
  Address held_lock_ = 0;
  SkbNotes skb_notes_;
  std::unordered_map<const std::uint8_t*, Timer> timers_;
  std::map<Address, Bytes> storage_;
  std::uint32_t device_ = 1;  // that the packet came in on
  std::array<std::uint8_t, ctx_bytes> ctx_{};
  std::span<const std::uint8_t> packet_at_entry_;  ///< from data on; the caller's bytes
  Bytes socket_;
  Bytes flow_keys_;
  Address ctx_object_ = 0;  // of the socket, or of the flow keys
  Surroundings surroundings_;
  PacketBuffer packet_;
  std::uint32_t packet_region_ = region::packet;
  SpecRun specs_;
  std::vector<OutputEvent> events_;
  std::uint64_t events_not_kept_ = 0;  // beyond max_events_per_run; an event of its own at the end
  std::uint64_t clock_ns_ = 0;
  std::uint64_t random_state_ = 0;
  std::int64_t fuel_at_start_ = 0;
  std::string explanation_;
  std::map<std::pair<std::string_view, std::uint32_t>, std::span<const Op>> tail_targets_;
  std::vector<std::span<const Op>> tail_programs_;
  std::uint32_t tail_calls_ = 0;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> given_answers_;  // helper, call
  std::vector<GivenRoute> given_routes_;
  std::map<std::uint32_t, std::uint32_t> calls_;  // of helpers, while answers are given
};

}  // namespace probity::runtime
