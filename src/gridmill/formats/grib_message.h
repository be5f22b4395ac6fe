// grib_message.h: where the messages of a GRIB file begin and end, and what each is made of.
//
// Found by the lengths that the messages state, never by searching for the next "GRIB": a message
// that is damaged must not be stepped over. Between messages only padding (zeros) and the headers
// of telecommunication bulletins are accepted; zeros that go on for longer than padding does are
// passed over, but told. No ecCodes here.
//
// Formats: WMO Manual on Codes 306, FM 92 GRIB editions 1 and 2; messages of edition 1 beyond 8 MiB
// by ECMWF's convention (length in units of 120 bytes).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "gridmill/formats/grib_sections.h"
#include "gridmill/store/store.h"
#include "gridmill/system/memory.h"

namespace gridmill {

struct GribMessage {
  int number = 0;  // from 1, in file order
  std::int64_t offset = 0;
  std::int64_t length = 0;
  int edition = 0;
  int fields = 1;  // edition 2 may hold several
};

// A message and the sections of its fields, as GribHeaders gives them: without their values.
using GribVisit = std::function<void(const GribMessage&, std::span<const GribSections> fields)>;

// Zeros between messages, before the first or behind the last one, where messages may have been
// lost: 120 or more (the unit of ECMWF's tapes) that do not fill a block of up to 4 KiB.
struct GribGap {
  std::int64_t offset = 0;
  std::int64_t length = 0;
  int before = 0;  // the number of the message that follows; 0: none does
};

// Visits the messages in order; of each only its headers are read. Throws Error(corrupt) with
// number and offset of the first one that is damaged, and how many good ones come before and after
// it.
std::vector<GribGap> scan_grib(const ValueReader& file, const GribVisit& visit);

// Reads one message again and checks that it still stands there. Throws Error(corrupt).
void read_grib_message(const ValueReader& file, const GribMessage& message, Buffer& into);

// Whether a section 6 says that the bitmap of the section 6 `before` it in the same message holds
// (empty: there was none). Throws Error(corrupt) if that has no bitmap.
bool is_earlier_bitmap(ByteView section, ByteView before);

// A message on the same grid whose values are all 0. Of this one ecCodes may be asked where the
// points of the grid lie: for that it decodes the values, and its decoders (2.28) write past their
// buffers where those are hostile. Throws Error(corrupt).
Buffer grib_without_values(ByteView message);

// Replaces a message that holds several fields by one that holds its `field`-th (from 0).
void keep_grib_field(int field, Buffer& message);

}  // namespace gridmill
