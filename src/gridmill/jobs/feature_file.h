// feature_file.h: the features that a user names, on the command line or in a YAML file.
//
//   wind: wind_speed(u10, v10)                # the short form
//   heat:
//     expr: mean(t2m, 3d)
//     units: K
//     description: mean temperature of three days
//
// or a list of {name, expr, units, description}. Their order is that of the table's columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gridmill/store/location.h"

namespace gridmill {

struct RequestedFeature {
  std::string name;
  std::string expression;
  std::string units;  // to convert to; "" for those of the expression
  std::string description;
  std::string origin;  // "--feature wind", "line 3 of f.yaml": for messages
};

// "NAME=EXPR". Throws Error(invalid).
RequestedFeature parse_feature_option(const std::string& text);

// Throws Error(not_found) if there is no such file, Error(invalid) that names the line: for what is
// no YAML, for keys that are unknown or stand twice, for what is missing.
std::vector<RequestedFeature> read_features(Files& files, const std::string& path);
// The same of the file's text; `path` is for messages.
std::vector<RequestedFeature> features_from_yaml(const std::string& text, const std::string& path);

// Throws Error(invalid) naming both if two have the same name.
void check_distinct(const std::vector<RequestedFeature>& features);

}  // namespace gridmill
