// SPDX-License-Identifier: Apache-2.0
// See kernel_gate.hpp.
#include "opt/kernel_gate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/kernel_load.hpp"

namespace probity::opt {
namespace {

Expected<KernelProgram> described(runtime::Fd fd) {
  bpf_prog_info info{};
  bpf_attr attr{};
  attr.info.bpf_fd = static_cast<std::uint32_t>(fd.get());
  attr.info.info_len = sizeof info;
  attr.info.info = runtime::attr_pointer(&info);
  const int status = runtime::bpf_call(BPF_OBJ_GET_INFO_BY_FD, attr);
  if (status < 0) {
    return error(Fault::system, fmt::format("the kernel does not describe a loaded program: {}",
                                            runtime::errno_text(-status)));
  }
  return KernelProgram{std::move(fd), info.jited_prog_len, info.verified_insns};
}

}  // namespace

Expected<KernelGate> KernelGate::create(const program::View& program) {
  TRY(runtime::NetworkSandbox network, runtime::NetworkSandbox::create());
  KernelGate gate(program, std::move(network));
  TRY([[maybe_unused]] const runtime::NetworkSandbox::Inside inside, gate.network_.enter());
  TRY(const std::vector<std::size_t> used, runtime::referenced_maps(program));
  gate.map_fds_.assign(program.maps.size(), -1);
  for (const std::size_t index : used) {
    TRY(runtime::KernelMap map, runtime::create_kernel_map(program.maps, index, {}));
    gate.map_fds_[index] = map.fd.get();
    gate.maps_.push_back(std::move(map));
  }
  return gate;
}

Expected<KernelProgram> KernelGate::load(std::span<const bpf::Slot> slots) const {
  program::View version = program_;
  version.slots = slots;
  TRY([[maybe_unused]] const runtime::NetworkSandbox::Inside inside, network_.enter());
  TRY(runtime::Fd fd,
      runtime::load_into_kernel(version, runtime::slots_for_kernel(version, map_fds_)));
  return described(std::move(fd));
}

Expected<void> KernelGate::fill(std::span<const runtime::MapContents> contents) const {
  for (const runtime::MapContents& one : contents) {
    const auto map = std::ranges::find(
        maps_, one.map, [](const runtime::KernelMap& candidate) { return candidate.def.name; });
    if (map == maps_.end()) continue;
    TRY(runtime::write_kernel_map(*map, one.entries));
  }
  return {};
}

}  // namespace probity::opt
