# A room is a folder of src/gridmill and one static library, gridmill_<room>. It may use the rooms
# above it in src/gridmill/rooms.txt, where alone their order stands; tools/check_includes.py reads
# the same file and looks at the #include lines.

set(GRIDMILL_ROOMS_FILE ${PROJECT_SOURCE_DIR}/src/gridmill/rooms.txt)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${GRIDMILL_ROOMS_FILE})
file(STRINGS ${GRIDMILL_ROOMS_FILE} GRIDMILL_ROOMS)

set(generated ${PROJECT_BINARY_DIR}/generated)
configure_file(${CMAKE_CURRENT_LIST_DIR}/version.h.in ${generated}/gridmill/base/version.h @ONLY)

# gridmill_add_rooms(): the targets gridmill_<room> in order, and gridmill_rooms for all of them.
function(gridmill_add_rooms)
  set(above)
  foreach(room IN LISTS GRIDMILL_ROOMS)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/gridmill/${room}/*.cc)
    if(room STREQUAL jobs)
      list(APPEND sources ${GRIDMILL_CHART_SOURCE})
    endif()
    set(target gridmill_${room})
    if(sources)
      add_library(${target} STATIC ${sources})
      gridmill_own_code(${target})
      set(scope PUBLIC)
    else()
      add_library(${target} INTERFACE)  # headers only, or nothing yet
      set(scope INTERFACE)
    endif()
    target_include_directories(${target} ${scope} ${PROJECT_SOURCE_DIR}/src ${generated})
    target_link_libraries(${target} ${scope} ${above} ${GRIDMILL_${room}_LIBRARIES})
    list(PREPEND above ${target})  # static libraries link from the top down
  endforeach()
  add_library(gridmill_rooms INTERFACE)
  target_link_libraries(gridmill_rooms INTERFACE ${above})
endfunction()
