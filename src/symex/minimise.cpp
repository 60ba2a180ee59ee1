// SPDX-License-Identifier: Apache-2.0
// Delta debugging with halves: a whole range is tried first, then its halves, so a packet of zeros
// costs one run and a byte that matters about twice the logarithm of the length. The run is watched
// insn by insn (runtime/trace_engine.hpp).
#include "symex/minimise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "runtime/trace_engine.hpp"
#include "symex/replay.hpp"

namespace probity::symex {
namespace {

using runtime::Bytes;
using Registers = std::array<std::uint64_t, bpf::reg_count>;

constexpr std::uint64_t max_watched_insns = 200'000;
constexpr std::uint32_t plain_ifindex = 1;  // lo, the only device that every namespace has

/// One watched run: the slots in order, and the registers before each.
struct Watched {
  std::vector<std::uint32_t> slots;
  std::vector<Registers> before;
  std::vector<runtime::OutputEvent> statements;  // of the specification, with their values
  runtime::FaultReport fault;
};

class Shrinker {
  using Clock = std::chrono::steady_clock;

 public:
  Shrinker(Witness& witness, const std::function<bool()>& holds)
      : witness_(witness), holds_(holds) {}

  Minimised run() {
    zero(witness_.input.packet, 0, witness_.input.packet.size());
    attempt(witness_.input.ingress_ifindex, plain_ifindex);
    attempt(witness_.input.rx_queue_index, 0u);
    attempt(witness_.input.egress_ifindex, 0u);
    attempt(witness_.input.mark, 0u);
    for (runtime::MapContents& map : witness_.maps) {
      for (std::size_t i = map.entries.size(); i-- > 0;) {
        std::vector<runtime::MapEntry> fewer = map.entries;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
        attempt(map.entries, std::move(fewer));
      }
      for (runtime::MapEntry& entry : map.entries) zero(entry.value, 0, entry.value.size());
    }
    return result_;
  }

 private:
  bool still_there() {
    if (result_.runs >= max_minimising_runs || Clock::now() >= deadline_) return false;
    ++result_.runs;
    return holds_();
  }

  /// Tries a change of the witness; takes it back when the violation is gone.
  template <typename T>
  bool attempt(T& place, T value) {
    if (place == value) return true;
    std::swap(place, value);
    if (still_there()) {
      ++result_.changes;
      return true;
    }
    std::swap(place, value);
    return false;
  }

  /// Zeroes `bytes` from `first` to `end`, or what of it can be.
  void zero(Bytes& bytes, std::size_t first, std::size_t end) {
    const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(first);
    if (std::all_of(begin, bytes.begin() + static_cast<std::ptrdiff_t>(end), is_zero)) return;
    Bytes wanted = bytes;
    std::fill(wanted.begin() + static_cast<std::ptrdiff_t>(first),
              wanted.begin() + static_cast<std::ptrdiff_t>(end), std::uint8_t{0});
    if (attempt(bytes, std::move(wanted))) return;
    if (end - first == 1) {
      simplify(bytes, first);
      return;
    }
    const std::size_t middle = first + (end - first) / 2;
    zero(bytes, first, middle);
    zero(bytes, middle, end);
  }

  /// A byte that cannot be zero: as few bits as it can do with, from the highest.
  void simplify(Bytes& bytes, std::size_t at) {
    for (unsigned bit = 8; bit-- > 0;) {
      const auto value = static_cast<std::uint8_t>(bytes[at] & ~(1u << bit));
      if (value != 0) attempt(bytes[at], value);
    }
  }

  Witness& witness_;
  const std::function<bool()>& holds_;
  Clock::time_point deadline_ = Clock::now() + max_minimising_time;
  Minimised result_;
};

class Minimiser {
 public:
  Minimiser(const object::Image& image, Finding& finding)
      : image_(image), finding_(finding), program_(with_specs(image, maps_)) {}

  Minimised run() {
    if (!finding_.witness.helper_results.empty() || !finding_.witness.not_replayable.empty() ||
        finding_.stage != 0 || finding_.property == Property::relation) {
      return result_;
    }
    const std::optional<Watched> first = watch();
    if (!first || !reproduces()) return result_;
    const auto at = violation(*first);
    if (!at) return result_;
    place_ = *at;
    statements_ = first->statements;
    fault_ = first->fault;
    slots_.assign(first->slots.begin(),
                  first->slots.begin() + static_cast<std::ptrdiff_t>(place_) + 1);
    result_ = shrink(finding_.witness, [this] { return still_there(); });
    if (const std::optional<Watched> last = watch()) {
      retell(first->before[place_], last->before[place_]);
    }
    return result_;
  }

 private:
  std::optional<Watched> watch() {
    Watched watched;
    const runtime::StubbedProgram stubbed(program_, finding_.witness.stubs);
    auto engine = runtime::load_tracing_interpreter(stubbed.view(), {max_watched_insns},
                                                    [&watched](const runtime::TracedStep& step) {
                                                      watched.slots.push_back(step.slot);
                                                      watched.before.push_back(step.before);
                                                    });
    if (!engine) return std::nullopt;
    for (const runtime::MapContents& contents : finding_.witness.maps) {
      if (!(*engine)->write_map(contents)) return std::nullopt;
    }
    auto output = (*engine)->run(finding_.witness.input);
    if (!output) return std::nullopt;
    watched.fault = output->fault;
    std::erase_if(output->events, [](const runtime::OutputEvent& event) {
      return !event.helper.starts_with("probity_");
    });
    watched.statements = std::move(output->events);
    return watched;
  }

  bool reproduces() {
    const Replayed replayed = replay_on(image_, finding_, runtime::EngineKind::interp);
    return replayed.outcome == Outcome::reproduced;
  }

  /// Where in the run the finding is: at its slot or at the end, with the
  /// numbers that it names.
  std::optional<std::size_t> violation(const Watched& watched) const {
    const auto fits = [&](std::size_t i) {
      return std::ranges::all_of(finding_.registers, [&](const Register& reg) {
        const auto number = number_of(reg);
        return !number || *number == watched.before[i][index_of(reg)];
      });
    };
    for (std::size_t i = watched.slots.size(); i-- > 0;) {
      if (watched.slots[i] == finding_.slot && fits(i)) return i;
    }
    // What a statement demands of the end is judged at the end.
    const std::size_t count = watched.slots.size();
    if (finding_.property == Property::assertion && count > 0 && fits(count - 1)) return count - 1;
    return std::nullopt;
  }

  static std::size_t index_of(const Register& reg) {
    std::size_t index = 0;
    std::from_chars(reg.name.data() + 1, reg.name.data() + reg.name.size(), index);
    return std::min<std::size_t>(index, bpf::reg_count - 1);
  }
  /// The value of a register that holds a plain number.
  static std::optional<std::uint64_t> number_of(const Register& reg) {
    if (!reg.value.starts_with("0x")) return std::nullopt;
    std::uint64_t number = 0;
    const char* const end = reg.value.data() + reg.value.size();
    const auto parsed = std::from_chars(reg.value.data() + 2, end, number, 16);
    return parsed.ptr == end ? std::optional(number) : std::nullopt;
  }

  /// The same insns up to the violation, and the violation with the numbers
  /// that the text names.
  bool still_there() {
    const std::optional<Watched> watched = watch();
    if (!watched || watched->slots.size() < slots_.size()) return false;
    if (!std::equal(slots_.begin(), slots_.end(), watched->slots.begin())) return false;
    if (watched->statements != statements_ || watched->fault.address != fault_.address ||
        watched->fault.size_bytes != fault_.size_bytes) {
      return false;
    }
    return reproduces();
  }

  /// The registers as the last run has them: numbers anew, offsets moved as the
  /// pointer moved.
  void retell(const Registers& first, const Registers& last) {
    for (Register& reg : finding_.registers) {
      const std::size_t index = index_of(reg);
      if (number_of(reg)) {
        reg.value = fmt::format("{:#x}", last[index]);
        continue;
      }
      const std::size_t sign = reg.value.rfind(" + ");
      std::int64_t offset = 0;
      if (sign == std::string::npos || first[index] == last[index]) continue;
      std::from_chars(reg.value.data() + sign + 3, reg.value.data() + reg.value.size(), offset);
      offset += static_cast<std::int64_t>(last[index] - first[index]);
      reg.value = fmt::format("{} + {}", reg.value.substr(0, sign), offset);
    }
  }

  const object::Image& image_;
  Finding& finding_;
  std::vector<program::MapDef> maps_;
  program::View program_;
  std::vector<std::uint32_t> slots_;  // to the violation, which is the last
  std::size_t place_ = 0;
  std::vector<runtime::OutputEvent> statements_;
  runtime::FaultReport fault_;
  Minimised result_;
};

}  // namespace

Minimised shrink(Witness& witness, const std::function<bool()>& holds) {
  return Shrinker(witness, holds).run();
}

Minimised minimise(const object::Image& image, Finding& finding) {
  return Minimiser(image, finding).run();
}

}  // namespace probity::symex
