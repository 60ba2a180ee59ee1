// SPDX-License-Identifier: Apache-2.0
// Standard input can be read once, so two `-` are refused instead of the second one reading
// nothing.
#include "cli/run_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include "packet/packet.hpp"
#include "report/file.hpp"
#include "runtime/ctx_input.hpp"

namespace probity::cli {
namespace {

using runtime::Bytes;
using runtime::RunInput;

constexpr std::uint64_t max_hex_file_bytes = std::uint64_t{1} << 20;
constexpr std::uint64_t max_bytecode_file_bytes = std::uint64_t{32} << 20;
constexpr std::size_t max_bytecode_bytes = std::size_t{8} * 1'000'000;
constexpr std::size_t slot_bytes = 8;

Expected<std::uint64_t> parse_number(std::string_view text, std::string_view place,
                                     std::uint64_t max) {
  const bool is_hex = text.starts_with("0x");
  const std::string_view digits = is_hex ? text.substr(2) : text;
  std::uint64_t value = 0;
  const auto [end, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, is_hex ? 16 : 10);
  const bool whole = problem == std::errc{} && end == digits.data() + digits.size();
  if (whole && value <= max) return value;
  return error(Fault::bad_input, fmt::format("{}: '{}' is not a number (0..{})", place, text, max));
}

/// Takes the words of a list apart at its commas.
std::vector<std::string_view> words_of(std::string_view list) {
  std::vector<std::string_view> words;
  while (!list.empty()) {
    words.push_back(list.substr(0, list.find(',')));
    list.remove_prefix(std::min(words.back().size() + 1, list.size()));
  }
  return words;
}

std::string known_fields(program::ProgType type) {
  const std::string names = runtime::settable_ctx_fields(type);
  return names.empty() ? "metadata_size" : names + ", metadata_size";
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

Expected<RunInput> parse_context(std::string_view text, program::ProgType type) {
  RunInput input;
  for (const std::string_view word : words_of(text)) {
    const std::size_t equals = std::min(word.find('='), word.size());
    const std::string name(word.substr(0, equals));
    if (equals == word.size()) {
      return error(Fault::bad_input,
                   fmt::format("--ctx: '{}' is not FIELD=NUMBER ({})", word, known_fields(type)));
    }
    const std::string place = fmt::format("--ctx: {}", name);
    const bool is_metadata = name == "metadata_size";
    TRY(const std::uint64_t value,
        parse_number(word.substr(equals + 1), place,
                     is_metadata ? std::numeric_limits<std::uint32_t>::max()
                                 : std::numeric_limits<std::uint64_t>::max()));
    if (is_metadata) {
      input.metadata_size = static_cast<std::uint32_t>(value);
      continue;
    }
    runtime::CtxValue field{name, value};
    if (const auto row = runtime::require_ctx_value(type, field); !row)
      return std::unexpected(row.error().at("--ctx"));
    input.fields.push_back(std::move(field));
  }
  return input;
}

Expected<NetworkFlag> parse_network(std::string_view text) {
  NetworkFlag flag;
  if (text == "fresh") return flag;
  if (text == "host") {
    flag.choice = runtime::NetworkChoice::host;
    return flag;
  }
  const auto is_device = [](std::string_view word) {  // and not a choice spelled wrong
    return word.contains('=') || (!word.empty() && word.back() >= '0' && word.back() <= '9');
  };
  const std::vector<std::string_view> words = words_of(text);
  if (words.empty() || words.size() > runtime::max_named_interfaces ||
      !std::ranges::all_of(words, is_device)) {
    return error(Fault::bad_input,
                 fmt::format("--netns: '{}' is not fresh, host or 1..{} devices, each a name that "
                             "ends in a digit or NAME=IFINDEX",
                             text, runtime::max_named_interfaces));
  }
  constexpr std::uint32_t first_ifindex = 2;  // 1 is lo
  std::uint32_t next = first_ifindex;
  for (const std::string_view word : words) {
    const std::size_t equals = std::min(word.find('='), word.size());
    runtime::NamedInterface wanted{std::string(word.substr(0, equals)), next};
    if (equals != word.size()) {
      TRY(const std::uint64_t number,
          parse_number(word.substr(equals + 1), fmt::format("--netns: {}", wanted.name),
                       std::numeric_limits<std::uint32_t>::max()));
      wanted.ifindex = static_cast<std::uint32_t>(number);
    }
    next = wanted.ifindex + 1;
    flag.interfaces.push_back(std::move(wanted));
  }
  return flag;
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
