// SPDX-License-Identifier: Apache-2.0
// Standard input can be read once, so two `-` are refused instead of the second one reading
// nothing.
#include "cli/run_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "packet/packet.hpp"
#include "report/file.hpp"

namespace probity::cli {
namespace {

using runtime::Bytes;
using runtime::RunInput;

constexpr std::uint64_t max_hex_file_bytes = std::uint64_t{1} << 20;
constexpr std::uint64_t max_bytecode_file_bytes = std::uint64_t{32} << 20;
constexpr std::size_t max_bytecode_bytes = std::size_t{8} * 1'000'000;
constexpr std::size_t slot_bytes = 8;

struct ContextField {
  std::string_view name;
  std::uint32_t RunInput::* member;
};
constexpr ContextField context_fields[] = {
    {"ingress_ifindex", &RunInput::ingress_ifindex}, {"rx_queue_index", &RunInput::rx_queue_index},
    {"egress_ifindex", &RunInput::egress_ifindex},   {"mark", &RunInput::mark},
    {"metadata_size", &RunInput::metadata_size},
};

Expected<std::uint32_t> parse_u32(std::string_view text, std::string_view place) {
  const bool is_hex = text.starts_with("0x");
  const std::string_view digits = is_hex ? text.substr(2) : text;
  std::uint32_t value = 0;
  const auto [end, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, is_hex ? 16 : 10);
  if (problem == std::errc{} && end == digits.data() + digits.size()) return value;
  return error(Fault::bad_input,
               fmt::format("{}: '{}' is not a number (0..4294967295)", place, text));
}

Expected<RunItem> packet_item(std::string source, Bytes bytes, const RunInput& context) {
  if (bytes.size() < context.metadata_size) {
    return error(Fault::bad_input, fmt::format("{}: {} bytes, but metadata_size is {}", source,
                                               bytes.size(), context.metadata_size));
  }
  RunItem item{std::move(source), context, 0};
  item.input.packet = std::move(bytes);
  return item;
}

bool is_text(const Bytes& bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) {
    return byte == '\n' || byte == '\r' || byte == '\t' || (byte >= ' ' && byte < 127);
  });
}

}  // namespace

Expected<RunInput> parse_context(std::string_view text) {
  RunInput input;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string_view name = part.substr(0, equals);
    const auto* const field = std::ranges::find(context_fields, name, &ContextField::name);
    if (field == std::end(context_fields) || equals == part.size()) {
      return error(Fault::bad_input,
                   fmt::format("--ctx: '{}' is not FIELD=NUMBER (ingress_ifindex, rx_queue_index, "
                               "egress_ifindex, mark, metadata_size)",
                               part));
    }
    TRY(input.*(field->member), parse_u32(part.substr(equals + 1), fmt::format("--ctx: {}", name)));
  }
  return input;
}

Expected<std::vector<RunItem>> read_packets(const std::vector<std::string>& hex_files,
                                            const std::string& capture_file,
                                            const RunInput& context) {
  const auto stdin_count = std::ranges::count(hex_files, "-") + (capture_file == "-" ? 1 : 0);
  if (stdin_count > 1) {
    return error(Fault::bad_input,
                 fmt::format("standard input is named {} times (limit 1)", stdin_count));
  }
  std::vector<RunItem> items;
  for (const std::string& path : hex_files) {
    TRY(const std::string text, report::read_input_text(path, max_hex_file_bytes));
    TRY(Bytes bytes, packet::parse_hex(text, path, packet::max_packet_bytes));
    TRY(RunItem item, packet_item(path, std::move(bytes), context));
    items.push_back(std::move(item));
  }
  if (capture_file.empty()) return items;
  TRY(const Bytes file, report::read_input(capture_file, report::max_input_bytes));
  TRY(std::vector<packet::Record> records, packet::parse_capture(file, capture_file));
  for (std::size_t i = 0; i < records.size(); ++i) {
    TRY(RunItem item, packet_item(fmt::format("{} record {}", capture_file, i + 1),
                                  std::move(records[i].bytes), context));
    item.time_microseconds = records[i].time_microseconds;
    items.push_back(std::move(item));
  }
  return items;
}

Expected<RunItem> read_memory(const std::string& memory) {
  std::string text = memory;
  std::string place = "--memory";
  if (memory.starts_with('@')) {
    place = memory.substr(1);
    TRY(text, report::read_input_text(place, max_hex_file_bytes));
  }
  RunItem item{"memory", {}, 0};
  TRY(item.input.packet, packet::parse_hex(text, place, packet::max_packet_bytes));
  item.input.raw_memory = true;
  return item;
}

Expected<object::Image> read_bare_program(const std::string& path, program::ProgType type) {
  TRY(Bytes bytes, report::read_input(path, max_bytecode_file_bytes));
  if (is_text(bytes)) {
    const std::string text(bytes.begin(), bytes.end());
    TRY(bytes, packet::parse_hex(text, path, max_bytecode_bytes));
  }
  if (bytes.empty() || bytes.size() % slot_bytes != 0 || bytes.size() > max_bytecode_bytes) {
    return error(Fault::bad_input,
                 fmt::format("{}: {} bytes of bytecode; insns have {} each, at most {} bytes", path,
                             bytes.size(), slot_bytes, max_bytecode_bytes));
  }
  std::vector<bpf::Slot> slots(bytes.size() / slot_bytes);
  std::memcpy(slots.data(), bytes.data(), bytes.size());
  object::Image image = object::image_from_slots("bare", slots, type);
  image.license = "GPL";  // for the kernel, which has helpers that ask for it
  return image;
}

}  // namespace probity::cli
