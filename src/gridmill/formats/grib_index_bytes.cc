#include "gridmill/formats/grib_index_bytes.h"

#include <eccodes.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cmath>
#include <limits>
#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"

namespace gridmill {
namespace {

constexpr std::string_view kMagic = "gridmill grib index ", kVersion = "1\n";
constexpr std::size_t kHead = kMagic.size() + kVersion.size() + 3 * sizeof(std::uint64_t);
constexpr std::string_view kWhere = "a kept GRIB index";

[[noreturn]] void damaged(const std::string& what) {
  throw Error(ErrorKind::corrupt, "it is damaged: " + what);
}

// What gives names and units to parameters.
Json eccodes_identity() {
  const char* definitions = codes_definition_path(nullptr);
  return {{"version", codes_get_api_version()},
          {"definitions", definitions == nullptr ? "" : definitions}};
}

// ---- numbers ----

class Writer {
 public:
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  void difference(std::int64_t value) {
    number(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  template <class T>
  void raw(T value) {
    std::array<std::byte, sizeof(T)> bytes;
    store_le(bytes.data(), value);
    bytes_.append(as_text(bytes));
  }
  void text(std::string_view text) { bytes_.append(text); }
  std::string take() && { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(ByteView bytes) : bytes_(bytes) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ == bytes_.size()) damaged("it ends early");
      const auto byte = std::to_integer<std::uint64_t>(bytes_[at_++]);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    damaged("a number is too long");
  }
  // As an index or a count below `end`.
  std::size_t number_below(std::uint64_t end) {
    const std::uint64_t value = number();
    if (value >= end) damaged(fmt::format("{} is not below {}", value, end));
    return static_cast<std::size_t>(value);
  }
  std::int64_t difference() {
    const std::uint64_t value = number();
    return static_cast<std::int64_t>(value >> 1 ^ (0 - (value & 1)));
  }
  ByteView raw(std::uint64_t count) {
    if (count > left()) damaged("it ends early");
    const ByteView result = bytes_.subspan(at_, static_cast<std::size_t>(count));
    at_ += result.size();
    return result;
  }
  std::size_t left() const noexcept { return bytes_.size() - at_; }

 private:
  ByteView bytes_;
  std::size_t at_ = 0;
};

// ---- which file ----

// Of a few messages from the first to the last, where their dates stand.
std::string sample_of(const ValueReader& file, const std::vector<GribMessage>& messages) {
  constexpr std::size_t kMost = 16, kEach = 256;
  const std::size_t count = std::min(kMost, messages.size());
  Buffer sample(count * kEach);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t which = count == 1 ? 0 : i * (messages.size() - 1) / (count - 1);
    const auto length = std::min(kEach, static_cast<std::size_t>(messages[which].length));
    const MutableByteView into = sample.bytes().subspan(i * kEach, kEach);
    std::fill(into.begin(), into.end(), std::byte{0});
    if (file.read_at(messages[which].offset, into.first(length)) != length) {
      throw Error(ErrorKind::conflict, "the file has become shorter");
    }
  }
  return to_hex(hash_bytes(sample));
}

Json file_identity(const FileStatus& status) {
  return {{"size", status.size}, {"modified_ns", status.modified_ns}};
}

// ---- to bytes ----

struct Placed {
  const GribField* field;
  std::size_t cube;
};

// In file order.
std::vector<Placed> all_fields(const GribIndex& index) {
  std::vector<Placed> all;
  for (std::size_t c = 0; c < index.cubes.size(); ++c) {
    for (const GribField& field : index.cubes[c].fields) all.push_back({&field, c});
  }
  std::sort(all.begin(), all.end(), [](const Placed& a, const Placed& b) {
    return std::pair(a.field->message.offset, a.field->field) <
           std::pair(b.field->message.offset, b.field->field);
  });
  return all;
}

std::int64_t position_on(const GribAxis& axis, const GribField& field) {
  const bool descends = axis.values.front() > axis.values.back();
  const auto before = [&](double a, double b) { return descends ? a > b : a < b; };
  return std::lower_bound(axis.values.begin(), axis.values.end(), field.place[axis.key], before) -
         axis.values.begin();
}

using Positions = std::array<std::int64_t, kGribAxisKeys.size()>;

void write_places(const GribIndex& index, const std::vector<Placed>& all, Writer& out) {
  std::vector<Positions> last(index.cubes.size(), Positions{});
  std::int64_t end = 0, length = 0;
  for (const auto& [field, c] : all) {
    const GribMessage& message = field->message;
    if (field->field == 0) {
      out.number(static_cast<std::uint64_t>(message.offset - end));
      out.difference(message.length - length);
      out.number(static_cast<std::uint64_t>(message.edition));
      out.number(static_cast<std::uint64_t>(message.fields));
      end = message.offset + message.length;
      length = message.length;
    }
    out.number(c);
    for (const GribAxis& axis : index.cubes[c].axes) {
      if (axis.is_scalar()) continue;
      const std::int64_t position = position_on(axis, *field);
      out.difference(position - std::exchange(last[c][axis.key], position));
    }
  }
}

Json describe(const GribCube& cube) {
  Json keys = Json::object(), axes = Json::array();
  for (const auto& [name, value] : cube.keys) keys[name] = value;
  for (const GribAxis& axis : cube.axes) axes.push_back(axis.values.size());
  return {{"name", cube.name},
          {"keys", std::move(keys)},
          {"axes", std::move(axes)},
          {"fields", cube.fields.size()}};
}

// ---- from bytes ----

const Json& list(const Json& object, std::string_view name) {
  const Json& found = json_member(object, name, kWhere);
  if (!found.is_array()) damaged(fmt::format("{} is no list", name));
  return found;
}

std::uint64_t count(const Json& value) {
  if (!value.is_number_unsigned()) damaged("a count is none");
  return value.get<std::uint64_t>();
}

std::vector<double> read_axis(const GribAxis& axis, std::uint64_t count, Reader& in) {
  if (count == 0 || count > in.left() / sizeof(double)) damaged("an axis has no such length");
  const ByteView stored = in.raw(count * sizeof(double));
  std::vector<double> values(static_cast<std::size_t>(count));
  std::memcpy(values.data(), stored.data(), stored.size());
  // Fields are found by bisection.
  const auto is_out_of_order = [&](double a, double b) {
    return is_descending(axis) ? !(a > b) : !(a < b);
  };
  if (std::isnan(values[0]) ||
      std::adjacent_find(values.begin(), values.end(), is_out_of_order) != values.end()) {
    damaged(fmt::format("the axis {} is not in order", axis.name));
  }
  return values;
}

GribCube read_cube(const Json& json, Reader& in) {
  GribCube cube;
  cube.name = json_string(json, "name", kWhere);
  for (const auto& [name, value] : json_member(json, "keys", kWhere).items()) {
    cube.keys[name] = value;
  }
  if (!has_grib_keys(cube)) damaged("a key is missing");
  cube.axes = grib_axes(cube);
  const Json& axes = list(json, "axes");
  if (axes.size() != cube.axes.size()) damaged("an axis is missing");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    cube.axes[i].values = read_axis(cube.axes[i], count(axes[i]), in);
  }
  // Each takes a byte or more.
  cube.fields.reserve(std::min<std::size_t>(count(json_member(json, "fields", kWhere)), in.left()));
  return cube;
}

// Reads what write_places has written.
class PlaceReader {
 public:
  PlaceReader(Reader& in, GribIndex& index, std::int64_t size)
      : in_(in), index_(index), size_(size), last_(index.cubes.size()) {
    for (std::size_t c = 0; c < last_.size(); ++c) {
      last_[c].place.fill(std::numeric_limits<double>::quiet_NaN());
      for (const GribAxis& axis : index.cubes[c].axes) {
        last_[c].place[axis.key] = axis.values[0];
      }
    }
  }

  std::vector<GribMessage> run() {
    std::vector<GribMessage> messages;
    GribMessage message;
    while (in_.left() > 0) {
      read_message(message);
      for (int f = 0; f < message.fields; ++f) read_field(message, f);
      messages.push_back(message);
    }
    if (messages.empty()) damaged("it has no messages");
    for (const GribCube& cube : index_.cubes) {
      if (cube.fields.empty()) damaged("a cube has no fields");
      check_sparseness(cube);
    }
    return messages;
  }

 private:
  struct Last {
    Positions positions{};
    std::array<double, kGribAxisKeys.size()> place;
  };

  void read_message(GribMessage& message) {
    const std::int64_t end = message.offset + message.length;
    ++message.number;
    message.offset =
        end + static_cast<std::int64_t>(in_.number_below(static_cast<std::uint64_t>(size_ - end)));
    const std::int64_t longer = in_.difference();
    if (longer < kGribShortest - message.length ||
        longer > size_ - message.offset - message.length) {
      damaged("a message leaves the file");
    }
    message.length += longer;
    message.edition = static_cast<int>(in_.number_below(3));
    message.fields = static_cast<int>(in_.number_below(std::min<std::size_t>(in_.left(), INT_MAX)));
    if (message.edition == 0 || message.fields == 0) damaged("a message has no edition or fields");
  }

  void read_field(const GribMessage& message, int number) {
    const std::size_t c = in_.number_below(last_.size());
    GribCube& cube = index_.cubes[c];
    Last& last = last_[c];
    for (const GribAxis& axis : cube.axes) {
      if (axis.is_scalar()) continue;
      std::int64_t& position = last.positions[axis.key];
      const std::int64_t further = in_.difference();
      const auto length = static_cast<std::int64_t>(axis.values.size());
      if (further < -position || further >= length - position) {
        damaged("a field lies beyond its axis");
      }
      position += further;
      last.place[axis.key] = axis.values[static_cast<std::size_t>(position)];
    }
    cube.fields.push_back({message, number, last.place});
  }

  Reader& in_;
  GribIndex& index_;
  const std::int64_t size_;
  std::vector<Last> last_;
};

std::vector<GribGap> read_gaps(const Json& json) {
  std::vector<GribGap> gaps;
  for (const Json& gap : json) {
    if (!gap.is_array() || gap.size() != 3) damaged("a gap is none");
    gaps.push_back({static_cast<std::int64_t>(count(gap[0])),
                    static_cast<std::int64_t>(count(gap[1])), static_cast<int>(count(gap[2]))});
  }
  return gaps;
}

// The body, if it is whole and of this version.
ByteView checked_body(ByteView bytes) {
  const std::string_view text = as_text(bytes);
  if (!text.starts_with(kMagic)) damaged("it does not begin as one");
  if (!text.substr(kMagic.size()).starts_with(kVersion)) {
    throw Error(ErrorKind::unsupported, "another version of gridmill has made it");
  }
  if (bytes.size() < kHead) damaged("it ends early");
  const std::byte* at = bytes.data() + kMagic.size() + kVersion.size();
  const ByteView body = bytes.subspan(kHead);
  if (load_le<std::uint64_t>(at) != body.size()) {
    damaged(fmt::format("it has {} bytes instead of {}", bytes.size(),
                        load_le<std::uint64_t>(at) + kHead));
  }
  const Hash128 stated{load_le<std::uint64_t>(at + 8), load_le<std::uint64_t>(at + 16)};
  if (hash_bytes(body) != stated) damaged("its checksum differs");
  return body;
}

void check_file(const Json& about, const FileStatus& status) {
  if (json_member(about, "file", kWhere) != file_identity(status)) {
    throw Error(ErrorKind::conflict, "the file has changed since (its size or time)");
  }
  if (json_member(about, "eccodes", kWhere) != eccodes_identity()) {
    throw Error(ErrorKind::unsupported, "another version of ecCodes has named its fields");
  }
}

}  // namespace

std::string grib_index_to_bytes(const GribIndex& index, const ValueReader& file,
                                const FileStatus& status) {
  const std::vector<Placed> all = all_fields(index);
  std::vector<GribMessage> messages;
  for (const Placed& placed : all) {
    if (placed.field->field == 0) messages.push_back(placed.field->message);
  }
  Json about = {{"file", file_identity(status)},
                {"eccodes", eccodes_identity()},
                {"sample", sample_of(file, messages)},
                {"gaps", Json::array()},
                {"cubes", Json::array()}};
  for (const GribGap& gap : index.gaps) {
    about["gaps"].push_back({gap.offset, gap.length, gap.before});
  }
  for (const GribCube& cube : index.cubes) about["cubes"].push_back(describe(cube));
  Writer body;
  const std::string json = dump_json(about, -1);
  body.number(json.size());
  body.text(json);
  for (const GribCube& cube : index.cubes) {
    for (const GribAxis& axis : cube.axes) {
      for (const double value : axis.values) body.raw(value);
    }
  }
  write_places(index, all, body);
  const std::string bytes = std::move(body).take();
  const Hash128 hash = hash_bytes(as_bytes(bytes));
  Writer whole;
  whole.text(kMagic);
  whole.text(kVersion);
  whole.raw<std::uint64_t>(bytes.size());
  whole.raw(hash.high);
  whole.raw(hash.low);
  whole.text(bytes);
  return std::move(whole).take();
}

GribIndex grib_index_from_bytes(ByteView bytes, const ValueReader& file, const FileStatus& status) {
  Reader in(checked_body(bytes));
  const std::uint64_t json_size = in.number();
  const Json about = parse_json(as_text(in.raw(json_size)));
  check_file(about, status);
  GribIndex index;
  index.gaps = read_gaps(list(about, "gaps"));
  for (const Json& cube : list(about, "cubes")) index.cubes.push_back(read_cube(cube, in));
  const std::vector<GribMessage> messages = PlaceReader(in, index, status.size).run();
  if (sample_of(file, messages) != json_string(about, "sample", kWhere)) {
    throw Error(ErrorKind::conflict, "the file has changed since (its messages)");
  }
  return index;
}

}  // namespace gridmill
