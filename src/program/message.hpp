// SPDX-License-Identifier: Apache-2.0
// Builds the one-line reasons of this folder without a heap: `slot 12: add64_imm …`. A chain of
// pieces ends in the Fault it stands for.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/diagnostic.hpp"
#include "isa/bpf/insn.hpp"

namespace probity::program {

class Message {
 public:
  explicit Message(std::string_view start) : sink_(buffer_) { text(start); }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  Message& text(std::string_view t) { return sink_.append(t), *this; }
  Message& number(std::uint64_t n) { return sink_.append_unsigned(n), *this; }
  Message& signed_number(std::int64_t n) { return sink_.append_signed(n), *this; }

  std::unexpected<Diagnostic> bad_input() const { return error(Fault::bad_input, sink_.view()); }
  std::unexpected<Diagnostic> unsupported() const {
    return error(Fault::unsupported, sink_.view());
  }
  std::unexpected<Diagnostic> limit() const { return error(Fault::limit, sink_.view()); }

 private:
  std::array<char, Diagnostic::capacity> buffer_{};
  TextSink sink_;
};

/// `slot 12: add64_imm`, to be continued.
class SlotMessage : public Message {
 public:
  SlotMessage(std::uint32_t slot, const bpf::Insn& insn) : Message("slot ") {
    number(slot).text(": ").text(bpf::row(insn.form).name);
  }
};
inline SlotMessage at_slot(std::uint32_t slot, const bpf::Insn& insn) {
  return {slot, insn};
}

}  // namespace probity::program
