"""gridmill cache: what interrupted runs left is found and removed; finished stores stay."""

import json
import shutil
import signal
import subprocess
import time

import netCDF4
import numpy as np
import pytest
import zarr
from killed_runs import BINARY, noted_tasks, stop


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
    stop([process.pid])
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


@pytest.fixture
def spilling(tmp_path):
    """A rechunk that stands still in its spill, with chunks of it stored; a store of 50 MB beside it."""
    root = zarr.open_group(str(tmp_path / "maps.zarr"), mode="w", zarr_format=3)
    values = np.random.default_rng(2).integers(0, 4096, (96, 361, 360)).astype("f4")
    root.create_array(
        "t",
        data=values,
        chunks=(12, 361, 360),
        compressors=zarr.codecs.ZstdCodec(level=1),
        dimension_names=("time", "lat", "lon"),
    )
    command = ["rechunk", tmp_path / "maps.zarr", tmp_path / "deep" / "out.zarr", "--chunks",
               "time=all,lat=19,lon=36", "--way", "spill", "--memory", "64M", "--threads", "1"]  # fmt: skip
    (tmp_path / "deep").mkdir()
    companion = tmp_path / "deep" / "out.zarr.gridmill"
    for _ in range(20):
        process = subprocess.Popen([BINARY, *command], stderr=subprocess.DEVNULL)
        while process.poll() is None and not any(p == "spill" for t in noted_tasks(companion)
                                                 for p, _ in t):  # fmt: skip
            time.sleep(0.001)
        stop([process.pid])
        places = {place for task in noted_tasks(companion) for place, _ in task}
        if places == {"spill"} and spill_of(companion):
            break
        process.kill()  # it had begun to read its spill by then, or to remove it
        process.wait()
        shutil.rmtree(companion, ignore_errors=True)
        shutil.rmtree(tmp_path / "deep" / "out.zarr", ignore_errors=True)
    else:
        pytest.fail("no run could be stopped in its spill")
    yield tmp_path, command, process
    process.kill()
    process.wait()


def spill_of(companion):
    """The files of the spill, with their sizes."""
    return {
        path: path.stat().st_size
        for path in (companion / "run" / "spill").rglob("*")
        if path.is_file()
    }


def test_the_spill_of_a_killed_run_is_listed_and_removed_and_that_of_a_live_one_is_not(
    gridmill, spilling
):
    folder, command, process = spilling
    companion = folder / "deep" / "out.zarr.gridmill"

    def cache(verb, *words):
        run = gridmill("cache", verb, folder, "--kind", "spill", *words, "--json")
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)

    spill = spill_of(companion)
    size = sum(spill.values())
    assert size > 1_000_000  # noise doesn't compress away
    for report in [cache("ls"), cache("gc", "--dry-run"), cache("gc")]:
        (place,) = report["places"]
        assert place["state"] == "running" and not place["removed"]
        assert place["spill_bytes"] == size and report["removed_bytes"] == 0
        assert spill_of(companion) == spill
    process.kill()
    process.wait()

    report = cache("ls")
    (place,) = report["places"]
    assert place["state"] == "resumable" and place["output"] == str(folder / "deep" / "out.zarr")
    assert place["spill_bytes"] == size
    everything = sum(f.stat().st_size for f in companion.rglob("*") if f.is_file())
    assert report["bytes"] == place["bytes"] == everything > size
    assert cache("gc", "--dry-run")["removed_bytes"] == everything and spill_of(companion) == spill
    gone = cache("gc")
    assert gone["removed_bytes"] == everything and gone["places"][0]["spill_bytes"] == size
    assert not companion.exists() and (folder / "maps.zarr" / "zarr.json").exists()
    assert cache("ls")["places"] == []
    assert gridmill(*command).returncode == 0  # begins afresh


def test_a_live_run_ends_well_though_the_cache_is_cleared_meanwhile(gridmill, spilling):
    folder, command, process = spilling
    assert json.loads(gridmill("cache", "gc", folder, "--json").stdout)["removed_bytes"] == 0
    process.send_signal(signal.SIGCONT)
    assert process.wait(timeout=120) == 0
    source, out = (zarr.open_group(str(command[n]))["t"] for n in (1, 2))
    np.testing.assert_array_equal(out[...], source[...])
    left = json.loads(gridmill("cache", "gc", folder, "--json").stdout)
    assert left["places"] == []
    assert (folder / "deep" / "out.zarr.gridmill" / "manifest").exists()


@pytest.mark.parametrize("words, code, said", [
    (["ls", "--kind", "chunks"], 2, "there is no cache at ."),
    (["ls", "--kind", "nonsense"], 2, "is not one of spill"),
    (["clean"], 2, "ls, verify or gc"),
    (["ls", "nowhere"], 2, "there is no directory nowhere"),
])
def test_refusals(gridmill, tmp_path, words, code, said):
    run = gridmill("cache", *words, cwd=tmp_path)
    assert run.returncode == code and said in run.stderr, run.stderr
