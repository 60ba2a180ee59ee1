// SPDX-License-Identifier: Apache-2.0
// Layout, a mapping of exactly that size, emission, and then W^X: the pages are never writable and
// executable at once.
#include "native_code.hpp"

#include <sys/mman.h>
#include <bit>

#include "base/check.hpp"
#include "isa/code.hpp"

namespace probity::jit {

std::uint32_t host_features() {
  return __builtin_cpu_supports("bmi2") ? feature::x86_bmi2 : 0;
}

NativeCode::NativeCode(const Request& request) : workspace_(workspace_bytes(request.slots.size())) {
  const Expected<Image> image = layout(request, workspace_);
  if (!image) {
    error_ = image.error().line();
    return;
  }
  image_ = *image;
  mapped_bytes_ = image_.size_bytes + isa::max_sequence_bytes;
  void* memory =
      mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  PROBITY_CHECK(memory != MAP_FAILED);
  code_ = static_cast<std::uint8_t*>(memory);
  const Expected<void> emitted = emit(request, image_, workspace_, {code_, mapped_bytes_});
  if (!emitted) {
    error_ = emitted.error().line();
    return;
  }
  PROBITY_CHECK(mprotect(memory, mapped_bytes_, PROT_READ | PROT_EXEC) == 0);
}

NativeCode::~NativeCode() {
  if (code_ != nullptr) munmap(code_, mapped_bytes_);
}

std::uint64_t NativeCode::run_from(Context& context, std::size_t slot) const {
  PROBITY_CHECK(error_.empty());
  const auto enter = std::bit_cast<Enter>(code_ + image_.enter);
  return enter(&context, at(slot));
}

}  // namespace probity::jit
