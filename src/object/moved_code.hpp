// SPDX-License-Identifier: Apache-2.0
// Where the code of an edited object goes: for each executable section with an edited function, the
// new slots, which old slot each came from, and where each old place is now. Old slots stay where
// their function is; copies of them in other functions are more of them, and no jump leads there.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/diagnostic.hpp"
#include "object/edit.hpp"

namespace probity::object {

constexpr std::uint32_t no_slot = 0xffffffff;

/// A stretch of a section that was edited as one function, or not at all.
struct CodeRun {
  std::uint32_t old_first = 0;
  std::uint32_t old_count = 0;
  std::uint32_t new_first = 0;
  std::uint32_t new_count = 0;
  bool edited = false;
};

/// The old slot that a new one was copied or replaced from.
struct OldSlot {
  std::uint32_t section = 0;
  std::uint32_t slot = no_slot;  ///< in its section; no_slot: inserted
  std::uint32_t first = 0;       ///< slot of its function, when in an edited run
  bool copied = false;           ///< records of the old one follow
  bool foreign = false;          ///< of another function than the one it is in now
};

/// All slot numbers count from the start of the section.
struct MovedSection {
  std::uint32_t index = 0;
  std::vector<CodeRun> runs;          ///< in order; they cover the section
  std::vector<bpf::Slot> slots;       ///< new code, calls and leaving jumps not yet adjusted
  std::vector<OldSlot> old_of;        ///< by new slot
  std::vector<std::uint32_t> places;  ///< by old slot, and one past the end: its new place
  /// New slots that are copies of old slot `i` of this section:
  /// copies[copies_from[i] .. copies_from[i + 1]).
  std::vector<std::uint32_t> copies;
  std::vector<std::uint32_t> copies_from;

  std::span<const std::uint32_t> copies_of(std::uint32_t old_slot) const;
  /// A byte address of the old section in the new one; behind the end it moves with the end.
  std::uint64_t address(std::uint64_t old_address) const;
};

class MovedCode {
 public:
  explicit MovedCode(const Edit& edit);

  /// nullptr for a section without an edited function.
  const MovedSection* section(std::uint32_t index) const;
  std::map<std::uint32_t, MovedSection>& sections() { return sections_; }
  const std::map<std::uint32_t, MovedSection>& sections() const { return sections_; }
  /// Copies of an old slot in other sections than its own.
  std::vector<CodePlace> copies_elsewhere(CodePlace old) const;
  /// A byte address of section `index`; unchanged when its code is.
  std::uint64_t address(std::uint32_t index, std::uint64_t old_address) const;

 private:
  std::map<std::uint32_t, MovedSection> sections_;
  std::multimap<CodePlace, CodePlace> elsewhere_;  // old slot to its copies
};

/// Gives calls inside their section, and jumps that leave their function, their new displacement.
/// `old_slots` is the old section; `related` tells by old slot which slots a relocation patches:
/// those are left alone, and so are copies from other sections.
Expected<void> adjust_displacements(MovedSection& moved, std::span<const bpf::Slot> old_slots,
                                    const std::vector<bool>& related);

}  // namespace probity::object
