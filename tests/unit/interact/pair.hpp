// SPDX-License-Identifier: Apache-2.0
// Two programs written as text, and the answers of the sets and of the exploration about them.
// Every pair is asked both ways: what the sets prove, the exploration must find as well.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "corpus/check_case.hpp"
#include "interact/chain_run.hpp"
#include "interact/disjoint.hpp"
#include "interact/order.hpp"

namespace probity::interact {

inline object::Image program(std::string_view text, std::string_view type = "xdp") {
  const std::string file = fmt::format(
      "# a program of a pair\n-- spec\ntype {}\nmap table hash 4 8 16\nmap slots array 4 8 4\n"
      "map recent lru_hash 4 8 16\nmap ports devmap 4 4 8\n"
      "map outer array_of_maps 4 4 4\nmap inner array 4 8 2\ninner 4 5\n-- kernel-asm\n{}-- "
      "expect\nproved\n",
      type, text);
  const auto data = corpus::parse_data_file(file, "pair");
  EXPECT_TRUE(data) << data.error().line();
  auto check = corpus::read_check_case(*data);
  EXPECT_TRUE(check) << check.error().line();
  return std::move(check->image);
}

inline std::vector<Subject> subjects_of(std::string_view a, std::string_view b,
                                        std::string_view type = "xdp") {
  std::vector<object::Image> images;
  images.push_back(program(a, type));
  images.push_back(program(b, type));
  const std::vector<std::string> files{"a.o", "b.o"};
  auto subjects = make_subjects(std::move(images), files, {});
  EXPECT_TRUE(subjects) << subjects.error().line();
  return *std::move(subjects);
}

struct PairAnswer {
  Disjointness sets;
  Order order;
  std::string replay;  ///< of a difference on the interpreter: "reproduced", or what else it was
};

inline PairAnswer ask(std::string_view a, std::string_view b, Chain chain = Chain::pass,
                      std::string_view type = "xdp") {
  const std::vector<Subject> subjects = subjects_of(a, b, type);
  PairAnswer answer;
  term::Store store;
  symex::Options options;
  options.max_packet = 128;
  options.solver.external = solver::External::none;
  auto first = explore_footprint(subjects[0], options, store);
  auto second = explore_footprint(subjects[1], options, store);
  EXPECT_TRUE(first && second);
  if (!first || !second) return answer;
  for (const Footprint* footprint : {&*first, &*second}) {
    for (const auto& unknown : footprint->exploration.unknowns) ADD_FAILURE() << unknown.reason;
    for (const auto& finding : footprint->exploration.findings) ADD_FAILURE() << finding.text;
  }
  answer.sets = check_disjoint(*first, *second, chain, store, options.solver);
  auto order = compare_orders(subjects[0], subjects[1], chain, options);
  EXPECT_TRUE(order) << order.error().line();
  if (!order) return answer;
  answer.order = *std::move(order);
  if (!answer.order.difference) return answer;
  const OrderReplay replay =
      replay_orders(runtime::EngineKind::interp, subjects[0], subjects[1], chain, answer.order);
  answer.replay =
      replay.replayed.outcome == symex::Outcome::reproduced ? "reproduced" : replay.replayed.text;
  return answer;
}

/// "sets": proved by them. "exploration": the sets overlap, yet both orders agree. Otherwise the
/// observable in which they differ, replayed.
inline std::string how(const PairAnswer& answer) {
  if (answer.sets.proved) {
    return answer.order.verdict == OrderVerdict::commute ? "sets" : "sets, but not by exploration";
  }
  switch (answer.order.verdict) {
    case OrderVerdict::commute: return "exploration";
    case OrderVerdict::unknown: return "unknown: " + answer.order.unknowns.front();
    case OrderVerdict::differ: break;
  }
  if (answer.replay != "reproduced") return "not replayed: " + answer.replay;
  return answer.order.difference->observable;
}

inline std::string how(std::string_view a, std::string_view b, Chain chain = Chain::pass,
                       std::string_view type = "xdp") {
  return how(ask(a, b, chain, type));
}

}  // namespace probity::interact
