// SPDX-License-Identifier: Apache-2.0
// What one insn does to the facts. Numbers come from the one semantics text over the Abstract
// domain; beside it stands what that text does not know: which values are pointers, and what a load
// through a pointer of some kind can give.
#include <algorithm>
#include <utility>

#include "isa/bpf/flow.hpp"
#include "isa/bpf/semantics_impl.hpp"
#include "opt/barrier.hpp"
#include "opt/fact_rules.hpp"
#include "runtime/ctx.hpp"

namespace probity::opt {
namespace {

using bpf::AluOp;
using bpf::ImmOp;
using bpf::Insn;
using bpf::Meaning;

constexpr std::int64_t word_bytes = 8;
constexpr auto frame_bytes = static_cast<std::int64_t>(stack_bytes);
/// Farther from its object no pointer is of use.
constexpr std::int64_t offset_limit = std::int64_t{1} << 30;
/// A kernel lets no more be added to a packet pointer (BPF_MAX_VAR_OFF).
constexpr std::int64_t variable_limit = std::int64_t{1} << 29;

std::optional<std::int64_t> moved(std::optional<std::int64_t> offset,
                                  std::optional<std::uint64_t> by) {
  const auto distance = static_cast<std::int64_t>(by.value_or(0));
  const bool far = distance > offset_limit || distance < -offset_limit;
  if (!offset || !by || far) return std::nullopt;
  const std::int64_t sum = *offset + distance;
  return sum > offset_limit || sum < -offset_limit ? std::nullopt : std::optional(sum);
}

/// Where an access goes: the fact of its base register and the distance from it.
struct Place {
  Fact base;
  std::int64_t off = 0;

  std::optional<std::int64_t> offset() const {
    if (!base.offset) return std::nullopt;
    return *base.offset + off;
  }
  /// The word of the frame that holds all of the access.
  std::optional<std::size_t> stack_word(unsigned size_bytes) const {
    const auto at = offset();
    if (base.kind != Kind::stack || !at || *at < -frame_bytes || *at >= 0) return std::nullopt;
    const std::int64_t from_bottom = *at + frame_bytes;
    if (from_bottom % word_bytes + size_bytes > word_bytes) return std::nullopt;
    return static_cast<std::size_t>(from_bottom / word_bytes);
  }
  unsigned bit_in_word() const {
    return static_cast<unsigned>((*offset() + frame_bytes) % word_bytes) * 8;
  }
};

Place place_of(const Insn& insn, const PointFacts& facts) {
  const Meaning meaning = bpf::row(insn.form).meaning;
  const bool loads = meaning == Meaning::load || meaning == Meaning::load_acquire;
  return {reg_of(facts, loads ? insn.src : insn.dst), insn.off};
}

/// Replaces bits [low, low + width) of a 64-bit word.
AbstractWord replaced_bits(const AbstractWord& word, unsigned low, unsigned width,
                           const AbstractWord& part) {
  if (width == 32) {
    const AbstractWord kept = Abstract::extract(low == 0 ? 32 : 0, 32, word);
    return low == 0 ? Abstract::concat(32, 32, kept, part) : Abstract::concat(32, 32, part, kept);
  }
  using B64 = Bv<Abstract, 64>;
  const std::uint64_t place = mask<std::uint64_t>(width) << low;
  const B64 moved = shl(B64::of(Abstract::zext(width, 64, part)), B64::lit(low));
  return ((B64::of(word) & B64::lit(~place)) | moved).raw();
}

/// The State of the semantics text: one insn's registers and the bytes it accesses, as numbers.
class NumberState {
 public:
  using D = Abstract;
  NumberState(PointFacts& facts, Place place) : facts_(facts), place_(place) {}

  Bv<D, 64> reg(bpf::Reg reg) const { return Bv<D, 64>::of(reg_of(facts_, reg).bits); }
  void set_reg(bpf::Reg reg, Bv<D, 64> value) { reg_of(facts_, reg) = number(value.raw()); }

  template <unsigned W>
  Bv<D, W> load(Bv<D, 64>) const {
    const auto word = place_.stack_word(W / 8);
    if (!word) return Bv<D, W>::of(D::any(W));
    const AbstractWord& bits = facts_.frame.words[*word].bits;
    return Bv<D, W>::of(W == 64 ? bits : D::extract(place_.bit_in_word(), W, bits));
  }
  template <unsigned W>
  void store(Bv<D, 64>, Bv<D, W> value) {
    if (is_pointer(place_.base.kind) && place_.base.kind != Kind::stack) return;
    const auto at = place_.offset();
    if (place_.base.kind != Kind::stack || !at) return forget_stack(facts_);
    const auto word = place_.stack_word(W / 8);
    if (!word) return forget_stack(facts_, *at, W / 8);
    const AbstractWord& held = facts_.frame.words[*word].bits;
    const AbstractWord bits =
        W == 64 ? value.raw() : replaced_bits(held, place_.bit_in_word(), W, value.raw());
    facts_.frame.words.set(*word, number(bits));
  }
  template <unsigned W>
  Bv<D, W> load_acquire(Bv<D, 64> address) const {
    return load<W>(address);
  }
  template <unsigned W>
  void store_release(Bv<D, 64> address, Bv<D, W> value) {
    store<W>(address, value);
  }
  template <unsigned W, typename Update>
  Bv<D, W> atomic(Bv<D, 64> address, Update update) {
    const Bv<D, W> old = load<W>(address);
    store<W>(address, update(old));
    return old;
  }
  Bv<D, 64> address_of(ImmOp, Bv<D, 32>, Bv<D, 32>) const { return Bv<D, 64>::of(D::any(64)); }
  template <unsigned W>
  bpf::PacketRead<D> load_packet(Bv<D, 32>) const {
    return {zext<64>(Bv<D, W>::of(D::any(W))), Bool<D>::lit(1)};
  }
  Bool<D> may_goto_exhausted() const { return Bool<D>::of(D::any(1)); }

 private:
  PointFacts& facts_;
  Place place_;
};

/// A packet pointer moved by what is not known, but not far, is a place of its own: sums with it
/// do not wrap either. It starts where the packet does or before bytes that are made sure of.
std::uint32_t origin_of_sum(const Fact& base, const Fact& distance, AluOp op, std::uint32_t node) {
  const auto from = base.distance();
  const bool inside = from && *from >= 0 && (base.offset || *from <= base.room);
  const bool near = distance.bits.high <= static_cast<std::uint64_t>(variable_limit);
  const bool known = base.kind == Kind::packet && op == AluOp::add && inside && near;
  return known ? node : no_node;
}

/// `base` moved by `by`, which is known or not.
Fact moved_pointer(const Fact& base, const Fact& distance, AluOp op, std::uint32_t node) {
  Fact result = base;
  auto by = distance.constant();
  if (by && op == AluOp::sub) by = 0 - *by;
  result.offset = moved(base.offset, by);
  if (base.kind != Kind::packet) return result;
  const auto beyond = moved(base.beyond, by);
  if (!by) {
    result.origin = origin_of_sum(base, distance, op, node);
    result.beyond = result.room = 0;
  } else if (base.origin == no_node || !beyond) {
    result.forget_origin();
  } else {
    result.beyond = static_cast<std::int32_t>(*beyond);
  }
  return result;
}

/// The kind that arithmetic on pointers gives; nothing when the result is a number.
std::optional<Fact> pointer_sum(const Code& code, std::uint32_t at, const PointFacts& before) {
  const Node& node = code[at];
  const Insn& insn = node.insn;
  const bpf::Row& row = bpf::row(insn.form);
  const auto op = static_cast<AluOp>(row.operation);
  if (row.width != 64) return std::nullopt;
  const bool from_register = row.operands == bpf::Operands::dst_src;
  const auto imm = static_cast<std::uint64_t>(std::int64_t{insn.imm});
  const Fact given = number(node.patched ? Abstract::any(64) : Abstract::lit(64, imm));
  const Fact right = from_register ? reg_of(before, insn.src) : given;
  if (op == AluOp::mov) return from_register ? std::optional(right) : std::nullopt;
  if (op != AluOp::add && op != AluOp::sub) return std::nullopt;
  const Fact& left = reg_of(before, insn.dst);
  if (left.kind == Kind::number && right.kind == Kind::number) return std::nullopt;
  const bool both = is_pointer(left.kind) && is_pointer(right.kind);
  if (both && op == AluOp::sub) return std::nullopt;
  const bool swapped = op == AluOp::add && is_pointer(right.kind) && left.kind == Kind::number;
  const Fact& base = swapped ? right : left;
  const Fact& distance = swapped ? left : right;
  if (!is_pointer(base.kind) || distance.kind != Kind::number || may_be_null(base.kind)) {
    return value_of(Kind::any);
  }
  return moved_pointer(base, distance, op, at);
}

Fact address(const Insn& insn, const program::View& program) {
  const auto map = static_cast<std::uint32_t>(insn.imm);
  const bool known = map < program.maps.size();
  switch (static_cast<ImmOp>(bpf::row(insn.form).operation)) {
    case ImmOp::map: {
      Fact fact = pointer(Kind::map, 0);
      if (known) fact.map = map;
      return fact;
    }
    case ImmOp::map_value: {
      Fact fact = pointer(Kind::map_value, static_cast<std::uint32_t>(insn.next_imm));
      if (known) fact.map = map;
      return fact;
    }
    case ImmOp::map_idx: return value_of(Kind::map);
    case ImmOp::map_idx_value: return value_of(Kind::map_value);
    case ImmOp::func: return value_of(Kind::other);
    case ImmOp::var: return value_of(Kind::any);
    case ImmOp::value: return number(Abstract::lit(64, insn.imm64()));
  }
  return value_of(Kind::any);
}

/// Types whose ctx holds numbers only, whatever the size, registers and arguments among them: a
/// program must ask a helper to look behind those (bpf_tracing.c, trace_events).
constexpr program::ProgType all_numbers[] = {
    program::ProgType::kprobe, program::ProgType::tracepoint, program::ProgType::perf_event,
    program::ProgType::raw_tracepoint};

/// Types whose ctx gives pointers to 8-byte loads only (struct bpf_sock, bpf_sock_ops,
/// bpf_sock_addr, sk_msg_md, … of linux/bpf.h); struct xdp_md and __sk_buff give packet pointers to
/// 4-byte loads.
constexpr program::ProgType wide_pointers[] = {
    program::ProgType::cgroup_sock,      program::ProgType::sock_ops,
    program::ProgType::cgroup_device,    program::ProgType::sk_msg,
    program::ProgType::cgroup_sock_addr, program::ProgType::sk_reuseport,
    program::ProgType::cgroup_sysctl,    program::ProgType::cgroup_sockopt,
    program::ProgType::sk_lookup};

bool is_number_field(program::ProgType type, unsigned size_bytes) {
  if (std::ranges::find(all_numbers, type) != std::end(all_numbers)) return true;
  return size_bytes < word_bytes &&
         std::ranges::find(wide_pointers, type) != std::end(wide_pointers);
}

/// A field of ctx that is not a number; nothing for one that is.
std::optional<Fact> loaded_field(const Place& place, unsigned size_bytes, program::ProgType type) {
  if (is_number_field(type, size_bytes)) return std::nullopt;
  const auto at = place.offset();
  const bool modelled = !runtime::ctx_rows(type).empty();
  if (!at || *at < 0 || !modelled) {
    return size_bytes < 4 ? std::nullopt : std::optional(value_of(Kind::any));
  }
  const auto* row = runtime::find_ctx_row(type, static_cast<std::uint32_t>(*at), size_bytes);
  if (row == nullptr) return value_of(Kind::any);
  switch (row->field) {
    case runtime::CtxField::data: return pointer(Kind::packet, 0);
    case runtime::CtxField::data_end: return pointer(Kind::packet_end, 0);
    case runtime::CtxField::data_meta: return pointer(Kind::packet_meta, 0);
    case runtime::CtxField::length:
    case runtime::CtxField::value: return std::nullopt;
    case runtime::CtxField::socket: return value_of(Kind::other_or_null);
    case runtime::CtxField::flow_keys: return value_of(Kind::other);
  }
  return value_of(Kind::any);
}

/// What a load gives when it is not a number that the text computes.
std::optional<Fact> loaded_pointer(const Insn& insn, const PointFacts& before,
                                   const program::View& program) {
  const unsigned size_bytes = bpf::row(insn.form).width / 8;
  const Place place = place_of(insn, before);
  switch (place.base.kind) {
    case Kind::stack: {
      if (size_bytes != word_bytes) return std::nullopt;
      if (!place.offset()) return value_of(Kind::any);
      const auto word = place.stack_word(size_bytes);
      if (!word) return std::nullopt;
      return before.frame.words[*word];
    }
    case Kind::ctx: return loaded_field(place, size_bytes, program.type);
    case Kind::packet:
    case Kind::packet_meta:
    case Kind::packet_end:
    case Kind::map_value:
    case Kind::map_value_or_null: return std::nullopt;
    // A pointer that the kernel gave can lead to others; the caller's frame can hold any.
    case Kind::map:
    case Kind::other:
    case Kind::other_or_null:
      return size_bytes == word_bytes ? std::optional(value_of(Kind::any)) : std::nullopt;
    // ctx may be among these.
    case Kind::nothing:
    case Kind::number:
    case Kind::any: return size_bytes < 4 ? std::nullopt : std::optional(value_of(Kind::any));
  }
  return value_of(Kind::any);
}

/// A pointer or an unknown value, stored as a whole word, is in the frame what it was.
void keep_stored(const Insn& insn, PointFacts& facts) {
  const Meaning meaning = bpf::row(insn.form).meaning;
  if (meaning != Meaning::store_reg && meaning != Meaning::store_release) return;
  if (bpf::row(insn.form).width != 64) return;
  const auto word = place_of(insn, facts).stack_word(word_bytes);
  if (word) facts.frame.words.set(*word, reg_of(facts, insn.src));
}

/// The insn's fields are not known: all that it may write is unknown.
PointFacts after_patched(const Insn& insn, PointFacts facts) {
  const Meaning meaning = bpf::row(insn.form).meaning;
  if (const auto written = bpf::written_register(insn)) {
    reg_of(facts, *written) = value_of(Kind::any);
  }
  if (meaning == Meaning::atomic) reg_of(facts, bpf::Reg::r0) = value_of(Kind::any);
  const bool stores = meaning == Meaning::store_imm || meaning == Meaning::store_reg ||
                      meaning == Meaning::atomic || meaning == Meaning::store_release;
  const Kind base = reg_of(facts, insn.dst).kind;
  if (stores && (!is_pointer(base) || base == Kind::stack)) forget_stack(facts);
  return facts;
}

}  // namespace

Fact number(const AbstractWord& bits) {
  Fact fact;
  fact.kind = Kind::number;
  fact.bits = bits;
  return fact;
}

Fact value_of(Kind kind) {
  Fact fact;
  fact.kind = kind;
  return fact;
}

Fact pointer(Kind kind, std::int64_t offset) {
  Fact fact = value_of(kind);
  fact.offset = offset;
  return fact;
}

void forget_stack(PointFacts& facts) {
  static const StackWords forgotten(value_of(Kind::any));
  facts.frame.words = forgotten;
}

void forget_stack(PointFacts& facts, std::int64_t offset, std::uint64_t size_bytes) {
  const std::int64_t first = std::clamp<std::int64_t>(offset + frame_bytes, 0, frame_bytes);
  const auto room = static_cast<std::uint64_t>(frame_bytes - first);
  const std::int64_t end = first + static_cast<std::int64_t>(std::min(size_bytes, room));
  for (std::int64_t at = first / word_bytes; at * word_bytes < end; ++at) {
    facts.frame.words.set(static_cast<std::size_t>(at), value_of(Kind::any));
  }
}

PointFacts after(const Code& code, std::uint32_t node, PointFacts before,
                 const program::View& program) {
  const Insn& insn = code[node].insn;
  const Meaning meaning = bpf::row(insn.form).meaning;
  if (!before.reached) return before;
  if (code[node].patched && !has_patched_number(code[node]))
    return after_patched(insn, std::move(before));
  if (meaning == Meaning::call) {
    if (insn.form == bpf::Form::call_local)
      call_local(before, {value_of(Kind::any), true});
    else
      call_outside(before, code, node, program);
    return before;
  }
  if (meaning == Meaning::load_imm64) {
    reg_of(before, insn.dst) = address(insn, program);
    return before;
  }
  // What is asked of the operands is asked before they change.
  std::optional<Fact> written;
  if (meaning == Meaning::alu) written = pointer_sum(code, node, before);
  const bool loads = meaning == Meaning::load || meaning == Meaning::load_acquire;
  if (loads) written = loaded_pointer(insn, before, program);
  NumberState state(before, place_of(insn, before));
  bpf::Immediates<Abstract> numbers = bpf::immediates<Abstract>(insn);
  if (code[node].patched) numbers.imm = Bv<Abstract, 32>::of(Abstract::any(32));
  bpf::meaning<Abstract>(insn.form, insn.dst, insn.src, numbers, state);
  if (written) {
    if (written->origin == node) retire_origin(before, node);
    reg_of(before, insn.dst) = *written;
  }
  keep_stored(insn, before);
  if (meaning == Meaning::load_packet) {
    for (std::size_t i = 1; i <= 5; ++i) before.regs[i] = value_of(Kind::nothing);
  }
  return before;
}

}  // namespace probity::opt
