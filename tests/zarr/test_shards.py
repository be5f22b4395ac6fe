"""Shards: written at once and put together from chunks, read by zarr-python; kept when recoded."""

import json
import os
import subprocess
import warnings

import numpy as np
import pytest
import tensorstore as ts
import zarr

SHAPE = (50, 37, 41)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Values of which a corner is fill, so that chunks and a shard are left out."""
    path = tmp_path_factory.mktemp("shards") / "source.zarr"
    values = np.random.default_rng(3).integers(0, 1000, SHAPE).astype("f4")
    values[:20, :20, :20] = 0
    group = zarr.open_group(path, mode="w")
    group.create_array("x", data=values, chunks=(10, 10, 10), dimension_names=("t", "y", "x"))
    return path, values


def read(store):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return zarr.open_group(store, mode="r")["x"]


def converted(gridmill, *arguments, **options):
    run = gridmill(*arguments, "--json", **options)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("shards, expected", [
    ("t=20,y=20", (20, 20, 10)),
    ("t=15", (20, 10, 10)),  # rounded up to whole chunks
    ("all", (50, 40, 50)),
    ("t=all,y=all", (50, 40, 10)),
])
@pytest.mark.parametrize("verb", ["convert", "rechunk"])
def test_zarr_python_reads_our_shards(gridmill, source, tmp_path, shards, expected, verb):
    path, values = source
    out = tmp_path / "out.zarr"
    report = converted(gridmill, verb, path, out, "--chunks", "t=10,y=10,x=10", "--shards", shards)
    (variable,) = report["variables"]
    assert tuple(variable["shards"]) == expected
    array = read(out)
    assert array.shards == expected and array.chunks == (10, 10, 10)
    assert np.array_equal(array[...], values)
    check = gridmill("verify", out, "--against", path)
    assert check.returncode == 0, check.stdout + check.stderr


def test_a_shard_larger_than_the_memory_is_put_together(gridmill, tmp_path):
    """512 MiB in one shard under 256M; byte for byte what one task would have written."""
    values = np.arange(128 * 1024 * 1024, dtype="u4").reshape(512, 512, 512) // 7
    source = tmp_path / "source.zarr"
    zarr.open_group(source, mode="w").create_array(
        "x", data=values, chunks=(64, 128, 512), dimension_names=("t", "y", "x"))
    once, together = tmp_path / "once.zarr", tmp_path / "together.zarr"
    layout = ["--chunks", "t=64,y=64,x=64", "--shards", "all", "--codec", "zstd:1"]
    converted(gridmill, "convert", source, once, *layout, "--memory", "8G")
    command = ["/usr/bin/time", "-f", "%M", os.environ["GRIDMILL_BINARY"], "convert", source,
               together, *layout, "--memory", "256M"]
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    peak = int(run.stderr.strip().splitlines()[-1]) * 1024
    assert peak <= (256 << 20) + 100_000_000
    assert (together / "x/c/0/0/0").read_bytes() == (once / "x/c/0/0/0").read_bytes()
    assert np.array_equal(read(together)[...], values)
    assert not list((tmp_path / "together.zarr.gridmill").rglob("*.chunks"))


def test_chunks_of_a_shard_that_were_lost_are_no_fill_values(gridmill, tmp_path):
    """The stage that puts shards together finds a chunk gone, and says so."""
    source, plan, out = tmp_path / "source.zarr", tmp_path / "plan.json", tmp_path / "out.zarr"
    zarr.open_group(source, mode="w").create_array(
        "x", data=np.ones((64, 256, 256), "f4"), chunks=(64, 64, 64),
        dimension_names=("t", "y", "x"))
    made = gridmill("plan", "convert", source, out, "--chunks", "t=64,y=64,x=64", "--shards", "all",
                    "--memory", "64M", "-o", plan)
    assert made.returncode == 0, made.stderr
    document = json.loads(plan.read_text())
    assert [stage["name"] for stage in document["stages"]] == ["convert", "shards"]
    first = gridmill("exec", plan, "--stage", "0")
    assert first.returncode == 0, first.stderr
    (chunk,) = (tmp_path / "out.zarr.gridmill").rglob("*.chunks/c/0/3/2")
    chunk.unlink()
    second = gridmill("exec", plan, "--stage", "1")
    assert second.returncode not in (0, 2)
    assert "c/0/3/2" in second.stderr and "has not written it" in second.stderr
    assert not out.exists()


def test_shards_are_kept_unless_told_otherwise(gridmill, source, tmp_path):
    path, values = source
    sharded, again, plain = (tmp_path / name for name in ("s.zarr", "again.zarr", "plain.zarr"))
    layout = ["--chunks", "t=10,y=10,x=10"]
    converted(gridmill, "convert", path, sharded, *layout, "--shards", "t=20,y=20,x=20")
    converted(gridmill, "convert", sharded, again, *layout, "--codec", "zstd:3")
    assert read(again).shards == (20, 20, 20)
    converted(gridmill, "convert", sharded, plain, *layout, "--shards", "none")
    assert read(plain).shards is None
    assert np.array_equal(read(again)[...], values) and np.array_equal(read(plain)[...], values)


def index_location(store):
    (codec,) = json.loads((store / "x/zarr.json").read_text())["codecs"]
    return codec["configuration"]["index_location"]


@pytest.mark.parametrize("verb", ["convert", "rechunk"])
@pytest.mark.parametrize("shards", ["t=20,y=20,index=start", "index=start,all"])
def test_an_index_in_front(gridmill, source, tmp_path, verb, shards):
    path, values = source
    out = tmp_path / "out.zarr"
    converted(gridmill, verb, path, out, "--chunks", "t=10,y=10,x=10", "--shards", shards)
    assert index_location(out) == "start"
    assert np.array_equal(read(out)[...], values)
    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{out}/x/"}}
    assert np.array_equal(ts.open(spec, open=True).result().read().result(), values)
    check = gridmill("verify", out, "--against", path)
    assert check.returncode == 0, check.stdout + check.stderr


def test_an_index_stays_where_it_was_unless_told_otherwise(gridmill, source, tmp_path):
    path, values = source
    first, again, back = (tmp_path / name for name in ("first.zarr", "again.zarr", "back.zarr"))
    layout = ["--chunks", "t=10,y=10,x=10"]
    converted(gridmill, "convert", path, first, *layout, "--shards", "t=20,y=20,x=20,index=start")
    converted(gridmill, "convert", first, again, *layout, "--codec", "zstd:3")
    assert index_location(again) == "start" and read(again).shards == (20, 20, 20)
    converted(gridmill, "convert", again, back, *layout, "--shards", "index=end")
    assert index_location(back) == "end" and read(back).shards == (20, 20, 20)
    assert np.array_equal(read(again)[...], values) and np.array_equal(read(back)[...], values)


def test_an_index_in_front_of_chunks_put_together(gridmill, tmp_path):
    """Byte for byte what one task would have written."""
    source = tmp_path / "source.zarr"
    values = np.arange(64 * 256 * 256, dtype="f4").reshape(64, 256, 256) // 9
    values[:, 64:128] = 0
    zarr.open_group(source, mode="w").create_array(
        "x", data=values, chunks=(64, 64, 64), dimension_names=("t", "y", "x"))
    stores = []
    for memory in "8G", "64M":
        out = tmp_path / f"{memory}.zarr"
        layout = ["--chunks", "t=64,y=64,x=64", "--shards", "all,index=start", "--memory", memory]
        plan = gridmill("plan", "convert", source, out, *layout)
        assert len(json.loads(plan.stdout)["stages"]) == (1 if memory == "8G" else 2)
        converted(gridmill, "convert", source, out, *layout)
        stores.append((out / "x/c/0/0/0").read_bytes())
        assert np.array_equal(read(out)[...], values)
    assert stores[0] == stores[1]


@pytest.mark.parametrize("arguments, says", [
    (["--shards", "t=0"], "not a length"),
    (["--shards", "depth=4"], "no dimension depth"),
    (["--shards", "twenty"], "not DIMENSION=LENGTH"),
    (["--shards", "all", "--zarr-format", "2"], "Zarr v2 has no shards"),
])
def test_what_cannot_be_is_refused(gridmill, source, tmp_path, arguments, says):
    path, _ = source
    run = gridmill("convert", path, tmp_path / "out.zarr", *arguments)
    assert run.returncode == 2 and says in run.stderr
    assert not (tmp_path / "out.zarr").exists()


def test_strings_in_shards(gridmill, tmp_path):
    texts = np.array(["", "a", "héllo", "日本"] * 6, dtype=object)
    source, out = tmp_path / "source.zarr", tmp_path / "out.zarr"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        array = zarr.open_group(source, mode="w").create_array(
            "x", shape=(24,), chunks=(5,), dtype=str, dimension_names=("n",))
        array[...] = texts
    converted(gridmill, "convert", source, out, "--chunks", "n=5", "--shards", "n=10")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert zarr.open_group(out, mode="r")["x"][...].tolist() == texts.tolist()


@pytest.mark.parametrize("verb", ["convert", "rechunk"])
def test_a_damaged_or_lost_shard_is_found(gridmill, source, tmp_path, verb):
    path, _ = source
    out = tmp_path / "out.zarr"
    converted(gridmill, verb, path, out, "--chunks", "t=10,y=10,x=10", "--shards", "t=20,y=20,x=20")
    shard = out / "x/c/1/1/1"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:50] + bytes([whole[50] ^ 1]) + whole[51:])
    check = gridmill("verify", out)
    assert check.returncode == 3 and "x/c/1/1/1" in check.stdout
    shard.unlink()
    check = gridmill("verify", out)
    assert check.returncode == 3 and "missing" in check.stdout
    shard.write_bytes(whole)
    assert gridmill("verify", out).returncode == 0
    left_out = out / "x/c/0/0/0"  # all fill
    assert not left_out.exists()
    left_out.write_bytes(whole)
    check = gridmill("verify", out)
    assert check.returncode == 3 and "left out" in check.stdout
