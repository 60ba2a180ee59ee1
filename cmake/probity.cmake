# SPDX-License-Identifier: Apache-2.0
# Flags shared by every target, and the two functions that declare a folder: probity_library for the
# hosted half, probity_core_library for what must also build freestanding.

add_library(probity_flags INTERFACE)
target_include_directories(probity_flags INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
target_compile_options(probity_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wimplicit-fallthrough -Werror=return-type -Werror=switch)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(probity_flags INTERFACE -Wno-restrict) # GCC bug 105329: false alarm on `"x" + std::to_string(n)`
  # g++ 12 believes that a comparison of two std::vector<std::uint8_t> may take their length to be negative.
  target_compile_options(probity_flags INTERFACE -Wno-stringop-overread)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12's stable_sort uses its own deprecated buffer, and clang says so at every call.
  target_compile_options(probity_flags INTERFACE -Wno-deprecated-declarations)
endif()
if(PROBITY_SANITIZE)
  target_compile_options(probity_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(probity_flags INTERFACE -fsanitize=address,undefined)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 sees through instrumented std::variant moves badly; plain builds keep the warning.
    target_compile_options(probity_flags INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
if(PROBITY_FUZZ)
  target_compile_options(probity_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_compile_definitions(probity_flags INTERFACE PROBITY_FUZZ)
endif()

# A folder of the hosted library.
#   probity_library(term SOURCES a.cpp b.cpp USES domain base)
function(probity_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;LINKS" ${ARGN})
  if(PROBITY_FREESTANDING)
    return()
  endif()
  add_library(probity_${name} STATIC ${arg_SOURCES})
  list(TRANSFORM arg_USES PREPEND probity_)
  target_link_libraries(probity_${name} PUBLIC probity_flags ${arg_USES} PRIVATE ${arg_LINKS})
endfunction()

# A folder that must also build freestanding: no heap, exceptions, RTTI, iostream or threads.
function(probity_core_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES" ${ARGN})
  add_library(probity_${name} STATIC ${arg_SOURCES})
  list(TRANSFORM arg_USES PREPEND probity_)
  target_link_libraries(probity_${name} PUBLIC probity_flags ${arg_USES})
  target_compile_options(probity_${name} PRIVATE -fno-exceptions -fno-rtti)
  set_property(GLOBAL APPEND PROPERTY PROBITY_CORE_LIBRARIES probity_${name})
  if(PROBITY_FREESTANDING)
    target_compile_options(probity_${name} PRIVATE -ffreestanding -fno-threadsafe-statics -fno-asynchronous-unwind-tables)
  endif()
endfunction()
