// Addresses, pages and checksums of HDF5 files.

#include "gridmill/formats/hdf5_bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doubles/temporary_directory.h"
#include "gridmill/base/error.h"
#include "gridmill/store/file_store.h"

namespace gridmill {
namespace {

using ::testing::HasSubstr;

class Hdf5BytesTest : public ::testing::Test {
 protected:
  // Byte i holds i * 7 + i / 251, so that pages differ.
  static std::byte content(std::uint64_t i) { return static_cast<std::byte>(i * 7 + i / 251); }

  Hdf5Bytes open(std::uint64_t size, std::uint64_t base) {
    const std::string path = directory_ / "f.h5";
    directory_.files().remove_file(path);
    Bytes bytes(size);
    for (std::uint64_t i = 0; i < size; ++i) bytes[i] = content(i);
    const auto file = directory_.files().create(path);
    file->append(bytes);
    file->close();
    return Hdf5Bytes(file_reader(directory_.files(), path), base, 8, 8);
  }

  TemporaryDirectory directory_;
};

TEST_F(Hdf5BytesTest, ReadsAcrossPagesFromTheBase) {
  const std::uint64_t size = (3 << 20) + 17, base = 512;
  const Hdf5Bytes file = open(size, base);
  EXPECT_EQ(file.end(), size - base);
  for (const std::uint64_t address : {0UL, 65535UL - 512, 65536UL, 1048570UL, 3UL << 19, 0UL}) {
    for (const std::uint64_t count : {0UL, 1UL, 100UL, 65536UL, 65537UL, 200000UL}) {
      const Bytes read = file.read(address, count);
      ASSERT_EQ(read.size(), count);
      for (std::uint64_t i = 0; i < count; ++i) ASSERT_EQ(read[i], content(base + address + i));
    }
  }
  EXPECT_EQ(file.read(file.end() - 1, 1)[0], content(size - 1));
}

TEST_F(Hdf5BytesTest, ManyPagesPassThroughTheCache) {
  const Hdf5Bytes file = open(5 << 20, 0);
  for (int round = 0; round < 2; ++round) {
    for (std::uint64_t at = 0; at < 5 << 20; at += 30011) {
      ASSERT_EQ(file.read(at, 1)[0], content(at));
    }
  }
}

TEST_F(Hdf5BytesTest, WhatIsNotInTheFileIsCorruptAndNotAllocated) {
  const Hdf5Bytes file = open(1000, 100);
  for (const auto& [address, size] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {900, 1}, {0, 901}, {kNoAddress - 1, 2}, {10, kNoAddress}, {kNoAddress, 0}}) {
    try {
      file.read(address, size);
      FAIL() << address << " " << size;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    }
  }
  EXPECT_THROW(open(10, 11), Error);
}

TEST_F(Hdf5BytesTest, TheCursorReadsFieldsOfTheFilesSizes) {
  open(10, 0);
  const Hdf5Bytes file(file_reader(directory_.files(), directory_ / "f.h5"), 0, 4, 2);
  const std::string_view text =
      "\x01\x02\x03\xff\xff\xff\xff\x05\x00\x00\x00\x07\x00TREE\x09\x08\x07";
  Hdf5Cursor cursor(as_bytes({text.data(), 20}), file);
  EXPECT_EQ(cursor.u8(), 1);
  EXPECT_EQ(cursor.u16(), 0x302);
  EXPECT_EQ(cursor.offset(), kNoAddress);
  EXPECT_EQ(cursor.offset(), 5U);
  EXPECT_EQ(cursor.length(), 7U);
  cursor.expect("TREE");
  EXPECT_EQ(cursor.left(), 3U);
  EXPECT_EQ(cursor.uint(3), 0x70809U);
  EXPECT_THROW(cursor.u8(), Error);
  EXPECT_THROW(cursor.skip(kNoAddress), Error);
}

// Two values that lookup3.c itself gives as examples.
TEST(Hdf5Checksum, IsLookup3) {
  EXPECT_EQ(hdf5_checksum({}), 0xdeadbeefU);
  EXPECT_EQ(hdf5_checksum(as_bytes("Four score and seven years ago")), 0x17770551U);
  Bytes block{std::byte{1}, std::byte{2}, std::byte{3}};
  const std::uint32_t sum = hdf5_checksum(block);
  block.resize(7);
  store_le(block.data() + 3, sum);
  EXPECT_NO_THROW(check_hdf5_checksum(block, "a block"));
  block[1] = std::byte{9};
  try {
    check_hdf5_checksum(block, "a block");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_THAT(error.what(), HasSubstr("the checksum of a block differs"));
  }
}

}  // namespace
}  // namespace gridmill
