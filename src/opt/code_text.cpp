// SPDX-License-Identifier: Apache-2.0
// See code_text.hpp.
#include "opt/code_text.hpp"

#include <fmt/core.h>

#include <array>

#include "isa/bpf/text_kernel.hpp"
#include "program/helper.hpp"

namespace probity::opt {

std::string kernel_text(const Node& node) {
  std::array<char, 160> buffer;
  TextSink sink(buffer);
  if (node.target == no_node) {
    bpf::print_kernel(node.insn, program::helper_names(), sink);
  } else {
    bpf::print_kernel_with_label(node.insn, program::helper_names(),
                                 fmt::format("@{}", node.target), sink);
  }
  return std::string(sink.view());
}

std::string kernel_text(std::span<const Node> nodes) {
  std::string text;
  for (const Node& node : nodes) {
    if (!text.empty()) text += "; ";
    text += kernel_text(node);
  }
  return text;
}

}  // namespace probity::opt
