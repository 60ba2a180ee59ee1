// SPDX-License-Identifier: Apache-2.0
// Runs clang into a temporary file of this process.
#include "sample.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace probity::object {

std::optional<std::vector<std::uint8_t>> compile_sample(std::string_view name,
                                                        std::string_view flags) {
  const auto output =
      std::filesystem::temp_directory_path() / fmt::format("probity_{}_{}.o", name, getpid());
  for (const std::string_view compiler : {"clang-14", "clang-19", "clang"}) {
    const std::string command =
        fmt::format("{} -target bpf -O2 -Wno-everything {} -c {}/{}.c -o {} 2>/dev/null", compiler,
                    flags, OBJECT_TEST_DATA, name, output.string());
    if (std::system(command.c_str()) != 0) continue;
    std::ifstream in(output, std::ios::binary);
    std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(in),
                                    std::istreambuf_iterator<char>()};
    std::filesystem::remove(output);
    return bytes;
  }
  return std::nullopt;
}

}  // namespace probity::object
