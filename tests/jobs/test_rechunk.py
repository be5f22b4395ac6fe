"""rechunk against zarr-python: the same values in the chunks that were asked for, whatever the way;
and runs that are killed and resumed: the same tree as one that was not."""

import hashlib
import json
import os
import random
import signal
import subprocess
import time

import numpy as np
import pytest
import zarr

SHAPE, MAPS = (240, 361, 360), (12, 361, 360)
SERIES = "time=all,lat=19,lon=36"


CODECS = {
    # decodes in pieces of 45 rows, so that bands cost little
    "blosc": zarr.codecs.BloscCodec(
        cname="zstd", clevel=1, shuffle="shuffle", typesize=4, blocksize=65536
    ),
    # decodes whole
    "zstd": zarr.codecs.ZstdCodec(level=1),
}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """125 MB of float32 in chunks of twelve maps, by zarr-python; a store for each codec."""
    steps = np.random.default_rng(5).integers(-300, 300, SHAPE, dtype="i2")
    values = (np.cumsum(steps, axis=2, dtype="f4") / 64).astype("f4")
    stores = {}
    for name, codec in CODECS.items():
        stores[name] = tmp_path_factory.mktemp("maps") / f"{name}.zarr"
        root = zarr.open_group(str(stores[name]), mode="w", zarr_format=3)
        array = root.create_array(
            "t",
            shape=SHAPE,
            chunks=MAPS,
            dtype="f4",
            compressors=codec,
            dimension_names=("time", "lat", "lon"),
        )
        array[...] = values
        array.attrs["units"] = "K"
    return stores


@pytest.fixture
def maps(sources):
    return sources["blosc"]


def tree(store):
    """Every file below a store with its content's hash."""
    return {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(store.rglob("*"))
        if path.is_file()
    }


def same_values(a, b):
    return np.array_equal(zarr.open(str(a))["t"][:], zarr.open(str(b))["t"][:], equal_nan=True)


@pytest.mark.parametrize(
    ("codec", "memory", "way"),
    [("zstd", "600M", "one stage"), ("blosc", "64M", "bands"), ("zstd", "64M", "spill")],
)
def test_maps_become_series_whatever_the_way(gridmill, sources, tmp_path, codec, memory, way):
    maps = sources[codec]
    out = tmp_path / "series.zarr"
    done = gridmill(
        "rechunk", maps, out, "--chunks", SERIES, "--memory", memory, "--json"
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    variable = report["variables"][0]
    assert variable["way"] == way, variable
    array = zarr.open(str(out))["t"]
    assert array.chunks == (240, 19, 36)
    assert array.attrs["units"] == "K"
    assert same_values(maps, out)
    # What the plan said is what was read.
    stored = sum(p.stat().st_size for p in (maps / "t" / "c").rglob("*") if p.is_file())
    # Blocks compress differently, so that a share of them is not that share of the bytes.
    assert report["bytes_read"] == pytest.approx(stored * variable["read"], rel=0.05)
    assert (report["bytes_spilled"] > 0) == (way == "spill")
    assert sorted(p.name for p in (tmp_path / "series.zarr.gridmill").iterdir()) == ["manifest", "runs"]
    assert gridmill("verify", out, "--against", maps).returncode == 0


def test_there_and_back_is_the_original(gridmill, maps, tmp_path):
    there, back = tmp_path / "there.zarr", tmp_path / "back.zarr"
    assert gridmill("rechunk", maps, there, "--chunks", SERIES).returncode == 0
    done = gridmill(
        "rechunk", there, back, "--chunks", "time=12,lat=all,lon=all", "--memory", "64M"
    )
    assert done.returncode == 0, done.stderr
    assert zarr.open(str(back))["t"].chunks == MAPS
    assert same_values(maps, back)


def test_output_does_not_depend_on_memory_or_threads(gridmill, maps, tmp_path):
    trees = []
    for i, options in enumerate(
        (["--memory", "600M", "--threads", "1"], ["--memory", "64M", "--threads", "3"])
    ):
        out = tmp_path / f"{i}.zarr"
        done = gridmill("rechunk", maps, out, "--chunks", SERIES, *options)
        assert done.returncode == 0, done.stderr
        trees.append(tree(out))
    assert trees[0] == trees[1]


def test_too_little_memory_is_refused_before_anything_is_written(gridmill, maps, tmp_path):
    done = gridmill(
        "rechunk", maps, tmp_path / "o.zarr", "--chunks", "time=all,lat=all,lon=all", "--memory", "64M"
    )
    assert done.returncode == 2
    assert "t" in done.stderr and "--memory" in done.stderr
    assert not (tmp_path / "o.zarr").exists()


@pytest.mark.parametrize("codec", ["blosc", "zstd"])
def test_a_killed_run_is_resumed(gridmill, sources, tmp_path, codec):
    """SIGKILL at random moments; then --resume gives the tree of an uninterrupted run."""
    maps, whole = sources[codec], tmp_path / "whole.zarr"
    command = ["--chunks", SERIES, "--memory", "64M", "--threads", "1"]
    started = time.monotonic()
    assert gridmill("rechunk", maps, whole, *command).returncode == 0
    usual = time.monotonic() - started
    binary = gridmill("--version").args[0]
    moments = random.Random(1)
    interrupted = 0
    for attempt in range(8):
        out = tmp_path / f"killed{attempt}.zarr"
        process = subprocess.Popen(
            [binary, "rechunk", maps, out, *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(usual * moments.uniform(0.1, 0.9))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if out.exists():
            continue
        interrupted += 1
        # Memory decides how it is done, not what comes out: it may be another the second time.
        memory = "64M" if attempt % 2 else "90M"
        done = gridmill("rechunk", maps, out, *command, "--resume", "--json", "--memory", memory)
        assert done.returncode == 0, done.stderr
        assert tree(out) == tree(whole)
        assert sorted(os.listdir(f"{out}.gridmill")) == ["manifest", "runs"]
    assert interrupted >= 3


def test_an_interrupted_run_drains_and_can_be_resumed(gridmill, maps, tmp_path):
    out = tmp_path / "drained.zarr"
    binary = gridmill("--version").args[0]
    command = ["rechunk", maps, out, "--chunks", SERIES, "--threads", "1"]
    command += ["--memory", "64M", "--codec", "zstd:12"]
    process = subprocess.Popen([binary, *command], stderr=subprocess.PIPE, text=True)
    journal = tmp_path / "drained.zarr.gridmill" / "run" / "journal"
    deadline = time.monotonic() + 60
    while not any(p.stat().st_size > 500 for p in journal.glob("*")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 130, told
    assert "--resume" in told and "rm -r" in told
    assert not out.exists()
    done = gridmill(*command, "--resume", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["chunks_resumed"] > 0
    assert same_values(maps, out)


def test_another_input_is_not_resumed(gridmill, tmp_path):
    source = tmp_path / "in.zarr"
    root = zarr.open_group(str(source), mode="w", zarr_format=3)
    array = root.create_array("t", shape=(64, 256, 256), chunks=(1, 256, 256), dtype="f4")
    array[...] = np.random.default_rng(2).normal(size=array.shape)
    out = tmp_path / "out.zarr"
    binary = gridmill("--version").args[0]
    command = ["convert", source, out, "--threads", "1", "--codec", "zstd:19"]
    process = subprocess.Popen([binary, *command], stderr=subprocess.DEVNULL)
    run = tmp_path / "out.zarr.gridmill" / "run"
    deadline = time.monotonic() + 60
    while not (run / "plan.json").exists():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    os.utime(source / "zarr.json")
    done = gridmill(*command, "--resume")
    assert done.returncode == 5, done.stderr
    assert "modified_ns was" in done.stderr
    assert gridmill(*command, "--overwrite").returncode == 0


def test_convert_across_the_chunks_of_its_source_is_planned_as_a_rechunk(gridmill, sources, tmp_path):
    """Series from maps, which convert alone would read once per column of series."""
    out = tmp_path / "series.zarr"
    words = ["convert", sources["zstd"], out, "--chunks", SERIES, "--memory", "64M", "--json"]
    planned = json.loads(gridmill(*words, "--dry-run").stdout)["variables"][0]
    assert planned["way"] == "spill"
    assert "would decode the source" in planned["why"]
    done = gridmill(*words)
    assert done.returncode == 0, done.stderr
    assert same_values(out, sources["zstd"])
    assert zarr.open(str(out))["t"].chunks == (240, 19, 36)
    assert json.loads(done.stdout)["bytes_spilled"] > 0
