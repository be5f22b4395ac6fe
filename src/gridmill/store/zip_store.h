// zip_store.h: a zip file as a store, and a store as a zip file.
//
// A zip file is written once, as a whole: pack_zip() writes every value of a store into a new file,
// not compressed (chunks are already), in key order and without a date, so that the same store
// gives the same bytes. zip_store() reads one, stored or deflated entries, also the 64-bit form.
// Its directory is read once and checked; of two entries of one name the later one counts, as for
// Python's zipfile. The file that was opened first is the one that is read, whatever is put in its
// place. A value that is read whole, in one piece or from piece to piece, is checked against its
// CRC-32.
//
// Errors: putting and removing are Error(unsupported); encrypted entries and other compressions are
// Error(unsupported), by name, when they are asked for; a broken file is Error(corrupt).
#pragma once

#include <memory>
#include <string>

#include "gridmill/store/store.h"
#include "gridmill/store/zip_format.h"
#include "gridmill/system/files.h"

namespace gridmill {

// `files` must outlive the store. An absent file is an empty store.
std::unique_ptr<Store> zip_store(Files& files, std::string path);

// True for what is kept in a zip file by its name: "x.zarr.zip".
bool is_zip_name(std::string_view path) noexcept;

// Every value of `from` but those of the keys in `without`, into a new file at `path`, brought to
// the disk. Values of any size go through a few MiB of memory.
void pack_zip(Store& from, Files& files, const std::string& path,
              const std::vector<Key>& without = {}, std::int64_t zip64_from = kZip64From);

}  // namespace gridmill
