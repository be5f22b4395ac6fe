// Compiled with GRIDMILL_PCO_VERSION where rust/pcodec is part of the build (cmake/Pcodec.cmake).
#include "gridmill/codec/pcodec_library.h"

#include <fmt/format.h>

#include <array>

#include "gridmill/base/error.h"
#include "gridmill/codec/frame_error.h"

#ifdef GRIDMILL_PCO_VERSION
// As rust/pcodec/src/lib.rs has them.
extern "C" {
struct GridmillPcodecSettings {
  std::uint32_t level;
  std::uint32_t is_classic;
  std::uint32_t delta;
  std::uint32_t order;
  std::uint64_t page;
};
struct GridmillPcodecReason {
  char* text;
  std::size_t size;
};
bool gridmill_pcodec_decode(std::uint32_t kind, const std::byte* stored, std::size_t stored_size,
                            void* out, std::size_t count, GridmillPcodecReason reason);
bool gridmill_pcodec_encode(std::uint32_t kind, const GridmillPcodecSettings* settings,
                            const void* elements, std::size_t count, std::byte* out,
                            std::size_t capacity, std::size_t* size, GridmillPcodecReason reason);
std::uint64_t gridmill_pcodec_bound(std::uint32_t bytes, std::uint64_t count, std::uint64_t page);
}
#endif

namespace gridmill {
namespace {

// The byte that stands for a type in a stream; 0: none does.
std::uint32_t pcodec_kind(DataType type) noexcept {
  const bool is_wide = type.size == 8;
  switch (type.kind) {
    case ScalarKind::unsigned_:
      return type.size == 2 ? 7 : type.size == 4 ? 1 : is_wide ? 2 : 0;
    case ScalarKind::integer:
      return type.size == 2 ? 8 : type.size == 4 ? 3 : is_wide ? 4 : 0;
    case ScalarKind::floating:
      return type.size == 2 ? 9 : type.size == 4 ? 5 : is_wide ? 6 : 0;
    default:
      return 0;
  }
}

}  // namespace

bool is_pcodec_type(DataType type) noexcept { return pcodec_kind(type) != 0; }

#ifdef GRIDMILL_PCO_VERSION

std::string pcodec_version() { return GRIDMILL_PCO_VERSION; }

void require_pcodec() {}

std::int64_t pcodec_bound(DataType type, std::int64_t count, std::uint64_t page) {
  return static_cast<std::int64_t>(gridmill_pcodec_bound(static_cast<std::uint32_t>(type.size),
                                                         static_cast<std::uint64_t>(count), page));
}

void pcodec_encode(const PcodecSettings& settings, DataType type, const std::byte* elements,
                   std::int64_t count, Buffer& out) {
  const GridmillPcodecSettings given{settings.level, settings.is_classic ? 1U : 0U,
                                     static_cast<std::uint32_t>(settings.delta), settings.order,
                                     settings.page};
  out.resize(static_cast<std::size_t>(pcodec_bound(type, count, settings.page)));
  std::size_t size = 0;
  std::array<char, 256> why{};
  if (!gridmill_pcodec_encode(pcodec_kind(type), &given, elements, static_cast<std::size_t>(count),
                              out.data(), out.size(), &size, {why.data(), why.size()})) {
    throw Error(ErrorKind::invalid, fmt::format("pcodec: {}", why.data()));
  }
  out.resize(size);
}

void pcodec_decode(ByteView stored, DataType type, std::byte* elements, std::int64_t count) {
  std::array<char, 256> why{};
  if (!gridmill_pcodec_decode(pcodec_kind(type), stored.data(), stored.size(), elements,
                              static_cast<std::size_t>(count), {why.data(), why.size()})) {
    throw_damaged("pcodec", stored.size(), why.data());
  }
}

#else

std::string pcodec_version() { return ""; }

void require_pcodec() {
  throw Error(ErrorKind::unsupported,
              "codec pcodec is not part of this build: build Gridmill where cargo is at hand, 1.87 "
              "or newer (-DGRIDMILL_PCODEC=ON), or recode the data with the software that wrote "
              "them (numcodecs with pcodec), for instance as blosc with zstd");
}

std::int64_t pcodec_bound(DataType, std::int64_t, std::uint64_t) {
  require_pcodec();
  return 0;
}

void pcodec_encode(const PcodecSettings&, DataType, const std::byte*, std::int64_t, Buffer&) {
  require_pcodec();
}

void pcodec_decode(ByteView, DataType, std::byte*, std::int64_t) { require_pcodec(); }

#endif

}  // namespace gridmill
