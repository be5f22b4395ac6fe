# Parquet, through Arrow: an optional part, libgridmill_parquet.so, which the command loads when a
# table is to be a Parquet file. So nothing else pays for Arrow's start, and nothing else needs it.
#
# An installed Arrow is preferred; else the one inside the pyarrow wheel of .venv (`make setup`),
# found through that Python. AUTO: where there is one. ON: it must be. OFF: left out.

set(GRIDMILL_PARQUET AUTO CACHE STRING "Parquet tables, which take Arrow: AUTO, ON or OFF")
set_property(CACHE GRIDMILL_PARQUET PROPERTY STRINGS AUTO ON OFF)

# Sets arrow_libraries, arrow_includes and arrow_folder in the caller; nothing where there is none.
function(gridmill_find_arrow)
  find_package(Parquet CONFIG QUIET)
  if(TARGET Parquet::parquet_shared)
    set(arrow_libraries Parquet::parquet_shared PARENT_SCOPE)
    return()
  endif()
  set(python ${PROJECT_SOURCE_DIR}/.venv/bin/python)
  if(NOT EXISTS ${python})
    return()
  endif()
  execute_process(
    COMMAND ${python} -c
            "import pyarrow as p; print(p.get_include(), p.get_library_dirs()[0], p.cpp_build_info.so_version, sep=';')"
    OUTPUT_VARIABLE found RESULT_VARIABLE status ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT status EQUAL 0)
    return()
  endif()
  list(GET found 0 includes)
  list(GET found 1 folder)
  list(GET found 2 version)
  set(arrow_includes ${includes} PARENT_SCOPE)
  set(arrow_folder ${folder} PARENT_SCOPE)
  set(arrow_libraries ${folder}/libparquet.so.${version} ${folder}/libarrow.so.${version}
      PARENT_SCOPE)
endfunction()

if(GRIDMILL_PARQUET)  # AUTO is true, too
  gridmill_find_arrow()
  if(NOT arrow_libraries AND NOT GRIDMILL_PARQUET STREQUAL AUTO)
    message(FATAL_ERROR "GRIDMILL_PARQUET: there is no Arrow (libarrow, or pyarrow in .venv)")
  endif()
endif()
if(NOT arrow_libraries)
  message(STATUS "Without Parquet: there is no Arrow, or GRIDMILL_PARQUET is OFF")
  return()
endif()

add_library(gridmill_parquet SHARED parquet/parquet_plugin.cc parquet/rows_copy.cc)
gridmill_own_code(gridmill_parquet none)
target_compile_features(gridmill_parquet PRIVATE cxx_std_20)
target_include_directories(gridmill_parquet PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_include_directories(gridmill_parquet SYSTEM PRIVATE ${arrow_includes})
target_link_libraries(gridmill_parquet PRIVATE ${arrow_libraries})
set_target_properties(
  gridmill_parquet PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
                              INSTALL_RPATH "${arrow_folder}" UNITY_BUILD OFF)
install(TARGETS gridmill_parquet LIBRARY DESTINATION bin COMPONENT command)
