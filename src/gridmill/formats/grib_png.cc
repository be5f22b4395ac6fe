#include <fmt/format.h>
#include <png.h>

#include <csetjmp>
#include <cstring>
#include <vector>

#include "gridmill/base/error.h"
#include "gridmill/formats/grib_images.h"

namespace gridmill {
namespace {

[[noreturn]] void refuse(std::string_view what) {
  throw Error(ErrorKind::corrupt, fmt::format("its PNG image {}", what));
}

// libpng reports errors by a jump; what must be released lives in this object, outside of the
// functions that are jumped out of.
class PngReader {
 public:
  explicit PngReader(ByteView bytes) : bytes_(bytes) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, fail, ignore);
    info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, &info_, nullptr);
      throw Error(ErrorKind::out_of_memory, "libpng has no memory");
    }
    png_set_read_fn(png_, this, give);
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  bool read_header() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_info(png_, info_);
    return true;
  }
  bool read_rows(png_bytep* rows) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_interlace_handling(png_);
    png_read_image(png_, rows);
    png_read_end(png_, nullptr);
    return true;
  }

  PngPixels pixels() const {
    PngPixels result;
    result.width = png_get_image_width(png_, info_);
    result.height = png_get_image_height(png_, info_);
    result.row_bytes = png_get_rowbytes(png_, info_);
    const int depth = png_get_bit_depth(png_, info_), colour = png_get_color_type(png_, info_);
    if (colour == PNG_COLOR_TYPE_GRAY) result.bits = depth;
    if (colour == PNG_COLOR_TYPE_RGB && depth == 8) result.bits = 24;
    if (colour == PNG_COLOR_TYPE_RGB_ALPHA && depth == 8) result.bits = 32;
    return result;
  }
  const std::string& error() const { return error_; }

 private:
  [[noreturn]] static void fail(png_structp png, png_const_charp what) {
    static_cast<PngReader*>(png_get_error_ptr(png))->error_ = what;
    png_longjmp(png, 1);
  }
  static void ignore(png_structp, png_const_charp) {}
  static void give(png_structp png, png_bytep into, std::size_t count) {
    auto& self = *static_cast<PngReader*>(png_get_io_ptr(png));
    if (count > self.bytes_.size()) png_error(png, "it is truncated");
    std::memcpy(into, self.bytes_.data(), count);
    self.bytes_ = self.bytes_.subspan(count);
  }

  ByteView bytes_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::string error_;
};

}  // namespace

PngPixels decode_png(ByteView stream, std::int64_t count, Buffer& rows) {
  PngReader reader(stream);
  if (!reader.read_header()) refuse(fmt::format("has a damaged header: {}", reader.error()));
  const PngPixels pixels = reader.pixels();
  if (pixels.width * pixels.height != count) {
    refuse(fmt::format("has {} x {} pixels for {} values", pixels.width, pixels.height, count));
  }
  if (pixels.bits == 0) refuse("is neither grey nor of 24 or 32 bits");
  rows.resize(pixels.row_bytes * static_cast<std::size_t>(pixels.height));
  std::vector<png_bytep> begins(static_cast<std::size_t>(pixels.height));
  for (std::size_t i = 0; i < begins.size(); ++i) {
    begins[i] = reinterpret_cast<png_bytep>(rows.data()) + i * pixels.row_bytes;
  }
  if (!reader.read_rows(begins.data())) refuse(fmt::format("is damaged: {}", reader.error()));
  return pixels;
}

}  // namespace gridmill
