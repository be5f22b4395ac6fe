// points.h: the places that a user names, on the command line or in a CSV file.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "gridmill/store/location.h"

namespace gridmill {

struct RequestedPoint {
  std::string name;
  double latitude_deg = 0;
  double longitude_deg = 0;
  std::string origin;  // "--point 52.5,13.4", "line 3 of stations.csv": for messages
  std::map<std::string, std::string> more;  // what the file's further columns say, by their names
};

// "LAT,LON" or "NAME=LAT,LON". Without a name: "52.5N 13.4E". Throws Error(invalid).
RequestedPoint parse_point(const std::string& text);

// A CSV table of UTF-8 with columns lat and lon (or latitude, longitude), and name if wanted (or
// station, where there is no name), in any case and order; quotes as in RFC 4180, within a line.
// All points of a file have the same further columns, empty where a line ends early. Throws
// Error(invalid) that names the line, also for two columns of one meaning or name and for a line
// with more cells than columns.
std::vector<RequestedPoint> read_points(Files& files, const std::string& path);

// Throws Error(invalid) naming both if two are the same place, or have the same name.
void check_distinct(const std::vector<RequestedPoint>& points);

}  // namespace gridmill
