"""SIGKILL at random moments of convert and rechunk, then --resume: the output is that of a run that
was never interrupted, and what was done is not done again. Six moments each; `make torture` takes
more (GRIDMILL_KILLS)."""

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

KILLS = int(os.environ.get("GRIDMILL_KILLS", "6"))
SHAPE, MAPS = (240, 361, 360), (12, 361, 360)
COMMANDS = {
    "convert": ["convert", "--chunks", "time=12,lat=91,lon=90", "--codec", "zstd:1"],
    # The codec of the maps decodes them whole: this goes through a spill.
    "rechunk": ["rechunk", "--chunks", "time=all,lat=19,lon=36", "--codec", "zstd:1"],
}


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    store = tmp_path_factory.mktemp("maps") / "maps.zarr"
    root = zarr.open_group(str(store), mode="w", zarr_format=3)
    array = root.create_array(
        "t",
        shape=SHAPE,
        chunks=MAPS,
        dtype="f4",
        compressors=zarr.codecs.ZstdCodec(level=1),
        dimension_names=("time", "lat", "lon"),
    )
    steps = np.random.default_rng(5).integers(-300, 300, SHAPE, dtype="i2")
    array[...] = (np.cumsum(steps, axis=2, dtype="f4") / 64).astype("f4")
    return store


def tree(store):
    return {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(store.rglob("*"))
        if path.is_file()
    }


def journal(companion):
    """Per place, the keys that the journal holds, and how many the largest task of it has."""
    noted, largest = {}, {}
    for path in (companion / "run" / "journal").glob("*.jsonl"):
        for line in path.read_text().split("\n")[:-1]:  # what follows the last \n is torn
            record = json.loads(line)
            if "keys" not in record:
                continue
            place = record["in"]
            noted.setdefault(place, set()).update(key[0] for key in record["keys"])
            largest[place] = max(largest.get(place, 0), len(record["keys"]))
    return noted, largest


def stored_chunks(place):
    """Keys of the chunks that are complete."""
    return {
        str(path.relative_to(place))
        for path in place.rglob("*")
        if path.is_file() and "/c/" in str(path) and not path.name.startswith(".")
    }


@pytest.mark.parametrize("verb", COMMANDS)
def test_a_killed_run_resumes_to_the_same_tree(gridmill, maps, tmp_path, verb):
    binary = gridmill("--version").args[0]
    words = [*COMMANDS[verb], "--memory", "64M", "--threads", "1"]
    command = [words[0], maps, *words[1:]]

    def to(out, *more):
        return [*command[:2], out, *command[2:], *more]

    whole = tmp_path / "whole.zarr"
    started = time.monotonic()
    done = gridmill(*to(whole, "--json"))
    assert done.returncode == 0, done.stderr
    usual = time.monotonic() - started
    if verb == "rechunk":
        assert json.loads(done.stdout)["variables"][0]["way"] == "spill"
    expected = tree(whole)
    moments = random.Random(f"{verb} 1")
    interrupted = resumed = 0
    for attempt in range(KILLS):
        out = tmp_path / f"killed{attempt}.zarr"
        companion = tmp_path / f"killed{attempt}.zarr.gridmill"
        process = subprocess.Popen(
            [binary, *to(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(usual * moments.uniform(0.02, 1.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if not out.exists():
            interrupted += 1
            noted, largest = journal(companion)
            stored = stored_chunks(companion / "incoming")
            # One thread computes and one writes, task after task: what is stored and not noted is
            # of one task, and is all that is done again.
            again = stored - noted.get("out", set())
            assert noted.get("out", set()) <= stored
            if largest.get("out"):
                assert len(again) <= largest["out"], attempt
            done = gridmill(*to(out, "--resume", "--json"))
            assert done.returncode == 0, done.stderr
            if noted.get("out"):
                report = json.loads(done.stdout)
                assert report["chunks_resumed"] >= len(noted["out"])
                resumed += 1
            assert sorted(os.listdir(companion)) == ["manifest", "runs"]
        else:
            settled = gridmill("verify", out)
            assert settled.returncode == 0, settled.stderr
        found = tree(out)
        if (companion / "manifest").exists():
            assert found == expected, attempt
        else:  # killed between the rename and the move of the manifest, which came inside the store
            assert {key: found[key] for key in expected} == expected, attempt
            assert len(found) == len(expected) + 1
        subprocess.run(["rm", "-r", out, companion], check=True)
    assert interrupted >= KILLS // 3
    assert resumed > 0
