// SPDX-License-Identifier: Apache-2.0
// Pages come from mmap() without PROT_EXEC; seal() swaps PROT_WRITE for PROT_EXEC in one
// mprotect().
#include "runtime/code_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace probity::runtime {
namespace {

std::unexpected<Diagnostic> refused(std::string_view call, std::size_t size_bytes, int reason) {
  return error(Fault::system, fmt::format("code memory: {} of {} bytes: {}", call, size_bytes,
                                          std::strerror(reason)));
}

}  // namespace

Expected<CodeMemory> CodeMemory::allocate(std::size_t size_bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t whole = (std::max<std::size_t>(size_bytes, 1) + page - 1) / page * page;
  void* const memory =
      mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return refused("mmap", whole, errno);
  CodeMemory result;
  result.bytes_ = {static_cast<std::uint8_t*>(memory), whole};
  return result;
}

CodeMemory::CodeMemory(CodeMemory&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})), sealed_(std::exchange(other.sealed_, false)) {}

CodeMemory& CodeMemory::operator=(CodeMemory&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(sealed_, other.sealed_);
  return *this;
}

CodeMemory::~CodeMemory() {
  if (!bytes_.empty()) munmap(bytes_.data(), bytes_.size());
}

Expected<void> CodeMemory::seal() {
  if (sealed_ || bytes_.empty()) return {};
  if (mprotect(bytes_.data(), bytes_.size(), PROT_READ | PROT_EXEC) != 0) {
    return refused("mprotect", bytes_.size(), errno);
  }
  sealed_ = true;
  __builtin___clear_cache(reinterpret_cast<char*>(bytes_.data()),
                          reinterpret_cast<char*>(bytes_.data() + bytes_.size()));
  return {};
}

}  // namespace probity::runtime
