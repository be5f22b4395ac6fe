#include "gridmill/dataset/time_merge.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/time_axis.h"

namespace gridmill {
namespace {

TimeUnits units_of(const Times& times) {
  if (const auto units = time_units_of(times.of.variable)) return *units;
  throw Error(ErrorKind::invalid, fmt::format("{} of {} holds no times", times.of.variable.path(),
                                              times.of.dataset.location));
}

// Numbers that are in order as the times are: of one axis the integers themselves, else instants.
struct Ordered {
  std::vector<std::int64_t> archive, added;
};

std::vector<std::int64_t> stored_integers(const Array& values) {
  std::vector<std::int64_t> integers;
  for (std::int64_t i = 0; i < values.size(); ++i) {
    integers.push_back(values.values<std::int64_t>()[i]);
  }
  return integers;
}

Ordered ordered(const Times& archive, const Times& added) {
  const TimeUnits units = units_of(archive), own = units_of(added);
  if (units.calendar() != own.calendar()) {
    throw Error(ErrorKind::corrupt,
                fmt::format("{}: calendar {} in {} and {} in {}", archive.of.variable.path(),
                            to_string(units.calendar()), archive.of.dataset.location,
                            to_string(own.calendar()), added.of.dataset.location));
  }
  const bool same = units.is_same_axis(own) && archive.values.type() == types::int64 &&
                    added.values.type() == types::int64;
  if (same) return {stored_integers(archive.values), stored_integers(added.values)};
  if (units.counts_nanoseconds() || own.counts_nanoseconds()) {  // microseconds make them equal
    throw Error(ErrorKind::unsupported,
                fmt::format("{} counts nanoseconds, which are compared in one unit and as 64-bit "
                            "integers only: {} has \"{}\", {} \"{}\"",
                            archive.of.variable.path(), archive.of.dataset.location, units.text(),
                            added.of.dataset.location, own.text()));
  }
  return {decode_times(units, archive.values.view()), decode_times(own, added.values.view())};
}

void check_ascends(const std::vector<std::int64_t>& numbers, const Times& times) {
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    if (numbers[i - 1] < numbers[i]) continue;
    const auto at = static_cast<std::int64_t>(i);
    throw Error(ErrorKind::unsupported,
                fmt::format("{} of {}: {} comes before {}; an archive grows in ascending times",
                            times.of.variable.path(), times.of.dataset.location, times.text(at - 1),
                            times.text(at)));
  }
}

void add(std::vector<TimeRun>& runs, std::int64_t position, std::int64_t at, bool advances) {
  if (!runs.empty()) {
    TimeRun& last = runs.back();
    const std::int64_t expected =
        last.at + (advances ? last.range.end - last.range.begin : std::int64_t{0});
    if (last.range.end == position && expected == at) {
      ++last.range.end;
      return;
    }
  }
  runs.push_back({{position, position + 1}, at});
}

}  // namespace

TimeMerge merge_times(std::span<const std::int64_t> archive, std::span<const std::int64_t> added) {
  TimeMerge merge;
  const auto size = static_cast<std::int64_t>(archive.size());
  for (std::size_t i = 0; i < added.size(); ++i) {
    const auto position = static_cast<std::int64_t>(i);
    const auto found = std::lower_bound(archive.begin(), archive.end(), added[i]);
    const std::int64_t at = found - archive.begin();
    if (at == size) {
      merge.behind = TimeRun{{position, static_cast<std::int64_t>(added.size())}, size};
      break;
    }
    const bool is_known = *found == added[i];
    add(is_known ? merge.known : merge.lacking, position, at, is_known);
  }
  return merge;
}

Times::Times(const Origin& origin) : of(origin), values(read_array(origin.variable)) {}

std::string Times::text(std::int64_t position) const {
  return coordinate_text(of.variable, values, position);
}

TimeMerge merge_times(const Times& archive, const Times& added) {
  const Ordered numbers = ordered(archive, added);
  check_ascends(numbers.archive, archive);
  check_ascends(numbers.added, added);
  return merge_times(numbers.archive, numbers.added);
}

Array as_times_of(const Times& archive, const Times& added) {
  const TimeUnits units = units_of(archive), own = units_of(added);
  const DataType type = archive.values.type();
  if (units.is_same_axis(own) && added.values.type() == type) {
    Array copy(type, added.values.shape());
    copy_array(added.values.view(), copy.view());
    return copy;
  }
  try {
    return encode_times(units, decode_times(own, added.values.view()), type);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::invalid) throw;
    const std::string& message = error.message();
    throw Error(ErrorKind::invalid,
                fmt::format("{} of {}: {}; an archive of finer units takes them (template "
                            "--time-units, or convert of all files together)",
                            added.of.variable.path(), added.of.dataset.location,
                            message.substr(0, message.find(';'))));
  }
}

}  // namespace gridmill
