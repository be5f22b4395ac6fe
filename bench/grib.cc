#include "bench/grib.h"

#include <eccodes.h>
#include <libaec.h>

#include <algorithm>
#include <cmath>

#include "bench/timing.h"
#include "gridmill/array/array.h"
#include "gridmill/base/error.h"
#include "gridmill/formats/format_file.h"
#include "gridmill/formats/grib_index_file.h"
#include "gridmill/formats/grib_packing.h"
#include "gridmill/formats/grib_sections.h"

namespace gridmill::bench {
namespace {

// A file of single fields, in memory as well.
struct Messages {
  std::vector<GribMessage> frames;
  std::vector<Buffer> bytes;
  std::int64_t points = 0;  // of each
};

constexpr std::size_t kMostInMemory = 40000;

Messages load(const ReadableFile& file) {
  Messages messages;
  scan_grib(file, [&](const GribMessage& message, std::span<const GribSections>) {
    messages.frames.push_back(message);
  });
  if (messages.frames.size() > kMostInMemory) return messages;
  for (const GribMessage& frame : messages.frames) {
    read_grib_message(file, frame, messages.bytes.emplace_back());
  }
  return messages;
}

void read_headers(Files& files, const std::string& path, const Messages& messages) {
  constexpr std::size_t kHeader = 512;
  const auto file = files.open(path);
  Buffer header(kHeader);
  for (const GribMessage& message : messages.frames) {
    file->read_at(message.offset, header.bytes());
  }
}

// Every message of every field, from the file.
void read_all(Files& files, const std::string& path, std::vector<float>& last) {
  const FormatFile file = open_grib(files, {path, ""}, GribIndexUse::none);
  CodecContext context;
  StringArena strings;
  Buffer stored;
  for (const FileGroup& group : file.groups) {
    for (const FileVariable& variable : group.variables) {
      const LeafReader& reader = *variable.reader;
      if (!variable.chunks) continue;
      Array values(reader.type(), reader.grid().chunk());
      const Part part{whole_box(values.shape()), values.view()};
      for (std::int64_t i = 0; i < reader.grid().size(); ++i) {
        const Index position = reader.grid().position(i);
        if (!reader.fetch(position, stored)) continue;
        reader.decode(position, stored, std::span(&part, 1), strings, context);
      }
      last.assign(values.values<float>(), values.values<float>() + values.size());
    }
  }
}

// What a reader of hypercubes must know of each message.
void ask_keys(codes_handle* handle) {
  long number = 0;
  for (const char* key : {"paramId", "dataDate", "dataTime", "endStep", "level", "number",
                          "numberOfPoints", "edition"}) {
    codes_get_long(handle, key, &number);
  }
  for (const char* key : {"shortName", "typeOfLevel", "stepType", "gridType", "dataType"}) {
    char text[256];
    std::size_t length = sizeof text;
    codes_get_string(handle, key, text, &length);
  }
}

void by_eccodes(const Messages& messages, bool with_keys, std::vector<double>& values) {
  for (const Buffer& bytes : messages.bytes) {
    codes_handle* handle = codes_handle_new_from_message(nullptr, bytes.data(), bytes.size());
    if (with_keys) ask_keys(handle);
    std::size_t count = 0;
    codes_get_size(handle, "values", &count);
    values.resize(count);
    codes_get_double_array(handle, "values", values.data(), &count);
    codes_handle_delete(handle);
  }
}

void by_gridmill(const Messages& messages, std::vector<float>& values, CodecContext& context) {
  for (const Buffer& bytes : messages.bytes) {
    if (!decode_grib_values(bytes, values.data(), messages.points, context)) {
      throw Error(ErrorKind::internal, "a message was left to ecCodes");
    }
  }
}

// Section 5 of template 5.42 says how; integers alone, not scaled.
void by_libaec(const Messages& messages, std::vector<unsigned char>& integers) {
  for (const Buffer& bytes : messages.bytes) {
    const GribSections sections = grib_sections(bytes);
    const ByteView how = sections.at[5], data = sections.at[7].subspan(5);
    aec_stream stream{};
    stream.next_in = reinterpret_cast<const unsigned char*>(data.data());
    stream.avail_in = data.size();
    stream.next_out = integers.data();
    stream.bits_per_sample = std::to_integer<unsigned>(how[19]);
    stream.avail_out =
        static_cast<std::size_t>(messages.points) * ((stream.bits_per_sample + 7) / 8);
    stream.flags = std::to_integer<unsigned>(how[21]);
    stream.block_size = std::to_integer<unsigned>(how[22]);
    stream.rsi = static_cast<unsigned>(grib_integer(how, 23, 2));
    if (aec_buffer_decode(&stream) != AEC_OK) throw Error(ErrorKind::internal, "libaec failed");
  }
}

bool is_ccsds(const Messages& messages) {
  const GribSections sections = grib_sections(messages.bytes[0]);
  return sections.edition == 2 && grib_integer(sections.at[5], 9, 2) == 42;
}

void check_same(const std::vector<float>& own, const std::vector<double>& theirs) {
  const bool same = own.size() == theirs.size() &&
                    std::equal(own.begin(), own.end(), theirs.begin(),
                               [](float a, double b) { return a == static_cast<float>(b); });
  if (!same) throw Error(ErrorKind::internal, "the values are not ecCodes'");
}

}  // namespace

Json run_grib(Files& files, const std::string& path, int rounds) {
  const auto file = files.open(path);
  if (file == nullptr) throw Error(ErrorKind::not_found, path + ": there is no such file");
  Messages messages = load(*file);
  open_grib(files, {path, ""}, GribIndexUse::write);
  std::vector<std::string> names = {"open", "headers", "kept"};
  std::vector<Side> sides = {{[&] {
                                open_grib(files, {path, ""}, GribIndexUse::none);
                              },
                              {},
                              {}},
                             {[&] { read_headers(files, path, messages); }, {}, {}},
                             {[&] {
                                open_grib(files, {path, ""});
                              },
                              {},
                              {}}};
  std::vector<double> doubles;
  std::vector<float> floats, last;
  std::vector<unsigned char> integers;
  CodecContext context;
  const auto add = [&](const char* name, std::function<void()> work) {
    names.emplace_back(name);
    sides.push_back({std::move(work), {}, {}});
  };
  if (!messages.bytes.empty()) {
    by_eccodes(messages, false, doubles);
    messages.points = static_cast<std::int64_t>(doubles.size());
    floats.resize(doubles.size());
    integers.resize(4 * doubles.size());
    by_gridmill(messages, floats, context);
    check_same(floats, doubles);
    add("all", [&] { read_all(files, path, last); });
    add("eccodes_all", [&] { by_eccodes(messages, true, doubles); });
    add("decode", [&] { by_gridmill(messages, floats, context); });
    add("eccodes", [&] { by_eccodes(messages, false, doubles); });
    if (is_ccsds(messages)) add("libaec", [&] { by_libaec(messages, integers); });
  }
  measure_in_turns(sides, rounds);
  files.remove_file(grib_index_path(path));
  Json result = {{"messages", messages.frames.size()}, {"points", messages.points}};
  for (std::size_t i = 0; i < sides.size(); ++i) {
    result["seconds"][names[i]] = sides[i].seconds;
    result["cpu"][names[i]] = sides[i].cpu_seconds;
  }
  return result;
}

}  // namespace gridmill::bench
