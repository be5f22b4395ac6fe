"""GDAL's Zarr driver and Gridmill read what the other one writes, bit for bit, without a warning.

Debian 12's GDAL 3.6 has Zarr v2; its v3 is a draft that became another format. Every data type x
codec x order x separator that both have; what GDAL refuses is listed with its reason.
"""

import itertools

import pytest

from peers.exchange import packed
from peers.peer import (CHUNKS, DIMENSIONS, NUMBERS, SHAPE, assert_reads, assert_same, converted,
                        gdal, has_byte_order, numcodecs_chain, read_by, read_with_gridmill, run,
                        values)
from peers.plain_store import write_plain

CNAMES = ["blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"]
# BLOSC_SHUFFLE is written as the text that is given here.
WRITTEN_CODECS = {
    "none": ["COMPRESS=NONE"],
    "zlib": ["COMPRESS=ZLIB", "ZLIB_LEVEL=1"],
    "gzip": ["COMPRESS=GZIP", "GZIP_LEVEL=1"],
    "lzma": ["COMPRESS=LZMA", "LZMA_PRESET=0"],
    "lzma-delta": ["COMPRESS=LZMA", "LZMA_PRESET=0", "LZMA_DELTA=4"],
    "zstd": ["COMPRESS=ZSTD", "ZSTD_LEVEL=1"],
    "lz4": ["COMPRESS=LZ4"],
    "delta": ["FILTER=DELTA", "COMPRESS=ZLIB"],
    **{f"blosc-{cname}": ["COMPRESS=BLOSC", f"BLOSC_CNAME={cname}"] for cname in CNAMES},
    **{f"blosc-{word}": ["COMPRESS=BLOSC", f"BLOSC_SHUFFLE={word}"] for word in ("NONE", "BYTE", "BIT")},
}
WRITTEN_KINDS = ["u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "c8", "c16"]


def test_reads(gridmill, folder):
    store = folder / "in.zarr"
    tasks, wanted = [], {}
    for kind, codec, order, separator in itertools.product(
            WRITTEN_KINDS, WRITTEN_CODECS, "CF", "./"):
        name = f"{kind}-{codec}-{order}-{'dot' if separator == '.' else 'slash'}"
        wanted[name] = values(kind)
        tasks.append({"do": "write", "store": str(store), "array": name,
                      "values": packed(wanted[name]), "chunks": CHUNKS, "order": order,
                      "separator": separator, "options": WRITTEN_CODECS[codec]})
    gdal.all([{"do": "begin", "store": str(store), "shape": SHAPE}, *tasks, {"do": "end"}])
    # Sums of differences of floats are not quite the values: GDAL says what is left of them.
    rounded = [name for name in wanted if name[0] in "fc" and "-delta-" in name]
    wanted.update(zip(rounded, read_by(gdal, [(store, name) for name in rounded])))
    assert_same(read_with_gridmill(gridmill, store, wanted), wanted)


def test_reads_texts(gridmill, folder):
    """Of one dimension: GDAL's Python writes no others. UNICODE: in UCS-4, else in UTF-8."""
    store, tasks, wanted = folder / "in.zarr", [], {}
    for kind, separator in itertools.product(["S3", "U3"], "./"):
        name = f"{kind}-{'dot' if separator == '.' else 'slash'}"
        wanted[name] = values(kind).ravel()
        tasks.append({"do": "write", "store": str(store), "array": name, "order": "C",
                      "values": packed(wanted[name]), "chunks": [7], "separator": separator,
                      "options": ["COMPRESS=ZSTD"]})
    gdal.all([{"do": "begin", "store": str(store), "shape": [values("S3").size]}, *tasks,
              {"do": "end"}])
    assert_same(read_with_gridmill(gridmill, store, wanted, ["dim_0"]), wanted)


# numcodecs' configurations.
READ_CODECS = {
    "none": [],
    "zlib": [{"id": "zlib", "level": 1}],
    "gzip": [{"id": "gzip", "level": 1}],
    "lzma": [{"id": "lzma", "format": 1, "check": -1, "preset": 0, "filters": None}],
    "zstd": [{"id": "zstd", "level": 3, "checksum": True}],
    "lz4": [{"id": "lz4", "acceleration": 1}],
    **{f"blosc-{cname}-{shuffle}": [{"id": "blosc", "cname": cname, "clevel": 5,
                                     "shuffle": shuffle, "blocksize": 0}]
       for cname, shuffle in itertools.product(CNAMES, [0, 1, 2])},
}
# What GDAL shows of a type that it has not: the values are the same.
SHOWN_AS = {"b1": "u1", "i1": "i2", "f2": "f4"}
READ_KINDS = [*NUMBERS, "S3", "U3", "record"]


def as_gdal_shows(array):
    kind = array.dtype.str[1:]
    if array.dtype.kind in "SU":
        return array.astype("U").astype(object)
    return array.astype(SHOWN_AS[kind]) if kind in SHOWN_AS else array


@pytest.mark.parametrize("order", "CF")
def test_writes(gridmill, folder, order):
    wanted = {}
    for endian in ["little", "big"]:
        arrays, chains = {}, {}
        for kind, codec in itertools.product(READ_KINDS, READ_CODECS):
            if endian == "little" or has_byte_order(kind):
                arrays[f"{kind}-{codec}"] = values(kind)
                chains[f"{kind}-{codec}"] = numcodecs_chain(*READ_CODECS[codec])
        if endian == "little":
            arrays["delta"] = values("i4")
            chains["delta"] = numcodecs_chain({"id": "delta", "dtype": "<i4"})
        store = folder / f"{endian}.zarr"
        converted(gridmill, store, arrays, chains, order, endian, CHUNKS)
        wanted.update({(store, name): array for name, array in arrays.items()})
    assert_reads(gdal, wanted, as_gdal_shows)


# What GDAL refuses to read, and how.
REFUSED_KINDS = {
    "M8[ns]": "unsupported format for dtype: <M8[ns]",
    "m8[25s]": "unsupported format for dtype: <m8[25s]",
    "V4": "unsupported format for dtype: |V4",
    "string": "unsupported format for dtype: |O",
    "blob": "unsupported format for dtype: |O",
}
REFUSED_CODECS = {
    "bz2": {"id": "bz2", "level": 1},
    "crc32": {"id": "crc32", "location": "start"},
    "adler32": {"id": "adler32", "location": "start"},
    "crc32c": {"id": "crc32c", "location": "end"},
    "fletcher32": {"id": "fletcher32"},
    "jenkins_lookup3": {"id": "jenkins_lookup3", "initval": 3, "prefix": None},
    "base64": {"id": "base64"},
    "shuffle": {"id": "shuffle", "elementsize": 4},
    "quantize": {"id": "quantize", "digits": 1, "dtype": "<f4"},
    "bitround": {"id": "bitround", "keepbits": 5},
    "fixedscaleoffset": {"id": "fixedscaleoffset", "offset": 0, "scale": 1, "dtype": "<f4"},
    "astype": {"id": "astype", "encode_dtype": "<f8", "decode_dtype": "<f4"},
    "packbits": {"id": "packbits"},
    "zfpy": {"id": "zfpy", "mode": 4, "tolerance": 0.1},
}


def test_what_gdal_refuses(gridmill, folder):
    arrays = {f"a{number}": values(kind) for number, kind in enumerate(REFUSED_KINDS)}
    reasons = list(REFUSED_KINDS.values())
    chains = dict.fromkeys(arrays, [])
    for codec, configuration in REFUSED_CODECS.items():
        arrays[codec] = values("b1" if codec == "packbits" else "f4")
        chains[codec] = numcodecs_chain(configuration)
        reasons.append("not handled")
    store = folder / "out.zarr"
    converted(gridmill, store, arrays, chains, "C", "little", CHUNKS)
    # As the only array of its store: GDAL keeps silent about those that it can't read in a group.
    answers = gdal([{"do": "read", "store": str(store / name), "array": name} for name in arrays])
    for name, answer, reason in zip(arrays, answers, reasons, strict=True):
        assert reason in answer.get("error", "it was not refused"), name
        assert reason != "not handled" or name in answer["error"], name


def test_gdal_has_no_v3(gridmill, folder):
    """When this fails, GDAL has learnt the v3 that was adopted: then test it here."""
    run(gridmill, "convert", plain(folder), folder / "v3.zarr", "--codec", "none")
    (answer,) = gdal([{"do": "read", "store": str(folder / "v3.zarr"), "array": "x"}])
    assert "Array x does not exist" in answer["error"]


def plain(folder):
    write_plain(folder / "plain.zarr", {"x": values("f4")}, DIMENSIONS)
    return folder / "plain.zarr"
