// SPDX-License-Identifier: Apache-2.0
// The sandbox's rtnetlink messages are few enough to write by hand: bring a device up, and make a
// veth pair of a wanted index. Attributes nest as rtnetlink(7) says: a length, a type, the bytes,
// padded to four.
#include "runtime/kernel_network.hpp"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/check.hpp"

namespace probity::runtime {

namespace {

constexpr const char* own_namespace_path = "/proc/thread-self/ns/net";
constexpr std::uint32_t default_rx_queue_count = 16;
constexpr std::uint32_t max_rx_queue_count = 1024;
/// The far ends of veth pairs take indexes from here on; wanted ones must stay below.
constexpr std::uint32_t first_peer_ifindex = 0x40000000;

/// One rtnetlink request under construction.
class Request {
 public:
  Request(std::uint16_t type, std::uint16_t flags, std::uint32_t ifindex) {
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    append(&header, sizeof header);
    append_link(ifindex, 0);
  }

  void append_link(std::uint32_t ifindex, std::uint32_t flags) {
    ifinfomsg link{};
    link.ifi_family = AF_UNSPEC;
    link.ifi_index = static_cast<int>(ifindex);
    link.ifi_flags = flags;
    link.ifi_change = flags;
    append(&link, sizeof link);
  }
  void set_link_flags(std::uint32_t flags) {
    ifinfomsg link;
    std::memcpy(&link, bytes_.data() + sizeof(nlmsghdr), sizeof link);
    link.ifi_flags = flags;
    link.ifi_change = flags;
    std::memcpy(bytes_.data() + sizeof(nlmsghdr), &link, sizeof link);
  }
  void append_text(std::uint16_t type, std::string_view text) {
    const std::size_t start = open(type);
    append(text.data(), text.size());
    close(start);
  }
  void append_u32(std::uint16_t type, std::uint32_t value) {
    const std::size_t start = open(type);
    append(&value, sizeof value);
    close(start);
  }
  std::size_t open(std::uint16_t type) {
    const rtattr attribute{0, type};
    const std::size_t start = bytes_.size();
    append(&attribute, sizeof attribute);
    return start;
  }
  void close(std::size_t start) {
    rtattr attribute;
    std::memcpy(&attribute, bytes_.data() + start, sizeof attribute);
    attribute.rta_len = static_cast<std::uint16_t>(bytes_.size() - start);
    std::memcpy(bytes_.data() + start, &attribute, sizeof attribute);
    bytes_.resize((bytes_.size() + 3) & ~std::size_t{3});
  }

  /// Sends it and waits for the kernel's answer: 0 or an errno.
  int send() {
    const auto length = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &length, sizeof length);  // nlmsg_len comes first
    const Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket.is_open()) return errno;
    if (::send(socket.get(), bytes_.data(), bytes_.size(), 0) < 0) return errno;
    char answer[4096];
    const ssize_t got = ::recv(socket.get(), answer, sizeof answer, 0);
    if (got < 0) return errno;
    if (static_cast<std::size_t>(got) < sizeof(nlmsghdr) + sizeof(nlmsgerr)) return EPROTO;
    nlmsgerr reply;
    std::memcpy(&reply, answer + sizeof(nlmsghdr), sizeof reply);
    return -reply.error;
  }

 private:
  void append(const void* data, std::size_t size) {
    const auto* first = static_cast<const std::uint8_t*>(data);
    bytes_.insert(bytes_.end(), first, first + size);
  }
  std::vector<std::uint8_t> bytes_;
};

int bring_up(std::uint32_t ifindex) {
  Request request(RTM_NEWLINK, 0, ifindex);
  request.set_link_flags(IFF_UP);
  return request.send();
}

int make_veth_pair(const NamedInterface& wanted, std::uint32_t peer, std::uint32_t rx_queue_count) {
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, wanted.ifindex);
  request.append_text(IFLA_IFNAME, wanted.name + '\0');
  request.append_u32(IFLA_NUM_RX_QUEUES, rx_queue_count);
  request.append_u32(IFLA_NUM_TX_QUEUES, rx_queue_count);
  const std::size_t info = request.open(IFLA_LINKINFO);
  request.append_text(IFLA_INFO_KIND, "veth");
  const std::size_t data = request.open(IFLA_INFO_DATA);
  const std::size_t far_end = request.open(VETH_INFO_PEER);
  request.append_link(peer, 0);
  request.append_text(IFLA_IFNAME, wanted.name + "-far" + '\0');
  request.close(far_end);
  request.close(data);
  request.close(info);
  return request.send();
}

Fd open_own_namespace() {
  return Fd(::open(own_namespace_path, O_RDONLY | O_CLOEXEC));
}

}  // namespace

NetworkSandbox::Inside::~Inside() {
  if (!before_.is_open()) return;
  // A thread that cannot leave would run everything after this in the wrong namespace.
  PROBITY_CHECK(::setns(before_.get(), CLONE_NEWNET) == 0);
}

Expected<NetworkSandbox> NetworkSandbox::create() {
  Fd before = open_own_namespace();
  if (!before.is_open()) {
    return error(Fault::system, fmt::format("{}: {}", own_namespace_path, errno_text(errno)));
  }
  if (::unshare(CLONE_NEWNET) != 0) {
    return error(Fault::system,
                 fmt::format("the kernel engine needs root: no network namespace can be made: "
                             "unshare: {}",
                             errno_text(errno)));
  }
  const Inside inside(std::move(before));
  Fd space = open_own_namespace();
  if (!space.is_open()) {
    return error(Fault::system, fmt::format("{}: {}", own_namespace_path, errno_text(errno)));
  }
  if (const int reason = bring_up(1); reason != 0) {
    return error(Fault::system, fmt::format("bringing up lo: {}", errno_text(reason)));
  }
  return NetworkSandbox(std::move(space));
}

Expected<NetworkSandbox::Inside> NetworkSandbox::enter() const {
  if (!space_.is_open()) return Inside(Fd{});
  Fd before = open_own_namespace();
  if (!before.is_open()) {
    return error(Fault::system, fmt::format("{}: {}", own_namespace_path, errno_text(errno)));
  }
  if (::setns(space_.get(), CLONE_NEWNET) != 0) {
    return error(Fault::system, fmt::format("setns: {}", errno_text(errno)));
  }
  return Inside(std::move(before));
}

Expected<void> NetworkSandbox::ensure_interface(std::uint32_t ifindex,
                                                std::uint32_t rx_queue_count) {
  if (!space_.is_open()) return {};  // the kernel says whether the device is there
  const auto known = std::ranges::find(devices_, ifindex, &Device::ifindex);
  if (known != devices_.end() && known->rx_queue_count >= rx_queue_count) return {};
  if (known != devices_.end() || rx_queue_count > max_rx_queue_count) {
    const std::uint32_t limit =
        known != devices_.end() ? known->rx_queue_count : max_rx_queue_count;
    return error(Fault::limit, fmt::format("rx_queue_index {} of interface {}: its limit is {}",
                                           rx_queue_count - 1, ifindex, limit - 1));
  }
  return make_pair({fmt::format("dev{:x}", ifindex), ifindex}, rx_queue_count);
}

Expected<void> NetworkSandbox::make_interface(const NamedInterface& wanted) {
  if (!space_.is_open()) {
    return error(
        Fault::unsupported,
        fmt::format("interface {}: made only in a network namespace of its own", wanted.name));
  }
  if (wanted.name.empty() || wanted.name.size() > max_interface_name) {
    return error(Fault::bad_input, fmt::format("interface '{}': a name has 1..{} bytes",
                                               wanted.name, max_interface_name));
  }
  const auto known = std::ranges::find(devices_, wanted.ifindex, &Device::ifindex);
  if (known != devices_.end()) {
    return error(Fault::bad_input,
                 fmt::format("interface {}: ifindex {} is taken", wanted.name, wanted.ifindex));
  }
  return make_pair(wanted, default_rx_queue_count);
}

Expected<void> NetworkSandbox::make_pair(const NamedInterface& wanted,
                                         std::uint32_t rx_queue_count) {
  const std::uint32_t ifindex = wanted.ifindex;
  if (ifindex == 0 || ifindex >= first_peer_ifindex) {
    return error(Fault::limit, fmt::format("ifindex {} cannot be made in the sandbox (1..{})",
                                           ifindex, first_peer_ifindex - 1));
  }
  TRY([[maybe_unused]] const Inside inside, enter());
  const std::uint32_t queues = std::max(rx_queue_count, default_rx_queue_count);
  const std::uint32_t peer = first_peer_ifindex + static_cast<std::uint32_t>(devices_.size());
  int reason = make_veth_pair(wanted, peer, queues);
  if (reason == 0) reason = bring_up(ifindex);
  if (reason == 0) reason = bring_up(peer);
  if (reason != 0) {
    return error(Fault::system, fmt::format("making a veth pair {} with ifindex {}: {}",
                                            wanted.name, ifindex, errno_text(reason)));
  }
  devices_.push_back({ifindex, queues});
  return {};
}

}  // namespace probity::runtime
