// The chart library (uPlot) that every offline report carries inside its one HTML page.
//
// The text is bundled into the binary at build time from web/node_modules
// (cmake/ChartAssets.cmake); it is never read from disk at run time. The views are valid for the
// life of the program; any thread may call; nothing is thrown.
#pragma once

#include <string_view>

namespace gridmill {

// JavaScript that defines the global `uPlot`: goes between <script> and </script> as it is.
std::string_view chart_library_js();

// Its style sheet: goes between <style> and </style> as it is.
std::string_view chart_library_css();

}  // namespace gridmill
