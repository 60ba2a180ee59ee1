// SPDX-License-Identifier: Apache-2.0
// A stub has the type, attach type and license of the program that calls it: the kernel lets one
// array hold programs of one kind only. The insns are lddw and exit, RFC 9669 sections 5.4 and 4.3.
#include "runtime/tail_stub.hpp"

#include <algorithm>

namespace probity::runtime {
namespace {

constexpr std::uint8_t lddw = 0x18;
constexpr std::uint8_t exit_insn = 0x95;

std::vector<bpf::Slot> returning(std::uint64_t value) {
  const auto low = static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
  const auto high = static_cast<std::int32_t>(static_cast<std::uint32_t>(value >> 32));
  return {{lddw, 0, 0, low}, {0, 0, 0, high}, {exit_insn, 0, 0, 0}};
}

}  // namespace

StubbedProgram::StubbedProgram(const program::View& program, std::span<const TailStub> stubs)
    : targets_(program.tail_targets.begin(), program.tail_targets.end()), view_(program) {
  for (const TailStub& wanted : stubs) {
    const auto map = std::ranges::find(program.maps, wanted.map, &program::MapDef::name);
    if (map == program.maps.end()) continue;
    Stub& stub = stubs_.emplace_back();
    stub.slots = returning(wanted.return_value);
    stub.view = program;
    stub.view.name = "stub";
    stub.subprogs = {{stub.view.name, 0, static_cast<std::uint32_t>(stub.slots.size())}};
    stub.view.slots = stub.slots;
    stub.view.subprogs = stub.subprogs;
    stub.view.externals = {};
    stub.view.lines = {};
    stub.view.tail_targets = {};
    const auto number = static_cast<std::uint32_t>(map - program.maps.begin());
    targets_.push_back({number, wanted.index, &stub.view});
  }
  view_.tail_targets = targets_;
}

}  // namespace probity::runtime
