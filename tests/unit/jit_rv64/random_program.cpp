// SPDX-License-Identifier: Apache-2.0
// The generator keeps r9 (the memory), r8 (the loop's counter) and r10; all else is data.
#include "random_program.hpp"

#include <algorithm>
#include <cstring>

#include "domain/concrete.hpp"
#include "isa/bpf/codec.hpp"
#include "isa/bpf/semantics_impl.hpp"

namespace probity::jit::rv64 {
namespace {

using bpf::Form;
using bpf::Insn;
using bpf::Meaning;
using bpf::Reg;
using B64 = Bv<Concrete, 64>;

constexpr Reg memory_reg = Reg::r9, counter_reg = Reg::r8;
constexpr unsigned body_insns = 40;

class Writer {
 public:
  Writer(std::mt19937_64& random, Memory memory) : random_(random), memory_(memory) {}

  Program write() {
    add({Form::mov64_reg, memory_reg, Reg::r1});
    for (unsigned i = 0; i < 8; ++i) {
      add({Form::lddw, static_cast<Reg>(i), Reg::r0, 0, number(), number()});
    }
    add({Form::mov64_imm, counter_reg, Reg::r0, 0, 3});
    const std::size_t loop = insns_.size();
    write_body();
    write_helper_call();
    add({Form::add64_imm, counter_reg, Reg::r0, 0, -1});
    jump({Form::jne_imm, counter_reg}, loop);
    for (unsigned i = 1; i < 8; ++i) {
      add({Form::mul64_imm, Reg::r0, Reg::r0, 0, 31});
      add({Form::add64_reg, Reg::r0, static_cast<Reg>(i)});
    }
    add({Form::exit});
    write_function();
    return finish();
  }

 private:
  std::size_t add(const Insn& insn) {
    insns_.push_back(insn);
    targets_.push_back(0);
    return insns_.size() - 1;
  }
  /// `target` is the index of an insn.
  void jump(const Insn& insn, std::size_t target) { targets_[add(insn)] = target; }

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  Reg data() { return static_cast<Reg>(below(8)); }
  std::int32_t number() {
    constexpr std::array<std::int32_t, 10> edges = {
        0, 1, -1, 2047, 2048, -2048, -2049, 0x7fffffff, -0x7fffffff - 1, 31};
    if (below(2) == 0) return edges[below(edges.size())];
    return static_cast<std::int32_t>(random_() >> below(32));
  }

  void write_body() {
    const std::size_t end = insns_.size() + body_insns;
    while (insns_.size() < end) {
      const auto form = static_cast<Form>(below(bpf::form_count));
      const bpf::Row& row = bpf::row(form);
      switch (row.meaning) {
        case Meaning::alu:
        case Meaning::movsx:
        case Meaning::byte_swap: write_alu(form); break;
        case Meaning::load_imm64:
          if (form == Form::lddw) add({form, data(), Reg::r0, 0, number(), number()});
          break;
        case Meaning::jump:
        case Meaning::branch: write_branch(form, end); break;
        case Meaning::call:
          if (form == Form::call_local && below(4) == 0) calls_.push_back(add({form}));
          break;
        case Meaning::may_goto:
        case Meaning::exit:
        case Meaning::load_packet: break;
        case Meaning::load:
        case Meaning::store_imm:
        case Meaning::store_reg:
        case Meaning::atomic:
        case Meaning::load_acquire:
        case Meaning::store_release: write_access(form); break;
      }
    }
  }

  void write_alu(Form form) {
    const bpf::Row& row = bpf::row(form);
    Insn insn{form, data(), Reg::r0};
    if (row.selector == bpf::Selector::off) insn.off = row.selector_value;
    if (row.selector == bpf::Selector::imm) insn.imm = row.selector_value;
    if (row.operands == bpf::Operands::dst_src) insn.src = data();
    if (row.operands == bpf::Operands::dst_imm) insn.imm = number();
    add(insn);
  }

  void write_branch(Form form, std::size_t end) {
    const bpf::Row& row = bpf::row(form);
    Insn insn{form};
    if (row.meaning == Meaning::branch) insn.dst = data();
    if (row.operands == bpf::Operands::dst_src_off) insn.src = data();
    if (row.operands == bpf::Operands::dst_imm_off) insn.imm = number();
    jump(insn, std::min(end, insns_.size() + 1 + below(5)));
  }

  void write_access(Form form) {
    const bpf::Row& row = bpf::row(form);
    const bool from_src = row.meaning == Meaning::load || row.meaning == Meaning::load_acquire;
    const bool on_stack = below(3) == 0;
    const Reg base = on_stack ? Reg::r10 : memory_reg;
    const std::uint64_t bytes = row.width / 8;
    const std::uint64_t limit = on_stack ? frame_bytes : memory_bytes;
    auto off = static_cast<std::int64_t>(below(limit / bytes) * bytes);
    if (row.meaning < Meaning::atomic && below(2) == 0) {
      off = static_cast<std::int64_t>(below(limit - bytes + 1));
    }
    if (on_stack) off -= frame_bytes;
    if (memory_ == Memory::checked && below(40) == 0) off += static_cast<std::int64_t>(below(2000));
    Insn insn{form, from_src ? data() : base, from_src ? base : data(),
              static_cast<std::int16_t>(off)};
    if (row.operands == bpf::Operands::mem_imm) insn = {form, base, Reg::r0, insn.off, number()};
    if (row.selector == bpf::Selector::imm) insn.imm = row.selector_value;
    add(insn);
  }

  void write_helper_call() {
    add({Form::call_helper, Reg::r0, Reg::r0, 0, below(8) == 0 ? 2 : 1});
    for (unsigned i = 1; i <= 5; ++i) {
      add({Form::mov32_imm, static_cast<Reg>(i), Reg::r0, 0, number()});
    }
  }

  /// Uses its own frame, and the registers that its caller must find again; calls itself while r6
  /// has its lowest bit.
  void write_function() {
    const std::size_t start = insns_.size();
    for (const std::size_t call : calls_) targets_[call] = start;
    add({Form::stxdw, Reg::r10, Reg::r6, -8});
    add({Form::stxdw, Reg::r10, Reg::r2, -512});
    add({Form::mov64_reg, Reg::r7, Reg::r1});
    jump({Form::jset_imm, Reg::r6, Reg::r0, 0, 1}, insns_.size() + 2);
    jump({Form::ja}, insns_.size() + 3);
    add({Form::rsh64_imm, Reg::r6, Reg::r0, 0, 1});
    jump({Form::call_local}, start);
    add({Form::mov64_imm, Reg::r8, Reg::r0, 0, -5});
    add({Form::mov64_imm, Reg::r9, Reg::r0, 0, -6});
    add({Form::ldxdw, Reg::r0, Reg::r10, -8});
    add({Form::add64_reg, Reg::r0, Reg::r7});
    add({Form::exit});
  }

  Program finish() {
    Program program;
    std::uint32_t slot = 0;
    for (const Insn& insn : insns_) {
      program.first_slot.push_back(slot);
      slot += insn.slot_count();
    }
    program.first_slot.push_back(slot);
    for (std::size_t i = 0; i < insns_.size(); ++i) {
      Insn& insn = insns_[i];
      const auto displacement = static_cast<std::int32_t>(program.first_slot[targets_[i]]) -
                                static_cast<std::int32_t>(program.first_slot[i + 1]);
      const Meaning meaning = bpf::row(insn.form).meaning;
      if (insn.form == Form::ja32 || insn.form == Form::call_local) {
        insn.imm = displacement;
      } else if (meaning == Meaning::jump || meaning == Meaning::branch) {
        insn.off = static_cast<std::int16_t>(displacement);
      }
      const std::array<bpf::Slot, 2> encoded = bpf::encode(insn);
      program.slots.insert(program.slots.end(), encoded.begin(),
                           encoded.begin() + insn.slot_count());
    }
    program.insns = insns_;
    return program;
  }

  std::mt19937_64& random_;
  Memory memory_;
  std::vector<Insn> insns_;
  std::vector<std::size_t> targets_;  ///< by insn
  std::vector<std::size_t> calls_;
};

/// bpf::meaning's State. Addresses are those of checked memory in either mode: what a pointer is
/// does not show in the data.
struct State {
  std::array<std::uint64_t, bpf::reg_count> registers{};
  Surroundings& surroundings;
  Memory memory;  ///< which way the frames lie
  bool refused = false;

  B64 reg(Reg r) const { return B64::of(registers[static_cast<unsigned>(r)]); }
  void set_reg(Reg r, B64 value) { registers[static_cast<unsigned>(r)] = value.raw(); }

  enum class Use : std::uint8_t { read, write };
  std::uint8_t* host(B64 address, unsigned bytes, Use use, unsigned alignment) {
    const std::uint64_t region = address.raw() >> 32, offset = address.raw() & 0xffff'ffff;
    std::uint8_t* start = nullptr;
    std::uint64_t limit = 0;
    if (region == memory_region || (region == constant_region && use == Use::read)) {
      start = surroundings.memory.data();
      limit = memory_bytes;
    } else if (region >= first_frame_region && region < region_count) {
      const std::uint64_t depth = region - first_frame_region;
      const bool upwards = memory == Memory::checked;
      start = surroundings.stacks.data() +
              (upwards ? depth : frame_count - 1 - depth) * std::uint64_t{frame_bytes};
      limit = frame_bytes;
    }
    refused = refused || offset + bytes > limit || offset % alignment != 0;
    return refused ? nullptr : start + offset;
  }
  template <unsigned W>
  Bv<Concrete, W> load(B64 address, unsigned alignment = 1, Use use = Use::read) {
    std::uint64_t word = 0;
    if (const std::uint8_t* at = host(address, W / 8, use, alignment))
      std::memcpy(&word, at, W / 8);
    return Bv<Concrete, W>::of(word);
  }
  template <unsigned W>
  void store(B64 address, Bv<Concrete, W> value, unsigned alignment = 1) {
    const std::uint64_t word = value.raw();
    if (std::uint8_t* at = host(address, W / 8, Use::write, alignment)) {
      std::memcpy(at, &word, W / 8);
    }
  }
  template <unsigned W>
  Bv<Concrete, W> load_acquire(B64 address) {
    return load<W>(address, W / 8);
  }
  template <unsigned W>
  void store_release(B64 address, Bv<Concrete, W> value) {
    store<W>(address, value, W / 8);
  }
  template <unsigned W, typename T>
  Bv<Concrete, W> atomic(B64 address, T&& update) {
    const Bv<Concrete, W> old = load<W>(address, W / 8, Use::write);
    store<W>(address, update(old), W / 8);
    return old;
  }
  B64 address_of(bpf::ImmOp, Bv<Concrete, 32>, Bv<Concrete, 32>) { return {}; }
  template <unsigned W>
  bpf::PacketRead<Concrete> load_packet(Bv<Concrete, 32>) {
    return {};
  }
  Bool<Concrete> may_goto_exhausted() { return {}; }
};

struct Frame {
  std::uint32_t return_slot;
  std::array<std::uint64_t, 5> saved;  ///< r6..r10
};

class Run {
 public:
  Run(const Program& program, const Options& options, std::uint64_t fuel,
      Surroundings& surroundings)
      : program_(program), options_(options), state_{{}, surroundings, options.memory} {
    result_.fuel = fuel;
    state_.registers[1] = memory_region << 32;
    state_.registers[10] = first_frame_region << 32 | frame_bytes;
    by_slot_.resize(program.slots.size());
    for (std::size_t i = 0; i < program.insns.size(); ++i) {
      by_slot_[program.first_slot[i]] = static_cast<std::uint32_t>(i);
    }
  }

  RunResult result() {
    while (!ended_) step();
    result_.r0 = state_.registers[0];
    return result_;
  }

 private:
  void step() {
    const Insn& insn = program_.insns[by_slot_[slot_]];
    const std::uint32_t next = slot_ + insn.slot_count();
    const auto before = state_.registers;
    const bpf::Next<Concrete> flow = bpf::meaning<Concrete>(
        insn.form, insn.dst, insn.src, bpf::immediates<Concrete>(insn), state_);
    const auto target = next + static_cast<std::uint32_t>(flow.target.raw());
    const bool jumps = flow.flow == bpf::Flow::jump || flow.flow == bpf::Flow::branch;
    const bool pays = options_.fuel == Fuel::at_back_edges && jumps && target <= slot_;
    if (state_.refused || (pays && result_.fuel == 0)) {
      state_.registers = before;
      return assist();
    }
    if (pays) --result_.fuel;
    switch (flow.flow) {
      case bpf::Flow::next: slot_ = next; break;
      case bpf::Flow::jump: slot_ = target; break;
      case bpf::Flow::branch: slot_ = flow.taken.raw() != 0 ? target : next; break;
      case bpf::Flow::call_helper: call_helper(flow.target.raw(), next); break;
      case bpf::Flow::call_local: call_local(target, next); break;
      case bpf::Flow::exit: leave_frame(); break;
      case bpf::Flow::call_kfunc:
      case bpf::Flow::call_reg:
      case bpf::Flow::exit_unless: ended_ = true; break;
    }
  }

  void assist() {
    result_.assists = 1;
    result_.assist_insn = slot_;
    std::copy(state_.registers.begin(), state_.registers.end(), result_.registers);
    ended_ = true;
  }
  void call_helper(std::uint64_t id, std::uint32_t next) {
    const auto& r = state_.registers;
    state_.registers[0] = id == 1 ? mix(r[1], r[2], r[3], r[4], r[5], slot_) : stop_result;
    ended_ = id != 1;
    slot_ = next;
  }
  void call_local(std::uint32_t target, std::uint32_t next) {
    if (frames_.size() + 1 == frame_count) return assist();
    Frame frame{next, {}};
    std::copy_n(state_.registers.begin() + 6, 5, frame.saved.begin());
    frames_.push_back(frame);
    state_.registers[10] += std::uint64_t{1} << 32;
    slot_ = target;
  }
  void leave_frame() {
    if (frames_.empty()) {
      ended_ = true;
      return;
    }
    std::copy_n(frames_.back().saved.begin(), 5, state_.registers.begin() + 6);
    slot_ = frames_.back().return_slot;
    frames_.pop_back();
  }

  const Program& program_;
  const Options& options_;
  State state_;
  RunResult result_;
  std::vector<std::uint32_t> by_slot_;
  std::vector<Frame> frames_;
  std::uint32_t slot_ = 0;
  bool ended_ = false;
};

}  // namespace

Program random_program(std::mt19937_64& random, Memory memory) {
  return Writer(random, memory).write();
}

RunResult run_reference(const Program& program, const Options& options, std::uint64_t fuel,
                        Surroundings& surroundings) {
  return Run(program, options, fuel, surroundings).result();
}

}  // namespace probity::jit::rv64
