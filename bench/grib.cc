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
#include "gridmill/store/file_store.h"
#include "gridmill/system/cpu.h"

namespace gridmill::bench {
namespace {

// A file of single fields, in memory as well.
struct Messages {
  std::vector<GribMessage> frames;
  std::vector<Buffer> bytes;
  std::int64_t points = 0;  // of each
};

// Every step-th message: one of the threads' shares.
struct Share {
  std::size_t first = 0, step = 1;
};

constexpr std::size_t kMostInMemory = 40000;

Messages load(const ValueReader& file) {
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
  const auto file = file_reader(files, path);
  Buffer header(kHeader);
  for (const GribMessage& message : messages.frames) {
    file->read_at(message.offset, header.bytes());
  }
}

struct Read {
  std::int64_t offset = 0;
  std::size_t size = 0;
};

// Remembers what was read of a value.
class RecordedReader final : public ValueReader {
 public:
  RecordedReader(const ValueReader& under, std::vector<Read>& reads)
      : under_(under), reads_(reads) {}

  std::int64_t size() const override { return under_.size(); }
  const Version& version() const override { return under_.version(); }
  std::size_t read_at(std::int64_t offset, MutableByteView into) const override {
    reads_.push_back({offset, into.size()});
    return under_.read_at(offset, into);
  }

 private:
  const ValueReader& under_;
  std::vector<Read>& reads_;
};

std::vector<Read> reads_of_scan(const ValueReader& file) {
  std::vector<Read> reads;
  scan_grib(RecordedReader(file, reads), [](const GribMessage&, std::span<const GribSections>) {});
  return reads;
}

// What the scan reads, in the same windows, and nothing else.
void read_again(Files& files, const std::string& path, const std::vector<Read>& reads) {
  const auto file = file_reader(files, path);
  Buffer window;
  for (const Read& read : reads) {
    window.resize(read.size);
    file->read_at(read.offset, window.bytes());
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

void by_gridmill(const Messages& messages, Share share, std::vector<float>& values,
                 CodecContext& context) {
  values.resize(static_cast<std::size_t>(messages.points));
  for (std::size_t i = share.first; i < messages.bytes.size(); i += share.step) {
    if (!decode_grib_values(messages.bytes[i], values.data(), messages.points, context)) {
      throw Error(ErrorKind::internal, "a message was left to ecCodes");
    }
  }
}

// Section 5 of template 5.42 says how; integers alone, not scaled.
void by_libaec(const Messages& messages, Share share, std::vector<unsigned char>& integers) {
  integers.resize(4 * static_cast<std::size_t>(messages.points));
  for (std::size_t i = share.first; i < messages.bytes.size(); i += share.step) {
    const GribSections sections = grib_sections(messages.bytes[i]);
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

// What a thread of its own decodes into, and keeps from round to round.
struct Desk {
  std::vector<float> floats;
  std::vector<unsigned char> integers;
  CodecContext context;
};

void on_all_cores(std::vector<Desk>& desks, const std::function<void(Share, Desk&)>& work) {
  on_threads(static_cast<int>(desks.size()), [&](int thread) {
    const auto first = static_cast<std::size_t>(thread);
    work({first, desks.size()}, desks[first]);
  });
}

void check_same(const std::vector<float>& own, const std::vector<double>& theirs) {
  const bool same = own.size() == theirs.size() &&
                    std::equal(own.begin(), own.end(), theirs.begin(),
                               [](float a, double b) { return a == static_cast<float>(b); });
  if (!same) throw Error(ErrorKind::internal, "the values are not ecCodes'");
}

}  // namespace

Json run_grib(Files& files, const std::string& path, int rounds) {
  const auto file = file_reader(files, path);
  if (file == nullptr) throw Error(ErrorKind::not_found, path + ": there is no such file");
  Messages messages = load(*file);
  const std::vector<Read> reads = reads_of_scan(*file);
  open_grib(files, {path, ""}, GribIndexUse::write);
  std::vector<std::string> names;
  std::vector<Side> sides;
  const auto add = [&](const char* name, std::function<void()> work) {
    names.emplace_back(name);
    sides.push_back({std::move(work), {}, {}});
  };
  add("open", [&] { open_grib(files, {path, ""}, GribIndexUse::none); });
  add("headers", [&] { read_headers(files, path, messages); });
  add("windows", [&] { read_again(files, path, reads); });
  add("kept", [&] { open_grib(files, {path, ""}); });
  std::vector<double> doubles;
  std::vector<float> last;
  Desk desk;
  std::vector<Desk> desks(static_cast<std::size_t>(usable_cores()));
  if (!messages.bytes.empty()) {
    by_eccodes(messages, false, doubles);
    messages.points = static_cast<std::int64_t>(doubles.size());
    by_gridmill(messages, {}, desk.floats, desk.context);
    check_same(desk.floats, doubles);
    add("all", [&] { read_all(files, path, last); });
    add("eccodes_all", [&] { by_eccodes(messages, true, doubles); });
    add("decode", [&] { by_gridmill(messages, {}, desk.floats, desk.context); });
    add("eccodes", [&] { by_eccodes(messages, false, doubles); });
    if (is_ccsds(messages)) {
      add("libaec", [&] { by_libaec(messages, {}, desk.integers); });
      add("decode_cores", [&] {
        on_all_cores(desks, [&](Share share, Desk& own) {
          by_gridmill(messages, share, own.floats, own.context);
        });
      });
      add("libaec_cores", [&] {
        on_all_cores(desks,
                     [&](Share share, Desk& own) { by_libaec(messages, share, own.integers); });
      });
    }
  }
  measure_in_turns(sides, rounds);
  files.remove_file(grib_index_path(path));
  Json result = {{"messages", messages.frames.size()},
                 {"points", messages.points},
                 {"reads", reads.size()},
                 {"cores", desks.size()}};
  for (std::size_t i = 0; i < sides.size(); ++i) {
    result["seconds"][names[i]] = sides[i].seconds;
    result["cpu"][names[i]] = sides[i].cpu_seconds;
  }
  return result;
}

}  // namespace gridmill::bench
