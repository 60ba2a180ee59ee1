// SPDX-License-Identifier: Apache-2.0
// Code that no control reaches, whatever conditions say. A kernel refuses a program that has any,
// so a change that cuts code off must take it along.
#pragma once

#include <vector>

#include "opt/code.hpp"

namespace probity::opt {

/// By node: is there a way to it from the start of a subprogram?
std::vector<bool> reachable(const Code& code);

/// `change`, and with it what it cuts off.
Change with_what_it_cuts_off(const Code& code, Change change);

}  // namespace probity::opt
