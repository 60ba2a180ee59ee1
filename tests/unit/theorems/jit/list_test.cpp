// SPDX-License-Identifier: Apache-2.0
// The list of the JIT's theorems covers the whole table of eBPF instructions on every target, under
// every option that its translation knows, and every name in it is unique.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "isa/bpf/insn.hpp"
#include "theorems/jit/jit.hpp"

namespace probity::theorems {
namespace {

struct Named {
  jit::Target target;
  std::string name;
};

class JitList : public testing::TestWithParam<Named> {
 protected:
  std::set<std::string> names() const {
    std::set<std::string> result;
    for (const proof::Obligation& obligation : jit_obligations(GetParam().target)) {
      EXPECT_TRUE(result.insert(obligation.name).second) << obligation.name << " is listed twice";
      EXPECT_TRUE(obligation.replay != nullptr) << obligation.name << " has no replay";
      EXPECT_FALSE(obligation.provenance.empty()) << obligation.name;
    }
    return result;
  }
  std::string prefix() const { return "jit/" + GetParam().name + "/"; }
};

/// Whether some option of this form is proved under a name with `part` in it.
bool has_variant(const std::set<std::string>& names, const std::string& form,
                 const std::string& part) {
  for (auto at = names.lower_bound(form + "/"); at != names.end(); ++at) {
    if (!at->starts_with(form + "/")) return false;
    if (at->find(part, form.size()) != std::string::npos) return true;
  }
  return false;
}

TEST_P(JitList, HasEveryFormOfTheTable) {
  const std::set<std::string> listed = names();
  for (std::size_t i = 0; i < bpf::form_count; ++i) {
    const std::string form = prefix() + std::string(bpf::row(static_cast<bpf::Form>(i)).name);
    EXPECT_TRUE(listed.contains(form)) << form;
    EXPECT_TRUE(has_variant(listed, form, "assisted")) << form;
  }
  for (const char* stub : {"enter", "leave", "assist", "end"}) {
    EXPECT_TRUE(listed.contains(prefix() + stub)) << stub;
  }
}

TEST_P(JitList, HasEveryOptionThatMatters) {
  const std::set<std::string> listed = names();
  for (std::size_t i = 0; i < bpf::form_count; ++i) {
    const bpf::Row& row = bpf::row(static_cast<bpf::Form>(i));
    const std::string form = prefix() + std::string(row.name);
    using bpf::Meaning;
    switch (row.meaning) {
      case Meaning::load:
      case Meaning::load_acquire:
      case Meaning::store_imm:
      case Meaning::store_reg:
      case Meaning::store_release:
      case Meaning::atomic: EXPECT_TRUE(has_variant(listed, form, "checked")) << form; break;
      case Meaning::jump:
      case Meaning::branch: EXPECT_TRUE(has_variant(listed, form, "fuel")) << form; break;
      default: break;
    }
    using bpf::Operands;
    if (row.operands == Operands::dst_imm || row.operands == Operands::dst_imm_off ||
        row.operands == Operands::mem_imm) {
      EXPECT_TRUE(has_variant(listed, form, "blinded")) << form;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, JitList,
                         testing::Values(Named{jit::Target::x86_64, "x86_64"},
                                         Named{jit::Target::rv64, "rv64"}),
                         [](const auto& target) { return target.param.name; });

}  // namespace
}  // namespace probity::theorems
