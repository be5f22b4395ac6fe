#include "gridmill/field/unpack.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

class Unpack final : public Operator {
 public:
  Unpack(const FieldPtr& packed, const Packing& packing)
      : Operator({packed}, packed->dimensions(), packed->shape(), packing.unpacked),
        packing_(packing) {}

  Box needs(int, const Box& region) const override { return region; }

  FieldPtr with_inputs(std::vector<FieldPtr> inputs) const override {
    return std::make_shared<Unpack>(inputs.at(0), packing_);
  }

  void compute(std::span<const ArrayView> inputs, const Box&,
               const MutableArrayView& out) const override {
    unpack(packing_, inputs[0], out);
  }

  Json to_json() const override {
    Json node{{"operator", "unpack"},
              {"packed", packing_.packed.name()},
              {"read_as", packing_.read_as.name()},
              {"type", packing_.unpacked.name()}};
    if (packing_.scale_factor) node["scale_factor"] = *packing_.scale_factor;
    if (packing_.add_offset) node["add_offset"] = *packing_.add_offset;
    node["in_double"] = packing_.in_double;
    node["missing"] = packing_.missing;
    node["input"] = inputs()[0]->to_json();
    return node;
  }

 private:
  Packing packing_;
};

}  // namespace

FieldPtr unpack_field(FieldPtr packed, const Packing& packing) {
  if (packed->type() != packing.packed) {
    throw Error(ErrorKind::internal, fmt::format("a field of {} can't be unpacked as {}",
                                                 packed->type().name(), packing.packed.name()));
  }
  if (packing.is_identity()) return packed;
  return std::make_shared<Unpack>(packed, packing);
}

}  // namespace gridmill
