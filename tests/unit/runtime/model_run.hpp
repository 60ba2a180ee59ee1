// SPDX-License-Identifier: Apache-2.0
// Programs as text for the tests of the models: assembled, loaded into the interpreter, run.
#pragma once

#include <span>
#include <string_view>

#include "program/program.hpp"
#include "runtime/engine.hpp"

namespace probity::runtime {

/// A 60-byte IPv4 frame to another host.
Bytes model_packet();
/// Runs `text` (the kernel's style) as an XDP program with these maps on model_packet(); a
/// diagnostic fails the test and gives an empty output.
RunOutput run_text(std::string_view text, std::span<const program::MapDef> maps);
/// The same on another engine.
RunOutput run_text_on(EngineKind engine, std::string_view text,
                      std::span<const program::MapDef> maps);
/// The same as a program of `type` and on `input`, whose packet is model_packet() when empty.
RunOutput run_text(std::string_view text, std::span<const program::MapDef> maps,
                   program::ProgType type, RunInput input);

}  // namespace probity::runtime
