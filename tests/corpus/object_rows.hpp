// SPDX-License-Identifier: Apache-2.0
// Rows about real objects: the program that a row names as an image, and the maps that it fills.
#pragma once

#include <string_view>

#include "corpus_rows.hpp"
#include "object/object.hpp"

namespace probity::corpus {

program::ProgType type_named(std::string_view text);
Expected<object::Image> image_named(const object::Object& object, std::string_view name,
                                    std::string_view section, std::string_view type);
/// The image of a row's program, with the changes the recording loader made to its maps.
Expected<object::Image> image_of(const object::Object& object, const Json& row);
/// The maps that the row fills before its runs.
Expected<void> seed_maps(runtime::Engine& engine, const program::View& program, const Json& row);

}  // namespace probity::corpus
