# SPDX-License-Identifier: Apache-2.0
# Gates, costs and whole objects: hosted, with the live kernel.
# They are apart from the core, which needs no engine.
probity_library(opt_gates
  SOURCES
    cost.cpp
    cost_calibrate.cpp
    gate.cpp
    gate_inputs.cpp
    inline_calls.cpp
    kernel_contest.cpp
    kernel_gate.cpp
    kernel_gate_object.cpp
    kernel_time.cpp
    profile.cpp
    program_run.cpp
    whole_object.cpp
  USES opt equiv runtime runtime_kernel runtime_core packet report solver object program isa_bpf domain base
  LINKS fmt::fmt bpf elf z)
