// SPDX-License-Identifier: Apache-2.0
// The rows of bare bytecode: insn_vectors, random_programs and test_bpf.
#include "corpus_vectors.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "corpus_rows.hpp"
#include "isa/bpf/insn.hpp"
#include "program/program.hpp"
#include "runtime/engine.hpp"

namespace probity::corpus {
namespace {

using runtime::Bytes;
using runtime::RunOutput;

constexpr std::size_t shortest_packet_bytes = 14;
constexpr unsigned large_memory_flag =
    1u << 4;  // FLAG_LARGE_MEM: the ctx is plain memory, not an sk_buff

Expected<std::unique_ptr<runtime::Engine>> load_slots(const std::vector<bpf::Slot>& slots,
                                                      std::string_view name, program::ProgType type,
                                                      runtime::EngineKind kind) {
  program::View view;
  view.name = name;
  view.type = type;
  view.slots = slots;
  return runtime::load_engine(kind, view, {});
}

std::vector<bpf::Slot> slots_of(const Json& row) {
  const Bytes bytes = bytes_of_hex(row.at("insns").get<std::string>());
  std::vector<bpf::Slot> slots(bytes.size() / sizeof(bpf::Slot));
  std::memcpy(slots.data(), bytes.data(), slots.size() * sizeof(bpf::Slot));
  return slots;
}

/// Runs one packet and compares; an empty answer is agreement.
std::string compare_run(runtime::Engine& engine, const Bytes& packet, const Json& expected) {
  runtime::RunInput input;
  input.packet = packet;
  const Expected<RunOutput> output = engine.run(input);
  if (!output) return std::string(output.error().line());
  if (output->fault.kind != runtime::FaultKind::none) return output->fault.text;
  return difference(*output, expected);
}

std::string run_insn_row(const Json& row, runtime::EngineKind kind) {
  const std::vector<bpf::Slot> slots = slots_of(row);
  const auto engine =
      load_slots(slots, row.at("name").get<std::string>(), program::ProgType::xdp, kind);
  if (!engine) return std::string(engine.error().line());
  return compare_run(**engine, bytes_of_hex(row.at("data_in").get<std::string>()), row);
}

std::string run_random_row(const Json& row, runtime::EngineKind kind) {
  const std::vector<bpf::Slot> slots = slots_of(row);
  const auto engine =
      load_slots(slots, row.at("name").get<std::string>(), program::ProgType::xdp, kind);
  if (!engine) return std::string(engine.error().line());
  for (const Json& run : row.at("runs")) {
    const std::string wrong =
        compare_run(**engine, bytes_of_hex(run.at("data_in").get<std::string>()), run);
    if (!wrong.empty()) return wrong;
  }
  return {};
}

std::string run_test_bpf_row(const Json& row, runtime::EngineKind kind) {
  const std::vector<bpf::Slot> slots = slots_of(row);
  const auto engine =
      load_slots(slots, row.at("name").get<std::string>(), program::ProgType::socket_filter, kind);
  if (!engine) return std::string(engine.error().line());
  const Bytes data = bytes_of_hex(row.at("data").get<std::string>());
  for (const Json& test : row.at("tests")) {
    runtime::RunInput input;
    input.packet = data;
    input.packet.resize(std::max(shortest_packet_bytes, test.at("data_size").get<std::size_t>()));
    input.raw_memory = (row.at("aux").get<unsigned>() & large_memory_flag) != 0;
    const Expected<RunOutput> output = (*engine)->run(input);
    if (!output) return std::string(output.error().line());
    if (output->fault.kind != runtime::FaultKind::none) return output->fault.text;
    const auto got = static_cast<std::uint32_t>(output->return_value);
    const auto wanted = static_cast<std::uint32_t>(test.at("result").get<std::uint64_t>());
    if (got != wanted) return fmt::format("returns {}, expected {}", got, wanted);
  }
  return {};
}

}  // namespace

std::filesystem::path corpus_folder() {
  const char* folder = std::getenv("PROBITY_CORPUS");
  return folder == nullptr ? "../shared/corpus" : folder;
}

Expected<VectorReport> run_insn_vectors(const std::filesystem::path& file,
                                        runtime::EngineKind kind) {
  return for_each_row(file, [kind](const Json& row) {
    if (row.value("verdict", "") == "REJECT") return RowResult::skip();
    return RowResult::of(run_insn_row(row, kind));
  });
}

Expected<VectorReport> run_random_programs(const std::filesystem::path& file,
                                           runtime::EngineKind kind) {
  return for_each_row(file,
                      [kind](const Json& row) { return RowResult::of(run_random_row(row, kind)); });
}

Expected<VectorReport> run_test_bpf(const std::filesystem::path& file, runtime::EngineKind kind) {
  return for_each_row(file, [kind](const Json& row) {
    if (row.at("kind") != "ebpf") return RowResult::skip();
    return RowResult::of(run_test_bpf_row(row, kind));
  });
}

}  // namespace probity::corpus
