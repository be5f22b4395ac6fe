// feature_text.h: the language of features, read: from text to a tree that never changes.
//
//   wind_speed(u10, v10) - mean(wind_speed(u10, v10), 3d)
//
// Loosest first: or; and; not; < <= > >= == != (one, not a chain); + -; * /; unary -; ** (from the
// right, and tighter than a minus before it). Names of variables are letters, digits, _ and .;
// any other name or path stands in double quotes ("forecast/t2m", "10u"; \" and \\ inside).
// A number with a unit of time is a duration: 6h, 3d, 90min (s, min, h, d, w). Calls take arguments
// by position, then by keyword: quantile(t2m, 0.9, w=3d). docs/features.md has the functions;
// whether they exist is feature_compile.h's business.
//
// Hostile text costs an error: length and nesting are limited, so that neither reading a tree nor
// walking through it exhausts a stack.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gridmill {

enum class ExpressionKind { number, duration, name, operation, call };

struct Expression;
using ExpressionPtr = std::shared_ptr<const Expression>;

struct FeatureArgument {
  std::string keyword;  // "" by position
  ExpressionPtr value;
};

struct Expression {
  ExpressionKind kind = ExpressionKind::number;
  std::size_t column = 1;                  // where it begins in the text, in bytes from 1
  double number = 0;                       // of a number, as it was written
  std::int64_t duration_us = 0;            // of a duration
  std::string text;                        // the name, the function, the operator ("neg" for -x)
  std::vector<FeatureArgument> arguments;  // of operations and calls
  int depth = 1;
};

inline constexpr std::size_t kLongestFeature = 20'000;  // bytes
inline constexpr int kDeepestFeature = 200;

// Throws Error(invalid) that names the column and what was expected there.
ExpressionPtr parse_feature(std::string_view text);

struct NameInText {
  std::string name;
  std::size_t column = 1;  // where it stands first
};

// The names in it, each once, in order; where anomaly() expects groups their names are left out.
std::vector<NameInText> names_in(const Expression& expression);

// Error(invalid): "column 7: <message>".
[[noreturn]] void refuse_at(std::size_t column, const std::string& message);

}  // namespace gridmill
