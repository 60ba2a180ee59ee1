// SPDX-License-Identifier: Apache-2.0
// Subject: a program among others on one hook, with its maps named as they are shared. Maps of one
// name are one map, as when a loader pins them by name; what belongs to one program alone (its
// globals, maps that the user calls private, maps of one name but different shape) gets the
// program's label in front of its name.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "object/image.hpp"
#include "runtime/tail_stub.hpp"

namespace probity::interact {

class Subject {
 public:
  const object::Image& image() const { return *image_; }
  /// Unique among the subjects: the program's name, with a number if another one has it too.
  const std::string& label() const { return label_; }
  /// The program with its maps renamed; lives as long as the subject.
  program::View view() const;
  /// The program's own name of a map of view().
  std::string_view own_name(std::string_view shared_name) const;
  /// Error: an input names maps that lie in the map, which runs of several programs do not hand on.
  Expected<void> require_plain(std::string_view own_map) const;
  /// The program under its own names, with the stubs that lie in maps of view().
  std::unique_ptr<runtime::StubbedProgram> stubbed(std::span<const runtime::TailStub> stubs) const;
  /// The text of the source line of `slot`, "file:line: text", or "slot N".
  std::string place(std::uint32_t slot) const;
  /// "file(line,column)", or "slot N".
  std::string position(std::uint32_t slot) const;

 private:
  friend Expected<std::vector<Subject>> make_subjects(std::vector<object::Image> images,
                                                      std::span<const std::string> files,
                                                      std::span<const std::string> private_maps);
  const program::LineInfo* line_of(std::uint32_t slot) const;

  std::shared_ptr<const object::Image> image_;
  std::string label_;
  std::shared_ptr<std::vector<std::string>> names_;
  std::vector<program::MapDef> maps_;
};

/// `files` says which image comes from which file: programs of one file share its globals. Error:
/// programs of different types, a private map that nobody has.
Expected<std::vector<Subject>> make_subjects(std::vector<object::Image> images,
                                             std::span<const std::string> files,
                                             std::span<const std::string> private_maps);

/// The maps of `a` that `b` has, too.
std::vector<std::string> shared_maps(const Subject& a, const Subject& b);

}  // namespace probity::interact
