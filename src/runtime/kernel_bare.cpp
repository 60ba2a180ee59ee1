// SPDX-License-Identifier: Apache-2.0
// The prologue proves to the verifier that the memory is there, calls the program, and stores what
// it returned. Memory shorter than the shortest packet is padded with zeros, which the program
// cannot see.
#include "runtime/kernel_bare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/bytes.hpp"
#include "runtime/kernel_engine.hpp"
#include "runtime/kernel_load.hpp"

namespace probity::runtime {

namespace {

using bpf::Slot;

constexpr std::size_t min_packet_bytes = 14;    // ETH_HLEN
constexpr std::size_t max_memory_bytes = 2048;  // well inside the first page of a packet
constexpr std::string_view result_map = "result";
constexpr std::size_t result_bytes = 8;

constexpr Slot insn(std::uint8_t opcode, unsigned dst, unsigned src, std::int16_t off,
                    std::int32_t imm) {
  return {opcode, static_cast<std::uint8_t>(dst | src << 4), off, imm};
}

/// Everything before the bare program.
std::array<Slot, 21> prologue(std::int32_t memory_bytes) {
  // clang-format off
  return {
      insn(0x61, 2, 1, 4, 0),              //  0: r2 = *(u32 *)(r1 + 4)      data_end
      insn(0x61, 1, 1, 0, 0),              //  1: r1 = *(u32 *)(r1 + 0)      data
      insn(0xbf, 3, 1, 0, 0),              //  2: r3 = r1
      insn(0x07, 3, 0, 0, memory_bytes),   //  3: r3 += memory_bytes
      insn(0x2d, 3, 2, 14, 0),             //  4: if r3 > r2 goto 19
      insn(0xb7, 2, 0, 0, memory_bytes),   //  5: r2 = memory_bytes
      insn(0x85, 0, 1, 0, 14),             //  6: call 21
      insn(0x7b, 10, 0, -16, 0),           //  7: *(u64 *)(r10 - 16) = r0
      insn(0x62, 10, 0, -4, 0),            //  8: *(u32 *)(r10 - 4) = 0
      insn(0xbf, 2, 10, 0, 0),             //  9: r2 = r10
      insn(0x07, 2, 0, 0, -4),             // 10: r2 += -4
      insn(0x18, 1, 1, 0, 0),              // 11: r1 = map 0
      insn(0, 0, 0, 0, 0),
      insn(0x85, 0, 0, 0, 1),              // 13: call map_lookup_elem
      insn(0x15, 0, 0, 4, 0),              // 14: if r0 == 0 goto 19
      insn(0x79, 1, 10, -16, 0),           // 15: r1 = *(u64 *)(r10 - 16)
      insn(0x7b, 0, 1, 0, 0),              // 16: *(u64 *)(r0 + 0) = r1
      insn(0xb7, 0, 0, 0, 2),              // 17: r0 = XDP_PASS
      insn(0x95, 0, 0, 0, 0),              // 18: exit
      insn(0xb7, 0, 0, 0, 0),              // 19: r0 = XDP_ABORTED
      insn(0x95, 0, 0, 0, 0),              // 20: exit
  };
  // clang-format on
}

class BareKernelEngine final : public Engine {
 public:
  explicit BareKernelEngine(const program::View& program) : program_(program) {}

  std::string_view engine_name() const override { return "kernel"; }

  Expected<RunOutput> run(const RunInput& input) override {
    if (!input.raw_memory || input.packet.size() > max_memory_bytes) {
      return error(Fault::unsupported,
                   fmt::format("a bare program in the kernel takes a memory of 0..{} bytes, not {}",
                               max_memory_bytes, input.packet.size()));
    }
    const std::size_t memory_bytes = input.packet.size();
    TRY(const WrappedProgram wrapped,
        wrap_for_kernel(program_.slots, static_cast<std::uint32_t>(memory_bytes)));
    const program::View view = wrapped.view();
    TRY(const std::unique_ptr<KernelEngine> engine,
        KernelEngine::load(view, KernelLimits{}, NetworkChoice::fresh));
    RunInput packet;
    packet.packet = input.packet;
    packet.packet.resize(std::max(memory_bytes, min_packet_bytes));
    packet.repeat = input.repeat;
    TRY(RunOutput output, engine->run(packet));
    TRY(const MapContents result, engine->read_map(result_map));
    output.return_value = load_le<std::uint64_t>(result.entries.at(0).value.data());
    output.packet.resize(memory_bytes);
    return output;
  }

  Expected<MapContents> read_map(std::string_view map) override { return no_map(map); }
  Expected<void> write_map(const MapContents& contents) override { return no_map(contents.map); }

 private:
  static std::unexpected<Diagnostic> no_map(std::string_view map) {
    return error(Fault::bad_input, fmt::format("map '{}': a bare program has no maps", map));
  }
  program::View program_;
};

}  // namespace

program::View WrappedProgram::view() const {
  program::View program;
  program.name = "bare";
  program.section = "xdp";
  program.type = program::ProgType::xdp;
  program.license = "GPL";
  program.slots = slots;
  program.maps = maps;
  return program;
}

Expected<WrappedProgram> wrap_for_kernel(std::span<const Slot> slots, std::uint32_t memory_bytes) {
  program::View bare;
  bare.slots = slots;
  TRY(referenced_maps(bare));  // without a map table every reference is an error
  WrappedProgram wrapped;
  const auto before = prologue(static_cast<std::int32_t>(memory_bytes));
  wrapped.slots.assign(before.begin(), before.end());
  wrapped.slots.insert(wrapped.slots.end(), slots.begin(), slots.end());
  wrapped.maps[0].name = result_map;
  wrapped.maps[0].type = program::MapType::array;
  wrapped.maps[0].key_size = sizeof(std::uint32_t);
  wrapped.maps[0].value_size = result_bytes;
  wrapped.maps[0].max_entries = 1;
  return wrapped;
}

Expected<std::unique_ptr<Engine>> load_kernel_bare(const program::View& program) {
  // The verifier judges accesses for one size of memory, so it is asked at each run; map references
  // are refused here.
  TRY(wrap_for_kernel(program.slots, 0));
  return std::make_unique<BareKernelEngine>(program);
}

}  // namespace probity::runtime
