#include "gridmill/sink/compare_sink.h"

#include <fmt/format.h>

#include <mutex>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/kernels/compare.h"
#include "gridmill/sink/text_cells.h"

namespace gridmill {
namespace {

// One element as text, for messages: numbers in shortest form, text quoted.
std::string element_text(const std::byte* element, DataType type) {
  if (!type.is_numeric()) {
    std::string memory;
    return fmt::format("\"{}\"", text_of(element, type, memory));
  }
  char number[kLongestNumber];
  return {number, write_number(number, element, type)};
}

class CompareSink final : public Sink {
 public:
  explicit CompareSink(CompareTarget target) : target_(std::move(target)) {}

  const ChunkGrid& units() const override { return target_.grid; }
  int columns() const override { return target_.has_reference ? 2 : 1; }
  Box region(int, const Index& unit) const override { return target_.grid.box_of(unit); }
  DataType column_type(int) const override { return target_.type; }
  Shape buffer_shape(int, const Index& unit) const override {
    return target_.grid.box_of(unit).shape;
  }
  void prepare(int, const Index&, const MutableArrayView&) const override {}  // no padding
  std::int64_t encoded_bound() const override { return 0; }
  std::int64_t scratch_bound() const override { return 0; }

  void encode(const Index& unit, std::span<const ArrayView> columns, Buffer& out,
              CodecContext&) const override {
    out.clear();
    if (!target_.has_reference || target_.skip(unit)) return;
    const Difference difference = compare_bits(columns[0], columns[1]);
    if (difference.is_equal()) return;
    const Box region = target_.grid.box_of(unit);
    Index first = *difference.first;
    const std::string found = element_text(columns[0].at(first), target_.type);
    const std::string wanted = element_text(columns[1].at(first), target_.type);
    for (int d = 0; d < first.rank(); ++d) first[d] += region.begin[d];
    const std::lock_guard lock(mutex_);
    target_.report({unit, region,
                    fmt::format("{} of {} values differ from the source, first at {}: {} instead "
                                "of {}",
                                format_count(difference.count), format_count(volume(region.shape)),
                                to_string(first), found, wanted)});
  }

  std::optional<KeyRecord> store(const Index&, ByteView) override { return std::nullopt; }
  void finish() override {}
  std::string describe(const Index& unit) const override { return "chunk " + to_string(unit); }

 private:
  CompareTarget target_;
  mutable std::mutex mutex_;
};

}  // namespace

std::shared_ptr<Sink> read_back_sink(std::string name, DataType type, ChunkGrid grid) {
  CompareTarget target;
  target.type = type;
  target.grid = std::move(grid);
  target.has_reference = true;
  target.skip = [](const Index&) { return false; };
  target.report = [name = std::move(name)](const Mismatch& mismatch) {
    Error error(ErrorKind::corrupt,
                fmt::format("what was written of {} isn't what is read back: at {} {}", name,
                            to_string(mismatch.region), mismatch.what));
    error.set_retryable(true);
    throw error;
  };
  return compare_sink(std::move(target));
}

std::shared_ptr<Sink> compare_sink(CompareTarget target) {
  return std::make_shared<CompareSink>(std::move(target));
}

}  // namespace gridmill
