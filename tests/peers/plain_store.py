"""Zarr v2 stores of uncompressed arrays of one chunk, written and read without Zarr software."""

import json

import numpy as np
from numcodecs import VLenBytes, VLenUTF8

from peers.exchange import described, dtype_of, little_endian

TEXTS = {"vlen-utf8": VLenUTF8(), "vlen-bytes": VLenBytes()}


def write_document(path, document):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def write_plain(store, arrays, dimensions=None):
    """{name: array}; every array's dimensions have the given names."""
    write_document(store / ".zgroup", {"zarr_format": 2})
    for name, array in arrays.items():
        filters = None
        if array.dtype == object:
            codec = "vlen-bytes" if isinstance(array.flat[0], bytes) else "vlen-utf8"
            filters, chunk, dtype = [{"id": codec}], TEXTS[codec].encode(array.ravel()), "|O"
        else:
            chunk, dtype = little_endian(array).tobytes(), described(array.dtype)
        write_document(store / name / ".zarray", {
            "zarr_format": 2, "shape": list(array.shape), "chunks": list(array.shape),
            "dtype": dtype, "fill_value": None, "order": "C", "compressor": None,
            "filters": filters})
        attributes = {"_ARRAY_DIMENSIONS": list(dimensions)} if dimensions else {}
        write_document(store / name / ".zattrs", attributes)
        (store / name / ".".join("0" for _ in array.shape)).write_bytes(chunk)


def read_plain(store, name):
    document = json.loads((store / name / ".zarray").read_text())
    assert document["compressor"] is None and document["chunks"] == document["shape"]
    separator = document.get("dimension_separator", ".")
    raw = (store / name / separator.join("0" for _ in document["shape"])).read_bytes()
    if document["dtype"] == "|O":
        (filter,) = document["filters"]
        return TEXTS[filter["id"]].decode(raw).reshape(document["shape"])
    return np.frombuffer(raw, dtype_of(document["dtype"])).reshape(document["shape"])
