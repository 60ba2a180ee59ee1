// SPDX-License-Identifier: Apache-2.0
// Times the XDP programs of two objects, of which the optimizer made the second, on the live kernel
// by turns: independent of what the optimizer measured and chose by. One line a program with the
// mean over its packets: before, after, a program that returns at once, in ns, and the ratio.
// usage: opt_speed LOADS PACKETS BEFORE.o AFTER.o
// PACKETS has lines `program<TAB>hex`, the packets of each program.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>

#include "object/image.hpp"
#include "object/object.hpp"
#include "opt/kernel_contest.hpp"
#include "packet/packet.hpp"
#include "report/file.hpp"

namespace {

using namespace probity;

using PacketsByProgram = std::map<std::string, std::vector<packet::Bytes>, std::less<>>;

/// Calls of each program per load; their least counts.
constexpr std::uint32_t rounds = 5;

Expected<PacketsByProgram> read_packets(const char* path) {
  TRY(const std::string text, report::read_input_text(path, report::max_input_bytes));
  PacketsByProgram packets;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos)
      return error(Fault::bad_input, fmt::format("{}: {}", path, line));
    TRY(packet::Bytes bytes,
        packet::parse_hex(line.substr(tab + 1), path, packet::max_packet_bytes));
    packets[std::string(line.substr(0, tab))].push_back(std::move(bytes));
  }
  return packets;
}

const object::Program* same_program(const object::Object& object, const object::Program& program) {
  for (const object::Program& other : object.programs) {
    if (other.name == program.name && other.section == program.section) return &other;
  }
  return nullptr;
}

Expected<opt::TimedPair> time_both(const object::Object& before, const object::Program& was,
                                   const object::Object& after, const object::Program& is,
                                   std::span<const opt::Packet> packets, std::uint32_t loads) {
  const object::Image old_image = object::make_image(before, was);
  const object::Image new_image = object::make_image(after, is);
  const program::View old_view = old_image.view();
  const program::View new_view = new_image.view();
  TRY(const opt::KernelGate old_gate, opt::KernelGate::create(old_view));
  TRY(const opt::KernelGate new_gate, opt::KernelGate::create(new_view));
  return opt::contest({old_gate, old_view.slots}, {new_gate, new_view.slots}, packets, rounds,
                      loads);
}

Expected<void> run(std::span<const char* const> arguments) {
  const std::string_view count = arguments[0];
  std::uint32_t loads = 0;
  std::from_chars(count.data(), count.data() + count.size(), loads);
  if (loads == 0) return error(Fault::bad_input, fmt::format("LOADS: {} is no number", count));
  TRY(const PacketsByProgram packets, read_packets(arguments[1]));
  TRY(const object::Object before, object::read_file(arguments[2], {}));
  TRY(const object::Object after, object::read_file(arguments[3], {}));
  for (const object::Program& program : before.programs) {
    const auto found = packets.find(program.name);
    const object::Program* const other = same_program(after, program);
    if (found == packets.end() || other == nullptr) continue;
    const std::vector<opt::Packet> spans(found->second.begin(), found->second.end());
    const auto timed = time_both(before, program, after, *other, spans, loads);
    if (!timed) {
      fmt::print("{}\t-\t-\t-\t-\t{}\n", program.name, timed.error().line());
      continue;
    }
    fmt::print("{}\t{:.2f}\t{:.2f}\t{:.2f}\t{:.4f}\n", program.name, timed->before_ns,
               timed->after_ns, timed->empty_ns, timed->after_ns / timed->before_ns);
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int arguments = 5;
  if (argc != arguments) {
    fmt::print(stderr, "usage: opt_speed LOADS PACKETS BEFORE.o AFTER.o\n");
    return 2;
  }
  const auto done = run({argv + 1, argv + argc});
  if (!done) fmt::print(stderr, "{}\n", done.error().line());
  return done ? 0 : 1;
}
