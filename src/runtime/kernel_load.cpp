// SPDX-License-Identifier: Apache-2.0
// BPF_PROG_LOAD. The first try asks for no log; only a refused program is loaded again with one,
// because formatting a log costs more than verifying. Source: linux/bpf.h; func_info as in
// Documentation/bpf/btf.rst.
#include "runtime/kernel_load.hpp"

#include <bpf/btf.h>
#include <errno.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "runtime/kernel_btf.hpp"

namespace probity::runtime {

namespace {

using program::ProgType;

constexpr std::uint8_t lddw_opcode = 0x18;
constexpr std::uint8_t call_opcode = 0x85;
constexpr std::uint8_t pseudo_map_idx = 5;        // BPF_PSEUDO_MAP_IDX
constexpr std::uint8_t pseudo_map_idx_value = 6;  // BPF_PSEUDO_MAP_IDX_VALUE
constexpr std::uint32_t xdp_has_frags = 1u << 5;  // BPF_F_XDP_HAS_FRAGS
constexpr std::size_t log_bytes = std::size_t{16} << 20;

bool names_map(const bpf::Slot& slot) {
  const unsigned src = slot.src();
  return slot.opcode == lddw_opcode && (src == BPF_PSEUDO_MAP_FD || src == BPF_PSEUDO_MAP_VALUE ||
                                        src == pseudo_map_idx || src == pseudo_map_idx_value);
}

bool is_local_target(const bpf::Slot& slot) {
  return (slot.opcode == lddw_opcode && slot.src() == BPF_PSEUDO_FUNC) ||
         (slot.opcode == call_opcode && slot.src() == BPF_PSEUDO_CALL);
}

bool is_packet_access(std::uint8_t opcode) {
  return BPF_CLASS(opcode) == BPF_LD &&
         (BPF_MODE(opcode) == BPF_ABS || BPF_MODE(opcode) == BPF_IND);
}

/// Slots that follow an lddw are data, so a plain scan must step over them.
std::size_t next_slot(std::span<const bpf::Slot> slots, std::size_t i) {
  return i + (slots[i].opcode == lddw_opcode ? 2 : 1);
}

/// Callbacks, and classic packet access beside subprograms, need BTF for the functions.
bool needs_function_info(std::span<const bpf::Slot> slots) {
  bool has_callback = false, has_local_call = false, has_packet_access = false;
  for (std::size_t i = 0; i < slots.size(); i = next_slot(slots, i)) {
    has_callback |= slots[i].opcode == lddw_opcode && slots[i].src() == BPF_PSEUDO_FUNC;
    has_local_call |= slots[i].opcode == call_opcode && slots[i].src() == BPF_PSEUDO_CALL;
    has_packet_access |= is_packet_access(slots[i].opcode);
  }
  return has_callback || (has_local_call && has_packet_access);
}

/// Where functions start, as the verifier finds them: slot 0 and every target of a call or
/// callback.
std::vector<std::uint32_t> function_starts(std::span<const bpf::Slot> slots) {
  std::vector<std::uint32_t> starts{0};
  for (std::size_t i = 0; i < slots.size(); i = next_slot(slots, i)) {
    if (!is_local_target(slots[i])) continue;
    const std::int64_t target = static_cast<std::int64_t>(i) + slots[i].imm + 1;
    if (target > 0 && target < static_cast<std::int64_t>(slots.size())) {
      starts.push_back(static_cast<std::uint32_t>(target));
    }
  }
  std::ranges::sort(starts);
  const auto repeated = std::ranges::unique(starts);
  starts.erase(repeated.begin(), repeated.end());
  return starts;
}

/// BTF with one static function `u64 f(u64)` per function of the program, loaded into the kernel.
struct FunctionInfo {
  Fd btf;
  std::vector<bpf_func_info> records;
};

std::unexpected<Diagnostic> btf_error(std::string_view doing, int reason) {
  return error(Fault::system, fmt::format("BTF for callbacks: {}: {}", doing, errno_text(reason)));
}

Expected<FunctionInfo> make_function_info(std::span<const bpf::Slot> slots) {
  const std::unique_ptr<btf, void (*)(btf*)> types(::btf__new_empty(), ::btf__free);
  if (!types) return btf_error("allocation", errno);
  const int u64 = ::btf__add_int(types.get(), "u64", 8, 0);
  const int prototype = u64 < 0 ? u64 : ::btf__add_func_proto(types.get(), u64);
  if (prototype < 0) return btf_error("a function type", -prototype);
  if (const int reason = ::btf__add_func_param(types.get(), "a", u64); reason < 0) {
    return btf_error("a parameter", -reason);
  }
  FunctionInfo info;
  for (const std::uint32_t start : function_starts(slots)) {
    const std::string name = fmt::format("f{}", start);
    const int id = ::btf__add_func(types.get(), name.c_str(), BTF_FUNC_STATIC, prototype);
    if (id < 0) return btf_error(name, -id);
    info.records.push_back({start, static_cast<std::uint32_t>(id)});
  }
  TRY(info.btf, load_btf(types.get(), "BTF for callbacks"));
  return info;
}

std::uint32_t program_flags(const program::View& program) {
  return program.section.starts_with("xdp.frags") ? xdp_has_frags : 0;
}

/// Gives kernel functions and variables the ids of the running kernel's own BTF; absent ones are
/// refused by name.
Expected<std::vector<bpf::Slot>> linked_externals(const program::View& program,
                                                  std::span<const bpf::Slot> unlinked) {
  std::vector<bpf::Slot> slots(unlinked.begin(), unlinked.end());
  std::unique_ptr<btf, void (*)(btf*)> kernel(nullptr, ::btf__free);
  for (std::size_t i = 0; i < slots.size(); i = next_slot(slots, i)) {
    bpf::Slot& slot = slots[i];
    const bool calls_kfunc = slot.opcode == call_opcode && slot.src() == BPF_PSEUDO_KFUNC_CALL;
    const bool names_variable = slot.opcode == lddw_opcode && slot.src() == BPF_PSEUDO_BTF_ID;
    if (!calls_kfunc && !names_variable) continue;
    const auto index = static_cast<std::size_t>(slot.imm);
    const bool named = slot.imm >= 0 && index < program.externals.size();
    const std::string name(named ? program.externals[index].name : "?");
    if (!kernel) kernel.reset(::btf__load_vmlinux_btf());
    const auto id_of = [&](unsigned kind) {
      return kernel ? ::btf__find_by_name_kind(kernel.get(), name.c_str(), kind) : -ENOENT;
    };
    int id = id_of(BTF_KIND_FUNC);
    if (id < 0 && names_variable) id = id_of(BTF_KIND_VAR);
    if (id < 0) {
      return error(Fault::unsupported, fmt::format("slot {}: this kernel's BTF has no {} '{}'", i,
                                                   calls_kfunc ? "function" : "symbol", name));
    }
    slot.imm = id;
  }
  return slots;
}

}  // namespace

Expected<std::vector<std::size_t>> referenced_maps(const program::View& program) {
  std::vector<std::size_t> indexes;
  for (std::size_t i = 0; i < program.slots.size(); i = next_slot(program.slots, i)) {
    if (!names_map(program.slots[i])) continue;
    const auto index = static_cast<std::uint32_t>(program.slots[i].imm);
    if (index >= program.maps.size()) {
      return error(Fault::bad_input, fmt::format("slot {}: map index {}, the program has {} maps",
                                                 i, index, program.maps.size()));
    }
    indexes.push_back(index);
  }
  std::ranges::sort(indexes);
  const auto repeated = std::ranges::unique(indexes);
  indexes.erase(repeated.begin(), repeated.end());
  return indexes;
}

std::vector<bpf::Slot> slots_for_kernel(const program::View& program,
                                        std::span<const int> map_fds) {
  std::vector<bpf::Slot> slots(program.slots.begin(), program.slots.end());
  for (std::size_t i = 0; i < slots.size(); i = next_slot(slots, i)) {
    bpf::Slot& slot = slots[i];
    if (!names_map(slot)) continue;
    const unsigned src = slot.src();
    const bool whole = src == BPF_PSEUDO_MAP_FD || src == pseudo_map_idx;
    const unsigned kind = whole ? BPF_PSEUDO_MAP_FD : BPF_PSEUDO_MAP_VALUE;
    slot.regs = static_cast<std::uint8_t>(slot.dst() | kind << 4);
    slot.imm = map_fds[static_cast<std::size_t>(slot.imm)];
  }
  return slots;
}

std::string_view verifier_reason(std::string_view log) {
  constexpr std::array<std::string_view, 5> statistics = {
      "processed ", "verification time", "stack depth", "insns processed", "mark_precise:"};
  while (!log.empty()) {
    const std::size_t end = log.find_last_not_of(std::string_view("\n\0", 2));
    if (end == std::string_view::npos) break;
    log = log.substr(0, end + 1);
    const std::size_t newline = log.rfind('\n');
    const std::size_t start = newline == std::string_view::npos ? 0 : newline + 1;
    const std::string_view line = log.substr(start);
    const bool is_statistic = std::ranges::any_of(
        statistics, [line](std::string_view prefix) { return line.starts_with(prefix); });
    if (!is_statistic) return line;
    log = log.substr(0, start);
  }
  return {};
}

Expected<Fd> load_into_kernel(const program::View& program, std::span<const bpf::Slot> unlinked) {
  TRY(const std::vector<bpf::Slot> slots, linked_externals(program, unlinked));
  FunctionInfo functions;
  if (needs_function_info(slots)) {
    TRY(functions, make_function_info(slots));
  }
  const std::string license(program.license);
  bpf_attr attr{};
  const ProgType type = program.type == ProgType::unspec ? ProgType::xdp : program.type;
  attr.prog_type = static_cast<std::uint32_t>(type);
  attr.expected_attach_type = program.expected_attach_type;
  attr.insns = attr_pointer(slots.data());
  attr.insn_cnt = static_cast<std::uint32_t>(slots.size());
  attr.license = attr_pointer(license.c_str());
  attr.prog_flags = program_flags(program);
  if (functions.btf.is_open()) {
    attr.prog_btf_fd = static_cast<std::uint32_t>(functions.btf.get());
    attr.func_info = attr_pointer(functions.records.data());
    attr.func_info_rec_size = sizeof(bpf_func_info);
    attr.func_info_cnt = static_cast<std::uint32_t>(functions.records.size());
  }
  const bpf_attr without_log = attr;
  const int fd = bpf_call(BPF_PROG_LOAD, attr);
  if (fd >= 0) return Fd(fd);
  attr = without_log;
  std::string log(log_bytes, '\0');
  attr.log_level = 1;
  attr.log_buf = attr_pointer(log.data());
  attr.log_size = static_cast<std::uint32_t>(log.size());
  const int second = bpf_call(BPF_PROG_LOAD, attr);
  if (second >= 0) return Fd(second);
  const std::string_view reason = verifier_reason(log.c_str());
  return error(Fault::system,
               fmt::format("{}: the kernel refused the program, {}{}{}", program.name,
                           errno_text(-fd), reason.empty() ? "" : "; verifier: ", reason));
}

}  // namespace probity::runtime
