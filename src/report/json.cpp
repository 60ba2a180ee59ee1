// SPDX-License-Identifier: Apache-2.0
// Printing and parsing of the Json tree, through nlohmann's library (ordered, so that keys keep
// their order). Depth and size are bounded: a hostile file of nested brackets is an input error,
// not a deep recursion.
#include "report/json.hpp"

#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/check.hpp"
#include "report/json_line.hpp"

namespace probity::report {
namespace {

using Tree = nlohmann::ordered_json;
constexpr std::size_t max_depth = 64;

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
    for (const Json::Member& member : *members) {
      tree.get_ref<Tree::object_t&>().emplace_back(member.first, to_tree(member.second));
    }
    return tree;
  }
  return nullptr;
}

/// Builds our tree from the parser's events: linear in the text even for objects of a million
/// members, and a member named twice is refused, which the library would resolve silently.
class Builder : public nlohmann::json_sax<Tree> {
 public:
  Json take() { return std::move(root_); }
  const std::string& problem() const { return problem_; }

  bool null() override { return add({}); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(std::int64_t value) override { return add(value); }
  bool number_unsigned(std::uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string& /*text*/) override { return add(value); }
  bool string(std::string& value) override { return add(value); }
  bool binary(Tree::binary_t& value) override { return add(hex(value)); }
  bool start_object(std::size_t /*size*/) override { return open(); }
  bool start_array(std::size_t /*size*/) override { return open(); }

  bool key(std::string& name) override {
    Level& level = levels_.back();
    if (!level.names.insert(name).second) return fail("member \"" + name + "\" is given twice");
    level.key = name;
    return true;
  }
  bool end_object() override {
    Json done = Json::object(std::move(levels_.back().members));
    levels_.pop_back();
    return add(std::move(done));
  }
  bool end_array() override {
    Json done = std::move(levels_.back().elements);
    levels_.pop_back();
    return add(std::move(done));
  }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::json::exception& exception) override {
    const std::string_view text = exception.what();
    const std::size_t prefix = text.find("] ");  // "[json.exception.parse_error.101] …"
    return fail(std::string(text.substr(prefix == text.npos ? 0 : prefix + 2)));
  }

 private:
  struct Level {
    Json::Array elements;
    Json::Object members;
    std::unordered_set<std::string> names;  // of the members so far
    std::string key;                        // of the member whose value comes next
  };

  bool open() {
    if (levels_.size() == max_depth)
      return fail("JSON is nested deeper than " + std::to_string(max_depth) + " levels");
    levels_.emplace_back();
    return true;
  }
  bool add(Json value) {
    if (levels_.empty()) {
      root_ = std::move(value);
      return true;
    }
    Level& level = levels_.back();
    if (level.names.empty())
      level.elements.push_back(std::move(value));
    else
      level.members.emplace_back(level.key, std::move(value));
    return true;
  }
  bool fail(std::string problem) {
    problem_ = std::move(problem);
    for (char& c : problem_) c = c == '\n' ? ' ' : c;
    return false;
  }

  Json root_;
  std::vector<Level> levels_;
  std::string problem_;
};

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

std::string print_line(const Json& json) {
  return to_tree(json).dump(-1, ' ', false, Tree::error_handler_t::replace);
}

Expected<Json> parse_json(std::string_view text, std::string_view place) {
  Builder builder;
  if (Tree::sax_parse(text, &builder)) return builder.take();
  return std::unexpected(Diagnostic(Fault::bad_input, builder.problem()).at(place));
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
