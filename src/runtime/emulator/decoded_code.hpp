// SPDX-License-Identifier: Apache-2.0
// DecodedCode: the instructions of the added code by address, each decoded once, when it is first
// reached. Code is written before it is added, so nothing watches for changes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace probity::runtime {

template <typename Target>
class DecodedCode {
 public:
  using Insn = typename Target::Insn;

  void add(std::span<const std::uint8_t> code) {
    const std::uint64_t start = reinterpret_cast<std::uint64_t>(code.data());
    std::erase_if(pieces_, [&](const Piece& piece) {
      return start < piece.start + piece.bytes.size() && piece.start < start + code.size();
    });
    pieces_.push_back({start, code, std::vector<std::uint32_t>(code.size(), unknown)});
    latest_ = pieces_.size() - 1;
  }

  bool contains(std::uint64_t pc) { return find(pc); }
  /// The instruction at an address of the code; null when its bytes are none. Valid until the next
  /// call.
  const Insn* at(std::uint64_t pc) {
    if (!find(pc)) return nullptr;
    Piece& piece = pieces_[latest_];
    std::uint32_t& index = piece.index[pc - piece.start];
    if (index == unknown) {
      const std::optional<Insn> insn = Target::decode(piece.bytes.subspan(pc - piece.start));
      if (!insn) return nullptr;
      index = static_cast<std::uint32_t>(insns_.size());
      insns_.push_back(*insn);
    }
    return &insns_[index];
  }
  /// Where the code that holds `pc` starts.
  std::uint64_t start_of(std::uint64_t pc) { return find(pc) ? pieces_[latest_].start : pc; }

 private:
  static constexpr std::uint32_t unknown = ~std::uint32_t{0};
  struct Piece {
    std::uint64_t start;
    std::span<const std::uint8_t> bytes;
    std::vector<std::uint32_t> index;  ///< by byte offset: into insns_, or unknown
  };

  /// Makes the piece that holds `pc` the latest one.
  bool find(std::uint64_t pc) {
    const auto holds = [pc](const Piece& p) { return pc - p.start < p.bytes.size(); };
    if (latest_ < pieces_.size() && holds(pieces_[latest_])) return true;
    const auto found = std::find_if(pieces_.begin(), pieces_.end(), holds);
    if (found == pieces_.end()) return false;
    latest_ = static_cast<std::size_t>(found - pieces_.begin());
    return true;
  }

  std::vector<Piece> pieces_;
  std::vector<Insn> insns_;
  std::size_t latest_ = 0;
};

}  // namespace probity::runtime
