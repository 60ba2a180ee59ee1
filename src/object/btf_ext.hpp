// SPDX-License-Identifier: Apache-2.0
// The .BTF.ext section: which slot came from which source line, the type of each function, and the
// CO-RE relocation records. Source: Documentation/bpf/btf.rst, section ".BTF.ext section".
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "object/btf.hpp"
#include "object/elf.hpp"

namespace probity::object {

/// A place in an executable section.
struct CodePlace {
  std::uint32_t section = 0;
  std::uint32_t slot = 0;
  friend auto operator<=>(const CodePlace&, const CodePlace&) = default;
};

struct FunctionRecord {
  CodePlace place;
  std::uint32_t type_id = 0;
};

struct LineRecord {
  CodePlace place;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string_view file;
  std::string_view text;
};

/// A CO-RE relocation as clang wrote it; `kind` is enum bpf_core_relo_kind.
struct CoreRecord {
  CodePlace place;
  std::uint32_t type_id = 0;
  std::string_view type_name;
  std::string_view access;  ///< e.g. "0:1:0"
  std::uint32_t kind = 0;
  bool settled = false;  ///< the same value on every kernel: see core.hpp
};

/// All three tables, each sorted by place.
struct BtfExt {
  std::vector<FunctionRecord> functions;
  std::vector<LineRecord> lines;
  std::vector<CoreRecord> core;
};

Expected<BtfExt> read_btf_ext(std::span<const std::uint8_t> bytes, const Btf& btf,
                              const ElfFile& file);

}  // namespace probity::object
