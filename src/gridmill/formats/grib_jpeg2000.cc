#include <fmt/format.h>
#include <openjpeg.h>

#include <algorithm>
#include <memory>

#include "gridmill/base/error.h"
#include "gridmill/formats/grib_images.h"

namespace gridmill {
namespace {

struct Source {
  ByteView bytes;
  std::size_t at = 0;
};

OPJ_SIZE_T read_some(void* into, OPJ_SIZE_T count, void* user) {
  auto& source = *static_cast<Source*>(user);
  const std::size_t rest = source.bytes.size() - source.at;
  if (rest == 0) return static_cast<OPJ_SIZE_T>(-1);
  const std::size_t taken = std::min<std::size_t>(count, rest);
  std::memcpy(into, source.bytes.data() + source.at, taken);
  source.at += taken;
  return taken;
}

OPJ_OFF_T skip_some(OPJ_OFF_T count, void* user) {
  auto& source = *static_cast<Source*>(user);
  if (count < 0) return -1;
  const std::size_t taken =
      std::min(static_cast<std::size_t>(count), source.bytes.size() - source.at);
  source.at += taken;
  return static_cast<OPJ_OFF_T>(taken);
}

OPJ_BOOL seek_to(OPJ_OFF_T at, void* user) {
  auto& source = *static_cast<Source*>(user);
  if (at < 0 || static_cast<std::size_t>(at) > source.bytes.size()) return OPJ_FALSE;
  source.at = static_cast<std::size_t>(at);
  return OPJ_TRUE;
}

// OpenJPEG's codec and stream are one type to the compiler.
template <auto release>
struct Release {
  void operator()(auto* object) const noexcept { release(object); }
};
using Stream = std::unique_ptr<opj_stream_t, Release<opj_stream_destroy>>;
using Codec = std::unique_ptr<opj_codec_t, Release<opj_destroy_codec>>;
using Image = std::unique_ptr<opj_image_t, Release<opj_image_destroy>>;

[[noreturn]] void refuse(std::string_view what) {
  throw Error(ErrorKind::corrupt, fmt::format("its JPEG 2000 image {}", what));
}

Stream stream_over(Source& source) {
  Stream stream(opj_stream_default_create(OPJ_TRUE));
  if (stream == nullptr) throw Error(ErrorKind::out_of_memory, "OpenJPEG has no memory");
  opj_stream_set_read_function(stream.get(), read_some);
  opj_stream_set_skip_function(stream.get(), skip_some);
  opj_stream_set_seek_function(stream.get(), seek_to);
  opj_stream_set_user_data(stream.get(), &source, nullptr);
  opj_stream_set_user_data_length(stream.get(), source.bytes.size());
  return stream;
}

void check_image(const opj_image_t& image, std::int64_t count) {
  constexpr OPJ_UINT32 kMostBits = 30;
  if (image.numcomps != 1) refuse(fmt::format("has {} components", image.numcomps));
  const opj_image_comp_t& values = image.comps[0];
  const auto pixels = static_cast<std::int64_t>(values.w) * static_cast<std::int64_t>(values.h);
  if (pixels != count) {
    refuse(fmt::format("has {} x {} pixels for {} values", values.w, values.h, count));
  }
  if (values.sgnd != 0 || values.prec < 1 || values.prec > kMostBits) {
    refuse(
        fmt::format("has {} bits per value{}", values.prec, values.sgnd != 0 ? " and signs" : ""));
  }
}

}  // namespace

int decode_jpeg2000(ByteView stream, std::int64_t count, Buffer& integers) {
  Source source{stream};
  const Stream input = stream_over(source);
  const Codec codec(opj_create_decompress(OPJ_CODEC_J2K));
  if (codec == nullptr) throw Error(ErrorKind::out_of_memory, "OpenJPEG has no memory");
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  opj_image_t* made = nullptr;
  const bool is_readable = opj_setup_decoder(codec.get(), &parameters) != OPJ_FALSE &&
                           opj_read_header(input.get(), codec.get(), &made) != OPJ_FALSE;
  const Image image(made);
  if (!is_readable || image == nullptr) refuse("has a damaged header");
  check_image(*image, count);
  if (opj_decode(codec.get(), input.get(), image.get()) == OPJ_FALSE ||
      opj_end_decompress(codec.get(), input.get()) == OPJ_FALSE) {
    refuse("is damaged");
  }
  check_image(*image, count);
  const opj_image_comp_t& values = image->comps[0];
  if (values.data == nullptr) refuse("is empty");
  const auto mask = static_cast<std::int32_t>((1U << values.prec) - 1);
  integers.resize(static_cast<std::size_t>(count) * sizeof(std::int32_t));
  auto* into = reinterpret_cast<std::int32_t*>(integers.data());
  for (std::int64_t i = 0; i < count; ++i) into[i] = values.data[i] & mask;
  return static_cast<int>(values.prec);
}

}  // namespace gridmill
