// SPDX-License-Identifier: Apache-2.0
// Json: a small value tree for what `--json` prints. Objects keep the order in which keys were
// added, so the output reads in the order of the code that built it. Integers stay exact over the
// full 64 bits; byte strings are lower-case hex text (hex()). Rendering and parsing live in the
// .cpp: nobody includes a JSON library.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/diagnostic.hpp"

namespace probity::report {

class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json() = default;  ///< null
  template <std::same_as<bool> T>
  Json(T value) : value_(value) {}
  template <std::signed_integral T>
  Json(T value) : value_(static_cast<std::int64_t>(value)) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Json(T value) : value_(static_cast<std::uint64_t>(value)) {}
  Json(double value) : value_(value) {}
  Json(const char* text) : value_(std::string(text)) {}
  Json(std::string_view text) : value_(std::string(text)) {}
  Json(std::string text) : value_(std::move(text)) {}
  Json(Array elements) : value_(std::move(elements)) {}

  static Json array() { return Json(Array{}); }
  static Json object(std::initializer_list<Member> members);
  static Json object(Object members) { return Json(std::move(members)); }

  /// The member `key`, added (null) when absent; a null becomes an object. A bug on any other kind.
  Json& operator[](std::string_view key);
  /// Appends; a null becomes an array. A bug on any other kind.
  Json& push(Json element);
  /// The member `key`, or nullptr.
  const Json* find(std::string_view key) const;
  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  /// The alternative of kind `T` (bool, std::int64_t, std::uint64_t, double, std::string, Array,
  /// Object), or nullptr.
  template <typename T>
  const T* get() const {
    return std::get_if<T>(&value_);
  }

 private:
  explicit Json(Object members) : value_(std::move(members)) {}
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Array,
               Object>
      value_;
};

/// Two-space indented text without a final newline; bytes that are not UTF-8 become U+FFFD.
std::string print(const Json& json);
/// Parses a whole text; `place` names it in the diagnostic. Non-negative integers arrive as
/// std::uint64_t.
Expected<Json> parse_json(std::string_view text, std::string_view place);
/// Lower-case hex digits, two a byte, no separators.
std::string hex(std::span<const std::uint8_t> bytes);

}  // namespace probity::report
