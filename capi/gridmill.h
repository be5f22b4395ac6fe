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

/* Frees a report; NULL is fine. */
GM_API void gm_free(char* report);

#ifdef __cplusplus
}
#endif

#endif /* GRIDMILL_H */
