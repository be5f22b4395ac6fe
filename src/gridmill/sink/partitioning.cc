#include "gridmill/sink/partitioning.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/formats/utf8_text.h"

namespace gridmill {
namespace {

// What Hive calls a value that is none; pandas can't read it.
constexpr std::string_view kHiveNull = "__HIVE_DEFAULT_PARTITION__";
// Of one folder, on most file systems.
constexpr std::size_t kLongestName = 255;

bool stands_for_itself(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

// Readers differ in whether they unescape names: only those that need no escape are the same for
// all.
void check_key_name(const std::string& name) {
  const bool ok = !name.empty() && name[0] != '_' && name[0] != '.' && is_utf8(name) &&
                  std::none_of(name.begin(), name.end(), [](char c) {
                    return c == '/' || c == '=' || c == '%' || c == '*' || c == '?' || c == '[' ||
                           static_cast<unsigned char>(c) < 0x20;
                  });
  if (ok) return;
  throw Error(ErrorKind::invalid, fmt::format("\"{}\" can't be the name of partitions' folders",
                                              with_valid_utf8(name)));
}

std::string folder_of(const PartitionKey& key, std::int64_t position) {
  return key.name + "=" + escaped_value(key.texts[static_cast<std::size_t>(position)]);
}

void check_value(const PartitionKey& key, std::int64_t position) {
  const std::string& text = key.texts[static_cast<std::size_t>(position)];
  if (text.empty() || text == kHiveNull) {
    throw Error(ErrorKind::invalid,
                fmt::format("partition key {}: position {} has no value, and a folder must have "
                            "one: fill it in, or leave {} out of --partition",
                            key.name, position, key.name));
  }
  if (!is_utf8(text)) {
    throw Error(ErrorKind::invalid, fmt::format("partition key {}: the value \"{}\" is no UTF-8",
                                                key.name, with_valid_utf8(text)));
  }
  const std::string folder = folder_of(key, position);
  if (folder.size() > kLongestName) {
    throw Error(ErrorKind::invalid,
                fmt::format("partition key {}: the folder {:.60}... would have a name of {} "
                            "characters, more than {}",
                            key.name, folder, folder.size(), kLongestName));
  }
}

}  // namespace

std::string escaped_value(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (stands_for_itself(c)) {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

Partitioning::Partitioning(const Shape& rows, std::vector<PartitionKey> keys)
    : shape_(rows), keys_(std::move(keys)), row_count_(volume(rows)) {
  for (const PartitionKey& key : keys_) check_key_name(key.name);
  along_.resize(static_cast<std::size_t>(rows.rank()));
  if (row_count_ == 0) return;
  size_ = 1;
  for (int d = rows.rank() - 1; d >= 0; --d) {
    Along& along = along_[static_cast<std::size_t>(d)];
    classify(d);
    if (along.classes.empty()) continue;
    along.stride = size_;
    // Neither factor is large enough for the product to overflow.
    size_ *= static_cast<std::int64_t>(along.first.size());
    if (size_ <= kMostPartitions) continue;
    throw Error(ErrorKind::invalid,
                fmt::format("--partition would make {} or more partitions, and {} are the most: "
                            "choose keys with fewer values",
                            size_, kMostPartitions));
  }
}

// Positions with the same values of all keys along the dimension are one class.
void Partitioning::classify(int d) {
  Along& along = along_[static_cast<std::size_t>(d)];
  std::vector<const PartitionKey*> keys;
  for (const PartitionKey& key : keys_) {
    if (key.dimension == d) keys.push_back(&key);
  }
  if (keys.empty()) return;
  std::map<std::vector<std::string>, std::uint32_t> known;
  for (std::int64_t at = 0; at < shape_[d]; ++at) {
    std::vector<std::string> values;
    for (const PartitionKey* key : keys) values.push_back(key->texts[static_cast<std::size_t>(at)]);
    const auto number = static_cast<std::uint32_t>(known.size());
    const auto [found, is_new] = known.emplace(std::move(values), number);
    if (is_new) {
      for (const PartitionKey* key : keys) check_value(*key, at);
      along.first.push_back(at);
      along.count.push_back(0);
      if (number >= kMostPartitions) {
        throw Error(ErrorKind::invalid,
                    fmt::format("partition key {} has more than {} values: choose keys with fewer",
                                keys.front()->name, kMostPartitions));
      }
    }
    along.classes.push_back(found->second);
    ++along.count[found->second];
  }
}

std::int64_t Partitioning::class_at(int d, std::int64_t partition) const {
  const Along& along = along_[static_cast<std::size_t>(d)];
  return partition / along.stride % static_cast<std::int64_t>(along.first.size());
}

std::int64_t Partitioning::rows_of(std::int64_t partition) const {
  std::int64_t rows = 1;
  for (int d = 0; d < shape_.rank(); ++d) {
    const Along& along = along_[static_cast<std::size_t>(d)];
    rows *= along.classes.empty() ? shape_[d]
                                  : along.count[static_cast<std::size_t>(class_at(d, partition))];
  }
  return rows;
}

std::string Partitioning::folder(std::int64_t partition) const {
  std::string path;
  for (const PartitionKey& key : keys_) {
    const Along& along = along_[static_cast<std::size_t>(key.dimension)];
    const auto number = static_cast<std::size_t>(class_at(key.dimension, partition));
    if (!path.empty()) path += '/';
    path += folder_of(key, along.first[number]);
  }
  return path;
}

bool Partitioning::is_contiguous() const {
  int last = -1;  // the innermost dimension that tells partitions apart
  for (int d = 0; d < shape_.rank(); ++d) {
    if (along_[static_cast<std::size_t>(d)].first.size() > 1) last = d;
  }
  for (int d = 0; d < last; ++d) {
    const Along& along = along_[static_cast<std::size_t>(d)];
    // Each position beginning partitions of its own: what lies below it is theirs alone.
    if (shape_[d] > 1 && static_cast<std::int64_t>(along.first.size()) != shape_[d]) return false;
  }
  if (last < 0) return true;
  const auto& classes = along_[static_cast<std::size_t>(last)].classes;
  return std::is_sorted(classes.begin(), classes.end());  // numbered as they come
}

void Partitioning::find(std::int64_t first, std::span<std::uint32_t> into) const {
  if (into.empty()) return;
  const int rank = shape_.rank();
  Index at = Index::filled(rank, 0);
  for (int d = rank - 1; d >= 0; --d) {
    at[d] = first % shape_[d];
    first /= shape_[d];
  }
  const auto share = [&](int d) -> std::int64_t {
    const Along& along = along_[static_cast<std::size_t>(d)];
    if (along.classes.empty()) return 0;
    return along.stride * along.classes[static_cast<std::size_t>(at[d])];
  };
  std::int64_t number = 0;
  for (int d = 0; d < rank; ++d) number += share(d);
  for (std::uint32_t& found : into) {
    found = static_cast<std::uint32_t>(number);
    for (int d = rank - 1; d >= 0; --d) {
      number -= share(d);
      at[d] = at[d] + 1 == shape_[d] ? 0 : at[d] + 1;
      number += share(d);
      if (at[d] != 0) break;
    }
  }
}

}  // namespace gridmill
