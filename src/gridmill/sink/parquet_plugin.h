// parquet_plugin.h: what libgridmill_parquet.so offers: Parquet files, written by Arrow, and the
// rows of such files, of whatever types, put into others.
//
// A plain C interface, so that nothing of Arrow is seen by who loads it, and nothing of ours by
// Arrow. Functions that return an int return 0, or another number with a message in `error`, which
// ends with a zero. A file is written and read by one thread at a time; several may be open.
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

struct GmParquetInput {
  int64_t size;
  // Fills `into` with bytes of the file; 0, or another number if it couldn't.
  int (*read_at)(void* context, int64_t offset, void* into, int64_t count);
  void* context;
};

struct GmParquetField {
  const char* name;
  const char* type;             // as Arrow says it: "timestamp[us]"
  const char* stored;           // as the file says it: "optional int64 time (Timestamp(...))"
  const char* const* metadata;  // keys and values in turn
  int64_t metadata_size;
};

// What a file says of itself.
struct GmParquetAbout {
  const struct GmParquetField* fields;
  int64_t field_count;
  const char* const* metadata;  // of the schema
  int64_t metadata_size;
  int64_t rows;
  int64_t row_bytes;   // of a row, as it waits to be written: of texts and lists an average
  int64_t held_bytes;  // while the file is read, beside its rows
};

struct GmParquetReader;

struct GmParquetCopyFile {
  const char* const* metadata;  // of the schema
  int64_t metadata_size;
  int64_t row_group_rows;
  int64_t page_bytes;
  int (*append)(void* context, const void* bytes, int64_t count);  // as of GmParquetFile
  void* context;
};

struct GmParquetCopy;

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

  // `input` must stay until release_input(), and what about() gives stays until then.
  struct GmParquetReader* (*open_input)(const struct GmParquetInput* input, char* error,
                                        size_t room);
  const struct GmParquetAbout* (*about)(const struct GmParquetReader* reader);
  void (*release_input)(struct GmParquetReader* reader);

  // A file with the columns, types, compression and encodings of `like`; an error if Arrow would
  // store a column in another type than `like` does.
  struct GmParquetCopy* (*open_copy)(const struct GmParquetReader* like,
                                     const struct GmParquetCopyFile* file, char* error,
                                     size_t room);
  // Gathers the next rows of `from`, which has so many left and the columns of `like`. `bytes`:
  // what has been gathered takes.
  int (*gather)(struct GmParquetCopy* copy, struct GmParquetReader* from, int64_t rows,
                int64_t* bytes, char* error, size_t room);
  // What was gathered becomes a row group; its bytes are given to `append` before this returns.
  int (*end_group)(struct GmParquetCopy* copy, char* error, size_t room);
  int (*close_copy)(struct GmParquetCopy* copy, char* error, size_t room);
  void (*release_copy)(struct GmParquetCopy* copy);
};

#define GM_PARQUET_PLUGIN_VERSION 4
typedef const struct GmParquetPlugin* (*GmParquetEntry)(void);

#ifdef __cplusplus
}
#endif
