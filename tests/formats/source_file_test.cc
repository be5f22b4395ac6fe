// The readers of formats see a store and a key, wherever the bytes are: here in memory, which knows
// no paths, so that nothing could come from anywhere else.
#include "gridmill/formats/source_file.h"

#include <gmock/gmock.h>

#include "doubles/assertions.h"
#include "doubles/real_data.h"
#include "formats/netcdf_file.h"
#include "formats/read_variable.h"
#include "formats/same_file.h"
#include "gridmill/formats/classic_reader.h"
#include "gridmill/formats/grib_index.h"
#include "gridmill/formats/hdf5_reader.h"
#include "gridmill/store/memory_store.h"

namespace gridmill {
namespace {

using ::testing::IsEmpty;
using testing::Netcdf;
using testing::read_all;
using testing::ScratchDirectory;

class SourceInAStore : public ::testing::Test {
 protected:
  SourceInAStore() { put(""); }

  void put(std::string_view content) { store_->put(Key(kName), as_bytes(content)); }

  // Nothing of the file system but a name for messages.
  OpenedSource opened(std::string_view content) {
    put(content);
    auto store = std::make_shared<OneValue>(*store_);
    auto bytes = store->reader(Key());
    SourceFile source{*files_, "no/such/file", {.size = bytes->size()}, store, bytes->version()};
    return {std::make_shared<const SourceFile>(std::move(source)), std::move(bytes)};
  }

  std::string made(int mode) {
    const std::string path = scratch_.path("made.nc");
    {
      Netcdf nc(path, mode);
      const int time = nc.dim("time", NC_UNLIMITED), x = nc.dim("x", 5000);
      const int v = nc.var("v", NC_FLOAT, {time, x}), w = nc.var("w", NC_SHORT, {x});
      if ((mode & NC_NETCDF4) != 0) {
        const std::size_t chunk[] = {2, 700};
        nc.ok(nc_def_var_chunking(nc.id(), v, NC_CHUNKED, chunk));
        nc.ok(nc_def_var_deflate(nc.id(), v, 1, 1, 1));
      }
      nc.ok(nc_enddef(nc.id()));
      std::vector<float> values(5 * 5000);
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) / 7;
      const std::size_t start[] = {0, 0}, count[] = {5, 5000};
      nc.ok(nc_put_vara_float(nc.id(), v, start, count, values.data()));
      nc.ok(nc_put_vara_float(nc.id(), w, start, count + 1, values.data()));
    }
    return path;
  }

  // As an object store would have it: a key, and only that.
  static constexpr const char* kName = "bucket/made.nc";
  class OneValue final : public Store {
   public:
    explicit OneValue(Store& under) : under_(under) {}
    std::optional<GetResult> get(const Key&, const GetRequest& request, Buffer& into) override {
      return under_.get(Key(kName), request, into);
    }
    std::optional<GetResult> stat(const Key&) override { return under_.stat(Key(kName)); }
    Version put(const Key&, std::span<const ByteView>) override { return refuse(); }
    Version put_if(const Key&, ByteView, const std::optional<Version>&) override {
      return refuse();
    }
    std::unique_ptr<ValueWriter> writer(const Key&) override { return nullptr; }
    void list(const Key&, const std::function<void(const ListEntry&)>&) override {}
    std::vector<std::string> children(const Key&) override { return {}; }
    bool remove(const Key&) override { return false; }
    std::string describe() const override { return "one value"; }

   private:
    static Version refuse() { throw Error(ErrorKind::denied, "read only"); }
    Store& under_;
  };

  std::unique_ptr<Files> files_ = posix_files();
  std::unique_ptr<Store> store_ = memory_store();
  ScratchDirectory scratch_;
};

std::string_view bytes_of(const Array& array) {
  return as_text(ByteView(array.view().data, static_cast<std::size_t>(array.size()) *
                                                 static_cast<std::size_t>(array.type().size)));
}

void expect_same_values(const FormatFile& file, const FormatFile& by_path) {
  EXPECT_THAT(testing::differences(file, by_path), IsEmpty());
  for (std::size_t i = 0; i < by_path.groups[0].variables.size(); ++i) {
    const FileVariable& variable = by_path.groups[0].variables[i];
    const Array ours = read_all(*file.groups[0].variables[i].reader);
    const Array theirs = read_all(*variable.reader);
    ASSERT_EQ(ours.size(), theirs.size());
    EXPECT_EQ(bytes_of(ours), bytes_of(theirs)) << variable.name;
  }
}

TEST_F(SourceInAStore, ClassicFilesAreRead) {
  for (const int mode : {NC_CLASSIC_MODEL, NC_64BIT_OFFSET, NC_64BIT_DATA}) {
    const std::string path = made(mode);
    const OpenedSource source = opened(scratch_.read(path));
    expect_same_values(open_classic(source.source, *source.bytes),
                       open_netcdf(*files_, {path, ""}));
  }
}

TEST_F(SourceInAStore, Hdf5FilesAreRead) {
  const std::string path = made(NC_NETCDF4);
  OpenedSource source = opened(scratch_.read(path));
  const auto file = open_hdf5(*source.source, std::move(source.bytes));
  ASSERT_TRUE(file);
  EXPECT_THAT(file->elsewhere, IsEmpty());
  expect_same_values(file->file, open_netcdf(*files_, {path, ""}, NetcdfBy::library));
}

TEST_F(SourceInAStore, GribMessagesAreFound) {
  const std::string folder = real_data();
  if (folder.empty()) GTEST_SKIP() << "no real data";
  const std::string path = folder + "/era5-levels-members.grib";
  const OpenedSource source = opened(scratch_.read(path));
  const OpenedSource by_path = open_source(*files_, path, "GRIB");
  const GribIndex ours = index_grib(*source.bytes), theirs = index_grib(*by_path.bytes);
  ASSERT_EQ(ours.cubes.size(), theirs.cubes.size());
  ASSERT_FALSE(ours.cubes.empty());
  for (std::size_t i = 0; i < ours.cubes.size(); ++i) {
    EXPECT_EQ(ours.cubes[i].keys, theirs.cubes[i].keys);
    EXPECT_EQ(ours.cubes[i].fields.size(), theirs.cubes[i].fields.size());
  }
}

TEST_F(SourceInAStore, WhatChangesIsAConflict) {
  const OpenedSource source = opened(scratch_.read(made(NC_64BIT_OFFSET)));
  const FormatFile file = open_classic(source.source, *source.bytes);
  read_all(*file.groups[0].variables[0].reader);
  put("something else");
  EXPECT_EQ(kind_thrown([&] { read_all(*file.groups[0].variables[0].reader); }),
            ErrorKind::conflict);
  store_->remove(Key(kName));
  EXPECT_EQ(kind_thrown([&] { read_all(*file.groups[0].variables[0].reader); }),
            ErrorKind::conflict);
}

TEST_F(SourceInAStore, AFileThatIsNoneIsSaidSo) {
  EXPECT_EQ(kind_thrown([&] { open_source(*files_, scratch_.path("absent"), "GRIB"); }),
            ErrorKind::not_found);
  try {
    open_source(*files_, scratch_.path(""), "netCDF");
    ADD_FAILURE() << "a directory was opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("directory, where a netCDF file"));
  }
}

}  // namespace
}  // namespace gridmill
