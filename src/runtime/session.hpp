// SPDX-License-Identifier: Apache-2.0
// Session: the kernel's side of one program's runs in this process: ctx, packet, maps, recorded
// outputs and what the helper models (helper_*.cpp) need. Everything a program is given lies in the
// region table; nothing else is reachable from it.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "program/helper.hpp"
#include "runtime/ctx.hpp"
#include "runtime/engine.hpp"
#include "runtime/machine.hpp"
#include "runtime/map.hpp"
#include "runtime/packet_buffer.hpp"

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

  Expected<MapContents> read_map(std::string_view name);
  Expected<void> write_map(const MapContents& contents);

  // For the helper models.
  /// Counts a tail call and answers its target, or nothing: no program there, or the limit reached.
  std::span<const Op> enter_tail_target(std::string_view map, std::uint32_t index);
  /// Tail calls made in this run; engines that make some themselves count them here.
  std::uint32_t& tail_calls() { return tail_calls_; }
  const program::View& program() const { return program_; }
  /// Bare programs of no type run as XDP.
  program::ProgType program_type() const {
    return program_.type == program::ProgType::unspec ? program::ProgType::xdp : program_.type;
  }
  bool is_xdp() const { return program_type() == program::ProgType::xdp; }
  PacketBuffer& packet() { return packet_; }
  const Surroundings& surroundings() const { return surroundings_; }
  /// A stored 32-bit ctx field by name, which programs of the type must have.
  std::uint32_t ctx_field(std::string_view name) const;
  void set_ctx_field(std::string_view name, std::uint32_t value);
  VlanTag vlan_tag() const;
  void set_vlan_tag(VlanTag tag);
  /// The address of the packet's socket, a struct bpf_sock; 0 and a fault at the limit of regions.
  Address share_socket(Machine& machine);
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
  Bytes& scratch() { return scratch_.emplace_back(); }

 private:
  void bind_helpers();
  void fill_xdp_ctx(const RunInput& input);
  void fill_skb_ctx(const RunInput& input);
  void fill_socket();
  Expected<void> fill_ctx_fields(const RunInput& input);
  /// struct bpf_flow_keys of a flow dissector, before it runs and as the test run hands it out.
  void begin_flow_keys();
  Bytes finished_flow_keys() const;
  Address share_flow_keys(Machine& machine);
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
  std::deque<Bytes> scratch_;  // memory of helpers that lives until the run ends
  std::array<std::uint8_t, ctx_bytes> ctx_{};
  Bytes socket_;
  Bytes flow_keys_;
  Surroundings surroundings_;
  PacketBuffer packet_;
  std::uint32_t packet_region_ = region::packet;
  std::vector<OutputEvent> events_;
  std::uint64_t clock_ns_ = 0;
  std::uint64_t random_state_ = 0;
  std::int64_t fuel_at_start_ = 0;
  std::string explanation_;
  std::map<std::pair<std::string_view, std::uint32_t>, std::span<const Op>> tail_targets_;
  std::uint32_t tail_calls_ = 0;
};

}  // namespace probity::runtime
