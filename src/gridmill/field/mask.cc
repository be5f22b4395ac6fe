#include "gridmill/field/mask.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

class Mask final : public Operator {
 public:
  Mask(const FieldPtr& input, SidePtr side, const FillValue& fill)
      : Operator({input}, input->dimensions(), input->shape(), input->type()),
        side_(std::move(side)),
        fill_(fill),
        element_(fill.element(input->type())),
        strides_(Index::filled(input->shape().rank(), 0)) {
    for (const double value : to_doubles(side_->values.view())) {
      keeps_.push_back(value != 0 && !std::isnan(value));
    }
    std::int64_t stride = 1;
    for (int d = side_->values.shape().rank() - 1; d >= 0; --d) {
      strides_[field_dimension(d)] = stride;
      stride *= side_->values.shape()[d];
    }
  }

  Box needs(int, const Box& region) const override { return region; }

  FieldPtr with_inputs(std::vector<FieldPtr> inputs) const override {
    return std::make_shared<Mask>(inputs.at(0), side_, fill_);
  }

  void compute(std::span<const ArrayView> inputs, const Box& region,
               const MutableArrayView& out) const override {
    copy_array(inputs[0], out);
    for_each_position(whole_box(region.shape), [&](const Index& at) {
      std::int64_t in_side = 0;
      for (int d = 0; d < at.rank(); ++d) in_side += (region.begin[d] + at[d]) * strides_[d];
      if (keeps_[static_cast<std::size_t>(in_side)]) return;
      std::memcpy(out.at(at), element_.data(), element_.size());
    });
  }

  Json to_json() const override {
    return {{"operator", "mask"},
            {"side", side_->name},
            {"fill", fill_.to_json(type(), 3)},
            {"input", inputs()[0]->to_json()}};
  }

 private:
  int field_dimension(int d) const {
    const std::string& name = side_->dimensions[static_cast<std::size_t>(d)];
    const auto found = std::find(dimensions().begin(), dimensions().end(), name);
    const auto at = static_cast<int>(found - dimensions().begin());
    const std::int64_t extent = side_->values.shape()[d];
    if (found != dimensions().end() && shape()[at] == extent) return at;
    throw Error(ErrorKind::invalid,
                fmt::format("the mask {} has {} {}, the field {}", side_->name, extent, name,
                            found == dimensions().end() ? "no such dimension"
                                                        : std::to_string(shape()[at])));
  }

  const SidePtr side_;
  const FillValue fill_;
  const std::vector<std::byte> element_;
  std::vector<bool> keeps_;
  Index strides_;  // in the side, by the field's dimensions; 0 where it has none
};

}  // namespace

FieldPtr mask_field(const FieldPtr& input, SidePtr side, const FillValue& fill) {
  return std::make_shared<Mask>(input, std::move(side), fill);
}

}  // namespace gridmill
