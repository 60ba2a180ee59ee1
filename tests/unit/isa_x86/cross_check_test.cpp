// SPDX-License-Identifier: Apache-2.0
// Proofs about a table are relative to the table, so every row is compared with GNU objdump and
// llvm-mc: our bytes must mean the same instruction to both, and llvm-mc's bytes for our text must
// be ours or a named equivalent. The wrong row of a published, proved specification (`add r/m32,
// imm32` as 80 /0) passes decode∘encode = id and is refuted here.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "isa/x86/decode.hpp"
#include "isa/x86/opcode_table.hpp"
#include "isa/x86/text.hpp"
#include "peer.hpp"
#include "sample_insns.hpp"

namespace probity::x86::test {
namespace {

constexpr unsigned samples_per_row = 96;

struct Sample {
  Insn<Concrete> insn;
  Bytes bytes;
};

std::vector<Sample> sample_row(const Row& shape, Form form, std::mt19937_64& random) {
  std::vector<Sample> result;
  for (const Insn<Concrete>& insn : sample_insns(form, samples_per_row, random)) {
    result.push_back({insn, encoded(shape, insn)});
  }
  return result;
}

const std::vector<Sample>& all_samples() {
  static const std::vector<Sample> samples = [] {
    std::mt19937_64 random(2);
    std::vector<Sample> result;
    for (std::size_t i = 0; i < form_count; ++i) {
      for (const Sample& sample : sample_row(rows[i], static_cast<Form>(i), random)) {
        result.push_back(sample);
      }
    }
    return result;
  }();
  return samples;
}

std::vector<Bytes> bytes_of(std::span<const Sample> samples) {
  std::vector<Bytes> result;
  for (const Sample& sample : samples) result.push_back(sample.bytes);
  return result;
}

std::string hex(const Bytes& bytes) {
  std::string result;
  for (const std::uint8_t byte : bytes) {
    constexpr const char* digits = "0123456789abcdef";
    result += {digits[byte >> 4], digits[byte & 15], ' '};
  }
  return result;
}

/// The first disagreement of objdump with what the samples say, empty when there is none.
std::string disagreement_with_objdump(std::span<const Sample> samples) {
  const std::vector<Reading> readings = read_with_objdump(bytes_of(samples));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::string expected = text_of(samples[i].insn, i * slot_bytes);
    const Reading& reading = readings[i];
    if (reading.text == expected && reading.length == samples[i].bytes.size()) continue;
    return std::string(row(samples[i].insn.form).name) + ": " + hex(samples[i].bytes) + "is `" +
           expected + "` here and `" + reading.text + "` of " + std::to_string(reading.length) +
           " bytes to objdump";
  }
  return "";
}

/// One spelling of what may be written in several: a shift by 1, an exchange of two registers, also
/// of rax with itself (that of eax is none: it clears the upper half).
std::string canonical(const std::string& text, std::uint64_t address) {
  Expected<Insn<Concrete>> parsed = parse(text, address);
  if (!parsed) return text + ": " + std::string(parsed.error().line());
  if (row(parsed->form).mnemonic == "xchg" && !parsed->rm_is_mem && parsed->reg < parsed->rm) {
    std::swap(parsed->reg, parsed->rm);
  }
  if (parsed->form == Form::xchg_rm64_r64 && text_of(*parsed, 0) == "xchg rax,rax") return "nop";
  return text_of(*parsed, address);
}

/// llvm-mc's disassembler prints displacements of jumps, not targets.
std::string canonical_of_llvm(const std::string& text, const Insn<Concrete>& insn) {
  if (row(insn.form).imm != ImmKind::rel) return canonical(text, 0);
  const std::string distance = std::to_string(static_cast<std::int64_t>(insn.imm.raw()));
  const std::string mine = text_of(insn, 0);
  return text == mine.substr(0, mine.find(' ')) + " " + distance ? canonical(mine, 0) : text;
}

std::string disagreement_with_llvm(std::span<const Sample> samples) {
  const std::vector<Reading> readings = read_with_llvm(bytes_of(samples));
  if (readings.size() != samples.size()) return "llvm-mc gives another number of instructions";
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::string expected = canonical(text_of(samples[i].insn, 0), 0);
    const std::string actual = canonical_of_llvm(readings[i].text, samples[i].insn);
    if (actual == expected) continue;
    return std::string(row(samples[i].insn.form).name) + ": " + hex(samples[i].bytes) + "is `" +
           expected + "` here and `" + actual + "` to llvm-mc";
  }
  return "";
}

TEST(CrossCheck, ObjdumpReadsEveryRowAsWeDo) {
  if (!is_installed("objdump")) GTEST_SKIP() << "objdump is not installed";
  EXPECT_EQ(disagreement_with_objdump(all_samples()), "");
}

TEST(CrossCheck, LlvmReadsEveryRowAsWeDo) {
  if (!is_installed("llvm-mc-19")) GTEST_SKIP() << "llvm-mc-19 is not installed";
  EXPECT_EQ(disagreement_with_llvm(all_samples()), "");
}

/// Where prefixes end and which opcode follows, of any bytes.
struct Opening {
  unsigned opcode = 0;
  bool two_byte = false;
};
Opening opening(const Bytes& bytes) {
  std::size_t i = 0;
  while (prefix_bit(bytes[i]) != 0) ++i;
  if (bytes[i] >> 4 == 4) ++i;
  if (bytes[i] == 0x0f) return {bytes[i + 1], true};
  return {bytes[i], false};
}

/// The name of the way in which another encoding of the same instruction differs from ours.
std::string name_equivalence(const Bytes& ours, const Bytes& theirs) {
  const Opening a = opening(ours), b = opening(theirs);
  if (ours[0] == 0xf0 && ours[1] == theirs[0] && ours[0] == theirs[1]) return "prefix order";
  const bool one_byte = !a.two_byte && !b.two_byte;
  if (one_byte && (a.opcode == 0x81 || a.opcode == 0x69)) {
    if (b.opcode == a.opcode + 2) return "sign-extended imm8";
  }
  if (one_byte && b.opcode < 0x40 && (b.opcode & 6) == 4) return "accumulator";
  if (one_byte && b.opcode >> 1 == 0xa8 >> 1) return "accumulator";
  if (one_byte && b.opcode >> 3 == 0x90 >> 3 && a.opcode == 0x87) return "accumulator";
  if (one_byte && a.opcode == 0xe9 && b.opcode == 0xeb) return "rel8";
  if (one_byte && (a.opcode & ~2u) == (b.opcode & ~2u) && (a.opcode & 4) == 0) return "direction";
  if (one_byte && a.opcode >> 1 == 0x86 >> 1 && a.opcode == b.opcode) return "exchanged";
  if (one_byte && a.opcode == 0xc1 && b.opcode == 0xd1) return "count 1";
  if (one_byte && a.opcode == 0xc6 && b.opcode >> 3 == 0xb0 >> 3) return "register in opcode";
  if (one_byte && a.opcode == 0xc7 && b.opcode >> 3 == 0xb8 >> 3) return "register in opcode";
  if (a.two_byte && a.opcode >> 4 == 8 && !b.two_byte && b.opcode >> 4 == 7) return "rel8";
  return "";
}

/// Our text for llvm-mc: jumps relative to themselves, which only its AT&T syntax can say.
std::string assembler_line(const Insn<Concrete>& insn) {
  if (row(insn.form).imm != ImmKind::rel) return text_of(insn, 0);
  const std::string text = text_of(insn, 0);
  const std::int64_t distance = static_cast<std::int64_t>(insn.imm.raw()) + insn.length;
  return ".att_syntax\n" + text.substr(0, text.find(' ')) + " .+" + std::to_string(distance) +
         "\n.intel_syntax noprefix";
}

TEST(CrossCheck, LlvmAssemblesOurTextToOurBytesOrANamedEquivalent) {
  if (!is_installed("llvm-mc-19")) GTEST_SKIP() << "llvm-mc-19 is not installed";
  if (!is_installed("objdump")) GTEST_SKIP() << "objdump is not installed";
  const std::vector<Sample>& samples = all_samples();
  std::vector<std::string> lines;
  for (const Sample& sample : samples) lines.push_back(assembler_line(sample.insn));
  const std::vector<Bytes> assembled = assemble_with_llvm(lines);
  ASSERT_EQ(assembled.size(), samples.size());
  const std::vector<Reading> readings = read_with_objdump(assembled);
  std::map<std::string, unsigned> equivalents;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (std::ranges::equal(samples[i].bytes,
                           std::span(assembled[i]).first(samples[i].bytes.size()))) {
      continue;
    }
    const std::string name = name_equivalence(samples[i].bytes, assembled[i]);
    const std::uint64_t address = i * slot_bytes;
    EXPECT_EQ(canonical(readings[i].text, address),
              canonical(text_of(samples[i].insn, address), address));
    ASSERT_NE(name, "") << lines[i] << ": " << hex(samples[i].bytes) << "and " << hex(assembled[i]);
    ++equivalents[name];
  }
  std::set<std::string> names;
  for (const auto& [name, count] : equivalents) names.insert(name);
  EXPECT_EQ(names, (std::set<std::string>{"accumulator", "count 1", "direction", "exchanged",
                                          "prefix order", "rel8", "register in opcode",
                                          "sign-extended imm8"}));
}

/// Bytes that no encoder of ours chose: random ones behind a random choice of prefixes and opcodes.
Bytes random_bytes(std::mt19937_64& random) {
  Bytes bytes;
  constexpr std::uint8_t prefixes[] = {0xf0, 0x66, 0xf2, 0xf3};
  while (random() % 4 == 0) bytes.push_back(prefixes[random() % 4]);
  const Row& shape = rows[random() % form_count];
  if (shape.vex()) {
    bytes.insert(bytes.end(), {0xc4, static_cast<std::uint8_t>(random() % 256 & 0xe3),
                               static_cast<std::uint8_t>(random())});
  } else {
    if (random() % 2 == 0) bytes.push_back(static_cast<std::uint8_t>(0x40 + random() % 16));
    if (shape.map == Map::two_byte) bytes.push_back(0x0f);
  }
  bytes.push_back(shape.opcode);
  while (bytes.size() < max_insn_bytes) bytes.push_back(static_cast<std::uint8_t>(random()));
  return bytes;
}

/// objdump prints a REX prefix without bits, and `riz` for a SIB byte without index that need not
/// be there.
std::string without_idle_parts(std::string text) {
  const std::size_t rex = text.find("rex ");
  if (rex != text.npos) text.erase(rex, 4);
  const std::size_t riz = text.find("+riz*");
  if (riz != text.npos) text.erase(riz, std::string_view("+riz*1").size());
  return text;
}

TEST(CrossCheck, ObjdumpReadsWhateverWeDecode) {
  if (!is_installed("objdump")) GTEST_SKIP() << "objdump is not installed";
  std::mt19937_64 random(4);
  std::vector<Sample> samples;
  for (unsigned i = 0; i < 60'000; ++i) {
    const Bytes bytes = random_bytes(random);
    const std::optional<Insn<Concrete>> insn = decode(std::span<const std::uint8_t>(bytes));
    if (insn) samples.push_back({*insn, bytes});
  }
  ASSERT_GT(samples.size(), 15'000u);
  const std::vector<Reading> readings = read_with_objdump(bytes_of(samples));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::uint64_t address = i * slot_bytes;
    const std::string text = without_idle_parts(readings[i].text);
    ASSERT_EQ(readings[i].length, samples[i].insn.length) << hex(samples[i].bytes) << text;
    ASSERT_EQ(canonical(text, address), canonical(text_of(samples[i].insn, address), address))
        << hex(samples[i].bytes) << text;
  }
}

/// The row as published, with our names.
constexpr Row published_row = require_row("add_rm32_imm32", "add", "r/m32, imm32", "80 /0 id");

/// A table of its own kind: nothing else claims 80 /0 there, as in the published specification.
std::vector<Row> published_table() {
  std::vector<Row> table(rows.begin(), rows.end());
  table[static_cast<std::size_t>(Form::add_rm32_imm32)] = published_row;
  table.erase(table.begin() + static_cast<std::ptrdiff_t>(Form::add_rm8_imm8));
  return table;
}

TEST(PublishedRow, RoundTripsAllTheSame) {
  const std::vector<Row> table = published_table();
  const OpcodeTable opcodes(table);
  std::mt19937_64 random(3);
  for (const Sample& sample : sample_row(published_row, Form::add_rm32_imm32, random)) {
    const std::span<const std::uint8_t> bytes = sample.bytes;
    const std::optional<Insn<Concrete>> decoded =
        Decoder<Concrete, std::uint8_t>(bytes, table, opcodes).insn();
    ASSERT_TRUE(decoded.has_value()) << hex(sample.bytes);
    Insn<Concrete> expected = sample.insn;
    const Row& found = table[static_cast<std::size_t>(decoded->form)];
    EXPECT_EQ(found.name, published_row.name);
    EXPECT_EQ(found.encoding, "80 /0 id");
    expected.form = decoded->form;
    EXPECT_TRUE(same_operands(*decoded, expected)) << hex(sample.bytes);
  }
}

TEST(PublishedRow, IsRefutedByBothPeers) {
  if (!is_installed("objdump")) GTEST_SKIP() << "objdump is not installed";
  if (!is_installed("llvm-mc-19")) GTEST_SKIP() << "llvm-mc-19 is not installed";
  std::mt19937_64 random(3);
  const std::vector<Sample> wrong = sample_row(published_row, Form::add_rm32_imm32, random);
  EXPECT_NE(disagreement_with_objdump(wrong), "");
  EXPECT_NE(disagreement_with_llvm(wrong), "");
  const std::vector<Sample> right =
      sample_row(row(Form::add_rm32_imm32), Form::add_rm32_imm32, random);
  EXPECT_EQ(disagreement_with_objdump(right), "");
  EXPECT_EQ(disagreement_with_llvm(right), "");
}

}  // namespace
}  // namespace probity::x86::test
