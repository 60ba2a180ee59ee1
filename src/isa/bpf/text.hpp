// SPDX-License-Identifier: Apache-2.0
// What the two texts of eBPF (text_kernel.hpp, text_ubpf.hpp) share: how helpers are named, what
// parsing one insn yields, and how a text error says its column.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "base/diagnostic.hpp"
#include "base/fixed_text.hpp"
#include "isa/bpf/insn.hpp"

namespace probity::bpf {

/// The helper table of a layer above; program::helper_names() is the kernel's.
struct HelperNames {
  std::string_view (*name_of)(std::uint32_t id);  ///< empty when unknown
  std::optional<std::uint32_t> (*id_of)(std::string_view name);
};
/// No name is known: calls print and parse as numbers.
constexpr HelperNames no_helper_names = {
    [](std::uint32_t) { return std::string_view(); },
    [](std::string_view) -> std::optional<std::uint32_t> { return std::nullopt; }};

/// One insn of a text. Where the displacement was a name, `label` is that name and the field is
/// zero: `imm` of ja32, call_local and lddw_func, else `off`.
struct ParsedInsn {
  Insn insn;
  std::string_view label;
  std::uint32_t label_column = 0;
};

/// A complaint about one line; columns count from 1.
struct TextError {
  std::uint32_t column = 0;
  FixedText<240> message;
};
template <typename T>
using TextExpected = std::expected<T, TextError>;

/// A parsed insn as a caller without labels wants it.
Expected<Insn> require_no_label(const TextExpected<ParsedInsn>& parsed);

}  // namespace probity::bpf
