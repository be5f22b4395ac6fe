"""netCDF-C's NCZarr (the netCDF4 wheel) and Gridmill read what the other one writes, bit for bit.

It has Zarr v2 in order C. Every data type x codec x byte order x flavour of the metadata that both
have; what it refuses is listed with its reason.
"""

import itertools

import numpy as np
import pytest

from peers.exchange import packed
from peers.peer import (assert_reads, assert_same, converted, has_byte_order, nczarr,
                        numcodecs_chain, read_by, read_with_gridmill, same, values)

# NCZarr can't write a Blosc frame that doesn't get smaller: each value comes thirty times.
SHAPE, CHUNKS = (3, 4, 150), (2, 4, 90)
KINDS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"]
WRITTEN_KINDS = [*KINDS, "S1", "string"]
CNAMES = {"lz": "blosclz", "lz4": "lz4", "lz4hc": "lz4hc", "zlib": "zlib", "zstd": "zstd"}
# netCDF4's options. Its `shuffle` is left out: it writes "elementsize": 0.
WRITTEN_CODECS = {
    "none": {},
    "zlib": {"compression": "zlib", "complevel": 1, "shuffle": False},
    "zstd": {"compression": "zstd", "complevel": 1},
    "bz2": {"compression": "bzip2", "complevel": 1},
    "fletcher32": {"fletcher32": True},
    "zstd-fletcher32": {"compression": "zstd", "fletcher32": True},
    **{f"blosc-{cname}-{shuffle}": {"compression": f"blosc_{cname}", "blosc_shuffle": shuffle,
                                    "complevel": 4}
       for cname, shuffle in itertools.product(CNAMES, [0, 1, 2])},
}


def repeated(kind):
    return values(kind).repeat(30, axis=2)


def as_stored(array):
    """Texts lie in 128 bytes of UTF-8 each."""
    if array.dtype != object:
        return array
    texts = [text.encode() for text in array.ravel()]
    return np.array(texts, "S128").reshape(array.shape)


@pytest.mark.parametrize("mode", ["zarr", "xarray", "nczarr"])
def test_reads(gridmill, folder, mode):
    store, tasks, wanted = folder / "in.zarr", [], {}
    for kind, codec, endian in itertools.product(WRITTEN_KINDS, WRITTEN_CODECS, ["little", "big"]):
        if endian == "big" and not (kind in KINDS and has_byte_order(kind)):
            continue
        name = f"{kind}-{codec}-{endian}"
        wanted[name] = as_stored(repeated(kind))
        options = {**WRITTEN_CODECS[codec], **({"endian": "big"} if endian == "big" else {})}
        tasks.append({"do": "write", "store": str(store), "array": name, "chunks": CHUNKS,
                      "values": packed(repeated(kind)), "options": options})
    begin = {"do": "begin", "store": str(store), "mode": mode, "shape": SHAPE}
    nczarr.all([begin, *tasks, {"do": "end"}])
    assert_same(read_with_gridmill(gridmill, store, wanted, ["d0", "d1", "d2"]), wanted)


# numcodecs' configurations.
READ_CODECS = {
    "none": [],
    "zlib": [{"id": "zlib", "level": 1}],
    "zstd": [{"id": "zstd", "level": 3, "checksum": False}],
    "bz2": [{"id": "bz2", "level": 1}],
    # NCZarr takes the type's size, whatever elementsize says.
    "shuffle-zlib": [{"id": "shuffle", "elementsize": None}, {"id": "zlib", "level": 1}],
    "fletcher32": [{"id": "fletcher32"}],
    "fletcher32-zlib": [{"id": "fletcher32"}, {"id": "zlib", "level": 1}],
    **{f"blosc-{cname}-{shuffle}": [{"id": "blosc", "cname": cname, "clevel": 5,
                                     "shuffle": shuffle, "blocksize": 0}]
       for cname, shuffle in itertools.product(CNAMES.values(), [0, 1, 2])},
}
READ_KINDS = [*KINDS, "S1", "S3"]
# What it reads as other values, without a word. (Order F, too.)
MISREAD = [("S1", "shuffle-zlib"), ("S3", "shuffle-zlib")]


def as_nczarr_shows(array):
    return array.astype("U").astype(object) if array.dtype.kind == "S" else array


def test_writes(gridmill, folder):
    wanted = {}
    for endian in ["little", "big"]:
        arrays, chains = {}, {}
        for kind, codec in itertools.product(READ_KINDS, READ_CODECS):
            if (kind, codec) in MISREAD:
                continue
            if endian == "little" or has_byte_order(kind):
                arrays[f"{kind}-{codec}"] = repeated(kind)
                size = values(kind).dtype.itemsize
                chains[f"{kind}-{codec}"] = numcodecs_chain(*[
                    {**one, "elementsize": size} if one["id"] == "shuffle" else one
                    for one in READ_CODECS[codec]])
        store = folder / f"{endian}.zarr"
        converted(gridmill, store, arrays, chains, "C", endian, CHUNKS)
        wanted.update({(store, name): array for name, array in arrays.items()})
    assert_reads(nczarr, wanted, as_nczarr_shows)


# What NCZarr refuses to read, and how: a type with the whole store, a codec when it is needed.
REFUSED_KINDS = ["b1", "f2", "c8", "c16", "U3", "V4", "M8[ns]", "m8[25s]", "record", "string",
                 "blob"]
REFUSED_CODECS = {
    "gzip": {"id": "gzip", "level": 1},
    "lzma": {"id": "lzma", "format": 1, "check": -1, "preset": 0, "filters": None},
    "lz4": {"id": "lz4", "acceleration": 1},
    "crc32": {"id": "crc32", "location": "start"},
    "crc32c": {"id": "crc32c", "location": "end"},
    "adler32": {"id": "adler32", "location": "start"},
    "jenkins_lookup3": {"id": "jenkins_lookup3", "initval": 3, "prefix": None},
    "base64": {"id": "base64"},
    "delta": {"id": "delta", "dtype": "<f4"},
    "quantize": {"id": "quantize", "digits": 1, "dtype": "<f4"},
    "bitround": {"id": "bitround", "keepbits": 5},
    "fixedscaleoffset": {"id": "fixedscaleoffset", "offset": 0, "scale": 1, "dtype": "<f4"},
    "zfpy": {"id": "zfpy", "mode": 4, "tolerance": 0.1},
}


def test_types_that_nczarr_refuses(gridmill, folder):
    tasks = []
    for number, kind in enumerate(REFUSED_KINDS):
        store = folder / f"{number}.zarr"
        converted(gridmill, store, {"x": repeated(kind)}, {"x": []}, "C", "little", CHUNKS)
        tasks.append({"do": "read", "store": str(store), "array": "x"})
    answers = nczarr(tasks)
    assert {kind: answer.get("error", "")[:31] for kind, answer in zip(REFUSED_KINDS, answers)} == (
        dict.fromkeys(REFUSED_KINDS, "OSError: [Errno -137] NetCDF: N"))


def test_codecs_that_nczarr_refuses(gridmill, folder):
    store = folder / "out.zarr"
    chains = {name: numcodecs_chain(one) for name, one in REFUSED_CODECS.items()}
    converted(gridmill, store, dict.fromkeys(chains, repeated("f4")), chains, "C", "little", CHUNKS)
    tasks = [{"do": "read", "store": str(store), "array": name} for name in chains]
    for name, answer in zip(chains, nczarr.loud(tasks, "has unsupported codec"), strict=True):
        assert "undefined filter" in answer.get("error", "it was not refused"), name


def test_what_nczarr_misreads(gridmill, folder):
    """When this fails, NCZarr has learnt it: then it belongs to what is read above."""
    arrays, chains = {}, {}
    for kind, _ in MISREAD:
        size = values(kind).dtype.itemsize
        arrays[kind] = repeated(kind)
        chains[kind] = numcodecs_chain({"id": "shuffle", "elementsize": size})
    converted(gridmill, folder / "C.zarr", arrays, chains, "C", "little", CHUNKS)
    converted(gridmill, folder / "F.zarr", {"F": repeated("i4")}, {"F": []}, "F", "little", CHUNKS)
    arrays["F"] = repeated("i4")
    cases = [(folder / ("F.zarr" if name == "F" else "C.zarr"), name) for name in arrays]
    for name, got in zip(arrays, read_by(nczarr, cases), strict=True):
        wanted = as_nczarr_shows(arrays[name])
        assert got.shape == SHAPE and not same(got, wanted), name
