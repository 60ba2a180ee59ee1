// SPDX-License-Identifier: Apache-2.0
// .BTF.ext for moved code: function records stay at the start of their function, CO-RE records
// follow the copies of their slot, and each slot keeps its source line. Source:
// Documentation/bpf/btf.rst, section ".BTF.ext section"; the verifier wants a line at the start of
// each subprogram, and lines in ascending order.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/diagnostic.hpp"
#include "object/moved_code.hpp"

namespace probity::object {

struct MovedExt {
  std::vector<std::uint8_t> bytes;
  struct Copy {
    std::uint32_t at = 0;       ///< in the new section
    std::uint32_t section = 0;  ///< whose code it tells of, when the old record told of another
  };
  struct Record {
    std::uint32_t size = 0;    ///< bytes
    std::vector<Copy> copies;  ///< none when dropped
  };
  std::map<std::uint32_t, Record> records;  ///< by offset in the old section
};

/// Nothing when the object has no .BTF.ext, or none that readers take: without .BTF, or damaged.
Expected<std::optional<MovedExt>> move_btf_ext(const Object& object, const MovedCode& code);

}  // namespace probity::object
