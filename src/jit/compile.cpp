// SPDX-License-Identifier: Apache-2.0
// From the target's name to its back end.
#include "jit/compile.hpp"

namespace probity::jit {

namespace {

Expected<const Backend*> backend_of(Target target) {
  switch (target) {
    case Target::x86_64: return &x86_64::backend;
    case Target::rv64: break;
  }
  return error(Fault::unsupported, "jit: this build has no translator for rv64");
}

}  // namespace

Expected<Image> layout(const Request& request, std::span<std::byte> workspace) {
  TRY(const Backend* const backend, backend_of(request.target));
  return backend->layout(request, workspace);
}

Expected<void> emit(const Request& request, const Image& image, std::span<std::byte> workspace,
                    std::span<std::uint8_t> code) {
  TRY(const Backend* const backend, backend_of(request.target));
  return backend->emit(request, image, workspace, code);
}

}  // namespace probity::jit
