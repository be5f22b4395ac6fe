// grib_handle.h: one GRIB message as ecCodes sees it.
//
// ecCodes reads and decodes different messages in different threads; a handle belongs to one thread
// at a time. Keys become JSON values (integers, floats, texts, lists), in the type that is native
// to the key; a key that the message does not have is null. How many values a key has is what the
// message says, and is not believed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gridmill/base/bytes.h"
#include "gridmill/base/json.h"
#include "gridmill/system/memory.h"

struct grib_handle;

namespace gridmill {

class GribHandle {
 public:
  // Copies the message. Throws Error(corrupt) if ecCodes can't make sense of it.
  explicit GribHandle(ByteView message);

  Json key(const std::string& name) const;  // native type
  // Of a known type: a third of the look-ups.
  Json key_as_text(const std::string& name) const;
  Json key_as_integer(const std::string& name) const;
  Json key_as_float(const std::string& name) const;
  std::int64_t integer(const std::string& name, std::int64_t otherwise) const;

  void set(const std::string& name, std::int64_t value);

  // Seconds since 1970 of dataDate and dataTime; null if they are no date.
  Json reference_time() const;
  // Hours to the end of the step; null if it can't be told.
  Json step_hours();

  // Decoded values in file order, missing ones NaN. `scratch` holds them as doubles on the way.
  // Throws Error(corrupt) if there are not `count`.
  void values(float* into, std::int64_t count, Buffer& scratch);
  // latitudes or longitudes, for which ecCodes decodes the values: ask grib_without_values. Empty
  // if it can't tell them. Throws Error(corrupt) if there are not `count`.
  std::vector<double> places(const std::string& name, std::int64_t count) const;

 private:
  struct Release {
    void operator()(grib_handle* handle) const noexcept;
  };
  void check_size(const std::string& name, std::size_t size) const;

  std::unique_ptr<grib_handle, Release> handle_;
  std::size_t message_size_;
};

}  // namespace gridmill
