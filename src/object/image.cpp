// SPDX-License-Identifier: Apache-2.0
// Copying a linked program out of its object, so that it lives on its own.
#include "object/image.hpp"

#include <algorithm>
#include <map>

#include "object/object.hpp"
#include "object/value_field.hpp"

namespace probity::object {

Image image_from_slots(std::string_view name, std::span<const bpf::Slot> slots,
                       program::ProgType type) {
  Image image;
  image.name = name;
  image.type = type;
  image.slots.assign(slots.begin(), slots.end());
  const std::string_view kept = image.keep(name);
  image.subprogs.push_back({kept, 0, static_cast<std::uint32_t>(slots.size())});
  return image;
}

const program::View* Image::keep_program(Image program) {
  programs_.push_back(std::make_unique<Image>(std::move(program)));
  return &views_.emplace_back(programs_.back()->view());
}

namespace {

Image copy_program(const Object& object, const Program& program) {
  Image image;
  image.name = program.name;
  image.section = program.section;
  image.type = program.type.type;
  image.expected_attach_type = program.type.attach_type;
  image.license = object.license;
  image.kernel_version = object.version;
  image.autoload = program.type.autoload;
  image.slots = program.slots;
  for (const program::Subprog& subprog : program.subprogs)
    image.subprogs.push_back({image.keep(subprog.name), subprog.first_slot, subprog.slot_count});
  for (std::size_t i = 0; i < object.maps.size(); ++i) {
    program::MapDef map = object.maps[i];
    if (object.btf != nullptr && object.map_info[i].value_type != 0)
      map.value_fields = image.keep(value_fields(*object.btf, object.map_info[i].value_type));
    map.name = image.keep(map.name);
    map.initial = image.keep(std::vector(map.initial.begin(), map.initial.end()));
    image.maps.push_back(map);
  }
  for (std::uint32_t map = 0; map < object.map_info.size(); ++map) {
    for (const MapSlot& slot : object.map_info[map].initial_slots) {
      if (slot.kind == MapSlot::Kind::map)
        image.inner_maps.push_back({map, slot.index, slot.target});
    }
  }
  for (const program::External& external : program.externals)
    image.externals.push_back({image.keep(external.name), external.weak});
  std::string_view file;  // neighbouring lines share their file name
  for (program::LineInfo line : program.lines) {
    if (line.file != file) file = image.keep(line.file);
    line.file = file;
    line.text = image.keep(line.text);
    image.lines.push_back(line);
  }
  for (const std::string& problem : program.problems)
    image.unsupported += (image.unsupported.empty() ? "" : "; ") + problem;
  return image;
}

/// The programs in the object's prog_arrays; one that cannot be had makes `image` unsupported,
/// because a tail call that silently falls through would be another program.
void add_tail_programs(const Object& object, Image& image) {
  std::map<std::uint32_t, const program::View*> known;  // by function
  for (std::uint32_t map = 0; map < object.map_info.size(); ++map) {
    for (const MapSlot& slot : object.map_info[map].initial_slots) {
      if (slot.kind != MapSlot::Kind::function) continue;
      const auto found = std::find_if(object.programs.begin(), object.programs.end(),
                                      [&](const Program& p) { return p.function == slot.target; });
      if (found == object.programs.end() || !found->problems.empty()) {
        image.unsupported += (image.unsupported.empty() ? "" : "; ") +
                             std::string("the target of a tail call cannot be loaded");
        return;
      }
      const program::View*& view = known[slot.target];
      if (view == nullptr) {
        Image target = copy_program(object, *found);
        if (found->type.source == TypeSource::unknown) target.type = image.type;  // "3/1"
        view = image.keep_program(std::move(target));
      }
      image.tail_targets.push_back({map, slot.index, view});
    }
  }
}

}  // namespace

Image make_image(const Object& object, const Program& program) {
  Image image = copy_program(object, program);
  add_tail_programs(object, image);
  return image;
}

}  // namespace probity::object
