// SPDX-License-Identifier: Apache-2.0
// The default panic(): hosted builds print the place and exit with status 70 ("a bug of ours"),
// freestanding builds trap, fuzz targets abort.
#include "base/check.hpp"

#if __STDC_HOSTED__
#include <cstdio>
#include <cstdlib>
#endif

namespace probity {

[[gnu::weak]] void panic(const char* what, const char* file, int line) {
#if __STDC_HOSTED__
  std::fprintf(stderr, "probity: internal error: %s at %s:%d; please report it\n", what, file,
               line);
  std::fflush(nullptr);
#ifdef PROBITY_FUZZ
  std::abort();  // libFuzzer keeps the input of a crash, not of an exit
#endif
  std::_Exit(70);
#else
  static_cast<void>(what), static_cast<void>(file), static_cast<void>(line);
  __builtin_trap();
#endif
}

}  // namespace probity
