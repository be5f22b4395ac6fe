// assertions.h: what tests ask of errors and of stores, in one word each.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/base/error.h"
#include "gridmill/store/store.h"

namespace gridmill {

// The kind of the Error that `action` throws; fails the test if it throws none.
template <class Action>
ErrorKind kind_thrown(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_FALSE(error.message().empty());
    return error.kind();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorKind::internal;
}

inline std::optional<std::string> value_of(Store& store, std::string_view key) {
  Buffer value;
  if (!store.get(Key(key), value)) return std::nullopt;
  return std::string(as_text(value));
}

inline std::vector<std::string> listed(Store& store, std::string_view prefix) {
  std::vector<std::string> keys;
  store.list(Key(prefix), [&](const ListEntry& entry) { keys.push_back(entry.key.text()); });
  return keys;
}

}  // namespace gridmill
