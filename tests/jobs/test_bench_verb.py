"""`gridmill bench`: what it reports is about the array that was asked for, and it leaves nothing."""

import json
import subprocess

import numpy as np
import pytest
import zarr


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "s.zarr"
    group = zarr.open_group(path, mode="w")
    group.create_array("large", data=np.arange(60000, dtype="f4").reshape(100, 600),
                       chunks=(10, 100), shards=(50, 200), dimension_names=("t", "x"))
    group.create_array("small", data=np.arange(10, dtype="i2"), chunks=(5,), dimension_names=("n",))
    return path


@pytest.mark.parametrize("kind", ["read", "subchunks", "roundtrip"])
def test_the_largest_array_is_measured(gridmill, store, kind):
    before = sorted(store.parent.iterdir())
    run = gridmill("bench", kind, store, "--repeat", "3", "--concurrency", "2", "--json")
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["array"] == "large" and report["bytes"] == 240000
    assert report["chunks"] == [10, 100] and report["shards"] == [50, 200]
    assert len(report["rounds"]) == 3 and report["best"] == min(report["rounds"])
    assert report["median"] == sorted(report["rounds"])[1]
    assert report["best_gb_per_s"] == pytest.approx(240000 / report["best"] / 1e9)
    assert sorted(store.parent.iterdir()) == before


def test_one_reader_with_threads_ahead_of_it(gridmill, store):
    run = gridmill("bench", "subchunks", store, "--ahead", "--threads", "3", "--repeat", "2", "--json")
    report = json.loads(run.stdout)
    assert report["ahead"] and report["threads"] == 3 and len(report["rounds"]) == 2
    for words in (("read", store, "--ahead"), ("subchunks", store, "--ahead", "--concurrency", "2")):
        run = gridmill("bench", *words)
        assert run.returncode == 2 and "one reader" in run.stderr and not run.stdout


def test_the_limit_of_open_files_is_raised(gridmill, tmp_path):
    """Sixteen shards are kept open; a shell's limit of twelve files must not be the end."""
    path = tmp_path / "many.zarr"
    zarr.open_group(path, mode="w").create_array("x", data=np.arange(400, dtype="i4"), chunks=(5,), shards=(10,))
    program = gridmill("--version").args[0]
    script = 'ulimit -S -n 12; exec "$0" bench subchunks "$1" --repeat 1'
    run = subprocess.run(["bash", "-c", script, program, path], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_an_array_may_be_named(gridmill, store):
    run = gridmill("bench", "read", f"{store}#/small", "--repeat", "1", "--json")
    assert json.loads(run.stdout)["array"] == "small"
    run = gridmill("bench", "read", f"{store}#/smal")
    assert run.returncode == 2 and "small" in run.stderr


def test_damage_is_an_error_and_no_figure(gridmill, tmp_path):
    path = tmp_path / "bad.zarr"
    zarr.open_group(path, mode="w").create_array("x", data=np.ones((8, 8), "f4"), chunks=(4, 4))
    (path / "x/c/1/0").write_bytes(b"nothing")
    for kind in ("read", "subchunks"):
        run = gridmill("bench", kind, path)
        assert run.returncode == 3 and "c/1/0" in run.stderr and not run.stdout


@pytest.mark.parametrize("arguments, says", [
    (["raed", "x.zarr"], "did you mean read"),
    (["read", "nowhere.zarr"], "nowhere.zarr"),
    (["read", "nowhere.zarr", "--repeat", "0"], "from 1 on"),
])
def test_what_cannot_be_is_refused(gridmill, arguments, says):
    run = gridmill("bench", *arguments)
    assert run.returncode in (1, 2) and says in run.stderr
