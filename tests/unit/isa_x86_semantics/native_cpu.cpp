// SPDX-License-Identifier: Apache-2.0
// The trampoline of native_cpu.hpp, written as bytes: it runs with registers of its own choice only
// before the first load and after the last store.
#include "native_cpu.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <array>
#include <atomic>
#include <cstring>
#include <vector>

#include "base/check.hpp"

namespace probity {

namespace {

constexpr std::size_t code_bytes = 4096;
constexpr std::uint64_t flag_cf = 1, flag_pf = 1 << 2, flag_zf = 1 << 6, flag_sf = 1 << 7,
                        flag_of = 1 << 11;
/// Size of `jmp rel32`, the instruction behind the tested one.
constexpr std::size_t jump_bytes = 5;

/// What the trampoline reads and writes.
struct Exchange {
  std::array<std::uint64_t, 16> gpr;
  std::uint64_t flags;
  std::uint64_t host_stack;
  std::uint64_t landing;
};

class Bytes {
 public:
  void raw(std::initializer_list<unsigned> bytes) {
    for (const unsigned byte : bytes) bytes_.push_back(static_cast<std::uint8_t>(byte));
  }
  void word32(std::uint64_t value) {
    for (unsigned i = 0; i < 4; ++i) bytes_.push_back(static_cast<std::uint8_t>(value >> 8 * i));
  }
  /// `mov r64, [address]` (8b) or `mov [address], r64` (89).
  void move(unsigned opcode, unsigned reg, std::uint64_t address) {
    raw({reg >= 8 ? 0x4cu : 0x48u, opcode, 0x04 | (reg & 7) << 3, 0x25});
    word32(address);
  }
  std::size_t size() const { return bytes_.size(); }
  const std::vector<std::uint8_t>& all() const { return bytes_; }
  void patch32(std::size_t at, std::uint64_t value) {
    for (unsigned i = 0; i < 4; ++i) bytes_[at + i] = static_cast<std::uint8_t>(value >> 8 * i);
  }

 private:
  std::vector<std::uint8_t> bytes_;
};

std::uint64_t trap_address = 0;  ///< where the signal handler sends a trapping trampoline
std::uint64_t trap_from = 0, trap_until = 0;

#if defined(__x86_64__)
void on_trap(int signal, siginfo_t*, void* context) {
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const std::uint64_t at = static_cast<std::uint64_t>(registers[REG_RIP]);
  if (at < trap_from || at >= trap_until) {
    ::signal(signal, SIG_DFL);  // not ours: the faulting instruction runs again and ends us
    return;
  }
  registers[REG_RIP] = static_cast<greg_t>(trap_address);
}
#endif

}  // namespace

struct NativeCpu::Page {
  alignas(4096) std::array<std::uint8_t, code_bytes> code;
  alignas(4096) std::array<std::uint8_t, scratch_bytes> scratch;
  Exchange exchange;
};

namespace {

std::uint64_t address_of(const void* pointer) {
  return reinterpret_cast<std::uint64_t>(pointer);
}

/// Loads the state; its size does not depend on anything.
Bytes head(const Exchange& exchange) {
  Bytes code;
  code.raw({0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57});  // push callee-saved
  code.move(0x89, 4, address_of(&exchange.host_stack));
  code.raw({0xff, 0x34, 0x25});  // push [flags]
  code.word32(address_of(&exchange.flags));
  code.raw({0x9d});  // popfq
  for (unsigned reg = 0; reg < 16; ++reg) code.move(0x8b, reg, address_of(&exchange.gpr[reg]));
  return code;
}

/// `mov dword [landing], which`
void mark(Bytes& code, const Exchange& exchange, Landing which) {
  code.raw({0xc7, 0x04, 0x25});
  code.word32(address_of(&exchange.landing));
  code.word32(static_cast<std::uint64_t>(which));
}

constexpr std::size_t mark_bytes = 11;

/// A jump over the pad, the pad: where a backward branch goes.
constexpr std::size_t pad_before_bytes = jump_bytes + mark_bytes + jump_bytes;

void tail(Bytes& code, const Exchange& exchange) {
  for (unsigned reg = 0; reg < 16; ++reg) code.move(0x89, reg, address_of(&exchange.gpr[reg]));
  code.move(0x8b, 4, address_of(&exchange.host_stack));
  code.raw({0x9c, 0x8f, 0x04, 0x25});  // pushfq; pop [flags]
  code.word32(address_of(&exchange.flags));
  code.raw({0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3});
}

/// `jmp rel32` to `target`, an offset in the code.
void jump(Bytes& code, std::size_t target) {
  code.raw({0xe9});
  code.word32(target - (code.size() + 4));
}

struct Trampoline {
  Bytes code;
  std::size_t trap_offset = 0;
};

Trampoline trampoline(const Exchange& exchange, std::span<const std::uint8_t> insn) {
  Bytes code = head(exchange);
  const std::size_t insn_offset = code.size() + pad_before_bytes;
  const std::size_t behind = insn_offset + insn.size() + jump_bytes;
  const std::size_t trap_offset = behind + mark_bytes + jump_bytes;
  const std::size_t end = trap_offset + mark_bytes;
  jump(code, insn_offset);
  mark(code, exchange, Landing::pad_before);
  jump(code, end);
  PROBITY_CHECK(code.size() == insn_offset);
  for (const std::uint8_t byte : insn) code.raw({byte});
  jump(code, end);
  mark(code, exchange, Landing::pad_behind);
  jump(code, end);
  PROBITY_CHECK(code.size() == trap_offset);
  mark(code, exchange, Landing::trap);
  tail(code, exchange);
  return {code, trap_offset};
}

std::uint64_t flags_of(const x86::State<Concrete>& state) {
  const auto bit = [](Bool<Concrete> flag, std::uint64_t mask) { return decide(flag) ? mask : 0; };
  return 2 | bit(state.cf, flag_cf) | bit(state.pf, flag_pf) | bit(state.zf, flag_zf) |
         bit(state.sf, flag_sf) | bit(state.of, flag_of);
}

Bool<Concrete> flag(std::uint64_t flags, std::uint64_t mask) {
  return Bool<Concrete>::lit((flags & mask) != 0 ? 1 : 0);
}

}  // namespace

std::string missing_bmi2() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("bmi2") ? "" : "bmi2";
#else
  return "bmi2";
#endif
}

std::unique_ptr<NativeCpu> NativeCpu::open() {
#if defined(__x86_64__)
  void* memory = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  PROBITY_CHECK(address_of(memory) + sizeof(Page) < std::uint64_t{1} << 31);
  // Handlers get a stack of their own: the tested instruction's rsp may be anything.
  static std::array<std::uint8_t, 65536> handler_stack;
  const stack_t stack = {handler_stack.data(), 0, handler_stack.size()};
  struct sigaction action = {};
  action.sa_sigaction = on_trap;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  PROBITY_CHECK(sigaltstack(&stack, nullptr) == 0);
  for (const int signal : {SIGFPE, SIGILL, SIGTRAP})
    PROBITY_CHECK(sigaction(signal, &action, nullptr) == 0);
  return std::unique_ptr<NativeCpu>(new NativeCpu(static_cast<Page*>(memory)));
#else
  return nullptr;
#endif
}

NativeCpu::~NativeCpu() {
  munmap(page_, sizeof(Page));
}

std::span<std::uint8_t> NativeCpu::scratch() const {
  return page_->scratch;
}

std::uint64_t NativeCpu::insn_address() const {
  return address_of(page_->code.data()) + head(page_->exchange).size() + pad_before_bytes;
}
std::uint64_t NativeCpu::pad_before() const {
  return insn_address() - pad_before_bytes + jump_bytes;
}
std::uint64_t NativeCpu::pad_behind(std::size_t length) const {
  return insn_address() + length + jump_bytes;
}

void NativeCpu::place(std::span<const std::uint8_t> insn) {
  const auto [code, trap_offset] = trampoline(page_->exchange, insn);
  PROBITY_CHECK(code.size() <= code_bytes);
  PROBITY_CHECK(mprotect(page_->code.data(), code_bytes, PROT_READ | PROT_WRITE) == 0);
  std::memcpy(page_->code.data(), code.all().data(), code.size());
  PROBITY_CHECK(mprotect(page_->code.data(), code_bytes, PROT_READ | PROT_EXEC) == 0);
  trap_address = address_of(page_->code.data()) + trap_offset;
  trap_from = insn_address();
  trap_until = trap_from + insn.size() + 1;  // int3 reports the address behind it
}

NativeRun NativeCpu::run(const x86::State<Concrete>& before) {
  Exchange& exchange = page_->exchange;
  for (std::size_t i = 0; i < 16; ++i) exchange.gpr[i] = before.gpr[i].raw();
  exchange.flags = flags_of(before);
  exchange.landing = 0;
  reinterpret_cast<void (*)()>(page_->code.data())();
  std::atomic_signal_fence(std::memory_order_seq_cst);
  NativeRun run;
  for (std::size_t i = 0; i < 16; ++i) run.state.gpr[i] = Bv<Concrete, 64>::lit(exchange.gpr[i]);
  run.state.cf = flag(exchange.flags, flag_cf);
  run.state.pf = flag(exchange.flags, flag_pf);
  run.state.zf = flag(exchange.flags, flag_zf);
  run.state.sf = flag(exchange.flags, flag_sf);
  run.state.of = flag(exchange.flags, flag_of);
  run.landing = static_cast<Landing>(exchange.landing);
  return run;
}

}  // namespace probity
