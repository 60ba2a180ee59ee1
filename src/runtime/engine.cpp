// SPDX-License-Identifier: Apache-2.0
// The engines by name.
#include "runtime/engine.hpp"

#include <array>

#include <fmt/format.h>

#include "base/check.hpp"

namespace probity::runtime {
namespace {

constexpr std::array kinds = {
    EngineKind::interp,      EngineKind::jit,        EngineKind::jit_unchecked,
    EngineKind::jit_blinded, EngineKind::emu_x86_64, EngineKind::emu_rv64,
    EngineKind::kernel,
};

}  // namespace

std::string_view name(EngineKind kind) {
  switch (kind) {
    case EngineKind::interp: return "interp";
    case EngineKind::jit: return "jit";
    case EngineKind::jit_unchecked: return "jit:unchecked";
    case EngineKind::jit_blinded: return "jit:blinded";
    case EngineKind::emu_x86_64: return "emu:x86_64";
    case EngineKind::emu_rv64: return "emu:rv64";
    case EngineKind::kernel: return "kernel";
  }
  PROBITY_UNREACHABLE("engine");
}

std::span<const EngineKind> engine_kinds() {
  return kinds;
}

Expected<Bytes> Engine::read_records(std::string_view map) {
  TRY(const MapContents contents, read_map(map));
  Bytes records;
  for (const MapEntry& entry : contents.entries) {
    records.insert(records.end(), entry.key.begin(), entry.key.end());
    records.insert(records.end(), entry.value.begin(), entry.value.end());
  }
  return records;
}

Expected<EngineKind> engine_named(std::string_view wanted, std::string_view place) {
  std::string known;
  for (const EngineKind kind : kinds) {
    if (name(kind) == wanted) return kind;
    known += (known.empty() ? "" : ", ") + std::string(name(kind));
  }
  return error(Fault::bad_input,
               fmt::format("{}: '{}' is not an engine ({})", place, wanted, known));
}

Expected<std::unique_ptr<Engine>> load_engine(EngineKind kind, const program::View& program,
                                              const InterpLimits& limits) {
  switch (kind) {
    case EngineKind::interp: return load_interpreter(program, limits);
    case EngineKind::jit:
    case EngineKind::jit_unchecked:
    case EngineKind::jit_blinded:
    case EngineKind::emu_x86_64:
    case EngineKind::emu_rv64: return load_translated(kind, program, limits);
    case EngineKind::kernel: break;
  }
  return error(Fault::unsupported, "engine kernel is not of this process");
}

}  // namespace probity::runtime
