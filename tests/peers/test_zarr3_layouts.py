"""zarr-python 3 and Gridmill read each other's v3: data type x codec x order x shards x keys.

(TensorStore's are in tests/zarr/test_tensorstore.py.)
"""

import itertools
import json
import warnings

import pytest
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec

from peers.peer import (CHUNKS, DIMENSIONS, NUMBERS, SHAPE, assert_same, read_with_gridmill, run,
                        values)
from peers.plain_store import write_plain

SHARDS = (4, 4, 6)  # of 2 x 1 x 2 chunks, of which the array has not all
CODECS = {
    "none": (None, []),
    "gzip": (GzipCodec(level=1), [{"name": "gzip", "configuration": {"level": 1}}]),
    "zstd": (ZstdCodec(level=1), [{"name": "zstd", "configuration": {"level": 1,
                                                                     "checksum": False}}]),
    "blosc": (BloscCodec(cname="lz4", shuffle="bitshuffle"),
              [{"name": "blosc", "configuration": {"cname": "lz4", "clevel": 5, "blocksize": 0,
                                                   "shuffle": "bitshuffle", "typesize": 4}}]),
    "crc32c": (Crc32cCodec(), [{"name": "crc32c"}]),
}
KEYS = [("default", "/"), ("default", "."), ("v2", "/"), ("v2", ".")]
# Shards' keys are those of chunks: one kind of them for each.
LAYOUTS = [*((None, key) for key in KEYS), ("end", KEYS[0]), ("start", KEYS[3])]
KINDS = [*NUMBERS, "S3", "U3", "V4", "M8[ns]", "m8[25s]", "string"]


def plain(kind):
    return kind.replace("[", "_").replace("]", "")


def layout(index_location):
    if index_location is None:
        return {}
    return {"shards": {"shape": SHARDS, "index_location": index_location}}


@pytest.mark.parametrize("codec", CODECS)
def test_reads(gridmill, folder, codec):
    store, wanted = folder / "in.zarr", {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of types that v3 has no specification of
        group = zarr.open_group(store, mode="w")
        for kind, order, (location, key) in itertools.product(KINDS, "CF", LAYOUTS):
            if (kind == "V4" and location) or (kind == "string" and order == "F"):
                continue  # see test_what_zarr_python_can_not
            name = f"{plain(kind)}-{order}-{location}-{key[0]}-{'dot' if key[1] == '.' else 'slash'}"
            data = wanted[name] = values(kind)
            filters = [TransposeCodec(order=(2, 1, 0))] if order == "F" else []
            array = group.create_array(
                name, shape=data.shape, dtype=str if kind == "string" else data.dtype,
                chunks=CHUNKS, filters=filters, compressors=CODECS[codec][0],
                chunk_key_encoding={"name": key[0], "separator": key[1]}, **layout(location))
            array[...] = data
    assert_same(read_with_gridmill(gridmill, store, wanted), wanted)


@pytest.mark.parametrize("shards", ["none", "t=4,y=4,x=6"])
def test_writes(gridmill, folder, shards):
    arrays, options = {}, []
    for kind, codec, order in itertools.product(KINDS, CODECS, "CF"):
        if kind == "V4" and shards != "none":
            continue  # see test_what_zarr_python_can_not
        name = f"{plain(kind)}-{codec}-{order}"
        arrays[name] = values(kind)
        transpose = [{"name": "transpose", "configuration": {"order": [2, 1, 0]}}]
        chain = (transpose if order == "F" else []) + CODECS[codec][1]
        options += ["--codec", f"{name}:{json.dumps(chain) if chain else 'none'}"]
    write_plain(folder / "in.zarr", arrays, DIMENSIONS)
    chunks = ",".join(f"{name}={length}" for name, length in zip(DIMENSIONS, CHUNKS))
    run(gridmill, "convert", folder / "in.zarr", folder / "out.zarr", "--chunks", chunks,
        "--shards", shards, *options)
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*does not have a Zarr V3 specification.*")
        group = zarr.open_group(folder / "out.zarr", mode="r")
        for name in arrays:
            assert group[name].shards == (None if shards == "none" else SHARDS)
            assert group[name].chunks == CHUNKS
            found[name] = group[name][...]
            if name.startswith("string"):
                found[name] = found[name].astype(object)
    assert_same(found, arrays)


def test_what_zarr_python_can_not():
    """When this fails, zarr-python has learnt it: then it belongs to what is tested above."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        texts = zarr.create_array({}, shape=SHAPE, chunks=CHUNKS, dtype=str, compressors=None,
                                  filters=[TransposeCodec(order=(2, 1, 0))])
        texts[...] = values("string")
        assert texts[...].tolist() != values("string").tolist()  # it doesn't read its own
        raw = zarr.create_array({}, shape=SHAPE, chunks=CHUNKS, shards=SHARDS, dtype="V4")
        with pytest.raises(TypeError, match="unhashable"):
            raw[...] = values("V4")
            raw[...]
