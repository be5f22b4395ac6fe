// classic_leaf.h: the values of a variable of a classic netCDF file, read by their byte ranges.
//
// fetch is plain reads at computed offsets, in any number of threads; decode turns the bytes on the
// way to where they are wanted. There is no lock and no copy in between.
#pragma once

#include <memory>
#include <string>

#include "gridmill/codec/leaf.h"
#include "gridmill/formats/classic_header.h"
#include "gridmill/formats/source_file.h"

namespace gridmill {

std::shared_ptr<const LeafReader> classic_leaf_reader(std::shared_ptr<const SourceFile> source,
                                                      const ClassicHeader& header,
                                                      const ClassicVariable& variable);

}  // namespace gridmill
