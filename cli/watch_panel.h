// watch_panel.h: a view of a run as lines for a terminal, or as a sentence for a log.
//
// Pure. Names come from other people's files: what could steer a terminal is made harmless, and no
// line is wider than there are columns.
#pragma once

#include <string>
#include <vector>

#include "gridmill/engine/live_view.h"

namespace gridmill::cli {

// `head` is the line of progress. At most `rows` lines: where lanes are many, those that are at
// their work longest; where there is room for neither, slowest tasks and queues go first.
std::vector<std::string> watch_panel(const std::string& head, const LiveView& view, int columns,
                                     int rows);

// "CPU 187 % of 2 cores, memory 310 MiB of 512 MiB; reader 0: reading chunk c/0 of a.zarr (3.2 s);
// task 17 waits for memory: ..."
std::string watch_text(const LiveView& view);

}  // namespace gridmill::cli
