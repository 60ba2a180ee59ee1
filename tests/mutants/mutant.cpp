// SPDX-License-Identifier: Apache-2.0
// The build of a mutant: patch(1) on copies, the compiler of this build without optimisation, the
// libraries of this build. MUTANT_CXX, MUTANT_ARCHIVES, MUTANT_LIBRARIES and MUTANT_MAIN come from
// CMake; the working directory is the repository.
#include "mutant.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace probity::mutants {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string shell_word(const std::string& word) {
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

Outcome shell(const std::string& command) {
  Outcome outcome;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return {-1, "popen failed"};
  char buffer[4096];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
    outcome.text.append(buffer, n);
  }
  const int status = pclose(pipe);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

Mutant read_mutant(const fs::path& path) {
  Mutant mutant;
  mutant.id = path.stem().string();
  mutant.patch = path;
  std::ifstream in(path);
  bool in_header = true;
  for (std::string line; std::getline(in, line);) {
    const std::string mark = "+++ b/src/";
    if (line.starts_with("--- a/src/")) in_header = false;
    if (line.starts_with(mark)) mutant.files.push_back(line.substr(mark.size()));
    const std::size_t colon = line.find(": ");
    if (!in_header || colon == std::string::npos) continue;
    mutant.header[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return mutant;
}

/// Paths below src/ that a file includes.
std::vector<std::string> included(const fs::path& file) {
  static const std::regex include("#include \"([^\"]+)\"");
  const std::string text = read(file);
  std::vector<std::string> result;
  for (std::sregex_iterator at(text.begin(), text.end(), include), end; at != end; ++at) {
    result.push_back((*at)[1]);
  }
  return result;
}

std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> result;
  for (const auto& entry : fs::recursive_directory_iterator("src/" + folder)) {
    const std::string path = fs::relative(entry.path(), "src").string();
    if (entry.is_regular_file()) result.push_back(path);
  }
  std::ranges::sort(result);
  return result;
}

}  // namespace

std::vector<Mutant> read_mutants() {
  std::vector<Mutant> mutants;
  for (const auto& entry : fs::directory_iterator("tests/mutants/jit")) {
    if (entry.path().extension() == ".patch") mutants.push_back(read_mutant(entry.path()));
  }
  std::ranges::sort(mutants, {}, &Mutant::id);
  return mutants;
}

std::vector<std::string> affected_sources(const Mutant& mutant) {
  std::map<std::string, std::vector<std::string>> includes;
  for (const char* folder : {"isa", "jit", "theorems/jit"}) {
    for (const std::string& file : files_below(folder)) includes[file] = included("src/" + file);
  }
  std::set<std::string> affected(mutant.files.begin(), mutant.files.end());
  for (bool grew = true; grew;) {
    grew = false;
    for (const auto& [file, list] : includes) {
      const bool touched = std::ranges::any_of(
          list, [&](const std::string& other) { return affected.contains(other); });
      grew = (touched && affected.insert(file).second) || grew;
    }
  }
  const std::string proof = "theorems/", driver = "jit/";
  const bool is_x86 = mutant.get("Target") == "x86_64";
  const std::vector<std::string> others =
      is_x86 ? std::vector<std::string>{"rv64", "riscv"} : std::vector<std::string>{"x86"};
  std::vector<std::string> sources;
  for (const std::string& file : affected) {
    if (!file.ends_with(".cpp") || !includes.contains(file)) continue;
    if (std::ranges::any_of(others, [&](const std::string& other) {
          return file.find(other) != std::string::npos;
        })) {
      continue;
    }
    const bool is_proof = file.starts_with(proof), is_driver = file.starts_with(driver);
    if (is_proof && mutant.by_layout_check()) continue;
    if (is_driver && !mutant.by_layout_check()) continue;
    sources.push_back(file);
  }
  return sources;
}

std::string build(const Mutant& mutant, const fs::path& folder) {
  fs::remove_all(folder);
  const fs::path overlay = folder / "src";
  for (const std::string& file : mutant.files) {
    const fs::path copy = overlay / file;
    fs::create_directories(copy.parent_path());
    fs::copy_file("src/" + file, copy);
  }
  const Outcome patched =
      shell("patch --quiet --fuzz=0 --no-backup-if-mismatch -p1 -d " + shell_word(folder.string()) +
            " -i " + shell_word(fs::absolute(mutant.patch).string()));
  if (patched.status != 0) return "the patch does not apply: " + patched.text;
  const std::vector<std::string> sources = affected_sources(mutant);
  if (sources.empty()) return "no source includes what the patch changes";
  std::string objects;
  for (const std::string& source : sources) {
    const fs::path copy = overlay / source;
    const std::string input = fs::exists(copy) ? copy.string() : "src/" + source;
    std::string object = source + ".o";
    std::ranges::replace(object, '/', '_');
    object = (folder / object).string();
    const Outcome compiled =
        shell(std::string(MUTANT_CXX) + " -std=c++23 -O0 -w -I" + shell_word(overlay.string()) +
              " -Isrc -Iinclude -c " + shell_word(input) + " -o " + shell_word(object));
    if (compiled.status != 0) return source + " does not compile: " + compiled.text;
    objects += " " + shell_word(object);
  }
  const Outcome linked =
      shell(std::string(MUTANT_CXX) + " -o " + shell_word((folder / "mutant").string()) + " " +
            MUTANT_MAIN + objects + " -Wl,--start-group " + MUTANT_ARCHIVES + " -Wl,--end-group " +
            MUTANT_LIBRARIES);
  if (linked.status != 0) return "the mutant does not link: " + linked.text;
  return {};
}

Outcome run(const fs::path& program, const std::vector<std::string>& arguments) {
  std::string command = shell_word(program.string());
  for (const std::string& argument : arguments) command += " " + shell_word(argument);
  return shell(command);
}

std::vector<std::string> question(const Mutant& mutant) {
  if (mutant.by_layout_check()) return {"layout", mutant.get("Target")};
  return {"prove", mutant.get("Target"), mutant.get("Refuted-by")};
}

}  // namespace probity::mutants
