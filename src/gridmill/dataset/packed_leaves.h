// packed_leaves.h: a variable seen as packed like another one: its leaves become codes when they
// are decoded, so that it can be joined with what is stored so.
//
// For inputs that are laid end to end with an archive. What flows into an archive that is there is
// packed by an operator instead (field/pack.h), which counts.
#pragma once

#include "gridmill/dataset/pack.h"

namespace gridmill {

// `codes` are codes_between(there, own), and refuse what is out of range: Error(corrupt) when the
// leaf is decoded. Working memory: a leaf of `own`, and its values, for each thread.
Variable packed_into(const Variable& there, const Variable& own, const PackingCodes& codes);

}  // namespace gridmill
