// SPDX-License-Identifier: Apache-2.0
// See kernel_ctx.hpp.
#include "runtime/kernel_ctx.hpp"

#include <fmt/format.h>
#include <linux/bpf.h>

#include <cstddef>
#include <cstring>

#include "base/bytes.hpp"
#include "runtime/ctx_input.hpp"
#include "runtime/kernel_test_run.hpp"

namespace probity::runtime {

namespace {

using program::ProgType;

/// The names of the fields that a test run takes from ctx_in.
std::string taken_fields(ProgType type) {
  std::string names;
  for (const CtxRow& row : ctx_rows(type)) {
    if ((row.test_run & ctx_type_bit(type)) == 0) continue;
    if (!names.empty()) names += ", ";
    names += row.name;
  }
  return names.empty() ? "none" : names;
}

std::unexpected<Diagnostic> not_taken(ProgType type, std::string_view field, std::uint64_t value) {
  return error(Fault::unsupported,
               fmt::format("ctx field {} = {}: BPF_PROG_TEST_RUN of a {} program does not take it "
                           "({})",
                           field, value, program::name(type), taken_fields(type)));
}

/// Writes RunInput::fields over `bytes`.
Expected<void> put_fields(ProgType type, const RunInput& input, Bytes& bytes) {
  for (const CtxValue& field : input.fields) {
    TRY(const CtxRow* row, require_ctx_value(type, field));
    if ((row->test_run & ctx_type_bit(type)) == 0) return not_taken(type, field.name, field.value);
    std::memcpy(bytes.data() + row->offset, &field.value, row->size_bytes);
  }
  return {};
}

Expected<KernelContext> xdp_context(const RunInput& input) {
  if (input.mark != 0) return not_taken(ProgType::xdp, "mark", input.mark);
  if (input.egress_ifindex != 0)
    return not_taken(ProgType::xdp, "egress_ifindex", input.egress_ifindex);
  KernelContext context{Bytes(sizeof(xdp_md)), 1, 0};
  std::uint8_t* const bytes = context.bytes.data();
  store_le(bytes + offsetof(xdp_md, ingress_ifindex), input.ingress_ifindex);
  store_le(bytes + offsetof(xdp_md, rx_queue_index), input.rx_queue_index);
  TRY(put_fields(ProgType::xdp, input, context.bytes));
  context.ifindex = load_le<std::uint32_t>(bytes + offsetof(xdp_md, ingress_ifindex));
  context.rx_queue_index = load_le<std::uint32_t>(bytes + offsetof(xdp_md, rx_queue_index));
  if (context.ifindex == 0) return not_taken(ProgType::xdp, "ingress_ifindex", 0);
  const bool is_default =
      input.metadata_size == 0 && context.ifindex == 1 && context.rx_queue_index == 0;
  if (is_default) {
    context.bytes.clear();
    return context;
  }
  store_le(bytes + offsetof(xdp_md, data), input.metadata_size);
  store_le(bytes + offsetof(xdp_md, data_end), static_cast<std::uint32_t>(input.packet.size()));
  return context;
}

Expected<KernelContext> skb_context(ProgType type, const RunInput& input) {
  if (input.metadata_size != 0) return not_taken(type, "metadata_size", input.metadata_size);
  if (input.rx_queue_index != 0) return not_taken(type, "rx_queue_index", input.rx_queue_index);
  if (input.egress_ifindex != 0) return not_taken(type, "egress_ifindex", input.egress_ifindex);
  KernelContext context;
  if (input.ingress_ifindex == 1 && input.mark == 0 && input.fields.empty()) return context;
  context.bytes.resize(sizeof(__sk_buff));
  store_le(context.bytes.data() + offsetof(__sk_buff, mark), input.mark);
  store_le(context.bytes.data() + offsetof(__sk_buff, ifindex), input.ingress_ifindex);
  TRY(put_fields(type, input, context.bytes));
  context.ifindex = load_le<std::uint32_t>(context.bytes.data() + offsetof(__sk_buff, ifindex));
  if (context.ifindex == 0) return not_taken(type, "ifindex", 0);
  return context;
}

/// A flow dissector sees the packet and nothing else.
Expected<KernelContext> flow_context(const RunInput& input) {
  constexpr ProgType type = ProgType::flow_dissector;
  for (const CtxValue& field : input.fields) return not_taken(type, field.name, field.value);
  if (input.mark != 0) return not_taken(type, "mark", input.mark);
  if (input.metadata_size != 0) return not_taken(type, "metadata_size", input.metadata_size);
  if (input.ingress_ifindex != 1) return not_taken(type, "ingress_ifindex", input.ingress_ifindex);
  return KernelContext{};
}

}  // namespace

Expected<KernelContext> kernel_context(ProgType type, const RunInput& input) {
  switch (test_run_kind(type)) {
    case TestRunKind::xdp: return xdp_context(input);
    case TestRunKind::skb: return skb_context(type, input);
    case TestRunKind::flow: return flow_context(input);
    case TestRunKind::none: break;
  }
  return KernelContext{};  // refused when it is run
}

}  // namespace probity::runtime
