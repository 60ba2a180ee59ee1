// SPDX-License-Identifier: Apache-2.0
// SpecRun: the statements of include/probity/spec.h in one run of an engine of this process. Those
// about the end are kept until then. What fails is recorded as an event {slot} of violation_event,
// an assumption as {holds, slot} of assumption_event; a replay reads them. The demands are
// spec_rule.hpp's, the same text as the symbolic executor's.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "program/spec_call.hpp"
#include "runtime/engine.hpp"
#include "runtime/machine.hpp"

namespace probity::runtime {

class Map;
class Session;
struct HelperCall;

inline constexpr std::string_view violation_event = "probity_violation";
inline constexpr std::string_view assumption_event = "probity_assume";
inline constexpr std::string_view probe_event = "probity_probe";

class SpecRun {
 public:
  /// Notes the contents at entry if the program asks for them.
  void begin(Session& session);
  /// A call of a reserved helper.
  HelperFlow call(HelperCall& call);
  /// The run returned r0.
  void end(Session& session, Machine& machine);

 private:
  /// Memory that a statement names: an offset from where the packet's data began, or an address.
  struct Place {
    bool in_packet = false;
    std::int64_t offset = 0;
    Address address = 0;
    std::uint64_t size_bytes = 0;
  };
  /// The value in a map that host memory is part of.
  struct Owner {
    Map* map = nullptr;
    Bytes key;
    std::uint64_t offset = 0;
  };
  struct Demand {
    program::SpecCall call{};
    std::uint32_t slot = 0;
    bool condition = true;
    std::uint64_t number = 0;
    Place place;
    Bytes bytes;
    Bytes key;
    Map* map = nullptr;
    std::uint8_t* host = nullptr;  ///< of only_modifies: the value in a map
  };

  std::optional<Place> place_of(HelperCall& call, unsigned index, std::uint64_t size_bytes);
  HelperFlow keep(HelperCall& call, Demand demand);
  HelperFlow keep_target(HelperCall& call, Demand demand, unsigned target, unsigned size);
  HelperFlow assume_key(HelperCall& call, program::SpecCall kind);
  HelperFlow keep_entry(HelperCall& call, Demand demand);
  HelperFlow keep_range(HelperCall& call, Demand demand);
  HelperFlow give_old(HelperCall& call);
  std::optional<Owner> owner_of(Session& session, const std::uint8_t* host) const;
  std::optional<Bytes> value_at_entry(const Owner& owner) const;
  std::optional<Bytes> old_bytes(HelperCall& call, const Place& place) const;
  std::optional<Bytes> read(Session& session, Machine& machine, const Place& place) const;
  bool holds(Session& session, Machine& machine, const Demand& demand) const;
  bool unchanged(const Map& map) const;
  bool only_modified(Session& session, const Demand& first) const;

  bool looked_ = false;  ///< whether the program asks was looked up
  bool asks_ = false;
  std::uint64_t length_ = 0;  ///< of the packet at entry, fragments included
  Bytes packet_;              ///< at entry
  std::int64_t data_at_ = 0;  ///< of it in the page
  std::vector<std::pair<const Map*, MapContents>> maps_;  ///< at entry
  std::vector<Demand> demands_;
};

}  // namespace probity::runtime
