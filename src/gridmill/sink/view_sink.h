// view_sink.h: a region read into the caller's own array.
//
// Nothing is assembled or copied: the engine decodes every leaf straight into the destination. The
// destination must outlive the run; units are disjoint, so that all of them may be filled at once.
#pragma once

#include <memory>

#include "gridmill/array/view.h"
#include "gridmill/sink/sink.h"

namespace gridmill {

// Fills `destination`, all of it, from a field of its shape and type, in units of `unit` elements
// (best the source's own chunks).
std::shared_ptr<Sink> view_sink(const MutableArrayView& destination, const Shape& unit);

}  // namespace gridmill
