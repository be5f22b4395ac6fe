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

}  // namespace

FoldPtr statistics_fold(DataType type) { return std::make_shared<StatisticsFold>(type); }

FoldPtr fold_from_json(const Json& json, DataType type) {
  const std::string name = json_string(json, "fold", "a fold of the plan");
  if (name == "statistics") return statistics_fold(type);
  throw Error(ErrorKind::unsupported, fmt::format("this version knows no fold \"{}\"", name));
}

}  // namespace gridmill
