// SPDX-License-Identifier: Apache-2.0
// Names of program and map types. The enumerators of program.hpp are the kernel's names already;
// the switches have no default, so that a new one cannot be forgotten.
#include "program/program.hpp"

namespace probity::program {

std::string_view name(ProgType type) {
  switch (type) {
    case ProgType::unspec: return "unspec";
    case ProgType::socket_filter: return "socket_filter";
    case ProgType::kprobe: return "kprobe";
    case ProgType::sched_cls: return "sched_cls";
    case ProgType::sched_act: return "sched_act";
    case ProgType::tracepoint: return "tracepoint";
    case ProgType::xdp: return "xdp";
    case ProgType::perf_event: return "perf_event";
    case ProgType::cgroup_skb: return "cgroup_skb";
    case ProgType::cgroup_sock: return "cgroup_sock";
    case ProgType::lwt_in: return "lwt_in";
    case ProgType::lwt_out: return "lwt_out";
    case ProgType::lwt_xmit: return "lwt_xmit";
    case ProgType::sock_ops: return "sock_ops";
    case ProgType::sk_skb: return "sk_skb";
    case ProgType::cgroup_device: return "cgroup_device";
    case ProgType::sk_msg: return "sk_msg";
    case ProgType::raw_tracepoint: return "raw_tracepoint";
    case ProgType::cgroup_sock_addr: return "cgroup_sock_addr";
    case ProgType::lwt_seg6local: return "lwt_seg6local";
    case ProgType::lirc_mode2: return "lirc_mode2";
    case ProgType::sk_reuseport: return "sk_reuseport";
    case ProgType::flow_dissector: return "flow_dissector";
    case ProgType::cgroup_sysctl: return "cgroup_sysctl";
    case ProgType::raw_tracepoint_writable: return "raw_tracepoint_writable";
    case ProgType::cgroup_sockopt: return "cgroup_sockopt";
    case ProgType::tracing: return "tracing";
    case ProgType::struct_ops: return "struct_ops";
    case ProgType::ext: return "ext";
    case ProgType::lsm: return "lsm";
    case ProgType::sk_lookup: return "sk_lookup";
    case ProgType::syscall: return "syscall";
    case ProgType::netfilter: return "netfilter";
  }
  return "unknown";
}

std::string_view name(MapType type) {
  switch (type) {
    case MapType::unspec: return "unspec";
    case MapType::hash: return "hash";
    case MapType::array: return "array";
    case MapType::prog_array: return "prog_array";
    case MapType::perf_event_array: return "perf_event_array";
    case MapType::percpu_hash: return "percpu_hash";
    case MapType::percpu_array: return "percpu_array";
    case MapType::stack_trace: return "stack_trace";
    case MapType::cgroup_array: return "cgroup_array";
    case MapType::lru_hash: return "lru_hash";
    case MapType::lru_percpu_hash: return "lru_percpu_hash";
    case MapType::lpm_trie: return "lpm_trie";
    case MapType::array_of_maps: return "array_of_maps";
    case MapType::hash_of_maps: return "hash_of_maps";
    case MapType::devmap: return "devmap";
    case MapType::sockmap: return "sockmap";
    case MapType::cpumap: return "cpumap";
    case MapType::xskmap: return "xskmap";
    case MapType::sockhash: return "sockhash";
    case MapType::cgroup_storage: return "cgroup_storage";
    case MapType::reuseport_sockarray: return "reuseport_sockarray";
    case MapType::percpu_cgroup_storage: return "percpu_cgroup_storage";
    case MapType::queue: return "queue";
    case MapType::stack: return "stack";
    case MapType::sk_storage: return "sk_storage";
    case MapType::devmap_hash: return "devmap_hash";
    case MapType::struct_ops: return "struct_ops";
    case MapType::ringbuf: return "ringbuf";
    case MapType::inode_storage: return "inode_storage";
    case MapType::task_storage: return "task_storage";
    case MapType::bloom_filter: return "bloom_filter";
    case MapType::user_ringbuf: return "user_ringbuf";
    case MapType::cgrp_storage: return "cgrp_storage";
    case MapType::arena: return "arena";
  }
  return "unknown";
}

}  // namespace probity::program
