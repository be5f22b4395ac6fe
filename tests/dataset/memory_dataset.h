// memory_dataset.h: datasets without files, for tests.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "gridmill/dataset/dataset.h"
#include "gridmill/formats/memory_reader.h"

namespace gridmill::testing {

template <class T>
constexpr DataType type_of() {
  if constexpr (std::is_floating_point_v<T>) return {ScalarKind::floating, sizeof(T)};
  return {std::is_signed_v<T> ? ScalarKind::integer : ScalarKind::unsigned_, sizeof(T)};
}

template <class T>
Variable variable_with(const std::string& path, std::vector<std::string> dimensions,
                       const Shape& shape, const std::vector<T>& values,
                       const std::vector<std::pair<std::string, std::string>>& texts = {}) {
  auto array = std::make_shared<Array>(type_of<T>(), shape);
  std::copy(values.begin(), values.end(), array->template values<T>());
  Variable variable;
  const auto slash = path.rfind('/');
  variable.group = slash == std::string::npos ? "" : path.substr(0, slash);
  variable.name = slash == std::string::npos ? path : path.substr(slash + 1);
  variable.type = type_of<T>();
  variable.dimensions = std::move(dimensions);
  variable.shape = shape;
  for (const auto& [name, text] : texts) variable.attributes.set(name, AttributeValue::text(text));
  variable.blocks.push_back(
      {Index::filled(shape.rank(), 0), memory_leaf_reader(std::move(array), path), "memory"});
  return variable;
}

template <class T>
Variable axis_with(const std::string& name, const std::vector<T>& values,
                   const std::vector<std::pair<std::string, std::string>>& texts = {}) {
  return variable_with<T>(name, {name}, {static_cast<std::int64_t>(values.size())}, values, texts);
}

inline Dataset dataset_with(const std::string& location, std::vector<Variable> variables) {
  Dataset dataset;
  dataset.location = location;
  dataset.format = "memory";
  dataset.groups.emplace_back();
  for (Variable& variable : variables) {
    for (int d = 0; d < variable.shape.rank(); ++d) {
      const std::string& name = variable.dimensions[static_cast<std::size_t>(d)];
      auto& known = dataset.groups[0].dimensions;
      if (std::none_of(known.begin(), known.end(), [&](const auto& k) { return k.name == name; })) {
        known.push_back({name, variable.shape[d], false});
      }
    }
    dataset.variables.push_back(std::move(variable));
  }
  return dataset;
}

// The message of the Error that `action` throws, "" if none; its kind in `kind`.
template <class Action>
std::string message_of(Action&& action, ErrorKind& kind) {
  try {
    action();
  } catch (const Error& error) {
    kind = error.kind();
    return error.what();
  }
  return "";
}

}  // namespace gridmill::testing
