"""gridmill cache: what interrupted runs left is found and removed; finished stores stay."""

import json
import signal
import subprocess
import time

import netCDF4
import numpy as np
import pytest


@pytest.fixture
def interrupted(gridmill, tmp_path):
    """A folder with a killed conversion below it."""
    noise = tmp_path / "noise.nc"
    with netCDF4.Dataset(noise, "w", format="NETCDF3_64BIT_OFFSET") as file:
        file.createDimension("time", 60)
        file.createDimension("x", 200_000)
        values = np.random.default_rng(1).integers(0, 4096, (60, 200_000)).astype("f4")
        file.createVariable("noise", "f4", ("time", "x"))[:] = values
    (tmp_path / "deep").mkdir()
    command = ["convert", noise, tmp_path / "deep" / "out.zarr", "--codec", "gzip:9", "--chunks",
               "1MiB", "--memory", "64M", "--threads", "1"]
    process = subprocess.Popen([gridmill("--version").args[0], *command], stderr=subprocess.DEVNULL)
    journal = tmp_path / "deep" / "out.zarr.gridmill" / "run" / "journal"
    while process.poll() is None and not any(f.stat().st_size > 300 for f in journal.glob("*")):
        time.sleep(0.002)
    process.send_signal(signal.SIGSTOP)
    yield tmp_path, command, process
    process.kill()
    process.wait()


def test_a_run_at_work_is_left_alone_and_a_killed_one_is_removed(gridmill, interrupted):
    folder, command, process = interrupted
    place = folder / "deep" / "out.zarr.gridmill"
    kept = gridmill("cache", "gc", folder, "--json")
    assert kept.returncode == 0, kept.stderr
    report = json.loads(kept.stdout)
    assert [p["state"] for p in report["places"]] == ["running"] and report["removed_bytes"] == 0
    process.kill()
    process.wait()
    listed = json.loads(gridmill("cache", "ls", "--json", cwd=folder).stdout)
    size = sum(f.stat().st_size for f in place.rglob("*") if f.is_file())
    assert [p["state"] for p in listed["places"]] == ["resumable"]
    assert listed["bytes"] == size > 0 and place.exists()
    dry = gridmill("cache", "gc", folder, "--dry-run")
    assert "would be removed" in dry.stdout and place.exists()
    gone = json.loads(gridmill("cache", "gc", folder, "--kind", "spill", "--json").stdout)
    assert gone["removed_bytes"] == size and not place.exists()
    assert "0 unfinished outputs" in gridmill("cache", "ls", folder).stdout


def test_what_is_listed_as_resumable_is(gridmill, interrupted):
    folder, command, process = interrupted
    process.kill()
    process.wait()
    assert gridmill(*command, "--resume").returncode == 0
    assert json.loads(gridmill("cache", "gc", folder, "--json").stdout)["places"] == []
    assert gridmill("verify", command[2], "--against", command[1]).returncode == 0


@pytest.mark.parametrize("words, code, said", [
    (["ls", "--kind", "chunks"], 1, "--kind chunks comes with a later version"),
    (["ls", "--kind", "nonsense"], 2, "is not one of spill"),
    (["clean"], 2, "ls or gc"),
    (["ls", "nowhere"], 2, "there is no directory nowhere"),
])
def test_refusals(gridmill, tmp_path, words, code, said):
    run = gridmill("cache", *words, cwd=tmp_path)
    assert run.returncode == code and said in run.stderr, run.stderr
