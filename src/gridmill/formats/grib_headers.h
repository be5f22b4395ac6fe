// grib_headers.h: reads the section headers of GRIB messages from a file, and nothing of their
// values: one small read per message. Messages of less than a page, all of whose pages would be
// touched anyway, are read many at a time.
//
// That a message is whole is seen from its frame: the lengths of its sections lead from its
// beginning to its end mark. No ecCodes here. One thread at a time.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "gridmill/formats/grib_message.h"
#include "gridmill/formats/grib_sections.h"

namespace gridmill {

class GribHeaders {
 public:
  // `file` must outlive it.
  explicit GribHeaders(const ValueReader& file);

  std::int64_t file_size() const noexcept { return size_; }
  // Whether "GRIB" stands there.
  bool has_message_at(std::int64_t offset);

  // The message that begins at `offset`, and its fields' sections: 0 to 4 whole; of 5, 6 and 7 (in
  // edition 1 of 3 and 4) at least the fixed part. They are valid until the next call. Throws
  // Error(corrupt), also for what check_end finds where both are wrong.
  struct Found {
    GribMessage message;
    std::span<const GribSections> fields;
  };
  Found read(std::int64_t offset);
  // Throws Error(corrupt) unless the message ends with its mark.
  void check_end(const GribMessage& message);

 private:
  ByteView bytes(std::int64_t at, std::size_t count);
  ByteView peek(std::int64_t at, std::size_t count);
  GribMessage frame_at(std::int64_t offset);
  std::int64_t long_length_1(std::int64_t offset, std::int64_t stated);
  void read_sections_1(const GribMessage& message);
  void read_sections_2(GribMessage& message);
  void read_several_fields(GribMessage& message);

  const ValueReader& file_;
  std::int64_t size_;
  Buffer window_;  // bytes of the file from window_at_ on
  std::int64_t window_at_ = 0;
  std::size_t window_size_;            // what the headers of the last messages took, and some more
  std::array<std::byte, 16> aside_{};  // what lies outside of the window
  bool is_dense_ = false;              // the last message was smaller than a page
  Buffer whole_;                       // a message of several fields
  std::vector<GribSections> fields_;
};

}  // namespace gridmill
