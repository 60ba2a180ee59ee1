// SPDX-License-Identifier: Apache-2.0
// Two passes: lines to insns with the labels they name, then labels to displacements, which are
// counted in slots from the insn after the jump (lddw_func and call_local included).
#include "assembler/bpf_text.hpp"

#include <map>
#include <set>

#include "isa/bpf/codec.hpp"
#include "isa/bpf/text_kernel.hpp"
#include "isa/bpf/text_ubpf.hpp"
#include "program/helper.hpp"

namespace probity::assembler {

namespace {

using bpf::Form;
using bpf::Insn;
using bpf::Operands;
using bpf::Slot;

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_label_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
         c == '$';
}

bool is_label(std::string_view text) {
  if (text.empty() || is_digit(text[0])) return false;
  for (const char c : text) {
    if (!is_label_char(c)) return false;
  }
  return true;
}

/// Where the comment of `line` starts, or its size.
std::size_t comment_start(std::string_view line, TextStyle style) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == ';' || line.substr(i).starts_with("//")) return i;
    if (line[i] != '#') continue;
    const bool after_blank = i == 0 || is_blank(line[i - 1]);
    const bool before_digit = i + 1 < line.size() && is_digit(line[i + 1]);
    if (style == TextStyle::ubpf || i == 0 || (after_blank && !before_digit)) return i;
  }
  return line.size();
}

struct Label {
  std::size_t slot = 0;
  std::uint32_t line = 0;
};

/// A displacement to fill in when all labels are known.
struct Pending {
  std::size_t slot = 0;
  Insn insn;
  std::string_view label;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

class Assembler {
 public:
  Assembler(const Source& source, TextStyle style) : source_(source), style_(style) {}

  Expected<std::vector<Slot>> run();

 private:
  Expected<void> line(std::string_view text);
  Expected<std::size_t> define_labels(std::string_view text);
  Expected<void> insn(std::string_view text, std::size_t column_offset);
  Expected<void> resolve(const Pending& pending);
  std::unexpected<Diagnostic> fail(std::uint32_t line, std::size_t column,
                                   const std::string& message) const;
  void place(const Insn& insn, std::size_t slot);

  const Source& source_;
  TextStyle style_;
  std::uint32_t line_ = 0;
  std::vector<Slot> slots_;
  std::vector<Pending> pending_;
  std::map<std::string_view, Label> labels_;
  Label first_exit_;
  bool has_exit_ = false;
};

std::unexpected<Diagnostic> Assembler::fail(std::uint32_t line, std::size_t column,
                                            const std::string& message) const {
  const std::string place = std::string(source_.file) + ":" + std::to_string(line) + ":" +
                            std::to_string(column) + ": error: ";
  return error(Fault::bad_input, place + message);
}

/// Skips `12: (b7)`, as verifier logs write it; returns how many characters that was.
std::size_t log_prefix_length(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && is_blank(text[at])) ++at;
  const std::size_t digits = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  if (at == digits || at == text.size() || text[at] != ':') return 0;
  ++at;
  while (at < text.size() && is_blank(text[at])) ++at;
  const std::string_view opcode = text.substr(at);
  const bool has_opcode = opcode.size() > 3 && opcode[0] == '(' && opcode[3] == ')';
  return has_opcode ? at + 4 : at;
}

/// Takes the labels at the start of `text`; returns where the insn starts.
Expected<std::size_t> Assembler::define_labels(std::string_view text) {
  std::size_t at = 0;
  while (true) {
    while (at < text.size() && is_blank(text[at])) ++at;
    std::size_t end = at;
    while (end < text.size() && is_label_char(text[end])) ++end;
    const std::string_view name = text.substr(at, end - at);
    if (end == text.size() || text[end] != ':' || !is_label(name)) return at;
    const auto [existing, fresh] = labels_.emplace(name, Label{slots_.size(), line_});
    if (!fresh) {
      return fail(line_, at + 1,
                  "label '" + std::string(name) + "' is already defined on line " +
                      std::to_string(existing->second.line));
    }
    at = end + 1;
  }
}

void Assembler::place(const Insn& insn, std::size_t slot) {
  const std::array<Slot, 2> encoded = bpf::encode(insn);
  for (unsigned i = 0; i < insn.slot_count(); ++i) slots_[slot + i] = encoded[i];
}

Expected<void> Assembler::insn(std::string_view text, std::size_t column_offset) {
  const bpf::TextExpected<bpf::ParsedInsn> parsed =
      style_ == TextStyle::kernel ? bpf::parse_kernel_insn(text, program::helper_names())
                                  : bpf::parse_ubpf_insn(text);
  if (!parsed) {
    return fail(line_, column_offset + parsed.error().column,
                std::string(parsed.error().message.view()));
  }
  const Insn& insn = parsed->insn;
  const std::size_t slot = slots_.size();
  if (slot + insn.slot_count() > slot_count_limit) {
    return fail(line_, column_offset + 1,
                "program exceeds " + std::to_string(slot_count_limit) + " slots");
  }
  slots_.resize(slot + insn.slot_count());
  place(insn, slot);
  if (!parsed->label.empty()) {
    const std::uint32_t column = static_cast<std::uint32_t>(column_offset) + parsed->label_column;
    pending_.push_back({slot, insn, parsed->label, line_, column});
  }
  if (insn.form == Form::exit && !has_exit_) {
    has_exit_ = true;
    first_exit_ = {slot, line_};
  }
  return {};
}

Expected<void> Assembler::line(std::string_view text) {
  const std::string_view code = text.substr(0, comment_start(text, style_));
  const std::size_t skipped = style_ == TextStyle::kernel ? log_prefix_length(code) : 0;
  TRY(const std::size_t labels_end, define_labels(code.substr(skipped)));
  const std::size_t at = skipped + labels_end;
  if (at == code.size()) return {};
  return insn(code.substr(at), at);
}

Expected<void> Assembler::resolve(const Pending& pending) {
  const auto found = labels_.find(pending.label);
  const bool implicit_exit =
      found == labels_.end() && pending.label == "exit" && has_exit_ && style_ == TextStyle::ubpf;
  if (found == labels_.end() && !implicit_exit) {
    return fail(pending.line, pending.column,
                "label '" + std::string(pending.label) + "' is not defined");
  }
  const Label& label = implicit_exit ? first_exit_ : found->second;
  const std::int64_t displacement =
      static_cast<std::int64_t>(label.slot) - static_cast<std::int64_t>(pending.slot) - 1;
  Insn insn = pending.insn;
  const Operands operands = bpf::row(insn.form).operands;
  if (operands == Operands::imm || operands == Operands::dst_imm64) {
    insn.imm = static_cast<std::int32_t>(displacement);  // fits: |displacement| < slot_count_limit
  } else {
    if (displacement < -32768 || displacement > 32767) {
      return fail(pending.line, pending.column,
                  "off " + std::to_string(displacement) + " to label '" +
                      std::string(pending.label) + "' does not fit 16 signed bits (-32768..32767)");
    }
    insn.off = static_cast<std::int16_t>(displacement);
  }
  place(insn, pending.slot);
  return {};
}

Expected<std::vector<Slot>> Assembler::run() {
  std::string_view left = source_.text;
  line_ = source_.first_line;
  while (!left.empty()) {
    const std::size_t end = std::min(left.find('\n'), left.size());
    TRY(line(left.substr(0, end)));
    left.remove_prefix(std::min(end + 1, left.size()));
    ++line_;
  }
  for (const Pending& pending : pending_) TRY(resolve(pending));
  return std::move(slots_);
}

/// The displacement of an insn that has one, in slots after the insn's first slot.
std::optional<std::int64_t> displacement_of(const Insn& insn) {
  switch (bpf::row(insn.form).meaning) {
    case bpf::Meaning::jump:
      return insn.form == Form::ja32 ? std::int64_t{insn.imm} : std::int64_t{insn.off};
    case bpf::Meaning::may_goto:
    case bpf::Meaning::branch: return insn.off;
    case bpf::Meaning::call:
      if (insn.form == Form::call_local) return insn.imm;
      return std::nullopt;
    case bpf::Meaning::load_imm64:
      if (insn.form == Form::lddw_func) return insn.imm;
      return std::nullopt;
    case bpf::Meaning::alu:
    case bpf::Meaning::movsx:
    case bpf::Meaning::byte_swap:
    case bpf::Meaning::exit:
    case bpf::Meaning::load_packet:
    case bpf::Meaning::load:
    case bpf::Meaning::store_imm:
    case bpf::Meaning::store_reg:
    case bpf::Meaning::atomic:
    case bpf::Meaning::load_acquire:
    case bpf::Meaning::store_release: return std::nullopt;
  }
  return std::nullopt;
}

/// Longest insn text: `r10 = atomic64_fetch_xor((u64 *)(r10 - 32768), r10)` and a helper's name fit
/// twice.
constexpr std::size_t insn_text_capacity = 200;

std::string print_with(const Insn& insn, TextStyle style, std::string_view target) {
  std::array<char, insn_text_capacity> buffer;
  TextSink sink(buffer);
  if (style == TextStyle::ubpf) {
    bpf::print_ubpf_with_label(insn, target, sink);
  } else {
    bpf::print_kernel_with_label(insn, program::helper_names(), target, sink);
  }
  return std::string(sink.view());
}

/// Slots that are insns' first, and the names that jumps to them print.
class LabelTable {
 public:
  static Expected<LabelTable> of(const program::View& view);
  /// Empty when nothing jumps there.
  std::string_view at(std::size_t slot) const {
    const auto found = names_.find(slot);
    return found == names_.end() ? std::string_view() : found->second;
  }

 private:
  std::map<std::size_t, std::string> names_;
};

/// A name that both styles read back as this label.
bool is_usable_name(std::string_view name) {
  const bool generated = name.starts_with("L") && name.size() > 1 && is_digit(name[1]);
  return is_label(name) && name.size() < 100 && !generated && name != "kfunc" && name != "exit" &&
         program::find_helper(name) == nullptr;
}

Expected<LabelTable> LabelTable::of(const program::View& view) {
  LabelTable table;
  std::set<std::size_t> starts;
  std::set<std::size_t> targets;
  for (std::size_t slot = 0; slot < view.slots.size();) {
    TRY(const Insn insn, bpf::decode(view.slots, slot));
    starts.insert(slot);
    const std::optional<std::int64_t> displacement = displacement_of(insn);
    const std::int64_t target = static_cast<std::int64_t>(slot) + 1 + displacement.value_or(-1);
    if (displacement && target >= 0) targets.insert(static_cast<std::size_t>(target));
    slot += insn.slot_count();
  }
  std::set<std::string_view> used;
  for (const program::Subprog& subprog : view.subprogs) {
    const bool fresh = is_usable_name(subprog.name) && used.insert(subprog.name).second;
    if (fresh && starts.contains(subprog.first_slot)) {
      table.names_.emplace(subprog.first_slot, subprog.name);
    }
  }
  for (const std::size_t target : targets) {
    if (starts.contains(target)) table.names_.emplace(target, "L" + std::to_string(target));
  }
  return table;
}

}  // namespace

Expected<std::vector<Slot>> assemble(const Source& source, TextStyle style) {
  return Assembler(source, style).run();
}

std::string print_insn(const Insn& insn, TextStyle style) {
  return print_with(insn, style, {});
}

Expected<std::string> print_program(const program::View& view, TextStyle style, Labels labels) {
  LabelTable table;
  if (labels == Labels::shown) {
    TRY(table, LabelTable::of(view));
  }
  std::string text;
  for (std::size_t slot = 0; slot < view.slots.size();) {
    TRY(const Insn insn, bpf::decode(view.slots, slot));
    const std::string_view label = table.at(slot);
    if (!label.empty()) text.append(label).append(":\n");
    const std::int64_t displacement = displacement_of(insn).value_or(-1);
    const std::int64_t target = static_cast<std::int64_t>(slot) + 1 + displacement;
    const bool named = displacement_of(insn).has_value() && target >= 0;
    text.append(labels == Labels::shown ? "  " : "");
    text.append(print_with(insn, style, named ? table.at(static_cast<std::size_t>(target)) : ""));
    text.append("\n");
    slot += insn.slot_count();
  }
  return text;
}

}  // namespace probity::assembler
