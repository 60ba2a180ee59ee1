// SPDX-License-Identifier: Apache-2.0
// The checks on the way: every memory access must be inside its region on every input, nothing
// uninitialised may be used, and no address may be observed. A check that fails is reported once
// per place with a witness; the path then goes on under the assumption that it held, so that later
// places are checked too.
#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "symex/explorer.hpp"

namespace probity::symex {
namespace {

std::string describe_region(const Region& region, const program::View& program) {
  switch (region.kind) {
    case RegionKind::none: return "no region";
    case RegionKind::ctx: return "ctx";
    case RegionKind::packet: return "packet";
    case RegionKind::metadata: return "packet metadata";
    case RegionKind::stack: return fmt::format("stack of frame {}", region.index);
    case RegionKind::map_value:
      return fmt::format("value of map {}", program.maps[region.index].name);
    case RegionKind::map_object: return fmt::format("map {}", program.maps[region.index].name);
    case RegionKind::function: return "function";
    case RegionKind::ringbuf_record: return "ring buffer record";
    case RegionKind::sock_common:
    case RegionKind::sock: return "socket";
    case RegionKind::tcp_sock: return "TCP socket";
    case RegionKind::null: return "NULL";
    case RegionKind::choice: return "one of several regions";
  }
  return "region";
}

constexpr unsigned chunk_bytes = 8;

bool is_memory(RegionKind kind) {
  return kind == RegionKind::packet || kind == RegionKind::metadata || kind == RegionKind::stack ||
         kind == RegionKind::map_value || kind == RegionKind::ringbuf_record;
}

}  // namespace

std::string_view name(Property property) {
  switch (property) {
    case Property::memory_bounds: return "memory bounds";
    case Property::null_pointer: return "no NULL access";
    case Property::not_a_pointer: return "access through a pointer";
    case Property::write_permission: return "write permission";
    case Property::initialised_register: return "initialised register";
    case Property::initialised_stack: return "initialised memory";
    case Property::helper_argument: return "helper argument";
    case Property::ctx_access: return "ctx access";
    case Property::call_depth: return "call depth";
    case Property::return_value: return "return value";
    case Property::assertion: return "assertion";
    case Property::stale_pointer: return "live pointer";
    case Property::alignment: return "aligned atomic";
    case Property::kernel_contract: return "kernel contract";
    case Property::references: return "references given back";
    case Property::relation: return "relation between programs";
  }
  return "property";
}

Site& Explorer::site(const PathState& state, Property property) {
  if (in_entry_function(state)) {
    entry_site_ = {};
    return entry_site_;
  }
  Site& entry = sites_[{state.code, static_cast<std::uint32_t>(property), state.slot}];
  entry.property = property;
  entry.stage = state.stage;
  entry.slot = state.slot;
  ++entry.paths;
  return entry;
}

void Explorer::give_up(PathState& state, std::string reason) {
  if (in_entry_function(state)) {
    reason = fmt::format("assumption {}, slot {}: {}", program_.name, state.slot, reason);
  }
  state.fate.doubt(reason);
  const auto same = [&](const Unknowing& other) {
    return other.stage == state.stage && other.slot == state.slot && other.reason == reason;
  };
  if (std::ranges::any_of(result_.unknowns, same)) return;
  result_.unknowns.push_back({state.slot, std::move(reason), state.stage});
}

Finding Explorer::describe(PathState& state, Property property, std::string text,
                           std::shared_ptr<Valuation> valuation, term::Id shown) {
  Finding finding;
  finding.property = property;
  finding.stage = state.stage;
  finding.slot = state.slot;
  const bool elsewhere = state.code >= stages_.size() + options_.entry_functions.size();
  finding.text = elsewhere ? fmt::format("in {}: {}", program_.name, text) : std::move(text);
  finding.trail = state.trail;
  if (property == Property::return_value) {
    finding.return_value = static_cast<std::uint32_t>((*valuation)(state.regs[0].term));
  }
  for (unsigned i = 0; i < bpf::reg_count; ++i) {
    const Word word = state.regs[i];
    if (context_.taint.of(word.term) == Taint::uninitialised) continue;
    const auto value = static_cast<std::uint64_t>((*valuation)(word.term));
    std::string shown_value =
        word.region == 0
            ? fmt::format("{:#x}", value)
            : fmt::format("{} + {}", describe_region(state.regions[word.region], program_),
                          static_cast<std::int64_t>(value));
    finding.registers.push_back({fmt::format("r{}", i), std::move(shown_value)});
  }
  finding.witness = make_witness(state, *valuation, shown);
  if (elsewhere) {
    finding.witness.helper_results.push_back(
        fmt::format("of a tail call to {}, where it happens", program_.name));
  }
  return finding;
}

void Explorer::undefined(PathState& state, std::string_view text, const Possibility& shown,
                         term::Id condition) {
  const auto known = [&](const Unknowing& other) {
    return other.stage == state.stage && other.slot == state.slot;
  };
  if (std::ranges::any_of(result_.unknowns, known)) return state.fate.doubt(text);
  const auto length = (*witness_valuation(state, shown, condition))(length_);
  give_up(state, fmt::format("the specification is undefined: {} (a packet of {} bytes)", text,
                             static_cast<std::uint64_t>(length)));
}

bool Explorer::violate(PathState& state, Property property, std::string text) {
  if (in_entry_function(state)) {
    give_up(state, fmt::format("{}: {}", name(property), text));
    return false;
  }
  if (stages_[state.stage].trusted && property != Property::assertion) {
    const Possibility here{Answer::yes, state.valuation, {}, std::nullopt};
    undefined(state, text, here, context_.store.true_());
    return false;
  }
  state.fate.refute();
  Site& entry = site(state, property);
  if (entry.status != Site::Status::refuted) {
    entry.status = Site::Status::refuted;
    const Possibility here{Answer::yes, state.valuation, {}, std::nullopt};
    const term::Id always = context_.store.true_();
    const auto valuation = witness_valuation(state, here, always);
    result_.findings.push_back(describe(state, property, std::move(text), valuation, always));
  }
  return false;
}

bool Explorer::require(PathState& state, Property property, term::Id condition, std::string text) {
  return require(state, property, condition, [&text](Valuation&) { return text; });
}

bool Explorer::require(PathState& state, Property property, term::Id condition,
                       const Explain& text) {
  if (context_.taint.of(condition) == Taint::uninitialised) {
    return violate(state, Property::initialised_register, "uses an uninitialised register");
  }
  Site& entry = site(state, property);
  const term::Id broken = context_.store.not_(condition);
  const Possibility bad = solver_.possible(state, broken);
  if (bad.answer == Answer::no) return true;
  if (bad.answer == Answer::unknown) {
    if (entry.status == Site::Status::proved) entry.status = Site::Status::unknown;
    give_up(state, fmt::format("{}: {}", name(property), bad.reason));
  } else if (in_entry_function(state)) {
    give_up(state, fmt::format("{}: {}", name(property), text(*bad.valuation)));
  } else if (stages_[state.stage].trusted && property != Property::assertion) {
    entry.status = Site::Status::unknown;
    undefined(state, text(*bad.valuation), bad, broken);
  } else {
    state.fate.refute();
    if (entry.status != Site::Status::refuted) {
      entry.status = Site::Status::refuted;
      const auto valuation = witness_valuation(state, bad, broken);
      result_.findings.push_back(describe(state, property, text(*valuation), valuation, broken));
    }
  }
  const Possibility good = solver_.possible(state, condition);
  if (good.answer != Answer::yes) return false;
  solver_.assume(state, condition, good);
  return true;
}

bool Explorer::observable(PathState& state, Word word, std::string_view what) {
  const Taint taint = context_.taint.of(word.term);
  if (taint == Taint::uninitialised) {
    return violate(state, Property::initialised_register,
                   fmt::format("{} depends on an uninitialised register", what));
  }
  if (options_.mode == Mode::safety) return true;
  if (word.region != 0 || taint == Taint::address) {
    give_up(state, fmt::format("{} depends on the address of an object", what));
    return false;
  }
  return true;
}

bool Explorer::inside_packet(PathState& state, Word address, term::Id size_bytes) {
  term::Store& store = context_.store;
  // The verifier keeps the metadata and the packet apart; to an engine they are one.
  const bool safety = options_.mode == Mode::safety;
  const bool in_metadata = (address.region & region_bits::meta) != 0;
  const term::Id first = safety && !in_metadata ? state.packet.head : state.packet.meta;
  const term::Id last = safety && in_metadata ? state.packet.head : state.packet.end;
  if (safety && !in_metadata && load_of(address.region) > state.packet_checked) {
    return violate(state, Property::kernel_contract,
                   "a packet pointer was not compared with data_end since it was loaded");
  }
  const term::Id offset = store.bin(Op::sub, address.term, first);
  const term::Id size = store.bin(Op::sub, last, first);
  const term::Value far = term::Value{1} << 32;
  term::Id inside;
  if (context_.intervals(offset).high < far && context_.intervals(size_bytes).high < far) {
    inside = store.bin(Op::ule, store.bin(Op::add, offset, size_bytes), size);
  } else {
    inside = store.and_(store.bin(Op::ule, size_bytes, size),
                        store.bin(Op::ule, offset, store.bin(Op::sub, size, size_bytes)));
  }
  const auto literal = store.literal(address.term);
  const auto known_size = store.literal(size_bytes);
  const std::string where =
      literal ? fmt::format("packet offset {}", static_cast<std::int64_t>(std::uint64_t(*literal)))
              : "a computed packet offset";
  const std::string bytes =
      known_size ? std::to_string(static_cast<std::uint64_t>(*known_size)) : "a computed number of";
  return require(state, Property::memory_bounds, inside,
                 fmt::format("{} bytes at {} are not inside data..data_end", bytes, where));
}

std::optional<Region> Explorer::accessible(PathState& state, Word address, std::string_view what,
                                           Access access) {
  const term::Store& store = context_.store;
  if (address.region == 0 || state.regions[address.region].kind == RegionKind::null) {
    if (context_.taint.of(address.term) == Taint::uninitialised) {
      violate(state, Property::initialised_register, "the address is an uninitialised register");
    } else if (const auto value = store.literal(address.term); value && *value < 4096) {
      violate(state, Property::null_pointer,
              fmt::format("{} at address {:#x}: a NULL pointer", what,
                          static_cast<std::uint64_t>(*value)));
    } else {
      violate(state, Property::not_a_pointer,
              fmt::format("{} accessed through a number, not a pointer", what));
    }
    return std::nullopt;
  }
  const Region region = state.regions[address.region];
  if (!region.live) {
    violate(state, Property::stale_pointer,
            fmt::format("pointer into the {} from before it moved or ended",
                        describe_region(region, program_)));
    return std::nullopt;
  }
  if (context_.taint.of(address.term) == Taint::uninitialised) {
    violate(state, Property::initialised_register, "the offset is an uninitialised register");
    return std::nullopt;
  }
  if (!is_memory(region.kind)) {
    violate(state, Property::not_a_pointer,
            fmt::format("{} is not memory", describe_region(region, program_)));
    return std::nullopt;
  }
  if (access == Access::write && !region.writable) {
    // Read-only to programs by the kernel's rule, not by its contents.
    const bool by_rule =
        region.kind == RegionKind::map_value && !program_.maps[region.index].read_only;
    violate(state, by_rule ? Property::kernel_contract : Property::write_permission,
            fmt::format("{} is read-only", describe_region(region, program_)));
    return std::nullopt;
  }
  if (access == Access::read && !region.readable) {
    violate(state, Property::kernel_contract,
            fmt::format("{} is write-only", describe_region(region, program_)));
    return std::nullopt;
  }
  return region;
}

std::optional<Place> Explorer::access_range(PathState& state, Word address, term::Id size_bytes,
                                            Access access) {
  term::Store& store = context_.store;
  const auto known_size = store.literal(size_bytes);
  const std::string what = known_size
                               ? fmt::format("{} bytes", static_cast<std::uint64_t>(*known_size))
                               : "a computed number of bytes";
  const auto region = accessible(state, address, what, access);
  if (!region) return std::nullopt;
  const Place place{address.region, region->object, address.term};
  if (region->kind == RegionKind::packet) {
    if (!inside_packet(state, address, size_bytes)) return std::nullopt;
    return place;
  }
  const term::Id limit = context_.lit64(static_cast<std::int64_t>(region->size_bytes));
  if (known_size && *known_size > region->size_bytes) {
    violate(state, Property::memory_bounds,
            fmt::format("{} do not fit the {} ({} bytes)", what, describe_region(*region, program_),
                        region->size_bytes));
    return std::nullopt;
  }
  const term::Id inside =
      store.and_(store.bin(Op::ule, size_bytes, limit),
                 store.bin(Op::ule, address.term, store.bin(Op::sub, limit, size_bytes)));
  if (!require(state, Property::memory_bounds, inside,
               fmt::format("{} are not inside the {} (limit {} bytes)", what,
                           describe_region(*region, program_), region->size_bytes))) {
    return std::nullopt;
  }
  if (region->kind == RegionKind::stack) note_stack(state, *region, address.term);
  return place;
}

void Explorer::note_stack(const PathState& state, const Region& region, term::Id offset) {
  const auto low = context_.intervals(offset).low;
  if (low >= region.size_bytes || region.index >= state.frames.size()) return;
  std::uint64_t& depth = stack_depths_[{state.code, state.frames[region.index].first_slot}];
  depth = std::max(depth, region.size_bytes - static_cast<std::uint64_t>(low));
}

std::optional<Place> Explorer::access(PathState& state, Word address, std::uint64_t size_bytes,
                                      Access access) {
  return access_range(state, address, context_.lit(64, size_bytes), access);
}

/// Other CPUs write map values: in safety mode always, with Options::interference unless the
/// program holds a lock.
bool Explorer::may_change_now(const PathState& state, const Region& region) const {
  if (region.kind != RegionKind::map_value) return false;
  return options_.mode == Mode::safety || (options_.interference && !state.lock);
}

/// What a changing place holds next.
term::Id Explorer::changed_value(PathState& state, const Place& place, unsigned size_bytes) {
  const Region& region = state.regions[place.region];
  if (options_.mode == Mode::safety || region.kind != RegionKind::map_value) {
    return context_.fresh(size_bytes * 8, arbitrary_prefix);
  }
  const auto offset = context_.store.literal(place.offset);
  const std::string map(program_.maps[region.index].name);
  const std::string where =
      offset ? fmt::format("{}.{}", map, static_cast<std::uint64_t>(*offset)) : map;
  // What other CPUs write is the same for every program that looks as often.
  return context_.store.var(
      size_bytes * 8,
      fmt::format("{}value of map {}!{}", interference_prefix, map,
                  occurrence(state, "read", fmt::format("{}.{}", where, size_bytes))));
}

Expected<std::optional<Word>> Explorer::read_memory(PathState& state, const Place& place,
                                                    unsigned size_bytes) {
  const Region& region = state.regions[place.region];
  note_memory(state, place, context_.lit(64, size_bytes), Access::read, {});
  const bool known = context_.store.literal(place.offset).has_value();
  const bool changes = may_change_now(state, region) && !program_.maps[region.index].read_only;
  if (region.volatile_bytes || (changes && !known)) {
    return std::optional<Word>(Word{changed_value(state, place, size_bytes), 0});
  }
  TRY(std::optional<Word> value,
      state.objects.at(place.object).read(context_, place.offset, size_bytes));
  if (value && value->region != 0 && state.regions[value->region].kind == RegionKind::null) {
    value = Word{context_.lit64(0), 0};
  }
  // Another CPU may write before the next read: only the first one sees what the witness says.
  if (changes) {
    const term::Id next = changed_value(state, place, size_bytes);
    state.objects.writable(place.object).write(context_, place.offset, size_bytes, {next, 0});
    if (value && value->region != 0) value = Word{as_number(*value), 0};
  }
  return value;
}

void Explorer::write_memory(PathState& state, const Place& place, unsigned size_bytes, Word value) {
  const Region& region = state.regions[place.region];
  const std::array<term::Id, 1> stored{value.term};
  note_memory(state, place, context_.lit(64, size_bytes), Access::write, stored);
  if (region.volatile_bytes) return;
  if (may_change_now(state, region)) {
    // Bytes at an unknown offset need no mark: those never read have any value already, and those
    // that were read have any value again.
    if (!context_.store.literal(place.offset)) return;
    value = {changed_value(state, place, size_bytes), 0};
  }
  state.objects.writable(place.object).write(context_, place.offset, size_bytes, value);
}

bool Explorer::never_written(PathState& state, Word address, std::string text) {
  if (context_.store.literal(address.term)) {
    return violate(state, Property::initialised_stack, std::move(text));
  }
  // The offset's interval knows nothing of this path's branches.
  give_up(state, "memory at a computed offset may not have been written");
  return false;
}

term::Id Explorer::is_aligned(term::Id offset, unsigned size_bytes) {
  const unsigned low_bits = static_cast<unsigned>(std::countr_zero(size_bytes));
  if (low_bits == 0) return context_.store.true_();
  return context_.store.eq(context_.store.extract(0, low_bits, offset), context_.lit(low_bits, 0));
}

bool Explorer::aligned(PathState& state, Word address, unsigned size_bytes) {
  if (address.region == 0) return true;  // the access itself says what is wrong
  const RegionKind kind = state.regions[address.region].kind;
  if (kind == RegionKind::ctx) {
    return violate(state, Property::ctx_access, "atomic operations on ctx do not exist");
  }
  if (kind == RegionKind::packet) {
    return violate(state, Property::alignment,
                   "an atomic operation on the packet, whose alignment is not known");
  }
  return require(state, Property::alignment, is_aligned(address.term, size_bytes),
                 fmt::format("an atomic operation on {} bytes that are not aligned", size_bytes));
}

bool Explorer::load(PathState& state, Word address, unsigned size_bytes, Word& value) {
  if (!note_access_kind(state, address)) return false;
  const RegionKind kind = kind_of(state, address);
  if (kind == RegionKind::ctx) {
    note_ctx(state, address, size_bytes, Access::read, {});
    return load_ctx(state, address, size_bytes, value);
  }
  if (is_socket(kind)) return load_socket(state, address, size_bytes, value);
  if (kind == RegionKind::choice) return load_choice(state, address, size_bytes, value);
  const auto place = access(state, address, size_bytes, Access::read);
  if (!place) return false;
  if (kind == RegionKind::stack && !may_fill(state, *place, size_bytes)) return false;
  if (!defined(state, *place, size_bytes)) return false;
  const auto read = read_memory(state, *place, size_bytes);
  if (!read) {
    give_up(state, std::string(read.error().line()));
    return false;
  }
  if (!*read) {
    return never_written(
        state, address, fmt::format("reads {} bytes of memory that was never written", size_bytes));
  }
  value = **read;
  return true;
}

bool Explorer::store_to(PathState& state, Word address, unsigned size_bytes, Word value) {
  if (!note_access_kind(state, address)) return false;
  const RegionKind kind = kind_of(state, address);
  if (kind == RegionKind::ctx) {
    const std::array<term::Id, 1> stored{value.term};
    note_ctx(state, address, size_bytes, Access::write, stored);
    return store_ctx(state, address, size_bytes, value);
  }
  if (kind == RegionKind::choice) return store_choice(state, address, size_bytes, value);
  const auto place = access(state, address, size_bytes, Access::write);
  if (!place) return false;
  if (context_.taint.of(value.term) == Taint::uninitialised) {
    return violate(state, Property::initialised_register, "stores an uninitialised register");
  }
  if (kind == RegionKind::stack && !may_spill(state, address, size_bytes, value)) return false;
  write_memory(state, *place, size_bytes, value);
  return true;
}

std::optional<std::vector<term::Id>> Explorer::read_chunks(PathState& state, Word address,
                                                           std::uint64_t size_bytes) {
  const auto place = access(state, address, size_bytes, Access::read);
  if (!place) return std::nullopt;
  std::vector<term::Id> chunks;
  for (std::uint64_t at = 0; at < size_bytes; at += chunk_bytes) {
    const unsigned bytes =
        static_cast<unsigned>(std::min<std::uint64_t>(chunk_bytes, size_bytes - at));
    const term::Id offset = context_.store.bin(Op::add, place->offset, context_.lit(64, at));
    const Place chunk{place->region, place->object, offset};
    if (!defined(state, chunk, bytes)) return std::nullopt;
    const auto read = read_memory(state, chunk, bytes);
    if (!read) {
      give_up(state, std::string(read.error().line()));
      return std::nullopt;
    }
    if (!*read) {
      never_written(
          state, address,
          fmt::format("a helper reads byte {} of {} that was never written", at, size_bytes));
      return std::nullopt;
    }
    if (!observable(state, **read, "the memory that a helper reads")) return std::nullopt;
    chunks.push_back(as_number(**read));
  }
  return chunks;
}

void Explorer::write_chunks(PathState& state, const Place& place,
                            std::span<const term::Id> chunks) {
  std::uint64_t at = 0;
  for (const term::Id chunk : chunks) {
    const unsigned bytes = context_.store.width(chunk) / 8;
    const term::Id offset = context_.store.bin(Op::add, place.offset, context_.lit(64, at));
    write_memory(state, {place.region, place.object, offset}, bytes, Word{chunk, 0});
    at += bytes;
  }
}

}  // namespace probity::symex
