// SPDX-License-Identifier: Apache-2.0
// See digest.hpp.
#include "report/digest.hpp"

#include <openssl/evp.h>

#include <array>

#include "base/check.hpp"
#include "report/file.hpp"
#include "report/json.hpp"

namespace probity::report {
namespace {

constexpr std::size_t digest_bytes = 32;
constexpr std::size_t base64_bytes = 44;

std::array<std::uint8_t, digest_bytes> sha256(std::span<const std::uint8_t> bytes) {
  std::array<std::uint8_t, digest_bytes> digest{};
  unsigned size = 0;
  const int done =
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  PROBITY_CHECK(done == 1 && size == digest_bytes);
  return digest;
}

}  // namespace

std::string sha256_hex(std::span<const std::uint8_t> bytes) {
  return report::hex(sha256(bytes));
}

std::string sha256_base64(std::string_view text) {
  const auto digest = sha256({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  std::array<std::uint8_t, base64_bytes + 1> encoded{};
  const int length = EVP_EncodeBlock(encoded.data(), digest.data(), digest_bytes);
  PROBITY_CHECK(length == static_cast<int>(base64_bytes));
  return std::string(encoded.begin(), encoded.begin() + base64_bytes);
}

Expected<std::string> sha256_of_file(const std::string& path) {
  TRY(const std::vector<std::uint8_t> bytes, report::read_input(path, report::max_input_bytes));
  return sha256_hex(bytes);
}

}  // namespace probity::report
