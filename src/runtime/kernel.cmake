# SPDX-License-Identifier: Apache-2.0
# The live-kernel engine: hosted, needs bpf(2). It is apart from the interpreter, which also builds
# freestanding.
if(NOT PROBITY_FREESTANDING)
  find_package(fmt REQUIRED)
endif()
probity_library(runtime_kernel
  SOURCES kernel_syscall.cpp kernel_network.cpp kernel_map.cpp kernel_btf.cpp kernel_load.cpp kernel_test_run.cpp
    kernel_ctx.cpp kernel_engine.cpp kernel_bare.cpp
  USES runtime runtime_core program base
  LINKS fmt::fmt bpf elf z)
