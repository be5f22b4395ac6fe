// partition_keys.h: what --partition and --keep name: columns of the table, the calendar of its
// times, further columns of the file of points.
#pragma once

#include <string>
#include <vector>

#include "gridmill/jobs/points.h"
#include "gridmill/sink/parquet_sink.h"
#include "gridmill/sink/partitioning.h"

namespace gridmill {

// Of the points' further columns those that become key columns of the table: what `keep` names, and
// what `partition` names unless it is a column of the table already (`columns`) or of the calendar
// (year, month, day). In the order in which they are named, each once. Throws Error(invalid) for a
// name in `keep` that no point has, and for a point that has nothing in a column of `partition`.
std::vector<std::string> kept_columns(const std::vector<RequestedPoint>& points,
                                      const std::vector<std::string>& keep,
                                      const std::vector<std::string>& partition,
                                      const std::vector<std::string>& columns);

// What a kept column holds at each point; empty for points that don't have it.
std::vector<std::string> kept_texts(const std::vector<RequestedPoint>& points,
                                    const std::string& column);

// The same with a type: numbers where all texts are, integers where all are whole. Codes (01384)
// and columns with an empty cell remain texts.
KeyValues kept_values(const std::vector<RequestedPoint>& points, const std::string& column);

// The keys of `names`, each a key column of `table`, or year, month or day of its times. Throws
// Error(invalid) for other names, names that come twice, names that a column of values has, and
// those that differ from another column's only in their case.
std::vector<PartitionKey> partition_keys(const std::vector<std::string>& names,
                                         const TableTarget& table, const TypedKeys& typed);

// The partitions' folders say what stands in their key columns: they aren't written.
void drop_key_columns(ParquetTarget& target, const std::vector<PartitionKey>& keys);

}  // namespace gridmill
