// SPDX-License-Identifier: Apache-2.0
// What a Store owns: the nodes, the options and the rewriter over both. Apart from store.cpp,
// because the interval analysis reads the nodes too.
#pragma once

#include "term/nodes.hpp"
#include "term/rewriter.hpp"

namespace probity::term {

struct Store::Data {
  explicit Data(const RewriteOptions& chosen) : options(chosen), rewriter(nodes, options) {}

  Nodes nodes;
  RewriteOptions options;
  Rewriter rewriter;
};

}  // namespace probity::term
