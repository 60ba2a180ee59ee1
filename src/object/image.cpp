// SPDX-License-Identifier: Apache-2.0
// Copying a linked program out of its object, so that it lives on its own.
#include "object/image.hpp"

#include "object/object.hpp"

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

Image make_image(const Object& object, const Program& program) {
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
  for (program::MapDef map : object.maps) {
    map.name = image.keep(map.name);
    map.initial = image.keep(std::vector(map.initial.begin(), map.initial.end()));
    image.maps.push_back(map);
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

}  // namespace probity::object
