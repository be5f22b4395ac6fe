# The codec pcodec: an optional part, the Rust crate pco behind a C interface (rust/pcodec).
#
# AUTO: where there is a cargo that is new enough, and the crates of Cargo.lock are there or can be
# fetched. That is tried once for a build folder and lock file. ON: it must be. OFF: left out, and
# the codec is refused by name.

set(GRIDMILL_PCODEC AUTO CACHE STRING "The codec pcodec, which takes cargo: AUTO, ON or OFF")
set_property(CACHE GRIDMILL_PCODEC PROPERTY STRINGS AUTO ON OFF)
set(GRIDMILL_PCODEC_FOLDER ${PROJECT_BINARY_DIR}/pcodec CACHE PATH
    "Where cargo builds it; build folders may share one")
mark_as_advanced(GRIDMILL_PCODEC_FOLDER)

set(pcodec_crate ${PROJECT_SOURCE_DIR}/rust/pcodec)
set(pcodec_manifest --manifest-path ${pcodec_crate}/Cargo.toml)

# `missing`: why it can't be built, or nothing.
function(gridmill_look_for_pcodec missing)
  find_program(GRIDMILL_CARGO cargo HINTS $ENV{CARGO_HOME}/bin $ENV{HOME}/.cargo/bin)
  mark_as_advanced(GRIDMILL_CARGO)
  file(STRINGS ${pcodec_crate}/Cargo.toml wanted REGEX "^rust-version")
  string(REGEX MATCH "[0-9.]+" wanted "${wanted}")
  if(NOT GRIDMILL_CARGO)
    set(${missing} "there is no cargo" PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND ${GRIDMILL_CARGO} --version OUTPUT_VARIABLE found ERROR_QUIET)
  string(REGEX MATCH "[0-9]+[.][0-9]+[.][0-9]+" found "${found}")
  if(NOT found VERSION_GREATER_EQUAL wanted)
    set(${missing} "cargo ${found} is older than ${wanted}" PARENT_SCOPE)
    return()
  endif()
  file(SHA256 ${pcodec_crate}/Cargo.lock lock)
  if(NOT "${GRIDMILL_PCODEC_TRIED}" MATCHES "^${lock} (yes|no)$" OR GRIDMILL_PCODEC STREQUAL ON)
    set(fetch ${GRIDMILL_CARGO} fetch --quiet --locked ${pcodec_manifest})
    execute_process(COMMAND ${fetch} --offline RESULT_VARIABLE status ERROR_QUIET)
    if(NOT status EQUAL 0)
      set(ENV{CARGO_NET_RETRY} 0)
      execute_process(COMMAND ${fetch} RESULT_VARIABLE status ERROR_QUIET TIMEOUT 20)
    endif()
    if(status EQUAL 0)
      set(GRIDMILL_PCODEC_TRIED "${lock} yes" CACHE INTERNAL "")
    else()
      set(GRIDMILL_PCODEC_TRIED "${lock} no" CACHE INTERNAL "")
    endif()
  endif()
  if("${GRIDMILL_PCODEC_TRIED}" MATCHES " no$")
    set(${missing} "cargo can't fetch its crates" PARENT_SCOPE)
  endif()
endfunction()

set(pcodec_missing "")
if(GRIDMILL_PCODEC)  # AUTO is true, too
  gridmill_look_for_pcodec(pcodec_missing)
  if(pcodec_missing AND NOT GRIDMILL_PCODEC STREQUAL AUTO)
    message(FATAL_ERROR "GRIDMILL_PCODEC: ${pcodec_missing}")
  endif()
else()
  set(pcodec_missing "GRIDMILL_PCODEC is OFF")
endif()

if(pcodec_missing)
  message(STATUS "Without the codec pcodec: ${pcodec_missing}")
  return()
endif()

set(pcodec_library ${GRIDMILL_PCODEC_FOLDER}/release/libgridmill_pcodec.a)
# Cargo leaves a library alone that is up to date, and so does the stamp of each build folder: what
# one folder builds must not make another link anew.
set(pcodec_stamp ${PROJECT_BINARY_DIR}/pcodec.stamp)
add_custom_command(
  OUTPUT ${pcodec_stamp}
  BYPRODUCTS ${pcodec_library}
  COMMAND ${CMAKE_COMMAND} -E env PCO_DISMISS_BUILD_WARNINGS=1
          ${GRIDMILL_CARGO} build --quiet --release --locked --offline ${pcodec_manifest}
          --target-dir ${GRIDMILL_PCODEC_FOLDER}
  COMMAND ${CMAKE_COMMAND} -E touch ${pcodec_stamp}
  DEPENDS ${pcodec_crate}/Cargo.toml ${pcodec_crate}/Cargo.lock ${pcodec_crate}/src/lib.rs
  COMMENT "Building the codec pcodec with cargo"
  VERBATIM)
add_custom_target(gridmill_pcodec_crate DEPENDS ${pcodec_stamp})
add_library(gridmill_pcodec STATIC IMPORTED GLOBAL)
set_target_properties(gridmill_pcodec PROPERTIES IMPORTED_LOCATION ${pcodec_library})
add_dependencies(gridmill_pcodec gridmill_pcodec_crate)
list(APPEND GRIDMILL_codec_LIBRARIES gridmill_pcodec ${CMAKE_DL_LIBS})

file(STRINGS ${pcodec_crate}/Cargo.toml pco_version REGEX "^pco ")
string(REGEX MATCH "[0-9]+[.][0-9]+[.][0-9]+" pco_version "${pco_version}")
set_source_files_properties(src/gridmill/codec/pcodec_library.cc
                            PROPERTIES COMPILE_DEFINITIONS "GRIDMILL_PCO_VERSION=\"${pco_version}\"")
