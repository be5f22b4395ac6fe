// compare_sink.h: where verification ends: nothing is stored, differences are noted.
//
// Column 0 is the store's array; column 1, if there is one, is what it should equal, bit for bit
// (strings by content). Units are the store's chunks, so that every problem names one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gridmill/sink/sink.h"

namespace gridmill {

struct Mismatch {
  Index unit;
  Box region;
  std::string what;  // "3 of 1,024 values differ, first at (0, 4, 7): 1.5 instead of 2.5"
};

// `skip(unit)`: the unit is known to be bad and was reported. `report` is called from CPU threads,
// one call at a time.
struct CompareTarget {
  DataType type;
  ChunkGrid grid;
  bool has_reference = false;
  std::function<bool(const Index&)> skip;
  std::function<void(const Mismatch&)> report;
};

std::shared_ptr<Sink> compare_sink(CompareTarget target);

// Of what a run has written, read back (column 0), and what it should be (column 1): the first
// difference is Error(corrupt), which may be gone when the run is made again, and says so
// (retryable).
std::shared_ptr<Sink> read_back_sink(std::string name, DataType type, ChunkGrid grid);

}  // namespace gridmill
