#include "gridmill/jobs/chunk_wish.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

// How far the joined files reach along dimension d; 0: one file, files of several lengths, or a
// selection that has cut some.
std::int64_t joined_length(const Variable& variable, int d) {
  std::set<std::int64_t> begins;
  std::int64_t end = 0;
  for (const Block& block : variable.blocks) {
    begins.insert(block.offset[d]);
    end = std::max(end, block.offset[d] + block.reader->grid().shape()[d]);
  }
  if (begins.size() < 2 || end != variable.shape[d]) return 0;
  const std::int64_t length = *std::next(begins.begin());
  std::int64_t expected = 0;
  for (const std::int64_t begin : begins) {
    if (begin != expected) return 0;
    expected += length;
  }
  return end <= expected ? length : 0;
}

Index joined_lengths(const Variable& variable) {
  Index lengths;
  for (int d = 0; d < variable.shape.rank(); ++d) lengths.push_back(joined_length(variable, d));
  return lengths;
}

std::string given_text(const AdviceRequest& request) {
  std::vector<std::string> names;
  for (int d = 0; d < request.given.rank(); ++d) {
    if (request.given[d] > 0) names.push_back(request.dimensions[static_cast<std::size_t>(d)]);
  }
  return names.empty() ? "" : fmt::format("; {} as asked with --chunks", join(names, ", "));
}

}  // namespace

void check_wish(const ChunkWish& wish) {
  if (!wish.access_pattern.empty()) (void)access_pattern_from(wish.access_pattern);
  if (wish.target_bytes >= 1 && wish.target_bytes <= kLargestTargetBytes) return;
  throw Error(ErrorKind::invalid,
              fmt::format("--target-chunk-size: {} is not between 1 byte and {}",
                          format_bytes(static_cast<double>(wish.target_bytes)),
                          format_bytes(static_cast<double>(kLargestTargetBytes))));
}

AdviceRequest advice_request(const Dataset& dataset, const Variable& variable,
                             AccessPattern pattern) {
  AdviceRequest request;
  request.shape = variable.shape;
  request.dimensions = variable.dimensions;
  request.roles = axis_roles(dataset, variable);
  request.item_size = variable.type.size;
  request.pattern = pattern;
  request.file_lengths = joined_lengths(variable);
  return request;
}

ChunkChoice wished_chunks(const Dataset& dataset, const Variable& variable, const ChunkWish& wish,
                          const VariableOption& chunks,
                          const std::optional<FillingFiles>& filling) {
  const SourceLayout source{variable.shape, variable.dimensions, variable.type,
                            variable.chunks.value_or(Shape{})};
  if (wish.access_pattern.empty()) {
    return chunks.value.empty()
               ? default_chunks(source, wish.target_bytes)
               : chosen_chunks(source, chunks.value, chunks.is_own, wish.target_bytes);
  }
  AdviceRequest request =
      advice_request(dataset, variable, access_pattern_from(wish.access_pattern));
  request.target_bytes = wish.target_bytes;
  if (filling) {
    const int d = variable.dimension_index(filling->dimension);
    request.file_lengths = Index::filled(variable.shape.rank(), 0);
    if (d >= 0) request.file_lengths[d] = filling->length;
    request.is_filled_by_files = true;
  }
  if (is_chunk_size(chunks.value)) {
    request.target_bytes = chunk_size(chunks.value);
  } else if (!chunks.value.empty()) {
    request.given = given_lengths(source, chunks.value, chunks.is_own);
  }
  ChunkChoice choice = advise_chunks(request);
  check_chunk_size(choice.chunks, variable.type);
  choice.why += given_text(request);
  return choice;
}

}  // namespace gridmill
