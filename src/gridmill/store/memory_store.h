// memory_store.h: a store that lives in this process. For tests and for small intermediates.
#pragma once

#include <memory>

#include "gridmill/store/store.h"

namespace gridmill {

std::unique_ptr<Store> memory_store();

}  // namespace gridmill
