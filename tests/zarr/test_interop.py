"""Stores go both ways between Gridmill and zarr-python: bit-equal, without a warning.

zarr-python writes every data type with every codec and order that both sides know; `gridmill dump`
reads them, `gridmill convert` writes them anew, and zarr-python reads those.
"""

import warnings

import numcodecs
import numpy as np
import pytest
import zarr
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec

SHAPE, CHUNKS = (19, 7, 11), (8, 7, 5)
DTYPES = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16",
          "S3", "U3"]
V2 = {
    "raw": None,
    "lz4": numcodecs.Blosc("lz4", 5, 1),
    "zstd-bit": numcodecs.Blosc("zstd", 3, 2),
    "blosclz-auto": numcodecs.Blosc("blosclz", 5, -1),
    "zstd": numcodecs.Zstd(3),
    "gzip": numcodecs.GZip(5),
    "zlib": numcodecs.Zlib(1),
}
V3 = {
    "raw": None,
    "lz4": BloscCodec(cname="lz4", shuffle="shuffle"),
    "zstd-bit": BloscCodec(cname="zstd", shuffle="bitshuffle"),
    "zstd": ZstdCodec(level=3, checksum=True),
    "gzip-crc": [GzipCodec(level=3), Crc32cCodec()],
}


def values(dtype):
    random = np.random.default_rng(1)
    kind = np.dtype(dtype).kind
    if kind == "U":
        return np.array(random.choice(["a", "bé", "日本語", ""], size=SHAPE), dtype=dtype)
    if kind == "S":
        return np.array(random.choice([b"a", b"bc", b"xyz", b""], size=SHAPE), dtype=dtype)
    if kind == "f":
        return (random.standard_normal(SHAPE) * 100).astype(dtype)
    if kind == "c":
        return (random.standard_normal(SHAPE) + 1j * random.standard_normal(SHAPE)).astype(dtype)
    return random.integers(0, 2 if kind == "b" else 100, SHAPE).astype(dtype)


def write(root, dtype, **options):
    """A store of one array `x`; one chunk stays absent. Returns its values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zarr-python warns when it writes fixed-length strings
        group = zarr.open_group(root, mode="w", zarr_format=options["zarr_format"])
        arguments = {"chunks": CHUNKS, **options}
        del arguments["zarr_format"]  # the group's
        array = group.create_array("x", shape=SHAPE, dtype=dtype, **arguments)
    data = values(dtype)
    data[8:16, :, 0:5] = array.fill_value
    array[:8], array[16:], array[8:16, :, 5:] = data[:8], data[16:], data[8:16, :, 5:]
    return data


def dumped(gridmill, store, tmp_path):
    out = tmp_path / "x.raw"
    run = gridmill("dump", f"{store}#/x", "--raw", "-o", out, "--overwrite")
    assert run.returncode == 0, run.stderr
    return out.read_bytes()


def little(data):
    return data.astype(data.dtype.newbyteorder("<")).tobytes()


def read_silently(store):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return zarr.open_group(store, mode="r")["x"][...]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("endian", ["<", ">"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_reads_v2(gridmill, tmp_path, dtype, endian, order):
    for name, compressor in V2.items():
        store = tmp_path / name
        data = write(store, np.dtype(dtype).newbyteorder(endian), zarr_format=2, order=order,
                     compressors=compressor,
                     chunk_key_encoding={"name": "v2", "separator": "/" if "z" in name else "."})
        assert dumped(gridmill, store, tmp_path) == little(data), name


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_reads_v3(gridmill, tmp_path, dtype, transposed):
    options = {"filters": [TransposeCodec(order=(2, 0, 1))]} if transposed else {}
    for name, compressors in V3.items():
        store = tmp_path / name
        data = write(store, dtype, zarr_format=3, compressors=compressors, **options)
        assert dumped(gridmill, store, tmp_path) == little(data), name


@pytest.mark.parametrize("dtype", ["u1", "f4", "c16"])
def test_reads_shards(gridmill, tmp_path, dtype):
    data = write(tmp_path / "s", dtype, zarr_format=3, shards=(16, 14, 10),
                 compressors=ZstdCodec(level=1))
    assert dumped(gridmill, tmp_path / "s", tmp_path) == little(data)


def test_reads_big_endian_v3(gridmill, tmp_path):
    data = write(tmp_path / "b", "f4", zarr_format=3, serializer=BytesCodec(endian="big"))
    assert dumped(gridmill, tmp_path / "b", tmp_path) == little(data)


@pytest.mark.parametrize("consolidated", [False, True])
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_an_unknown_type_does_not_hide_the_others(gridmill, tmp_path, zarr_format, consolidated):
    store = tmp_path / "in.zarr"
    data = write(store, "f4", zarr_format=zarr_format)
    group = zarr.open_group(store, mode="a")
    group.create_array("when", shape=(4,), dtype="f8")[...] = np.arange(4)
    if consolidated:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # v3 has no specification of it
            zarr.consolidate_metadata(store)
    for path in [*store.rglob("zarr.json"), *store.rglob(".zarray"), *store.glob(".zmetadata")]:
        text = path.read_text().replace('"<f8"', '"<f16"').replace('"float64"', '"float128"')
        path.write_text(text)
    info = gridmill("info", store)
    assert info.returncode == 0, info.stderr
    assert "when" in info.stdout
    assert dumped(gridmill, store, tmp_path) == little(data)
    refused = gridmill("convert", store, tmp_path / "all.zarr")
    assert refused.returncode == 1
    assert "when" in refused.stderr and "--drop when" in refused.stderr
    assert "float128" in refused.stderr or "f16" in refused.stderr
    out = tmp_path / "out.zarr"
    run = gridmill("convert", store, out, "--drop", "when")
    assert run.returncode == 0, run.stderr
    assert read_silently(out).tobytes() == data.tobytes()


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("codec", ["none", "blosc", "blosc:lz4:5:bitshuffle:64KiB", "zstd:3",
                                   "gzip:5"])
def test_writes(gridmill, tmp_path, zarr_format, codec):
    for dtype in DTYPES:
        data = write(tmp_path / f"{dtype}.in", dtype, zarr_format=3)
        out = tmp_path / f"{dtype}.zarr"
        run = gridmill("convert", tmp_path / f"{dtype}.in", out, "--zarr-format", zarr_format,
                       "--codec", codec)
        assert run.returncode == 0, f"{dtype}: {run.stderr}"
        got = read_silently(out)
        assert got.shape == data.shape, dtype
        assert got.tolist() == data.tolist(), dtype
