// SPDX-License-Identifier: Apache-2.0
// See whole_object.hpp.
#include "opt/whole_object.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

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
    result_.programs.resize(object_.programs.size());
    std::vector<std::size_t> all(object_.programs.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    optimize_programs(all);
    settle_shared();
    TRY(write());
    if (request_.program.kernel == KernelCheck::yes && load_fails()) TRY(write());
    return std::move(result_);
  }

 private:
  void optimize_programs(const std::vector<std::size_t>& indexes) {
    for (const std::size_t i : indexes) {
      const object::Program& program = object_.programs[i];
      if (request_.progress) request_.progress(program.name, i, object_.programs.size());
      ProgramResult& result = result_.programs[i];
      if (object::is_companion(program.section)) {
        result.program = &program;
        result.kept = "a specification, not a program";
        continue;
      }
      std::vector<std::uint32_t> frozen;
      for (std::uint32_t k = 0; k < program.functions.size(); ++k)
        if (frozen_.contains(program.functions[k])) frozen.push_back(k);
      result = optimize_program(object_, program, request_.program, frozen);
      for (const std::uint32_t k : frozen) {
        result.notes.push_back(fmt::format("{} keeps its code: programs that share it differ",
                                           program.subprogs[k].name));
      }
    }
  }

  /// A function of several programs has one code in the file. Mostly they come to the same; where
  /// they do not, it keeps the code that it had, and they are optimized again.
  void settle_shared() {
    for (;;) {
      const std::set<std::uint32_t> differ = conflicts();
      if (differ.empty()) return;
      frozen_.insert(differ.begin(), differ.end());
      std::vector<std::size_t> again;
      for (std::size_t i = 0; i < object_.programs.size(); ++i) {
        const auto& functions = object_.programs[i].functions;
        const bool has = std::ranges::any_of(
            functions, [&](std::uint32_t function) { return differ.contains(function); });
        if (has && result_.programs[i].is_changed()) again.push_back(i);
      }
      optimize_programs(again);
    }
  }

  /// Functions of which not all programs that have them made the same.
  std::set<std::uint32_t> conflicts() {
    std::map<std::uint32_t, object::FunctionEdit> first;
    std::set<std::uint32_t> differ;
    for (ProgramResult& program : result_.programs) {
      const std::map<std::uint32_t, object::FunctionEdit> edits = edits_of(program);
      for (const std::uint32_t function : program.program->functions) {
        if (!calls(program, function)) continue;
        const auto edited = edits.find(function);
        object::FunctionEdit edit =
            edited == edits.end() ? object::keep_function(object_, function) : edited->second;
        const auto [place, is_new] = first.emplace(function, edit);
        if (!is_new && place->second != edit) differ.insert(function);
      }
    }
    return differ;
  }

  /// Is the function still part of the program? Not when its code went into its callers.
  static bool calls(const ProgramResult& program, std::uint32_t function) {
    if (!program.after) return true;
    const std::size_t count = program.after->subprog_starts().size() - 1;
    for (std::uint32_t i = 0; i < count; ++i)
      if (program.program->functions[program.after->linked_subprog(i)] == function) return true;
    return false;
  }

  /// By function; those that are as they were are absent.
  std::map<std::uint32_t, object::FunctionEdit> edits_of(ProgramResult& program) const {
    std::map<std::uint32_t, object::FunctionEdit> edits;
    if (!program.is_changed()) return edits;
    auto functions = functions_of(program);
    if (!functions) {
      program.keep_old("it cannot be written: " + std::string(functions.error().line()));
      return edits;
    }
    for (object::FunctionEdit& edit : *functions) {
      const std::uint32_t function = edit.function;
      edits.emplace(function, std::move(edit));
    }
    return edits;
  }

  Expected<std::vector<object::FunctionEdit>> functions_of(const ProgramResult& program) const {
    TRY(const object::LinkedEdit linked, program.after->edit());
    return object::unlink_edit(object_, *program.program, linked);
  }

  /// A program keeps its code, and with it those that share a function with it.
  void keep(ProgramResult& program, const std::string& why) {
    program.keep_old(why);
    for (ProgramResult& other : result_.programs) {
      const bool shares =
          other.is_changed() &&
          std::ranges::any_of(other.program->functions, [&](std::uint32_t function) {
            return std::ranges::count(program.program->functions, function) != 0;
          });
      if (shares) keep(other, fmt::format("{} keeps its code: {}", program.program->name, why));
    }
  }

  /// The file with every program that has new code. One that cannot be written keeps its own.
  Expected<void> write() {
    for (;;) {
      auto all = written_with_all();
      if (all) {
        result_.bytes = *std::move(all);
        return read_again();
      }
      TRY(const std::size_t culprit, first_unwritable());
      keep(result_.programs[culprit], "it cannot be written: " + std::string(all.error().line()));
    }
  }

  /// The first program with which those before it cannot be written.
  Expected<std::size_t> first_unwritable() const {
    object::Edit edit(object_);
    for (std::size_t i = 0; i < result_.programs.size(); ++i) {
      if (!result_.programs[i].is_changed()) continue;
      if (!add(edit, result_.programs[i]) || !object::write(edit)) return i;
    }
    return error(Fault::bug,
                 fmt::format("{}: written with each program, but not with all", object_.name));
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
    TRY(const auto functions, functions_of(program));
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
      if (!loads) keep(program, "libbpf: " + after[k]);
      failed = failed || !loads;
    }
    return failed;
  }

  const Object& object_;
  const ObjectRequest& request_;
  ObjectResult result_;
  std::set<std::uint32_t> frozen_;  // functions that keep their code
};

}  // namespace

Expected<ObjectResult> optimize_object(const Object& object, const ObjectRequest& request) {
  return ObjectRun(object, request).run();
}

}  // namespace probity::opt
