# SPDX-License-Identifier: Apache-2.0
# Links every core library of the freestanding build together and demands that nothing is left to resolve
# but what any machine provides. Part of `all`, so building the preset is the check.
get_property(core_libraries GLOBAL PROPERTY PROBITY_CORE_LIBRARIES)
set(archives "")
foreach(library ${core_libraries})
  list(APPEND archives $<TARGET_FILE:${library}>)
endforeach()

add_custom_target(freestanding_link_check ALL
  COMMAND ${CMAKE_COMMAND} -DCOMPILER=${CMAKE_CXX_COMPILER} -DNM=${CMAKE_NM} -DREADELF=${CMAKE_READELF}
    "-DINPUTS=${archives}" -DOUTPUT=${CMAKE_BINARY_DIR}/freestanding.o
    -P ${PROJECT_SOURCE_DIR}/cmake/check_freestanding.cmake
  DEPENDS ${core_libraries}
  VERBATIM)
