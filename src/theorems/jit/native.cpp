// SPDX-License-Identifier: Apache-2.0
// The child maps and fills its pages before it asks to be traced; from then on only the stepped
// code runs in it, and it is killed at the end.
#include "theorems/jit/native.hpp"

#include <array>
#include <optional>

#include <fmt/format.h>

#include "isa/x86/text.hpp"

#if defined(__x86_64__) && defined(__linux__)
#include <csignal>
#include <cstring>
#include <map>

#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace probity::theorems {

#if defined(__x86_64__) && defined(__linux__)
namespace {

constexpr std::uint64_t page_bytes = 4096;
/// Addresses of user space: below the canonical half, above what the kernel lets nobody map.
constexpr std::uint64_t first_address = 0x10000, end_of_addresses = 0x7fff'ffff'f000;
constexpr int cannot_map = 3, cannot_trace = 4;
constexpr std::uint64_t flag_cf = 1, flag_pf = 1 << 2, flag_zf = 1 << 6, flag_sf = 1 << 7,
                        flag_of = 1 << 11;

using Page = std::array<std::uint8_t, page_bytes>;

/// The child's memory, by page address.
class Pages {
 public:
  void put(std::uint64_t address, std::uint8_t byte) {
    pages_[address & ~(page_bytes - 1)][address & (page_bytes - 1)] = byte;
  }
  const std::map<std::uint64_t, Page>& all() const { return pages_; }
  /// The first address that no process can have.
  std::optional<std::uint64_t> unmappable() const {
    for (const auto& [address, page] : pages_) {
      if (address < first_address || address >= end_of_addresses) return address;
    }
    return std::nullopt;
  }

 private:
  std::map<std::uint64_t, Page> pages_;
};

/// The memory before a stretch: what its first read of each byte found. Nothing when a later read
/// finds what nobody wrote: in the counterexample another CPU did.
std::optional<Pages> memory_before(const X86Stretch& stretch) {
  Pages pages;
  std::map<std::uint64_t, std::uint8_t> now;
  for (const Access& access : stretch.accesses) {
    for (unsigned i = 0; i < access.size_bytes; ++i) {
      const std::uint64_t at = access.address + i;
      const auto found = static_cast<std::uint8_t>(access.before >> 8 * i);
      const bool reads = access.kind != Access::Kind::store;
      if (!now.contains(at)) pages.put(at, reads ? found : 0);
      if (reads && now.contains(at) && now[at] != found) return std::nullopt;
      now[at] = reads && access.kind == Access::Kind::load
                    ? found
                    : static_cast<std::uint8_t>(access.after >> 8 * i);
    }
  }
  for (std::size_t i = 0; i < stretch.code.size(); ++i)
    pages.put(stretch.start + i, stretch.code[i]);
  return pages;
}

/// In the child: only system calls and copies, as other threads of the parent may hold locks.
[[noreturn]] void be_traced(const Pages& pages, std::uint64_t code, std::uint64_t code_end) {
  for (const auto& [address, page] : pages.all()) {
    void* const wanted = reinterpret_cast<void*>(address);
    void* const got = mmap(wanted, page_bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (got != wanted) _exit(cannot_map);
    std::memcpy(got, page.data(), page_bytes);
    const bool is_code = address + page_bytes > code && address < code_end;
    if (is_code && mprotect(got, page_bytes, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
      _exit(cannot_map);
  }
  if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(cannot_trace);
  raise(SIGSTOP);
  _exit(cannot_trace);
}

/// A traced child, killed at the end.
class Child {
 public:
  Child(const Pages& pages, std::uint64_t code, std::uint64_t code_end) : pid_(fork()) {
    if (pid_ == 0) be_traced(pages, code, code_end);
    if (pid_ > 0 && waitpid(pid_, &status_, 0) != pid_) pid_ = -1;
  }
  ~Child() {
    if (!stopped()) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, &status_, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool stopped() const { return pid_ > 0 && WIFSTOPPED(status_); }
  /// Why it never stopped for us.
  std::string failure() const {
    if (pid_ < 0) return "no child process";
    if (WIFEXITED(status_) && WEXITSTATUS(status_) == cannot_map)
      return "its addresses cannot be mapped here";
    return "this machine allows no ptrace";
  }
  /// One instruction; the signal that stopped it otherwise, or 0.
  int step() {
    if (ptrace(PTRACE_SINGLESTEP, pid_, nullptr, nullptr) != 0) return SIGKILL;
    if (waitpid(pid_, &status_, 0) != pid_ || !WIFSTOPPED(status_)) return SIGKILL;
    return WSTOPSIG(status_) == SIGTRAP ? 0 : WSTOPSIG(status_);
  }
  user_regs_struct registers() const {
    user_regs_struct result{};
    ptrace(PTRACE_GETREGS, pid_, nullptr, &result);
    return result;
  }
  bool set_registers(user_regs_struct registers) const {
    return ptrace(PTRACE_SETREGS, pid_, nullptr, &registers) == 0;
  }
  std::uint8_t byte(std::uint64_t address) const {
    const std::uint64_t word = address & ~std::uint64_t{7};
    const long got = ptrace(PTRACE_PEEKDATA, pid_, reinterpret_cast<void*>(word), nullptr);
    return static_cast<std::uint8_t>(static_cast<std::uint64_t>(got) >> 8 * (address - word));
  }

 private:
  pid_t pid_;
  int status_ = 0;
};

using Field = unsigned long long user_regs_struct::*;
// In the order of the machine's numbers.
constexpr Field fields[] = {
    &user_regs_struct::rax, &user_regs_struct::rcx, &user_regs_struct::rdx, &user_regs_struct::rbx,
    &user_regs_struct::rsp, &user_regs_struct::rbp, &user_regs_struct::rsi, &user_regs_struct::rdi,
    &user_regs_struct::r8,  &user_regs_struct::r9,  &user_regs_struct::r10, &user_regs_struct::r11,
    &user_regs_struct::r12, &user_regs_struct::r13, &user_regs_struct::r14, &user_regs_struct::r15};

user_regs_struct registers_of(const X86Stretch& stretch, user_regs_struct result) {
  const x86::State<Concrete>& state = stretch.before;
  for (std::size_t i = 0; i < std::size(fields); ++i) result.*fields[i] = state.gpr[i].raw();
  const auto bit = [](Bool<Concrete> flag, std::uint64_t mask) { return flag.raw() ? mask : 0; };
  result.eflags &= ~(flag_cf | flag_pf | flag_zf | flag_sf | flag_of);
  result.eflags |= bit(state.cf, flag_cf) | bit(state.pf, flag_pf) | bit(state.zf, flag_zf) |
                   bit(state.sf, flag_sf) | bit(state.of, flag_of);
  result.rip = stretch.pc_before;
  result.orig_rax = ~0ull;  // no system call to restart
  return result;
}

using Outcome = NativeVerdict::Outcome;

NativeVerdict differs(std::string_view what, std::uint64_t emulator, std::uint64_t cpu) {
  return {Outcome::differs, fmt::format("{}: emulator {:#x}, CPU {:#x}", what, emulator, cpu)};
}

/// The bytes that the stretch leaves in memory: its last store to each.
NativeVerdict compare_memory(const Child& child, const X86Stretch& stretch) {
  std::map<std::uint64_t, std::uint8_t> left;
  for (const Access& access : stretch.accesses) {
    if (access.kind == Access::Kind::load) continue;
    for (unsigned i = 0; i < access.size_bytes; ++i)
      left[access.address + i] = static_cast<std::uint8_t>(access.after >> 8 * i);
  }
  for (const auto& [address, byte] : left) {
    const std::uint8_t got = child.byte(address);
    if (got != byte) return differs(fmt::format("byte {:#x}", address), byte, got);
  }
  return {Outcome::agrees, {}};
}

NativeVerdict compare(const Child& child, const X86Stretch& stretch) {
  const user_regs_struct got = child.registers();
  if (got.rip != stretch.pc_after) return differs("next address", stretch.pc_after, got.rip);
  for (std::size_t i = 0; i < std::size(fields); ++i) {
    const std::uint64_t meant = stretch.after.gpr[i].raw();
    if (got.*fields[i] != meant)
      return differs(x86::name(static_cast<x86::Reg>(i), 64), meant, got.*fields[i]);
  }
  return compare_memory(child, stretch);
}

NativeVerdict run_stretch(const X86Stretch& stretch) {
  const std::optional<Pages> pages = memory_before(stretch);
  if (!pages) return {Outcome::not_run, "its memory changes between two reads"};
  if (const auto address = pages->unmappable())
    return {Outcome::not_run, fmt::format("{:#x} is no address of a process", *address)};
  Child child(*pages, stretch.start, stretch.start + stretch.code.size());
  if (!child.stopped()) return {Outcome::not_run, child.failure()};
  if (!child.set_registers(registers_of(stretch, child.registers())))
    return {Outcome::not_run, "the registers cannot be set"};
  for (std::uint64_t i = 0; i < stretch.steps; ++i) {
    const int signal = child.step();
    if (signal == 0) continue;
    // A jump to an address that is none faults at the jump itself.
    const bool leaves = i + 1 == stretch.steps && stretch.pc_after >= end_of_addresses;
    if (leaves)
      return {Outcome::not_run,
              fmt::format("it goes to {:#x}, no address of a process", stretch.pc_after)};
    return {Outcome::differs, fmt::format("signal {} at step {}", signal, i + 1)};
  }
  return compare(child, stretch);
}

}  // namespace

NativeVerdict run_natively(std::span<const X86Stretch> stretches) {
  for (const X86Stretch& stretch : stretches) {
    const NativeVerdict verdict = run_stretch(stretch);
    if (verdict.outcome != Outcome::agrees) return verdict;
  }
  return {Outcome::agrees, {}};
}

#else

NativeVerdict run_natively(std::span<const X86Stretch>) {
  return {NativeVerdict::Outcome::not_run, "this host is no x86-64 Linux"};
}

#endif

}  // namespace probity::theorems
