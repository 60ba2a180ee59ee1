// SPDX-License-Identifier: Apache-2.0
// SHA-256 against the examples of FIPS 180-2, appendix B.
#include "report/digest.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace probity::report {
namespace {

std::string of_text(std::string_view text) {
  return sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

TEST(Digest, ExamplesOfTheStandard) {
  EXPECT_EQ(of_text("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(of_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(of_text(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_base64("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

TEST(Digest, OfAFile) {
  const std::string path = testing::TempDir() + "probity_digest_test";
  std::ofstream(path) << "abc";
  const Expected<std::string> digest = sha256_of_file(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(digest) << digest.error().line();
  EXPECT_EQ(*digest, of_text("abc"));
  EXPECT_FALSE(sha256_of_file(path));
}

}  // namespace
}  // namespace probity::report
