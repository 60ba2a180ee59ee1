// SPDX-License-Identifier: Apache-2.0
// The loop: take a path, execute insns until it ends or forks, queue the other side. Limits end a
// path with a named unknown, never silently.
#include "symex/explorer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <ctime>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "isa/bpf/codec.hpp"
#include "isa/bpf/semantics_impl.hpp"
#include "runtime/link_header.hpp"
#include "symex/machine.hpp"

namespace probity::symex {
namespace {

constexpr std::uint64_t stack_bytes = 512;
constexpr std::uint64_t max_insns_per_path = 2'000'000;
/// So many insns may run between two looks at the memory in use.
constexpr std::uint64_t insns_between_looks = 4096;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Memory of this process that is in RAM; 0 where nobody can say. Asked once per path, so without
/// a stream.
std::uint64_t resident_mib() {
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  std::array<char, 128> text{};
  const ssize_t size = ::read(file, text.data(), text.size());
  ::close(file);
  const std::string_view line(text.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
  const std::size_t second = std::min(line.find(' '), line.size());
  std::uint64_t pages = 0;
  std::from_chars(line.data() + std::min(second + 1, line.size()), line.data() + line.size(),
                  pages);
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) >> 20;
}

}  // namespace

Value<64> Machine::address_of(bpf::ImmOp op, Value<32> imm, Value<32> next_imm) {
  const auto number = [&](Value<32> v) {
    return static_cast<std::uint32_t>(*explorer_.context_.store.literal(v.raw().term));
  };
  const auto world = [&](Value<32> v) {
    const auto& numbers = explorer_.codes_[state_.code].world_map;
    const std::uint32_t own = number(v);
    return own < numbers.size() ? numbers[own] : ~std::uint32_t{0};  // refused by name
  };
  switch (op) {
    case bpf::ImmOp::map:
    case bpf::ImmOp::map_idx: return Value<64>::of(explorer_.map_address(state_, world(imm)));
    case bpf::ImmOp::map_value:
    case bpf::ImmOp::map_idx_value:
      return Value<64>::of(explorer_.map_value_address(state_, world(imm), number(next_imm)));
    case bpf::ImmOp::func: {
      Region region{RegionKind::function, 0, 0, state_.slot + 1 + number(imm), false, true};
      return Value<64>::of({explorer_.context_.lit64(0), state_.add_region(region)});
    }
    case bpf::ImmOp::value:
    case bpf::ImmOp::var: break;
  }
  explorer_.give_up(state_, "the address of a kernel variable is not modelled");
  stopped_ = true;
  return Value<64>::lit(0);
}

/// Negative offsets from SKF_NET_OFF and SKF_LL_OFF on count from the network and the link header.
template <unsigned W>
bpf::PacketRead<Provenance> Explorer::load_frame(PathState& state, Value<32> offset) {
  constexpr std::int64_t network_offset = -0x100000;  // SKF_NET_OFF
  constexpr std::int64_t link_offset = -0x200000;     // SKF_LL_OFF
  const std::int64_t hidden = hidden_bytes();
  const std::int64_t network = std::int64_t{runtime::link_header_bytes} - hidden;
  const auto number = [](std::int64_t value) {
    return Value<64>::lit(static_cast<std::uint64_t>(value));
  };
  const Value<64> given = sext<64>(offset);
  const Value<64> from_network = given + number(network - network_offset);
  const Value<64> from_link = given - number(link_offset + hidden);
  const Bool<Provenance> plain = ~slt(given, number(0));
  const Bool<Provenance> in_network = ~slt(given, number(network_offset));
  const Bool<Provenance> in_link = ~slt(given, number(link_offset));
  const Value<64> at = ite(plain, given, ite(in_network, from_network, from_link));
  const Value<64> size = Value<64>::of({packet_length(state), 0});
  const Bool<Provenance> inside =
      ~slt(at, number(-hidden)) & ~slt(size, at + Value<64>::lit(W / 8)) & in_link;
  const term::Id from = context_.store.bin(Op::add, at.raw().term, state.packet.head);
  const auto read = state.objects.at(state.packet.object).read(context_, from, W / 8);
  const Value<W> value = read && *read ? Value<W>::of(**read) : Value<W>::lit(0);
  return {zext<64>(bpf::reverse_bytes(value)), inside};
}

template <unsigned W>
bpf::PacketRead<Provenance> Machine::load_packet(Value<32> offset) {
  // Legacy access reads from the start of the packet, whatever data is; outside it the program
  // ends. Offsets from 2^31 on select other headers (SKF_NET_OFF, SKF_LL_OFF).
  term::Store& store = explorer_.context_.store;
  const term::Id special = store.extract(31, 1, offset.raw().term);
  if (state_.regs[6] != Word{explorer_.context_.lit64(0), state_.ctx}) {
    stopped_ = true;
    explorer_.violate(state_, Property::kernel_contract,
                      "packet access takes ctx from r6, which is not ctx");
  } else if (!explorer_.observable(state_, offset.raw(), "a packet offset")) {
    stopped_ = true;
  }
  if (explorer_.options_.mode == Mode::strict) return explorer_.load_frame<W>(state_, offset);
  const term::Id at = store.zext(64, offset.raw().term);
  const term::Id size = store.bin(Op::sub, state_.packet.end, state_.packet.head);
  const term::Id last = store.bin(Op::add, at, explorer_.context_.lit64(W / 8));
  const Bool<Provenance> ok = Bool<Provenance>::of({store.bin(Op::ule, last, size), 0});
  const term::Id from = store.bin(Op::add, at, state_.packet.head);
  const auto read = state_.objects.at(state_.packet.object).read(explorer_.context_, from, W / 8);
  const Place place{state_.packet.region, state_.packet.object, from};
  explorer_.note_memory(state_, place, explorer_.context_.lit64(W / 8), Explorer::Access::read, {});
  const Value<W> value = read && *read ? Value<W>::of(**read) : Value<W>::lit(0);
  const Value<64> result = zext<64>(bpf::reverse_bytes(value));
  if (store.is_false(special)) return {result, ok};
  const Bool<Provenance> other = Bool<Provenance>::of({special, 0});
  const auto any = [this](unsigned width) {
    return Word{explorer_.context_.fresh(width, arbitrary_prefix), 0};
  };
  return {ite(other, Value<64>::of(any(64)), result), ite(other, Bool<Provenance>::of(any(1)), ok)};
}

Bool<Provenance> Machine::may_goto_exhausted() {
  return Bool<Provenance>::of({explorer_.context_.fresh(1, "may_goto"), 0});
}

Explorer::Explorer(const program::View& program, const Options& options)
    : Explorer({Stage{program, Start::initial, {}, 0, false, true}}, options) {}

Explorer::Explorer(std::vector<Stage> stages, const Options& options)
    : stages_(std::move(stages)),
      options_(options),
      length_(context_.store.var(16, "packet.length")),
      length64_(context_.store.zext(64, length_)),
      solver_(context_, length_, options.solver),
      merger_(context_, choices_, [this](std::uint32_t offset) { return initial_ctx(offset); }) {
  if (options.record_claims) solver_.record_claims();
  const std::array<unsigned, 1> index_width{32};
  packet_bytes_ = context_.store.function("packet", index_width, 8);
}

Explorer::~Explorer() = default;

Expected<Exploration> Explorer::explore() {
  const double started = cpu_seconds();
  TRY(make_world());
  deadline_.reset();
  if (options_.timeout_seconds != 0) {
    deadline_ = std::chrono::steady_clock::now() + std::chrono::seconds(options_.timeout_seconds);
    solver_.set_deadline(*deadline_);
  }
  start();
  while (!pending_.empty()) {
    if (const std::string limit = limit_reached(); !limit.empty()) {
      result_.unknowns.push_back({0, fmt::format("{}, {} branches left", limit, pending_.size())});
      for (const auto& state : pending_.take_all()) state->fate.doubt(limit);
      break;
    }
    run(next());
  }
  require_stack();
  for (const auto& [key, entry] : sites_) result_.sites.push_back(entry);
  const std::uint64_t excluded = counts_.of(PathVerdict::excluded);
  if (excluded > 0 && excluded + counts_.of(PathVerdict::merged) == counts_.begun) {
    // Those of a specification outside the program come after it: then a second stage began.
    const bool later = lineages_ > 0;
    const auto last = static_cast<std::uint32_t>(stages_.size() - 1);
    result_.unknowns.push_back({0, "the assumptions exclude every input", later ? last : 0});
  }
  report_specs();
  result_.statistics.solver_checks = solver_.checks();
  result_.statistics.worst_query_seconds = solver_.worst_seconds();
  result_.statistics.cpu_seconds = cpu_seconds() - started;
  result_.counts = counts_;
  return std::move(result_);
}

void Explorer::start() {
  auto state = std::make_unique<PathState>();
  state->fate = Fate(counts_);
  term::Model model;
  model.set(length_, options_.min_packet);
  state->valuation = std::make_shared<Valuation>(context_.store, std::move(model));
  state->length_low = options_.min_packet;
  state->length_high = options_.max_packet;
  const auto bound = [&](Op op, std::uint64_t value) {
    return context_.store.bin(op, length_, context_.lit(16, value));
  };
  state->condition.push_back(context_.store.not_(bound(Op::ult, options_.min_packet)));
  state->condition.push_back(bound(Op::ule, options_.max_packet));
  state->initial_meta = initial_metadata(*state);
  make_maps(*state);
  if (enter_world(*state)) enqueue(std::move(state));
}

void Explorer::push_frame(PathState& state, std::uint32_t return_slot) {
  Frame frame;
  frame.return_slot = return_slot;
  frame.return_code = state.code;
  for (unsigned i = 0; i < 4; ++i) frame.saved[i] = state.regs[6 + i];
  Origin origin = Uninitialised{};
  if (options_.mode == Mode::safety) {
    const std::array<unsigned, 1> index_width{32};
    const std::string label = fmt::format("{}stack!{}", arbitrary_prefix, ++context_.serial);
    origin = Unknown{context_.store.function(label, index_width, 8)};
  }
  const std::uint32_t object = state.objects.add(Memory(origin));
  frame.stack = state.add_region({RegionKind::stack, object, stack_bytes,
                                  static_cast<std::uint32_t>(state.frames.size()), true, true});
  state.regs[10] = {context_.lit64(stack_bytes), frame.stack};
  state.frames.push_back(frame);
}

bool Explorer::out_of_time() const {
  return deadline_ && std::chrono::steady_clock::now() >= *deadline_;
}

std::string Explorer::limit_reached() const {
  if (options_.enough && options_.enough(result_)) return "enough is known";
  if (result_.statistics.paths >= options_.max_paths) {
    return fmt::format("{} paths explored (limit {})", result_.statistics.paths,
                       options_.max_paths);
  }
  if (out_of_time()) return fmt::format("{} seconds passed (--timeout)", options_.timeout_seconds);
  if (std::string memory = memory_reached(); !memory.empty()) return memory;
  if (result_.statistics.insns <= options_.max_insns) return {};
  return fmt::format("{} insns executed (limit {})", result_.statistics.insns, options_.max_insns);
}

std::string Explorer::memory_reached() const {
  const std::uint64_t used = resident_mib();
  if (used < options_.memory_mib) return {};
  return fmt::format("memory: {} MiB in use (limit {}, --memory)", used, options_.memory_mib);
}

void Explorer::tell_observer() const {
  if (!options_.observer) return;
  options_.observer(
      {result_.statistics.paths, pending_.size(), solver_.checks(), solver_.worst_seconds()});
}

void Explorer::run(std::unique_ptr<PathState> state) {
  for (std::uint32_t slot = state->slot; step(*state); slot = state->slot) {
    if (out_of_time()) {
      give_up(*state, "the time ended on this path");
      break;
    }
    if (state->insns % insns_between_looks == 0) {
      tell_observer();
      if (std::string memory = memory_reached(); !memory.empty()) {
        give_up(*state, std::move(memory));
        break;
      }
    }
    if (state->slot == slot || !waits(*state)) continue;
    enqueue(std::move(state));
    return;
  }
  end_path(*state);
}

void Explorer::end_path(PathState& state) {
  ++result_.statistics.paths;
  tell_observer();
  if (options_.record_paths && result_.paths.size() < options_.max_recorded_paths) {
    result_.paths.push_back(record_of(state));
  }
}

bool Explorer::step(PathState& state) {
  if (state.code != code_) select(state.code);
  if (state.slot >= insns_.size() || !insns_[state.slot]) {
    give_up(state, fmt::format("slot {} is not an insn (limit {})", state.slot, insns_.size()));
    return false;
  }
  const bpf::Insn insn = *insns_[state.slot];
  ++result_.statistics.insns;
  if (++state.insns > max_insns_per_path) {
    give_up(state, fmt::format("termination: {} insns on one path (limit)", max_insns_per_path));
    return false;
  }
  const unsigned read = registers_read(insn);
  for (unsigned i = 0; i < bpf::reg_count; ++i) {
    const term::Id value = state.regs[i].term;
    if ((read >> i & 1) == 0 || context_.store.kind(value) != term::Kind::var) continue;
    if (context_.taint.of(value) != Taint::uninitialised) continue;
    return violate(state, Property::initialised_register,
                   fmt::format("reads r{}, which was never set", i));
  }
  if (const auto region = open_choice(state, insn)) return settle_choice(state, *region);
  checked_when_taken_.reset();
  unchecked_load_ = false;
  const Rule rule = check_pointers(state, insn);
  if (rule == Rule::again) return true;
  if (rule == Rule::broken) return false;
  const term::Id oversized = oversized_shift(state, insn);
  Machine machine(*this, state);
  const bpf::Next<Provenance> next = bpf::meaning<Provenance>(
      insn.form, insn.dst, insn.src, bpf::immediates<Provenance>(insn), machine);
  if (machine.stopped()) return false;
  if (oversized) forget_shift(state, insn, oversized);
  return control(state, next, insn);
}

bool Explorer::control(PathState& state, const bpf::Next<Provenance>& next, const bpf::Insn& insn) {
  const std::uint32_t following = state.slot + insn.slot_count();
  const auto displacement = [&] {
    return static_cast<std::uint32_t>(*context_.store.literal(next.target.raw().term));
  };
  switch (next.flow) {
    case bpf::Flow::next: state.slot = following; return true;
    case bpf::Flow::jump: return jump_to(state, following + displacement());
    case bpf::Flow::branch: return branch(state, next.taken.raw().term, following + displacement());
    case bpf::Flow::call_helper: return call_helper(state, displacement());
    case bpf::Flow::call_local: return call_local(state, following + displacement());
    case bpf::Flow::call_kfunc:
      give_up(state,
              fmt::format("kfunc {} is not modelled", displacement() < program_.externals.size()
                                                          ? program_.externals[displacement()].name
                                                          : std::string_view("?")));
      return false;
    case bpf::Flow::call_reg: give_up(state, "callx is not modelled"); return false;
    case bpf::Flow::exit: return leave_frame(state);
    case bpf::Flow::exit_unless: {
      if (state.frames.size() > 1) {
        give_up(state, "packet access in a local function, which it may leave, is not modelled");
        return false;
      }
      if (!holds_nothing(state, "packet access may end the program")) return false;
      clobber(state);
      std::vector<Alternative> sides;
      sides.push_back({next.taken.raw().term, [following](PathState& s) { s.slot = following; }});
      sides.push_back({context_.store.not_(next.taken.raw().term), [this](PathState& s) {
                         s.regs[0] = {context_.lit64(0), 0};
                         s.frames.resize(1);
                         s.slot = static_cast<std::uint32_t>(insns_.size());  // see fork()
                       }});
      return fork(state, std::move(sides));
    }
  }
  return false;
}

bool Explorer::jump_to(PathState& state, std::uint32_t target) {
  if (target <= state.slot && ++state.visits[state.slot] > options_.unroll) {
    give_up(state, fmt::format("termination: loop taken {} times on one path (limit {}, --unroll)",
                               state.visits[state.slot] - 1, options_.unroll));
    return false;
  }
  state.slot = target;
  return true;
}

bool Explorer::branch(PathState& state, term::Id taken, std::uint32_t target) {
  if (!observable(state, {taken, 0}, "a branch")) return false;
  note_branch(state, taken);
  const Possibility yes = solver_.possible(state, taken);
  const term::Id not_taken = context_.store.not_(taken);
  const Possibility no = solver_.possible(state, not_taken);
  if (yes.answer == Answer::unknown) give_up(state, "branch: " + yes.reason);
  if (no.answer == Answer::unknown) give_up(state, "branch: " + no.reason);
  const std::uint32_t here = state.slot;
  // The verifier does not connect two loads of data: the check may fail, whatever an earlier one
  // has shown.
  const bool fails = checked_when_taken_ && unchecked_load_ &&
                     (*checked_when_taken_ ? no : yes).answer == Answer::no;
  if (fails) {
    auto other = std::make_unique<PathState>(state);
    other->trail.push_back({here, !*checked_when_taken_, state.stage});
    other->variant = ++variants_;  // it overlaps with the other side
    other->assumptions.emplace_back("a bound of data_end that was checked before",
                                    context_.store.true_());
    other->slot = *checked_when_taken_ ? here + 1 : target;
    enqueue(std::move(other));
  }
  const bool both = yes.answer == Answer::yes && no.answer == Answer::yes;
  const auto enter = [this](PathState& s, bool side) {
    if (checked_when_taken_ == side) s.packet_checked = s.packet_loads;
  };
  if (both) {
    ++result_.statistics.forks;
    auto other = std::make_unique<PathState>(state);
    solver_.assume(*other, not_taken, no);
    other->trail.push_back({here, false, state.stage});
    enter(*other, false);
    other->slot = here + 1;
    enqueue(std::move(other));
    state.trail.push_back({here, true, state.stage});
  }
  if (yes.answer == Answer::yes) {
    if (no.answer != Answer::no) solver_.assume(state, taken, yes);
    enter(state, true);
    return jump_to(state, target);
  }
  if (no.answer != Answer::yes) return false;
  if (yes.answer != Answer::no) solver_.assume(state, not_taken, no);
  enter(state, false);
  state.slot = here + 1;
  return true;
}

bool Explorer::fork(PathState& state, std::vector<Alternative> alternatives) {
  std::vector<std::pair<Alternative*, Possibility>> feasible;
  for (Alternative& side : alternatives) {
    Possibility shown = solver_.possible(state, side.condition);
    if (shown.answer == Answer::unknown) give_up(state, "fork: " + shown.reason);
    if (shown.answer == Answer::yes) feasible.emplace_back(&side, std::move(shown));
  }
  if (merging_ && feasible.size() > 1) make_exclusive(feasible);
  const auto enter = [&](PathState& s, std::size_t i) {
    solver_.assume(s, feasible[i].first->condition, feasible[i].second);
    feasible[i].first->apply(s);
  };
  const auto ended = [&](const PathState& s) { return s.slot >= insns_.size(); };
  for (std::size_t i = 1; i < feasible.size(); ++i) {
    ++result_.statistics.forks;
    auto other = std::make_unique<PathState>(state);
    enter(*other, i);
    if (ended(*other) && !finish(*other)) {
      end_path(*other);
    } else {
      enqueue(std::move(other));
    }
  }
  if (feasible.empty()) return false;
  enter(state, 0);
  if (!ended(state)) return true;
  return finish(state);
}

bool Explorer::call_local(PathState& state, std::uint32_t target) {
  if (state.frames.size() >= max_frames) {
    return violate(state, Property::call_depth,
                   fmt::format("call depth {} (limit {})", state.frames.size() + 1, max_frames));
  }
  note_call(state, target);
  push_frame(state, state.slot + 1);
  state.frames.back().first_slot = target;
  // A local function gets r1 to r5 and r10; the caller's r6 to r9 come back when it returns.
  for (const unsigned i : {0u, 6u, 7u, 8u, 9u}) unset(state, i);
  state.slot = target;
  return true;
}

std::uint32_t Explorer::entry_slot(const program::View& program) {
  return program.subprogs.empty() ? 0 : program.subprogs[0].first_slot;
}

void Explorer::note_call(const PathState& state, std::uint32_t target) {
  calls_.emplace(FunctionKey{state.code, state.frames.back().first_slot},
                 FunctionKey{state.code, target});
}

void Explorer::require_stack() {
  for (std::uint32_t stage = 0; stage < stages_.size(); ++stage) {
    if (stages_[stage].trusted) continue;
    const std::uint64_t chain = chain_bytes({stage, entry_slot(codes_[stage].view)}, max_frames);
    if (chain <= stack_bytes) continue;
    result_.unknowns.push_back(
        {0,
         fmt::format("a chain of calls uses {} bytes of stack (the kernel's limit {})", chain,
                     stack_bytes),
         stage});
  }
}

std::uint64_t Explorer::chain_bytes(FunctionKey function, std::size_t frames) const {
  constexpr std::uint64_t granule = 16;  // as the verifier rounds where there is a JIT
  const auto own = stack_depths_.find(function);
  const std::uint64_t bytes =
      own == stack_depths_.end() ? 1 : std::max<std::uint64_t>(own->second, 1);
  std::uint64_t below = 0;
  for (const auto& [caller, callee] : calls_) {
    if (caller == function && frames > 1) below = std::max(below, chain_bytes(callee, frames - 1));
  }
  return (bytes + granule - 1) / granule * granule + below;
}

bool Explorer::leave_frame(PathState& state) {
  if (state.frames.size() == 1) return finish(state);
  const Frame frame = state.frames.back();
  state.frames.pop_back();
  state.regions[frame.stack].live = false;
  if (kind_of(state, state.regs[0]) == RegionKind::stack) {
    return violate(state, Property::kernel_contract, "a stack pointer is returned");
  }
  for (unsigned i = 0; i < 4; ++i) state.regs[6 + i] = frame.saved[i];
  state.regs[10] = {context_.lit64(stack_bytes), state.frames.back().stack};
  state.code = frame.return_code;
  if (frame.callback) return leave_callback(state, frame);
  clobber(state);
  state.slot = frame.return_slot;
  return true;
}

bool Explorer::finish(PathState& state) {
  const Word result = state.regs[0];
  if (context_.taint.of(result.term) == Taint::uninitialised) {
    return violate(state, Property::initialised_register, "r0 is not set at exit");
  }
  if (!observable(state, result, "the return value")) return false;
  if (!holds_nothing(state, "the program ends")) return false;
  if (in_entry_function(state)) return leave_entry_function(state);
  term::Store& store = context_.store;
  const term::Id value = store.extract(0, 32, as_number(result));
  state.action = value;
  note_finish(state, value);
  if (!options_.allowed_returns.empty()) {
    term::Id allowed = store.false_();
    std::string list;
    for (const std::uint32_t number : options_.allowed_returns) {
      allowed = store.or_(allowed, store.eq(value, context_.lit(32, number)));
      list += fmt::format("{}{}", list.empty() ? "" : ", ", number);
    }
    if (!require(state, Property::return_value, allowed,
                 fmt::format("the return value is none of {}", list))) {
      return false;
    }
  }
  if (!check_specs(state, Value<32>::of({value, 0}))) return false;
  if (options_.collect_cases && stages_.size() == 1 && result_.cases.size() < options_.max_cases) {
    result_.cases.push_back(make_case(state, "exit"));
  }
  return next_stage(state, value);
}

}  // namespace probity::symex
