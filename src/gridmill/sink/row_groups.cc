#include "gridmill/sink/row_groups.h"

#include <algorithm>

namespace gridmill {

void RowGroups::add(const std::byte* block, std::int64_t rows, std::int64_t row,
                    std::int64_t count) {
  while (count > 0) {
    if (gathered_ == 0 && count >= group_rows_) {  // from where they lie
      write_(group_rows_, layout_.columns_of(block, rows, row));
      row += group_rows_;
      count -= group_rows_;
      continue;
    }
    if (group_.empty()) group_.resize(static_cast<std::size_t>(group_rows_ * layout_.row_bytes()));
    const std::int64_t some = std::min(count, group_rows_ - gathered_);
    copy_rows(layout_, block, rows, row, group_.data(), group_rows_, gathered_, some);
    gathered_ += some;
    row += some;
    count -= some;
    if (gathered_ == group_rows_) end();
  }
}

void RowGroups::end() {
  if (gathered_ == 0) return;
  write_(gathered_, layout_.columns_of(group_.data(), group_rows_, 0));
  gathered_ = 0;
}

}  // namespace gridmill
