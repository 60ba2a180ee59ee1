// SPDX-License-Identifier: Apache-2.0
// Built for RISC-V Linux: reads runs from standard input and answers each on standard output, see
// qemu_run.hpp. It is the smallest runtime there is: helpers, the region table, executable memory.
#include <sys/mman.h>

#include <cstdio>
#include <cstring>

#include "jit/context.hpp"
#include "qemu_run.hpp"

namespace {

using namespace probity::jit;
using namespace probity::jit::rv64;

RegionEntry region_entry(unsigned char* host, std::uint64_t readable, std::uint64_t writable) {
  RegionEntry entry{host, {}, {}};
  for (unsigned log2 = 0; log2 < 4; ++log2) {
    const std::uint64_t n = 1u << log2;
    entry.readable_starts[log2] = readable < n ? 0 : readable - n + 1;
    entry.writable_starts[log2] = writable < n ? 0 : writable - n + 1;
  }
  return entry;
}

struct Run {
  Context context;
  RunResult result;
  const unsigned char* leave;
};

alignas(16) unsigned char memory[memory_bytes];
alignas(16) unsigned char stacks[stack_bytes];
RegionEntry regions[region_count];
Helper helpers[256];

/// Destroys what a C function may destroy, so that code which relies on more fails here.
void clobber() {
  asm volatile(
      "li t0, -1\nli t1, -2\nli t2, -3\nli t3, -4\nli t4, -5\nli t5, -6\nli t6, -7\n"
      "li a1, -8\nli a2, -9\nli a3, -10\nli a4, -11\nli a6, -12\nli a7, -13\n" ::
          : "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a1", "a2", "a3", "a4", "a6", "a7");
}

std::uint64_t mix_helper(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d,
                         std::uint64_t e, Context* context) {
  const std::uint64_t result = mix(a, b, c, d, e, context->insn);
  clobber();
  return result;
}
std::uint64_t stop_helper(std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t,
                          Context* context) {
  context->stop = 1;
  return stop_result;
}

const unsigned char* assist(Context* context, std::uint64_t insn) {
  Run& run = *reinterpret_cast<Run*>(context);
  ++run.result.assists;
  run.result.assist_insn = insn;
  std::memcpy(run.result.registers, context->registers, sizeof context->registers);
  clobber();
  return run.leave;
}

void prepare(Run& run, const RunHeader& header) {
  const auto address = [](unsigned char* host) { return reinterpret_cast<std::uint64_t>(host); };
  const bool checked = header.checked != 0;
  regions[memory_region] = region_entry(memory, memory_bytes, memory_bytes);
  regions[constant_region] = region_entry(memory, memory_bytes, 0);
  for (std::uint64_t i = 0; i < frame_count; ++i) {
    regions[first_frame_region + i] =
        region_entry(stacks + i * frame_bytes, frame_bytes, frame_bytes);
  }
  Context& context = run.context;
  context.regions = regions;
  context.region_count = region_count;
  context.frame = address(stacks) + frame_bytes;
  context.fuel = header.fuel;
  context.helpers = helpers;
  context.assist = assist;
  context.registers[1] = checked ? memory_region << 32 : address(memory);
  context.registers[10] =
      checked ? first_frame_region << 32 | frame_bytes : address(stacks) + stack_bytes;
  context.last_frame =
      checked ? (region_count - 1) << 32 | frame_bytes : address(stacks) + frame_bytes;
}

bool read_all(void* bytes, std::size_t size) {
  return std::fread(bytes, 1, size, stdin) == size;
}
bool write_all(const void* bytes, std::size_t size) {
  return std::fwrite(bytes, 1, size, stdout) == size;
}

}  // namespace

int main() {
  constexpr std::size_t room = 1 << 20;
  void* const code =
      mmap(nullptr, room, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (code == MAP_FAILED) return 2;
  helpers[1] = mix_helper;
  helpers[2] = stop_helper;
  RunHeader header;
  while (read_all(&header, sizeof header)) {
    if (header.image_bytes > room || !read_all(code, header.image_bytes)) return 3;
    if (!read_all(memory, sizeof memory) || !read_all(stacks, sizeof stacks)) return 4;
    auto* const image = static_cast<unsigned char*>(code);
    __builtin___clear_cache(reinterpret_cast<char*>(image),
                            reinterpret_cast<char*>(image) + header.image_bytes);
    Run run{};
    run.leave = image + header.leave;
    prepare(run, header);
    run.result.r0 = reinterpret_cast<Enter>(code)(&run.context, image + header.body);
    run.result.fuel = run.context.fuel;
    if (!write_all(&run.result, sizeof run.result)) return 5;
    if (!write_all(memory, sizeof memory) || !write_all(stacks, sizeof stacks)) return 6;
  }
  return 0;
}
