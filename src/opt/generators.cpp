// SPDX-License-Identifier: Apache-2.0
// See generators.hpp.
#include "opt/generators.hpp"

#include "opt/retile.hpp"
#include "opt/rule_match.hpp"

namespace probity::opt {

std::vector<Generator> standard_generators() {
  return {rule_generator(),           retile_generator(),  dead_code_generator(),
          available_load_generator(), branch_generator(),  early_exit_generator(),
          choice_store_generator(),   copy_generator(),    patched_number_generator(),
          division_generator(),       sinking_generator(), register_generator()};
}

}  // namespace probity::opt
