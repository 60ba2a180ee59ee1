// SPDX-License-Identifier: Apache-2.0
// Random edits of seed objects, some of them damaged first: adding an edit and writing end in one
// diagnostic line, or in a file that reads as the edit says (the writer checks that itself and
// would call a difference a bug) and that is written back byte for byte. An input is a script: the
// seed, bytes to damage, then what happens to one slot after the other.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/check.hpp"
#include "object/linked_edit.hpp"
#include "object/write.hpp"

using namespace probity;

namespace {

using object::EditedSlot;
using object::FunctionEdit;
using object::Object;
using object::Origin;

std::vector<std::vector<std::uint8_t>> seeds;

/// The input, byte by byte; zeros behind its end.
class Script {
 public:
  explicit Script(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  bool empty() const { return at_ >= bytes_.size(); }
  std::uint8_t byte() { return empty() ? 0 : bytes_[at_++]; }
  std::uint32_t number() {
    const std::uint32_t high = byte();
    return high << 8 | byte();
  }
  bpf::Slot slot() {
    std::uint8_t bytes[sizeof(bpf::Slot)];
    for (std::uint8_t& value : bytes) value = byte();
    return load_le<bpf::Slot>(bytes);
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

constexpr bpf::Slot goto_next = {bpf::row(bpf::Form::ja).opcode, 0, 0, 0};
constexpr std::size_t max_new_slots = 4096;

/// What the script makes of `old`; slots it does not speak of are copied.
std::vector<EditedSlot> edited(Script& script, std::span<const EditedSlot> old) {
  std::vector<EditedSlot> slots;
  std::size_t next = 0;
  const auto copy = [&](std::size_t i) {
    if (i < old.size()) slots.push_back(old[i]);
  };
  while (!script.empty() && next < old.size() && slots.size() < max_new_slots) {
    const std::uint8_t op = script.byte();
    switch (op % 9) {
      case 0: return slots;
      case 1: copy(next++); break;
      case 2: ++next; break;
      case 3: slots.push_back({goto_next, Origin::inserted, 0}); break;
      case 4: slots.push_back({script.slot(), Origin::inserted, 0}); break;
      case 5: slots.push_back({script.slot(), Origin::replaced, old[next++].old_slot}); break;
      case 6: copy(script.number() % old.size()); break;
      case 7:
        copy(next++);
        slots.back().slot.regs ^= script.byte();
        break;
      case 8:
        for (std::size_t count = op / 9; count > 0; --count) copy(next++);
        break;
    }
  }
  for (; next < old.size(); ++next) copy(next);
  return slots;
}

void require_named(const Diagnostic& diagnostic) {
  if (diagnostic.fault() == Fault::bug)
    std::fprintf(stderr, "%s\n", std::string(diagnostic.line()).c_str());
  PROBITY_CHECK(diagnostic.fault() != Fault::bug);
  PROBITY_CHECK(diagnostic.line().find('\n') == std::string_view::npos);
}

void add(object::Edit& edit, FunctionEdit function) {
  const auto added = edit.replace(std::move(function));
  if (!added) require_named(added.error());
}

void edit_functions(Script& script, object::Edit& edit) {
  const Object& file = edit.object();
  for (unsigned rounds = 0; rounds < 4 && !script.empty(); ++rounds) {
    const std::uint32_t function = script.byte() % file.functions.size();
    const bool retarget = script.byte() % 4 != 0;
    const FunctionEdit kept = object::keep_function(file, function);
    FunctionEdit changed{function, edited(script, kept.slots)};
    if (retarget) {
      const auto landing =
          script.byte() % 2 == 0 ? object::Landing::on_inserted : object::Landing::on_target;
      auto moved = object::retarget_jumps(file, std::move(changed), landing);
      if (!moved) return require_named(moved.error());
      changed = *std::move(moved);
    }
    add(edit, std::move(changed));
  }
}

void edit_program(Script& script, object::Edit& edit) {
  const Object& file = edit.object();
  if (file.programs.empty()) return;
  const object::Program& program = file.programs[script.byte() % file.programs.size()];
  object::LinkedEdit linked;
  for (const program::Subprog& subprog : program.subprogs) {
    std::vector<EditedSlot> kept;
    for (std::uint32_t i = 0; i < subprog.slot_count; ++i) {
      const std::uint32_t at = subprog.first_slot + i;
      kept.push_back({program.slots[at], Origin::copied, at});
    }
    linked.subprog_starts.push_back(static_cast<std::uint32_t>(linked.slots.size()));
    const std::vector<EditedSlot> changed = edited(script, kept);
    linked.slots.insert(linked.slots.end(), changed.begin(), changed.end());
  }
  const auto edits = object::unlink_edit(file, program, linked);
  if (!edits) return require_named(edits.error());
  for (const FunctionEdit& function : *edits) add(edit, function);
}

void write_and_write_back(const object::Edit& edit) {
  const auto bytes = object::write(edit);
  if (!bytes) return require_named(bytes.error());
  const object::ReadOptions alone{{}, {}, object::Resolve::nothing};
  const auto again = object::read(*bytes, edit.object().name, alone);
  PROBITY_CHECK(again);
  object::Edit nothing(*again);
  for (std::uint32_t i = 0; i < again->functions.size(); ++i)
    add(nothing, object::keep_function(*again, i));
  const auto back = object::write(nothing);
  PROBITY_CHECK(back && *back == *bytes);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(PROBITY_SEED_OBJECTS))
    paths.push_back(entry.path());
  std::ranges::sort(paths);
  for (const std::filesystem::path& path : paths) {
    const object::ReadOptions alone{{}, {}, object::Resolve::nothing};
    const auto file = object::read_file(path.string(), alone);
    PROBITY_CHECK(file);
    seeds.push_back(*file->elf.bytes);
  }
  PROBITY_CHECK(!seeds.empty());
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script script({data, size});
  const std::uint8_t head = script.byte();
  std::vector<std::uint8_t> bytes = seeds[head % seeds.size()];
  const unsigned damage = head >= 192 ? script.byte() % 16 : 0;
  for (unsigned i = 0; i < damage; ++i) bytes[script.number() % bytes.size()] = script.byte();
  // Edits of linked code see what a kernel's types make of it.
  static const object::ReadOptions kernel{PROBITY_SEED_KERNEL, ""};
  const auto file = object::read(bytes, "fuzz.o", kernel);
  if (!file) {
    require_named(file.error());
    return 0;
  }
  if (file->functions.empty()) return 0;
  object::Edit edit(*file);
  if (script.byte() % 3 == 0)
    edit_program(script, edit);
  else
    edit_functions(script, edit);
  write_and_write_back(edit);
  return 0;
}
