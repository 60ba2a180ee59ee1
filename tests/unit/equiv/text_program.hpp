// SPDX-License-Identifier: Apache-2.0
// Programs of these tests as text: the settings and the insns of a file of tests/corpus/check.
#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "corpus/check_case.hpp"

namespace probity::equiv {

/// `settings` as in corpus/check_case.hpp, one a line.
inline object::Image text_program(std::string_view settings, std::string_view insns) {
  const std::string file = "# a program\n-- spec\n" + std::string(settings) + "-- kernel-asm\n" +
                           std::string(insns) + "-- expect\nproved\n";
  const auto data = corpus::parse_data_file(file, "text");
  EXPECT_TRUE(data) << data.error().line();
  auto check = corpus::read_check_case(*data);
  EXPECT_TRUE(check) << check.error().line();
  return std::move(check->image);
}

}  // namespace probity::equiv
