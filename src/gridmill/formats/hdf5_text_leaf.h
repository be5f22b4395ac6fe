// hdf5_text_leaf.h: datasets of texts of variable length: elements refer to the file's global heap.
//
// The references are the values of an ordinary reader. fetch decodes them and reads the texts, so
// that decode needs no file: in the order of their addresses, because each collection of the heap
// holds many, in whatever order. How long texts are only the references tell: stored_bound reads
// them all when it is first asked.
#pragma once

#include <memory>

#include "gridmill/formats/hdf5_leaf.h"

namespace gridmill {

// `references` reads the dataset's elements as they are stored.
std::shared_ptr<const LeafReader> hdf5_text_leaf_reader(
    std::shared_ptr<const SourceFile> source, const Hdf5Addressing& addressing,
    const Hdf5Dataset& dataset, std::shared_ptr<const LeafReader> references);

}  // namespace gridmill
