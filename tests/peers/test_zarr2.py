"""zarr-python 2 and Gridmill read what the other one writes, bit for bit and without a warning.

Every data type x codec x order x byte order x separator that both have. Each batch of codecs takes
one process of zarr-python 2 and one store of all the arrays.
"""

import itertools
import json

import numpy as np
import pytest

from peers.peer import (CHUNKS, DIMENSIONS, FLOATS, INTEGERS, NUMBERS, different, read_by, run, same,
                        values, zarr2)  # fmt: skip
from peers.exchange import packed, unpacked
from peers.plain_store import read_plain, write_plain

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


def has_byte_order(kind):
    return kind not in OBJECT_CODECS and kind != "record" and np.dtype(kind).str[0] == "<"


KINDS = [(kind, endian) for kind in [*NUMBERS, *OTHERS, *OBJECT_CODECS] for endian in "<>"
         if endian == "<" or has_byte_order(kind)]  # fmt: skip


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
            "filters": [*filters, *OBJECT_CODECS.get(kind, [])], **more}  # fmt: skip


def read_with_gridmill(gridmill, store, out, names):
    run(gridmill, "convert", store, out, "--zarr-format", 2, "--codec", "none", "--chunks",
        "dim_0=all,dim_1=all,dim_2=all")
    return {name: read_plain(out, name) for name in names}


def assert_refused(answers, reasons):
    for answer, reason in zip(answers, reasons, strict=True):
        assert reason in answer.get("error", "it was not refused")


@pytest.mark.parametrize("batch", BATCHES)
def test_reads(gridmill, tmp_path, batch):
    store = tmp_path / "in.zarr"
    begin = {"do": "begin", "store": str(store)}
    tasks, wanted, refused, reasons = [begin], {}, [begin], []
    for (kind, endian), codec, order, separator in itertools.product(
            KINDS, BATCHES[batch], "CF", "./"):
        name = name_of(kind, endian, codec, order, "dot" if separator == "." else "slash")
        task = write_task(store, name, dtype_text(kind, endian), kind, BATCHES[batch][codec], order,
                          separator)  # fmt: skip
        if (kind, codec) in REFUSED:
            refused.append(task)
            reasons.append(REFUSED[kind, codec])
        else:
            tasks.append(task)
            wanted[name] = values(kind)
    assert_refused(zarr2(refused)[1:], reasons)
    zarr2.all(tasks)
    found = read_with_gridmill(gridmill, store, tmp_path / "plain.zarr", wanted)
    assert not different(found, wanted)


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


def test_reads_filters(gridmill, tmp_path):
    """zarr-python 2 says what is left of the values."""
    store, tasks = tmp_path / "in.zarr", []
    for (name, kind, endian), order, separator, codec in itertools.product(
            FILTER_CASES, "CF", "./", ["none", "lz4"]):
        dtype = dtype_text(kind, endian)
        array = name_of(kind, endian, name, codec, order, "dot" if separator == "." else "slash")
        chain = [*filters_of(name, dtype), *COMPRESSORS[codec]]
        tasks.append(write_task(store, array, dtype, kind, chain, order, separator, echo=True))
    for kind, mode in itertools.product(["f4", "f8", "i4", "i8"], ZFPY):
        if kind[0] == "f" or "rate" in mode:
            tasks.append(write_task(store, f"{kind}-{json.dumps(mode)}", f"<{kind}", kind,
                                    [{"id": "zfpy", **mode}], echo=True))  # fmt: skip
    answers = zarr2.all([{"do": "begin", "store": str(store)}, *tasks])[1:]
    wanted = {task["array"]: unpacked(answer) for task, answer in zip(tasks, answers)}
    found = read_with_gridmill(gridmill, store, tmp_path / "plain.zarr", wanted)
    assert not different(found, wanted)


ZFPY = [{"mode": 4, "tolerance": 0.01}, {"mode": 2, "rate": 11.5}, {"mode": 3, "precision": 17}]


def v3_codec(configuration):
    """For --codec: the same in the form of v3, which has a place for the order of the elements."""
    members = {name: value for name, value in configuration.items() if name != "id"}
    return {"name": f"numcodecs.{configuration['id']}", "configuration": members}


@pytest.mark.parametrize("batch", BATCHES)
def test_writes(gridmill, tmp_path, batch):
    """Gridmill writes each codec in both orders of dimensions and of bytes."""
    sources = {"numbers": [kind for kind, endian in KINDS if endian == ">"],
               "others": [kind for kind, _ in KINDS if not has_byte_order(kind)]}
    for name, kinds in sources.items():
        write_plain(tmp_path / name, {name_of(kind, "<"): values(kind) for kind in kinds}, DIMENSIONS)
    cases, wanted = [], []
    for codec, order, (source, endian) in itertools.product(
            BATCHES[batch], "CF", [("numbers", "little"), ("numbers", "big"), ("others", "little")]):
        chain = [{"name": "bytes", "configuration": {"endian": endian}}] if endian == "big" else []
        chain += [v3_codec(one) for one in BATCHES[batch][codec] if one]
        if order == "F":
            chain.insert(0, {"name": "transpose", "configuration": {"order": [2, 1, 0]}})
        out = tmp_path / f"{codec}-{order}-{source}-{endian}"
        layout = ",".join(f"{name}={length}" for name, length in zip(DIMENSIONS, CHUNKS))
        convert = ["convert", tmp_path / source, out, "--zarr-format", 2, "--codec",
                   json.dumps(chain), "--chunks", layout]  # fmt: skip
        kinds = [kind for kind in sources[source] if (kind, codec) not in REFUSED]
        for kind in set(sources[source]) - set(kinds):
            refused = gridmill(*convert, "--variables", name_of(kind, "<"))
            assert refused.returncode == 2 and "elementsize" in refused.stderr
        run(gridmill, *convert, "--variables", ",".join(name_of(kind, "<") for kind in kinds))
        for kind in kinds:
            cases.append((out, name_of(kind, "<")))
            wanted.append(values(kind))
            document = json.loads((out / name_of(kind, "<") / ".zarray").read_text())
            assert document["order"] == order
            assert (document["dtype"][0] == ">") == (endian == "big")
    got = read_by(zarr2, cases)
    assert not [case for case, one, other in zip(cases, got, wanted) if not same(one, other)]
