// SPDX-License-Identifier: Apache-2.0
// The file of a calibration is a JSON object: {"probity": "cost table", "machine": …, "forms":
// {"add64_imm": {"ns": 0.30, "bytes": 4}, …}}.
#include "opt/cost.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/check.hpp"
#include "report/json.hpp"

namespace probity::opt {
namespace {

using bpf::AluOp;
using bpf::Meaning;
using report::Json;

bool has_register_operand(const bpf::Row& row) {
  return row.operands == bpf::Operands::dst_src;
}

/// Of an arithmetic insn; 32-bit forms have no REX prefix.
FormCost alu_cost(const bpf::Row& row) {
  const bool wide = row.width == 64;
  const double prefix = wide ? 1 : 0;
  const bool by_register = has_register_operand(row);
  switch (static_cast<AluOp>(row.operation)) {
    case AluOp::mov: return {0.15, by_register ? 2 + prefix : 5 + 2 * prefix};
    case AluOp::mul: return {0.96, 3 + prefix};
    case AluOp::div:
    case AluOp::sdiv: return {wide ? 10.9 : 7.8, 20 + 2 * prefix};
    case AluOp::mod:
    case AluOp::smod: return {wide ? 11.2 : 8.1, 20 + 2 * prefix};
    case AluOp::neg: return {0.30, 2 + prefix};
    case AluOp::lsh:
    case AluOp::rsh:
    case AluOp::arsh: return {0.31, (by_register ? 4 : 3) + prefix};
    case AluOp::add:
    case AluOp::sub:
    case AluOp::or_:
    case AluOp::and_:
    case AluOp::xor_: return {0.30, (by_register ? 2 : 3) + prefix};
  }
  PROBITY_UNREACHABLE("operation");
}

FormCost memory_cost(const bpf::Row& row) {
  switch (row.meaning) {
    case Meaning::load: return {0.19, 4};
    case Meaning::store_reg: return {0.38, 4};
    case Meaning::store_imm: return {0.42, row.width == 64 ? 8.0 : 4.0 + row.width / 16.0};
    case Meaning::atomic: return {6.38, 5};
    case Meaning::load_acquire: return {0.19, 4};
    case Meaning::store_release: return {0.38, 4};
    default: PROBITY_UNREACHABLE("not a memory insn");
  }
}

FormCost built_in_cost(const bpf::Row& row) {
  switch (row.meaning) {
    case Meaning::alu: return alu_cost(row);
    case Meaning::movsx: return {0.30, 4};
    case Meaning::byte_swap:
      // On a little-endian machine `le` only cuts off.
      return {static_cast<bpf::SwapOp>(row.operation) == bpf::SwapOp::to_le ? 0.15 : 0.62, 6};
    case Meaning::jump: return {0.20, 2};
    case Meaning::may_goto: return {1.5, 20};
    case Meaning::branch: return {0.55, has_register_operand(row) ? 5.0 : 6.0};
    case Meaning::call: return {1.5, 5};
    case Meaning::exit: return {0.5, 2};
    case Meaning::load_imm64: return {0.21, 10};
    case Meaning::load_packet: return {3.0, 20};
    case Meaning::load:
    case Meaning::store_imm:
    case Meaning::store_reg:
    case Meaning::atomic:
    case Meaning::load_acquire:
    case Meaning::store_release: return memory_cost(row);
  }
  PROBITY_UNREACHABLE("meaning");
}

/// What a row of equal insns does not show. A processor hands what a register stored in the frame
/// to the load that reads it back without going through memory; not so a number: the key of a
/// lookup that is stored as one costs 0.3 ns more, measured in programs with no other difference.
double hidden_ns(const bpf::Insn& insn) {
  constexpr double number_in_frame_ns = 0.3;
  const bool into_frame =
      bpf::row(insn.form).meaning == Meaning::store_imm && insn.dst == bpf::Reg::r10;
  return into_frame ? number_in_frame_ns : 0;
}

/// A kernel's JIT restores registers at the first exit of a function; the others jump there, back
/// through the code, which measures 0.4 ns.
constexpr double later_exit_ns = 0.4;

std::optional<double> number(const Json* json) {
  if (json == nullptr) return std::nullopt;
  if (const double* value = json->get<double>()) return *value;
  if (const auto* value = json->get<std::uint64_t>()) return static_cast<double>(*value);
  return std::nullopt;
}

std::optional<std::size_t> form_named(std::string_view name) {
  const auto found = std::ranges::find(bpf::rows, name, &bpf::Row::name);
  if (found == bpf::rows.end()) return std::nullopt;
  return static_cast<std::size_t>(found - bpf::rows.begin());
}

/// Most a table may say: an insn that takes a second is a mistake of the file.
constexpr double largest_ns = 1e6;
constexpr double largest_bytes = 1e4;

constexpr double loop_rounds = 8;
/// Weights stay finite however deep loops nest.
constexpr double largest_weight = 1e9;

class Structure {
 public:
  explicit Structure(const Code& code) : code_(code), entered_(code.size() + 1, 0.0) {}

  /// By node.
  std::vector<double> weights() {
    const auto starts = code_.subprog_starts();
    entered_[0] = 1;
    for (std::size_t i = 0; i + 1 < starts.size(); ++i) walk(starts[i], starts[i + 1]);
    multiply_loops();
    return std::move(entered_);
  }

 private:
  void walk(std::uint32_t first, std::uint32_t end) {
    // A subprogram that only a callback enters runs at least once.
    if (entered_[first] == 0) entered_[first] = 1;
    for (std::uint32_t at = first; at < end; ++at) {
      const Successors next = successors(code_, at);
      const bool forks = next.next != no_node && next.taken != no_node;
      const double each = forks ? entered_[at] / 2 : entered_[at];
      if (next.next != no_node && next.next < end) add(next.next, each);
      if (next.taken != no_node && next.taken > at) add(next.taken, each);
      if (code_[at].insn.form == bpf::Form::call_local && code_[at].target > at)
        add(code_[at].target, entered_[at]);
    }
  }

  void add(std::uint32_t node, double weight) {
    entered_[node] = std::min(entered_[node] + weight, largest_weight);
  }

  void multiply_loops() {
    for (std::uint32_t at = 0; at < code_.size(); ++at) {
      const std::uint32_t target = successors(code_, at).taken;
      if (target == no_node || target > at) continue;
      for (std::uint32_t in = target; in <= at; ++in)
        entered_[in] = std::min(entered_[in] * loop_rounds, largest_weight);
    }
  }

  const Code& code_;
  std::vector<double> entered_;
};

}  // namespace

CostTable CostTable::built_in() {
  CostTable table;
  for (std::size_t i = 0; i < bpf::form_count; ++i) table.costs_[i] = built_in_cost(bpf::rows[i]);
  return table;
}

Expected<CostTable> CostTable::parse(std::string_view text, std::string_view place) {
  TRY(const Json json, report::parse_json(text, place));
  const auto bad = [&](const std::string& what) {
    return error(Fault::bad_input, fmt::format("{}: {}", place, what));
  };
  const Json* forms = json.find("forms");
  const auto* members = forms == nullptr ? nullptr : forms->get<Json::Object>();
  if (members == nullptr) return bad("not a cost table: it has no \"forms\"");
  CostTable table = built_in();
  table.source_ = place;
  for (const auto& [name, row] : *members) {
    const auto form = form_named(name);
    if (!form) return bad(fmt::format("no insn form is named \"{}\"", name));
    const auto ns = number(row.find("ns"));
    const auto bytes = number(row.find("bytes"));
    if (!ns || *ns < 0 || *ns > largest_ns || !bytes || *bytes < 0 || *bytes > largest_bytes) {
      return bad(fmt::format("{}: ns (0..{}) and bytes (0..{}) are wanted", name, largest_ns,
                             largest_bytes));
    }
    table.costs_[*form] = {*ns, *bytes};
  }
  return table;
}

std::string CostTable::print() const {
  Json forms = Json::object({});
  for (std::size_t i = 0; i < bpf::form_count; ++i) {
    forms[bpf::rows[i].name] = Json::object({{"ns", costs_[i].ns}, {"bytes", costs_[i].bytes}});
  }
  return report::print(Json::object({{"probity", "cost table"}, {"forms", std::move(forms)}})) +
         "\n";
}

Weights structural_weights(const Code& code) {
  const std::vector<double> by_node = Structure(code).weights();
  Weights weights(code.old_slot_count(), 0.0);
  for (std::uint32_t at = 0; at < code.size(); ++at)
    if (code[at].origin != object::Origin::inserted) weights[code[at].old_slot] = by_node[at];
  return weights;
}

double estimate_ns(const Code& code, const CostTable& costs, const Weights& weights) {
  double total = 0;
  double weight = 1;
  bool left = false;  // has the subprogram had an exit?
  for (std::uint32_t at = 0; at < code.size(); ++at) {
    const Node& node = code[at];
    if (node.origin != object::Origin::inserted) weight = weights[node.old_slot];
    total += weight * (costs.of(node.insn.form).ns + hidden_ns(node.insn));
    if (std::ranges::binary_search(code.subprog_starts(), at)) left = false;
    if (node.insn.form != bpf::Form::exit) continue;
    if (left) total += weight * later_exit_ns;
    left = true;
  }
  return total;
}

}  // namespace probity::opt
