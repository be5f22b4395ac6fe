#include "gridmill/field/pack.h"

#include <fmt/format.h>

#include <cmath>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

class Pack final : public Operator {
 public:
  Pack(const FieldPtr& values, const PackingCodes& codes, std::string name)
      : Operator({values}, values->dimensions(), values->shape(), codes.packed),
        codes_(codes),
        name_(std::move(name)) {}

  Box needs(int, const Box& region) const override { return region; }

  FieldPtr with_inputs(std::vector<FieldPtr> inputs) const override {
    return std::make_shared<Pack>(inputs.at(0), codes_, name_);
  }

  void compute(std::span<const ArrayView> inputs, const Box& region,
               const MutableArrayView& out) const override {
    const std::optional<Index> refused = pack(codes_, inputs[0], out);
    if (refused) refuse(inputs[0], *refused, region);
  }

  Json to_json() const override {
    return {{"operator", "pack"},
            {"name", name_},
            {"codes", packing_codes_to_json(codes_)},
            {"input", inputs()[0]->to_json()}};
  }

 private:
  [[noreturn]] void refuse(const ArrayView& values, const Index& at, const Box& region) const {
    double value = 0;
    visit_real(values.type, [&](auto element) {
      value = static_cast<double>(load_le<decltype(element)>(values.at(at)));
    });
    const Box one{at, Index::filled(at.rank(), 1)};
    const std::string where = to_string(shifted(one, region.begin).begin);
    if (std::isnan(value)) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("{}: the value at {} is missing, and {} declares no _FillValue, so "
                              "that nothing can stand for it",
                              name_, where, name_));
    }
    throw Error(
        ErrorKind::corrupt,
        fmt::format("{}: the value at {} is {}, and {} with scale_factor {} and add_offset {} "
                    "holds {} to {}: give a wider range (--pack-range {}:LEAST:GREATEST, where the "
                    "archive is made), or --out-of-range clamp or mask, which count them",
                    name_, where, format_double(value), codes_.packed.name(),
                    format_double(codes_.scale_factor), format_double(codes_.add_offset),
                    format_double(codes_.least_value()), format_double(codes_.greatest_value()),
                    name_));
  }

  const PackingCodes codes_;
  const std::string name_;
};

}  // namespace

FieldPtr pack_field(const FieldPtr& values, const PackingCodes& codes, std::string name) {
  return std::make_shared<Pack>(values, codes, std::move(name));
}

}  // namespace gridmill
