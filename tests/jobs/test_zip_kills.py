"""SIGKILL at random moments while OUT.zarr.zip is replaced: OUT is the old file or the new one, byte for
byte, and never a mixture; what a pack left unfinished is refused by name. The same command again ends
with the new file.

Half of the kills come while the file is being packed, however short that is beside the rest. Three kills
of each kind; `make torture` takes more (GRIDMILL_KILLS)."""

import hashlib
import os
import random
import shutil
import subprocess
import time

import numpy as np
import pytest
import zarr
from killed_runs import BINARY, KILLS

SHAPE, CHUNKS = (48, 256, 512), "t=4,y=128,x=256"
LAYOUT = ("--chunks", CHUNKS, "--codec", "none", "--threads", "2")


@pytest.fixture(scope="module")
def stores(gridmill, tmp_path_factory):
    """Two sources of one array each, and what becomes of them as zip files."""
    folder = tmp_path_factory.mktemp("zips")
    random_numbers = np.random.default_rng(7)
    for name in ("old", "new"):
        group = zarr.open_group(folder / f"{name}.zarr", mode="w")
        values = random_numbers.integers(1, 1 << 30, SHAPE, dtype="i4")
        group.create_array("x", data=values, chunks=(12, 256, 512), dimension_names=("t", "y", "x"))
        done = gridmill("convert", folder / f"{name}.zarr", folder / f"{name}.zarr.zip", *LAYOUT)
        assert done.returncode == 0, done.stderr
    yield folder
    shutil.rmtree(folder)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def wait_in_the_whole(process, packed, moments, usual_s):
    time.sleep(usual_s * moments.uniform(0.02, 1.0))


def wait_in_the_pack(process, packed, moments, usual_s):
    while process.poll() is None and not packed.exists():
        pass
    time.sleep(moments.uniform(0, 0.15) * usual_s)


@pytest.mark.parametrize("has_old", [True, False])
@pytest.mark.parametrize("wait", [wait_in_the_whole, wait_in_the_pack])
def test_a_killed_zip_is_old_or_new(gridmill, stores, tmp_path, wait, has_old):
    old, new = digest(stores / "old.zarr.zip"), digest(stores / "new.zarr.zip")
    out, companion = tmp_path / "out.zarr.zip", tmp_path / "out.zarr.zip.gridmill"
    packed = companion / "packed.zip"
    command = [BINARY, "convert", stores / "new.zarr", out, *LAYOUT, "--overwrite"]
    started = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    usual_s = time.monotonic() - started
    assert digest(out) == new
    moments = random.Random(f"{wait.__name__} {has_old}")
    interrupted = unfinished = 0
    for _ in range(8 * KILLS + 8):
        if interrupted >= KILLS:
            break
        shutil.rmtree(companion, ignore_errors=True)
        out.unlink(missing_ok=True)
        if has_old:
            shutil.copyfile(stores / "old.zarr.zip", out)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait(process, packed, moments, usual_s)
        process.kill()
        process.wait()
        found = digest(out) if out.exists() else None
        assert found in (new, old if has_old else None)
        interrupted += found != new
        if packed.exists() and digest(packed) not in (new, old):
            unfinished += 1
            check_refused(gridmill, packed)
        again = gridmill(*command[1:])
        assert again.returncode == 0, again.stderr
        assert digest(out) == new
        assert sorted(os.listdir(companion)) == ["manifest", "runs"]
    assert interrupted >= KILLS
    if wait is wait_in_the_pack:
        assert unfinished >= 1
    verified = gridmill("verify", out, "--against", stores / "new.zarr")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def check_refused(gridmill, torn):
    """A file without its end, where the directory is: nothing of it is taken for a store."""
    for verb in ("info", "verify"):
        run = gridmill(verb, torn)
        assert run.returncode in (1, 3) and "packed.zip" in run.stderr, (run.returncode, run.stderr)
