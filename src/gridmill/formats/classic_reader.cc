#include "gridmill/formats/classic_reader.h"

#include <array>

#include "gridmill/formats/classic_header.h"
#include "gridmill/formats/classic_leaf.h"

namespace gridmill {
namespace {

std::string_view format_name(int version) {
  switch (version) {
    case 1:
      return "netCDF-3 classic";
    case 2:
      return "netCDF-3 64-bit offset";
    default:
      return "netCDF-3 64-bit data (CDF-5)";
  }
}

FileVariable file_variable(const std::shared_ptr<const SourceFile>& source,
                           const ClassicHeader& header, const ClassicVariable& variable) {
  FileVariable result;
  result.name = variable.name;
  result.type = variable.type;
  for (const std::size_t id : variable.dimensions) {
    result.dimensions.push_back(header.dimensions[id].name);
  }
  result.shape = variable.shape;
  result.attributes = variable.attributes;
  result.encoding["storage"] = "contiguous";
  result.encoding["endian"] = "big";
  result.reader = classic_leaf_reader(source, header, variable);
  return result;
}

}  // namespace

bool is_classic_netcdf(const ValueReader& file) {
  std::array<std::byte, 4> magic{};
  return file.read_at(0, magic) == magic.size() && as_text(magic).starts_with("CDF");
}

FormatFile open_classic(std::shared_ptr<const SourceFile> source, const ValueReader& file) {
  const ClassicHeader header = read_classic_header(file);
  FormatFile result;
  result.format = format_name(header.version);
  FileGroup& root = result.groups.emplace_back();
  root.attributes = header.attributes;
  for (const ClassicDimension& dimension : header.dimensions) {
    root.dimensions.push_back({dimension.name, dimension.size, dimension.is_record});
  }
  for (const ClassicVariable& variable : header.variables) {
    root.variables.push_back(file_variable(source, header, variable));
  }
  return result;
}

}  // namespace gridmill
