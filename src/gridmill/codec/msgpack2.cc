#include "gridmill/codec/msgpack2.h"

#include <fmt/format.h>

#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"
#include "gridmill/base/json_members.h"
#include "gridmill/codec/frame_error.h"
#include "gridmill/codec/object_rows.h"
#include "gridmill/codec/text_elements.h"
#include "gridmill/codec/vlen_frame.h"

namespace gridmill {
namespace {

constexpr std::int64_t kParsedValue = 96;

constexpr int kDeepestElement = 64;

// Collects the values of a message, rows left out, and stops when there are more than a chunk can
// have, so that a hostile one takes no memory.
class LeafCollector final : public nlohmann::json_sax<Json> {
 public:
  LeafCollector(const Shape& shape, std::size_t stored)
      : most_(static_cast<std::size_t>(most_object_leaves(shape))),
        levels_(levels_of_rows(shape)),
        stored_(stored) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(std::int64_t value) override { return add(value); }
  bool number_unsigned(std::uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string&) override { return add(value); }
  bool string(std::string& value) override {
    if (!open_.empty()) check_text(value);  // others are checked as elements
    return add(std::move(value));
  }
  bool binary(Json::binary_t& value) override { return add(Json::binary(std::move(value))); }
  bool start_array(std::size_t) override {
    if (open_.empty() && depth_ < levels_) {
      // Lists without values are values too, so that nothing is endless.
      if (++lists_ > (kMaxRank + 1) * most_) throw_too_many();
      ++depth_;
      return true;
    }
    return open(false);
  }
  bool end_array() override {
    if (!open_.empty()) return close(std::move(open_.back().list));
    --depth_;
    return true;
  }
  bool start_object(std::size_t) override {
    if (depth_ == 0) throw_damaged(Msgpack2Codec::kName, stored_, "it is no list");
    return open(true);
  }
  bool key(std::string& name) override {
    check_text(name);
    open_.back().name = std::move(name);
    return true;
  }
  bool end_object() override {
    if (open_.back().members.has_repeated_name()) {
      throw_damaged(Msgpack2Codec::kName, stored_, "a mapping has a name twice");
    }
    return close(std::move(open_.back().members).object());
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    throw_damaged(Msgpack2Codec::kName, stored_, "it is no MessagePack");
  }

  std::vector<Json> leaves;

 private:
  [[noreturn]] void throw_too_many() const {
    throw_damaged(Msgpack2Codec::kName, stored_, "it holds more values than the chunk");
  }
  // A list or mapping inside of an element, and the name of the mapping's next value.
  struct Open {
    bool is_mapping = false;
    Json list;
    JsonMembers members;
    std::string name;
  };
  bool open(bool is_mapping) {
    if (open_.size() == kDeepestElement) {
      throw_damaged(Msgpack2Codec::kName, stored_, "it is too deep");
    }
    count_inside();
    Open& last = open_.emplace_back();
    last.is_mapping = is_mapping;
    if (!is_mapping) last.list = Json::array();
    return true;
  }
  bool close(Json value) {
    open_.pop_back();
    return add(std::move(value));
  }
  void check_text(const std::string& text) const {
    if (is_well_formed_utf8(text)) return;
    throw_damaged(Msgpack2Codec::kName, stored_, "a text is no UTF-8");
  }
  void count_inside() {
    if (++inside_ > kMostInsideElements) throw_crowded(Msgpack2Codec::kName);
  }
  bool add(Json value) {
    if (!open_.empty()) {
      count_inside();
      Open& last = open_.back();
      if (last.is_mapping) {
        last.members.add(std::move(last.name), std::move(value));
      } else {
        last.list.push_back(std::move(value));
      }
      return true;
    }
    if (leaves.size() == most_) throw_too_many();
    leaves.push_back(std::move(value));
    return true;
  }

  const std::size_t most_;
  const int levels_;
  const std::size_t stored_;
  std::size_t lists_ = 0;
  std::int64_t inside_ = 0;
  int depth_ = 0;
  std::vector<Open> open_;
};

}  // namespace

Json Msgpack2Codec::to_v3(DataType /*type*/) const {
  throw Error(ErrorKind::unsupported,
              "Zarr v3 has no codec msgpack2; use --zarr-format 2, or another --codec");
}

void Msgpack2Codec::check_type(DataType type) const { check_object_type(type, true, kName); }

std::int64_t Msgpack2Codec::max_encoded_size(const Form& form) const {
  // 9 bytes at most for a number, 5 before a text or a row.
  const std::int64_t value = form.type.is_string()    ? kStringEstimate
                             : form.type.is_numeric() ? 9
                                                      : 5 + form.type.size;
  const std::int64_t rows = 5 * std::int64_t{form.shape.rank()};
  return 64 + 9 * kMaxRank + checked_mul(volume(form.shape), value + rows, "a chunk's size");
}

std::int64_t Msgpack2Codec::scratch_size(const Form& form) const {
  return checked_mul(volume(form.shape), kParsedValue, "a chunk's size") + max_encoded_size(form);
}

void Msgpack2Codec::encode(const ArrayView& elements, Buffer& out) const {
  if (elements.rank() == 0) {
    throw Error(ErrorKind::invalid, "codec msgpack2 takes no array without dimensions");
  }
  const Json rows = object_rows_of(elements, {elements.type, is_big_endian});
  const std::vector<std::uint8_t> message = Json::to_msgpack(rows);
  out.clear();
  out.append(std::as_bytes(std::span(message)));
}

void Msgpack2Codec::decode(ByteView stored, const MutableArrayView& elements,
                           StringArena& strings) const {
  LeafCollector collector(elements.shape, stored.size());
  const auto* begin = reinterpret_cast<const std::uint8_t*>(stored.data());
  if (stored.empty()) throw_damaged(kName, 0, "it is empty");
  Json::sax_parse(begin, begin + stored.size(), &collector, Json::input_format_t::msgpack);
  elements_from_leaves(collector.leaves, elements, strings, kName);
}

}  // namespace gridmill
