// SPDX-License-Identifier: Apache-2.0
// Who may include whom. layers.txt has one line per folder, `folder: folders it may include`,
// lowest first; a file belongs to the longest listed folder above it. The table must be exact: an
// include it does not grant fails, and so does a grant that no include uses, a grant that points
// down, and a line without a folder.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "checks.hpp"

namespace probity::tidy {
namespace {

struct Include {
  std::string target;  ///< path from the root, e.g. src/base/bytes.hpp
  std::size_t line = 0;
};

/// The quoted includes of a file of src/ that name a file of src/ or of the file's own folder.
std::vector<Include> includes_of(const Tree& tree, const File& file) {
  std::vector<Include> found;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    std::string_view line = file.lines[i];
    if (!line.starts_with("#include \"")) continue;
    line.remove_prefix(10);
    const std::string name(line.substr(0, line.find('"')));
    for (const std::string& path : {"src/" + name, folder_of(file.path) + "/" + name}) {
      if (tree.find(path) == nullptr) continue;
      found.push_back({path, i + 1});
      break;
    }
  }
  return found;
}

struct Layer {
  std::string folder;
  std::vector<std::string> allowed;
  std::size_t line = 0;
};

std::vector<Layer> read_layers(const Tree& tree, Problems& problems) {
  std::vector<Layer> layers;
  const File* table = tree.find(layers_path);
  if (table == nullptr) {
    problems.push_back({std::string(layers_path), 0, "the table of layers is missing"});
    return layers;
  }
  for (std::size_t i = 0; i < table->lines.size(); ++i) {
    const std::string& line = table->lines[i];
    if (line.empty() || line[0] == '#') continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) {
      problems.push_back({table->path, i + 1, "expected `folder: folders`"});
      continue;
    }
    Layer layer{line.substr(0, colon), {}, i + 1};
    std::istringstream rest(line.substr(colon + 1));
    for (std::string word; rest >> word;) layer.allowed.push_back(word);
    layers.push_back(std::move(layer));
  }
  return layers;
}

const Layer* layer_of(const std::vector<Layer>& layers, std::string_view path) {
  const Layer* best = nullptr;
  for (const Layer& layer : layers) {
    if (!starts_with_folder(path, "src/" + layer.folder)) continue;
    if (best == nullptr || layer.folder.size() > best->folder.size()) best = &layer;
  }
  return best;
}

/// The table by itself: folders exist, every grant names a line above.
void check_table(const Tree& tree, const std::vector<Layer>& layers, Problems& problems) {
  std::set<std::string> above;
  for (const Layer& layer : layers) {
    if (!tree.exists("src/" + layer.folder)) {
      problems.push_back(
          {std::string(layers_path), layer.line, "there is no folder src/" + layer.folder});
    }
    for (const std::string& allowed : layer.allowed) {
      if (above.count(allowed) != 0) continue;
      problems.push_back({std::string(layers_path), layer.line,
                          layer.folder + " may not use " + allowed + ": it stands no line above"});
    }
    above.insert(layer.folder);
  }
}

}  // namespace

Problems check_layers(const Tree& tree) {
  Problems problems;
  const std::vector<Layer> layers = read_layers(tree, problems);
  check_table(tree, layers, problems);
  std::set<std::pair<std::string, std::string>> used;
  for (const File& file : tree.files()) {
    if (!starts_with_folder(file.path, "src") || !is_cpp(file.path)) continue;
    const Layer* layer = layer_of(layers, file.path);
    if (layer == nullptr) {
      problems.push_back({file.path, 0, "its folder has no line in layers.txt"});
      continue;
    }
    for (const Include& include : includes_of(tree, file)) {
      const Layer* target = layer_of(layers, include.target);
      if (target == nullptr || target == layer) continue;
      used.emplace(layer->folder, target->folder);
      const auto& allowed = layer->allowed;
      if (std::find(allowed.begin(), allowed.end(), target->folder) != allowed.end()) continue;
      problems.push_back({file.path, include.line,
                          layer->folder + " may not include " + target->folder + " (layers.txt)"});
    }
  }
  for (const Layer& layer : layers) {
    for (const std::string& allowed : layer.allowed) {
      if (used.count({layer.folder, allowed}) != 0) continue;
      problems.push_back({std::string(layers_path), layer.line,
                          layer.folder + " is granted " + allowed + " but no include uses it"});
    }
  }
  return problems;
}

namespace {

using Graph = std::map<std::string, std::set<std::string>>;

/// Depth-first search with the current path; answers one cycle as `a -> b -> a`.
class CycleFinder {
 public:
  explicit CycleFinder(const Graph& graph) : graph_(graph) {}

  std::optional<std::string> find() {
    for (const auto& [node, _] : graph_) {
      if (auto cycle = visit(node)) return cycle;
    }
    return std::nullopt;
  }

 private:
  std::optional<std::string> visit(const std::string& node) {
    const auto on_path = std::find(path_.begin(), path_.end(), node);
    if (on_path != path_.end()) {
      std::string text;
      for (auto i = on_path; i != path_.end(); ++i) text += *i + " -> ";
      return text + node;
    }
    if (!done_.insert(node).second) return std::nullopt;
    path_.push_back(node);
    if (const auto edges = graph_.find(node); edges != graph_.end()) {
      for (const std::string& next : edges->second) {
        if (auto cycle = visit(next)) return cycle;
      }
    }
    path_.pop_back();
    return std::nullopt;
  }

  const Graph& graph_;
  std::vector<std::string> path_;
  std::set<std::string> done_;
};

}  // namespace

Problems check_cycles(const Tree& tree) {
  Graph files;
  Graph folders;
  for (const File& file : tree.files()) {
    if (!starts_with_folder(file.path, "src") || !is_cpp(file.path)) continue;
    for (const Include& include : includes_of(tree, file)) {
      files[file.path].insert(include.target);
      const std::string from = folder_of(file.path);
      const std::string to = folder_of(include.target);
      if (from != to) folders[from].insert(to);
    }
  }
  Problems problems;
  for (const Graph* graph : {&files, &folders}) {
    if (auto cycle = CycleFinder(*graph).find()) {
      problems.push_back({cycle->substr(0, cycle->find(' ')), 0, "include cycle: " + *cycle});
    }
  }
  return problems;
}

}  // namespace probity::tidy
