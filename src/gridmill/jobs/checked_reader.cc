#include "gridmill/jobs/checked_reader.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

bool is_damage(const Error& error) noexcept {
  return error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::invalid;
}

}  // namespace

bool CheckedReader::is_bad(const Index& position) const {
  const std::lock_guard lock(mutex_);
  return bad_.contains(grid().ordinal(position));
}

void CheckedReader::note(const Index& position, const std::string& what) const {
  const std::lock_guard lock(mutex_);
  if (bad_.insert(grid().ordinal(position)).second) report_(position, key_of(position), what);
}

std::string CheckedReader::key_of(const Index& position) const {
  const auto location = inner_->locate(position);
  return location ? location->key : inner_->describe(position);
}

// What the manifest says about a chunk; true if the bytes are worth decoding.
bool CheckedReader::check_presence(const Index& position, bool is_present, ByteView stored) const {
  if (manifest_ == nullptr) return is_present;
  const auto found = manifest_->entries().find(key_of(position));
  if (found == manifest_->entries().end()) {
    if (is_present) note(position, "the manifest does not know this chunk");
    return is_present;
  }
  const auto& entry = found->second;
  if (!entry) {
    if (is_present) note(position, "present, although it was left out when the store was written");
    return is_present;
  }
  if (!is_present) {
    note(position, "missing: it was written and is gone");
    return false;
  }
  if (static_cast<std::int64_t>(stored.size()) != entry->size) {
    note(position, fmt::format("{} bytes instead of {}", stored.size(), entry->size));
  } else if (hash_bytes(stored) != entry->hash) {
    note(position, "its bytes are not those that were written (hash differs)");
  }
  return true;
}

bool CheckedReader::fetch(const Index& position, Buffer& stored) const {
  bool is_present = false;
  try {
    is_present = inner_->fetch(position, stored);
  } catch (const Error& error) {
    if (!is_damage(error)) throw;
    note(position, error.what());
    return false;
  }
  return check_presence(position, is_present, stored);
}

void CheckedReader::decode(const Index& position, ByteView stored, std::span<const Part> parts,
                           StringArena& strings, CodecContext& context) const {
  try {
    inner_->decode(position, stored, parts, strings, context);
  } catch (const Error& error) {
    if (!is_damage(error)) throw;
    note(position, error.message());
    inner_->fill(parts, strings);
  }
}

}  // namespace gridmill
