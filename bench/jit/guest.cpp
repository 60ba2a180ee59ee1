// SPDX-License-Identifier: Apache-2.0
// Unchecked code gets host addresses, checked code those of the region table, as the runtime does
// it; everything else of the context stays as it is between runs.
#include "jit/guest.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "base/check.hpp"
#include "isa/code.hpp"

namespace probity::bench {

using runtime::Access;
using runtime::address_of;
using runtime::make_region;
using runtime::RegionKind;

std::vector<bpf::Slot> slots_of(std::string_view program) {
  std::ifstream in(std::string(BENCH_BYTECODE_FOLDER "/") + std::string(program) + ".bin",
                   std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
  PROBITY_CHECK(!bytes.empty());
  std::vector<bpf::Slot> slots(bytes.size() / sizeof(bpf::Slot));
  std::memcpy(slots.data(), bytes.data(), slots.size() * sizeof(bpf::Slot));
  return slots;
}

std::uint32_t host_features() {
  return __builtin_cpu_supports("bmi2") ? jit::feature::x86_bmi2 : 0;
}

jit::Options options_of(jit::Memory memory) {
  return {memory, jit::Fuel::off, jit::Blinding::off, host_features()};
}

Compiler::Compiler(std::vector<bpf::Slot> slots, const jit::Options& options)
    : slots_(std::move(slots)), workspace_(jit::workspace_bytes(slots_.size())) {
  request_.slots = slots_;
  request_.options = options;
  const auto image = jit::layout(request_, workspace_);
  PROBITY_CHECK(image.has_value());
  code_.resize(image->size_bytes + isa::max_sequence_bytes);
}

std::uint32_t Compiler::compile() {
  const auto image = jit::layout(request_, workspace_);
  PROBITY_CHECK(image.has_value());
  PROBITY_CHECK(jit::emit(request_, *image, workspace_, code_).has_value());
  return image->size_bytes;
}

Guest::Guest(std::string_view program, const jit::Options& options) : mode_(options.memory) {
  const std::vector<bpf::Slot> slots = slots_of(program);
  jit::Request request;
  request.slots = slots;
  request.options = options;
  std::vector<std::byte> workspace(jit::workspace_bytes(slots.size()));
  const auto image = jit::layout(request, workspace);
  PROBITY_CHECK(image.has_value());
  auto allocated = runtime::CodeMemory::allocate(image->size_bytes + isa::max_sequence_bytes);
  PROBITY_CHECK(allocated.has_value());
  code_ = *std::move(allocated);
  PROBITY_CHECK(jit::emit(request, *image, workspace, code_.writable()).has_value());
  PROBITY_CHECK(code_.seal().has_value());
  enter_ = std::bit_cast<jit::Enter>(code_.bytes().data() + image->enter);
  body_ = code_.bytes().data() + image->offsets[0];
  regions_[runtime::region::packet] = make_region(RegionKind::packet, memory, Access::write);
  regions_[runtime::region::first_stack] = make_region(RegionKind::stack, stack_, Access::write);
  context_.regions = regions_.data();
  context_.region_count = regions_.size();
  std::ranges::fill(context_.known, jit::KnownRegion{0, regions_.data()});
}

std::uint64_t Guest::run() {
  if (mode_ == jit::Memory::checked) {
    context_.registers[1] = address_of(runtime::region::packet, 0);
    context_.registers[10] = address_of(runtime::region::first_stack, stack_.size());
  } else {
    context_.registers[1] = reinterpret_cast<std::uintptr_t>(memory.data());
    context_.registers[10] = reinterpret_cast<std::uintptr_t>(stack_.data() + stack_.size());
  }
  context_.registers[2] = memory.size();
  context_.frame = reinterpret_cast<std::uintptr_t>(stack_.data() + stack_.size());
  context_.fuel = 1u << 30;
  return enter_(&context_, body_);
}

}  // namespace probity::bench
