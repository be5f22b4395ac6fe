# Headers of others that nearly every file includes, compiled once: a file that takes 2.9 s or 3.9 s to
# compile without them takes 1.9 s or 2.4 s. None of ours is among them, so that no change of
# the project makes them anew; and every file names what it uses, because clang-tidy (tools/lint.py)
# compiles it without them.

set(GRIDMILL_PRECOMPILED
    <algorithm> <array> <atomic> <chrono> <cmath> <condition_variable> <cstdint> <cstring>
    <functional> <limits> <map> <memory> <mutex> <optional> <set> <span> <sstream> <string>
    <string_view> <thread> <tuple> <unordered_map> <utility> <variant> <vector>
    <fmt/format.h> <fmt/ranges.h> <nlohmann/json.hpp>)

# gridmill_precompile(TARGET HEADER...): TARGET holds the compiled headers for others of the same
# compiler options. What the compiler makes of them differs from folder to folder; ccache takes a
# digest of the headers' text instead, so that a fresh clone finds what another has compiled.
function(gridmill_precompile target)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${target}.dir)
  if(NOT EXISTS ${folder}/empty.cc)
    file(WRITE ${folder}/empty.cc "")
  endif()
  add_library(${target} STATIC ${folder}/empty.cc)
  target_link_libraries(${target} PUBLIC ${GRIDMILL_base_LIBRARIES})
  gridmill_own_code(${target} none)  # the options must be theirs, to the last one
  target_precompile_headers(${target} PRIVATE ${ARGN})
  list(TRANSFORM ARGN PREPEND "#include " OUTPUT_VARIABLE lines)
  list(JOIN lines "\n" text)
  file(WRITE ${folder}/all.hh "${text}\n")
  separate_arguments(flags UNIX_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${CMAKE_BUILD_TYPE}}")
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -std=c++20 -E -P -x c++ ${folder}/all.hh
                  OUTPUT_VARIABLE preprocessed COMMAND_ERROR_IS_FATAL ANY)
  string(SHA256 digest "${CMAKE_CXX_COMPILER_VERSION} ${flags} ${preprocessed}")
  foreach(kind gch pch)
    file(WRITE ${folder}/cmake_pch.hxx.${kind}.sum "${digest}\n")
  endforeach()
endfunction()
