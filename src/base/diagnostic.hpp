// SPDX-License-Identifier: Apache-2.0
// Diagnostic: one line for a person, with the place, the value and the limit. Expected<T> is how
// every fallible function of the library answers; TRY passes an error up. No heap, no exceptions:
// the freestanding folders use the same type.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>
#include <utility>

#include "base/fixed_text.hpp"

namespace probity {

/// What went wrong, and hence the exit status of the command: see docs/architecture.md.
enum class Fault : std::uint8_t {
  bad_input,    ///< the user's file, text or flag: exit status 4
  unsupported,  ///< understood, but not modelled: exit status 4 on input, `unknown` in a proof
  limit,        ///< a named limit was reached: exit status 2
  system,       ///< the operating system or an external program said no: exit status 4
  bug,          ///< ours: exit status 70
};

/// One line: `place: message with value and limit`. Never ends in a newline.
class Diagnostic {
 public:
  static constexpr std::size_t capacity = 400;

  Diagnostic(Fault fault, std::string_view line) : fault_(fault), line_(line) {}

  Fault fault() const { return fault_; }
  std::string_view line() const { return line_.view(); }
  /// The same diagnostic with `place: ` in front.
  Diagnostic at(std::string_view place) const;

 private:
  Fault fault_;
  FixedText<capacity> line_;
};

template <typename T>
using Expected = std::expected<T, Diagnostic>;

/// Shorthand for `return error(...)` in a function that returns Expected.
inline std::unexpected<Diagnostic> error(Fault fault, std::string_view line) {
  return std::unexpected(Diagnostic(fault, line));
}

}  // namespace probity

#define PROBITY_JOIN_(a, b) a##b
#define PROBITY_JOIN(a, b) PROBITY_JOIN_(a, b)
#define PROBITY_TRY_VALUE(name, declaration, ...)                 \
  auto&& name = (__VA_ARGS__);                                    \
  if (!name) return std::unexpected(std::move(name).error());     \
  declaration = *std::move(name)
#define PROBITY_TRY_VOID(name, expression)                        \
  if (auto&& name = (expression); !name) return std::unexpected(std::move(name).error())
#define PROBITY_TRY_PICK(declaration, ...)                                                     \
  __VA_OPT__(PROBITY_TRY_VALUE(PROBITY_JOIN(try_, __COUNTER__), declaration, __VA_ARGS__))      \
  PROBITY_TRY_REST_##__VA_OPT__(1)(declaration)
#define PROBITY_TRY_REST_1(declaration)
#define PROBITY_TRY_REST_(expression) PROBITY_TRY_VOID(PROBITY_JOIN(try_, __COUNTER__), expression)
/// TRY(const T name, expression) or TRY(expression): on error, return the error.
#define TRY(...) PROBITY_TRY_PICK(__VA_ARGS__)
