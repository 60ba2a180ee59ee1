// SPDX-License-Identifier: Apache-2.0
// From sections to a test.
#include "corpus/case.hpp"

#include <algorithm>
#include <bit>

#include "assembler/bpf_text.hpp"
#include "base/check.hpp"
#include "isa/bpf/codec.hpp"

namespace probity::corpus {
namespace {

using bpf::Group;

constexpr std::array<std::string_view, group_count> group_names = {
    "base32",   "base64", "divmul32", "divmul64",  "atomic32",
    "atomic64", "packet", "callx",    "linux_only"};

std::string place_of(const DataFile& file, const Section& section) {
  return file.place + ":" + std::to_string(section.line);
}

std::unexpected<Diagnostic> bad(const std::string& place, const std::string& what) {
  return std::unexpected(Diagnostic(Fault::bad_input, what).at(place));
}

/// `-- raw`: one u64 a word.
Expected<std::vector<bpf::Slot>> slots_of_raw(const DataFile& file, const Section& section) {
  std::vector<bpf::Slot> slots;
  const std::string text = without_comments(section.body);
  constexpr std::string_view blanks = " \t\r\n\v\f";
  for (std::size_t at = text.find_first_not_of(blanks); at < text.size();
       at = text.find_first_not_of(blanks, at)) {
    const std::size_t end = std::min(text.find_first_of(blanks, at), text.size());
    const auto line =
        section.line +
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    const std::string place = file.place + ":" + std::to_string(line);
    TRY(const std::uint64_t word, parse_number(text.substr(at, end - at), place));
    if (slots.size() == assembler::slot_count_limit) {
      return bad(place,
                 "program has more than " + std::to_string(assembler::slot_count_limit) + " slots");
    }
    slots.push_back(std::bit_cast<bpf::Slot>(word));
    at = end;
  }
  return slots;
}

Expected<std::vector<bpf::Slot>> slots_of(const DataFile& file, const Section& section) {
  if (section.kind == SectionKind::raw) return slots_of_raw(file, section);
  const assembler::TextStyle style = section.kind == SectionKind::asm_text
                                         ? assembler::TextStyle::ubpf
                                         : assembler::TextStyle::kernel;
  return assembler::assemble({file.place, section.body, section.line}, style);
}

/// The program; where the file spells it more than once, all spellings must be the same slots.
Expected<std::vector<bpf::Slot>> slots_of(const DataFile& file) {
  const Section* first = nullptr;
  std::vector<bpf::Slot> slots;
  for (const SectionKind kind :
       {SectionKind::asm_text, SectionKind::kernel_asm, SectionKind::raw}) {
    const Section* section = file.find(kind);
    if (section == nullptr) continue;
    TRY(std::vector<bpf::Slot> spelled, slots_of(file, *section));
    if (first == nullptr) {
      first = section;
      slots = std::move(spelled);
    } else if (spelled != slots) {
      return bad(place_of(file, *section), "section " + std::string(name(kind)) +
                                               " is another program than section " +
                                               std::string(name(first->kind)));
    }
  }
  if (first == nullptr) {
    return bad(file.place, "no program: a file needs a section asm, kernel-asm or raw");
  }
  return slots;
}

/// What the insns need. An undecodable slot needs nothing: refusing it is the engine's answer.
void classify(Case& test) {
  for (std::size_t at = 0; at < test.slots.size();) {
    const Expected<bpf::Insn> insn = bpf::decode(test.slots, at);
    if (!insn) {
      ++at;
      continue;
    }
    const bpf::Row& row = bpf::row(insn->form);
    test.groups.add(row.group);
    test.cpu = std::max(test.cpu, row.cpu);
    at += insn->slot_count();
  }
}

}  // namespace

std::string_view name(Group group) {
  return group_names[static_cast<std::size_t>(group)];
}

std::optional<Group> group_named(std::string_view name) {
  for (std::size_t i = 0; i < group_names.size(); ++i) {
    if (group_names[i] == name) return static_cast<Group>(i);
  }
  return std::nullopt;
}

std::optional<Group> GroupSet::first_outside(const GroupSet& other) const {
  for (std::size_t i = 0; i < group_count; ++i) {
    if (members_[i] && !other.members_[i]) return static_cast<Group>(i);
  }
  return std::nullopt;
}

GroupSet default_groups() {
  GroupSet groups;
  for (std::size_t i = 0; i < group_count; ++i) groups.add(static_cast<Group>(i));
  groups.remove(Group::callx);
  groups.remove(Group::packet);
  return groups;
}

Expected<Case> make_case(const DataFile& file) {
  Case test;
  test.place = file.place;
  TRY(test.slots, slots_of(file));
  classify(test);
  if (const Section* mem = file.find(SectionKind::mem)) {
    TRY(test.memory, parse_hex_bytes(*mem, file.place));
  }
  if (const Section* result = file.find(SectionKind::result)) {
    TRY(test.result, parse_number(last_line(result->body), place_of(file, *result)));
  }
  if (const Section* error_text = file.find(SectionKind::error))
    test.error = last_text_line(error_text->body);
  for (const SectionKind kind :
       {SectionKind::spec, SectionKind::expect, SectionKind::counterexample, SectionKind::target,
        SectionKind::code, SectionKind::mutant}) {
    if (!test.beyond && file.find(kind) != nullptr) test.beyond = kind;
  }
  if (test.result && test.error)
    return bad(file.place, "a test expects a result or an error, not both");
  if (!test.result && !test.error && !test.beyond) {
    return bad(file.place, "no expectation: a file needs a section result or error");
  }
  return test;
}

}  // namespace probity::corpus
