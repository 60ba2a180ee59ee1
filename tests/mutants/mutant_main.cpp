// SPDX-License-Identifier: Apache-2.0
// What a mutant is linked with: the theorems, restated over the patched sources, or the driver with
// its layout check. Prints one line for each obligation or program, and a counterexample's replay.
//   mutant prove TARGET GLOB     obligations of the target whose name matches
//   mutant layout TARGET         layout() and emit() on programs that jumps make hard to lay out
// Exit status: 0 nothing is wrong, 1 something is refuted, 2 unknown, 4 bad usage.
#include <fnmatch.h>

#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "jit/compile.hpp"
#include "theorems/jit/jit.hpp"

namespace probity {
namespace {

using jit::Target;

constexpr int all_right = 0, refuted = 1, unknown = 2, bad_usage = 4;

int prove(Target target, const char* glob) {
  std::vector<proof::Obligation> obligations;
  for (proof::Obligation& obligation : theorems::jit_obligations(target)) {
    if (fnmatch(glob, obligation.name.c_str(), 0) == 0)
      obligations.push_back(std::move(obligation));
  }
  if (obligations.empty()) {
    std::printf("no obligation matches %s\n", glob);
    return bad_usage;
  }
  proof::Options options;
  options.solver.external = solver::External::none;
  options.workers = 1;
  int status = all_right;
  for (const proof::Result& result : proof::discharge(obligations, options)) {
    if (const auto* wrong = std::get_if<proof::Refuted>(&result.verdict)) {
      status = refuted;
      std::printf("refuted %s: %s\n%s\n", result.name.c_str(), wrong->conclusion.c_str(),
                  wrong->replay.empty() ? "NOT REPLAYED" : wrong->replay.c_str());
    } else if (const auto* open = std::get_if<proof::Unknown>(&result.verdict)) {
      if (status == all_right) status = unknown;
      std::printf("unknown %s: %s\n", result.name.c_str(), open->reason.c_str());
    } else {
      std::printf("proved %s\n", result.name.c_str());
    }
  }
  return status;
}

// Programs by their slots; opcodes as in RFC 9669.
constexpr bpf::Slot exit_slot{0x95, 0, 0, 0};
constexpr bpf::Slot add_slot{0x07, 1, 0, 1};

/// `length` additions with a branch from slot `from` to slot `to`.
std::vector<bpf::Slot> one_branch(int length, int from, int to) {
  std::vector<bpf::Slot> slots(static_cast<std::size_t>(length), add_slot);
  slots.push_back(exit_slot);
  slots[static_cast<std::size_t>(from)] = {0x15, 1, static_cast<std::int16_t>(to - from - 1), 0};
  return slots;
}

std::vector<bpf::Slot> random_branches(std::mt19937& random, int length) {
  std::vector<bpf::Slot> slots(static_cast<std::size_t>(length), add_slot);
  slots.push_back(exit_slot);
  for (int from = 0; from < length; ++from) {
    if (random() % 3 != 0) continue;
    const int to = static_cast<int>(random() % static_cast<unsigned>(length));
    const std::uint8_t opcode = random() % 4 == 0 ? 0x05 : 0x1d;
    slots[static_cast<std::size_t>(from)] = {opcode, 0x21, static_cast<std::int16_t>(to - from - 1),
                                             0};
    if (opcode == 0x05) slots[static_cast<std::size_t>(from)].regs = 0;
  }
  return slots;
}

std::vector<std::vector<bpf::Slot>> programs() {
  std::mt19937 random(1);
  std::vector<std::vector<bpf::Slot>> all;
  all.push_back({{0x05, 0, -1, 0}, exit_slot});
  for (int length = 2; length <= 80; ++length) {
    all.push_back(one_branch(length, 0, length));
    all.push_back(one_branch(length, length - 1, 0));
  }
  for (const int length : {1000, 4000, 30000}) {
    all.push_back(one_branch(length, 0, length));
    all.push_back(one_branch(length, length - 1, 0));
  }
  for (int i = 0; i < 200; ++i) all.push_back(random_branches(random, 5 + i));
  return all;
}

/// Empty, or what the driver says.
std::string complaint(Target target, std::span<const bpf::Slot> slots) {
  jit::Request request;
  request.target = target;
  request.slots = slots;
  request.options.memory = jit::Memory::unchecked;
  std::vector<std::byte> workspace(jit::workspace_bytes(slots.size()));
  const auto image = jit::layout(request, workspace);
  if (!image) return std::string(image.error().line());
  std::vector<std::uint8_t> code(image->size_bytes + isa::max_sequence_bytes);
  const auto emitted = jit::emit(request, *image, workspace, code);
  return emitted ? std::string() : std::string(emitted.error().line());
}

int lay_out(Target target) {
  int status = all_right;
  for (const std::vector<bpf::Slot>& slots : programs()) {
    const std::string text = complaint(target, slots);
    if (text.empty()) continue;
    std::printf("refuted layout check, %zu slots: %s\n", slots.size(), text.c_str());
    status = refuted;
  }
  return status;
}

int run(int argc, char** argv) {
  if (argc < 3) return bad_usage;
  const bool is_x86 = std::strcmp(argv[2], "x86_64") == 0;
  if (!is_x86 && std::strcmp(argv[2], "rv64") != 0) return bad_usage;
  const Target target = is_x86 ? Target::x86_64 : Target::rv64;
  if (argc == 4 && std::strcmp(argv[1], "prove") == 0) return prove(target, argv[3]);
  if (argc == 3 && std::strcmp(argv[1], "layout") == 0) return lay_out(target);
  return bad_usage;
}

}  // namespace
}  // namespace probity

int main(int argc, char** argv) {
  return probity::run(argc, argv);
}
