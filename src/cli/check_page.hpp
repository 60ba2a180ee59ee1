// SPDX-License-Identifier: Apache-2.0
// The HTML page of one `check`: what the details of the document say, with what only a page shows:
// every path as a tree, the listing, packets field by field.
#pragma once

#include <string>

#include "object/image.hpp"
#include "report/document.hpp"
#include "symex/explorer.hpp"

namespace probity::cli {

/// The HTML page. `details` are those of the finished document.
std::string check_page(const report::Json& details, const object::Image& image,
                       const symex::Exploration& exploration, const symex::Options& options);

}  // namespace probity::cli
