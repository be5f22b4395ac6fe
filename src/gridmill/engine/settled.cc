#include "gridmill/engine/settled.h"

#include <optional>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

std::optional<Json> saved(Store& store, const Key& key) {
  Buffer text;
  if (!store.get(key, text)) return std::nullopt;
  return in_context([&] { return "what was decided in " + key.text(); },
                    [&] { return parse_json(as_text(text)); });
}

}  // namespace

Json settled(Store& store, const Key& key, const std::function<Json()>& decide) {
  if (auto earlier = saved(store, key)) return *std::move(earlier);
  const std::string text = dump_json(decide(), -1);
  try {
    (void)store.put_if(key, as_bytes(text), std::nullopt);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::conflict) throw;  // somebody was faster
  }
  if (auto decided = saved(store, key)) return *std::move(decided);
  throw Error(ErrorKind::unavailable, "what was decided is gone: " + key.text());
}

}  // namespace gridmill
