#include "gridmill/sink/fold.h"

#include <fmt/format.h>

#include <cstring>

#include "gridmill/base/error.h"
#include "gridmill/kernels/statistics.h"

namespace gridmill {
namespace {

class StatisticsFold final : public Fold {
 public:
  explicit StatisticsFold(DataType type) {
    if (type.is_real()) return;
    throw Error(ErrorKind::unsupported,
                fmt::format("values of type {} have no minimum and mean", type.name()));
  }

  Json to_json() const override { return {{"fold", "statistics"}}; }
  std::int64_t state_bytes() const override { return sizeof(Statistics); }

  void fold(const ArrayView& values, MutableByteView state) const override {
    const Statistics statistics = statistics_of(values);
    std::memcpy(state.data(), &statistics, sizeof statistics);
  }

  void merge(MutableByteView state, ByteView later) const override {
    const Statistics both = merged(read(state), read(later));
    std::memcpy(state.data(), &both, sizeof both);
  }

  Json result(ByteView state) const override {
    const Statistics statistics = read(state);
    return {{"count", statistics.count},     {"missing", statistics.nan_count},
            {"minimum", statistics.minimum}, {"maximum", statistics.maximum},
            {"sum", statistics.sum},         {"mean", statistics.mean()}};
  }

 private:
  static Statistics read(ByteView state) {
    Statistics statistics;
    std::memcpy(&statistics, state.data(), sizeof statistics);
    return statistics;
  }
};

class PackingFold final : public Fold {
 public:
  PackingFold(const PackingCodes& codes, DataType type) : codes_(codes) {
    if (type.is_real()) return;
    throw Error(ErrorKind::unsupported,
                fmt::format("values of type {} can't be packed", type.name()));
  }

  Json to_json() const override {
    return {{"fold", "packing"}, {"codes", packing_codes_to_json(codes_)}};
  }
  std::int64_t state_bytes() const override { return sizeof(OutsideCount); }

  void fold(const ArrayView& values, MutableByteView state) const override {
    const OutsideCount count = count_outside(codes_, values);
    std::memcpy(state.data(), &count, sizeof count);
  }

  void merge(MutableByteView state, ByteView later) const override {
    OutsideCount both = read(state);
    const OutsideCount more = read(later);
    both.below += more.below;
    both.above += more.above;
    both.nan_count += more.nan_count;
    std::memcpy(state.data(), &both, sizeof both);
  }

  Json result(ByteView state) const override {
    const OutsideCount count = read(state);
    return {{"below", count.below},
            {"above", count.above},
            {"out_of_range", packing_codes_to_json(codes_)["out_of_range"]}};
  }

 private:
  static OutsideCount read(ByteView state) {
    OutsideCount count;
    std::memcpy(&count, state.data(), sizeof count);
    return count;
  }

  const PackingCodes codes_;
};

}  // namespace

FoldPtr packing_fold(const PackingCodes& codes, DataType type) {
  return std::make_shared<PackingFold>(codes, type);
}

FoldPtr statistics_fold(DataType type) { return std::make_shared<StatisticsFold>(type); }

FoldPtr fold_from_json(const Json& json, DataType type) {
  const std::string name = json_string(json, "fold", "a fold of the plan");
  if (name == "statistics") return statistics_fold(type);
  if (name == "packing") {
    return packing_fold(packing_codes_from_json(json_member(json, "codes", "a fold of the plan")),
                        type);
  }
  throw Error(ErrorKind::unsupported, fmt::format("this version knows no fold \"{}\"", name));
}

}  // namespace gridmill
