// SPDX-License-Identifier: Apache-2.0
// From the target's name to its back end.
#include "jit/compile.hpp"

#include "base/check.hpp"

namespace probity::jit {

namespace {

const Backend& backend_of(Target target) {
  switch (target) {
    case Target::x86_64: return x86_64::backend;
    case Target::rv64: return rv64::backend;
  }
  PROBITY_UNREACHABLE("target");
}

}  // namespace

Expected<Image> layout(const Request& request, std::span<std::byte> workspace) {
  return backend_of(request.target).layout(request, workspace);
}

Expected<void> emit(const Request& request, const Image& image, std::span<std::byte> workspace,
                    std::span<std::uint8_t> code) {
  return backend_of(request.target).emit(request, image, workspace, code);
}

}  // namespace probity::jit
