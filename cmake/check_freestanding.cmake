# SPDX-License-Identifier: Apache-2.0
# The freestanding link check: partially links INPUTS (archives taken whole, objects) into OUTPUT, then fails on
# any undefined symbol beyond the four memory functions that a compiler may call, and on any constructor that
# would have to run before main. Run by cmake/freestanding.cmake and, on bad samples, by tests/freestanding.
cmake_minimum_required(VERSION 3.25)

set(allowed memcpy memmove memset memcmp)

execute_process(
  COMMAND ${COMPILER} -nostdlib -r -Wl,--whole-archive ${INPUTS} -Wl,--no-whole-archive -o ${OUTPUT}
  RESULT_VARIABLE status ERROR_VARIABLE message)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "freestanding: partial link failed: ${message}")
endif()

execute_process(COMMAND ${NM} --undefined-only --format=posix ${OUTPUT}
  OUTPUT_VARIABLE listing COMMAND_ERROR_IS_FATAL ANY)
string(REGEX REPLACE "\n+$" "" listing "${listing}")
string(REPLACE "\n" ";" lines "${listing}")
set(unexpected "")
foreach(line ${lines})
  string(REGEX REPLACE " .*" "" symbol "${line}")
  if(NOT symbol IN_LIST allowed AND NOT symbol STREQUAL "_GLOBAL_OFFSET_TABLE_")
    list(APPEND unexpected ${symbol})
  endif()
endforeach()
if(unexpected)
  list(JOIN unexpected ", " names)
  message(FATAL_ERROR "freestanding: undefined symbols: ${names}; allowed are: ${allowed}")
endif()

execute_process(COMMAND ${READELF} --wide --section-headers ${OUTPUT}
  OUTPUT_VARIABLE sections COMMAND_ERROR_IS_FATAL ANY)
if(sections MATCHES "\\.(init_array|ctors)[^\n]*")
  message(FATAL_ERROR "freestanding: a global needs a constructor at start-up: section ${CMAKE_MATCH_0}")
endif()
message(STATUS "freestanding: links with nothing undefined but the memory functions")
