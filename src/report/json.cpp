// SPDX-License-Identifier: Apache-2.0
// Printing and parsing of the Json tree, through nlohmann's library (ordered, so that keys keep
// their order). Depth and size are bounded: a hostile file of nested brackets is an input error,
// not a deep recursion.
#include "report/json.hpp"

#include <nlohmann/json.hpp>

#include "base/check.hpp"

namespace probity::report {
namespace {

using Tree = nlohmann::ordered_json;
constexpr int max_depth = 64;

Tree to_tree(const Json& json) {
  if (const bool* flag = json.get<bool>()) return *flag;
  if (const std::int64_t* number = json.get<std::int64_t>()) return *number;
  if (const std::uint64_t* number = json.get<std::uint64_t>()) return *number;
  if (const double* number = json.get<double>()) return *number;
  if (const std::string* text = json.get<std::string>()) return *text;
  if (const Json::Array* elements = json.get<Json::Array>()) {
    Tree tree = Tree::array();
    for (const Json& element : *elements) tree.push_back(to_tree(element));
    return tree;
  }
  if (const Json::Object* members = json.get<Json::Object>()) {
    Tree tree = Tree::object();
    for (const Json::Member& member : *members) tree[member.first] = to_tree(member.second);
    return tree;
  }
  return nullptr;
}

Json from_tree(const Tree& tree) {
  switch (tree.type()) {
    case Tree::value_t::null:
    case Tree::value_t::discarded: return {};
    case Tree::value_t::boolean: return tree.get<bool>();
    case Tree::value_t::number_integer: return tree.get<std::int64_t>();
    case Tree::value_t::number_unsigned: return tree.get<std::uint64_t>();
    case Tree::value_t::number_float: return tree.get<double>();
    case Tree::value_t::string: return tree.get<std::string>();
    case Tree::value_t::binary: return hex(tree.get_binary());
    case Tree::value_t::array: {
      Json json = Json::array();
      for (const Tree& element : tree) json.push(from_tree(element));
      return json;
    }
    case Tree::value_t::object: {
      Json json = Json::object({});
      for (const auto& [key, value] : tree.items()) json[key] = from_tree(value);
      return json;
    }
  }
  PROBITY_UNREACHABLE("kind of JSON value");
}

/// Rejects nesting beyond max_depth before the recursive conversions see it.
bool too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_string) {
      if (text[i] == '\\')
        ++i;
      else if (text[i] == '"')
        in_string = false;
      continue;
    }
    if (text[i] == '"') in_string = true;
    if (text[i] == '[' || text[i] == '{') ++depth;
    if (text[i] == ']' || text[i] == '}') --depth;
    if (depth > max_depth) return true;
  }
  return false;
}

}  // namespace

Json Json::object(std::initializer_list<Member> members) {
  return Json(Object(members));
}

Json& Json::operator[](std::string_view key) {
  if (is_null()) value_ = Object{};
  Object* members = std::get_if<Object>(&value_);
  PROBITY_CHECK(members != nullptr);
  for (Member& member : *members) {
    if (member.first == key) return member.second;
  }
  return members->emplace_back(std::string(key), Json()).second;
}

Json& Json::push(Json element) {
  if (is_null()) value_ = Array{};
  Array* elements = std::get_if<Array>(&value_);
  PROBITY_CHECK(elements != nullptr);
  return elements->emplace_back(std::move(element));
}

const Json* Json::find(std::string_view key) const {
  const Object* members = std::get_if<Object>(&value_);
  if (members == nullptr) return nullptr;
  for (const Member& member : *members) {
    if (member.first == key) return &member.second;
  }
  return nullptr;
}

std::string print(const Json& json) {
  return to_tree(json).dump(2, ' ', false, Tree::error_handler_t::replace);
}

Expected<Json> parse_json(std::string_view text, std::string_view place) {
  if (too_deep(text)) {
    const std::string line = "JSON is nested deeper than " + std::to_string(max_depth) + " levels";
    return std::unexpected(Diagnostic(Fault::bad_input, line).at(place));
  }
  try {
    return from_tree(Tree::parse(text));
  } catch (const nlohmann::json::exception& exception) {
    std::string line = exception.what();
    for (char& c : line) c = c == '\n' ? ' ' : c;
    return std::unexpected(Diagnostic(Fault::bad_input, line).at(place));
  }
}

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace probity::report
