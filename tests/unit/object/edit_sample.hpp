// SPDX-License-Identifier: Apache-2.0
// Edits for the tests of the writer, in few words.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "object/write.hpp"
#include "sample.hpp"

namespace probity::object {

inline constexpr bpf::Slot goto_next = {bpf::row(bpf::Form::ja).opcode, 0, 0, 0};
inline constexpr bpf::Slot exit_slot = {bpf::row(bpf::Form::exit).opcode, 0, 0, 0};
inline constexpr bpf::Slot zero_r0 = {bpf::row(bpf::Form::mov32_imm).opcode, 0, 0, 0};

inline std::uint32_t function_named(const Object& object, std::string_view name) {
  const auto found = std::ranges::find(object.functions, name, &Function::name);
  EXPECT_NE(found, object.functions.end()) << name;
  return static_cast<std::uint32_t>(found - object.functions.begin());
}

/// The function with a `goto +0` before each of these slots, jumps corrected.
inline FunctionEdit with_gotos(const Object& object, std::uint32_t function,
                               std::initializer_list<std::uint32_t> before) {
  FunctionEdit edit{function, {}};
  for (const EditedSlot& slot : keep_function(object, function).slots) {
    if (std::ranges::count(before, slot.old_slot) != 0) edit.slots.push_back({goto_next});
    edit.slots.push_back(slot);
  }
  auto moved = retarget_jumps(object, std::move(edit), Landing::on_inserted);
  EXPECT_TRUE(moved) << moved.error().line();
  return moved ? *moved : FunctionEdit{};
}

/// Writes one edit and reads the result; an empty object after a failure.
inline Object written(const Object& object, FunctionEdit function) {
  Edit edit(object);
  const auto replaced = edit.replace(std::move(function));
  EXPECT_TRUE(replaced) << replaced.error().line();
  const auto bytes = write(edit);
  EXPECT_TRUE(bytes) << bytes.error().line();
  if (!bytes) return {};
  auto again = read(*bytes, object.name);
  EXPECT_TRUE(again) << again.error().line();
  return again ? *std::move(again) : Object{};
}

/// The message with which an edit is refused; empty when it is not.
inline std::string refusal_of(const Object& object, FunctionEdit function) {
  Edit edit(object);
  const auto replaced = edit.replace(std::move(function));
  return replaced ? "" : std::string(replaced.error().line());
}

}  // namespace probity::object
