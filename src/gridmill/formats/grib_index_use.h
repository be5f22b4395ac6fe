// grib_index_use.h: what becomes of the indexes that are kept beside GRIB files
// (grib_index_file.h). A word that every room above needs, without the readers.
#pragma once

namespace gridmill {

enum class GribIndexUse {
  none,   // never looked at
  read,   // used if it is that of the file
  write,  // and written where there is none, or another
};

}  // namespace gridmill
