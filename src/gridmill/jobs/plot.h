// plot.h: the page that `extract --plot` writes: charts of the curves and a table of the points.
//
// One HTML file that needs nothing else: the chart library, the style and the data are inside.
// Whatever comes out of files is escaped, so that an attribute can't become markup or script.
#pragma once

#include <string>
#include <vector>

#include "gridmill/jobs/extract_input.h"
#include "gridmill/jobs/plot_series.h"
#include "gridmill/sink/table_sink.h"

namespace gridmill {

// The rows' dimension that runs to the right: the first time, else the first that isn't the points.
int plot_axis(const ExtractInput& input);

// `keys` are the rows' labels by dimension.
std::string plot_page(const ExtractInput& input, const PlotSeries& series,
                      const std::vector<std::shared_ptr<const CellTexts>>& labels);

std::string html_escaped(std::string_view text);
// JSON that may stand inside <script>.
std::string script_json(const Json& document);

}  // namespace gridmill
