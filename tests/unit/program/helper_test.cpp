// SPDX-License-Identifier: Apache-2.0
// The helper table against the kernel's own header: every id that both know has the same name, and
// the helpers that XDP and TC programs call have a signature.
#include "program/helper.hpp"

#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <string>

namespace probity::program {
namespace {

struct KernelHelper {
  const char* name;
  std::uint32_t id;
};
#ifdef ___BPF_FUNC_MAPPER  // since Linux 6.2
#define KERNEL_HELPER(name, id, ...) {#name, id},
constexpr KernelHelper kernel_helpers[] = {___BPF_FUNC_MAPPER(KERNEL_HELPER, )};
#else
#define KERNEL_HELPER(name) \
  { #name, BPF_FUNC_##name }
constexpr KernelHelper kernel_helpers[] = {__BPF_FUNC_MAPPER(KERNEL_HELPER)};
#endif

TEST(Helper, NamesAreTheKernels) {
  for (const KernelHelper& kernel : kernel_helpers) {
    if (kernel.id == 0 || kernel.id > helpers().size()) continue;
    const Helper* helper = find_helper(kernel.id);
    ASSERT_NE(helper, nullptr) << kernel.name;
    EXPECT_EQ(helper->name, std::string("bpf_") + kernel.name);
    EXPECT_EQ(find_helper(std::string_view(kernel.name)), helper);
    EXPECT_EQ(find_helper(helper->name), helper);
  }
}

TEST(Helper, UnknownIsNull) {
  EXPECT_EQ(helpers().size(), 211u);
  EXPECT_EQ(find_helper(0u), nullptr);
  EXPECT_EQ(find_helper(212u), nullptr);
  EXPECT_EQ(find_helper("bpf_no_such_helper"), nullptr);
  EXPECT_EQ(find_helper(""), nullptr);
}

TEST(Helper, SignaturesOfTheCommonOnes) {
  const Helper& lookup = *find_helper("map_lookup_elem");
  EXPECT_EQ(lookup.id, 1u);
  EXPECT_EQ(lookup.result, ReturnKind::map_value_or_null);
  EXPECT_EQ(lookup.args, (std::array{ArgKind::const_map, ArgKind::map_key, ArgKind::none,
                                     ArgKind::none, ArgKind::none}));
  const Helper& store = *find_helper(190u);
  EXPECT_EQ(store.name, "bpf_xdp_store_bytes");
  EXPECT_EQ(store.args[2], ArgKind::mem_in);
  EXPECT_EQ(store.args[3], ArgKind::const_size);
  const Helper& tail_call = *find_helper(12u);
  EXPECT_EQ(tail_call.result, ReturnKind::nothing);
}

TEST(Helper, TheOnesXdpAndTcNeedAreModelled) {
  for (const std::uint32_t id :
       {1u,   2u,   3u,   4u,   5u,   6u,   7u,   8u,   9u,   10u,  11u,  12u,  13u,  14u,  15u,
        16u,  20u,  21u,  23u,  25u,  26u,  27u,  28u,  29u,  31u,  32u,  34u,  35u,  38u,  39u,
        40u,  43u,  44u,  46u,  47u,  50u,  51u,  54u,  63u,  64u,  65u,  66u,  69u,  84u,  85u,
        86u,  87u,  88u,  89u,  93u,  94u,  99u,  112u, 113u, 114u, 115u, 118u, 122u, 124u, 125u,
        130u, 131u, 132u, 133u, 134u, 152u, 164u, 177u, 181u, 188u, 189u, 190u}) {
    EXPECT_TRUE(find_helper(id)->is_modelled()) << find_helper(id)->name;
  }
}

TEST(Helper, NamesForTheTexts) {
  EXPECT_EQ(helper_names().name_of(1), "bpf_map_lookup_elem");
  EXPECT_EQ(helper_names().name_of(5000), "");
  EXPECT_EQ(helper_names().id_of("bpf_ktime_get_ns"), 5u);
  EXPECT_EQ(helper_names().id_of("nothing"), std::nullopt);
}

}  // namespace
}  // namespace probity::program
