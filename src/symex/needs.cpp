// SPDX-License-Identifier: Apache-2.0
// What an engine must be told to follow a path: the ctx fields and helper results that the path's
// conditions and its outcome mention. What they do not mention is left as the engine has it.
// Defaults of ctx fields are those of BPF_PROG_TEST_RUN; the protocol and packet type of an sk_buff
// follow from its link header (runtime/link_header.hpp).
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "runtime/ctx.hpp"
#include "runtime/link_header.hpp"
#include "runtime/ringbuf_room.hpp"
#include "symex/arrange.hpp"
#include "symex/call_count.hpp"
#include "symex/explorer.hpp"
#include "symex/map_kind.hpp"
#include "symex/mentions.hpp"

namespace probity::symex {
namespace {

constexpr std::string_view ctx_prefix = "ctx.";

/// Variables and functions that stand for the packet, ctx and maps as the program finds them, or
/// for the byte that a statement about all bytes is broken by.
bool is_of_the_world(std::string_view name) {
  return name.starts_with("packet") || name.starts_with(ctx_prefix) || name.starts_with("map.") ||
         name.starts_with("metadata.") || name.starts_with("spec.") ||
         name.starts_with("byte.index") || name.starts_with("side!");
}

/// The bytes of ring buffer records as they are reserved.
constexpr std::string_view record_prefix = "any#record#";

/// The call that a variable stands for: "helper#0.NAME[CALL]".
struct Answered {
  std::string counted;  ///< NAME, under which its calls are counted
  std::uint32_t call = 0;
};

std::optional<Answered> answered_by(std::string_view variable) {
  constexpr std::string_view prefix = "helper#0.";
  if (!variable.starts_with(prefix) || !variable.ends_with(']')) return std::nullopt;
  variable.remove_prefix(prefix.size());
  variable.remove_suffix(1);
  const std::size_t open = variable.rfind('[');
  if (open == std::string_view::npos) return std::nullopt;
  Answered answered{std::string(variable.substr(0, open)), 0};
  const std::string_view digits = variable.substr(open + 1);
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), answered.call);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) return std::nullopt;
  return answered;
}

/// Is every call's answer one that no model computes? Then its calls are counted as an engine
/// counts them.
bool is_always_free(const program::Helper& helper) {
  constexpr std::array<std::string_view, 4> sometimes_computed = {
      "bpf_map_update_elem", "bpf_map_delete_elem", "bpf_get_hash_recalc", "bpf_clone_redirect"};
  return helper.result == program::ReturnKind::scalar &&
         std::ranges::find(sometimes_computed, helper.name) == sometimes_computed.end();
}

/// Engines take these from the packet's addresses.
bool is_of_socket(std::string_view name) {
  return name == "family" || name.starts_with("remote_") || name.starts_with("local_");
}

}  // namespace

std::uint32_t Explorer::hidden_bytes() const {
  return runtime::hidden_link_bytes(runtime::ctx_type_bit(program_.type));
}

/// Everything that decides what an engine shows of this path.
std::vector<term::Id> Explorer::path_leaves(const PathState& state, term::Id condition) {
  std::vector<term::Id> roots = state.condition;
  roots.push_back(condition);
  if (state.action) {
    roots.push_back(*state.action);
    roots.push_back(state.packet.head);
    roots.push_back(state.packet.end);
    roots.push_back(state.packet.meta);
    for (const term::Id byte : state.objects.at(state.packet.object).written_terms()) {
      roots.push_back(byte);
    }
  }
  return leaves_of(context_.store, roots);
}

/// The value of a ctx field on an engine that is not told one.
term::Id Explorer::default_field(std::string_view name, unsigned width) {
  const bool interface = name == "ifindex" || (name == "ingress_ifindex" && is_xdp());
  if (interface) return context_.lit(width, 1);
  const bool derived = !is_xdp() && (name == "protocol" || name == "pkt_type");
  if (!derived) return context_.lit(width, 0);
  const Memory initial(Unknown{packet_bytes_});
  std::vector<Value<8>> head;
  const std::int64_t hidden = hidden_bytes();
  for (std::int64_t i = 0; i < 16; ++i) {
    head.push_back(Value<8>::of({initial.initial_byte(context_, i - hidden), 0}));
  }
  const std::span<const Value<8>> bytes(head);
  const auto header = bytes.first(runtime::link_header_bytes);
  if (name == "pkt_type") return runtime::link_packet_type<Provenance>(header).raw().term;
  const term::Id longer = context_.store.not_(context_.store.bin(
      Op::ult, length_, context_.lit(16, static_cast<std::uint64_t>(16 - hidden))));
  const auto type = runtime::link_protocol<Provenance>(
      header, bytes.subspan(runtime::link_header_bytes), Bool<Provenance>::of({longer, 0}));
  return context_.store.zext(width, type.raw().term);
}

/// What makes a witness easy to run, the most useful first.
std::vector<term::Id> Explorer::witness_wishes(const PathState& state, term::Id condition) {
  constexpr std::uint64_t small_interface = 256;
  term::Store& store = context_.store;
  std::vector<term::Id> wishes;
  for (const term::Id leaf : path_leaves(state, condition)) {
    if (leaf_name(store, leaf).starts_with(record_prefix)) {
      const term::Id fresh = context_.lit(8, runtime::fresh_record_byte);
      wishes.push_back(store.eq(leaf, fresh));  // as on the engines of this process
    }
    if (store.kind(leaf) != term::Kind::var) continue;
    const std::string name(store.name(leaf));
    if (name.starts_with(choice_prefix)) wishes.push_back(store.not_(leaf));
    if (name == "metadata.words") wishes.push_back(store.eq(leaf, context_.lit(8, 0)));
    if (!name.starts_with(ctx_prefix)) continue;
    const std::string_view field = std::string_view(name).substr(ctx_prefix.size());
    if (field.ends_with("ifindex")) {
      wishes.push_back(store.bin(Op::ult, leaf, context_.lit(32, small_interface)));
    }
    wishes.push_back(store.eq(leaf, default_field(field, store.width(leaf))));
  }
  for (std::uint32_t map = 0; map < state.maps.size(); ++map) {
    if (!state.maps[map].counted) continue;  // the fewest entries that nobody asked for
    const term::Id known = entries_at_first(state, map, AtFirst::present);
    const term::Id all = store.bin(Op::add, known, free_entries(map));
    wishes.push_back(store.eq(all, context_.lit(64, program_.maps[map].max_entries)));
  }
  return wishes;
}

void Explorer::tell_field(Witness& witness, std::string_view name, std::uint64_t value,
                          std::uint64_t usual) {
  const auto small = static_cast<std::uint32_t>(value);
  if (is_xdp() && name == "ingress_ifindex") {
    witness.input.ingress_ifindex = small;
  } else if (is_xdp() && name == "rx_queue_index") {
    witness.input.rx_queue_index = small;
  } else if (!is_xdp() && name == "ifindex") {
    witness.input.ingress_ifindex = small;
  } else if (!is_xdp() && name == "mark") {
    witness.input.mark = small;
  } else if (value != usual || is_of_socket(name)) {
    const runtime::CtxRow* row = runtime::find_ctx_row(program_.type, name);
    const bool taken =
        row != nullptr && (row->test_run & runtime::ctx_type_bit(program_.type)) != 0;
    witness.input.fields.push_back({std::string(name), value});
    if (!taken) witness.not_replayable.push_back(fmt::format("ctx->{} = {:#x}", name, value));
  }
}

void Explorer::tell_fields(Witness& witness, Valuation& valuation,
                           std::span<const term::Id> leaves) {
  const term::Store& store = context_.store;
  for (const term::Id leaf : leaves) {
    if (store.kind(leaf) != term::Kind::var || !store.name(leaf).starts_with(ctx_prefix)) continue;
    const std::string name(store.name(leaf).substr(ctx_prefix.size()));
    const auto value = static_cast<std::uint64_t>(valuation(leaf));
    const term::Id usual = default_field(name, store.width(leaf));
    tell_field(witness, name, value, static_cast<std::uint64_t>(valuation(usual)));
  }
}

/// What maps hold at first. Sockets cannot be put into a map.
void Explorer::tell_maps(PathState& state, Witness& witness, Valuation& valuation) {
  const auto there = [&valuation](const Slot& slot) {
    return valuation(slot.initially_present) != 0;
  };
  for (std::uint32_t map = 0; map < state.maps.size(); ++map) {
    const program::MapDef& def = program_.maps[map];
    const std::vector<Slot>& slots = state.maps[map].slots;
    if (def.read_only || slots.empty()) continue;
    if (def.type == program::MapType::xskmap && std::ranges::any_of(slots, there)) {
      witness.helper_results.push_back(fmt::format("of a socket in {}", def.name));
    } else if (def.type == program::MapType::prog_array) {
      tell_stubs(state, witness, valuation, map);
    } else {
      witness.maps.push_back(initial_entries(state, valuation, map));
    }
  }
}

/// Elements of an array of programs that somebody else fills.
void Explorer::tell_stubs(const PathState& state, Witness& witness, Valuation& valuation,
                          std::uint32_t map) {
  std::set<std::uint32_t> told;
  for (const Slot& slot : state.maps[map].slots) {
    if (slot.guard && !valuation.holds(slot.guard)) continue;
    const auto index = static_cast<std::uint32_t>(valuation(slot.key.front()));
    if (!told.insert(index).second) continue;  // an earlier entry has this key
    const program::MapDef& def = program_.maps[map];
    if (valuation(slot.initially_present) == 0 || index >= def.max_entries) continue;
    const term::Id result = tail_result(map, context_.lit(32, index));
    witness.stubs.push_back(
        {std::string(def.name), index, static_cast<std::uint64_t>(valuation(result))});
  }
}

/// Makes the engines of this process give the answer that the variable `name` stands for, if that
/// is the answer of one call.
bool Explorer::tell_answer(const PathState& state, Witness& witness, Valuation& valuation,
                           term::Id leaf) {
  const std::string_view name = leaf_name(context_.store, leaf);
  const auto value = static_cast<std::uint64_t>(valuation(leaf));
  const auto shared = [](const Stage& stage) { return stage.identity == 0; };
  const std::optional<Answered> answered = answered_by(name);
  if (!answered || !std::ranges::all_of(stages_, shared)) return false;
  const program::Helper* const row = program::find_helper(answered->counted);
  if (row == nullptr || !is_always_free(*row)) return false;
  const auto call = engine_call(state, valuation, answered->counted, answered->call);
  if (!call) return false;
  if (!call->made) return true;
  witness.input.answers.push_back({std::string(row->name), call->number, value});
  witness.not_replayable.push_back(
      fmt::format("call {} of {} = {:#x}", call->number, row->name, value));
  return true;
}

/// Answers that the path depends on, and those that no engine can be told.
void Explorer::tell_answers(const PathState& state, Witness& witness, Valuation& valuation,
                            std::span<const term::Id> leaves) {
  const term::Store& store = context_.store;
  for (const term::Id leaf : leaves) {
    const std::string_view name = leaf_name(store, leaf);
    if (is_of_the_world(name)) continue;
    const auto value = static_cast<std::uint64_t>(valuation(leaf));
    if (name.starts_with(choice_prefix) && value == 0) continue;
    if (name.starts_with(choice_prefix) && name.contains(".xdp_adjust_head.no_headroom[")) {
      witness.helper_results.emplace_back(no_headroom);
      continue;
    }
    if (name.starts_with(interference_prefix)) {
      witness.helper_results.push_back(std::string(name.substr(0, name.find('!'))));
      continue;
    }
    // See tell_stubs and tell_routes.
    if (name.starts_with(tail_result_prefix) || name.starts_with(fib_prefix)) continue;
    if (name.starts_with(record_prefix) && value == runtime::fresh_record_byte) {
      witness.not_replayable.emplace_back("what a new ring buffer record holds");
      continue;
    }
    if (tell_answer(state, witness, valuation, leaf)) continue;
    const bool arbitrary = context_.taint.is_arbitrary(leaf);
    witness.helper_results.push_back(arbitrary ? "of an address, of memory never written or shared"
                                               : fmt::format("{} = {:#x}", name, value));
  }
  if (state.action) return;
  // What the rest of the run asks is not known.
  for (const auto& [helper, term] : state.free_results) {
    const auto value = static_cast<std::uint64_t>(valuation(term));
    witness.not_replayable.push_back(fmt::format("{} = {:#x}", helper, value));
  }
}

}  // namespace probity::symex
