// SPDX-License-Identifier: Apache-2.0
// Captures through libpcap, which reads and writes stdio streams; here these are streams over
// memory. Source: pcap(3PCAP), draft-ietf-opsawg-pcap and -pcapng.
#include <fmt/format.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "packet/packet.hpp"

namespace probity::packet {

namespace {

constexpr std::int64_t microseconds_per_second = 1'000'000;

using Capture = std::unique_ptr<pcap_t, void (*)(pcap_t*)>;

std::string link_name(int link_type) {
  const char* name = ::pcap_datalink_val_to_name(link_type);
  return fmt::format("{} ({})", name ? name : "unknown", link_type);
}

Expected<Capture> open_capture(std::span<const std::uint8_t> file, std::string_view place) {
  if (file.empty()) {
    return error(Fault::bad_input, fmt::format("{}: 0 bytes are no capture file", place));
  }
  // "r" only reads, whatever the type of the pointer says.
  FILE* stream = ::fmemopen(const_cast<std::uint8_t*>(file.data()), file.size(), "r");
  if (!stream) {
    return error(Fault::system, fmt::format("{}: fmemopen: {}", place, ::strerror(errno)));
  }
  char reason[PCAP_ERRBUF_SIZE] = "";
  Capture capture(::pcap_fopen_offline(stream, reason), ::pcap_close);
  if (!capture) {
    ::fclose(stream);
    return error(Fault::bad_input, fmt::format("{}: not a capture file: {}", place, reason));
  }
  const int link_type = ::pcap_datalink(capture.get());
  if (link_type != DLT_EN10MB) {
    return error(Fault::unsupported, fmt::format("{}: link type {}, only {} is read", place,
                                                 link_name(link_type), link_name(DLT_EN10MB)));
  }
  return capture;
}

Expected<Record> record_of(const pcap_pkthdr& header, const std::uint8_t* data,
                           std::string_view place) {
  if (header.caplen != header.len) {
    return error(Fault::bad_input,
                 fmt::format("{}: only {} of {} bytes were captured (see tcpdump -s)", place,
                             header.caplen, header.len));
  }
  if (header.caplen > max_packet_bytes) {
    return error(Fault::limit, fmt::format("{}: {} bytes, the limit is {}", place, header.caplen,
                                           max_packet_bytes));
  }
  Record record;
  record.bytes.assign(data, data + header.caplen);
  record.time_microseconds =
      std::int64_t{header.ts.tv_sec} * microseconds_per_second + header.ts.tv_usec;
  return record;
}

}  // namespace

Expected<std::vector<Record>> parse_capture(std::span<const std::uint8_t> file,
                                            std::string_view place) {
  TRY(const Capture capture, open_capture(file, place));
  std::vector<Record> records;
  for (;;) {
    pcap_pkthdr* header = nullptr;
    const std::uint8_t* data = nullptr;
    const int got = ::pcap_next_ex(capture.get(), &header, &data);
    if (got == PCAP_ERROR_BREAK) return records;
    const std::string record_place = fmt::format("{}: record {}", place, records.size() + 1);
    if (got != 1) {
      return error(Fault::bad_input,
                   fmt::format("{}: {}", record_place, ::pcap_geterr(capture.get())));
    }
    if (records.size() == max_capture_packets) {
      return error(Fault::limit,
                   fmt::format("{}: more than {} records", place, max_capture_packets));
    }
    TRY(Record record, record_of(*header, data, record_place));
    records.push_back(std::move(record));
  }
}

Expected<std::string> print_capture(std::span<const Record> records) {
  const Capture capture(::pcap_open_dead(DLT_EN10MB, max_packet_bytes), ::pcap_close);
  char* buffer = nullptr;
  std::size_t size = 0;
  FILE* stream = capture ? ::open_memstream(&buffer, &size) : nullptr;
  if (!stream) {
    return error(Fault::system, fmt::format("a capture in memory: {}", ::strerror(errno)));
  }
  pcap_dumper_t* dumper = ::pcap_dump_fopen(capture.get(), stream);
  if (!dumper) {
    ::fclose(stream);
    ::free(buffer);
    return error(Fault::system, fmt::format("a capture: {}", ::pcap_geterr(capture.get())));
  }
  for (const Record& record : records) {
    pcap_pkthdr header{};
    header.ts.tv_sec = record.time_microseconds / microseconds_per_second;
    header.ts.tv_usec = record.time_microseconds % microseconds_per_second;
    header.caplen = header.len = static_cast<bpf_u_int32>(record.bytes.size());
    ::pcap_dump(reinterpret_cast<std::uint8_t*>(dumper), &header, record.bytes.data());
  }
  const bool flushed = ::pcap_dump_flush(dumper) == 0;
  ::pcap_dump_close(dumper);
  std::string contents(buffer, size);
  ::free(buffer);
  if (!flushed) return error(Fault::system, "a capture in memory: out of memory");
  return contents;
}

}  // namespace probity::packet
