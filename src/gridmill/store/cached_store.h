// cached_store.h: a store whose values are kept on this machine once they were fetched.
//
// It is what the store below is, and passes tests/store/conformance.h. A value, or a range of one,
// is kept as it is stored there (compressed), whole as it was asked for: the same range again moves
// nothing, another range of the same value does. So keeps_values() tells readers to ask for whole
// chunks. What is kept is replaced when the store has another version of it. Listings are always
// the store's own; so are values too large for the cache directory, and requests of many ranges.
//
// A hit costs the requests that CacheTrust says; a miss costs the one request of the value. With
// once_per_store stat() of a key that was fetched whole costs nothing, and the absence of a key is
// kept, too, if there is something beside the store that changes when the key appears (its
// manifest): software of others writes documents first and chunks later.
#pragma once

#include <memory>

#include "gridmill/store/input_cache.h"
#include "gridmill/store/location.h"

namespace gridmill {

// How a cached store is called in the cache, and what speaks for it beside its documents.
struct CachedSource {
  std::string name;          // its path
  std::string beside;        // what changes if its values do, as far as that is known: any text
  bool is_one_file = false;  // a zip file: its values are noted as one, by who opens it
};

std::unique_ptr<Store> cached_store(std::shared_ptr<Store> under, CachedSource source,
                                    std::shared_ptr<InputCache> cache);

// open_store() for an input; `cache` null: no more than that.
std::unique_ptr<Store> open_input_store(Files& files, const Location& location,
                                        const std::shared_ptr<InputCache>& cache);

}  // namespace gridmill
