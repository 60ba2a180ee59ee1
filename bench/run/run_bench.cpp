// SPDX-License-Identifier: Apache-2.0
// Packets per second on a capture of 1,000 packets, for XDP programs of about 100 executed insns:
// through one engine (Engine::run), through a session as the command has it (with the map changes
// of each packet), and through the whole command from the capture file to the printed report. The
// kernel's test run of the same program stands beside them. The last lines are the claims of the
// README.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "assembler/bpf_text.hpp"
#include "base/check.hpp"
#include "cli/verb.hpp"
#include "packet/packet.hpp"
#include "replay/run_session.hpp"
#include "report/json.hpp"
#include "runtime/engine.hpp"

namespace probity::bench {
namespace {

using program::MapDef;
using program::MapType;
using runtime::Engine;
using runtime::EngineKind;

constexpr std::size_t packet_count = 1000;
constexpr std::size_t packet_bytes = 64;

/// Loads data and data_end, requires 64 bytes, and folds them into r0 word by word.
std::string parse_text() {
  std::string text =
      "r6 = r1\n"
      "r2 = *(u32 *)(r1 + 4)\n"
      "r1 = *(u32 *)(r1 + 0)\n"
      "r3 = r1\n"
      "r3 += 64\n"
      "if r3 > r2 goto refuse\n"
      "r0 = 0\n";
  for (std::size_t at = 0; at < packet_bytes; at += 2) {
    text += fmt::format("r4 = *(u16 *)(r1 + {})\nr0 += r4\n", at);
  }
  for (int fold = 0; fold < 5; ++fold) {
    text += "r4 = r0\nr4 >>= 16\nr0 &= 65535\nr0 += r4\n";
  }
  return text;
}

/// Nothing but insns: 94 of them.
std::string plain_program() {
  return parse_text() + "r0 &= 1\nr0 += 1\nexit\nrefuse:\nr0 = 1\nexit\n";
}

/// The same with a lookup in an array and one in a hash map, whose values are counted up.
std::string counting_program() {
  return parse_text() +
         "r7 = r0\n"
         "r7 &= 63\n"
         "*(u32 *)(r10 - 4) = r7\n"
         "r1 = map[0] ll\n"
         "r2 = r10\n"
         "r2 += -4\n"
         "call 1\n"
         "if r0 == 0 goto refuse\n"
         "r1 = *(u64 *)(r0 + 0)\n"
         "r1 += 1\n"
         "*(u64 *)(r0 + 0) = r1\n"
         "r1 = map[1] ll\n"
         "r2 = r10\n"
         "r2 += -4\n"
         "call 1\n"
         "if r0 == 0 goto refuse\n"
         "r1 = *(u64 *)(r0 + 0)\n"
         "r1 += 1\n"
         "*(u64 *)(r0 + 0) = r1\n"
         "r0 = 2\n"
         "exit\n"
         "refuse:\nr0 = 1\nexit\n";
}

MapDef map_of(std::string_view name, MapType type) {
  MapDef def;
  def.name = name;
  def.type = type;
  def.key_size = 4;
  def.value_size = 8;
  def.max_entries = 64;
  return def;
}

/// One program with what it needs.
struct Subject {
  std::vector<bpf::Slot> slots;
  std::vector<MapDef> maps;
  program::View view;

  Subject(std::string_view name, const std::string& text, std::vector<MapDef> definitions)
      : maps(std::move(definitions)) {
    auto assembled = assembler::assemble({name, text}, assembler::TextStyle::kernel);
    if (!assembled) std::fprintf(stderr, "%s\n", std::string(assembled.error().line()).c_str());
    PROBITY_CHECK(assembled.has_value());
    slots = *std::move(assembled);
    view.name = name;
    view.section = "xdp";
    view.type = program::ProgType::xdp;
    view.license = "GPL";
    view.slots = slots;
    view.maps = maps;
  }
};

const Subject& subject(std::string_view name) {
  static const Subject plain("plain", plain_program(), {});
  static const Subject counting("counting", counting_program(),
                                {map_of("array", MapType::array), map_of("hash", MapType::hash)});
  return name == "plain" ? plain : counting;
}

std::vector<packet::Record> capture() {
  std::vector<packet::Record> records(packet_count);
  for (std::size_t i = 0; i < packet_count; ++i) {
    records[i].bytes.resize(packet_bytes);
    for (std::size_t b = 0; b < packet_bytes; ++b)
      records[i].bytes[b] = static_cast<std::uint8_t>(i * 7 + b * 13);
    records[i].time_microseconds = static_cast<std::int64_t>(i);
  }
  return records;
}

std::vector<replay::RunItem> items() {
  std::vector<replay::RunItem> all;
  for (packet::Record& record : capture()) {
    replay::RunItem item{"capture", {}, record.time_microseconds};
    item.input.packet = std::move(record.bytes);
    all.push_back(std::move(item));
  }
  return all;
}

/// Every key of the hash map is there, so that each lookup finds something.
runtime::MapContents hash_seed() {
  runtime::MapContents contents{"hash", {}};
  for (std::uint8_t key = 0; key < 64; ++key) contents.entries.push_back({{key, 0, 0, 0}, {}});
  for (runtime::MapEntry& entry : contents.entries) entry.value.resize(8);
  return contents;
}

std::unique_ptr<Engine> load(EngineKind kind, const Subject& what) {
  auto engine = kind == EngineKind::kernel ? runtime::load_kernel(what.view)
                                           : runtime::load_engine(kind, what.view, {});
  if (!engine) std::fprintf(stderr, "%s\n", std::string(engine.error().line()).c_str());
  PROBITY_CHECK(engine.has_value());
  if (!what.maps.empty()) PROBITY_CHECK((*engine)->write_map(hash_seed()).has_value());
  return *std::move(engine);
}

void count_packets(benchmark::State& state) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * packet_count));
}

void run_engine(benchmark::State& state, EngineKind kind, const Subject& what) {
  const std::unique_ptr<Engine> engine = load(kind, what);
  const std::vector<replay::RunItem> all = items();
  for (auto _ : state) {
    for (const replay::RunItem& item : all) {
      const Expected<runtime::RunOutput> output = engine->run(item.input);
      PROBITY_CHECK(output && output->fault.kind == runtime::FaultKind::none);
      benchmark::DoNotOptimize(output->return_value);
    }
  }
  count_packets(state);
}

void run_session(benchmark::State& state, EngineKind kind, const Subject& what) {
  const std::vector<replay::RunItem> all = items();
  auto session = replay::RunSession::load(what.view, {{kind}}, {}, runtime::NetworkChoice::fresh);
  PROBITY_CHECK(session.has_value());
  if (!what.maps.empty()) PROBITY_CHECK(session->seed(hash_seed()).has_value());
  for (auto _ : state) {
    for (const replay::RunItem& item : all) {
      const Expected<replay::ItemResult> result = session->run(item);
      PROBITY_CHECK(result.has_value());
      benchmark::DoNotOptimize(result->engines.data());
    }
  }
  count_packets(state);
}

/// The files of `probity run --raw FILE --pcap FILE`, removed at the end.
struct Files {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("probity_run_bench_{}", ::getpid());
  std::string bytecode = folder / "plain.hex";
  std::string capture_file = folder / "in.pcap";

  Files() {
    std::filesystem::create_directories(folder);
    const std::vector<bpf::Slot>& slots = subject("plain").slots;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(slots.data());
    std::ofstream(bytecode) << report::hex(std::span(bytes, slots.size() * sizeof(bpf::Slot)));
    std::ofstream(capture_file, std::ios::binary) << *packet::print_capture(capture());
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files() { std::filesystem::remove_all(folder); }
};

void run_command(benchmark::State& state, EngineKind kind) {
  const Files files;
  const std::vector<std::string_view> words = {"run",
                                               "--raw",
                                               files.bytecode,
                                               "--pcap",
                                               files.capture_file,
                                               "--engine",
                                               runtime::name(kind)};
  for (auto _ : state) {
    const cli::Printed printed = cli::run_command(words, report::Color::no);
    PROBITY_CHECK(printed.status == 0);
    benchmark::DoNotOptimize(printed.out.data());
  }
  count_packets(state);
}

/// The kernel's own loop over one packet, without a system call for each.
void run_kernel_loop(benchmark::State& state, const Subject& what) {
  const std::unique_ptr<Engine> engine = load(EngineKind::kernel, what);
  runtime::RunInput input = items().front().input;
  input.repeat = 100'000;
  for (auto _ : state) {
    const Expected<runtime::RunOutput> output = engine->run(input);
    PROBITY_CHECK(output.has_value());
    state.SetIterationTime(output->nanoseconds_per_run * 1e-9 * packet_count);
  }
  count_packets(state);
}

/// Keeps the packets per second of each run beside printing it.
class Collector : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      const auto rate = run.counters.find("items_per_second");
      if (rate == run.counters.end()) continue;
      double& best = rates_[run.run_name.function_name];
      best = std::max(best, rate->second.value);
    }
    ConsoleReporter::ReportRuns(runs);
  }
  double of(const std::string& name) const {
    const auto found = rates_.find(name);
    return found == rates_.end() ? 0 : found->second;
  }

 private:
  std::map<std::string, double> rates_;
};

void print_summary(const Collector& collector) {
  for (const char* program : {"plain", "counting"}) {
    const double kernel = collector.of(fmt::format("test_run/kernel/{}", program));
    for (const char* engine : {"interp", "jit"}) {
      const double rate = collector.of(fmt::format("engine/{}/{}", engine, program));
      if (rate == 0) continue;
      std::printf("run %s on %s: %.0f packets/s", program, engine, rate);
      if (kernel != 0) std::printf(", %.2fx the kernel's test run", rate / kernel);
      std::printf("\n");
    }
  }
  const double command = collector.of("command/interp");
  if (command != 0) std::printf("run command on interp: %.0f packets/s\n", command);
}

template <typename T>
void add(const std::string& name, T body) {
  benchmark::RegisterBenchmark(name.c_str(), body)->Unit(benchmark::kMicrosecond);
}

void register_all() {
  std::vector kinds = {EngineKind::interp};
  if (runtime::jit_unavailable_reason().empty()) kinds.push_back(EngineKind::jit);
  const bool has_kernel = runtime::kernel_unavailable_reason().empty();
  for (const char* name : {"plain", "counting"}) {
    const Subject& what = subject(name);
    for (const EngineKind kind : kinds) {
      const std::string tail = fmt::format("{}/{}", runtime::name(kind), name);
      add("engine/" + tail, [kind, &what](auto& state) { run_engine(state, kind, what); });
      add("session/" + tail, [kind, &what](auto& state) { run_session(state, kind, what); });
    }
    if (!has_kernel) continue;
    add(fmt::format("engine/kernel/{}", name),
        [&what](auto& state) { run_engine(state, EngineKind::kernel, what); });
    benchmark::RegisterBenchmark(fmt::format("test_run/kernel/{}", name).c_str(),
                                 [&what](auto& state) { run_kernel_loop(state, what); })
        ->Unit(benchmark::kMicrosecond)
        ->UseManualTime();
  }
  for (const EngineKind kind : kinds) {
    add(fmt::format("command/{}", runtime::name(kind)),
        [kind](auto& state) { run_command(state, kind); });
  }
}

}  // namespace
}  // namespace probity::bench

int main(int argc, char** argv) {
  probity::bench::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  probity::bench::Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);
  probity::bench::print_summary(collector);
}
