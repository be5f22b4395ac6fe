"""Rectilinear chunk grids (Zarr v3) are read by every verb. No peer here writes them: chunks and
documents are made by hand, as zarr-python 3.4 makes them (with array.rectilinear_chunks set)."""

import csv
import itertools
import json
import struct

import numpy as np
import pytest
import zarr
from numcodecs import Blosc, GZip, Zstd, get_codec

SHAPE = (60, 500)
VALUES = np.random.default_rng(7).normal(280, 9, SHAPE).round(2)
FILL = -1.5
BYTES = {"name": "bytes", "configuration": {"endian": "little"}}
BLOSC = {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 8, "blocksize": 4096}

GRIDS = {
    # as zarr-python writes chunks=[[10, 20, 30], [125] * 4], and [[1] * 10 + [50], 150]
    "runs": [[10, 20, 30], [[125, 4]]],
    "one extent for all": [[[1, 10], 50], 150],
    # the last chunk reaches beyond the array, and others lie behind it
    "beyond the end": [[7, [16, 2], 40, 3], [[300, 2], 99]],
    "small before large": [[[1, 3], 57], [3, 497]],
    "equal": [[20, [20, 2]], [[250, 2]]],
}
CODECS = {
    "raw": ([BYTES], bytes),
    "big endian": ([{"name": "bytes", "configuration": {"endian": "big"}}],
                   lambda raw: np.frombuffer(raw, "<f8").astype(">f8").tobytes()),
    "zstd": ([BYTES, {"name": "zstd", "configuration": {"level": 1, "checksum": False}}],
             lambda raw: bytes(Zstd(1).encode(raw))),
    "gzip": ([BYTES, {"name": "gzip", "configuration": {"level": 1}}],
             lambda raw: bytes(GZip(1).encode(raw))),
    # in blocks that are fetched one by one
    "blosc": ([BYTES, {"name": "blosc", "configuration": BLOSC}],
              lambda raw: Blosc("lz4", 5, 1, 4096, typesize=8).encode(raw)),
}


def expanded(edges, length):
    """Where chunks begin along a dimension, and their extents."""
    if isinstance(edges, int):
        extents = [edges] * -(-length // edges)
    else:
        runs = [run if isinstance(run, list) else [run, 1] for run in edges]
        extents = [extent for extent, count in runs for _ in range(count)]
    begins = np.cumsum([0, *extents[:-1]]).tolist()
    return [(begin, extent) for begin, extent in zip(begins, extents) if begin < length]


def padded(values, begins, extents):
    chunk = np.full(extents, FILL, values.dtype)
    part = values[tuple(slice(b, b + e) for b, e in zip(begins, extents))]
    chunk[tuple(slice(0, n) for n in part.shape)] = part
    return chunk


def document(grid, codecs, values):
    return {"zarr_format": 3, "node_type": "array", "shape": values.shape, "data_type": "float64",
            "chunk_grid": {"name": "rectilinear",
                           "configuration": {"kind": "inline", "chunk_shapes": grid}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": FILL, "codecs": codecs, "attributes": {"units": "K"},
            "dimension_names": ["lat", "lon"]}


def write_chunks(path, grid, values, encode):
    """Returns the keys."""
    keys = []
    along = [enumerate(expanded(edges, length)) for edges, length in zip(grid, values.shape)]
    for chunk in itertools.product(*along):
        key = path.joinpath("c", *(str(number) for number, _ in chunk))
        key.parent.mkdir(parents=True, exist_ok=True)
        key.write_bytes(encode(padded(values, *zip(*(place for _, place in chunk)))))
        keys.append(key)
    return keys


def make(store, grid, codec="zstd", values=VALUES):
    """A group with `v`, and coordinates by zarr-python. Returns the keys of v."""
    group = zarr.create_group(store)
    for name, length, units in [("lat", SHAPE[0], "degrees_north"), ("lon", SHAPE[1], "degrees_east")]:
        group.create_array(name, data=np.linspace(0, 59, length), dimension_names=[name],
                           attributes={"units": units})
    codecs, encode = CODECS[codec]
    keys = write_chunks(store / "v", grid, values, lambda chunk: encode(chunk.tobytes()))
    (store / "v" / "zarr.json").write_text(json.dumps(document(grid, codecs, values)))
    return keys


def succeeds(gridmill, *words, **options):
    run = gridmill(*words, **options)
    assert run.returncode == 0, run.stderr
    return run.stdout


def dumped(gridmill, store, *words):
    raw = succeeds(gridmill, "dump", f"{store}#/v", "--raw", *words, text=False)
    return np.frombuffer(raw, "f8")


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("grid", GRIDS)
def test_regions(gridmill, tmp_path, grid, codec):
    store = tmp_path / "s.zarr"
    make(store, GRIDS[grid], codec)
    assert np.array_equal(dumped(gridmill, store), VALUES.ravel())
    random = np.random.default_rng(3)
    for _ in range(6):
        (a, b), (c, d) = (sorted(random.choice(n + 1, 2, replace=False)) for n in SHAPE)
        found = dumped(gridmill, store, "--region", f"lat={a}:{b}", "--region", f"lon={c}:{d}")
        assert np.array_equal(found, VALUES[a:b, c:d].ravel()), (a, b, c, d)


def read(store):
    array = zarr.open_group(store, mode="r")["v"]
    assert array.attrs["units"] == "K"
    return array


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("verb, chunks, expected", [
    ("convert", (), None),
    ("convert", ("--chunks", "v:lat=7,lon=500"), (7, 500)),
    ("rechunk", ("--chunks", "v:lat=60,lon=11"), (60, 11)),
])
def test_written_with_regular_chunks(gridmill, tmp_path, grid, verb, chunks, expected):
    store, out = tmp_path / "s.zarr", tmp_path / "out.zarr"
    make(store, GRIDS[grid], "blosc")
    succeeds(gridmill, verb, store, out, *chunks)
    array = read(out)
    assert expected is None or array.chunks == expected
    assert np.array_equal(array[...], VALUES)
    succeeds(gridmill, "verify", out, "--against", store)


def test_rechunk_of_more_than_the_memory(gridmill, tmp_path):
    """Its chunks are cut by the target's, in either way of rechunking."""
    values = np.arange(12_000_000.0).reshape(3000, 4000)
    store = tmp_path / "s.zarr"
    make(store, [[[100, 10], 900, [11, 100]], [[1, 10], [399, 10]]], "raw", values)
    (store / "lat" / "zarr.json").unlink()
    (store / "lon" / "zarr.json").unlink()
    for way in ["spill", "direct"]:
        out = tmp_path / f"{way}.zarr"
        succeeds(gridmill, "rechunk", store, out, "--chunks", "lat=3000,lon=16", "--way", way,
                 "--memory", "96M")
        assert np.array_equal(read(out)[...], values)


def test_info_tells_of_it(gridmill, tmp_path):
    store = tmp_path / "s.zarr"
    keys = make(store, GRIDS["beyond the end"], "blosc")
    keys[1].unlink()
    (store / "v" / "c" / "4").mkdir()
    report = json.loads(succeeds(gridmill, "info", store, "--json"))
    (v,) = (one for one in report["variables"] if one["path"] == "v")
    assert v["chunk_grid"] == "rectilinear" and v["chunks"] == [40, 300]
    assert (v["chunks_present"], v["chunks_total"]) == (7, 8)
    assert v["blosc"]["codec"] == "lz4"
    text = succeeds(gridmill, "info", store)
    assert "chunks up to 40" in text
    listed = json.loads(succeeds(gridmill, "store", "ls", store, "--json"))["nodes"]
    assert [one.get("chunk_grid") for one in listed if one["path"] == "/v"] == ["rectilinear"]


def test_an_absent_chunk_is_fill(gridmill, tmp_path):
    store = tmp_path / "s.zarr"
    make(store, GRIDS["runs"])[5].unlink()  # the second of rows 10 .. 30
    wanted = VALUES.copy()
    wanted[10:30, 125:250] = FILL
    assert np.array_equal(dumped(gridmill, store), wanted.ravel())


def test_verify_names_the_chunk(gridmill, tmp_path):
    store, other = tmp_path / "s.zarr", tmp_path / "other.zarr"
    keys = make(store, GRIDS["beyond the end"])
    succeeds(gridmill, "verify", store)
    changed = VALUES.copy()
    changed[50, 499] += 1
    make(other, GRIDS["runs"], values=changed)
    run = gridmill("verify", store, "--against", other)
    assert run.returncode == 3
    assert "v (3, 1) [39:60, 300:500]" in run.stdout and "(50, 499)" in run.stdout, run.stdout
    keys[2].write_bytes(keys[0].read_bytes())  # a chunk of other extents
    run = gridmill("verify", store)
    assert run.returncode == 3 and "c/1/0" in run.stdout, run.stdout


def test_points(gridmill, tmp_path):
    store, out = tmp_path / "s.zarr", tmp_path / "points.csv"
    make(store, GRIDS["small before large"])
    succeeds(gridmill, "extract", store, "--point", "A=2,58.9", "--point", "B=59,0.0", "-o", out)
    with open(out, newline="") as file:
        found = {row["name"]: float(row["v"]) for row in csv.DictReader(file)}
    lon = np.abs(np.linspace(0, 59, SHAPE[1]) - 58.9).argmin()
    assert found == {"A": VALUES[2, lon], "B": VALUES[59, 0]}


def zstd_of(chunk):
    return bytes(Zstd(1).encode(np.ascontiguousarray(chunk).tobytes()))


def shard_of(chunk, inner, encode=zstd_of):
    """Its chunks, encoded, and their index at the end; those of fill are left out."""
    body, index = b"", b""
    counts = [n // extent for n, extent in zip(chunk.shape, inner)]
    for at in itertools.product(*map(range, counts)):
        part = chunk[tuple(slice(i * n, (i + 1) * n) for i, n in zip(at, inner))]
        if (part == FILL).all():
            index += b"\xff" * 16
            continue
        encoded = encode(part)
        index += struct.pack("<QQ", len(body), len(encoded))
        body += encoded
    return body + bytes(get_codec({"id": "crc32c", "location": "end"}).encode(index))


def sharding(inner, codecs=CODECS["zstd"][0]):
    return {"name": "sharding_indexed", "configuration": {
        "chunk_shape": inner, "codecs": codecs, "index_location": "end",
        "index_codecs": [BYTES, {"name": "crc32c"}]}}


def test_shards_of_different_extents(gridmill, tmp_path):
    store, out = tmp_path / "s.zarr", tmp_path / "out.zarr"
    values = VALUES.copy()
    values[5:15, 100:300] = FILL
    grid, inner = [[10, 20, 35], [[100, 3], 300]], (5, 50)
    write_chunks(store / "v", grid, values, lambda chunk: shard_of(chunk, inner))
    (store / "v" / "zarr.json").write_text(json.dumps(document(grid, [sharding(inner)], values)))
    zarr.create_group(store)
    assert np.array_equal(dumped(gridmill, store), values.ravel())
    succeeds(gridmill, "convert", store, out)
    array = read(out)
    assert np.array_equal(array[...], values)
    succeeds(gridmill, "verify", store)
    (v,) = json.loads(succeeds(gridmill, "info", store, "--json"))["variables"]
    assert v["shards_total"] == 12 and v["shards"] == [35, 300] and v["chunks"] == [5, 50]


SHARD_GRID = [[10, 20, 35], [[100, 3], 300]]
TRANSPOSE = {"name": "transpose", "configuration": {"order": [1, 0]}}
SHARD_CHAINS = {
    "shards in shards": ([sharding([5, 100], [sharding([1, 25])])],
                         lambda key: shard_of(key, (5, 100), lambda one: shard_of(one, (1, 25)))),
    "gzip behind": ([sharding([5, 50]), CODECS["gzip"][0][1]],
                    lambda key: bytes(GZip(1).encode(shard_of(key, (5, 50))))),
    "transposed": ([TRANSPOSE, sharding([50, 5])], lambda key: shard_of(key.T, (50, 5))),
}


@pytest.mark.parametrize("chain", SHARD_CHAINS)
def test_chains_of_shards_of_different_extents(gridmill, tmp_path, chain):
    store, out = tmp_path / "s.zarr", tmp_path / "out.zarr"
    codecs, encode = SHARD_CHAINS[chain]
    values = VALUES.copy()
    values[5:15, 100:300] = FILL
    write_chunks(store / "v", SHARD_GRID, values, encode)
    (store / "v" / "zarr.json").write_text(json.dumps(document(SHARD_GRID, codecs, values)))
    zarr.create_group(store)
    assert np.array_equal(dumped(gridmill, store), values.ravel())
    for rows, columns in [((8, 33), (90, 305)), ((0, 1), (499, 500)), ((29, 31), (0, 500))]:
        found = dumped(gridmill, store, "--region", "lat={}:{}".format(*rows),
                       "--region", "lon={}:{}".format(*columns))
        assert np.array_equal(found, values[slice(*rows), slice(*columns)].ravel())
    succeeds(gridmill, "convert", store, out)
    assert np.array_equal(read(out)[...], values)
    succeeds(gridmill, "verify", store)


@pytest.mark.parametrize("chain", SHARD_CHAINS)
def test_shards_that_hold_no_whole_chunks_are_refused(gridmill, tmp_path, chain):
    grid = [[10, 18, 37], [[100, 3], 300]]
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "zarr.json").write_text(
        json.dumps(document(grid, SHARD_CHAINS[chain][0], VALUES)))
    run = gridmill("dump", tmp_path / "v", "--raw")
    assert run.returncode == 3 and "do not divide shards" in run.stderr, run.stderr


def test_concatenated(gridmill, tmp_path):
    """Several stores along a dimension: each has its own grid."""
    for name, part, edges in [("a", VALUES[:30], [[10, 20], [[250, 2]]]),
                              ("b", VALUES[30:], [[1, 29], [100, 400]])]:
        store = tmp_path / f"{name}.zarr"
        make(store, edges, values=part)
        lat = np.linspace(0, 59, 60)[:30] if name == "a" else np.linspace(0, 59, 60)[30:]
        group = zarr.open_group(store)
        group.create_array("lat", data=lat, dimension_names=["lat"], overwrite=True,
                           attributes={"units": "degrees_north"})
    out = tmp_path / "out.zarr"
    succeeds(gridmill, "convert", tmp_path / "a.zarr", tmp_path / "b.zarr", out)
    assert np.array_equal(read(out)[...], VALUES)
