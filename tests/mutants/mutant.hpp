// SPDX-License-Identifier: Apache-2.0
// Mutant: a patch of our own sources that re-injects a bug, with a header that says which
// obligation must refute it. A mutant is built beside the real thing: patched copies of the files
// it touches lie in a folder that is searched first, whatever includes them is compiled again, and
// everything else comes from the libraries of the build.
//
// A patch file starts with lines "Key: text", then a unified diff with paths a/src/... and
// b/src/...:
//   Target:  x86_64 or rv64
//   Refuted-by: a glob over names of obligations, or "layout check"
//   Wrong:   what is wrong, one line
//   Trigger: the smallest program that shows it
//   Source:  where the bug was, or "derived"
//   Suite:   "fast" for the few that `make test` runs; others wait for `make test-all`
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace probity::mutants {

struct Mutant {
  std::string id;  ///< name of the file without its suffix
  std::filesystem::path patch;
  std::map<std::string, std::string> header;
  std::vector<std::string> files;  ///< patched, relative to src/

  std::string get(const std::string& key) const {
    const auto found = header.find(key);
    return found == header.end() ? std::string() : found->second;
  }
  bool by_layout_check() const { return get("Refuted-by") == "layout check"; }
};

/// All mutants of tests/mutants/jit, by id.
std::vector<Mutant> read_mutants();

/// The sources below src/ that are compiled again: those that include a patched file, directly or
/// not, in the folders whose code the proof or the driver runs.
std::vector<std::string> affected_sources(const Mutant& mutant);

/// Builds the mutant in `folder`, which is made anew. Empty, or what went wrong.
std::string build(const Mutant& mutant, const std::filesystem::path& folder);

struct Outcome {
  int status = 0;
  std::string text;
};
/// Runs a program of the build, its arguments quoted by us.
Outcome run(const std::filesystem::path& program, const std::vector<std::string>& arguments);
/// The arguments with which a mutant, or the unmodified program, is asked.
std::vector<std::string> question(const Mutant& mutant);

}  // namespace probity::mutants
