// SPDX-License-Identifier: Apache-2.0
// The forwarder as a whole, from outside, in C++. libbpf's bpf_helpers.h is not valid C++: helpers
// are called by their numbers, and the members of a map are spelt out.
//   clang++ -target bpf -std=c++17 -fno-exceptions -fno-rtti -g -O2 -c forwarder.spec.bpf.cpp
#include <linux/bpf.h>

#include <probity/external_spec.h>

namespace {

using Address = unsigned char[8];  // six bytes of it, and two zeros

template <typename Function, unsigned long number>
Function helper() {
  return reinterpret_cast<Function>(number);
}

template <typename Map, typename Key>
unsigned* lookup(Map& map, const Key& key) {
  using Lookup = unsigned* (*)(void*, const void*);
  return helper<Lookup, BPF_FUNC_map_lookup_elem>()(&map, &key);
}

template <typename Map>
int redirect(Map& map, unsigned index, unsigned long otherwise) {
  using Redirect = long (*)(void*, unsigned long, unsigned long);
  return static_cast<int>(helper<Redirect, BPF_FUNC_redirect_map>()(&map, index, otherwise));
}

struct Bytes {
  const unsigned char* first;
  unsigned char operator[](unsigned i) const { return first[i]; }
};

}  // namespace

extern "C" {

struct {
  int (*type)[BPF_MAP_TYPE_HASH];
  int (*max_entries)[256];
  Address* key;
  unsigned* value;
} neighbours __attribute__((section(".maps"), used));

struct {
  int (*type)[BPF_MAP_TYPE_DEVMAP];
  int (*max_entries)[16];
  unsigned* key;
  unsigned* value;
} ports __attribute__((section(".maps"), used));

__attribute__((section("xdp"), used)) int forwarder_spec(xdp_md* ctx) {
  const Bytes packet{reinterpret_cast<const unsigned char*>(static_cast<unsigned long>(ctx->data))};
  Address to{};

  if (spec_packet_length() < 14) return XDP_PASS;
  for (unsigned i = 0; i < 6; ++i) to[i] = packet[i];
  const unsigned* const port = lookup(neighbours, to);
  return port ? redirect(ports, *port, XDP_PASS) : XDP_PASS;
}

}  // extern "C"
