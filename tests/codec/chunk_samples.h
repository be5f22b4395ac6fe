// chunk_samples.h: chunks to encode, and what became of them.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "gridmill/array/array.h"
#include "gridmill/array/copy.h"
#include "gridmill/codec/chain.h"

namespace gridmill {

// Smooth values with noise: compressible, but not trivially.
inline Array sample(DataType type, const Shape& shape, unsigned seed = 1) {
  Array array(type, shape);
  std::mt19937 random(seed);
  const MutableArrayView view = array.view();
  for (std::int64_t i = 0; i < view.byte_size(); ++i) {
    const auto slow = static_cast<unsigned>(i / (8 * type.size));
    view.data[i] = static_cast<std::byte>(i % type.size == 0 ? random() & 0x0f : slow & 0xff);
  }
  return array;
}

inline Array noise(DataType type, const Shape& shape) {
  Array array(type, shape);
  std::mt19937 random(7);
  for (std::byte& byte :
       MutableByteView(array.view().data, static_cast<std::size_t>(array.view().byte_size()))) {
    byte = static_cast<std::byte>(random());
  }
  return array;
}

inline Array decoded(const CodecChain& chain, ByteView stored, DataType type, const Shape& chunk,
                     const Box& box) {
  Array out(type, box.shape);
  fill_array(std::vector<std::byte>(static_cast<std::size_t>(type.size), std::byte{0xee}).data(),
             out.view());
  CodecContext context;
  const Part part{box, out.view()};
  chain.decode(stored, type, chunk, std::span(&part, 1), out.strings(), context);
  return out;
}

inline void expect_same(const ArrayView& got, const ArrayView& wanted) {
  ASSERT_EQ(got.shape, wanted.shape);
  for_each_position(whole_box(got.shape), [&](const Index& at) {
    ASSERT_EQ(std::memcmp(got.at(at), wanted.at(at), static_cast<std::size_t>(got.type.size)), 0)
        << to_string(at);
  });
}

}  // namespace gridmill
