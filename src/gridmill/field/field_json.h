// field_json.h: a field built again from the JSON that Field::to_json() gave.
//
// A node names what it reads: datasets, stores and sides of its plan, which the caller supplies.
// What the JSON says is checked against what is there: a slice lies inside its input, a mask fits.
#pragma once

#include <memory>
#include <string>

#include "gridmill/base/json.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/field/side.h"
#include "gridmill/store/store.h"

namespace gridmill {

// Where the names in a field's JSON lead to. Each throws Error(corrupt) for a name that it doesn't
// know.
class FieldSurroundings {
 public:
  virtual ~FieldSurroundings() = default;
  virtual const Dataset& dataset(const std::string& name) = 0;
  virtual std::shared_ptr<Store> store(const std::string& name) = 0;
  virtual SidePtr side(const std::string& name) = 0;
};

// Throws Error(unsupported) for a kind of node that this version doesn't know, Error(corrupt) for
// one that is not as to_json() writes it.
FieldPtr field_from_json(const Json& node, FieldSurroundings& surroundings);

}  // namespace gridmill
