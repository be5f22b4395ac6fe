/* gridmill.h: Gridmill for every language: the C ABI of libgridmill.so.
 *
 * A plan is a JSON document (`gridmill plan VERB ... -o plan.json`); its stages have numbered
 * tasks. Any engine may run them: each worker calls gm_run_tasks() for the ranges that it is given,
 * one stage after the other; in the end one process calls gm_finish(), which publishes the output.
 * Tasks are idempotent and byte-deterministic: running one twice, or on two machines at once, does
 * no harm; so what stages have spilled for later ones stays on the disk until gm_finish(). All
 * functions may be called from any thread, and at the same time.
 *
 * `plan` is the path of a plan, or the document itself (it begins with '{').
 *
 * `options` is NULL or a JSON object: {"memory": bytes, "threads": n, "timeout_s": seconds}. By
 * default the plan's memory, all cores, 600 s for one I/O call.
 *
 * `report` receives a JSON text, also on failure: {"error": {"kind", "message", "context",
 * "retryable"}}; NULL if not even memory for that was left. Give it to gm_free(). May be NULL.
 *
 * The result is an exit code, as the command has it: 0 done; 1 internal or unsupported; 2 a request
 * that makes no sense; 3 the data are bad; 4 may succeed later; 5 refused (changed inputs, another
 * run); 130 interrupted.
 */
#ifndef GRIDMILL_H
#define GRIDMILL_H

/* In a process that has put another liblz4 or libzstd before all others (Python's hdf5plugin does),
 * load the library with RTLD_DEEPBIND: chunks must be encoded by the codecs that the plan names. */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GM_API __attribute__((visibility("default")))

/* "0.1.0". Belongs to the library. */
GM_API const char* gm_version(void);

/* What `gridmill plan show --json` prints: stages with their numbers of tasks. */
GM_API int gm_explain(const char* plan, char** report);

/* Runs tasks [first, last) of a stage (from 0). Report: {"stage", "first", "last", "bytes_read",
 * "bytes_written", "chunks_written", "seconds", "peak_memory"}. */
GM_API int gm_run_tasks(const char* plan, int32_t stage, int64_t first, int64_t last,
                        const char* options, char** report);

/* Runs what no worker has done, and publishes the output. */
GM_API int gm_finish(const char* plan, const char* options, char** report);

/* Of Arrow's C stream interface (https://arrow.apache.org/docs/format/CStreamInterface.html), which
 * every library that takes such streams declares: pyarrow, nanoarrow, DuckDB, polars, ... */
struct ArrowArrayStream;

/* The table of `gridmill extract` as a stream of record batches; no Arrow library is needed for it.
 *
 * `request` is a JSON object with the options of that verb: {"inputs": ["IN", ...], or "sources":
 * ["NAME=GLOB", ...], "along", "duplicates", "join", "points": ["NAME=LAT,LON", ...],
 * "points_file", "keep": [...], "method", "box", "mask", "mask_valid", "mask_radius", "variables":
 * [...], "features": ["NAME=EXPR", ...], "features_file", "region": ["DIM=A:B", ...], "sel": [...],
 * "segments": ["DIM=N:STATISTIC", ...], "spread": ["DIM", ...], "schema", "cache"}; what is no list
 * is a text.
 *
 * Inputs are opened and checked before the function returns; the report is then {"rows", "columns",
 * "points", "chunks_read", "notes", ...}, and `out` a stream whose release() its owner calls. If it
 * fails, out->release is NULL.
 *
 * Columns are those of a Parquet table: keys are timestamp[us] (UTC), int64, float64 or
 * dictionaries of texts, values keep their type, missing ones are null. Units and descriptions are
 * metadata of the fields, the inputs of the schema. The run goes on in threads of its own while
 * batches are pulled, a few batches ahead, within the memory of `options` (by default half of the
 * machine's, 8 GiB at most); who pulls may take his time. release() before the end stops it. If the
 * data are bad, get_next() says so behind the last good batch: get_last_error() is the JSON text
 * that a report would be. A stream is for one thread at a time; batches may be released by any,
 * also after the stream. */
GM_API int gm_table(const char* request, const char* options, struct ArrowArrayStream* out,
                    char** report);

/* Frees a report; NULL is fine. */
GM_API void gm_free(char* report);

#ifdef __cplusplus
}
#endif

#endif /* GRIDMILL_H */
