// Zip files as stores: what Python's zipfile wrote, hostile directories, and packing.
#include "gridmill/store/zip_store.h"

#include <gmock/gmock.h>

#include <random>

#include "doubles/assertions.h"
#include "doubles/temporary_directory.h"
#include "gridmill/base/error.h"
#include "gridmill/store/location.h"
#include "gridmill/store/memory_store.h"
#include "gridmill/store/stage.h"

namespace gridmill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Python's zipfile: c/0 deflated (54 bytes), the folder d/, k stored twice: "old", then "new!".
constexpr std::string_view kByPython =
    "504b03041400000008000000210041652e68080000003600000003000000632f304b4c4a4e241d0100504b0304"
    "1400000000000000210000000000000000000000000002000000642f504b030414000000000000002100e5d45d"
    "3f0300000003000000010000006b6f6c64504b03041400000000000000210088a9b69804000000040000000100"
    "00006b6e657721504b010214031400000008000000210041652e68080000003600000003000000000000000000"
    "0000800100000000632f30504b0102140314000000000000002100000000000000000000000000020000000000"
    "000000000000800129000000642f504b0102140314000000000000002100e5d45d3f0300000003000000010000"
    "0000000000000000008001490000006b504b010214031400000000000000210088a9b698040000000400000001"
    "000000000000000000000080016b0000006b504b05060000000004000400bf0000008e0000000000";

std::string from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(16 * digit(hex[i]) + digit(hex[i + 1]));
  }
  return bytes;
}

class ZipStoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> store_of(std::string_view bytes) {
    const std::string path = ground_ / (std::to_string(++count_) + ".zip");
    const auto file = ground_.files().create(path);
    file->append(as_bytes(bytes));
    file->close();
    return zip_store(ground_.files(), path);
  }
  std::string packed(Store& from, std::int64_t zip64_from = kZip64From) {
    const std::string path = ground_ / (std::to_string(++count_) + ".packed");
    pack_zip(from, ground_.files(), path, {}, zip64_from);
    const auto file = ground_.files().open(path);
    std::string bytes(static_cast<std::size_t>(file->status().size), '\0');
    EXPECT_EQ(file->read_at(0, std::as_writable_bytes(std::span(bytes))), bytes.size());
    return bytes;
  }

  TemporaryDirectory ground_;
  int count_ = 0;
};

TEST_F(ZipStoreTest, ReadsWhatPythonWrote) {
  const auto store = store_of(from_hex(kByPython));
  std::string text;
  for (int i = 0; i < 18; ++i) text += "abc";
  EXPECT_EQ(value_of(*store, "c/0"), text);
  EXPECT_EQ(value_of(*store, "k"), "new!");
  EXPECT_THAT(listed(*store, ""), ElementsAre("c/0", "k"));
  Buffer value;
  ASSERT_TRUE(store->get(Key("c/0"), {{{3, 2}, {-1, 1}}, {}}, value));
  EXPECT_EQ(as_text(value), "abc");
  EXPECT_EQ(kind_thrown([&] { store->get(Key("c/0"), {{}, {}, 53}, value); }), ErrorKind::corrupt);
}

TEST_F(ZipStoreTest, IsWrittenOnceAsAWhole) {
  const auto store = store_of(from_hex(kByPython));
  EXPECT_EQ(kind_thrown([&] { store->put(Key("x"), as_bytes("x")); }), ErrorKind::unsupported);
  EXPECT_EQ(kind_thrown([&] { (void)store->writer(Key("x")); }), ErrorKind::unsupported);
  EXPECT_EQ(kind_thrown([&] { store->remove(Key("k")); }), ErrorKind::unsupported);
}

TEST_F(ZipStoreTest, AnAbsentFileIsAnEmptyStore) {
  const auto store = zip_store(ground_.files(), ground_ / "none.zip");
  EXPECT_EQ(value_of(*store, "k"), std::nullopt);
  EXPECT_TRUE(listed(*store, "").empty());
}

TEST_F(ZipStoreTest, SameStoreSameBytes) {
  const auto from = memory_store();
  from->put(Key("b/0"), as_bytes("1"));
  from->put(Key("a"), as_bytes("2"));
  const std::string bytes = packed(*from);
  EXPECT_EQ(packed(*from), bytes);
  EXPECT_THAT(listed(*store_of(bytes), ""), ElementsAre("a", "b/0"));
}

// Larger than the pieces that it goes through.
TEST_F(ZipStoreTest, LargeValuesAndManyEntries) {
  const auto from = memory_store();
  const std::string large((std::size_t{9} << 20) + 7, 'x');
  from->put(Key("large"), as_bytes(large));
  for (int i = 0; i < 66'000; ++i) from->put(Key("c/" + std::to_string(i)), as_bytes("v"));
  const auto store = store_of(packed(*from));
  EXPECT_EQ(value_of(*store, "large"), large);
  EXPECT_EQ(listed(*store, "c").size(), 66'000U);
  EXPECT_EQ(value_of(*store, "c/65999"), "v");
}

// Whatever is wrong: an Error, never a crash, and no more memory than the file has bytes.
TEST_F(ZipStoreTest, SurvivesDamage) {
  const auto from = memory_store();
  for (const char* key : {"a", "b/c", "zarr.json"}) from->put(Key(key), as_bytes("some value"));
  for (const std::string& good : {packed(*from), packed(*from, 0), from_hex(kByPython)}) {
    const auto read_all = [&](std::string_view bytes) {
      const auto store = store_of(bytes);
      try {
        store->list(Key(), [&](const ListEntry& entry) {
          Buffer value;
          try {
            EXPECT_TRUE(store->get(entry.key, value));
            EXPECT_LE(value.size(), 1032 * good.size());
          } catch (const Error& error) {
            EXPECT_THAT((std::vector{ErrorKind::corrupt, ErrorKind::unsupported}),
                        testing::Contains(error.kind()))
                << error.what();
          }
        });
        return true;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::corrupt) << error.what();
        return false;
      }
    };
    EXPECT_TRUE(read_all(good));
    for (std::size_t size = 0; size < good.size(); ++size) {
      EXPECT_FALSE(read_all(std::string_view(good).substr(0, size))) << size;
    }
    std::mt19937 random(1);
    for (int trial = 0; trial < 1500; ++trial) {
      std::string bad = good;
      const std::size_t at = random() % bad.size();
      bad[at] = static_cast<char>(trial % 3 == 0 ? 0xff : bad[at] ^ (1 << (random() % 8)));
      read_all(bad);
    }
  }
}

TEST_F(ZipStoreTest, EveryFlippedContentIsSeen) {
  const auto from = memory_store();
  from->put(Key("k"), as_bytes("content"));
  std::string bytes = packed(*from);
  bytes[bytes.find("content") + 3] ^= 1;
  EXPECT_EQ(kind_thrown([&] { value_of(*store_of(bytes), "k"); }), ErrorKind::corrupt);
  // Piece by piece, too; a part alone proves nothing.
  const auto store = store_of(bytes);
  Buffer piece;
  EXPECT_TRUE(store->get(Key("k"), {{{0, 2}}, {}}, piece));
  EXPECT_TRUE(store->get(Key("k"), {{{2, 4}}, {}}, piece));
  EXPECT_EQ(kind_thrown([&] { store->get(Key("k"), {{{6, 1}}, {}}, piece); }), ErrorKind::corrupt);
  EXPECT_TRUE(store->get(Key("k"), {{{6, 1}}, {}}, piece));
  EXPECT_EQ(kind_thrown([&] {
              store->get(Key("k"), {{{0, 3}, {3, 4}}, {}}, piece);
            }),
            ErrorKind::corrupt);
}

TEST_F(ZipStoreTest, NamesDontLeadOutside) {
  for (const std::string name : {"../x", "/etc", "a/../b", "a//b"}) {
    ZipEntry entry;
    entry.name = name;
    std::string bytes = zip_local_header(entry);
    const auto offset = static_cast<std::int64_t>(bytes.size());
    const std::string central = zip_central_header(entry);
    bytes += central + zip_directory_end(1, static_cast<std::int64_t>(central.size()), offset);
    const auto store = store_of(bytes);
    EXPECT_EQ(kind_thrown([&] { listed(*store, ""); }), ErrorKind::corrupt) << name;
  }
}

TEST_F(ZipStoreTest, OtherCompressionsAreRefusedByName) {
  std::string bytes = from_hex(kByPython);
  const std::size_t central = bytes.find("PK\x01\x02");
  bytes[central + 10] = 12;  // bzip2
  const auto store = store_of(bytes);
  try {
    value_of(*store, "c/0");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_THAT(error.what(), HasSubstr("\"c/0\" has compression 12"));
  }
  EXPECT_EQ(value_of(*store, "k"), "new!");
}

TEST_F(ZipStoreTest, TheStagePublishesOneFile) {
  const Location out = parse_location(ground_ / "out.zarr.zip");
  for (const char* value : {"first", "second"}) {
    const auto stage = open_stage(ground_.files(), out, {.overwrite = true});
    stage->store().put(Key("zarr.json"), as_bytes(value));
    EXPECT_TRUE(stage->publish().empty());
    EXPECT_FALSE(ground_.files().status(out.path)->is_directory);
    EXPECT_EQ(value_of(*open_store(ground_.files(), out), "zarr.json"), value);
  }
  EXPECT_EQ(ground_.files().status(out.path + ".gridmill"), std::nullopt);
  EXPECT_EQ(kind_thrown([&] { (void)open_stage(ground_.files(), out, {}); }), ErrorKind::conflict);
}

}  // namespace
}  // namespace gridmill
