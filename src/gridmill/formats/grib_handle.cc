#include "gridmill/formats/grib_handle.h"

#include <eccodes.h>
#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <mutex>
#include <vector>

#include "gridmill/base/error.h"
#include "gridmill/formats/utf8_text.h"

namespace gridmill {
namespace {

// cfgrib's choice; every value that becomes it as a float is missing.
constexpr double kMissing = std::numeric_limits<float>::max();

// What ecCodes complains about comes back as a status; it shall not print as well.
void be_silent(const codes_context*, int, const char*) {}

void silence_once() {
  static std::once_flag done;
  std::call_once(done,
                 [] { codes_context_set_logging_proc(codes_context_get_default(), be_silent); });
}

[[noreturn]] void fail(int status, std::string_view what) {
  throw Error(status == CODES_OUT_OF_MEMORY ? ErrorKind::out_of_memory : ErrorKind::corrupt,
              fmt::format("{}: {}", what, codes_get_error_message(status)));
}

Json list_or_scalar(Json list) { return list.size() == 1 ? list[0] : list; }

Json get_text(const grib_handle* handle, const char* name) {
  char text[1024] = {};
  std::size_t length = sizeof text;
  if (codes_get_string(handle, name, text, &length) != CODES_SUCCESS) return nullptr;
  return with_valid_utf8(text);
}

Json get_integers(const grib_handle* handle, const char* name, std::size_t size) {
  std::vector<long> values(size);
  if (codes_get_long_array(handle, name, values.data(), &size) != CODES_SUCCESS) return nullptr;
  values.resize(size);
  return list_or_scalar(values);
}

Json get_floats(const grib_handle* handle, const char* name, std::size_t size) {
  std::vector<double> values(size);
  if (codes_get_double_array(handle, name, values.data(), &size) != CODES_SUCCESS) return nullptr;
  values.resize(size);
  return list_or_scalar(values);
}

}  // namespace

void GribHandle::Release::operator()(grib_handle* handle) const noexcept {
  codes_handle_delete(handle);
}

GribHandle::GribHandle(ByteView message) : message_size_(message.size()) {
  silence_once();
  handle_.reset(codes_handle_new_from_message_copy(nullptr, message.data(), message.size()));
  if (handle_ == nullptr) throw Error(ErrorKind::corrupt, "ecCodes can't read the message");
}

// Keys that are lists stand in the message, one value after the other.
void GribHandle::check_size(const std::string& name, std::size_t size) const {
  if (size <= message_size_ * 8) return;
  throw Error(ErrorKind::corrupt,
              fmt::format("its key {} is said to have {} values, more than its {} bytes can hold",
                          name, size, message_size_));
}

Json GribHandle::key(const std::string& name) const {
  std::size_t size = 0;
  int type = 0;
  if (codes_get_size(handle_.get(), name.c_str(), &size) != CODES_SUCCESS || size == 0 ||
      codes_get_native_type(handle_.get(), name.c_str(), &type) != CODES_SUCCESS) {
    return nullptr;
  }
  if (type != CODES_TYPE_STRING) check_size(name, size);
  switch (type) {
    case CODES_TYPE_LONG:
      return get_integers(handle_.get(), name.c_str(), size);
    case CODES_TYPE_DOUBLE:
      return get_floats(handle_.get(), name.c_str(), size);
    case CODES_TYPE_STRING:
      return get_text(handle_.get(), name.c_str());
    default:
      return nullptr;
  }
}

Json GribHandle::key_as_text(const std::string& name) const {
  return get_text(handle_.get(), name.c_str());
}

Json GribHandle::key_as_integer(const std::string& name) const {
  long value = 0;
  if (codes_get_long(handle_.get(), name.c_str(), &value) != CODES_SUCCESS) return nullptr;
  return value;
}

Json GribHandle::key_as_float(const std::string& name) const {
  double value = 0;
  if (codes_get_double(handle_.get(), name.c_str(), &value) != CODES_SUCCESS) return nullptr;
  return value;
}

std::int64_t GribHandle::integer(const std::string& name, std::int64_t otherwise) const {
  const Json value = key_as_integer(name);
  return value.is_null() ? otherwise : value.get<std::int64_t>();
}

void GribHandle::set(const std::string& name, std::int64_t value) {
  const int status = codes_set_long(handle_.get(), name.c_str(), static_cast<long>(value));
  if (status != CODES_SUCCESS) fail(status, "key " + name);
}

Json GribHandle::reference_time() const {
  namespace chrono = std::chrono;
  const Json date = key_as_integer("dataDate"), time = key_as_integer("dataTime");
  if (date.is_null() || time.is_null()) return nullptr;
  const auto ymd = date.get<std::int64_t>(), hm = time.get<std::int64_t>();
  const chrono::year_month_day day{chrono::year(static_cast<int>(ymd / 10000)),
                                   chrono::month(static_cast<unsigned>(ymd / 100 % 100)),
                                   chrono::day(static_cast<unsigned>(ymd % 100))};
  if (!day.ok() || hm < 0 || hm / 100 > 23 || hm % 100 > 59) return nullptr;
  const std::int64_t days = chrono::sys_days(day).time_since_epoch().count();
  const std::int64_t second = integer("second", 0);  // of edition 2
  const bool has_second = second > 0 && second < 60;
  return days * 86400 + hm / 100 * 3600 + hm % 100 * 60 + (has_second ? second : 0);
}

Json GribHandle::step_hours() {
  constexpr std::int64_t kMinutes = 0, kSeconds = 13;
  const Json hours = key_as_integer("endStep");
  if (!hours.is_null() && integer("stepUnits", 1) == 1) return hours.get<double>();
  // Not whole hours: ask in smaller units.
  for (const auto& [unit, per_hour] : {std::pair{kMinutes, 60.0}, std::pair{kSeconds, 3600.0}}) {
    if (codes_set_long(handle_.get(), "stepUnits", unit) != CODES_SUCCESS) continue;
    const Json step = key_as_integer("endStep");
    if (!step.is_null()) return step.get<double>() / per_hour;
  }
  return nullptr;
}

void GribHandle::values(float* into, std::int64_t count, Buffer& scratch) {
  codes_set_double(handle_.get(), "missingValue", kMissing);
  std::size_t size = 0;
  int status = codes_get_size(handle_.get(), "values", &size);
  if (status != CODES_SUCCESS) fail(status, "cannot decode");
  if (static_cast<std::int64_t>(size) != count) {
    throw Error(ErrorKind::corrupt,
                fmt::format("it holds {} values, but its grid has {} points", size, count));
  }
  scratch.resize(size * sizeof(double));
  auto* doubles = reinterpret_cast<double*>(scratch.data());
  status = codes_get_double_array(handle_.get(), "values", doubles, &size);
  if (status != CODES_SUCCESS) fail(status, "cannot decode");
  constexpr float kMissingFloat = std::numeric_limits<float>::max();
  for (std::size_t i = 0; i < size; ++i) {
    const auto value = static_cast<float>(doubles[i]);
    into[i] = value == kMissingFloat ? std::numeric_limits<float>::quiet_NaN() : value;
  }
}

std::vector<double> GribHandle::places(const std::string& name, std::int64_t count) const {
  std::size_t size = 0;
  if (codes_get_size(handle_.get(), name.c_str(), &size) != CODES_SUCCESS || size == 0) return {};
  if (size != static_cast<std::size_t>(count)) {
    throw Error(ErrorKind::corrupt,
                fmt::format("its grid has {} {} where {} are expected", size, name, count));
  }
  std::vector<double> values(size);
  if (codes_get_double_array(handle_.get(), name.c_str(), values.data(), &size) != CODES_SUCCESS) {
    return {};
  }
  values.resize(size);
  return values;
}

}  // namespace gridmill
