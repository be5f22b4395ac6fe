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
                     const Box& box, Stores stores = Stores::cached) {
  Array out(type, box.shape);
  fill_array(std::vector<std::byte>(static_cast<std::size_t>(type.size), std::byte{0xee}).data(),
             out.view());
  CodecContext context;
  const Part part{box, out.view(), stores};
  chain.decode(stored, type, chunk, std::span(&part, 1), out.strings(), context);
  return out;
}

inline Array decoded_whole(const CodecChain& chain, ByteView stored, const Array& like) {
  return decoded(chain, stored, like.type(), like.shape(), whole_box(like.shape()));
}

template <class T>
Array array_of(DataType type, const std::vector<T>& values) {
  Array array(type, {static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), array.values<T>());
  return array;
}

template <class T>
std::vector<T> values_of(const Array& array) {
  return {array.values<T>(), array.values<T>() + array.size()};
}

inline Buffer encoded(const CodecChain& chain, const Array& in) {
  CodecContext context;
  Buffer stored;
  chain.encode(in.view(), stored, context);
  EXPECT_LE(static_cast<std::int64_t>(stored.size()),
            chain.max_encoded_size(in.type(), in.shape()));
  return stored;
}

template <class T>
std::vector<T> stored_as(const Buffer& stored) {
  std::vector<T> values(stored.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), stored.data(), stored.size());
  return values;
}

// v2 filters, without a compressor.
inline CodecChain filters(const std::string& json, DataType type, bool is_big_endian = false,
                          int rank = 1) {
  return CodecChain::from_v2(nullptr, parse_json(json), false, type, is_big_endian, rank);
}

inline void expect_same(const ArrayView& got, const ArrayView& wanted) {
  ASSERT_EQ(got.shape, wanted.shape);
  for_each_position(whole_box(got.shape), [&](const Index& at) {
    ASSERT_EQ(std::memcmp(got.at(at), wanted.at(at), static_cast<std::size_t>(got.type.size)), 0)
        << to_string(at);
  });
}

}  // namespace gridmill
