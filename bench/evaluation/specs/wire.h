/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a packet in a specification, as the wire has it: big-endian numbers by their place, and
 * "the packet is at least so long". Specifications need no bounds checks, only questions. */
#pragma once
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <probity/external_spec.h>

#define DATA(ctx) ((unsigned char *)(long)(ctx)->data)
#define HAS(bytes) (spec_packet_length() >= (bytes))
/* Numbers as they lie in memory: what a program loads. */
#define RAW16(at) (*(__u16 *)(at))
#define RAW32(at) (*(__u32 *)(at))
#define BE16(at) bpf_ntohs(RAW16(at))
#define BE32(at) bpf_ntohl(RAW32(at))

/* Places of an IPv4 header without options behind an Ethernet header, and of what follows it. */
#define ETH_PROTO 12
#define IP 14
#define IP_LENGTH (IP + 2)
#define IP_FRAGMENT (IP + 6)
#define IP_PROTO (IP + 9)
#define IP_CHECK (IP + 10)
#define IP_SOURCE (IP + 12)
#define IP_DEST (IP + 16)
#define L4 34

#define IS_IPV4(p) (HAS(IP) && BE16((p) + ETH_PROTO) == ETH_P_IP)
