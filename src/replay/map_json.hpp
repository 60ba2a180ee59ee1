// SPDX-License-Identifier: Apache-2.0
// Map contents as JSON, the way bpftool prints them: [{"key": K, "value": V}, …]. K and V are
// hexadecimal text, an array of bytes (numbers, or text such as "0x1f"), or a number that fits the
// size, stored little-endian. Of per-CPU maps ("values": [{"cpu": 0, "value": V}, …]) the value of
// CPU 0 counts.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "program/program.hpp"
#include "report/json.hpp"
#include "runtime/engine.hpp"

namespace probity::replay {

/// Entries for the map `def`; errors name the place, the entry, the value and the limit.
Expected<runtime::MapContents> parse_map(const report::Json& json, const program::MapDef& def,
                                         std::string_view place);

/// Contents of several maps: {"NAME": [entries], …}. Fault::bad_input names a map that is not
/// there.
Expected<std::vector<runtime::MapContents>> parse_maps(const report::Json& json,
                                                       std::span<const program::MapDef> maps,
                                                       std::string_view place);

/// {"NAME": [{"key": "hex", "value": "hex"}, …], …}, which parse_maps reads back.
report::Json maps_json(std::span<const runtime::MapContents> maps);

}  // namespace probity::replay
