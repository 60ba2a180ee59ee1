// SPDX-License-Identifier: Apache-2.0
// Any bytes as an object file: reading ends in one diagnostic line, or in programs whose images
// agree with themselves. CO-RE relocations and externs meet a fixed small kernel. Slots are never
// executed here.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/check.hpp"
#include "object/object.hpp"
#include "object_mutator.hpp"
#include "program/validate.hpp"

using namespace probity;

namespace {

void check_program(const object::Object& file, const object::Program& program) {
  const object::Image image = object::make_image(file, program);
  const program::View view = image.view();
  PROBITY_CHECK(!view.subprogs.empty() || !image.unsupported.empty());
  std::size_t slots = 0;
  for (const program::Subprog& subprog : view.subprogs) {
    PROBITY_CHECK(subprog.first_slot == slots);
    slots += subprog.slot_count;
  }
  PROBITY_CHECK(slots == view.slots.size());
  for (const program::LineInfo& line : view.lines) PROBITY_CHECK(line.slot < slots);
  for (const program::MapDef& map : view.maps)
    PROBITY_CHECK(map.inner < static_cast<std::int64_t>(view.maps.size()));
  std::vector<std::byte> scratch(
      program::validate_arena_bytes(view.slots.size(), view.subprogs.size()));
  Arena arena(scratch);
  const auto valid = program::validate(view, arena);
  PROBITY_CHECK(valid || valid.error().fault() != Fault::bug);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const object::ReadOptions kernel{PROBITY_SEED_KERNEL, ""};
  const auto file = object::read(std::span(data, size), "fuzz.o", kernel);
  if (!file) {
    PROBITY_CHECK(file.error().line().find('\n') == std::string_view::npos);
    return 0;
  }
  for (const object::Program& program : file->programs) check_program(*file, program);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  return fuzz::mutate_object(data, size, max_size, seed);
}
