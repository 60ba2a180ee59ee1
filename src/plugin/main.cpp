// SPDX-License-Identifier: Apache-2.0
// probity-plugin: the plugin protocol of bpf_conformance, so that its own runner can test our
// engines.
//   probity-plugin [MEMORY] [--engine ENGINE] [--elf] [--xdp_prolog] < PROGRAM
// MEMORY is hex bytes in one argument; PROGRAM is hex bytes on one line of standard input: slots,
// or an ELF object with --elf. Success prints r0 in hex and ends with 0; anything else is one line
// on stderr and status 1. With
// --xdp_prolog the program runs as an XDP program behind a prologue that takes the memory from the
// packet.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "corpus/bare_program.hpp"
#include "corpus/data_file.hpp"
#include "isa/bpf/codec.hpp"
#include "object/object.hpp"
#include "report/file.hpp"

namespace {

using namespace probity;

constexpr std::uint64_t max_program_text_bytes = 8ull << 20;

enum class Format : std::uint8_t { slots, elf };
enum class Prologue : std::uint8_t { no, xdp };

struct Request {
  std::vector<std::uint8_t> memory;
  runtime::EngineKind engine = runtime::EngineKind::interp;
  Format format = Format::slots;
  Prologue prologue = Prologue::no;
};

Expected<std::vector<std::uint8_t>> hex_bytes(std::string text, std::string_view place) {
  corpus::Section section;
  section.body = std::move(text);
  section.line = 1;
  return corpus::parse_hex_bytes(section, place);
}

Expected<Request> parse_request(const std::vector<std::string>& words) {
  Request request;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--elf") {
      request.format = Format::elf;
    } else if (word == "--xdp_prolog") {
      request.prologue = Prologue::xdp;
      if (i + 1 < words.size() && words[i + 1] == "true") ++i;
    } else if (word == "--engine" && i + 1 < words.size()) {
      TRY(request.engine, runtime::engine_named(words[++i], "--engine"));
    } else if (word.starts_with("--")) {
      return error(Fault::bad_input, "unknown argument '" + word + "'");
    } else if (i == 0) {
      TRY(request.memory, hex_bytes(word, "memory"));
    } else {
      return error(Fault::bad_input, "unexpected argument '" + word + "'");
    }
  }
  return request;
}

Expected<std::vector<bpf::Slot>> slots_of(const std::vector<std::uint8_t>& bytes) {
  if (bytes.size() % sizeof(bpf::Slot) != 0) {
    return error(Fault::bad_input,
                 "program: " + std::to_string(bytes.size()) + " bytes are no multiple of 8");
  }
  std::vector<bpf::Slot> slots;
  for (std::size_t i = 0; i < bytes.size() / sizeof(bpf::Slot); ++i)
    slots.push_back(bpf::slot_at(bytes, i));
  return slots;
}

/// The slots of the object's only program; one that needs maps cannot be run bare.
Expected<std::vector<bpf::Slot>> slots_of_elf(const std::vector<std::uint8_t>& bytes) {
  TRY(const object::Object object, object::read(bytes, "program"));
  TRY(const object::Program* program, object::select(object, ""));
  if (!program->problems.empty()) return error(Fault::unsupported, program->problems.front());
  return program->slots;
}

/// The XDP program of --xdp_prolog on an engine of this process: prologue and program in one, run
/// on a packet.
Expected<runtime::RunOutput> run_as_xdp(const std::vector<bpf::Slot>& slots,
                                        const Request& request) {
  TRY(std::vector<bpf::Slot> whole, corpus::xdp_prologue(request.memory.size()));
  whole.insert(whole.end(), slots.begin(), slots.end());
  TRY(const std::vector<program::Subprog> subprogs, corpus::find_subprogs(whole));
  program::View view;
  view.name = "program";
  view.type = program::ProgType::xdp;
  view.license = "GPL";
  view.slots = whole;
  view.subprogs = subprogs;
  TRY(const std::unique_ptr<runtime::Engine> engine,
      runtime::load_engine(request.engine, view, runtime::InterpLimits{}));
  runtime::RunInput input;
  input.packet = request.memory;
  return engine->run(input);
}

Expected<std::uint64_t> run(const Request& request) {
  TRY(std::string text, report::read_input_text("-", max_program_text_bytes));
  TRY(const std::vector<std::uint8_t> bytes, hex_bytes(std::move(text), "program"));
  TRY(const std::vector<bpf::Slot> slots,
      request.format == Format::elf ? slots_of_elf(bytes) : slots_of(bytes));
  const bool as_xdp =
      request.prologue == Prologue::xdp && request.engine != runtime::EngineKind::kernel;
  std::optional<runtime::RunOutput> output;
  if (as_xdp) {
    TRY(output, run_as_xdp(slots, request));
  } else {  // the kernel engine has the prologue in any case
    TRY(const std::unique_ptr<corpus::BareProgram> program,
        corpus::BareProgram::load(request.engine, slots));
    TRY(output, program->run(request.memory));
  }
  if (output->fault.kind != runtime::FaultKind::none)
    return error(Fault::bad_input, output->fault.text);
  return output->return_value;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + std::max(argc, 1));
  const Expected<Request> request = parse_request(words);
  const Expected<std::uint64_t> value = request ? run(*request) : std::unexpected(request.error());
  if (!value) {
    std::fprintf(stderr, "%s\n", std::string(value.error().line()).c_str());
    return EXIT_FAILURE;
  }
  std::printf("%llx\n", static_cast<unsigned long long>(*value));
  return std::fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
