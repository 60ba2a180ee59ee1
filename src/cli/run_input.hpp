// SPDX-License-Identifier: Apache-2.0
// Inputs of `probity run` from the command line: packets from hexadecimal text and captures, ctx
// fields, bare bytecode. Errors name the file or flag, the value and the limit.
#pragma once

#include <string>
#include <vector>

#include "object/image.hpp"
#include "replay/run_session.hpp"

namespace probity::cli {

using replay::RunItem;

/// "mark=7,cb[0]=1" onto the fields of an input of a program of `type`; metadata_size is the number
/// of leading packet bytes that are metadata. Errors name the field, the value and the limit.
Expected<runtime::RunInput> parse_context(std::string_view text, program::ProgType type);

/// Where the kernel engine works: in a namespace of its own ("fresh"), with devices made in it
/// ("veth0,veth1=7": the names and, from 2 on, their ifindexes), or in the process's ("host").
struct NetworkFlag {
  runtime::NetworkChoice choice = runtime::NetworkChoice::fresh;
  std::vector<runtime::NamedInterface> interfaces;
};
Expected<NetworkFlag> parse_network(std::string_view text);

/// One item per file, then one per record of the capture (empty: none); `-` is standard input. All
/// get the ctx fields of `context`.
Expected<std::vector<RunItem>> read_packets(const std::vector<std::string>& hex_files,
                                            const std::string& capture_file,
                                            const runtime::RunInput& context);

/// The item of a bare program: memory as hexadecimal text, or `@FILE` with such text.
Expected<RunItem> read_memory(const std::string& memory);

/// Bare bytecode: hexadecimal text, or binary when it holds a byte that text cannot.
Expected<object::Image> read_bare_program(const std::string& path, program::ProgType type);

}  // namespace probity::cli
