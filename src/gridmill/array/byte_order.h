// byte_order.h: numbers of the other byte order.
//
// Files of the classic netCDF format, big-endian Zarr arrays and HDF5 variables hold them. One
// pass: the copy that a decoder makes anyway also turns the bytes. No I/O, any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gridmill {

// Where written bytes go: into the caches, for who works on them next; or past them, which leaves
// the caches to others and saves reading what is overwritten. Worth it for what is much larger than
// the caches.
enum class Stores { cached, past_the_caches };

// Copies `bytes` bytes and reverses each unit of `unit` bytes (1, 2, 4 or 8, a divisor of `bytes`).
// `from` and `to` are the same or don't overlap; any alignment. What went past the caches is there
// for other threads only after finish_stores().
void copy_swapped(const std::byte* from, std::byte* to, std::size_t bytes, std::int32_t unit,
                  Stores stores = Stores::cached);

void finish_stores(Stores stores) noexcept;

// `count` elements of `size` bytes each, `from_step` and `to_step` bytes apart.
void copy_swapped_apart(const std::byte* from, std::int64_t from_step, std::byte* to,
                        std::int64_t to_step, std::int64_t count, std::int32_t size,
                        std::int32_t unit);

}  // namespace gridmill
