// read_variable.h: a variable's values, all leaves fetched and decoded in order. For tests only.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "gridmill/array/array.h"
#include "gridmill/formats/format_file.h"

namespace gridmill::testing {

inline Array read_all(const LeafReader& reader) {
  Array array(reader.type(), reader.grid().shape());
  CodecContext context;
  Buffer stored;
  for (std::int64_t i = 0; i < reader.grid().size(); ++i) {
    const Index position = reader.grid().position(i);
    const Box box = reader.grid().box_of(position);
    const Part part{whole_box(box.shape), array.view().part(box)};
    if (reader.fetch(position, stored)) {
      reader.decode(position, stored, std::span(&part, 1), array.strings(), context);
    } else {
      reader.fill(std::span(&part, 1), array.strings());
    }
  }
  return array;
}

template <class T>
std::vector<T> values_of(const Array& array) {
  return std::vector<T>(array.values<T>(), array.values<T>() + array.size());
}

inline std::vector<std::string> strings_of(const Array& array) {
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < array.size(); ++i) {
    texts.emplace_back(array.values<StringRef>()[i].view());
  }
  return texts;
}

inline const FileGroup& group_at(const FormatFile& file, const std::string& path) {
  for (const FileGroup& group : file.groups) {
    if (group.path == path) return group;
  }
  throw Error(ErrorKind::not_found, "no group " + path);
}

inline const FileVariable& variable_at(const FileGroup& group, const std::string& name) {
  for (const FileVariable& variable : group.variables) {
    if (variable.name == name) return variable;
  }
  throw Error(ErrorKind::not_found, "no variable " + name);
}

}  // namespace gridmill::testing
