"""Stores go both ways between Gridmill and TensorStore, bit for bit: types, codecs, orders, shards."""

import ml_dtypes  # noqa: F401  (numpy learns bfloat16)
import numpy as np
import pytest
import tensorstore as ts

SHAPE, CHUNK, SHARD = (19, 7, 11), (4, 7, 5), (8, 7, 10)
DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
          "float16", "float32", "float64", "complex64", "complex128"]
BYTES = {"name": "bytes", "configuration": {"endian": "little"}}
V3 = {
    "raw": [BYTES],
    "big": [{"name": "bytes", "configuration": {"endian": "big"}}],
    "transposed": [{"name": "transpose", "configuration": {"order": [2, 0, 1]}}, BYTES,
                   {"name": "zstd", "configuration": {"level": 3}}],
    "gzip": [BYTES, {"name": "gzip", "configuration": {"level": 4}}],
    "zstd-crc": [BYTES, {"name": "zstd", "configuration": {"level": 1}}, {"name": "crc32c"}],
    "blosc": [BYTES, {"name": "blosc", "configuration": {"cname": "lz4", "clevel": 5,
                                                          "shuffle": "bitshuffle"}}],
}
V2 = {
    "raw": None,
    "zlib": {"id": "zlib", "level": 3},
    "bz2": {"id": "bz2", "level": 3},
    "zstd": {"id": "zstd", "level": 2},
    "blosc": {"id": "blosc", "cname": "zstd", "clevel": 3, "shuffle": 1},
}


def values(dtype):
    """Its chunk at (4.., 0.., 5..) is all zero, which both sides leave out."""
    random = np.random.default_rng(5)
    made = random.integers(0, 2 if dtype == "bool" else 100, SHAPE)
    if dtype.startswith("complex"):
        made = made + 1j * random.integers(0, 9, SHAPE)
    made[4:8, :, 5:10] = 0
    return made.astype(dtype)


def sharded(codecs, location="end"):
    index = [BYTES, {"name": "crc32c"}]
    return [{"name": "sharding_indexed", "configuration": {
        "chunk_shape": list(CHUNK), "codecs": codecs, "index_codecs": index,
        "index_location": location}}]


def written(path, driver, dtype, metadata):
    spec = {"driver": driver, "kvstore": {"driver": "file", "path": f"{path}/"},
            "metadata": {"shape": list(SHAPE), **metadata}}
    store = ts.open(spec, create=True, dtype=dtype, shape=SHAPE).result()
    store.write(values(dtype)).result()


def v3_metadata(codecs, chunk):
    return {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunk)}},
            "codecs": codecs}


def read(path, driver):
    spec = {"driver": driver, "kvstore": {"driver": "file", "path": f"{path}/"}}
    return ts.open(spec, open=True).result().read().result()


def dumped(gridmill, store, tmp_path, dtype):
    out = tmp_path / "x.raw"
    run = gridmill("dump", store, "--raw", "-o", out)
    assert run.returncode == 0, run.stderr
    return np.frombuffer(out.read_bytes(), dtype=dtype).reshape(SHAPE)


def check_both_ways(gridmill, source, driver, dtype, tmp_path, *layout):
    expected = values(dtype)
    assert dumped(gridmill, source, tmp_path, dtype).tobytes() == expected.tobytes()
    out = tmp_path / "out.zarr"
    run = gridmill("convert", source, out, "--zarr-format", driver[-1] if driver == "zarr3" else 2,
                   *layout)
    assert run.returncode == 0, run.stderr
    (array,) = [p.parent for p in out.rglob("zarr.json" if driver == "zarr3" else ".zarray")
                if p.parent != out]
    ours = read(array, driver)
    assert ours.dtype == expected.dtype and ours.tobytes() == expected.tobytes()


# One byte has no order.
@pytest.mark.parametrize("codecs, dtype", [(codecs, dtype) for codecs in V3 for dtype in DTYPES
                                           if codecs != "big" or np.dtype(dtype).itemsize > 1])
def test_v3(gridmill, tmp_path, dtype, codecs):
    source = tmp_path / "source.zarr"
    chain = V3[codecs]
    if np.dtype(dtype).itemsize == 1:
        chain = [{"name": "bytes"} if codec is BYTES else codec for codec in chain]
    written(source, "zarr3", dtype, v3_metadata(chain, CHUNK))
    check_both_ways(gridmill, source, "zarr3", dtype, tmp_path)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("codecs", ["raw", "transposed", "zstd-crc", "blosc"])
@pytest.mark.parametrize("location", ["end", "start"])
def test_v3_shards(gridmill, tmp_path, dtype, codecs, location):
    source = tmp_path / "source.zarr"
    chain = V3[codecs]
    if np.dtype(dtype).itemsize == 1:
        chain = [{"name": "bytes"} if codec is BYTES else codec for codec in chain]
    written(source, "zarr3", dtype, v3_metadata(sharded(chain, location), SHARD))
    check_both_ways(gridmill, source, "zarr3", dtype, tmp_path, "--chunks",
                    "dim_0=4,dim_1=7,dim_2=5", "--shards", "dim_0=8,dim_2=10")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("compressor", V2)
@pytest.mark.parametrize("order", ["C", "F"])
def test_v2(gridmill, tmp_path, dtype, compressor, order):
    source = tmp_path / "source.zarr"
    written(source, "zarr", dtype,
            {"chunks": list(CHUNK), "compressor": V2[compressor], "order": order})
    check_both_ways(gridmill, source, "zarr", dtype, tmp_path)
