// SPDX-License-Identifier: Apache-2.0
// `probity dump FILE[:PROG]`: what is in an object: programs with their subprograms and
// disassembly (with --target beside their machine code), maps, relocations, externals, BTF,
// licence. Damage that does not stop the reader is shown as a note, never as a crash.
#include <algorithm>
#include <cstdio>
#include <optional>

#include "base/check.hpp"
#include "cli/disassembly.hpp"
#include "cli/flags.hpp"
#include "cli/machine_listing.hpp"
#include "cli/program_source.hpp"
#include "isa/bpf/codec.hpp"
#include "object/object.hpp"

namespace probity::cli {
namespace {

using report::Json;
using report::Tally;
using report::Tone;

struct Request {
  std::string file;
  TextStyle style = TextStyle::kernel;
  bool bytes = false;
  bool blocks = false;
  bool relocations = false;
  bool summary_only = false;
  std::optional<jit::Target> target;
  bool unchecked = false;
  bool blind = false;
  std::vector<std::string> features;
  object::ReadOptions kernel;
};

Expected<Parsed> parse_request(const Arguments& arguments, report::Document& document,
                               Request& request) {
  CLI::App app{"Show the programs, maps, relocations, externals and BTF of an eBPF object."};
  app.add_option("FILE[:PROG]", request.file,
                 "Object (- is standard input), and one section or function of it")
      ->required();
  add_choice<TextStyle>(app, "--style", request.style,
                        {{"kernel", TextStyle::kernel}, {"ubpf", TextStyle::ubpf}},
                        "Spelling of the insns");
  app.add_flag("--raw", request.bytes, "Print the bytes of each insn");
  app.add_flag("--cfg", request.blocks, "Print the basic blocks with their successors");
  app.add_flag("--relocations", request.relocations, "List every relocation");
  app.add_flag("--summary", request.summary_only, "Leave the disassembly out");
  add_kernel_options(app, request.kernel);
  jit::Target target = jit::Target::x86_64;
  CLI::Option* const target_option = add_choice<jit::Target>(
      app, "--target", target, {{"x86_64", jit::Target::x86_64}, {"rv64", jit::Target::rv64}},
      "Print the machine code of each insn beside it");
  app.add_flag("--unchecked", request.unchecked, "Machine code without memory checks");
  app.add_flag("--blind", request.blind, "Machine code with hidden constants");
  app.add_option("--features", request.features,
                 "Optional instructions to use: bmi2 (x86_64); c, zba, zbb (rv64)")
      ->type_name("WORD,…")
      ->delimiter(',')
      ->allow_extra_args(false);
  TRY(const Parsed parsed, parse_flags(app, arguments, document));
  if (target_option->count() != 0) request.target = target;
  if (!request.target && (request.unchecked || request.blind || !request.features.empty())) {
    return error(Fault::bad_input,
                 "probity dump: --unchecked, --blind and --features go with --target");
  }
  return parsed;
}

struct Feature {
  jit::Target target;
  std::string_view name;
  std::uint32_t bit;
};
constexpr Feature features[] = {
    {jit::Target::x86_64, "bmi2", jit::feature::x86_bmi2},
    {jit::Target::rv64, "c", jit::feature::rv_c},
    {jit::Target::rv64, "zba", jit::feature::rv_zba},
    {jit::Target::rv64, "zbb", jit::feature::rv_zbb},
};

Expected<runtime::TranslationOptions> translation_options(const Request& request) {
  runtime::TranslationOptions options;
  options.target = *request.target;
  if (request.unchecked) options.options.memory = jit::Memory::unchecked;
  if (request.blind) {
    options.options.blinding = jit::Blinding::on;
    options.blinding_seed = 1;  // the same listing every time
  }
  for (const std::string& word : request.features) {
    const auto* const found = std::ranges::find_if(features, [&](const Feature& feature) {
      return feature.target == options.target && feature.name == word;
    });
    if (found == std::end(features)) {
      return error(Fault::bad_input, "--features: '" + word + "' is no optional instruction of " +
                                         std::string(name(options.target)));
    }
    options.options.features |= found->bit;
  }
  return options;
}

std::string_view source_name(object::MapSource source) {
  switch (source) {
    case object::MapSource::btf: return "btf";
    case object::MapSource::legacy: return "legacy";
    case object::MapSource::data: return "data";
    case object::MapSource::kconfig: return "kconfig";
    case object::MapSource::struct_ops: return "struct_ops";
    case object::MapSource::inner: return "inner";
  }
  PROBITY_UNREACHABLE("map source");
}

std::string_view kind_name(object::ExternKind kind) {
  switch (kind) {
    case object::ExternKind::kconfig: return "kconfig";
    case object::ExternKind::variable: return "variable";
    case object::ExternKind::function: return "function";
    case object::ExternKind::undeclared: return "undeclared";
  }
  PROBITY_UNREACHABLE("extern kind");
}

std::string_view type_source_name(object::TypeSource source) {
  switch (source) {
    case object::TypeSource::rule: return "section name";
    case object::TypeSource::prefix: return "prefix of the section name";
    case object::TypeSource::guess: return "guessed from the section name";
    case object::TypeSource::unknown: return "unknown";
  }
  PROBITY_UNREACHABLE("type source");
}

/// A kernel enum's name, or its number when this version has no name for it.
template <typename T>
std::string type_name(T type) {
  const std::string_view known = program::name(type);
  return known.empty() ? std::to_string(static_cast<std::uint32_t>(type)) : std::string(known);
}

std::size_t section_bytes(const object::Object& object, std::string_view name) {
  const object::Section* section = object.elf.find_section(name);
  return section == nullptr ? 0 : section->data.size();
}

void describe_object(const object::Object& object, report::Document& document) {
  const std::size_t btf_bytes = section_bytes(object, ".BTF");
  document.heading(object.name);
  document.fields({
      {"licence", object.license.empty() ? "none" : std::string(object.license)},
      {"programs", std::to_string(object.programs.size())},
      {"maps", std::to_string(object.maps.size())},
      {"relocations", std::to_string(object.elf.relocations.size())},
      {"externals", std::to_string(object.externs.size())},
      {"BTF", object.btf == nullptr ? "none"
                                    : std::to_string(btf_bytes) + " bytes, " +
                                          std::to_string(object.btf->type_count()) + " types"},
      {"source lines", std::to_string(object.ext.lines.size())},
  });
  Json& details = document.details();
  details["object"] = object.name;
  details["license"] = object.license;
  details["version"] = object.version;
  details["btf"] = Json::object({{"bytes", btf_bytes},
                                 {"ext_bytes", section_bytes(object, ".BTF.ext")},
                                 {"types", object.btf == nullptr ? 0u : object.btf->type_count()},
                                 {"lines", object.ext.lines.size()},
                                 {"core_relocations", object.ext.core.size()}});
  Json& notes = details["notes"] = Json::array();
  for (const std::string& text : object.notes) {
    document.note(Tone::warning, text);
    notes.push(text);
  }
}

void describe_maps(const object::Object& object, report::Document& document) {
  Json& list = document.details()["maps"] = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < object.maps.size(); ++i) {
    const program::MapDef& map = object.maps[i];
    const std::string_view source = source_name(object.map_info[i].source);
    const std::string inner =
        map.inner < 0 ? "" : std::string(object.maps[static_cast<std::size_t>(map.inner)].name);
    rows.push_back({std::string(map.name), type_name(map.type), std::to_string(map.key_size),
                    std::to_string(map.value_size), std::to_string(map.max_entries),
                    std::to_string(map.flags), std::string(source), inner});
    Json& row = list.push(Json::object({{"name", map.name},
                                        {"type", type_name(map.type)},
                                        {"key_size", map.key_size},
                                        {"value_size", map.value_size},
                                        {"max_entries", map.max_entries},
                                        {"flags", map.flags},
                                        {"source", source},
                                        {"read_only", map.read_only}}));
    if (!inner.empty()) row["inner"] = inner;
  }
  if (rows.empty()) return;
  document.heading("maps");
  document.table({"name", "type", "key", "value", "entries", "flags", "from", "inner"},
                 std::move(rows));
}

void describe_externs(const object::Object& object, report::Document& document) {
  Json& list = document.details()["externals"] = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const object::Extern& symbol : object.externs) {
    rows.push_back(
        {std::string(symbol.name), std::string(kind_name(symbol.kind)), symbol.weak ? "weak" : ""});
    list.push(Json::object(
        {{"name", symbol.name}, {"kind", kind_name(symbol.kind)}, {"weak", symbol.weak}}));
  }
  if (rows.empty()) return;
  document.heading("externals");
  document.table({"name", "kind", ""}, std::move(rows));
}

void describe_relocations(const object::Object& object, const Request& request,
                          report::Document& document) {
  const object::ElfFile& elf = object.elf;
  Json& list = document.details()["relocations"] = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const object::Relocation& relocation : elf.relocations) {
    const std::string_view section =
        relocation.section < elf.sections.size() ? elf.sections[relocation.section].name : "?";
    const std::string_view symbol =
        relocation.symbol < elf.symbols.size() ? elf.symbols[relocation.symbol].name : "?";
    list.push(Json::object({{"section", section},
                            {"offset", relocation.offset},
                            {"type", relocation.type},
                            {"symbol", symbol},
                            {"addend", relocation.addend}}));
    rows.push_back({std::string(section), std::to_string(relocation.offset),
                    std::to_string(relocation.type), std::string(symbol),
                    std::to_string(relocation.addend)});
  }
  if (!request.relocations || rows.empty()) return;
  document.heading("relocations");
  document.table({"section", "offset", "type", "symbol", "addend"}, std::move(rows));
}

Json code_json(const program::View& view, const std::vector<ListedInsn>& insns) {
  Json code = Json::array();
  for (const ListedInsn& insn : insns) {
    std::string bytes;
    for (std::uint32_t i = 0; i < insn.slot_count; ++i)
      bytes += report::hex(bpf::bytes_of(view.slots[insn.slot + i]));
    code.push(Json::object({{"slot", insn.slot}, {"bytes", bytes}, {"text", insn.text}}));
  }
  return code;
}

/// The program without a copy of the object's maps; valid while the object lives.
program::View view_of(const object::Object& object, const object::Program& program) {
  program::View view;
  view.name = program.name;
  view.section = program.section;
  view.type = program.type.type;
  view.expected_attach_type = program.type.attach_type;
  view.license = object.license;
  view.slots = program.slots;
  view.subprogs = program.subprogs;
  view.maps = object.maps;
  view.externals = program.externals;
  view.lines = program.lines;
  return view;
}

Json machine_json(const MachineListing& listing) {
  Json blocks = Json::array();
  for (const MachineBlock& block : listing.blocks) {
    Json code = Json::array();
    for (const MachineInsn& insn : block.code) {
      code.push(Json::object(
          {{"offset", insn.offset}, {"bytes", report::hex(insn.bytes)}, {"text", insn.text}}));
    }
    Json row = Json::object({{"name", block.name}});
    if (block.is_insn) row["slot"] = block.slot;
    row["code"] = std::move(code);
    blocks.push(std::move(row));
  }
  return Json::object({{"bytes", listing.size_bytes},
                       {"body_bytes", listing.body_bytes},
                       {"blocks", std::move(blocks)}});
}

/// The machine code of one program; a program that no translator takes says why.
void describe_machine_code(const program::View& view, const Request& request,
                           const runtime::TranslationOptions& options, Json& row,
                           report::Document& document) {
  const Expected<MachineListing> listing = list_machine_code(view, request.style, options);
  if (!listing) {
    document.note(Tone::warning, "no machine code: " + std::string(listing.error().line()));
    return;
  }
  char ratio[32];
  std::snprintf(ratio, sizeof ratio, "%.2f",
                static_cast<double>(listing->body_bytes) /
                    static_cast<double>(std::max<std::size_t>(listing->insn_count, 1)));
  document.note(Tone::plain, std::string(name(options.target)) + ": " +
                                 std::to_string(listing->size_bytes) + " bytes, " + ratio +
                                 " per insn");
  if (!request.summary_only) document.code(print(*listing));
  row["machine_code"] = machine_json(*listing);
}

void describe_program(const object::Object& object, const object::Program& program,
                      const Request& request,
                      const std::optional<runtime::TranslationOptions>& options,
                      report::Document& document) {
  const program::View view = view_of(object, program);
  const std::vector<ListedInsn> insns = list_insns(view, request.style);
  std::vector<std::pair<std::string, std::string>> fields = {
      {"section", std::string(program.section)},
      {"type", type_name(program.type.type) + " (" +
                   std::string(type_source_name(program.type.source)) + ")"},
      {"insns",
       std::to_string(insns.size()) + " in " + std::to_string(program.slots.size()) + " slots"}};
  Json row = Json::object({{"name", program.name},
                           {"section", program.section},
                           {"type", type_name(program.type.type)},
                           {"type_from", type_source_name(program.type.source)},
                           {"expected_attach_type", program.type.attach_type},
                           {"autoload", program.type.autoload},
                           {"insns", insns.size()},
                           {"slots", program.slots.size()},
                           {"core_relocations", program.core.size()}});
  Json& subprogs = row["subprograms"] = Json::array();
  for (const program::Subprog& subprog : program.subprogs) {
    fields.emplace_back("subprogram", std::string(subprog.name) + ", slots " +
                                          std::to_string(subprog.first_slot) + ".." +
                                          std::to_string(subprog.first_slot + subprog.slot_count));
    subprogs.push(Json::object({{"name", subprog.name},
                                {"first_slot", subprog.first_slot},
                                {"slots", subprog.slot_count}}));
  }
  Json& externals = row["externals"] = Json::array();
  for (const program::External& external : program.externals) externals.push(external.name);
  document.heading("program " + std::string(program.name));
  document.fields(std::move(fields));
  Json& problems = row["problems"] = Json::array();
  for (const std::string& problem : program.problems) {
    document.note(Tone::warning, "cannot run as it is: " + problem);
    problems.push(problem);
  }
  document.count(program.problems.empty() ? Tally::passed : Tally::skipped, 1);
  if (!request.summary_only) {
    // Machine code is listed with the bytecode beside it.
    if (!options)
      document.code(
          disassemble(view, request.style, request.bytes ? InsnBytes::show : InsnBytes::hide));
    row["code"] = code_json(view, insns);
  }
  if (options) describe_machine_code(view, request, *options, row, document);
  if (request.blocks) {
    const Expected<std::string> blocks = describe_blocks(view);
    if (blocks)
      document.code(*blocks);
    else
      document.note(Tone::warning, "no flow graph: " + std::string(blocks.error().line()));
  }
  document.details()["programs"].push(std::move(row));
}

/// The programs that `selector` names, by function or section; all when it is empty.
Expected<std::vector<const object::Program*>> chosen(const object::Object& object,
                                                     const std::string& selector) {
  std::vector<const object::Program*> programs;
  for (const object::Program& program : object.programs) {
    if (selector.empty() || program.name == selector || program.section == selector)
      programs.push_back(&program);
  }
  if (programs.empty() && !selector.empty()) {
    TRY(const object::Program* program, object::select(object, selector));
    programs.push_back(program);
  }
  return programs;
}

}  // namespace

Expected<Outcome> run_dump(const Arguments& arguments, report::Document& document) {
  Request request;
  TRY(const Parsed parsed, parse_request(arguments, document, request));
  if (parsed == Parsed::help) return Outcome::holds;
  std::optional<runtime::TranslationOptions> options;
  if (request.target) {
    TRY(options, translation_options(request));
  }
  const object::Selection selection = object::split_selection(request.file);
  TRY(const object::Object object, object::read_file(selection.path, request.kernel));
  TRY(const std::vector<const object::Program*> programs, chosen(object, selection.selector));
  describe_object(object, document);
  describe_maps(object, document);
  describe_externs(object, document);
  describe_relocations(object, request, document);
  document.details()["programs"] = Json::array();
  for (const object::Program* program : programs)
    describe_program(object, *program, request, options, document);
  return Outcome::holds;
}

}  // namespace probity::cli
