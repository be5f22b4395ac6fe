"""Shards inside shards, and behind and before other codecs: read from peers, written for them.

TensorStore has no codecs behind a shard; zarr-python compares a transposed shard's chunks with the
shape before the transposition.
"""

import json
import warnings

import numpy as np
import pytest
import tensorstore as ts
import zarr

SHAPE, SHARD, FILL = (20, 13, 22), (16, 12, 20), 7
BYTES = {"name": "bytes", "configuration": {"endian": "little"}}
ZSTD = {"name": "zstd", "configuration": {"level": 1, "checksum": False}}
GZIP = {"name": "gzip", "configuration": {"level": 1}}
CRC32C = {"name": "crc32c"}
TRANSPOSE = {"name": "transpose", "configuration": {"order": [2, 0, 1]}}


def sharding(chunk, codecs, location="end"):
    return {"name": "sharding_indexed", "configuration": {
        "chunk_shape": chunk, "codecs": codecs, "index_codecs": [BYTES, CRC32C],
        "index_location": location}}


BOTH, TENSORSTORE, ZARR = ("tensorstore", "zarr"), ("tensorstore",), ("zarr",)
CHAINS = {
    "nested": ([sharding([8, 6, 10], [sharding([4, 3, 5], [BYTES, ZSTD], "start")])], BOTH),
    "thrice": ([sharding([16, 6, 10], [sharding([8, 6, 5], [sharding([4, 3, 5], [BYTES])])],
                         "start")], BOTH),
    "gzip": ([sharding([4, 3, 5], [BYTES, ZSTD]), GZIP], ZARR),
    "crc32c": ([sharding([4, 3, 5], [BYTES], "start"), CRC32C], ZARR),
    "zstd and crc32c": ([sharding([8, 12, 10], [sharding([4, 3, 5], [BYTES])]), ZSTD, CRC32C],
                        ZARR),
    "transpose": ([TRANSPOSE, sharding([10, 8, 3], [BYTES, ZSTD])], TENSORSTORE),
    "transpose inside": ([sharding([8, 6, 10], [TRANSPOSE, sharding([5, 4, 3], [BYTES])])],
                         TENSORSTORE),
}
CASES = [(chain, peer) for chain, (_, peers) in CHAINS.items() for peer in peers]


@pytest.fixture(scope="module")
def values():
    """Of which chunks, shards inside and shards are fill."""
    made = np.random.default_rng(1).integers(8, 99, SHAPE).astype("i4")
    made[:8, :6] = FILL
    made[16:, 12:] = FILL
    return made


def written(path, chain, peer, values):
    document = {
        "zarr_format": 3, "node_type": "array", "shape": SHAPE, "data_type": "int32",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": SHARD}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": FILL, "codecs": CHAINS[chain][0], "attributes": {}}
    path.mkdir()
    (path / "zarr.json").write_text(json.dumps(document))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that such shards are read whole
        array = opened(path, peer)
        if peer == "zarr":
            array[...] = values
        else:
            array.write(values).result()


def opened(path, peer):
    if peer == "zarr":
        return zarr.open_array(path, mode="r+")
    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{path}/"}}
    return ts.open(spec, open=True).result()


def read(path, peer):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        array = opened(path, peer)
        return array[...] if peer == "zarr" else array.read().result()


@pytest.mark.parametrize("chain, peer", CASES)
def test_is_read(gridmill, tmp_path, values, chain, peer):
    store, out = tmp_path / "in.zarr", tmp_path / "x.raw"
    written(store, chain, peer, values)
    run = gridmill("dump", store, "--raw", "-o", out)
    assert run.returncode == 0, run.stderr
    assert np.array_equal(np.fromfile(out, "i4").reshape(SHAPE), values)
    run = gridmill("dump", store, "--raw", "-o", out, "--region", "dim_0=9:18,dim_1=5:7,dim_2=3:21",
                   "--overwrite")
    assert run.returncode == 0, run.stderr
    part = values[9:18, 5:7, 3:21]
    assert np.array_equal(np.fromfile(out, "i4").reshape(part.shape), part)


@pytest.mark.parametrize("chain", CHAINS)
def test_is_written(gridmill, tmp_path, values, chain):
    store, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    codecs, peers = CHAINS[chain]
    array = zarr.create_array(store, shape=SHAPE, chunks=(5, 5, 5), dtype="i4", fill_value=FILL)
    array[...] = values
    chunks = ",".join(f"dim_{d}={extent}" for d, extent in enumerate(SHARD))
    run = gridmill("convert", store, out, "--chunks", chunks, "--codec", json.dumps(codecs))
    assert run.returncode == 0, run.stderr
    (path,) = [document.parent for document in out.rglob("zarr.json") if document.parent != out]
    assert json.loads((path / "zarr.json").read_text())["codecs"] == codecs
    for peer in peers:
        assert np.array_equal(read(path, peer), values), peer
    check = gridmill("verify", out, "--against", store)
    assert check.returncode == 0, check.stdout + check.stderr
    info = json.loads(gridmill("info", out, "--json").stdout)["variables"][0]
    assert info["encoding"]["codecs"] == codecs
    assert ("shards" in info) == (len(codecs) == 1)


def test_shards_of_shards_are_put_together(gridmill, tmp_path):
    """A shard that memory doesn't hold, of chunks that are shards themselves."""
    source, out = tmp_path / "source.zarr", tmp_path / "out.zarr"
    values = np.arange(64 * 256 * 256, dtype="f4").reshape(64, 256, 256) // 9
    zarr.create_array(source, data=values, chunks=(64, 64, 64))
    inner = sharding([16, 16, 32], [BYTES, ZSTD])
    run = gridmill("convert", source, out, "--chunks", "dim_0=64,dim_1=64,dim_2=64", "--shards",
                   "all,index=start", "--codec", json.dumps([inner]), "--memory", "64M")
    assert run.returncode == 0, run.stderr
    (path,) = [document.parent for document in out.rglob("zarr.json") if document.parent != out]
    assert json.loads((path / "zarr.json").read_text())["codecs"] == [
        sharding([64, 64, 64], [inner], "start")]
    for peer in BOTH:
        assert np.array_equal(read(path, peer), values), peer


@pytest.mark.parametrize("codecs, options, says", [
    ([sharding([3, 3, 5], [BYTES])], [], "do not divide"),
    ([sharding([4, 3], [BYTES])], [], "differ in rank"),
    ([sharding([4, 3, 5], [BYTES])], ["--zarr-format", "2"], "v2 has no shards"),
    ([{"name": "numcodecs.delta", "configuration": {"dtype": "<i4"}}, sharding([4, 3, 5], [BYTES])],
     [], "delta before a shard"),
])
def test_what_cannot_be_is_refused(gridmill, tmp_path, codecs, options, says):
    store, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    zarr.create_array(store, shape=SHAPE, chunks=SHARD, dtype="i4")
    chunks = ",".join(f"dim_{d}={extent}" for d, extent in enumerate(SHARD))
    run = gridmill("convert", store, out, "--chunks", chunks, "--codec", json.dumps(codecs),
                   *options)
    assert run.returncode in (1, 2) and says in run.stderr
    assert not out.exists()


def test_damage_behind_a_checksum_is_found(gridmill, tmp_path, values):
    store = tmp_path / "in.zarr"
    written(store, "crc32c", "zarr", values)
    shard = store / "c/1/0/0"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    run = gridmill("dump", store, "--raw", "-o", tmp_path / "x.raw")
    assert run.returncode == 3 and "c/1/0/0" in run.stderr and "crc32c" in run.stderr
