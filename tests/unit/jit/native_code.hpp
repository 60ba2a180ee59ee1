// SPDX-License-Identifier: Apache-2.0
// A program compiled for this machine and ready to run: the code is mapped writable, filled, and
// then made executable.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "jit/compile.hpp"
#include "jit/context.hpp"

namespace probity::jit {

/// The features of the processor that runs the tests.
std::uint32_t host_features();

class NativeCode {
 public:
  /// Compiles; error() says why it did not.
  explicit NativeCode(const Request& request);
  ~NativeCode();
  NativeCode(const NativeCode&) = delete;
  NativeCode& operator=(const NativeCode&) = delete;

  const std::string& error() const { return error_; }
  const Image& image() const { return image_; }
  const std::uint8_t* at(std::size_t slot) const { return code_ + image_.offsets[slot]; }
  const std::uint8_t* leave() const { return code_ + image_.leave; }
  std::span<const std::uint8_t> bytes() const { return {code_, image_.size_bytes}; }

  /// Runs from slot 0; gives r0.
  std::uint64_t run(Context& context) const { return run_from(context, 0); }
  std::uint64_t run_from(Context& context, std::size_t slot) const;

 private:
  std::vector<std::byte> workspace_;
  Image image_;
  std::uint8_t* code_ = nullptr;
  std::size_t mapped_bytes_ = 0;
  std::string error_;
};

}  // namespace probity::jit
