// SPDX-License-Identifier: Apache-2.0
// Asks one obligation about facts, by its name without "facts/": exit status 0 when it is proved, 1
// when it is refuted, 2 when neither, 3 when there is none.
#include <cstdio>

#include "theorems/facts/facts.hpp"

int main(int, char** arguments) {
  using namespace probity;
  const std::string name = "facts/" + std::string(arguments[1]);
  std::vector<proof::Obligation> obligations = theorems::facts_obligations();
  std::erase_if(obligations, [&](const proof::Obligation& o) { return o.name != name; });
  if (obligations.size() != 1) {
    std::printf("%zu obligations are named %s\n", obligations.size(), name.c_str());
    return 3;
  }
  const proof::Result result = proof::discharge(obligations, {}).front();
  if (proof::is_proved(result)) return 0;
  const auto* refuted = std::get_if<proof::Refuted>(&result.verdict);
  if (refuted == nullptr || result.our_bug) return 2;
  std::printf("refuted %s: %s\n", name.c_str(), refuted->conclusion.c_str());
  return 1;
}
