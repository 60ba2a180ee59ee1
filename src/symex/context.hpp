// SPDX-License-Identifier: Apache-2.0
// Context: what one exploration shares between all its paths: the term store and the analyses over
// it.
#pragma once

#include <cstdint>
#include <string>

#include "symex/magnitude.hpp"
#include "symex/taint.hpp"
#include "term/symbolic.hpp"
#include "term/term.hpp"

namespace probity::symex {

struct Context {
  term::Store store;
  term::StoreScope scope{store};
  term::IntervalAnalysis intervals{store};
  TaintIndex taint{store};
  MagnitudeIndex magnitude{store, intervals};
  std::uint64_t serial = 0;  ///< numbers fresh variables

  Context();
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  term::Id lit(unsigned width, std::uint64_t value) { return store.lit(width, value); }
  term::Id lit64(std::int64_t value) { return store.lit(64, static_cast<std::uint64_t>(value)); }
  term::Id fresh(unsigned width, std::string_view what) {
    return store.var(width, std::string(what) + "!" + std::to_string(++serial));
  }
};

/// The context of the exploration that runs in this thread.
Context& current_context();

}  // namespace probity::symex
