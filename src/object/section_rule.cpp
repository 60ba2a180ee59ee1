// SPDX-License-Identifier: Apache-2.0
// Matching section names against section_rule.def.
#include "object/section_rule.hpp"

#include <array>

namespace probity::object {
namespace {

using program::ProgType;

enum class Match : std::uint8_t { exact, plus };

struct Rule {
  std::string_view name;
  Match match;
  ProgType type;
  std::uint32_t attach_type;
};

constexpr Rule rules[] = {
#define RULE(name, match, type, attach) {name, Match::match, ProgType::type, attach},
#include "object/section_rule.def"
};

struct Guess {
  std::string_view prefix;
  ProgType type;
  std::uint32_t attach_type;
};

constexpr std::uint32_t attach_xdp = 37;

constexpr Guess guesses[] = {
    {"xdp", ProgType::xdp, attach_xdp},      {"classifier", ProgType::sched_cls, 0},
    {".classifier", ProgType::sched_cls, 0}, {"cls", ProgType::sched_cls, 0},
    {"tc_", ProgType::sched_cls, 0},         {"tc-", ProgType::sched_cls, 0},
    {"ingress", ProgType::sched_cls, 0},     {"egress", ProgType::sched_cls, 0},
    {"action", ProgType::sched_act, 0},      {"act_", ProgType::sched_act, 0},
    {"socket", ProgType::socket_filter, 0},  {"sock_filter", ProgType::socket_filter, 0},
    {"cgroup_skb", ProgType::cgroup_skb, 0}, {"cgroup/skb", ProgType::cgroup_skb, 0},
};

bool has_child_form(std::string_view section, std::string_view name) {
  return section.size() > name.size() && section.starts_with(name) && section[name.size()] == '/';
}

bool is_sleepable(std::string_view section) {
  const std::string_view head = section.substr(0, section.find('/'));
  return head.ends_with(".s") || head == "syscall";
}

SectionType match_name(std::string_view section) {
  for (const Rule& rule : rules) {
    const bool hit =
        section == rule.name || (rule.match == Match::plus && has_child_form(section, rule.name));
    if (hit) return {rule.type, rule.attach_type, TypeSource::rule};
  }
  const Rule* longest = nullptr;
  for (const Rule& rule : rules)
    if (has_child_form(section, rule.name) &&
        (longest == nullptr || rule.name.size() > longest->name.size()))
      longest = &rule;
  if (longest != nullptr) return {longest->type, longest->attach_type, TypeSource::prefix};
  for (const Guess& guess : guesses)
    if (section.starts_with(guess.prefix))
      return {guess.type, guess.attach_type, TypeSource::guess};
  return {};
}

}  // namespace

SectionType type_of_section(std::string_view section_name) {
  const bool autoload = !section_name.starts_with('?');
  if (!autoload) section_name.remove_prefix(1);
  SectionType result = match_name(section_name);
  result.autoload = autoload;
  result.sleepable = result.source == TypeSource::rule && is_sleepable(section_name);
  result.frags = section_name.starts_with("xdp.frags");
  return result;
}

}  // namespace probity::object
