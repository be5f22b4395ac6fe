"""The data types and codecs of docs/zarr_support.md: their metadata, and chunks to be read.

Nothing here is Gridmill's: the metadata are written out, the chunks encoded by numcodecs or numpy.
"""

import json
import shutil
import struct
import warnings
from dataclasses import dataclass
from typing import Callable

import ml_dtypes
import numcodecs
import numpy as np
import zfpy
from numcodecs import get_codec
from peers.plain_store import TEXTS, write_document

SHAPE = (4, 1, 6)
RECORD = [["a", "<i2"], ["b", "<f8"]]
NUMBERS = {
    "bool": "|b1",
    **{f"{name}{8 * size}": f"{'|' if size == 1 else '<'}{name[0]}{size}"
       for name in ["int", "uint"] for size in [1, 2, 4, 8]},
    **{f"float{8 * size}": f"<f{size}" for size in [2, 4, 8]},
    "complex64": "<c8",
    "complex128": "<c16",
}
# The name in the table -> v2's dtype, v3's data type, v3's fill value (v2 has null).
TYPES = {
    **{name: (dtype, name, [0, 0] if dtype[1] == "c" else dtype != "|b1" and 0)
       for name, dtype in NUMBERS.items()},
    "fixed bytes": ("|S3", {"name": "null_terminated_bytes",
                            "configuration": {"length_bytes": 3}}, ""),
    "fixed text": ("<U3", {"name": "fixed_length_utf32",
                           "configuration": {"length_bytes": 12}}, ""),
    "raw": ("|V4", {"name": "raw_bytes", "configuration": {"length_bytes": 4}}, "AAAAAA=="),
    "datetime64": ("<M8[s]", {"name": "numpy.datetime64",
                              "configuration": {"unit": "s", "scale_factor": 1}}, 0),
    "timedelta64": ("<m8[s]", {"name": "numpy.timedelta64",
                               "configuration": {"unit": "s", "scale_factor": 1}}, 0),
    "record": (RECORD, {"name": "struct", "configuration": {"fields": [
        {"name": "a", "data_type": "int16"}, {"name": "b", "data_type": "float64"}]}},
        "AAAAAAAAAAAAAA=="),
    "string": ("|O", "string", ""),
    "variable bytes": ("|O", "variable_length_bytes", ""),
}
OBJECTS = {"string": "vlen-utf8", "variable bytes": "vlen-bytes"}
# Other names of v3 for types of the table, and types that numpy doesn't have: bytes of an element.
MORE_TYPES = {
    "r32": 4, "complex_float32": 8, "complex_float64": 16,
    "bfloat16": 2, "int2": 1, "int4": 1, "uint2": 1, "uint4": 1,
    **{f"float8_{kind}": 1 for kind in ["e3m4", "e4m3", "e4m3b11fnuz", "e4m3fn", "e4m3fnuz", "e5m2",
                                        "e5m2fnuz", "e8m0fnu"]},
    **{f"float{kind}": 1 for kind in ["6_e2m3fn", "6_e3m2fn", "4_e2m1fn"]},
    "complex_bfloat16": 4, "complex_float16": 4,
}


def dtype_of(name):
    dtype = TYPES[name][0]
    return np.dtype([tuple(one) for one in dtype] if isinstance(dtype, list) else dtype)


def values(name):
    """Small whole numbers where it can be, so that no filter has to round them."""
    numbers = np.random.default_rng(6).integers(1, 90, SHAPE)
    some = {"string": ["", "ab", "é"], "variable bytes": [b"", b"\xff", b"ab"],
            "fixed bytes": [b"", b"ab", b"xyz"], "fixed text": ["", "é", "日本語"]}
    if name in OBJECTS:
        return np.array(some[name], dtype=object)[numbers % 3]
    if name in some:
        return np.array(some[name], dtype_of(name))[numbers % 3]
    if name == "raw":
        return numbers.astype("<i4").view("V4")
    if name == "record":
        made = np.zeros(SHAPE, dtype_of(name))
        made["a"], made["b"] = numbers, numbers / 4
        return made
    return (numbers % 2 if name == "bool" else numbers).astype(dtype_of(name))


# What numcodecs' pcodec takes: as int64, numpy's times, too.
PCODEC_TYPES = {f"{name}{bits}" for name in ["int", "uint", "float"] for bits in [16, 32, 64]} | {
    "datetime64", "timedelta64"}


@dataclass
class Codec:
    """A row of the table, and how a chunk of it is made without Gridmill."""

    name: str
    v2: Callable | None  # type's name -> numcodecs' configurations: filters, then the compressor
    v3: Callable | None  # type's name -> codecs; None stands for what makes bytes of the elements
    encode: Callable  # array, type's name -> bytes; raises for types that the codec doesn't take
    is_object_codec: bool = False  # stands for v2's vlen-utf8 and vlen-bytes, too
    order: str = "C"
    is_big: bool = False


def plain_bytes(array, name):
    if name in OBJECTS:
        return bytes(TEXTS[OBJECTS[name]].encode(array.ravel()))
    return array.tobytes()


def whole(make):
    """What gives numcodecs' configuration for a type, from one or from a function."""
    return make if callable(make) else lambda name: make


def on_bytes(name, configuration):
    """A bytes -> bytes codec of numcodecs, under its v3 name."""
    members = {key: value for key, value in configuration.items() if key != "id"}
    codec = get_codec(dict(configuration))
    return Codec(name, lambda kind: [configuration],
                 lambda kind: [None, {"name": name, "configuration": members}],
                 lambda array, kind: bytes(codec.encode(plain_bytes(array, kind))))


def on_arrays(name, make, v3_name=None, is_object_codec=False):
    """A codec of numcodecs that takes the elements, as v2's filter and by its v3 name."""
    make = whole(make)

    def v3(kind):
        members = {key: value for key, value in make(kind).items() if key != "id"}
        return [{"name": v3_name, "configuration": members}, None]

    def encode(array, kind):
        codec = get_codec(dict(make(kind)))
        given = array if is_object_codec else array.ravel()
        encoded = codec.encode(given)
        back = np.asarray(codec.decode(encoded)).reshape(given.shape)
        if not is_object_codec:  # those have no types, and keep values at most
            back = back.view(given.dtype)
        if back.tolist() != given.tolist():
            raise ValueError("numcodecs takes it, and makes something else of it")
        return encoded if isinstance(encoded, bytes) else np.asarray(encoded).tobytes()

    return Codec(name, lambda kind: [make(kind)], v3 if v3_name else None, encode, is_object_codec)


def v3_alone(name, make, encode, is_serializer=False):
    def v3(kind):
        codec = {"name": name, "configuration": whole(make)(kind)}
        return [codec] if is_serializer else [codec, None]

    return Codec(name, None, v3, encode)


def dtype_text(kind):
    return dtype_of(kind).str if kind != "record" else dtype_of(kind).descr


def blosc(name, kind):
    return {"cname": name, "clevel": 5, "shuffle": "shuffle", "blocksize": 0,
            "typesize": 1 if kind in OBJECTS else dtype_of(kind).itemsize}


def blosc_row(cname):
    v2 = {"id": "blosc", "cname": cname, "clevel": 5, "shuffle": 1, "blocksize": 0}
    return Codec(f"blosc, {cname}", lambda kind: [v2],
                 lambda kind: [None, {"name": "blosc", "configuration": blosc(cname, kind)}],
                 lambda array, kind: get_codec(dict(v2)).encode(plain_bytes(array, kind)))


def bits_of(array, kind):
    if kind == "bool":
        return np.packbits(array.ravel(), bitorder="little").tobytes()
    return refuse_objects(array, kind).tobytes()


def refuse_objects(array, kind):
    if array.dtype == object:
        raise TypeError(kind)
    return array


def refuse_but_numbers(array, kind):
    if kind not in NUMBERS:
        raise TypeError(kind)
    return array


def cast_target(kind):
    return "int32" if dtype_of(kind).kind == "f" else "float64"


def zfp(array, kind):
    return zfpy.compress_numpy(array, write_header=False)


CODECS = [
    Codec("bytes", lambda kind: [], lambda kind: [None], plain_bytes),
    Codec("bytes, big endian", lambda kind: [],
          lambda kind: [{"name": "bytes", "configuration": {"endian": "big"}}],
          lambda array, kind: refuse_objects(array, kind).astype(
              array.dtype.newbyteorder(">")).tobytes(), is_big=True),
    Codec("transpose (v2: order F)", lambda kind: [],
          lambda kind: [{"name": "transpose", "configuration": {"order": [2, 1, 0]}}, None],
          lambda array, kind: plain_bytes(np.ascontiguousarray(array.T), kind), order="F"),
    *[blosc_row(cname) for cname in ["lz4", "lz4hc", "blosclz", "zstd", "zlib"]],
    on_bytes("zstd", {"id": "zstd", "level": 3, "checksum": True}),
    on_bytes("gzip", {"id": "gzip", "level": 5}),
    on_bytes("numcodecs.zlib", {"id": "zlib", "level": 1}),
    on_bytes("numcodecs.bz2", {"id": "bz2", "level": 1}),
    on_bytes("numcodecs.lzma", {"id": "lzma", "format": 1, "check": -1, "preset": 0,
                                "filters": None}),
    on_bytes("numcodecs.lz4", {"id": "lz4", "acceleration": 1}),
    on_bytes("crc32c", {"id": "crc32c", "location": "end"}),
    on_bytes("numcodecs.crc32", {"id": "crc32", "location": "start"}),
    on_bytes("numcodecs.adler32", {"id": "adler32", "location": "start"}),
    on_bytes("numcodecs.fletcher32", {"id": "fletcher32"}),
    on_bytes("numcodecs.jenkins_lookup3", {"id": "jenkins_lookup3", "initval": 3, "prefix": None}),
    on_bytes("numcodecs.shuffle", {"id": "shuffle", "elementsize": 1}),
    on_bytes("numcodecs.base64", {"id": "base64"}),
    on_arrays("numcodecs.delta", lambda kind: {"id": "delta", "dtype": dtype_text(kind)},
              "numcodecs.delta"),
    on_arrays("numcodecs.fixedscaleoffset",
              lambda kind: {"id": "fixedscaleoffset", "offset": 0, "scale": 1,
                            "dtype": dtype_text(kind)}, "numcodecs.fixedscaleoffset"),
    on_arrays("numcodecs.quantize", lambda kind: {"id": "quantize", "digits": 1,
                                                  "dtype": dtype_text(kind)}, "numcodecs.quantize"),
    on_arrays("numcodecs.bitround", {"id": "bitround", "keepbits": 7}, "numcodecs.bitround"),
    v3_alone("bitround", {"keepbits": 7},
             lambda array, kind: get_codec({"id": "bitround", "keepbits": 7}).encode(
                 array.ravel()).tobytes()),
    on_arrays("numcodecs.astype", lambda kind: {"id": "astype", "encode_dtype": "<i4",
                                                "decode_dtype": dtype_text(kind)},
              "numcodecs.astype"),
    on_arrays("numcodecs.packbits", {"id": "packbits"}, "numcodecs.packbits"),
    on_arrays("categorize", lambda kind: {"id": "categorize", "labels": ["ab", "é", "日本語"],
                                          "dtype": dtype_text(kind), "astype": "|u1"},
              is_object_codec=True),
    on_arrays("json2", numcodecs.JSON().get_config(), is_object_codec=True),
    on_arrays("msgpack2", numcodecs.MsgPack().get_config(), is_object_codec=True),
    on_arrays("pickle", {"id": "pickle", "protocol": 5}, is_object_codec=True),
    Codec("numcodecs.zfpy", lambda kind: [{"id": "zfpy", "mode": 4, "tolerance": -1}],
          lambda kind: [{"name": "numcodecs.zfpy", "configuration": {"mode": 4, "tolerance": -1}}],
          lambda array, kind: get_codec({"id": "zfpy", "mode": 4, "tolerance": -1}).encode(array)),
    v3_alone("zfp", {"mode": "reversible"}, zfp, is_serializer=True),
    Codec("numcodecs.pcodec", lambda kind: [{"id": "pcodec"}],
          lambda kind: [{"name": "numcodecs.pcodec", "configuration": {"level": 8}}],
          lambda array, kind: get_codec({"id": "pcodec"}).encode(array)),
    v3_alone("packbits", {"padding_encoding": "none"}, bits_of, is_serializer=True),
    v3_alone("reshape", {"shape": [3, 8]}, plain_bytes),
    v3_alone("zarrs.squeeze", {}, plain_bytes),
    v3_alone("scale_offset", {"offset": 1, "scale": 1},
             lambda array, kind: (refuse_but_numbers(array, kind) - array.dtype.type(1)).tobytes()),
    v3_alone("cast_value", lambda kind: {"data_type": cast_target(kind)},
             lambda array, kind: refuse_but_numbers(array, kind).astype(
                 cast_target(kind)).tobytes()),
]


def serializer(kind):
    if kind in OBJECTS:
        return {"name": OBJECTS[kind], "configuration": {}}
    return {"name": "bytes", "configuration": {"endian": "little"}}


def chain_v3(codec, kind):
    """For a document, and for --codec."""
    return [serializer(kind) if one is None else one for one in codec.v3(kind)]


def write_v2(store, kind, codec):
    configurations = list(codec.v2(kind))
    ids = {"blosc", "zstd", "gzip", "zlib", "bz2", "lzma", "lz4", "pcodec", "zfpy"}
    has_compressor = configurations and configurations[-1]["id"] in ids
    compressor = configurations.pop() if has_compressor else None
    if kind in OBJECTS and not codec.is_object_codec:
        configurations.insert(0, {"id": OBJECTS[kind]})
    dtype = dtype_text(kind)
    if codec.is_big:
        dtype = json.loads(json.dumps(dtype).replace("<", ">"))
    write_document(store / kind / ".zarray", {
        "zarr_format": 2, "shape": SHAPE, "chunks": SHAPE, "dtype": dtype, "fill_value": None,
        "order": codec.order, "compressor": compressor, "filters": configurations or None})
    (store / kind / "0.0.0").write_bytes(codec.encode(values(kind), kind))


def document_v3(data_type, fill_value, codecs, chunk_shape=SHAPE):
    return {"zarr_format": 3, "node_type": "array", "shape": SHAPE, "data_type": data_type,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk_shape}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": fill_value, "codecs": codecs, "attributes": {}}


def write_array_v3(store, name, document, chunks):
    """Its only chunk, or those along the last dimension."""
    write_document(store / name / "zarr.json", document)
    folder = store / name / "c" / "0" / "0"
    folder.mkdir(parents=True)
    for number, chunk in enumerate([chunks] if isinstance(chunks, bytes) else chunks):
        (folder / str(number)).write_bytes(chunk)


def write_v3(store, kind, codec):
    _, data_type, fill_value = TYPES[kind]
    chunk = codec.encode(values(kind), kind)
    write_array_v3(store, kind, document_v3(data_type, fill_value, chain_v3(codec, kind)), chunk)


def write_group(store, zarr_format):
    if zarr_format == 2:
        write_document(store / ".zgroup", {"zarr_format": 2})
    else:
        document = {"zarr_format": 3, "node_type": "group", "attributes": {}}
        write_document(store / "zarr.json", document)


def write_encoded(store, zarr_format, codec):
    """Every type that the encoder takes, in one store. Returns their names."""
    write_group(store, zarr_format)
    made = set()
    for kind in TYPES:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                (write_v2 if zarr_format == 2 else write_v3)(store, kind, codec)
            made.add(kind)
        except Exception:  # noqa: BLE001  (the encoder doesn't take the type)
            shutil.rmtree(store / kind, ignore_errors=True)
    return made


def more_type(name):
    """The document of an array of such a type, its chunk, and what `dump --raw` is to give of it."""
    size = MORE_TYPES[name]
    fill = [0, 0] if name.startswith("complex") else [0] * 4 if name == "r32" else 0
    chunk = bytes(i % 2 for i in range(size * int(np.prod(SHAPE))))
    return document_v3(name, fill, [serializer("int32")]), chunk, in_memory(name, chunk)


def in_memory(name, chunk):
    """Types that memory doesn't have are wider numbers there."""
    part = name.removeprefix("complex_")
    if part in ("r32", "float32", "float64"):
        return chunk
    dtype = np.dtype(getattr(ml_dtypes, part, part))
    wide = {"i": np.int8, "u": np.uint8}.get(part[0], np.float32)
    return np.frombuffer(chunk, dtype).astype(wide).tobytes()


def shard(chunk, location):
    """One with a single inner chunk."""
    start = 20 if location == "start" else 0
    index = struct.pack("<QQ", start, len(chunk))
    index = bytes(get_codec({"id": "crc32c", "location": "end"}).encode(index))
    return index + chunk if location == "start" else chunk + index


def sharding(codecs, location, chunk_shape=SHAPE):
    return {"name": "sharding_indexed", "configuration": {
        "chunk_shape": chunk_shape, "codecs": codecs, "index_location": location,
        "index_codecs": [serializer("int32"), {"name": "crc32c"}]}}


def rectilinear(document):
    document["chunk_grid"] = {"name": "rectilinear", "configuration": {
        "kind": "inline", "chunk_shapes": [4, 1, [2, 4]]}}
    return document


def layouts():
    """{name: (document, chunk or chunks)} of int32 arrays."""
    chunk, codecs = values("int32").tobytes(), [serializer("int32")]
    end, start = (sharding(codecs, location) for location in ["end", "start"])
    gzip = {"name": "gzip", "configuration": {"level": 1}}
    transpose = {"name": "transpose", "configuration": {"order": [2, 1, 0]}}
    transposed = values("int32").T.tobytes()
    cases = {
        "chunks in shards": ([end], shard(chunk, "end")),
        "shards with their index in front": ([start], shard(chunk, "start")),
        "shards in shards": ([sharding([end], "end")], shard(shard(chunk, "end"), "end")),
        "codecs behind a shard": ([end, gzip],
                                  bytes(numcodecs.GZip(1).encode(shard(chunk, "end")))),
        "`transpose` before a shard": ([transpose, sharding(codecs, "end", SHAPE[::-1])],
                                       shard(transposed, "end")),
    }
    made = {name: (document_v3("int32", 0, codecs), stored)
            for name, (codecs, stored) in cases.items()}
    parts = [np.ascontiguousarray(part).tobytes() for part in np.split(values("int32"), [2], axis=2)]
    made["chunks of different extents"] = rectilinear(document_v3("int32", 0, codecs)), parts
    return made
