// SPDX-License-Identifier: Apache-2.0
// See opt_diff.hpp.
#include "cli/opt_diff.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "cli/disassembly.hpp"

namespace probity::cli {
namespace {

constexpr std::size_t context_lines = 2;
constexpr std::size_t widest_left = 44;

/// An insn that is in both versions.
struct Anchor {
  std::size_t was = 0;  // index of the insn
  std::size_t is = 0;
};

bool is_same(const opt::Node& a, const opt::Node& b) {
  bpf::Insn left = a.insn;
  bpf::Insn right = b.insn;
  if (a.target != opt::no_node && b.target != opt::no_node) {
    left.off = right.off = 0;
    if (left.form == bpf::Form::ja32 || left.form == bpf::Form::call_local)
      left.imm = right.imm = 0;
  }
  return left == right;
}

/// Insns that stayed, in the new order.
std::vector<Anchor> candidates(const opt::Code& was, const opt::Code& is) {
  std::map<std::uint32_t, std::size_t> by_slot;
  for (std::size_t i = 0; i < was.nodes().size(); ++i) by_slot[was.nodes()[i].old_slot] = i;
  std::vector<Anchor> found;
  for (std::size_t i = 0; i < is.nodes().size(); ++i) {
    const opt::Node& node = is.nodes()[i];
    const opt::Renumbering::Source source = is.source_of(node);
    if (source.origin == object::Origin::inserted) continue;
    const auto old = by_slot.find(source.slot);
    if (old != by_slot.end() && is_same(was.nodes()[old->second], node))
      found.push_back({old->second, i});
  }
  return found;
}

/// The longest part of it whose old order is kept, too.
std::vector<Anchor> increasing(const std::vector<Anchor>& anchors) {
  std::vector<std::size_t> tails;  // index into anchors, by length
  std::vector<std::size_t> before(anchors.size(), anchors.size());
  for (std::size_t i = 0; i < anchors.size(); ++i) {
    const auto place = std::ranges::lower_bound(tails, anchors[i].was, {},
                                                [&](std::size_t k) { return anchors[k].was; });
    if (place != tails.begin()) before[i] = *(place - 1);
    if (place == tails.end())
      tails.push_back(i);
    else
      *place = i;
  }
  std::vector<Anchor> chain;
  for (std::size_t i = tails.empty() ? anchors.size() : tails.back(); i < anchors.size();
       i = before[i])
    chain.push_back(anchors[i]);
  std::ranges::reverse(chain);
  return chain;
}

class Differ {
 public:
  Differ(const opt::ProgramResult& result, const program::View& was, const program::View& is)
      : result_(result),
        was_(list_insns(was, TextStyle::kernel)),
        is_(list_insns(is, TextStyle::kernel)) {}

  std::vector<DiffRow> run() {
    for (const Anchor& anchor : increasing(candidates(*result_.before, *result_.after))) {
      change(anchor.was, anchor.is);
      rows_.push_back({side(was_[was_at_++]), side(is_[is_at_++]), true, {}});
    }
    change(was_.size(), is_.size());
    return std::move(rows_);
  }

 private:
  static DiffSide side(const ListedInsn& insn) { return {insn.slot, insn.text}; }

  /// What lies before the next insn that stayed.
  void change(std::size_t was_end, std::size_t is_end) {
    const std::size_t first_row = rows_.size();
    const std::uint32_t first_slot = was_at_ < was_.size() ? was_[was_at_].slot : end_slot();
    const std::uint32_t end = was_end < was_.size() ? was_[was_end].slot : end_slot();
    while (was_at_ < was_end || is_at_ < is_end) {
      DiffRow row;
      if (was_at_ < was_end) row.was = side(was_[was_at_++]);
      if (is_at_ < is_end) row.is = side(is_[is_at_++]);
      rows_.push_back(std::move(row));
    }
    if (rows_.size() == first_row) return;
    for (const opt::Applied& applied : result_.applied) {
      const bool here = applied.old_slot >= first_slot &&
                        (applied.old_slot < end || applied.old_slot == first_slot);
      auto& rules = rows_[first_row].rules;
      if (here && std::ranges::find(rules, applied.rule) == rules.end())
        rules.push_back(applied.rule);
    }
  }

  std::uint32_t end_slot() const {
    return was_.empty() ? 0 : was_.back().slot + was_.back().slot_count;
  }

  const opt::ProgramResult& result_;
  std::vector<ListedInsn> was_;
  std::vector<ListedInsn> is_;
  std::vector<DiffRow> rows_;
  std::size_t was_at_ = 0;
  std::size_t is_at_ = 0;
};

std::string cell(const std::optional<DiffSide>& side) {
  return side ? fmt::format("{:5}: {}", side->slot, side->text) : std::string();
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

char mark(const DiffRow& row) {
  if (row.same) return ' ';
  if (!row.is) return '<';
  return row.was ? '|' : '>';
}

std::string line_of(const DiffRow& row) {
  std::string line =
      fmt::format("{:{}} {} {}", cell(row.was), widest_left, mark(row), cell(row.is));
  if (!row.rules.empty())
    line = fmt::format("{:{}}  ; {}", line, 2 * widest_left, joined(row.rules));
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::vector<DiffRow> diff_programs(const opt::ProgramResult& result, const program::View& was,
                                   const program::View& is) {
  return Differ(result, was, is).run();
}

std::string print(const std::vector<DiffRow>& rows) {
  std::vector<bool> shown(rows.size(), false);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].same) continue;
    const std::size_t first = i < context_lines ? 0 : i - context_lines;
    for (std::size_t k = first; k <= std::min(i + context_lines, rows.size() - 1); ++k)
      shown[k] = true;
  }
  std::string text;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (shown[i]) text += line_of(rows[i]);
    if (shown[i] && i + 1 < rows.size() && !shown[i + 1]) text += "   ...\n";
  }
  return text;
}

}  // namespace probity::cli
