"""Stores that zarr-python 3 wrote, read by gridmill and written again in another layout and codec."""

import warnings

import numpy as np
import pytest
import zarr
from zarr.codecs import BloscCodec, GzipCodec, ZstdCodec

from fidelity.comparison import assert_same_values, convert

SHAPE, CHUNKS = (23, 17, 11), (6, 5, 4)
SHUFFLES = ["noshuffle", "shuffle", "bitshuffle"]
CNAMES = ["lz4", "lz4hc", "blosclz", "zstd", "zlib"]


def noise(kind, seed=1):
    """Smooth enough to compress, random enough to tell every element from its neighbour."""
    kind = np.dtype(kind)
    values = np.random.default_rng(seed).normal(0, 40, SHAPE).cumsum(axis=2)
    if kind.kind == "b":
        return values > 0
    if kind.kind == "c":
        return (values + 1j * values[::-1]).astype(kind)
    return values.astype("i8").astype(kind) if kind.kind in "iu" else values.astype(kind)


def write(path, values, zarr_format, **options):
    """One array `v`, with attributes; some of its chunks are left absent."""
    with warnings.catch_warnings():
        # zarr-python warns that its own spelling of fixed-length text in v3 may change.
        warnings.simplefilter("ignore")
        group = zarr.create_group(path, zarr_format=zarr_format, attributes={"title": "t"})
        names = {"dimension_names": ("z", "y", "x")[: values.ndim]} if zarr_format == 3 else {}
        array = group.create_array(
            "v", shape=values.shape, dtype=values.dtype, attributes={"units": "K"},
            **{"chunks": CHUNKS[: values.ndim], **names, **options},
        )  # fmt: skip
        if zarr_format == 2:
            array.attrs["_ARRAY_DIMENSIONS"] = ["z", "y", "x"][: values.ndim]
        array[...] = values
        assert_same_values(array[...], values, "zarr-python's own")
    return path


def read(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return zarr.open_group(path, mode="r")["v"]


# Where the store goes: other format, other chunks, other codec.
TARGETS = [
    (3, ()),
    (2, ("--chunks", "z=12,y=10,x=4", "--codec", "zstd:1")),
    (3, ("--chunks", "z=7,y=all,x=3", "--codec", "gzip:2")),
    (2, ("--codec", "none")),
]


def check(gridmill, tmp_path, values, source, targets=TARGETS):
    for number, (zarr_format, options) in enumerate(targets):
        store = tmp_path / f"out{number}.zarr"
        convert(gridmill, source, store, "--zarr-format", zarr_format, *options)
        array = read(store)
        assert array.metadata.zarr_format == zarr_format
        assert array.attrs["units"] == "K"
        assert_same_values(array[...], values, f"to v{zarr_format} {options}")


@pytest.mark.parametrize("kind", ["f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "bool"])
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_types(gridmill, tmp_path, kind, zarr_format):
    values = noise(kind)
    check(gridmill, tmp_path, values, write(tmp_path / "in.zarr", values, zarr_format))


@pytest.mark.parametrize("kind", [">f4", ">f8", ">i2", ">u4", ">i8"])
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_big_endian(gridmill, tmp_path, kind, zarr_format):
    values = noise(kind)
    options = {}
    if zarr_format == 3:
        options["serializer"] = zarr.codecs.BytesCodec(endian="big")
    source = write(tmp_path / "in.zarr", values, zarr_format, **options)
    check(gridmill, tmp_path, values, source, TARGETS[:2])


@pytest.mark.parametrize("shuffle", SHUFFLES)
@pytest.mark.parametrize("cname", CNAMES)
def test_blosc(gridmill, tmp_path, cname, shuffle):
    from numcodecs import Blosc

    values = noise("f4")
    codec = BloscCodec(cname=cname, clevel=5, shuffle=shuffle)
    source = write(tmp_path / "in3.zarr", values, 3, compressors=codec)
    check(gridmill, tmp_path, values, source, TARGETS[:1])
    # Blocks far smaller than the chunk, as large chunks have them.
    codec = Blosc(cname=cname, clevel=9, shuffle=SHUFFLES.index(shuffle), blocksize=256)
    source = write(tmp_path / "in2.zarr", values, 2, compressors=codec)
    check(gridmill, tmp_path / "again", values, source, TARGETS[:1])


@pytest.mark.parametrize("name", ["zstd", "zstd, checksum", "gzip", "none"])
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_other_codecs(gridmill, tmp_path, name, zarr_format):
    from numcodecs import GZip, Zstd

    codec = {
        (3, "zstd"): ZstdCodec(level=3),
        (3, "zstd, checksum"): ZstdCodec(level=3, checksum=True),
        (3, "gzip"): GzipCodec(level=5),
        (2, "zstd"): Zstd(level=3),
        (2, "zstd, checksum"): Zstd(level=3, checksum=True),
        (2, "gzip"): GZip(level=5),
    }.get((zarr_format, name))
    values = noise("f8")
    source = write(tmp_path / "in.zarr", values, zarr_format, compressors=codec)
    check(gridmill, tmp_path, values, source, TARGETS[:2])


def test_zlib_of_v2(gridmill, tmp_path):
    from numcodecs import Zlib

    values = noise("i4")
    check(gridmill, tmp_path, values, write(tmp_path / "in.zarr", values, 2, compressors=Zlib(3)))


def test_order_of_v2(gridmill, tmp_path):
    values = noise("f4")
    check(gridmill, tmp_path, values, write(tmp_path / "in.zarr", values, 2, order="F"))


@pytest.mark.parametrize("order", [(2, 1, 0), (1, 2, 0)])
def test_transposed_v3(gridmill, tmp_path, order):
    values = noise("f4")
    source = write(
        tmp_path / "in.zarr", values, 3, filters=[zarr.codecs.TransposeCodec(order=order)]
    )
    check(gridmill, tmp_path, values, source)


@pytest.mark.parametrize("kind", ["f4", "u1"])
@pytest.mark.parametrize("compressor", [None, ZstdCodec(level=1), BloscCodec(cname="lz4")])
def test_shards(gridmill, tmp_path, kind, compressor):
    values = noise(kind)
    source = write(tmp_path / "in.zarr", values, 3, shards=(12, 10, 8), compressors=compressor)
    check(gridmill, tmp_path, values, source)


@pytest.mark.parametrize("separator", [".", "/"])
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_chunk_keys(gridmill, tmp_path, zarr_format, separator):
    values = noise("i2")
    name = "default" if zarr_format == 3 else "v2"
    encoding = {"name": name, "separator": separator}
    source = write(tmp_path / "in.zarr", values, zarr_format, chunk_key_encoding=encoding)
    check(gridmill, tmp_path, values, source, TARGETS[:1])


def test_v2_keys_in_v3(gridmill, tmp_path):
    values = noise("i2")
    encoding = {"name": "v2", "separator": "."}
    source = write(tmp_path / "in.zarr", values, 3, chunk_key_encoding=encoding)
    check(gridmill, tmp_path, values, source, TARGETS[:1])


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("kind", ["S7", "S1"])
def test_fixed_strings(gridmill, tmp_path, kind, zarr_format):
    texts = np.array([b"", b"a", b"Z", b"station", b"x y"] * 5, kind)
    source = write(tmp_path / "in.zarr", texts, zarr_format)
    check(gridmill, tmp_path, texts, source, [(3, ()), (2, ("--codec", "zstd:1"))])


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_texts(gridmill, tmp_path, zarr_format):
    texts = np.array(["", "Zürich", "日本", "x" * 3000, "plain"] * 5, object)
    source = tmp_path / "in.zarr"
    group = zarr.create_group(source, zarr_format=zarr_format)
    array = group.create_array("v", shape=(25,), chunks=(6,), dtype=str, attributes={"units": "K"})
    array[...] = texts
    check(gridmill, tmp_path, texts, source, [(3, ()), (2, ())])


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_absent_chunks_are_the_fill_value(gridmill, tmp_path, zarr_format):
    source = tmp_path / "in.zarr"
    group = zarr.create_group(source, zarr_format=zarr_format)
    array = group.create_array(
        "v", shape=SHAPE, chunks=CHUNKS, dtype="f4", fill_value=-7.5, attributes={"units": "K"}
    )
    array[:6, :5, :4] = 1.25
    check(gridmill, tmp_path, array[...], source, [(3, ()), (2, ("--codec", "none"))])


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("fill", [np.nan, np.inf, -np.inf, -0.0, 0.1])
def test_fill_values_of_floats(gridmill, tmp_path, fill, zarr_format):
    source = tmp_path / "in.zarr"
    group = zarr.create_group(source, zarr_format=zarr_format)
    array = group.create_array(
        "v", shape=(9,), chunks=(4,), dtype="f8", fill_value=fill, attributes={"units": "K"}
    )
    array[:4] = [1, 2, 3, 4]
    check(gridmill, tmp_path, array[...], source, [(3, ()), (2, ())])
