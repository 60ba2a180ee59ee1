// SPDX-License-Identifier: Apache-2.0
// See whole_object.hpp.
#include "opt/whole_object.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "object/write.hpp"
#include "opt/kernel_gate_object.hpp"

namespace probity::opt {
namespace {

using object::Object;

class ObjectRun {
 public:
  ObjectRun(const Object& object, const ObjectRequest& request)
      : object_(object), request_(request) {}

  Expected<ObjectResult> run() {
    optimize_programs();
    TRY(write());
    if (request_.program.kernel == KernelCheck::yes && load_fails()) TRY(write());
    return std::move(result_);
  }

 private:
  void optimize_programs() {
    const std::map<std::uint32_t, std::size_t> users = users_of_functions();
    for (const object::Program& program : object_.programs) {
      if (request_.progress)
        request_.progress(program.name, result_.programs.size(), object_.programs.size());
      if (object::is_companion(program.section)) {
        ProgramResult kept;
        kept.program = &program;
        kept.kept = "a specification, not a program";
        result_.programs.push_back(std::move(kept));
        continue;
      }
      std::vector<std::uint32_t> shared;
      for (std::uint32_t i = 0; i < program.functions.size(); ++i)
        if (users.at(program.functions[i]) > 1) shared.push_back(i);
      result_.programs.push_back(optimize_program(object_, program, request_.program, shared));
      for (const std::uint32_t i : shared) {
        result_.programs.back().notes.push_back(
            fmt::format("{} keeps its code: several programs share it", program.subprogs[i].name));
      }
    }
  }

  /// How many programs have each function.
  std::map<std::uint32_t, std::size_t> users_of_functions() const {
    std::map<std::uint32_t, std::size_t> users;
    for (const object::Program& program : object_.programs)
      for (const std::uint32_t function : program.functions) ++users[function];
    return users;
  }

  /// The file with every program that has new code. When that is refused, programs are added one
  /// by one; one that cannot be written keeps its own.
  Expected<void> write() {
    object::Edit edit(object_);
    const auto all = written_with_all();
    if (all) {
      result_.bytes = *all;
      return read_again();
    }
    result_.bytes = *object_.elf.bytes;
    for (ProgramResult& program : result_.programs) {
      if (!program.is_changed()) continue;
      object::Edit next = edit;
      const Expected<void> added = add(next, program);
      const auto written = added ? object::write(next) : std::unexpected(added.error());
      if (!written) {
        program.keep_old("it cannot be written: " + std::string(written.error().line()));
        continue;
      }
      edit = next;
      result_.bytes = *written;
    }
    return read_again();
  }

  Expected<std::vector<std::uint8_t>> written_with_all() const {
    object::Edit edit(object_);
    for (const ProgramResult& program : result_.programs) {
      if (!program.is_changed()) continue;
      TRY(add(edit, program));
    }
    if (edit.functions().empty()) return *object_.elf.bytes;
    return object::write(edit);
  }

  Expected<void> add(object::Edit& edit, const ProgramResult& program) const {
    TRY(const object::LinkedEdit linked, program.after->edit());
    TRY(const auto functions, object::unlink_edit(object_, *program.program, linked));
    for (const object::FunctionEdit& function : functions) {
      TRY(edit.replace(function));
    }
    return {};
  }

  /// What is in the file is what passed the gates.
  Expected<void> read_again() const {
    TRY(const Object again, object::read(result_.bytes, object_.name, request_.read));
    if (again.programs.size() != object_.programs.size())
      return error(Fault::bug, fmt::format("{}: the output has {} programs, not {}", object_.name,
                                           again.programs.size(), object_.programs.size()));
    for (std::size_t i = 0; i < result_.programs.size(); ++i) {
      if (!result_.programs[i].after) continue;
      TRY(const std::vector<bpf::Slot> slots, result_.programs[i].after->slots());
      if (slots != again.programs[i].slots)
        return error(Fault::bug, fmt::format("{}: {}: the output does not hold the proved code",
                                             object_.name, again.programs[i].name));
    }
    return {};
  }

  std::vector<NamedProgram> named(const std::vector<std::size_t>& indexes) const {
    std::vector<NamedProgram> programs;
    for (const std::size_t i : indexes) {
      const object::Program& program = *result_.programs[i].program;
      program::ProgType type = program.type.type;
      if (type == program::ProgType::unspec && request_.program.type) type = *request_.program.type;
      programs.push_back({std::string(program.name), std::string(program.section), type});
    }
    return programs;
  }

  /// Programs that libbpf loads from the input, and no longer from the output, keep their code.
  bool load_fails() {
    std::vector<std::size_t> changed;
    for (std::size_t i = 0; i < result_.programs.size(); ++i)
      if (result_.programs[i].is_changed()) changed.push_back(i);
    const std::vector<std::string> before = load_by_libbpf(*object_.elf.bytes, named(changed));
    std::vector<std::size_t> loaded;
    for (std::size_t k = 0; k < changed.size(); ++k) {
      ProgramResult& program = result_.programs[changed[k]];
      if (before[k].empty()) {
        loaded.push_back(changed[k]);
      } else {
        program.gates.push_back(
            {"libbpf", GateVerdict::not_applicable, "the input does not load by it: " + before[k]});
      }
    }
    const std::vector<std::string> after = load_by_libbpf(result_.bytes, named(loaded));
    bool failed = false;
    for (std::size_t k = 0; k < loaded.size(); ++k) {
      ProgramResult& program = result_.programs[loaded[k]];
      const bool loads = after[k].empty();
      program.gates.push_back({"libbpf", loads ? GateVerdict::passed : GateVerdict::failed,
                               loads ? "the output loads" : after[k]});
      if (!loads) program.keep_old("libbpf: " + after[k]);
      failed = failed || !loads;
    }
    return failed;
  }

  const Object& object_;
  const ObjectRequest& request_;
  ObjectResult result_;
};

}  // namespace

Expected<ObjectResult> optimize_object(const Object& object, const ObjectRequest& request) {
  return ObjectRun(object, request).run();
}

}  // namespace probity::opt
