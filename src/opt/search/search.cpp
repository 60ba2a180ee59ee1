// SPDX-License-Identifier: Apache-2.0
// See search.hpp. A slice's own seed is made of the run's seed and its key, so that results do not
// depend on which worker takes it.
#include "opt/search/search.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>

#include "opt/search/anneal.hpp"
#include "proof/canonical.hpp"

namespace probity::opt::search {
namespace {

using Clock = std::chrono::steady_clock;

std::size_t slots_of(std::span<const bpf::Insn> insns) {
  std::size_t slots = 0;
  for (const bpf::Insn& insn : insns) slots += insn.slot_count();
  return slots;
}

/// Enumeration to this length is exhaustive within its budget.
constexpr std::size_t longest_enumerated = 3;
/// Problems with fewer insns are left to enumeration.
constexpr std::size_t shortest_annealed = 4;

}  // namespace

std::optional<Insns> synthesise(const Problem& problem, bpf::Cpu cpu, const SearchOptions& options,
                                Effort& effort) {
  const std::uint64_t seed = options.seed ^ proof::hash_bytes(problem.key()).low;
  const Alphabet alphabet(problem, cpu);
  Judge judge(problem, seed, options.solver);
  const std::size_t shorter = slots_of(problem.insns) - 1;
  effort.max_candidates = options.candidates_per_slice;
  const auto longest = static_cast<unsigned>(std::min(shorter, longest_enumerated));
  if (auto found = enumerate(problem, alphabet, longest, judge, effort)) return found;
  if (problem.insns.size() < shortest_annealed) return std::nullopt;
  effort.cut = false;
  const AnnealOptions annealing{seed, options.proposals_per_slice,
                                std::max<std::uint64_t>(options.proposals_per_slice / 10, 1)};
  return anneal(problem, alphabet, annealing, judge, effort);
}

struct Search::Data {
  explicit Data(SearchOptions given) : options(std::move(given)), memory(std::move(options.disk)) {}

  SearchOptions options;
  Memory memory;
  Progress progress;
  std::mutex mutex;  // of progress and of the callback
  std::optional<Clock::time_point> end;
  std::map<std::string, Found> found;
  std::map<std::string, bool> seen;

  bool is_over() const { return end && Clock::now() >= *end; }

  /// Known from before, and proved again.
  std::optional<std::optional<Insns>> known(const Problem& problem, const std::string& key) {
    const auto before = memory.find(key);
    if (!before || before->effort < options.candidates_per_slice) return std::nullopt;
    if (!before->rewrite) return std::optional<Insns>();
    Judge judge(problem, options.seed, options.solver);
    if (!judge.passes(*before->rewrite) || !judge.proves(*before->rewrite)) return std::nullopt;
    return before->rewrite;
  }

  std::optional<Insns> solve(const Problem& problem, const std::string& key, bpf::Cpu cpu) {
    if (auto answer = known(problem, key)) return *answer;
    if (is_over()) return std::nullopt;
    Effort effort;
    effort.is_over = [this] { return is_over(); };
    const auto begin = Clock::now();
    auto rewrite = synthesise(problem, cpu, options, effort);
    const std::chrono::duration<double> spent = Clock::now() - begin;
    if (rewrite || !is_over()) memory.remember(key, {rewrite, options.candidates_per_slice});
    const std::lock_guard lock(mutex);
    progress.candidates += effort.candidates;
    progress.seconds += spent.count();
    return rewrite;
  }

  void report() {
    const std::lock_guard lock(mutex);
    ++progress.done;
    if (options.on_progress) options.on_progress(progress);
  }
};

Search::Search(SearchOptions options) : data_(std::make_unique<Data>(std::move(options))) {}
Search::~Search() = default;

const Progress& Search::progress() const {
  return data_->progress;
}

std::vector<Found> Search::found() const {
  std::vector<Found> all;
  for (const auto& [key, found] : data_->found) all.push_back(found);
  return all;
}

std::vector<Change> Search::propose(const Version& version, const Aim& aim) {
  Data& data = *data_;
  if (!data.end) {
    data.end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                  std::chrono::duration<double>(data.options.seconds));
  }
  const std::vector<Slice> slices = slices_of(version);
  std::map<std::string, const Problem*> problems;
  std::vector<std::string> keys;
  for (const Slice& slice : slices) {
    keys.push_back(slice.problem.key() + " v" + std::to_string(static_cast<unsigned>(aim.cpu)));
    problems.emplace(keys.back(), &slice.problem);
  }
  std::vector<std::pair<const std::string*, const Problem*>> work;
  for (const auto& [key, problem] : problems) {
    if (data.seen.emplace(key, true).second) ++data.progress.slices;
    work.emplace_back(&key, problem);
  }
  std::vector<std::optional<Insns>> rewrites(work.size());
  std::atomic<std::size_t> next = 0;
  const auto worker = [&] {
    for (std::size_t i = next++; i < work.size(); i = next++) {
      rewrites[i] = data.solve(*work[i].second, *work[i].first, aim.cpu);
      data.report();
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 1; i < data.options.jobs; ++i) threads.emplace_back(worker);
  worker();
  threads.clear();

  std::vector<Change> changes;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const auto at = std::ranges::find_if(work, [&](const auto& w) { return *w.first == keys[i]; });
    const auto& rewrite = rewrites[static_cast<std::size_t>(at - work.begin())];
    if (!rewrite || slots_of(*rewrite) >= slots_of(slices[i].problem.insns)) continue;
    const Slice& slice = slices[i];
    Change change{"search", {}};
    for (const std::uint32_t node : slice.nodes) change.splices.push_back({node, 1, {}});
    const Node& last = version.code[slice.nodes.back()];
    for (const bpf::Insn& insn : *rewrite) {
      change.splices.back().with.push_back(replaced(last, renamed(insn, slice.actual)));
    }
    changes.push_back(std::move(change));
    Found& found = data.found[keys[i]];
    if (found.places++ == 0) ++data.progress.found;
    found.problem = slice.problem;
    found.rewrite = *rewrite;
  }
  return changes;
}

Generator Search::generator() {
  return {"search",
          [this](const Version& version, const Aim& aim) { return propose(version, aim); }};
}

}  // namespace probity::opt::search
