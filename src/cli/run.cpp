// SPDX-License-Identifier: Apache-2.0
// `probity run FILE[:PROG]`: execute a program on packets with one engine, or with several side by
// side, with maps in and out. Outputs are written only after everything ran.
#include <fmt/format.h>

#include <algorithm>

#include "cli/flags.hpp"
#include "cli/program_source.hpp"
#include "cli/run_input.hpp"
#include "cli/run_report.hpp"
#include "packet/packet.hpp"
#include "replay/map_json.hpp"
#include "report/file.hpp"

namespace probity::cli {
namespace {

using replay::maps_json;
using replay::parse_map;
using replay::parse_maps;
using replay::RunSession;

constexpr std::uint32_t max_repeat = 100'000'000;
constexpr std::uint64_t max_fuel = 1'000'000'000'000;

struct Flags {
  std::string file;
  std::string raw;
  std::string memory;
  std::string type;
  object::ReadOptions kernel;
  std::vector<std::string> packets;
  std::string capture_in;
  std::string capture_out;
  std::vector<std::string> maps;
  std::string maps_out;
  std::string engine = "interp";
  std::string context;
  std::string network = "fresh";
  std::uint32_t repeat = 1;
  std::uint64_t fuel = runtime::InterpLimits{}.fuel_insns;
};

void declare(CLI::App& app, Flags& flags) {
  app.add_option("FILE", flags.file, "object file, optionally :SECTION or :FUNCTION");
  app.add_option("--raw", flags.raw, "bare bytecode instead of FILE: hexadecimal text or binary");
  app.add_option(
      "--memory", flags.memory,
      "memory of a bare program, hexadecimal or @FILE: r1 is its address, r2 its length");
  app.add_option("--type", flags.type, "program type, when the section name does not say it");
  add_kernel_options(app, flags.kernel);
  app.add_option("--packet", flags.packets, "packet as hexadecimal text; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--pcap", flags.capture_in, "run every packet of this capture");
  app.add_option("--pcap-out", flags.capture_out,
                 "write the packets that came out, of the first engine, one for one");
  app.add_option("--map", flags.maps, "NAME=FILE or FILE: map contents as JSON; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--map-out", flags.maps_out, "write all map contents as JSON; - prints them");
  app.add_option(
      "--engine", flags.engine,
      "ENGINE,…: interp (default), jit, jit:unchecked, jit:blinded, emu:x86_64, emu:rv64, "
      "kernel; both is interp,kernel; several are compared");
  app.add_option("--ctx", flags.context,
                 "FIELD=NUMBER,…: ctx fields by name, as mark=1,cb[0]=7; metadata_size");
  app.add_option("--netns", flags.network,
                 "for the kernel: fresh (default), NAME[=IFINDEX],… of devices to make, or host");
  add_number(app, "--repeat", flags.repeat, {1, max_repeat},
             "afterwards time N runs of every packet");
  add_number(
      app, "--fuel", flags.fuel, {0, max_fuel},
      "insns that the interpreter may execute in one run; jumps backward of translated code");
}

Expected<std::vector<runtime::EngineKind>> parse_engines(std::string_view names) {
  if (names == "both") return std::vector{runtime::EngineKind::interp, runtime::EngineKind::kernel};
  std::vector<runtime::EngineKind> kinds;
  for (std::size_t at = 0; at <= names.size();) {
    const std::size_t end = std::min(names.find(',', at), names.size());
    TRY(const runtime::EngineKind kind,
        runtime::engine_named(names.substr(at, end - at), "--engine"));
    if (std::ranges::find(kinds, kind) != kinds.end()) {
      return error(Fault::bad_input,
                   fmt::format("--engine: {} is named twice", runtime::name(kind)));
    }
    kinds.push_back(kind);
    at = end + 1;
  }
  return kinds;
}

Expected<void> require_sensible(const Flags& flags) {
  if (flags.file.empty() == flags.raw.empty()) {
    return error(Fault::bad_input, "probity run: name one program, as FILE or with --raw");
  }
  const bool has_packets = !flags.packets.empty() || !flags.capture_in.empty();
  if (!flags.memory.empty() && (flags.raw.empty() || has_packets)) {
    return error(Fault::bad_input, "--memory goes with --raw, and without --packet and --pcap");
  }
  if (flags.raw.empty() && !has_packets) {
    return error(Fault::bad_input, "probity run: no packet; give --packet FILE or --pcap FILE");
  }
  return {};
}

Expected<object::Image> load_image(const Flags& flags) {
  if (!flags.raw.empty()) {
    const bool has_packets = !flags.packets.empty() || !flags.capture_in.empty();
    program::ProgType type = has_packets ? program::ProgType::xdp : program::ProgType::unspec;
    if (has_packets && !flags.type.empty()) {
      TRY(type, parse_program_type(flags.type));
    }
    return read_bare_program(flags.raw, type);
  }
  TRY(object::Image image, load_program(flags.file, flags.type, flags.kernel));
  if (!image.unsupported.empty()) {
    return error(Fault::unsupported, fmt::format("{}: {}", flags.file, image.unsupported));
  }
  return image;
}

Expected<std::vector<RunItem>> load_items(const Flags& flags, program::ProgType type) {
  TRY(const runtime::RunInput context, parse_context(flags.context, type));
  TRY(std::vector<RunItem> items, read_packets(flags.packets, flags.capture_in, context));
  if (!items.empty() || flags.raw.empty()) return items;
  TRY(RunItem item, read_memory(flags.memory));
  items.push_back(std::move(item));
  return items;
}

/// `NAME=FILE`, or `FILE` with an object of maps. A file whose name holds a `=` needs the first
/// form.
Expected<std::vector<runtime::MapContents>> load_maps(const Flags& flags,
                                                      const program::View& program) {
  std::vector<runtime::MapContents> all;
  for (const std::string& word : flags.maps) {
    const std::size_t equals = word.find('=');
    const bool is_one = equals != std::string::npos;
    const std::string path = is_one ? word.substr(equals + 1) : word;
    const std::string_view name = std::string_view(word).substr(0, is_one ? equals : 0);
    const auto def = std::ranges::find(program.maps, name, &program::MapDef::name);
    if (is_one && def == program.maps.end()) {
      return error(Fault::bad_input, fmt::format("--map: the program has no map '{}'", name));
    }
    TRY(const std::string text, report::read_input_text(path, report::max_input_bytes));
    TRY(const report::Json json, report::parse_json(text, path));
    if (is_one) {
      TRY(runtime::MapContents contents, parse_map(json, *def, path));
      all.push_back(std::move(contents));
    } else {
      TRY(std::vector<runtime::MapContents> maps, parse_maps(json, program.maps, path));
      std::ranges::move(maps, std::back_inserter(all));
    }
  }
  return all;
}

Expected<void> time_runs(const Flags& flags, RunSession& session, RunReport& report) {
  if (flags.repeat == 1) return {};
  for (std::size_t i = 0; i < report.items.size(); ++i) {
    TRY(const std::vector<double> times, session.time(report.items[i], flags.repeat));
    for (std::size_t engine = 0; engine < times.size(); ++engine) {
      report.results[i].engines[engine].nanoseconds_per_run = times[engine];
    }
  }
  return {};
}

Expected<void> write_capture(const Flags& flags, const RunReport& report) {
  if (flags.capture_out.empty()) return {};
  std::vector<packet::Record> records;
  for (std::size_t i = 0; i < report.items.size(); ++i) {
    records.push_back(
        {report.results[i].engines.front().output.packet, report.items[i].time_microseconds});
  }
  TRY(const std::string contents, packet::print_capture(records));
  return report::write_file_atomically(flags.capture_out, contents);
}

Expected<void> write_maps(const Flags& flags, const report::Json& maps,
                          report::Document& document) {
  if (flags.maps_out.empty()) return {};
  if (flags.maps_out != "-") {
    return report::write_file_atomically(flags.maps_out, report::print(maps) + "\n");
  }
  document.code(report::print(maps));
  document.details()["maps"] = maps;
  return {};
}

}  // namespace

Expected<Outcome> run_run(const Arguments& arguments, report::Document& document) {
  CLI::App app{"Run an eBPF program on packets."};
  Flags flags;
  declare(app, flags);
  TRY(const Parsed parsed, parse_flags(app, arguments, document));
  if (parsed == Parsed::help) return Outcome::holds;
  TRY(require_sensible(flags));
  TRY(const std::vector<runtime::EngineKind> engines, parse_engines(flags.engine));
  TRY(const NetworkFlag network, parse_network(flags.network));
  TRY(const object::Image image, load_image(flags));
  TRY(std::vector<RunItem> items, load_items(flags, image.type));
  const program::View program = image.view();
  TRY(const std::vector<runtime::MapContents> seeds, load_maps(flags, program));
  TRY(RunSession session, RunSession::load(program, engines, {flags.fuel}, network.choice));
  TRY(session.make_interfaces(network.interfaces));
  for (const runtime::MapContents& contents : seeds) TRY(session.seed(contents));

  RunReport report{program, session.engine_names(), session.notes(), std::move(items), {}};
  for (const RunItem& item : report.items) {
    TRY(ItemResult result, session.run(item));
    report.results.push_back(std::move(result));
  }
  TRY(const std::vector<runtime::MapContents> maps, session.maps());
  TRY(time_runs(flags, session, report));
  TRY(write_capture(flags, report));
  describe_run(report, document);
  TRY(write_maps(flags, maps_json(maps), document));
  return run_outcome(report);
}

}  // namespace probity::cli
