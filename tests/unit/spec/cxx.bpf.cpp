// SPDX-License-Identifier: Apache-2.0
// probity/spec.h in C++: templates, references, enums.
#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <probity/spec.h>

#define SEC(name) __attribute__((section(name), used))

namespace {

enum class Verdict : int { drop = XDP_DROP, pass = XDP_PASS };

template <typename Header>
Header *header_at(void *data, void *data_end, unsigned offset) {
  char *start = static_cast<char *>(data) + offset;
  return start + sizeof(Header) > data_end ? nullptr : reinterpret_cast<Header *>(start);
}

template <typename Field>
void set(Field &field, Field value) {
  BPF_ASSERT_END_EQ(&field, Field, value);
  field = value;
}

}  // namespace

extern "C" SEC("xdp") int in_cxx(struct xdp_md *ctx) {
  void *data = reinterpret_cast<void *>(static_cast<long>(ctx->data));
  void *data_end = reinterpret_cast<void *>(static_cast<long>(ctx->data_end));
  auto *eth = header_at<ethhdr>(data, data_end, 0);
  if (eth == nullptr) BPF_RETURN(static_cast<int>(Verdict::drop));
  BPF_ASSERT("unchanged so far", eth->h_proto == BPF_OLD(&eth->h_proto, __be16));
  BPF_ASSERT_ONLY_MODIFIES(&eth->h_proto, sizeof(eth->h_proto));
  set<__be16>(eth->h_proto, 0x88);
  BPF_RETURN(static_cast<int>(Verdict::pass));
}

extern "C" {
SEC("license") char LICENSE[] = "GPL";
}
