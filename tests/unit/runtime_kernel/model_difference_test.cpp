// SPDX-License-Identifier: Apache-2.0
// The helper, map and ctx models against the live kernel: small programs written by hand run on the
// engines of this process and by BPF_PROG_TEST_RUN, and must agree in result, packet and maps. A
// program notes values in map 0 (`save N` stores r0 as its N-th word); r6 is the ctx, r9 points at
// map 0. Skipped by name where the kernel cannot be used.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "assembler/bpf_text.hpp"
#include "isa/bpf/codec.hpp"
#include "model_cases.hpp"
#include "runtime/kernel_engine.hpp"

namespace probity::runtime {
namespace {

using program::MapDef;
using program::MapType;

MapDef map_def(std::string_view name, MapType type, std::uint32_t key, std::uint32_t value,
               std::uint32_t entries, std::uint32_t flags) {
  return {name, type, key, value, entries, flags, -1, {}, false};
}

/// The maps of every case, by number; the kernel makes those that a program names.
const std::vector<MapDef>& case_maps() {
  static const std::vector<MapDef> maps = [] {
    constexpr std::uint32_t no_prealloc = 1;
    std::vector<MapDef> all = {
        map_def("results", MapType::array, 4, 512, 1, 0),
        map_def("hash", MapType::hash, 4, 8, 3, 0),
        map_def("lru", MapType::lru_hash, 4, 8, 64, 0),
        map_def("percpu_array", MapType::percpu_array, 4, 8, 4, 0),
        map_def("percpu_hash", MapType::percpu_hash, 4, 8, 3, 0),
        map_def("lpm", MapType::lpm_trie, 8, 8, 3, no_prealloc),
        map_def("queue", MapType::queue, 0, 8, 2, 0),
        map_def("stack", MapType::stack, 0, 8, 2, 0),
        map_def("devices", MapType::devmap, 4, 4, 4, 0),
        map_def("cpus", MapType::cpumap, 4, 4, 4, 0),
        map_def("ring", MapType::ringbuf, 0, 0, 4096, 0),
        map_def("cgroups", MapType::cgroup_array, 4, 4, 2, 0),
        map_def("events", MapType::perf_event_array, 4, 4, 2, 0),
        map_def("outer", MapType::array_of_maps, 4, 4, 2, 0),
        map_def("inner", MapType::array, 4, 8, 2, 0),
        map_def("device_hash", MapType::devmap_hash, 4, 4, 4, 0),
        map_def("array", MapType::array, 4, 8, 3, 0),
        map_def("storage", MapType::cgroup_storage, 16, 8, 0, 0),
        map_def("jumps", MapType::prog_array, 4, 4, 2, 0),
    };
    all[13].inner = 14;
    // Text at 0: a format, at 16: one with a text, at 32: something to compare with.
    static const std::array<std::uint8_t, 48> texts = {
        '<', '%', 'd', '|', '%', '0', '8', 'l', 'x', '>', 0, 0, 0, 0,   0,   0,   '%', '-', '6',
        'u', '.', 0,   0,   0,   0,   0,   0,   0,   0,   0, 0, 0, 'a', 'b', 'c', 'd', 0};
    constexpr std::uint32_t read_only_for_programs = 1u << 7;
    all.push_back(map_def("texts", MapType::array, 4, 48, 1, read_only_for_programs));
    all.back().initial = texts;
    all.back().read_only = true;
    return all;
  }();
  return maps;
}

/// `save N` becomes a store, the frame of every case is added.
std::string whole_text(std::string_view body) {
  std::string text = "r6 = r1\nr9 = map[0][0] ll\n";
  while (!body.empty()) {
    const std::string_view line = body.substr(0, body.find('\n'));
    body.remove_prefix(std::min(line.size() + 1, body.size()));
    if (line.starts_with("save "))
      text += fmt::format("*(u64 *)(r9 + {}) = r0\n", 8 * std::stoi(std::string(line.substr(5))));
    else
      text += std::string(line) + "\n";
  }
  return text;
}

/// The main function, and those that callbacks or calls name.
std::vector<program::Subprog> functions_of(std::span<const bpf::Slot> slots) {
  std::vector<std::uint32_t> starts = {0};
  for (std::uint32_t slot = 0; slot < slots.size();) {
    const auto insn = bpf::decode(slots, slot);
    if (!insn) return {};
    const bool names = insn->form == bpf::Form::lddw_func || insn->form == bpf::Form::call_local;
    if (names) starts.push_back(slot + 1 + static_cast<std::uint32_t>(insn->imm));
    slot += insn->slot_count();
  }
  std::ranges::sort(starts);
  const auto last = std::ranges::unique(starts);
  starts.erase(last.begin(), last.end());
  std::vector<program::Subprog> functions;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::size_t end = i + 1 < starts.size() ? starts[i + 1] : slots.size();
    functions.push_back(
        {i == 0 ? "model" : "callback", starts[i], static_cast<std::uint32_t>(end) - starts[i]});
  }
  return functions;
}

struct Result {
  std::uint32_t return_value = 0;
  Bytes packet;
  std::vector<MapContents> maps;
};

}  // namespace

void PrintTo(const ModelCase& one, std::ostream* out) {
  *out << one.name;
}

namespace {

class ModelDifference : public testing::TestWithParam<ModelCase> {
 protected:
  void SetUp() override {
    const std::string reason = kernel_unavailable_reason();
    if (!reason.empty()) GTEST_SKIP() << "no live kernel: " << reason;
  }

  static Expected<Result> result_on(Engine& engine, const RunInput& input,
                                    std::span<const std::size_t> maps) {
    TRY(const RunOutput output, engine.run(input));
    if (output.fault.kind != FaultKind::none)
      return error(Fault::unsupported, "fault: " + output.fault.text);
    Result result{static_cast<std::uint32_t>(output.return_value), output.packet, {}};
    for (const std::size_t map : maps) {
      TRY(MapContents contents, engine.read_map(case_maps()[map].name));
      // An array of the kernel has every element; the interpreter leaves out untouched ones.
      std::erase_if(contents.entries, [](const MapEntry& entry) {
        return std::ranges::all_of(entry.value, [](std::uint8_t b) { return b == 0; });
      });
      result.maps.push_back(std::move(contents));
    }
    return result;
  }

  static std::string words_of(const MapContents& contents) {
    std::string text;
    for (const MapEntry& entry : contents.entries) {
      text += "\n  ";
      for (const std::uint8_t byte : entry.key) text += fmt::format("{:02x}", byte);
      text += ":";
      for (std::size_t i = 0; i + 8 <= entry.value.size(); i += 8) {
        std::uint64_t word = 0;
        for (std::size_t b = 8; b-- > 0;) word = word << 8 | entry.value[i + b];
        if (word != 0) text += fmt::format(" [{}]={:#x}", i / 8, word);
      }
    }
    return text;
  }
};

std::string hex_of(const Bytes& bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

/// The engines of this process that run here.
std::vector<EngineKind> engines_here() {
  std::vector<EngineKind> kinds = {EngineKind::interp, EngineKind::emu_x86_64,
                                   EngineKind::emu_rv64};
  if (jit_unavailable_reason().empty()) kinds.push_back(EngineKind::jit);
  return kinds;
}

/// A case as a loaded program wants it.
struct Loadable {
  std::vector<bpf::Slot> slots;
  std::vector<program::Subprog> functions;
  std::array<program::InnerMap, 1> inner = {{{13, 0, 14}}};
  program::View view;

  Loadable(const ModelCase& one, std::vector<bpf::Slot> code)
      : slots(std::move(code)), functions(functions_of(slots)) {
    view.name = "model";
    view.type = one.type;
    view.license = "GPL";
    view.slots = slots;
    view.subprogs = functions;
    view.maps = case_maps();
    const bool nests = std::ranges::find(one.maps, std::size_t{13}) != one.maps.end();
    if (nests) view.inner_maps = inner;
  }
};

/// The maps of a case that can be read back.
std::vector<std::size_t> compared_maps(const ModelCase& one) {
  std::vector<std::size_t> maps = {0};
  for (const std::size_t map : one.maps) {
    if (is_kernel_map_readable(case_maps()[map].type) && map != 13) maps.push_back(map);
  }
  return maps;
}

void seed(Engine& engine, const ModelCase& one) {
  for (const MapContents& contents : one.seeds) {
    const auto written = engine.write_map(contents);
    ASSERT_TRUE(written) << one.name << ": " << written.error().line();
  }
}

TEST_P(ModelDifference, TheEnginesAnswerAsTheKernel) {
  const ModelCase& one = GetParam();
  const std::string text = whole_text(one.text);
  auto slots = assembler::assemble({one.name, text, 1}, assembler::TextStyle::kernel);
  ASSERT_TRUE(slots) << slots.error().line();
  const Loadable program(one, *std::move(slots));
  const std::vector<std::size_t> maps = compared_maps(one);
  for (const NamedPacket& packet : model_packets()) {
    if (packet.only != program::ProgType::unspec && packet.only != one.type) continue;
    RunInput input;
    input.packet = packet.bytes;
    input.fields = one.fields;
    const auto kernel = load_kernel(program.view);
    ASSERT_TRUE(kernel) << one.name << ": " << kernel.error().line();
    seed(**kernel, one);
    const auto wanted = result_on(**kernel, input, maps);
    ASSERT_TRUE(wanted) << one.name << ": " << wanted.error().line();
    for (const EngineKind kind : engines_here()) {
      const std::string place = fmt::format("{} on {}, {}", one.name, packet.name, name(kind));
      const auto engine = load_engine(kind, program.view, {});
      ASSERT_TRUE(engine) << place << ": " << engine.error().line();
      seed(**engine, one);
      const auto given = result_on(**engine, input, maps);
      ASSERT_TRUE(given) << place << ": " << given.error().line();
      EXPECT_EQ(given->return_value, wanted->return_value) << place;
      EXPECT_EQ(hex_of(given->packet), hex_of(wanted->packet)) << place;
      for (std::size_t i = 0; i < maps.size(); ++i) {
        EXPECT_EQ(words_of(given->maps[i]), words_of(wanted->maps[i]))
            << place << ", map " << case_maps()[maps[i]].name;
      }
    }
  }
}

std::string case_name(const testing::TestParamInfo<ModelCase>& info) {
  return std::string(info.param.name);
}
INSTANTIATE_TEST_SUITE_P(Skb, ModelDifference, testing::ValuesIn(skb_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(Xdp, ModelDifference, testing::ValuesIn(xdp_cases()), case_name);

}  // namespace
}  // namespace probity::runtime
