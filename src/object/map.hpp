// SPDX-License-Identifier: Apache-2.0
// Map definitions of an object, in libbpf's order: legacy `maps` sections, BTF `.maps`, global
// data, struct_ops. Each reader appends to object.maps and object.map_info.
#pragma once

#include "object/object.hpp"

namespace probity::object {

/// True for "maps", "maps/NAME" (gobpf) and "NAME/maps" (v4l-utils): struct bpf_map_def records.
bool is_legacy_map_section(const Section& section);
/// True for .data, .rodata, .bss and their ".rodata.NAME" forms.
bool is_data_section(const Section& section);

Expected<void> read_legacy_maps(Object& object);
Expected<void> read_btf_maps(Object& object);
Expected<void> read_data_maps(Object& object);
Expected<void> read_struct_ops_maps(Object& object);
/// Fills MapInfo::initial_slots from the relocations of `.maps`; needs object.functions.
Expected<void> read_initial_slots(Object& object);

/// Follows the ids of iproute2's records: inner maps, and programs of sections "ID/INDEX", which go
/// into the prog_array of that id; needs object.functions.
void read_record_ids(Object& object);

/// Finds maps by their place in the file.
class MapIndex {
 public:
  explicit MapIndex(const Object& object);
  /// The map whose definition covers `offset` of section `section`.
  std::optional<std::uint32_t> containing(std::uint32_t section, std::uint64_t offset) const;

 private:
  struct Extent {
    std::uint32_t section;
    std::uint64_t offset;
    std::uint64_t size;
    std::uint32_t map;
  };
  std::vector<Extent> extents_;
};

/// libbpf's name of a data map: ".rodata.x" as it is, else "<object up to 7><section>", 15 bytes in
/// all.
std::string data_map_name(std::string_view object_name, std::string_view section);

/// Appends one map; reports the limit on their number.
Expected<void> add_map(Object& object, const program::MapDef& def, MapInfo info);

}  // namespace probity::object
