// SPDX-License-Identifier: Apache-2.0
// Every form that computes, jumps or accesses memory: the emitted code, executed by the machine's
// semantics, against bpf::meaning, for all pairs of registers, every combination of C, Zba and Zbb,
// memory checked and not, blinding, fuel, live and dead upper halves, near and far targets, and
// immediates at the edges of the fields. What must be assisted is assisted with nothing changed.
#include <gtest/gtest.h>

#include <array>
#include <set>

#include "isa/bpf/semantics_impl.hpp"
#include "jit/rv64/translator_impl.hpp"
#include "runtime/memory.hpp"
#include "rv64_machine.hpp"

namespace probity::jit::rv64 {
namespace {

using bpf::Meaning;
using runtime::Region;

constexpr std::uint64_t image_base = 0x10'0000'0000;
constexpr std::uint32_t insn_number = 0x1234'5678;
constexpr std::uint64_t program_bytes = 0x18000;  ///< reached by every offset from its middle

/// What one case is about.
struct Case {
  bpf::Form form;
  bpf::Reg dst, src;
  Options options;
  Inputs<Concrete> in;
  std::array<std::uint64_t, bpf::reg_count> registers{};
  std::uint64_t fuel = 0;
};

/// The reference's State (isa/bpf/semantics.hpp).
struct Reference {
  std::array<std::uint64_t, bpf::reg_count> registers;
  std::vector<Region> regions;
  Memory memory;
  std::vector<Event> events;
  bool refused = false;

  B64 reg(bpf::Reg r) const { return B64::of(registers[static_cast<unsigned>(r)]); }
  void set_reg(bpf::Reg r, B64 value) { registers[static_cast<unsigned>(r)] = value.raw(); }

  /// The host address, or 0 after a refusal.
  std::uint64_t host(EventKind kind, std::uint64_t address, unsigned bytes, runtime::Access access,
                     unsigned alignment) {
    if (memory == Memory::checked) {
      const std::uint8_t* at =
          runtime::translate(regions.data(), regions.size(), address, bytes, access);
      refused = at == nullptr || address % alignment != 0;
      if (refused) return 0;
      address = reinterpret_cast<std::uint64_t>(at);
    }
    events.push_back({kind, address, bytes});
    return address;
  }
  template <unsigned W>
  Bv<Concrete, W> load(B64 address, unsigned alignment = 1) {
    const std::uint64_t at =
        host(EventKind::load, address.raw(), W / 8, runtime::Access::read, alignment);
    return at == 0 ? Bv<Concrete, W>{} : read_memory<W>(at);
  }
  template <unsigned W>
  void store(B64 address, Bv<Concrete, W> value, unsigned alignment = 1) {
    const std::uint64_t at =
        host(EventKind::store, address.raw(), W / 8, runtime::Access::write, alignment);
    if (at != 0) write_memory<W>(at, value);
  }
  template <unsigned W, typename T>
  Bv<Concrete, W> atomic(B64 address, T&& update) {
    const std::uint64_t at =
        host(EventKind::atomic, address.raw(), W / 8, runtime::Access::write, W / 8);
    if (at == 0) return {};
    const Bv<Concrete, W> old = read_memory<W>(at);
    write_memory<W>(at, update(old));
    return old;
  }
  template <unsigned W>
  Bv<Concrete, W> load_acquire(B64 address) {
    return load<W>(address, W / 8);
  }
  template <unsigned W>
  void store_release(B64 address, Bv<Concrete, W> value) {
    store<W>(address, value, W / 8);
  }
  B64 address_of(bpf::ImmOp, Bv<Concrete, 32>, Bv<Concrete, 32>) { return {}; }
  template <unsigned W>
  bpf::PacketRead<Concrete> load_packet(Bv<Concrete, 32>) {
    return {};
  }
  Bool<Concrete> may_goto_exhausted() { return {}; }
};

bool is_memory(Meaning meaning) {
  return meaning >= Meaning::load;
}
bool has_target(Meaning meaning) {
  return meaning == Meaning::jump || meaning == Meaning::branch;
}
bool address_in_src(Meaning meaning) {
  return meaning == Meaning::load || meaning == Meaning::load_acquire;
}
/// Left to call_test.cpp, or always assisted.
bool is_elsewhere(bpf::Form form) {
  const Meaning meaning = bpf::row(form).meaning;
  return meaning == Meaning::call || meaning == Meaning::exit ||
         (meaning == Meaning::load_imm64 && form != bpf::Form::lddw);
}

/// r10's frame when memory is checked.
constexpr std::uint64_t frame_region = 3;
constexpr std::size_t frame_start = 512;

class Runner {
 public:
  explicit Runner(std::uint64_t seed) : random_(seed), program_(program_bytes) {
    const auto byte = [&] { return static_cast<std::uint8_t>(random_()); };
    std::generate(program_.begin(), program_.end(), byte);
    const auto part = [&](std::size_t from, std::size_t size) {
      return std::span(program_).subspan(from, size);
    };
    using enum runtime::RegionKind;
    using enum runtime::Access;
    regions_ = {Region{}, Region{program_.data(), {}, {}, 64, ctx},
                runtime::make_region(packet, part(64, 200), write),
                runtime::make_region(stack, part(frame_start, frame_bytes), write),
                runtime::make_region(map_value, part(2048, 4096), read)};
  }

  Case random_case(bpf::Form form, bpf::Reg dst, bpf::Reg src) {
    const bpf::Row& row = bpf::row(form);
    Case c{form, dst, src, {}, {}, {}, random_() % 3};
    c.options.memory = random_() % 2 == 0 ? Memory::checked : Memory::unchecked;
    c.options.blinding = random_() % 4 == 0 ? Blinding::on : Blinding::off;
    c.options.fuel = random_() % 2 == 0 ? Fuel::at_back_edges : Fuel::off;
    c.options.features = static_cast<std::uint32_t>(random_() % 16);
    for (std::uint64_t& reg : c.registers) reg = random_value();
    if (random_() % 4 == 0) c.registers[static_cast<unsigned>(src)] = c.registers[dst_index(c)];
    c.in.immediates = {Bv<Concrete, 16>::lit(random_off()), Bv<Concrete, 32>::lit(random_imm()),
                       Bv<Concrete, 32>::lit(random_imm())};
    if (row.selector == bpf::Selector::imm) {
      c.in.immediates.imm = Bv<Concrete, 32>::lit(static_cast<std::uint16_t>(row.selector_value));
    }
    if (is_memory(row.meaning)) place_address(c);
    const bool number_short = random_() % 2 == 0;
    c.in.insn = Bv<Concrete, 32>::lit(number_short ? insn_number % 2048 : insn_number);
    c.in.blinding = Bv<Concrete, 32>::lit(random_());
    c.in.back_edge = has_target(row.meaning) && random_() % 2 == 0;
    c.in.upper_dead = random_() % 4 == 0;
    const std::uint32_t here = 0x2000'0000;
    const auto away = static_cast<std::uint32_t>(random_distance());
    c.in.labels = {Bv<Concrete, 32>::lit(here), Bv<Concrete, 32>::lit(here + away),
                   Bv<Concrete, 32>::lit(0x100), Bv<Concrete, 32>::lit(0x80)};
    return c;
  }

  void check(const Case& c) {
    std::array<std::uint8_t, isa::max_sequence_bytes * 2> room{};
    isa::Code<Concrete> code(room.data());
    Translator<Concrete> translator(code, c.options);
    ASSERT_TRUE(translator.insn(c.form, c.dst, c.src, c.in)) << describe(c);
    ASSERT_LE(code.size(), isa::max_sequence_bytes);

    const std::vector<std::uint8_t> before = program_;
    Reference reference{c.registers, regions_, c.options.memory, {}};
    const bpf::Next<Concrete> next =
        bpf::meaning<Concrete>(c.form, c.dst, c.src, c.in.immediates, reference);
    const std::vector<std::uint8_t> after = program_;
    program_ = before;  // same memory: events hold host addresses

    Context context;
    context.frame = reinterpret_cast<std::uint64_t>(program_.data() + frame_start + frame_bytes);
    context.regions = regions_.data();
    context.region_count = regions_.size();
    context.fuel = c.fuel;
    HostMemory memory(random_());
    memory.allow_program(program_);
    memory.allow_runtime(&context, sizeof context);
    memory.allow_runtime(regions_.data(), regions_.size() * sizeof(Region));
    riscv::State<Concrete> state;
    for (unsigned i = 1; i < riscv::reg_count; ++i) {
      state.set_reg(static_cast<Reg>(i), B64::of(random_()));
    }
    for (unsigned i = 0; i < bpf::reg_count; ++i) {
      state.set_reg(register_map[i], B64::of(c.registers[i]));
    }
    state.set_reg(context_reg, B64::of(reinterpret_cast<std::uint64_t>(&context)));
    const riscv::State<Concrete> start_state = state;
    const std::uint64_t start = image_base + c.in.labels.here.raw();
    const std::uint64_t target = image_base + c.in.labels.target.raw();
    const std::uint64_t stop = has_target(bpf::row(c.form).meaning) ? target : 0;
    const std::uint64_t pc = run_code(code.bytes(), start, start, stop, state, memory);

    EXPECT_EQ(memory.violations(), 0u) << describe(c);
    check_saved(c, start_state, state);
    if (must_assist(c, reference)) {
      EXPECT_EQ(pc, image_base + c.in.labels.assist.raw()) << describe(c);
      EXPECT_EQ(state.reg(number_reg).raw(), c.in.insn.raw()) << describe(c);
      EXPECT_TRUE(memory.events().empty()) << describe(c);
      EXPECT_EQ(context.fuel, c.fuel) << describe(c);
      check_registers(c, c.registers, state);
      ++assisted_;
      return;
    }
    const bool taken =
        next.flow == bpf::Flow::jump || (next.flow == bpf::Flow::branch && next.taken.raw() != 0);
    EXPECT_EQ(pc, taken ? target : start + code.size()) << describe(c);
    const bool pays = c.in.back_edge && c.options.fuel == Fuel::at_back_edges;
    EXPECT_EQ(context.fuel, c.fuel - (pays ? 1 : 0)) << describe(c);
    check_registers(c, reference.registers, state);
    EXPECT_EQ(memory.events(), reference.events) << describe(c);
    EXPECT_EQ(program_, after) << describe(c);
  }

  std::uint64_t assisted() const { return assisted_; }

 private:
  static std::size_t dst_index(const Case& c) { return static_cast<std::size_t>(c.dst); }

  static std::string describe(const Case& c) {
    std::string text(bpf::row(c.form).name);
    text += " r" + std::to_string(static_cast<unsigned>(c.dst));
    text += " r" + std::to_string(static_cast<unsigned>(c.src));
    text += " imm " + std::to_string(c.in.immediates.imm.raw());
    text += " next " + std::to_string(c.in.immediates.next_imm.raw());
    text += " off " + std::to_string(c.in.immediates.off.raw());
    text += " features " + std::to_string(c.options.features);
    text += c.options.memory == Memory::checked ? " checked" : " unchecked";
    text += c.options.blinding == Blinding::on ? " blinded" : "";
    text += c.in.back_edge ? " back" : "";
    text += c.in.upper_dead ? " upper dead" : "";
    return text;
  }

  static bool must_assist(const Case& c, const Reference& reference) {
    const Meaning meaning = bpf::row(c.form).meaning;
    if (meaning == Meaning::may_goto || meaning == Meaning::load_packet) return true;
    if (c.in.back_edge && c.options.fuel == Fuel::at_back_edges && c.fuel == 0) return true;
    return reference.refused;
  }

  void check_saved(const Case& c, const riscv::State<Concrete>& before,
                   const riscv::State<Concrete>& after) {
    for (const Reg reg : {ra, sp, gp, tp, s0, s6, s7, s8, s9, s10, s11, a6, a7}) {
      EXPECT_EQ(before.reg(reg).raw(), after.reg(reg).raw()) << describe(c) << riscv::name(reg);
    }
  }
  void check_registers(const Case& c, const std::array<std::uint64_t, bpf::reg_count>& expected,
                       const riscv::State<Concrete>& state) {
    for (unsigned i = 0; i < bpf::reg_count; ++i) {
      std::uint64_t mask = ~std::uint64_t{0};
      if (c.in.upper_dead && i == dst_index(c)) mask = 0xffff'ffff;
      EXPECT_EQ(state.reg(register_map[i]).raw() & mask, expected[i] & mask)
          << describe(c) << ": r" << i;
    }
  }

  std::uint64_t random_value() {
    constexpr std::array<std::uint64_t, 12> edges = {0,
                                                     1,
                                                     ~0ull,
                                                     0x8000'0000,
                                                     0x7fff'ffff,
                                                     0xffff'ffff,
                                                     0x1'0000'0000,
                                                     0x8000'0000'0000'0000,
                                                     0x7fff'ffff'ffff'ffff,
                                                     0xffff'ffff'0000'0000,
                                                     0xffff'ffff'8000'0000,
                                                     63};
    const std::uint64_t value = random_();
    if (random_() % 2 == 0) return edges[value % edges.size()];
    return random_() % 2 == 0 ? value : value >> (random_() % 64);
  }
  std::uint32_t random_imm() {
    constexpr std::array<std::uint32_t, 24> edges = {
        0,           1,           0xffff'ffff, 31,          32,          0xffff'ffe0,
        0xffff'ffdf, 63,          2047,        2048,        0xffff'f800, 0xffff'f7ff,
        0x7fff'ffff, 0x8000'0000, 0x7fff'f7ff, 0x7fff'f800, 0x1000,      0x1f000,
        0x20000,     0xfffe'0000, 0xfffd'f000, 0xff,        0xffff,      0x8000'0800};
    const auto value = static_cast<std::uint32_t>(random_());
    return random_() % 2 == 0 ? edges[value % edges.size()] : value >> (random_() % 32);
  }
  std::uint16_t random_off() {
    constexpr std::array<std::int16_t, 14> edges = {0,    8,     -8,    124,   248,    256,  2047,
                                                    2048, -2048, -2049, 32767, -32768, 3072, 4096};
    const auto value = static_cast<std::uint16_t>(random_());
    if (random_() % 2 == 0) return static_cast<std::uint16_t>(edges[value % edges.size()]);
    return random_() % 2 == 0 ? value : value & 0x1f8;
  }
  std::int32_t random_distance() {
    constexpr std::array<std::int32_t, 12> edges = {
        0,     256,     -256,       2048,        -2048,        4096,
        -4096, 1 << 20, -(1 << 20), 0x1fff'0000, -0x1fff'0000, 0x5fff'0000};
    if (random_() % 16 == 0) return 0;  // goto -1
    const std::int32_t edge = edges[random_() % edges.size()];
    const std::int32_t away = edge + 2 * static_cast<std::int32_t>(random_() % 24) - 24;
    constexpr std::int32_t longest = 128;  // of a jump: no target lies inside one
    return away > 0 && away < longest ? longest : away;
  }

  /// Lets base + off be an address worth trying.
  void place_address(Case& c) {
    const bool in_src = address_in_src(bpf::row(c.form).meaning);
    const auto base = static_cast<std::size_t>(in_src ? c.src : c.dst);
    const auto off = static_cast<std::uint64_t>(
        static_cast<std::int64_t>(static_cast<std::int16_t>(c.in.immediates.off.raw())));
    const std::uint64_t mask = random_() % 2 == 0 ? ~std::uint64_t{7} : ~std::uint64_t{0};
    if (c.options.memory == Memory::checked && base == 10) {
      const std::uint64_t within = (random_() % (frame_bytes + 8)) & mask;
      if (random_() % 4 != 0) c.in.immediates.off = Bv<Concrete, 16>::lit(within - frame_bytes);
      c.registers[base] = frame_region << 32 | frame_bytes;
      return;
    }
    std::uint64_t address = 0;
    if (c.options.memory == Memory::unchecked) {
      address = reinterpret_cast<std::uint64_t>(program_.data()) +
                ((random_() % (program_bytes - 8)) & mask);
    } else {
      const std::uint64_t region = random_() % (regions_.size() + 2);
      const std::uint64_t limit = region < regions_.size() ? regions_[region].length : 64;
      address = region << 32 | ((random_() % (limit + 8)) & mask);
      if (random_() % 16 == 0) address = random_();
      if (random_() % 16 == 0) address = (region << 32) - random_() % 16;
    }
    c.registers[base] = address - off;
  }

  std::mt19937_64 random_;
  std::vector<std::uint8_t> program_;
  std::vector<Region> regions_;
  std::uint64_t assisted_ = 0;
};

TEST(Forms, MeanTheirRows) {
  Runner runner(7);
  for (std::size_t f = 0; f < bpf::form_count; ++f) {
    const auto form = static_cast<bpf::Form>(f);
    if (is_elsewhere(form)) continue;
    for (unsigned pair = 0; pair < bpf::reg_count * bpf::reg_count; ++pair) {
      const auto dst = static_cast<bpf::Reg>(pair / bpf::reg_count);
      const auto src = static_cast<bpf::Reg>(pair % bpf::reg_count);
      for (unsigned i = 0; i < 12; ++i) {
        runner.check(runner.random_case(form, dst, src));
        if (testing::Test::HasFailure()) return;
      }
    }
  }
  EXPECT_GT(runner.assisted(), 1000u);
}

}  // namespace
}  // namespace probity::jit::rv64
