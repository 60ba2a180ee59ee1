// SPDX-License-Identifier: Apache-2.0
// Helpers that make or compare text: trace_printk, trace_vprintk, snprintf, strncmp
// (kernel/trace/bpf_trace.c, kernel/bpf/helpers.c), on text_format.hpp. Trace messages are recorded
// as text.
#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "runtime/helper_call.hpp"
#include "runtime/text_format.hpp"

namespace probity::runtime {
namespace {

constexpr std::uint64_t max_arguments = 12;  // MAX_BPRINTF_VARARGS

const std::uint8_t* readable(const HelperCall& call, std::uint64_t address, std::uint64_t size) {
  return translate(call.machine.regions.data(), call.machine.regions.size(), address, size,
                   Access::read);
}

/// Text of the program's own memory; there is no other here.
std::optional<std::string> text_at(const HelperCall& call, std::uint64_t address) {
  constexpr std::size_t max_text_bytes = 512;
  std::string text;
  for (std::size_t i = 0; i < max_text_bytes; ++i) {
    const std::uint8_t* byte = readable(call, address + i, 1);
    if (byte == nullptr) return std::nullopt;
    if (*byte == 0) break;
    text += static_cast<char>(*byte);
  }
  return text;
}

FormattedText formatted(const HelperCall& call, std::span<const std::uint8_t> format,
                        std::span<const std::uint64_t> arguments) {
  const TextReader text = [&call](std::uint64_t address) { return text_at(call, address); };
  const BytesReader bytes = [&call](std::uint64_t address,
                                    std::size_t size) -> std::optional<Bytes> {
    const std::uint8_t* from = readable(call, address, size);
    if (from == nullptr) return std::nullopt;
    return Bytes(from, from + size);
  };
  return format_text(format, arguments, text, bytes);
}

HelperFlow not_modelled(HelperCall& call, std::string_view what) {
  return call.refuse(FaultKind::unsupported, call.machine.environment_slot,
                     fmt::format("{} is not modelled", what));
}

/// Records a trace message; its length is the answer.
HelperFlow trace(HelperCall& call, std::span<const std::uint8_t> format,
                 std::vector<std::uint64_t> arguments) {
  const FormattedText made = formatted(call, format, arguments);
  if (made.error != 0) return call.returns(made.error);
  if (!made.unsupported.empty()) return not_modelled(call, made.unsupported);
  // What lies in registers that the format does not ask for is no part of the message.
  arguments.resize(std::min(arguments.size(), made.arguments));
  call.record(std::move(arguments), Bytes(made.text.begin(), made.text.end()));
  return call.returns(static_cast<std::int64_t>(made.text.size()));
}

HelperFlow trace_printk(HelperCall& call) {
  const std::uint64_t size = call.arg32(2);
  const std::uint8_t* format = call.memory(1, size, Access::read);
  if (format == nullptr) return HelperFlow::fault;
  return trace(call, {format, size}, {call.arg(3), call.arg(4), call.arg(5)});
}

/// The 64-bit arguments at argument `index`, whose size is checked; nullopt after a fault.
std::optional<std::vector<std::uint64_t>> arguments_at(HelperCall& call, unsigned index) {
  const std::uint64_t size = call.arg32(index + 1);
  const std::uint8_t* data = call.memory(index, size, Access::read);
  if (data == nullptr) return std::nullopt;
  std::vector<std::uint64_t> values(size / 8);
  if (!values.empty()) std::memcpy(values.data(), data, values.size() * 8);
  return values;
}
bool is_arguments_size(std::uint64_t size) {
  return size % 8 == 0 && size <= max_arguments * 8;
}

HelperFlow trace_vprintk(HelperCall& call) {
  const std::uint64_t size = call.arg32(2);
  const std::uint8_t* format = call.memory(1, size, Access::read);
  if (format == nullptr) return HelperFlow::fault;
  std::optional<std::vector<std::uint64_t>> arguments = arguments_at(call, 3);
  if (!arguments) return HelperFlow::fault;
  if (!is_arguments_size(call.arg32(4))) return call.returns(errno_of::invalid);
  return trace(call, {format, size}, *std::move(arguments));
}

/// The zero-terminated text at argument `index`, with its zero; empty after a fault.
Bytes constant_text(HelperCall& call, unsigned index) {
  const std::optional<std::string> text = text_at(call, call.arg(index));
  if (!text) {
    call.refuse(FaultKind::bad_helper_argument, call.arg(index),
                fmt::format("argument {} is not a text", index));
    return {};
  }
  Bytes bytes(text->begin(), text->end());
  bytes.push_back(0);
  return bytes;
}

HelperFlow snprintf(HelperCall& call) {
  const std::uint64_t size = call.arg32(2);
  std::uint8_t* out = call.memory(1, size, Access::write);
  if (out == nullptr) return HelperFlow::fault;
  const Bytes format = constant_text(call, 3);
  if (format.empty()) return HelperFlow::fault;
  const std::optional<std::vector<std::uint64_t>> arguments = arguments_at(call, 4);
  if (!arguments) return HelperFlow::fault;
  if (!is_arguments_size(call.arg32(5))) return call.returns(errno_of::invalid);
  const FormattedText made = formatted(call, format, *arguments);
  if (made.error != 0) return call.returns(made.error);
  if (!made.unsupported.empty()) return not_modelled(call, made.unsupported);
  if (made.has_hidden_address) return not_modelled(call, "the kernel's hash of an address");
  if (size != 0) {
    const std::size_t copied = std::min<std::size_t>(size - 1, made.text.size());
    std::copy_n(made.text.begin(), copied, out);
    out[copied] = 0;
  }
  return call.returns(static_cast<std::int64_t>(made.text.size() + 1));
}

HelperFlow strncmp(HelperCall& call) {
  const std::uint64_t size = call.arg32(2);
  const std::uint8_t* first = call.memory(1, size, Access::read);
  if (first == nullptr) return HelperFlow::fault;
  const Bytes second = constant_text(call, 3);
  if (second.empty()) return HelperFlow::fault;
  for (std::size_t i = 0; i < size; ++i) {
    if (first[i] != second[i]) return call.returns(first[i] < second[i] ? -1 : 1);
    if (first[i] == 0) break;
  }
  return call.returns(0);
}

constexpr std::array<HelperModel, 4> models = {{
    {6, any_type, trace_printk},
    {165, any_type, snprintf},
    {177, any_type, trace_vprintk},
    {182, any_type, strncmp},
}};

}  // namespace

std::span<const HelperModel> text_helpers() {
  return models;
}

}  // namespace probity::runtime
