#include "gridmill/dataset/packed_leaves.h"

#include <fmt/format.h>

#include "gridmill/array/array.h"
#include "gridmill/base/error.h"
#include "gridmill/codec/place.h"
#include "gridmill/dataset/packing.h"

namespace gridmill {
namespace {

class PackedLeaves final : public LeafReader {
 public:
  PackedLeaves(std::shared_ptr<const LeafReader> leaves, Packing packing, PackingCodes codes)
      : LeafReader(codes.packed, leaves->grid()),
        leaves_(std::move(leaves)),
        packing_(std::move(packing)),
        codes_(std::move(codes)) {}

  std::int64_t stored_bound() const override { return leaves_->stored_bound(); }
  std::int64_t scratch_bound() const override {
    const std::int64_t elements = volume(grid().chunk());
    return leaves_->scratch_bound() +
           elements * (packing_.packed.size + packing_.unpacked.size + type().size);
  }
  bool fetch(const Index& position, Buffer& stored) const override {
    return leaves_->fetch(position, stored);
  }
  void decode(const Index& position, ByteView stored, std::span<const Part> parts,
              StringArena& strings, CodecContext& context) const override {
    through(parts, position, [&](const Part& part) {
      leaves_->decode(position, stored, std::span(&part, 1), strings, context);
    });
  }
  void fill(std::span<const Part> parts, StringArena& strings) const override {
    through(parts, Index::filled(grid().shape().rank(), 0),
            [&](const Part& part) { leaves_->fill(std::span(&part, 1), strings); });
  }
  std::string describe(const Index& position) const override { return leaves_->describe(position); }

 private:
  // `read` gives a part as it is stored.
  template <class Read>
  void through(std::span<const Part> parts, const Index& position, Read&& read) const {
    for (const Part& part : parts) {
      Array stored(packing_.packed, part.box.shape);
      read(Part{part.box, stored.view()});
      Array values(packing_.unpacked, part.box.shape);
      unpack(packing_, stored.view(), values.view());
      Array packed(type(), part.box.shape);
      const std::optional<Index> refused = pack(codes_, values.view(), packed.view());
      place_elements(packed.view(), part);
      if (!refused) continue;
      const double value =
          to_doubles(values.view().part({*refused, Index::filled(refused->rank(), 1)}))[0];
      throw Error(
          ErrorKind::corrupt,
          fmt::format("{} of {} is none of the archive's packed values, {} to {}: write the "
                      "archive anew with a wider range (convert --pack-range)",
                      value, describe(position), codes_.least_value(), codes_.greatest_value()));
    }
  }

  const std::shared_ptr<const LeafReader> leaves_;
  const Packing packing_;
  const PackingCodes codes_;
};

}  // namespace

Variable packed_into(const Variable& there, const Variable& own, const PackingCodes& codes) {
  Variable packed = packed_like(there, own, codes);
  const Packing packing = packing_of(own);
  for (Block& block : packed.blocks) {
    block.reader = std::make_shared<PackedLeaves>(block.reader, packing, codes);
  }
  return packed;
}

}  // namespace gridmill
