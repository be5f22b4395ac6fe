// hdf5_elements.h: elements as an HDF5 file stores them become values where they are wanted.
//
// Numbers are copied, in the host's byte order, and a shuffle that is left is undone on the way,
// block by block in the cache. Texts of fixed size become strings, each up to its first NUL; blanks
// stay, as netCDF-C has it.
// Immutable; any number of threads.
#pragma once

#include <span>
#include <string>

#include "gridmill/codec/leaf.h"
#include "gridmill/formats/hdf5_filters.h"

namespace gridmill {

class Hdf5Elements {
 public:
  explicit Hdf5Elements(const Hdf5Dataset& dataset);

  DataType type() const noexcept { return type_; }
  std::int64_t stored_size() const noexcept { return element_size_; }  // of one element
  std::int64_t scratch_size() const noexcept;                          // what place() takes

  // The memory of the one part, if it is the whole of `chunk` and takes its elements as they are
  // stored (their byte order apart).
  MutableByteView direct(const Shape& chunk, std::span<const Part> parts) const;
  // `content` holds the elements of `chunk` in C order, and may lie in direct(). Uses scratch 0.
  void place(const Hdf5Content& content, const Shape& chunk, std::span<const Part> parts,
             StringArena& strings, CodecContext& context) const;
  // The dataset's fill value everywhere.
  void fill(std::span<const Part> parts, StringArena& strings) const;

 private:
  void place_numbers(ByteView content, const Shape& chunk, std::span<const Part> parts) const;
  void place_planes(ByteView planes, const Shape& chunk, std::span<const Part> parts,
                    CodecContext& context) const;
  void place_texts(ByteView content, const Shape& chunk, std::span<const Part> parts,
                   StringArena& strings) const;
  static std::string text_of(ByteView element);

  DataType type_;
  std::int64_t element_size_ = 0;
  bool swaps_ = false;
  Bytes fill_;  // as stored
};

}  // namespace gridmill
