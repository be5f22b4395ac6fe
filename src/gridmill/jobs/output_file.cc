#include "gridmill/jobs/output_file.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/location.h"

namespace gridmill {
namespace {

struct Place {
  std::string directory;
  std::string name;
};

Place place_of(Files& files, const std::string& path) {
  const std::string absolute = files.absolute(path);
  const auto slash = absolute.rfind('/');
  return {slash == 0 ? "/" : absolute.substr(0, slash), absolute.substr(slash + 1)};
}

class FileWriter final : public ValueWriter {
 public:
  FileWriter(std::unique_ptr<Store> store, const Key& key)
      : store_(std::move(store)), writer_(store_->writer(key)) {}
  void append(ByteView bytes) override { writer_->append(bytes); }
  [[nodiscard]] Version commit() override { return writer_->commit(); }

 private:
  std::unique_ptr<Store> store_;
  std::unique_ptr<ValueWriter> writer_;
};

}  // namespace

void refuse_standard_output(const std::string& path) {
  if (path != "-") return;
  throw Error(ErrorKind::invalid,
              "- is not standard output here: give the name of a file (./- is one, too)");
}

void check_output_file(Files& files, const std::string& path, bool overwrite,
                       const std::vector<std::string>& inputs) {
  if (path.empty() || path.ends_with('/')) {
    throw Error(ErrorKind::invalid, fmt::format("\"{}\" is no name for a file", path));
  }
  refuse_standard_output(path);
  const std::string output = files.absolute(path);
  for (const std::string& text : inputs) {
    const std::string input = files.absolute(parse_location(text).path);
    if (output == input || output.starts_with(input + "/")) {
      throw Error(ErrorKind::conflict, fmt::format("the output {} is the input {} or lies in it; "
                                                   "choose another output",
                                                   path, text));
    }
  }
  const Place place = place_of(files, path);
  if (!files.status(place.directory)) {
    throw Error(
        ErrorKind::not_found,
        fmt::format("the directory {} for the output {} does not exist", place.directory, path));
  }
  const auto existing = files.status(path);
  if (!existing) return;
  if (existing->is_special) {
    throw Error(ErrorKind::conflict,
                fmt::format("the output {} is a device or a pipe, which a complete file would "
                            "replace; give the name of a file",
                            path));
  }
  if (existing->is_directory) {
    throw Error(ErrorKind::conflict, fmt::format("the output {} is a directory", path));
  }
  if (!overwrite) {
    throw Error(ErrorKind::conflict,
                fmt::format("{} exists already; give --overwrite to replace it", path));
  }
}

std::unique_ptr<ValueWriter> write_file(Files& files, const std::string& path) {
  const Place place = place_of(files, path);
  return std::make_unique<FileWriter>(file_store(files, place.directory), Key(place.name));
}

void write_text_file(Files& files, const std::string& path, const std::string& text) {
  const auto writer = write_file(files, path);
  writer->append(as_bytes(text));
  (void)writer->commit();
}

}  // namespace gridmill
