// SPDX-License-Identifier: Apache-2.0
// Assertions: a broken one is a bug of ours, never bad input. PROBITY_CHECK stays in every build,
// PROBITY_ASSERT only in debug builds. Both end in panic(), which a freestanding user may replace
// (it is a weak symbol); the hosted command turns it into exit status 70.
#pragma once

namespace probity {

/// Reports `what` at `file:line` and does not return. Weak: an embedder may define its own.
[[noreturn]] void panic(const char* what, const char* file, int line);

}  // namespace probity

#define PROBITY_CHECK(condition) \
  (static_cast<bool>(condition) ? void() : ::probity::panic(#condition, __FILE__, __LINE__))
#ifdef NDEBUG
#define PROBITY_ASSERT(condition) static_cast<void>(sizeof(static_cast<bool>(condition)))
#else
#define PROBITY_ASSERT(condition) PROBITY_CHECK(condition)
#endif
#define PROBITY_UNREACHABLE(what) ::probity::panic("unreachable: " what, __FILE__, __LINE__)
