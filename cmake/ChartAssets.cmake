# Bundles the reports' chart library into gridmill_jobs (gridmill/jobs/chart_assets.h).
# The library comes from npm (web/package-lock.json pins it) and is never committed.

set(chart_folder ${PROJECT_SOURCE_DIR}/web/node_modules/uplot/dist)
set(chart_js ${chart_folder}/uPlot.iife.min.js)
set(chart_css ${chart_folder}/uPlot.min.css)
foreach(file IN ITEMS ${chart_js} ${chart_css})
  if(NOT EXISTS ${file})
    message(FATAL_ERROR "The chart library is not installed (${file} is missing): run `make setup`")
  endif()
endforeach()

set(GRIDMILL_CHART_SOURCE ${PROJECT_BINARY_DIR}/generated/chart_assets.cc)
set(chart_script ${CMAKE_CURRENT_LIST_DIR}/embed_chart_assets.cmake)
add_custom_command(
  OUTPUT ${GRIDMILL_CHART_SOURCE}
  COMMAND ${CMAKE_COMMAND} -DJS=${chart_js} -DCSS=${chart_css} -DOUT=${GRIDMILL_CHART_SOURCE}
          -P ${chart_script}
  DEPENDS ${chart_js} ${chart_css} ${chart_script}
  COMMENT "Embedding the chart library"
  VERBATIM)
