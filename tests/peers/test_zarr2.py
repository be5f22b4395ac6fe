"""zarr-python 2 and Gridmill read what the other one writes, bit for bit and without a warning.

Every data type x codec x order x byte order x separator that both have. Each batch of codecs takes
one process of zarr-python 2 and one store of all the arrays.
"""

import itertools
import json

import pytest

from peers.exchange import packed, unpacked
from peers.peer import (CHUNKS, DIMENSIONS, FLOATS, INTEGERS, NUMBERS, assert_reads, assert_same,
                        converted, has_byte_order, numcodecs_chain, read_with_gridmill, values,
                        zarr2)
from peers.plain_store import write_plain

# An absent chunk is one of zeros; texts and blobs have another zero.
FILLS = {"string": "", "blob": None, "S3": "", "U3": "", "V4": None, "record": None}
OTHERS = ["M8[ns]", "m8[25s]", "S3", "U3", "V4", "record"]
def blosc(cname, shuffle):
    return {"id": "blosc", "cname": cname, "clevel": 5, "shuffle": shuffle, "blocksize": 0}



# The last one is the compressor, those before it are filters; None: there is none.
BLOSC = {f"{cname}-{shuffle}": [blosc(cname, shuffle)] for cname, shuffle in [
    *itertools.product(["lz4", "zstd"], [-1, 0, 1, 2]), ("lz4hc", 1), ("blosclz", 2), ("zlib", 1)]}
COMPRESSORS = {
    "none": [None],
    "zstd": [{"id": "zstd", "level": 3, "checksum": True}],
    "gzip": [{"id": "gzip", "level": 5}],
    "zlib": [{"id": "zlib", "level": 1}],
    "bz2": [{"id": "bz2", "level": 1}],
    "lzma": [{"id": "lzma", "format": 1, "check": -1, "preset": 0, "filters": None}],
    "lz4": [{"id": "lz4", "acceleration": 1}],
}
CHECKS = {
    "crc32": [{"id": "crc32", "location": "start"}, None],
    "adler32": [{"id": "adler32", "location": "end"}, {"id": "zstd", "level": 1}],
    "fletcher32": [{"id": "fletcher32"}, None],
    "crc32c": [{"id": "crc32c", "location": "end"}, None],
    "jenkins": [{"id": "jenkins_lookup3", "initval": 3, "prefix": None}, None],
    "base64": [{"id": "base64"}, None],
    "shuffle": [{"id": "shuffle", "elementsize": 4}, {"id": "zlib", "level": 1}],
}
BATCHES = {"blosc": BLOSC, "compressors": COMPRESSORS, "checks": CHECKS}
OBJECT_CODECS = {"string": [{"id": "vlen-utf8"}], "blob": [{"id": "vlen-bytes"}]}


KINDS = [(kind, endian) for kind in [*NUMBERS, *OTHERS, *OBJECT_CODECS] for endian in "<>"
         if endian == "<" or has_byte_order(kind)]


def dtype_text(kind, endian):
    if kind in OBJECT_CODECS:
        return "|O"
    dtype = values(kind).dtype
    return dtype.descr if dtype.fields else dtype.newbyteorder(endian).str


def name_of(kind, endian, *more):
    plain = kind.replace("[", "_").replace("]", "")
    return "-".join([plain, {"<": "little", ">": "big"}[endian], *more])


# What zarr-python 2 refuses to write, and how; Gridmill does, too.
REFUSED = {
    ("string", "shuffle"): "not an integer multiple of elementsize",
    ("blob", "shuffle"): "not an integer multiple of elementsize",
}


def write_task(store, name, dtype, kind, chain, order="C", separator=".", **more):
    *filters, compressor = chain
    return {"do": "write", "store": str(store), "array": name, "dtype": dtype,
            "values": packed(values(kind)), "chunks": CHUNKS, "order": order,
            "separator": separator, "codec": compressor, "fill": FILLS.get(kind, 0),
            "filters": [*filters, *OBJECT_CODECS.get(kind, [])], **more}


def assert_refused(answers, reasons):
    for answer, reason in zip(answers, reasons, strict=True):
        assert reason in answer.get("error", "it was not refused")


@pytest.mark.parametrize("batch", BATCHES)
def test_reads(gridmill, folder, batch):
    store = folder / "in.zarr"
    begin = {"do": "begin", "store": str(store)}
    tasks, wanted, refused, reasons = [begin], {}, [begin], []
    for (kind, endian), codec, order, separator in itertools.product(
            KINDS, BATCHES[batch], "CF", "./"):
        name = name_of(kind, endian, codec, order, "dot" if separator == "." else "slash")
        task = write_task(store, name, dtype_text(kind, endian), kind, BATCHES[batch][codec], order,
                          separator)
        if (kind, codec) in REFUSED:
            refused.append(task)
            reasons.append(REFUSED[kind, codec])
        else:
            tasks.append(task)
            wanted[name] = values(kind)
    assert_refused(zarr2(refused)[1:], reasons)
    zarr2.all(tasks)
    assert_same(read_with_gridmill(gridmill, store, wanted), wanted)


# What the array -> array codecs and zfpy are for; most lose something. {dtype} is the array's.
FILTERS = {
    "delta": (INTEGERS + FLOATS, [{"id": "delta", "dtype": "{dtype}"}]),
    "delta-wider": (["i2", "u2"], [{"id": "delta", "dtype": "{dtype}", "astype": "{order}i4"}]),
    "fixedscaleoffset": (FLOATS, [{"id": "fixedscaleoffset", "offset": -3, "scale": 10,
                                   "dtype": "{dtype}", "astype": "{order}i2"}]),
    "quantize": (FLOATS, [{"id": "quantize", "digits": 1, "dtype": "{dtype}"}]),
    "bitround": (FLOATS, [{"id": "bitround", "keepbits": 5}]),
    "astype": (["f8", "f4"], [{"id": "astype", "encode_dtype": "{order}f2",
                               "decode_dtype": "{dtype}"}]),
    "packbits": (["b1"], [{"id": "packbits"}]),
    "two": (["f8"], [{"id": "fixedscaleoffset", "offset": 0, "scale": 4, "dtype": "{dtype}",
                      "astype": "{order}i4"},
                     {"id": "delta", "dtype": "{order}i4"}]),
    "categorize": (["U3"], [{"id": "categorize", "labels": ["é", "日本語"], "dtype": "{dtype}",
                             "astype": "|u1"}]),
}
# numcodecs' bitround and zfpy know the machine's byte order alone.
FILTER_CASES = [(name, kind, endian) for name, (kinds, _) in FILTERS.items() for kind in kinds
                for endian in "<>" if endian == "<" or has_byte_order(kind) and name != "bitround"]


def filters_of(name, dtype):
    order = dtype[0].replace("|", "<")
    text = json.dumps(FILTERS[name][1])
    return json.loads(text.replace("{dtype}", dtype).replace("{order}", order))


def test_reads_filters(gridmill, folder):
    """zarr-python 2 says what is left of the values."""
    store, tasks = folder / "in.zarr", []
    for (name, kind, endian), order, separator, codec in itertools.product(
            FILTER_CASES, "CF", "./", ["none", "lz4"]):
        dtype = dtype_text(kind, endian)
        array = name_of(kind, endian, name, codec, order, "dot" if separator == "." else "slash")
        chain = [*filters_of(name, dtype), *COMPRESSORS[codec]]
        tasks.append(write_task(store, array, dtype, kind, chain, order, separator, echo=True))
    for kind, mode in itertools.product(["f4", "f8", "i4", "i8"], ZFPY):
        if kind[0] == "f" or "rate" in mode:
            tasks.append(write_task(store, f"{kind}-{json.dumps(mode)}", f"<{kind}", kind,
                                    [{"id": "zfpy", **mode}], echo=True))
    answers = zarr2.all([{"do": "begin", "store": str(store)}, *tasks])[1:]
    wanted = {task["array"]: unpacked(answer) for task, answer in zip(tasks, answers)}
    assert_same(read_with_gridmill(gridmill, store, wanted), wanted)


ZFPY = [{"mode": 4, "tolerance": 0.01}, {"mode": 2, "rate": 11.5}, {"mode": 3, "precision": 17}]


@pytest.mark.parametrize("batch", BATCHES)
def test_writes(gridmill, folder, batch):
    """Gridmill writes each codec in both orders, of dimensions and of bytes."""
    wanted = {}
    for order, endian in itertools.product("CF", ["little", "big"]):
        arrays, chains = {}, {}
        for codec, (kind, _) in itertools.product(
                BATCHES[batch], [one for one in KINDS if one[1] == "<"]):
            if (kind, codec) in REFUSED or (endian == "big" and not has_byte_order(kind)):
                continue
            name = name_of(kind, "<", codec)
            arrays[name], chains[name] = values(kind), numcodecs_chain(*BATCHES[batch][codec])
        store = folder / f"{order}-{endian}.zarr"
        converted(gridmill, store, arrays, chains, order, endian, CHUNKS)
        wanted.update({(store, name): array for name, array in arrays.items()})
    assert_reads(zarr2, wanted)


def test_gridmill_refuses_what_zarr2_refuses(gridmill, folder):
    arrays = {kind: values(kind) for kind in OBJECT_CODECS}
    write_plain(folder / "in.zarr", arrays, DIMENSIONS)
    for kind, codec in REFUSED:
        chain = json.dumps(numcodecs_chain(*CHECKS[codec]))
        refused = gridmill("convert", folder / "in.zarr", folder / "out.zarr", "--variables",
                           kind, "--zarr-format", 2, "--codec", chain)
        assert refused.returncode == 2 and "elementsize" in refused.stderr
