// SPDX-License-Identifier: Apache-2.0
// What `probity opt` did to each program: what it cost before and after, what each gate said, the
// change of the bytecode side by side with the rules behind it, and what was undone and why. For
// people, and the same as JSON.
#pragma once

#include "cli/verb.hpp"
#include "opt/whole_object.hpp"
#include "report/document.hpp"

namespace probity::cli {

class OptReport {
 public:
  OptReport(report::Document& document, const object::Object& object,
            const opt::ObjectRequest& request)
      : document_(document), object_(object), request_(request) {}

  Expected<void> program(const opt::ProgramResult& result);
  void totals(const opt::ObjectResult& result);

 private:
  void costs(const opt::ProgramResult& result, report::Json& row);
  void gates(const opt::ProgramResult& result, report::Json& row);
  Expected<void> changes(const opt::ProgramResult& result, report::Json& row);
  void undone(const opt::ProgramResult& result, report::Json& row);

  report::Document& document_;
  const object::Object& object_;
  const opt::ObjectRequest& request_;
};

/// The status: a proof that an engine contradicts is a bug, a gate that does not know makes all
/// unknown.
Outcome outcome_of(const opt::ObjectResult& result);

}  // namespace probity::cli
