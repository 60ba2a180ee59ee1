// SPDX-License-Identifier: Apache-2.0
// KernelEngine: the live kernel as an oracle. One program with its maps is loaded through bpf() and
// run by BPF_PROG_TEST_RUN on CPU 0, inside a network namespace of its own. Use load_kernel() of
// engine.hpp when the Engine interface is enough. Only programs that a person wrote belong here:
// verifiers have bugs, too.
#pragma once

#include <optional>
#include <vector>

#include "runtime/engine.hpp"
#include "runtime/kernel_map.hpp"
#include "runtime/kernel_network.hpp"

namespace probity::runtime {

class KernelEngine final : public Engine {
 public:
  /// Fault::system with the verifier's reason, Fault::unsupported for what is not linked or run
  /// here.
  static Expected<std::unique_ptr<KernelEngine>> load(const program::View& program,
                                                      const KernelLimits& limits,
                                                      NetworkChoice network);

  std::string_view engine_name() const override { return "kernel"; }
  Expected<RunOutput> run(const RunInput& input) override;
  Expected<MapContents> read_map(std::string_view map) override;
  Expected<void> write_map(const MapContents& contents) override;

  /// Makes a device that programs may name by its ifindex; only in a network namespace of our own.
  Expected<void> make_interface(const NamedInterface& wanted);

  /// One line per map definition that was changed to suit the kernel.
  std::vector<std::string> overrides() const;

 private:
  KernelEngine(const program::View& program, const KernelLimits& limits, NetworkSandbox network)
      : program_(program),
        limits_(limits),
        network_(std::move(network)),
        maps_(program.maps.size()) {}

  Expected<void> create_maps_and_load();
  /// Loads the programs that the object puts into prog_arrays, and puts them there.
  Expected<void> fill_prog_arrays(std::span<const int> map_fds);
  /// Puts the maps that the object puts into maps of maps there.
  Expected<void> fill_maps_of_maps();
  static Expected<void> put_descriptor(const KernelMap& map, std::uint32_t index, const Fd& fd);
  Expected<KernelMap*> find_map(std::string_view name);
  Expected<KernelMap*> require_created(std::size_t index);
  Expected<void> write_map_of_maps(const KernelMap& map, std::span<const MapEntry> entries);
  Expected<void> make_devices_of(const KernelMap& map, const MapContents& contents);

  program::View program_;
  KernelLimits limits_;
  NetworkSandbox network_;
  std::vector<std::optional<KernelMap>> maps_;  // like program_.maps; unreferenced ones on demand
  Fd prog_;
  std::vector<Fd> tail_programs_;
};

}  // namespace probity::runtime
