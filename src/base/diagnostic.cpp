// SPDX-License-Identifier: Apache-2.0
// Prefixing a diagnostic with its place as it travels up: the reader of a file adds the file's
// name, the reader of a line its number, so that the finished line reads `file:line: message`.
#include "base/diagnostic.hpp"

namespace probity {

Diagnostic Diagnostic::at(std::string_view place) const {
  std::array<char, capacity> buffer;
  TextSink sink(buffer);
  sink.append(place).append(": ").append(line());
  return Diagnostic(fault_, sink.view());
}

}  // namespace probity
