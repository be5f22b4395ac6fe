// parquet_plugin.h: what libgridmill_parquet.so offers: Parquet files, written by Arrow.
//
// A plain C interface, so that nothing of Arrow is seen by who loads it, and nothing of ours by
// Arrow. Functions that return an int return 0, or another number with a message in `error`, which
// ends with a zero. A file is written by one thread at a time; several may be open.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum GmParquetKind {
  gm_int8,
  gm_int16,
  gm_int32,
  gm_int64,
  gm_uint8,
  gm_uint16,
  gm_uint32,
  gm_uint64,
  gm_float32,  // NaN becomes null
  gm_float64,
  gm_bool,       // a byte each
  gm_timestamp,  // int64: microseconds since 1970, UTC
  gm_text        // int32: positions in `dictionary`
};

struct GmParquetColumn {
  const char* name;
  enum GmParquetKind kind;
  const char* const* dictionary;  // the texts must stay until release()
  int64_t dictionary_size;
  const char* const* metadata;  // keys and values in turn
  int64_t metadata_size;        // of both together
  int32_t repeats;              // few values, many rows: stored as a dictionary
};

struct GmParquetFile {
  const struct GmParquetColumn* columns;
  int64_t column_count;
  const char* const* metadata;  // of the schema
  int64_t metadata_size;
  int64_t row_group_rows;
  int64_t page_bytes;  // of a column, before it is compressed
  // Takes the file's bytes in order; 0, or another number if it couldn't.
  int (*append)(void* context, const void* bytes, int64_t count);
  void* context;
};

struct GmParquetWriter;

struct GmParquetPlugin {
  int32_t version;      // of this interface
  const char* library;  // "Arrow 26.0.1"
  struct GmParquetWriter* (*open)(const struct GmParquetFile* file, char* error, size_t room);
  // A row group, of `row_group_rows` at most, with dictionaries of the texts that its rows hold:
  // its bytes are given to `append` before this returns. `columns`: the rows of each column,
  // contiguous and aligned to its elements.
  int (*write)(struct GmParquetWriter* writer, int64_t rows, const void* const* columns,
               char* error, size_t room);
  int (*close)(struct GmParquetWriter* writer, char* error, size_t room);
  void (*release)(struct GmParquetWriter* writer);
};

#define GM_PARQUET_PLUGIN_VERSION 3
typedef const struct GmParquetPlugin* (*GmParquetEntry)(void);

#ifdef __cplusplus
}
#endif
