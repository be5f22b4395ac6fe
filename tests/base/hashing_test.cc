// Vectors from the reference implementation (Python's xxhash 3.x, xxh3_128_hexdigest).
#include "gridmill/base/hashing.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

TEST(Hashing, IsXxh3With128Bits) {
  EXPECT_EQ(to_hex(hash_bytes({})), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(to_hex(hash_bytes(as_bytes("a"))), "a96faf705af16834e6c632b61e964e1f");
  EXPECT_EQ(to_hex(hash_bytes(as_bytes("gridmill"))), "7242ef064c50f1c389075de19f5b93dc");
  EXPECT_EQ(to_hex(hash_bytes(as_bytes("0123456789abcdef"))), "ccba8085a0434e9e0befb4873dbe58f8");
  const auto pattern = [](int n, int step, int modulus) {
    std::string bytes;
    for (int i = 0; i < n; ++i) bytes += static_cast<char>(i * step % modulus);
    return to_hex(hash_bytes(as_bytes(bytes)));
  };
  EXPECT_EQ(pattern(100, 1, 256), "da95ef16fd9566f329b20ba5f03ec01e");
  EXPECT_EQ(pattern(200, 7, 256), "dbfff5e13c798ab90497bdb3d145ccd6");
  EXPECT_EQ(pattern(5000, 31, 251), "5f50ca3aad5b935da092d73116291201");
}

TEST(Hashing, HexRoundTrips) {
  const Hash128 hash{0x0123456789abcdefU, 0x00000000000000ffU};
  EXPECT_EQ(to_hex(hash), "0123456789abcdef00000000000000ff");
  EXPECT_EQ(hash_from_hex(to_hex(hash)), hash);
  for (const char* bad :
       {"", "0123", "0123456789abcdef00000000000000fg", "-123456789abcdef00000000000000ff",
        "0123456789abcdef00000000000000ff0"}) {
    EXPECT_THROW(hash_from_hex(bad), Error) << bad;
  }
}

}  // namespace
}  // namespace gridmill
