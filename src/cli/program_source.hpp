// SPDX-License-Identifier: Apache-2.0
// The program that a command line names: FILE[:SECTION-or-FUNCTION], linked, with an optional
// program type.
#pragma once

#include <string>

#include "base/diagnostic.hpp"
#include "object/image.hpp"
#include "object/kernel.hpp"
#include "object/object.hpp"

namespace CLI {
class App;
}

namespace probity::cli {

/// Adds --btf and --kconfig: files that stand for the running kernel when an object is read.
void add_kernel_options(CLI::App& app, object::ReadOptions& options);

/// A program and, while it lives, the object that it is from.
struct LoadedProgram {
  object::Object object;
  object::Image image;
};
Expected<LoadedProgram> load_with_object(const std::string& selection, const std::string& type,
                                         const object::ReadOptions& options);

/// Reads, links and selects; `type` ("xdp", "sched_cls" …) overrides the section's, empty keeps it.
Expected<object::Image> load_program(const std::string& selection, const std::string& type,
                                     const object::ReadOptions& options);

/// A program type by the kernel's name.
Expected<program::ProgType> parse_program_type(std::string_view name);

/// Refuses by name a program that cannot be explored: of a type that is not modelled, or that no
/// engine could decode.
Expected<void> require_checkable(const object::Image& image);

}  // namespace probity::cli
