// SPDX-License-Identifier: Apache-2.0
// An eBPF object file, read and linked: programs with their subprograms appended and relocations
// applied, maps (BTF, legacy, global data), externs, source lines. `read` either answers a whole
// Object or one diagnostic; what keeps a single program from running is a `problem` of that
// program, so dump still shows it. Sources: libbpf's linking rules, RFC 9669, the eBPF psABI.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "object/btf_ext.hpp"
#include "object/elf.hpp"
#include "object/image.hpp"
#include "object/kernel.hpp"
#include "object/section_rule.hpp"
#include "program/program.hpp"

namespace probity::object {

/// A run of slots in an executable section that a symbol (or the section itself) names.
struct Function {
  std::string_view name;
  std::uint32_t section = 0;
  std::uint32_t first_slot = 0;
  std::uint32_t slot_count = 0;
  SymbolBinding binding = SymbolBinding::global;
  bool is_program = false;  ///< may be loaded by itself; else only called
  bool notype = false;      ///< its symbol has no type (LLVM before 8)
};

enum class MapSource : std::uint8_t {
  btf,         ///< SEC(".maps")
  legacy,      ///< SEC("maps"): struct bpf_map_def or iproute2's bpf_elf_map
  data,        ///< .data, .rodata, .bss
  kconfig,     ///< __kconfig externs
  struct_ops,  ///< SEC(".struct_ops")
  inner,       ///< template of the maps inside another map
};

/// One element of a map that the object fills: a map in a map of maps, a program in a program
/// array.
struct MapSlot {
  std::uint32_t index = 0;
  enum class Kind : std::uint8_t { map, function } kind = Kind::map;
  std::uint32_t target = 0;  ///< index into Object::maps or Object::functions
};

/// How iproute2's records refer to one another; 0 where they do not.
struct RecordIds {
  std::uint32_t id = 0;
  std::uint32_t inner_id = 0;     ///< of the map whose like this map of maps holds
  std::uint32_t inner_index = 0;  ///< where it is put; ~0: nowhere
};

/// What a definition says beyond program::MapDef.
struct MapInfo {
  MapSource source = MapSource::btf;
  std::uint32_t section = 0;  ///< 0 for inner and kconfig maps
  std::uint64_t offset = 0;   ///< place in that section
  std::uint64_t size = 0;
  std::uint32_t declared_key_size = 0;  ///< before perf-array defaults
  std::uint32_t declared_value_size = 0;
  std::uint32_t key_type = 0;  ///< BTF id, 0 when unknown
  std::uint32_t value_type = 0;
  std::uint32_t numa_node = 0;
  std::uint64_t extra = 0;
  std::uint32_t pinning = 0;  ///< enum libbpf_pin_type, or iproute2's
  RecordIds ids;
  std::optional<std::uint32_t> values_offset;  ///< of the static initialiser in the definition
  std::vector<MapSlot> initial_slots;
};

enum class ExternKind : std::uint8_t { kconfig, variable, function, undeclared };

/// An undefined symbol. A weak one that is not `resolved` is 0, or a call that must not run; a
/// strong one stops the programs that use it.
struct Extern {
  std::string_view name;
  ExternKind kind = ExternKind::undeclared;
  bool weak = false;
  std::uint32_t symbol = 0;
  std::uint32_t type_id = 0;         ///< of the declaration, 0 for void or without one
  std::uint32_t kconfig_offset = 0;  ///< in the .kconfig map
  bool resolved = false;             ///< the kernel has it
  std::uint64_t address = 0;         ///< of a variable without a type
  std::uint32_t number = 0;          ///< libbpf's number of a kernel symbol
  std::string problem;               ///< why it could not be looked up; empty when it could
};

/// A CO-RE record in a linked program.
struct CoreRelocation {
  std::uint32_t slot = 0;
  CoreRecord record;
  bool applied = false;   ///< the slot holds the kernel's value, or one that is right for all
  bool poisoned = false;  ///< the kernel has no such thing: the slot is a call that must not run
};

/// A linked program: the function, then every subprogram it reaches, in libbpf's order.
struct Program {
  std::string_view name;
  std::string_view section;
  std::uint32_t function = 0;
  SectionType type;
  std::vector<bpf::Slot> slots;
  std::vector<program::Subprog> subprogs;
  std::vector<std::uint32_t> functions;  ///< index into Object::functions, by subprogram
  std::vector<program::External> externals;
  std::vector<program::LineInfo> lines;
  std::vector<CoreRelocation> core;
  std::vector<std::string> problems;  ///< why it cannot run as it is; empty when it can
};

/// Names and contents that are not bytes of the file.
struct Storage {
  std::deque<std::string> names;
  std::deque<std::vector<std::uint8_t>> contents;
};

struct Object {
  std::string name;  ///< file name, for messages and data map names
  ElfFile elf;
  std::shared_ptr<Storage> storage = std::make_shared<Storage>();
  std::shared_ptr<const Btf> btf;  ///< null without (readable) BTF
  BtfExt ext;
  std::string_view license;
  std::uint32_t version = 0;  ///< from the `version` section; 0 without one
  std::vector<program::MapDef> maps;
  std::vector<MapInfo> map_info;  ///< parallel to maps
  std::vector<Extern> externs;
  std::vector<Function> functions;  ///< sorted by (section, first_slot)
  std::vector<Program> programs;
  std::vector<std::string> notes;  ///< damage that did not stop the reader

  std::optional<std::uint32_t> function_at(CodePlace place) const;
};

/// Reads and links an object for the running kernel; `name` is used in messages and data map names.
Expected<Object> read(std::span<const std::uint8_t> bytes, std::string_view name);
/// The same for the kernel that `options` describes.
Expected<Object> read(std::span<const std::uint8_t> bytes, std::string_view name,
                      const ReadOptions& options);
/// The same from a file; "-" is standard input.
Expected<Object> read_file(const std::string& path);
Expected<Object> read_file(const std::string& path, const ReadOptions& options);

/// An owning copy of one program with all maps of its object, independent of `object`.
Image make_image(const Object& object, const Program& program);

/// Is it the section of a function that `check` runs beside a program: SEC("?assume/…"),
/// SEC("?spec/…")?
bool is_companion(std::string_view section);

/// The one program that `selector` names: a function, or a section that holds one. An empty
/// selector takes the only program. The diagnostic lists the candidates.
Expected<const Program*> select(const Object& object, std::string_view selector);

/// `FILE[:SECTION-or-FUNCTION]` taken apart. File and section names may contain colons: the
/// shortest prefix before a colon that exists as a file wins, then the whole text, then the first
/// colon.
struct Selection {
  std::string path;
  std::string selector;
};
Selection split_selection(std::string_view text);

}  // namespace probity::object
