// SPDX-License-Identifier: Apache-2.0
// Builds the obligations of x86.hpp. What ranges over registers is enumerated while the query is
// built: a finite check, whose failure becomes a query that is false under the operands that
// failed, so that they appear in the counterexample. What ranges over numbers is left to the
// solver.
#include "theorems/isa/x86.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "domain/concrete.hpp"
#include "isa/code.hpp"
#include "isa/x86/decode.hpp"
#include "isa/x86/encode.hpp"
#include "isa/x86/opcode_table.hpp"
#include "term/path_explorer.hpp"
#include "term/symbolic.hpp"
#include "theorems/isa/isa.hpp"

namespace probity::theorems {
namespace {

using proof::Obligation;
using proof::Query;
using term::Id;
using term::Store;
using term::Symbolic;
using term::SymbolicPath;
using x86::Insn;
using x86::Mod;
using x86::Reg;
using x86::Row;

/// A table with its index, shared by its obligations.
struct Table {
  std::span<const Row> rows;
  x86::OpcodeTable opcodes;
};
using TablePointer = std::shared_ptr<const Table>;

/// Registers, condition and length of the displacement of one encoding.
struct Head {
  Insn<Concrete> insn;
  Mod mod = Mod::reg;
};

/// The same in every domain: the values of `insn` stay zero.
template <PathDomain D>
Insn<D> registers_of(const Insn<Concrete>& insn) {
  Insn<D> result;
  result.form = insn.form;
  result.cond = insn.cond;
  result.reg = insn.reg;
  result.vvvv = insn.vvvv;
  result.rm_is_mem = insn.rm_is_mem;
  result.rm = insn.rm;
  result.mem.base = insn.mem.base;
  result.mem.index = insn.mem.index;
  result.mem.scale_log2 = insn.mem.scale_log2;
  return result;
}

template <Domain D>
bool same_registers(const Insn<D>& a, const Insn<Concrete>& b) {
  return a.form == b.form && a.cond == b.cond && a.reg == b.reg && a.vvvv == b.vvvv &&
         a.rm_is_mem == b.rm_is_mem && a.rm == b.rm && a.mem.base == b.mem.base &&
         a.mem.index == b.mem.index && a.mem.scale_log2 == b.mem.scale_log2;
}

// Enumerating heads. A visitor gives false to stop; so do these.

template <typename Visit>
bool for_each_reg(bool present, Reg& reg, Visit visit) {
  for (unsigned i = 0; i < (present ? x86::reg_count : 1); ++i) {
    reg = static_cast<Reg>(i);
    if (!visit()) return false;
  }
  return true;
}

/// Every address: base alone, or with each index and scale; every length of displacement that the
/// base has.
template <typename Visit>
bool for_each_mem(Head& head, Visit visit) {
  const auto each_mod = [&] {
    for (const Mod mod : {Mod::no_disp, Mod::disp8, Mod::disp32}) {
      if (mod == Mod::no_disp && x86::low3(head.insn.mem.base) == x86::no_base) continue;
      head.mod = mod;
      if (!visit(head)) return false;
    }
    return true;
  };
  const auto each_index = [&] {
    head.insn.mem.index.reset();
    head.insn.mem.scale_log2 = 0;
    if (!each_mod()) return false;
    for (unsigned i = 0; i < x86::reg_count * 4; ++i) {
      const Reg index = static_cast<Reg>(i / 4);
      if (index == Reg::rsp) continue;
      head.insn.mem.index = index;
      head.insn.mem.scale_log2 = static_cast<std::uint8_t>(i % 4);
      if (!each_mod()) return false;
    }
    return true;
  };
  head.insn.rm_is_mem = true;
  return for_each_reg(true, head.insn.mem.base, each_index);
}

template <typename Visit>
bool for_each_head(const Row& row, x86::Form form, Visit visit) {
  const auto each_rm = [&row, &visit](Head head) {
    if (!row.has_rm) return visit(head);
    const auto with_reg = [&] { return visit(head); };
    if (row.rm_may_be_reg && !for_each_reg(true, head.insn.rm, with_reg)) return false;
    head.insn.rm = Reg::rax;
    return for_each_mem(head, visit);
  };
  Head head;
  head.insn.form = form;
  const unsigned conds = row.opcode_field == x86::OpcodeField::cond ? x86::cond_count : 1;
  for (unsigned cond = 0; cond < conds; ++cond) {
    head.insn.cond = static_cast<x86::Cond>(cond);
    const auto each_vvvv = [&] {
      return for_each_reg(row.has_vvvv, head.insn.vvvv, [&] { return each_rm(head); });
    };
    if (!for_each_reg(row.has_reg, head.insn.reg, each_vvvv)) return false;
  }
  return true;
}

/// The decoder, given the head's bytes and no more, reads them all and the same registers.
bool reads_back(const Table& table, const Row& row, const Head& head) {
  const x86::Head written = x86::head_of(row, head.insn, head.mod);
  std::array<std::uint8_t, 8> bytes;
  for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(written.bytes >> 8 * i);
  const std::span<const std::uint8_t> head_bytes(bytes.data(), written.size);
  x86::Decoder<Concrete, std::uint8_t> decoder(head_bytes, table.rows, table.opcodes);
  return decoder.read_head() && decoder.position() == written.size && decoder.mod() == head.mod &&
         same_registers(decoder.registers(), head.insn);
}

/// Holds exactly when there is no failure; the failure's numbers are in the counterexample.
struct Named {
  std::string_view name;
  std::uint64_t value;
};
Query verdict(Store& store, std::span<const Named> failure) {
  Query query;
  for (const Named& named : failure) {
    query.assume.push_back(store.eq(store.var(64, named.name), store.lit(64, named.value)));
  }
  query.show.push_back(failure.empty() ? store.true_() : store.false_());
  return query;
}

Query head_query(Store& store, const Table& table, std::size_t i) {
  std::optional<Head> failed;
  const auto check = [&](const Head& head) {
    if (reads_back(table, table.rows[i], head)) return true;
    failed = head;
    return false;
  };
  for_each_head(table.rows[i], static_cast<x86::Form>(i), check);
  if (!failed) return verdict(store, {});
  const Insn<Concrete>& insn = failed->insn;
  const auto number = [](auto e) { return static_cast<std::uint64_t>(e); };
  const Named numbers[] = {
      {"cond", number(insn.cond)},
      {"reg", number(insn.reg)},
      {"vvvv", number(insn.vvvv)},
      {"rm_is_mem", number(insn.rm_is_mem)},
      {"rm", number(insn.rm)},
      {"base", number(insn.mem.base)},
      {"index", insn.mem.index ? number(*insn.mem.index) : std::uint64_t{x86::no_index}},
      {"scale_log2", number(insn.mem.scale_log2)},
      {"mod", number(failed->mod)},
  };
  return verdict(store, numbers);
}

/// The row and no other one is selected by each of its opcode bytes and each byte behind it that
/// the row admits.
Query disjoint_query(Store& store, const Table& table, std::size_t i) {
  const Row& row = table.rows[i];
  for (unsigned opcode = row.opcode; opcode < row.opcode + x86::opcode_count(row); ++opcode) {
    for (unsigned modrm = 0; modrm < 256; ++modrm) {
      if (!x86::selects(row, row.prefixes, row.wide, modrm)) continue;
      for (const std::uint16_t other : table.opcodes.at(row.map, opcode)) {
        if (other == i) continue;
        // A row without ModRM byte would leave the other one's reader at another place.
        const bool same_reader =
            (table.rows[other].modrm == x86::ModRm::none) == (row.modrm == x86::ModRm::none);
        if (same_reader && !x86::selects(table.rows[other], row.prefixes, row.wide, modrm))
          continue;
        const Named failure[] = {{"opcode", opcode}, {"modrm", modrm}, {"other_row", other}};
        return verdict(store, failure);
      }
    }
  }
  return verdict(store, {});
}

/// Operand choices of the values theorem: what decides about the bytes behind the head is whether
/// there is memory, and its base.
std::vector<Insn<Concrete>> value_cases(const Row& row, x86::Form form) {
  std::vector<Insn<Concrete>> result;
  Insn<Concrete> insn;
  insn.form = form;
  if (!row.has_rm || row.rm_may_be_reg) result.push_back(insn);
  if (!row.has_rm) return result;
  insn.rm_is_mem = true;
  for (unsigned base = 0; base < x86::reg_count; ++base) {
    insn.mem.base = static_cast<Reg>(base);
    insn.mem.index.reset();
    result.push_back(insn);
    insn.mem.index = Reg::r9;
    result.push_back(insn);
  }
  return result;
}

constexpr unsigned tail_bytes = 2;

/// The immediate as the row's field holds it, sign-extended.
Bv<SymbolicPath, 64> symbolic_imm(Store& store, const Row& row) {
  if (row.imm == x86::ImmKind::none) return Bv<SymbolicPath, 64>::lit(0);
  return Bv<SymbolicPath, 64>::of(store.sext(64, store.var(row.imm_bytes * 8u, "imm")));
}

/// Whether decoding the encoding of `insn`, with anything behind it, gives `insn`.
Id round_trip(Store& store, const Table& table, const Row& row, const Insn<SymbolicPath>& insn,
              const Insn<Concrete>& registers) {
  isa::Code<SymbolicPath> code;
  x86::put(code, row, insn);
  std::vector<Bv<SymbolicPath, 8>> bytes(code.bytes().begin(), code.bytes().end());
  for (unsigned i = 0; i < tail_bytes; ++i) {
    bytes.push_back(Bv<SymbolicPath, 8>::of(store.var(8, "following" + std::to_string(i))));
  }
  const std::span<const Bv<SymbolicPath, 8>> all = bytes;
  const std::optional<Insn<SymbolicPath>> read =
      x86::Decoder<SymbolicPath, Bv<SymbolicPath, 8>>(all, table.rows, table.opcodes).insn();
  if (!read || !same_registers(*read, registers) || read->length != code.size()) {
    return store.false_();
  }
  const Bool<SymbolicPath> same_imm = read->imm == insn.imm;
  if (!insn.rm_is_mem) return same_imm.raw();
  return (same_imm & (read->mem.disp == insn.mem.disp)).raw();
}

Query values_query(Store& store, const Table& table, std::size_t i) {
  const Row& row = table.rows[i];
  Query query;
  const Id chosen = store.var(8, "case");
  std::uint64_t number = 0;
  for (const Insn<Concrete>& registers : value_cases(row, static_cast<x86::Form>(i))) {
    const Id this_case = store.eq(chosen, store.lit(8, number++));
    Insn<SymbolicPath> insn = registers_of<SymbolicPath>(registers);
    insn.imm = symbolic_imm(store, row);
    if (insn.rm_is_mem) insn.mem.disp = Bv<SymbolicPath, 32>::of(store.var(32, "disp"));
    Id holds;
    const auto body = [&] { holds = round_trip(store, table, row, insn, registers); };
    const auto on_path = [&](std::span<const Id> condition) {
      const Id path = store.and_(this_case, store.conjunction(condition));
      query.show.push_back(store.implies(path, holds));
    };
    const term::Exploration end = term::explore_paths(body, on_path, {}, {});
    if (end != term::Exploration::complete) query.show.push_back(store.not_(this_case));
  }
  return query;
}

/// fits() of a W-bit value against reading back a field of `To` bits.
template <unsigned To, unsigned W>
Query fits_query(Store& store) {
  const auto value = Bv<Symbolic, W>::of(store.var(W, "value"));
  const Bool<Symbolic> read_back = sext<W>(trunc<To>(value)) == value;
  return {{}, {(x86::fits<To>(value) == read_back).raw()}};
}

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result;
  for (const std::uint8_t byte : bytes) result += {' ', digits[byte >> 4], digits[byte & 15]};
  return result;
}

std::uint64_t number_of(const Store& store, const term::Model& model, std::string_view name) {
  for (const auto& [variable, value] : model.variables()) {
    if (store.name(variable) == name) return static_cast<std::uint64_t>(value);
  }
  return 0;
}

/// The counterexample of a values theorem, encoded and decoded for real.
proof::ReplayResult replay_values(const Table& table, std::size_t i, const Store& store,
                                  const term::Model& model) {
  const Row& row = table.rows[i];
  const std::vector<Insn<Concrete>> cases = value_cases(row, static_cast<x86::Form>(i));
  const std::uint64_t number = number_of(store, model, "case");
  if (number >= cases.size()) return {proof::Reproduced::no, "there is no such case"};
  Insn<Concrete> insn = cases[number];
  insn.mem.disp = Bv<Concrete, 32>::lit(number_of(store, model, "disp"));
  const std::uint64_t imm = number_of(store, model, "imm");
  if (row.imm_bytes != 0)
    insn.imm = Bv<Concrete, 64>::lit(Concrete::sext(row.imm_bytes * 8u, 64, imm));
  std::array<std::uint8_t, 64> room{};
  isa::Code<Concrete> code(room.data());
  x86::put(code, row, insn);
  const std::optional<Insn<Concrete>> read =
      x86::Decoder<Concrete, std::uint8_t>(code.bytes(), table.rows, table.opcodes).insn();
  const bool same = read && same_registers(*read, insn) && read->imm.raw() == insn.imm.raw() &&
                    read->length == code.size() &&
                    (!insn.rm_is_mem || read->mem.disp.raw() == insn.mem.disp.raw());
  std::string text = std::string(row.name) + " encodes as" + hex(code.bytes()) + ", which decodes ";
  text += same ? "to the same" : read ? "to something else" : "to nothing";
  return {same ? proof::Reproduced::no : proof::Reproduced::yes, text};
}

/// The head of a counterexample, written and read for real.
proof::ReplayResult replay_head(const Table& table, std::size_t i, const Store& store,
                                const term::Model& model) {
  const auto number = [&](std::string_view name) { return number_of(store, model, name); };
  const auto reg = [&](std::string_view name) { return static_cast<Reg>(number(name) % 16); };
  Head head;
  Insn<Concrete>& insn = head.insn;
  insn.form = static_cast<x86::Form>(i);
  insn.cond = static_cast<x86::Cond>(number("cond") % x86::cond_count);
  insn.reg = reg("reg");
  insn.vvvv = reg("vvvv");
  insn.rm_is_mem = number("rm_is_mem") != 0;
  insn.rm = reg("rm");
  insn.mem.base = reg("base");
  if (number("index") != x86::no_index) insn.mem.index = reg("index");
  insn.mem.scale_log2 = static_cast<std::uint8_t>(number("scale_log2") % 4);
  head.mod = static_cast<Mod>(number("mod") % 4);
  const Row& row = table.rows[i];
  const bool same = reads_back(table, row, head);
  const x86::Head written = x86::head_of(row, insn, head.mod);
  std::vector<std::uint8_t> bytes;
  for (unsigned n = 0; n < written.size; ++n)
    bytes.push_back(static_cast<std::uint8_t>(written.bytes >> 8 * n));
  return {same ? proof::Reproduced::no : proof::Reproduced::yes,
          std::string(row.name) + " begins with" + hex(bytes) + ", which is read as " +
              (same ? "the same" : "something else")};
}

/// Both rows asked about the same bytes.
proof::ReplayResult replay_disjoint(const Table& table, std::size_t i, const Store& store,
                                    const term::Model& model) {
  const Row& row = table.rows[i];
  const auto opcode = static_cast<unsigned>(number_of(store, model, "opcode"));
  const auto modrm = static_cast<unsigned>(number_of(store, model, "modrm"));
  const std::uint64_t other = number_of(store, model, "other_row");
  if (other >= table.rows.size() || opcode > 0xff || modrm > 0xff)
    return {proof::Reproduced::no, "there is no such row or byte"};
  const Row& second = table.rows[other];
  const auto has_opcode = [&](const Row& r) {
    return r.map == row.map && opcode >= r.opcode && opcode < r.opcode + x86::opcode_count(r);
  };
  const bool same_reader = (second.modrm == x86::ModRm::none) == (row.modrm == x86::ModRm::none);
  const bool both = has_opcode(row) && has_opcode(second) &&
                    x86::selects(row, row.prefixes, row.wide, modrm) &&
                    (!same_reader || x86::selects(second, row.prefixes, row.wide, modrm));
  const std::uint8_t bytes[] = {static_cast<std::uint8_t>(opcode),
                                static_cast<std::uint8_t>(modrm)};
  return {both ? proof::Reproduced::yes : proof::Reproduced::no,
          "opcode and ModRM" + hex(bytes) + (both ? " select " : " do not select both ") +
              std::string(row.name) + " and " + std::string(second.name)};
}

template <unsigned To, unsigned W>
proof::ReplayResult replay_fits(const Store& store, const term::Model& model) {
  const auto value = Bv<Concrete, W>::lit(number_of(store, model, "value"));
  const bool fits = x86::fits<To>(value).raw() != 0;
  const bool read_back = (sext<W>(trunc<To>(value)) == value).raw() != 0;
  return {fits != read_back ? proof::Reproduced::yes : proof::Reproduced::no,
          "fits(" + std::to_string(value.raw()) + ") is " + (fits ? "true" : "false") +
              ", its field reads back " + (read_back ? "the same" : "something else")};
}

template <unsigned To, unsigned W>
Obligation fits_obligation(std::string_view field) {
  return {"isa/x86/fits/" + std::string(field), "isa/x86/operand.hpp: fits",
          [](Store& store) { return fits_query<To, W>(store); }, replay_fits<To, W>};
}

void add_row(const TablePointer& table, std::size_t i, std::vector<Obligation>& result) {
  const Row& row = table->rows[i];
  const std::string name(row.name);
  const std::string provenance = "isa/x86/insn.def: " + std::string(row.mnemonic) + ' ' +
                                 std::string(row.operand_text) + " = " + std::string(row.encoding);
  result.push_back({"isa/x86/head/" + name, provenance,
                    [table, i](Store& store) { return head_query(store, *table, i); },
                    [table, i](const Store& store, const term::Model& model) {
                      return replay_head(*table, i, store, model);
                    }});
  result.push_back({"isa/x86/values/" + name, provenance,
                    [table, i](Store& store) { return values_query(store, *table, i); },
                    [table, i](const Store& store, const term::Model& model) {
                      return replay_values(*table, i, store, model);
                    }});
  result.push_back({"isa/x86/disjoint/" + name, provenance,
                    [table, i](Store& store) { return disjoint_query(store, *table, i); },
                    [table, i](const Store& store, const term::Model& model) {
                      return replay_disjoint(*table, i, store, model);
                    }});
}

}  // namespace

std::vector<Obligation> x86_table_obligations(std::span<const Row> rows) {
  const TablePointer table = std::make_shared<const Table>(Table{rows, x86::OpcodeTable(rows)});
  std::vector<Obligation> result;
  for (std::size_t i = 0; i < rows.size(); ++i) add_row(table, i, result);
  return result;
}

std::vector<Obligation> x86_obligations() {
  std::vector<Obligation> result = x86_table_obligations(x86::rows);
  result.push_back(fits_obligation<8, 16>("imm8_of_16"));
  result.push_back(fits_obligation<8, 32>("imm8_of_32"));
  result.push_back(fits_obligation<8, 64>("imm8_of_64"));
  result.push_back(fits_obligation<32, 64>("imm32_of_64"));
  result.push_back(fits_obligation<8, 32>("disp8_of_32"));
  result.push_back(fits_obligation<32, 64>("disp32_of_64"));
  result.push_back(fits_obligation<8, 32>("rel8_of_32"));
  result.push_back(fits_obligation<8, 64>("rel8_of_64"));
  result.push_back(fits_obligation<32, 64>("rel32_of_64"));
  return result;
}

}  // namespace probity::theorems
