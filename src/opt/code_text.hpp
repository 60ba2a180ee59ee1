// SPDX-License-Identifier: Apache-2.0
// Nodes as text: the kernel's disassembly, with the node that a jump leads to in place of its
// displacement (`goto @12`).
#pragma once

#include <span>
#include <string>

#include "opt/code.hpp"

namespace probity::opt {

std::string kernel_text(const Node& node);
/// Separated by "; ".
std::string kernel_text(std::span<const Node> nodes);

}  // namespace probity::opt
