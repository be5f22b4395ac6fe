// extract_plan.h: the plan of a table: `gridmill plan extract STORE... OUT.csv -o plan.json`.
//
// A table is one ordered stream into one file that appears when it is whole. So its plan has one
// stage, which one process runs from the first task to the last; ranges of tasks, workers and ranks
// are refused. The document keeps what the verb was asked for (places, points and features file
// made absolute), what the inputs were then, and figures for people; exec asks the verb the same
// again, so that the table is the same byte for byte. Memory and threads don't decide about it and
// may differ.
#pragma once

#include "gridmill/jobs/extract.h"

namespace gridmill {

// Whether `document` is such a plan (and not one of a store: engine/plan_document.h).
bool is_extract_plan(const Json& document);

// All that decides about a table's bytes: what was asked for, the inputs as they are, who writes.
Json extract_identity(const ExtractOptions& options, Files& files);

// Throws all that extract() throws before it writes; Error(invalid) if the run can't fit into the
// memory, naming a budget that works.
Json make_extract_plan(ExtractOptions options, const Workplace& workplace);

// As explain_plan() of plan_file.h.
Json explain_extract_plan(const Json& document);

// What decides about a table, but for its format and what the files hold that are named: all
// options but those of the run, the output and checks beforehand.
Json asked_of_table(const ExtractOptions& options);

// The budget that the plan was made with.
std::int64_t memory_of_extract_plan(const Json& document);

// Throws Error(conflict) if an input, the points or features file or the program has changed since,
// or the document has been; Error(corrupt) for one that is no plan.
Json exec_extract_plan(const Json& document, GribIndexUse grib_index, const Resources& resources,
                       const ReportOptions& reports, const Workplace& workplace);

// Why nobody can run a part of it: Error(invalid).
[[noreturn]] void refuse_parts_of_a_table(const std::string& what);

}  // namespace gridmill
