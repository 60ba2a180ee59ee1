// SPDX-License-Identifier: Apache-2.0
// A map of globals has a dot in its name (libbpf: the object's name, then the section's), which no
// identifier of C has. The constants that switch specifications on stay one map for all.
#include "interact/subject.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "runtime/furnished.hpp"

namespace probity::interact {
namespace {

constexpr std::string_view specs_section = ".rodata.bpfspec";

bool is_global_data(const program::MapDef& map) {
  return map.name != specs_section && map.name.find('.') != std::string_view::npos;
}

bool same_shape(const program::MapDef& a, const program::MapDef& b) {
  return a.type == b.type && a.key_size == b.key_size && a.value_size == b.value_size &&
         a.max_entries == b.max_entries && a.flags == b.flags;
}

const program::MapDef* find(std::span<const program::MapDef> maps, std::string_view name) {
  const auto found = std::ranges::find(maps, name, &program::MapDef::name);
  return found == maps.end() ? nullptr : &*found;
}

struct Programs {
  std::span<const object::Image> images;
  std::span<const std::string> files;
  std::span<const std::string> private_maps;

  /// The first program that has the same map as program `i`.
  std::size_t owner(std::size_t i, const program::MapDef& map) const {
    if (std::ranges::find(private_maps, map.name) != private_maps.end()) return i;
    for (std::size_t other = 0; other < i; ++other) {
      const program::MapDef* theirs = find(images[other].maps, map.name);
      if (theirs == nullptr || !same_shape(map, *theirs)) continue;
      if (!is_global_data(map) || files[other] == files[i]) return other;
    }
    return i;
  }

  /// Do several programs have different maps of this name?
  bool is_ambiguous(const program::MapDef& map) const {
    std::set<std::size_t> owners;
    for (std::size_t i = 0; i < images.size(); ++i) {
      const program::MapDef* theirs = find(images[i].maps, map.name);
      if (theirs != nullptr) owners.insert(owner(i, *theirs));
    }
    return owners.size() > 1;
  }
};

Expected<void> require_one_type(std::span<const object::Image> images) {
  for (const object::Image& image : images) {
    if (image.type == images.front().type) continue;
    return error(Fault::bad_input,
                 fmt::format("{} is of type {}, {} of type {}: programs of one hook have one type",
                             images.front().name, program::name(images.front().type), image.name,
                             program::name(image.type)));
  }
  return {};
}

}  // namespace

program::View Subject::view() const {
  program::View view = image_->view();
  view.maps = maps_;
  return view;
}

std::string_view Subject::own_name(std::string_view shared_name) const {
  for (std::size_t i = 0; i < maps_.size(); ++i) {
    if (maps_[i].name == shared_name) return image_->maps[i].name;
  }
  return {};
}

Expected<void> Subject::require_plain(std::string_view own_map) const {
  const program::MapDef* def = find(image_->maps, own_map);
  if (def == nullptr || !runtime::holds_maps(def->type)) return {};
  return error(Fault::unsupported,
               fmt::format("map {}: what lies in it is not handed from run to run", own_map));
}

std::unique_ptr<runtime::StubbedProgram> Subject::stubbed(
    std::span<const runtime::TailStub> stubs) const {
  std::vector<runtime::TailStub> own;
  for (const runtime::TailStub& stub : stubs) {
    const std::string_view map = own_name(stub.map);
    if (!map.empty()) own.push_back({std::string(map), stub.index, stub.return_value});
  }
  return std::make_unique<runtime::StubbedProgram>(image_->view(), own);
}

const program::LineInfo* Subject::line_of(std::uint32_t slot) const {
  const program::LineInfo* best = nullptr;
  for (const program::LineInfo& line : image_->lines) {
    if (line.slot <= slot) best = &line;
  }
  return best;
}

std::string Subject::place(std::uint32_t slot) const {
  const program::LineInfo* line = line_of(slot);
  if (line == nullptr) return fmt::format("slot {}", slot);
  std::string_view text = line->text;
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return fmt::format("{}:{}: {}", line->file.substr(line->file.rfind('/') + 1), line->line, text);
}

std::string Subject::position(std::uint32_t slot) const {
  const program::LineInfo* line = line_of(slot);
  if (line == nullptr) return fmt::format("slot {}", slot);
  return fmt::format("{}({},{})", line->file.substr(line->file.rfind('/') + 1), line->line,
                     line->column);
}

Expected<std::vector<Subject>> make_subjects(std::vector<object::Image> images,
                                             std::span<const std::string> files,
                                             std::span<const std::string> private_maps) {
  TRY(require_one_type(images));
  for (const std::string& name : private_maps) {
    const auto has = [&](const object::Image& image) { return find(image.maps, name) != nullptr; };
    if (std::ranges::none_of(images, has)) {
      return error(Fault::bad_input,
                   fmt::format("--private: none of the programs has a map \"{}\"", name));
    }
  }
  std::vector<Subject> subjects(images.size());
  for (std::size_t i = 0; i < images.size(); ++i) {
    const auto named = [&](const object::Image& image) { return image.name == images[i].name; };
    subjects[i].label_ = std::ranges::count_if(images, named) == 1
                             ? images[i].name
                             : fmt::format("{}#{}", images[i].name, i + 1);
  }
  const Programs programs{images, files, private_maps};
  for (std::size_t i = 0; i < images.size(); ++i) {
    Subject& subject = subjects[i];
    subject.maps_ = images[i].maps;
    subject.names_ = std::make_shared<std::vector<std::string>>();
    subject.names_->reserve(subject.maps_.size());
    for (program::MapDef& map : subject.maps_) {
      if (map.name == specs_section || !programs.is_ambiguous(map)) continue;
      const std::string& owner = subjects[programs.owner(i, map)].label_;
      map.name = subject.names_->emplace_back(fmt::format("{}:{}", owner, map.name));
    }
  }
  for (std::size_t i = 0; i < images.size(); ++i) {
    subjects[i].image_ = std::make_shared<const object::Image>(std::move(images[i]));
  }
  return subjects;
}

std::vector<std::string> shared_maps(const Subject& a, const Subject& b) {
  const std::span<const program::MapDef> theirs = b.view().maps;
  std::vector<std::string> shared;
  for (const program::MapDef& map : a.view().maps) {
    if (map.name == specs_section || find(theirs, map.name) == nullptr) continue;
    shared.emplace_back(map.name);
  }
  return shared;
}

}  // namespace probity::interact
