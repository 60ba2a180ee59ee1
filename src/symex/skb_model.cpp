// SPDX-License-Identifier: Apache-2.0
// Helpers that change an sk_buff's length, headers, VLAN tag, protocol, type, hash and ECN bits, in
// strict mode. What they do is the text of runtime/skb_rule.hpp and runtime/room_rule.hpp, the same
// as the interpreter's; here lies the sk_buff of a path. A question that the path has not settled
// forks it: what the call did so far is dropped, and the insn starts again on either side. Assumed:
// the packet is linear.
#include <fmt/format.h>

#include "runtime/ctx.hpp"
#include "runtime/redirect_rule.hpp"
#include "runtime/room_rule.hpp"
#include "symex/explorer.hpp"

namespace probity::symex {
namespace {

using runtime::SkbField;

// enum bpf_func_id.
enum SkbHelper : std::uint32_t {
  clone_redirect = 13,
  skb_vlan_push = 18,
  skb_vlan_pop = 19,
  skb_change_proto = 31,
  skb_change_type = 32,
  get_hash_recalc = 34,
  skb_change_tail = 38,
  skb_pull_data = 39,
  set_hash_invalid = 41,
  skb_change_head = 43,
  set_hash = 48,
  skb_adjust_room = 50,
  skb_ecn_set_ce = 97,
};

/// Bytes that a call may add, or fill with zeros, one by one.
constexpr std::uint64_t max_new_bytes = 4096;

}  // namespace

/// The sk_buff of a path during one call.
class Explorer::PathSkb {
 public:
  using Values = Provenance;

  PathSkb(Explorer& explorer, PathState& state)
      : explorer_(explorer), state_(state), before_(kept(state)) {}

  bool decide(Bool<Provenance> condition) {
    if (stopped()) return false;
    const std::optional<bool> settled = explorer_.settled(state_, condition.raw().term);
    if (!settled) open_ = condition.raw().term;
    return settled.value_or(false);
  }
  std::optional<std::uint64_t> known(Value<64> value, std::string_view what) {
    const auto literal = explorer_.context_.store.literal(value.raw().term);
    if (literal) return static_cast<std::uint64_t>(*literal);
    refuse(std::string(what) + " that the program computes");
    return std::nullopt;
  }
  void refuse(std::string_view what) {
    if (stopped()) return;
    explorer_.give_up(state_, std::string(what) + " is not modelled");
    refused_ = true;
  }
  bool has_memory(std::string_view helper) {
    if (stopped()) return false;
    const term::Id none = explorer_.choice(state_, fmt::format("{}.no_memory", helper));
    return !decide(Bool<Provenance>::of({none, 0}));
  }

  Value<32> field(SkbField field) {
    const runtime::CtxRow& row = row_of(field);
    const auto written = state_.ctx_written.find(row.offset);
    if (written != state_.ctx_written.end()) return Value<32>::of({written->second.term, 0});
    return Value<32>::of({explorer_.first_value(row), 0});
  }
  void set_field(SkbField field, Value<32> value) {
    state_.ctx_written[row_of(field).offset] = {value.raw().term, 0};
  }
  bool hash_is_known() { return state_.skb.hash_is_known; }
  void set_hash_known(bool known) { state_.skb.hash_is_known = known; }
  Value<32> unknown_hash() {
    const term::Id hash = explorer_.answer(state_, "get_hash_recalc", 32);
    state_.free_results.emplace_back("get_hash_recalc", hash);
    return Value<32>::of({hash, 0});
  }
  bool is_encapsulated() { return state_.skb.is_encapsulated; }
  void set_encapsulated() { state_.skb.is_encapsulated = true; }
  void forget_checksum_level() {}  // what bpf_csum_level answers is any value

  Value<64> length() { return Value<64>::of({explorer_.packet_length(state_), 0}); }
  Value<64> linear_bytes() { return length(); }
  std::uint32_t link_header_bytes() { return state_.skb.network; }
  std::uint32_t network_offset() { return state_.skb.network; }
  std::optional<std::uint32_t> transport_offset() { return state_.skb.transport; }
  void set_network_offset(std::uint32_t offset) { state_.skb.network = offset; }
  void set_transport_offset(std::uint32_t offset) { state_.skb.transport = offset; }
  Value<8> byte(std::uint32_t offset) {
    const auto byte = state_.objects.at(state_.packet.object)
                          .read(explorer_.context_, place(state_.packet.head, offset), 1);
    const term::Id zero = explorer_.context_.lit(8, 0);
    return Value<8>::of({byte && *byte ? as_number(**byte) : zero, 0});
  }
  void set_byte(std::uint32_t offset, Value<8> value) {
    if (stopped()) return;
    state_.objects.writable(state_.packet.object)
        .write(explorer_.context_, place(state_.packet.head, offset), 1, value.raw());
  }
  Value<64> network_bytes() { return length() - Value<64>::lit(state_.skb.network); }
  Value<8> network_byte(std::uint32_t offset) { return byte(state_.skb.network + offset); }
  void set_network_byte(std::uint32_t offset, Value<8> value) {
    set_byte(state_.skb.network + offset, value);
  }
  void insert(std::uint32_t offset, std::uint32_t count) {
    if (count > max_new_bytes) return refuse(fmt::format("more than {} new bytes", max_new_bytes));
    shift_front(offset, count);
  }
  void remove(std::uint32_t offset, std::uint32_t count) {
    shift_front(offset, -std::int64_t{count});
  }
  void grow_head(std::uint32_t count) {
    insert(0, count);
    state_.skb.network += count;
    if (state_.skb.transport) *state_.skb.transport += count;
  }
  void set_length(Value<32> bytes);

  /// Ends the call; false: the path ends.
  bool answer(const runtime::SkbAnswer<Provenance>& answer);

 private:
  /// What a call may change.
  struct Kept {
    Packet packet;
    Objects objects;
    SkbState skb;
    std::map<std::uint32_t, Word> ctx_written;
    std::map<std::string, std::uint32_t> calls_by_helper;
    std::vector<std::pair<std::string, term::Id>> free_results;
  };
  static Kept kept(const PathState& state) {
    return {state.packet,      state.objects,         state.skb,
            state.ctx_written, state.calls_by_helper, state.free_results};
  }
  /// The path as it was before the call.
  void drop() {
    state_.packet = before_.packet;
    state_.objects = std::move(before_.objects);
    state_.skb = before_.skb;
    state_.ctx_written = std::move(before_.ctx_written);
    state_.calls_by_helper = std::move(before_.calls_by_helper);
    state_.free_results = std::move(before_.free_results);
  }
  bool stopped() const { return open_ || refused_; }
  const runtime::CtxRow& row_of(SkbField field) const {
    return *runtime::find_ctx_row(explorer_.program_.type, runtime::skb_field_name(field));
  }
  term::Id place(term::Id head, std::uint64_t offset) const {
    return explorer_.context_.store.bin(Op::add, head, explorer_.context_.lit(64, offset));
  }
  void shift_front(std::uint32_t kept_bytes, std::int64_t count);

  Explorer& explorer_;
  PathState& state_;
  Kept before_;
  std::optional<term::Id> open_;  ///< the question that forks the path
  bool refused_ = false;
};

/// The first `kept_bytes` of the packet move by `count` towards the front, or back; what opens
/// between them and the rest is zero.
void Explorer::PathSkb::shift_front(std::uint32_t kept_bytes, std::int64_t count) {
  const Value<64> metadata = Value<64>::of({explorer_.metadata_bytes(state_), 0});
  if (!decide(metadata == Value<64>::lit(0))) {
    refuse("metadata of an sk_buff whose head moves");
  }
  if (stopped()) return;
  std::vector<Value<8>> front;
  for (std::uint32_t i = 0; i < kept_bytes; ++i) front.push_back(byte(i));
  for (std::int64_t i = 0; i < count; ++i) front.push_back(Value<8>::lit(0));
  Context& context = explorer_.context_;
  const term::Id head = context.store.bin(Op::sub, state_.packet.head, context.lit64(count));
  Memory& memory = state_.objects.writable(state_.packet.object);
  for (std::size_t i = 0; i < front.size(); ++i) {
    memory.write(context, place(head, i), 1, front[i].raw());
  }
  state_.packet.head = head;
  state_.packet.meta = head;
}

void Explorer::PathSkb::set_length(Value<32> bytes) {
  if (stopped()) return;
  const Value<64> length = zext<64>(bytes);
  const Value<64> old_length = this->length();
  const auto grows = explorer_.solver_.possible(state_, ult(old_length, length).raw().term);
  const auto literal = explorer_.context_.store.literal(length.raw().term);
  if (grows.answer != Answer::no && (!literal || *literal > max_new_bytes)) {
    return refuse(
        fmt::format("bpf_skb_change_tail that grows to a computed length, or to more "
                    "than {} bytes,",
                    max_new_bytes));
  }
  const auto last = grows.answer != Answer::no ? static_cast<std::uint32_t>(*literal) : 0;
  for (std::uint32_t i = 0; i < last; ++i) {
    const Bool<Provenance> is_kept = ult(Value<64>::lit(i), old_length);
    set_byte(i, ite(is_kept, byte(i), Value<8>::lit(0)));
  }
  state_.packet.end = explorer_.context_.store.bin(Op::add, state_.packet.head, length.raw().term);
}

bool Explorer::PathSkb::answer(const runtime::SkbAnswer<Provenance>& answer) {
  if (refused_) return false;
  if (open_) {
    drop();
    return explorer_.split(state_, *open_);
  }
  if (answer.moved) {
    const Packet& packet = state_.packet;
    explorer_.move_packet(state_, packet.head, packet.end, packet.meta);
  }
  explorer_.clobber(state_);
  explorer_.set_result(state_, answer.value.raw().term);
  return true;
}

/// Which side of `condition` the path is on; nothing: it may be on both.
std::optional<bool> Explorer::settled(PathState& state, term::Id condition) {
  const Possibility yes = solver_.possible(state, condition);
  const Possibility no = solver_.possible(state, context_.store.not_(condition));
  for (const Possibility& one : {yes, no}) {
    if (one.answer == Answer::unknown) give_up(state, "helper: " + one.reason);
  }
  if (yes.answer == Answer::yes && no.answer == Answer::yes) return std::nullopt;
  return yes.answer == Answer::yes;
}

/// The path on either side of `condition`, at the same insn.
bool Explorer::split(PathState& state, term::Id condition) {
  const auto stay = [](PathState&) {};
  return fork(state, {{condition, stay}, {context_.store.not_(condition), stay}});
}

/// Which side of `condition` the path is on. When it may be on both it forks, and the insn starts
/// again on either side.
Told Explorer::tell(PathState& state, term::Id condition) {
  if (const auto side = settled(state, condition)) return {true, *side, true};
  return {false, false, split(state, condition)};
}

term::Id Explorer::vlan_present(PathState& state) {
  PathSkb skb(*this, state);
  return runtime::has_tag_beside(skb).raw().term;
}

bool Explorer::call_clone_redirect(PathState& state) {
  for (const unsigned number : {2u, 3u}) {
    if (!observable(state, argument(state, number), "the redirect")) return false;
  }
  const Value<64> flags = Value<64>::of(argument(state, 3));
  const Told taken = tell(state, runtime::clone_redirect_takes(flags).raw().term);
  if (!taken.known) return taken.goes_on;
  std::vector<term::Id> values{context_.store.extract(0, 32, argument(state, 2).term),
                               argument(state, 3).term};
  std::vector<term::Id> data;
  const term::Id whole = context_.lit(64, ~std::uint64_t{0});
  if (taken.value && !append_packet(state, whole, values, data)) return false;
  move_packet(state, state.packet.head, state.packet.end, state.packet.meta);
  if (taken.value) {
    give_away(state, clone_redirect, std::move(values), std::move(data));
    return call_free_result(state, "clone_redirect", 64);
  }
  clobber(state);
  set_result(state, context_.lit64(runtime::errno_of::invalid));
  return true;
}

/// Runs a text with as many of the arguments behind ctx as it takes.
template <typename... Arguments>
bool Explorer::run_skb_text(PathState& state,
                            runtime::SkbAnswer<Provenance> (*text)(PathSkb&, Arguments...)) {
  constexpr unsigned count = sizeof...(Arguments);
  for (unsigned number = 2; number < 2 + count; ++number) {
    if (!observable(state, argument(state, number), fmt::format("r{}", number))) return false;
  }
  PathSkb skb(*this, state);
  const auto run = [&]<unsigned... I>(std::integer_sequence<unsigned, I...>) {
    return text(skb, Value<64>::of(argument(state, 2 + I))...);
  };
  return skb.answer(run(std::make_integer_sequence<unsigned, count>()));
}

/// The call of a helper of this file; nothing: it is another one, or the mode leaves it to the call
/// by kinds.
std::optional<bool> Explorer::call_skb_model(PathState& state, std::uint32_t helper) {
  static_assert(runtime::SkbKeeper<PathSkb>);
  const bool tc = runtime::ctx_type_bit(program_.type) == runtime::ctx_types::tc;
  if (options_.mode == Mode::safety || !tc) return std::nullopt;
  using Skb = PathSkb;
  switch (helper) {
    case clone_redirect: return call_clone_redirect(state);
    case skb_vlan_push: return run_skb_text(state, &runtime::skb_vlan_push<Skb>);
    case skb_vlan_pop: return run_skb_text(state, &runtime::skb_vlan_pop<Skb>);
    case skb_change_proto: return run_skb_text(state, &runtime::skb_change_proto<Skb>);
    case skb_change_type: return run_skb_text(state, &runtime::skb_change_type<Skb>);
    case get_hash_recalc: return run_skb_text(state, &runtime::skb_hash<Skb>);
    case skb_change_tail: return run_skb_text(state, &runtime::skb_change_tail<Skb>);
    case skb_pull_data: return run_skb_text(state, &runtime::skb_pull_data<Skb>);
    case set_hash_invalid: return run_skb_text(state, &runtime::skb_forget_hash<Skb>);
    case skb_change_head: return run_skb_text(state, &runtime::skb_change_head<Skb>);
    case set_hash: return run_skb_text(state, &runtime::skb_set_hash<Skb>);
    case skb_adjust_room: return run_skb_text(state, &runtime::skb_adjust_room<Skb>);
    case skb_ecn_set_ce: return run_skb_text(state, &runtime::skb_ecn_set_ce<Skb>);
    default: return std::nullopt;
  }
}

}  // namespace probity::symex
