// SPDX-License-Identifier: Apache-2.0
// A file that was asked for must be there; the running kernel's files need not be.
#include "object/kernel.hpp"

#include <fmt/core.h>

namespace probity::object {
namespace {

std::unexpected<Diagnostic> not_asked() {
  return error(Fault::unsupported, "the object was read without a kernel");
}

}  // namespace

Expected<Kernel> Kernel::open(const ReadOptions& options) {
  Kernel kernel;
  kernel.resolve_ = options.resolve;
  if (!options.btf.empty()) {
    TRY(kernel.types_, KernelTypes::read_file(options.btf));
  }
  if (!options.kconfig.empty()) {
    TRY(KernelConfig config, KernelConfig::read_file(options.kconfig));
    kernel.config_ = std::make_shared<const KernelConfig>(std::move(config));
  }
  return kernel;
}

Expected<std::shared_ptr<const KernelTypes>> Kernel::types() const {
  if (resolve_ == Resolve::nothing) return not_asked();
  if (types_) return types_;
  return KernelTypes::of_running_kernel();
}

Expected<std::optional<std::string_view>> Kernel::config(std::string_view name) const {
  if (resolve_ == Resolve::nothing) return not_asked();
  if (config_)
    if (const auto value = config_->find(name)) return value;
  const Expected<KernelConfig>& running = KernelConfig::of_running_kernel();
  if (!running) return std::unexpected(running.error());
  return running->find(name);
}

}  // namespace probity::object
