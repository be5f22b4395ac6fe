// base64.h: RFC 4648 with padding, as Zarr spells fill values of fixed bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/base/bytes.h"

namespace gridmill {

std::string base64_encode(ByteView bytes);
std::optional<std::vector<std::byte>> base64_decode(std::string_view text);  // nullopt: not base64

}  // namespace gridmill
