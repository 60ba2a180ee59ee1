// SPDX-License-Identifier: Apache-2.0
// Image: the owner of one linked program and of the maps of its object. Strings and contents live
// here; view() gives the pointers that every engine works on. An Image does not move its storage
// after finish().
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "program/program.hpp"

namespace probity::object {

class Image {
 public:
  Image() = default;
  Image(Image&&) = default;
  Image& operator=(Image&&) = default;
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;

  std::string name;
  std::string section;
  program::ProgType type = program::ProgType::unspec;
  std::uint32_t expected_attach_type = 0;
  std::string license;
  std::uint32_t kernel_version = 0;  ///< the `version` section
  bool autoload = true;              ///< false for SEC("?…")
  std::vector<bpf::Slot> slots;
  std::vector<program::Subprog> subprogs;
  std::vector<program::MapDef> maps;
  std::vector<program::External> externals;
  std::vector<program::LineInfo> lines;
  /// Why this program cannot be run or checked as it stands (CO-RE relocations, unresolved
  /// externs), or empty.
  std::string unsupported;

  /// The programs that prog_arrays of the object hold, and where.
  std::vector<program::TailTarget> tail_targets;
  /// The maps that maps of maps of the object hold, and where.
  std::vector<program::InnerMap> inner_maps;

  /// Takes a program that a tail call may enter; its view lives as long as this image.
  const program::View* keep_program(Image program);

  /// A copy of `text` that lives as long as this image.
  std::string_view keep(std::string_view text) { return strings_.emplace_back(text); }
  std::span<const std::uint8_t> keep(std::vector<std::uint8_t> bytes) {
    return contents_.emplace_back(std::move(bytes));
  }
  std::span<const program::ValueField> keep(std::vector<program::ValueField> fields) {
    return fields_.emplace_back(std::move(fields));
  }

  program::View view() const {
    return {name, section,   type,  expected_attach_type, license, slots, subprogs,
            maps, externals, lines, tail_targets, inner_maps};
  }

 private:
  std::vector<std::unique_ptr<Image>> programs_;
  std::deque<program::View> views_;
  std::deque<std::string> strings_;  // a deque never moves its elements
  std::deque<std::vector<std::uint8_t>> contents_;
  std::deque<std::vector<program::ValueField>> fields_;
};

/// A program from bare bytecode: one subprogram, no maps.
Image image_from_slots(std::string_view name, std::span<const bpf::Slot> slots,
                       program::ProgType type);

}  // namespace probity::object
