// SPDX-License-Identifier: Apache-2.0
// See kernel_gate_object.hpp.
#include "opt/kernel_gate_object.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "runtime/kernel_load.hpp"
#include "runtime/kernel_map.hpp"

namespace probity::opt {
namespace {

struct Closer {
  void operator()(bpf_object* opened) const { bpf_object__close(opened); }
};
using Opened = std::unique_ptr<bpf_object, Closer>;

constexpr std::size_t log_bytes = std::size_t{1} << 20;

int print_nothing(libbpf_print_level, const char*, va_list) {
  return 0;
}

void shrink_maps(bpf_object* opened) {
  const runtime::KernelLimits limits;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, opened) {
    bpf_map__set_pin_path(map, nullptr);
    const std::uint64_t entry = std::uint64_t{bpf_map__key_size(map)} + bpf_map__value_size(map);
    const std::uint32_t entries = bpf_map__max_entries(map);
    const bool is_plain = bpf_map__type(map) != BPF_MAP_TYPE_RINGBUF;
    if (is_plain && entry * entries > limits.max_map_bytes && entries > limits.reduced_map_entries)
      bpf_map__set_max_entries(map, limits.reduced_map_entries);
  }
}

/// Why these programs do not load, or empty.
std::string load(std::span<const std::uint8_t> object, std::span<const NamedProgram> programs) {
  libbpf_set_print(print_nothing);
  LIBBPF_OPTS(bpf_object_open_opts, options);
  options.object_name = "probity";
  std::string log(programs.size() == 1 ? log_bytes : 0, '\0');
  if (!log.empty()) {
    options.kernel_log_buf = log.data();
    options.kernel_log_size = log.size();
    options.kernel_log_level = 1;
  }
  const Opened opened(bpf_object__open_mem(object.data(), object.size(), &options));
  if (!opened) return fmt::format("libbpf does not open it: {}", runtime::errno_text(errno));
  std::size_t found = 0;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, opened.get()) {
    const auto wanted = std::ranges::find_if(programs, [&](const NamedProgram& candidate) {
      return candidate.name == bpf_program__name(program) &&
             candidate.section == bpf_program__section_name(program);
    });
    bpf_program__set_autoload(program, wanted != programs.end());
    if (wanted == programs.end()) continue;
    ++found;
    if (bpf_program__type(program) == BPF_PROG_TYPE_UNSPEC)
      bpf_program__set_type(program, static_cast<bpf_prog_type>(wanted->type));
  }
  if (found != programs.size()) return "libbpf does not find the program";
  shrink_maps(opened.get());
  const int status = bpf_object__load(opened.get());
  if (status == 0) return {};
  const std::string_view reason = runtime::verifier_reason(log.c_str());
  return fmt::format("{}{}{}", runtime::errno_text(-status),
                     reason.empty() ? "" : "; verifier: ", reason);
}

}  // namespace

std::vector<std::string> load_by_libbpf(std::span<const std::uint8_t> object,
                                        std::span<const NamedProgram> programs) {
  std::vector<std::string> refusals(programs.size());
  if (programs.empty()) return refusals;
  if (programs.size() > 1 && load(object, programs).empty()) return refusals;
  for (std::size_t i = 0; i < programs.size(); ++i)
    refusals[i] = load(object, programs.subspan(i, 1));
  return refusals;
}

}  // namespace probity::opt
