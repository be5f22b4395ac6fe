#include "gridmill/sink/compare_sink.h"

#include <fmt/format.h>

#include <mutex>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/kernels/compare.h"
#include "gridmill/sink/looking_sink.h"
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

class CompareSink final : public LookingSink {
 public:
  explicit CompareSink(CompareTarget target)
      : LookingSink(target.type, target.grid), target_(std::move(target)) {}

  int columns() const override { return target_.has_reference ? 2 : 1; }
  std::string describe(const Index& unit) const override { return "chunk " + to_string(unit); }

 private:
  void look(const Index& unit, const Box& region,
            std::span<const ArrayView> columns) const override {
    if (!target_.has_reference || target_.skip(unit)) return;
    const Difference difference = compare_bits(columns[0], columns[1]);
    if (difference.is_equal()) return;
    Index first = *difference.first;
    const std::string found = element_text(columns[0].at(first), type());
    const std::string wanted = element_text(columns[1].at(first), type());
    for (int d = 0; d < first.rank(); ++d) first[d] += region.begin[d];
    const std::lock_guard lock(mutex_);
    target_.report({unit, region,
                    fmt::format("{} of {} values differ from the source, first at {}: {} instead "
                                "of {}",
                                format_count(difference.count), format_count(volume(region.shape)),
                                to_string(first), found, wanted)});
  }

  const CompareTarget target_;
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
