"""`gridmill append --rewrite`: gaps are filled and times put in front; xarray's sorted concat is the oracle."""

import json
import signal
import subprocess
import time

import numpy as np
import pytest
import xarray as xr
import zarr

formats = pytest.mark.parametrize("layout", [("--zarr-format", "3"), ("--zarr-format", "2"), ("--shards", "t:time=4,x=all")])


def part(path, days, units="days since 2001-01-01", dtype="i4", first=0.0):
    axis = np.datetime64("2001-01-01", "ns") + np.array(days) * np.timedelta64(24 * 3600, "s").astype("m8[ns]")
    if np.any(np.array(days) % 1):
        axis = np.datetime64("2001-01-01", "ns") + (np.array(days) * 86400).astype("m8[s]").astype("m8[ns]")
    rng = np.random.default_rng(len(days) + int(first))
    file = xr.Dataset(
        {"t": (("time", "x"), rng.normal(first, 1, (len(days), 6)).astype("f4"), {"units": "K"}),
         "height": (("x",), np.arange(6.0))},
        coords={"time": axis, "x": np.arange(6.0)}, attrs={"title": "archive" if first == 0 else "other"})  # fmt: skip
    file.to_netcdf(path, encoding={"time": {"units": units, "dtype": dtype}})
    return file


def opened(store):
    return xr.open_zarr(store, consolidated=None, chunks=None).load()


@formats
def test_times_before_between_and_behind(gridmill, tmp_path, layout):
    old = part(tmp_path / "a.nc", [4, 5, 8, 9, 12])
    new = part(tmp_path / "b.nc", [1, 2, 6, 7, 10, 20], first=50)
    store = tmp_path / "o.zarr"
    made = gridmill("convert", tmp_path / "a.nc", store, "--codec", "zstd:7", "--chunks", "t:time=2,x=3", *layout)
    assert made.returncode == 0, made.stderr
    refused = gridmill("append", tmp_path / "b.nc", store)
    assert refused.returncode == 5 and "--rewrite" in refused.stderr
    run = gridmill("append", tmp_path / "b.nc", store, "--rewrite", "--check-vars", "all", "--json")
    assert run.returncode == 0 and "differs between inputs" not in run.stderr, run.stderr
    report = json.loads(run.stdout)
    assert report["appended"] == 6 and report["axis"]["to_size"] == 11
    wanted = xr.concat([old, new], "time", data_vars="minimal").sortby("time")
    with opened(store) as archive:
        assert (archive.time.values == wanted.time.values).all() and (archive.t.values == wanted.t.values).all()
        assert archive.attrs == old.attrs and archive.t.attrs == old.t.attrs and (archive.height.values == old.height.values).all()
    array = zarr.open_group(store)["t"]
    assert array.chunks == (2, 3) and array.shards == ((4, 6) if "--shards" in layout else None)
    assert "zstd" in str(array.compressors).lower() and "7" in str(array.compressors)
    assert gridmill("verify", store).returncode == 0
    again = gridmill("append", tmp_path / "b.nc", store, "--rewrite", "--on-overlap", "keep", "--json")
    assert again.returncode == 0 and json.loads(again.stdout)["appended"] == 0


@pytest.mark.parametrize("way", ["error", "keep", "replace"])
def test_times_of_both_are_once_there(gridmill, tmp_path, way):
    old = part(tmp_path / "a.nc", [4, 5, 8, 9])
    new = part(tmp_path / "b.nc", [3, 4, 8, 10], first=50)
    store = tmp_path / "o.zarr"
    assert gridmill("convert", tmp_path / "a.nc", store).returncode == 0
    run = gridmill("append", tmp_path / "b.nc", store, "--rewrite", "--on-overlap", way)
    if way == "error":
        assert run.returncode == 5 and "--on-overlap keep" in run.stderr
        return
    assert run.returncode == 0, run.stderr
    first, second = (new, old) if way == "replace" else (old, new)
    wanted = first.t.combine_first(second.t)
    with opened(store) as archive:
        assert (archive.t.values == wanted.values).all() and (archive.time.values == wanted.time.values).all()


@pytest.mark.parametrize("source", ["float", "packed otherwise"])
def test_a_packed_archive_is_filled_in_its_own_codes(gridmill, tmp_path, source):
    old = part(tmp_path / "a.nc", [4, 5, 8, 9])
    new = part(tmp_path / "b.nc", [1, 2, 6])
    if source != "float":
        packing = {"dtype": "i4", "scale_factor": 1e-7, "add_offset": 1.0, "_FillValue": np.int32(-1)}
        new.to_netcdf(tmp_path / "b.nc", encoding={"t": packing, "time": {"units": "days since 2001-01-01", "dtype": "i4"}})
    store = tmp_path / "o.zarr"
    made = gridmill("convert", tmp_path / "a.nc", store, "--pack", "t:16", "--pack-range", "t:-10:10", "--chunks", "t:time=3")
    assert made.returncode == 0, made.stderr
    run = gridmill("append", tmp_path / "b.nc", store, "--rewrite", "--drop", "height")
    assert run.returncode == 0 and "its values change by at most" in run.stderr, run.stderr
    wanted = xr.concat([old.t, new.t], "time").sortby("time")
    with opened(store) as archive:
        assert archive.t.encoding["dtype"] == np.int16 and archive.height.dtype == np.float64
        assert np.abs(archive.t.values - wanted.values).max() <= 20 / 65534 / 2 + 1e-7
    part(tmp_path / "c.nc", [0], first=50)
    run = gridmill("append", tmp_path / "c.nc", store, "--rewrite")
    assert run.returncode == 3 and "none of the archive's packed values" in run.stderr, run.stderr
    assert opened(store).time.size == 7


def test_units_that_hold_the_new_times_are_found(gridmill, tmp_path):
    old = part(tmp_path / "a.nc", [0, 1, 2])
    new = part(tmp_path / "b.nc", [2.25, 2.5, 3], units="hours since 2001-01-01", first=50)
    store = tmp_path / "o.zarr"
    assert gridmill("convert", tmp_path / "a.nc", store).returncode == 0
    refused = gridmill("append", tmp_path / "b.nc", store)
    assert refused.returncode in (2, 5), refused.stderr
    run = gridmill("append", tmp_path / "b.nc", store, "--rewrite")
    assert run.returncode == 0, run.stderr
    with opened(store) as archive:
        assert (archive.time.values == np.concatenate([old.time.values, new.time.values])).all()
        assert (archive.t.values == np.concatenate([old.t.values, new.t.values])).all()


def test_groups_stay_and_strangers_files_are_not_lost(gridmill, tmp_path):
    part(tmp_path / "a.nc", [4, 5])
    part(tmp_path / "b.nc", [1, 2], first=50)
    store = tmp_path / "o.zarr"
    assert gridmill("convert", tmp_path / "a.nc", store).returncode == 0
    group = zarr.open_group(store).create_group("meta")
    group.attrs["who"] = "somebody"
    zarr.consolidate_metadata(store)
    (store / "README").write_text("mine")
    run = gridmill("append", tmp_path / "b.nc", store, "--rewrite")
    assert run.returncode == 5 and "README lies in the store" in run.stderr, run.stderr
    (store / "README").unlink()
    run = gridmill("append", tmp_path / "b.nc", store, "--rewrite", "--json")
    assert run.returncode == 0, run.stderr
    assert dict(zarr.open_group(store)["meta"].attrs) == {"who": "somebody"}
    report = json.loads(run.stdout)
    assert {variable["name"] for variable in report["variables"]} == {"t", "height", "time", "x"}
    assert report["appended_times"] == [["2001-01-02T00:00:00", "2001-01-03T00:00:00"]]
    assert any("written anew" in note for note in report["notes"])


def test_what_others_append_meanwhile_is_not_lost(gridmill, tmp_path):
    part(tmp_path / "a.nc", [4, 5])
    part(tmp_path / "b.nc", [1, 2], first=50)
    part(tmp_path / "c.nc", [7, 8], first=90)
    store = tmp_path / "o.zarr"
    assert gridmill("convert", tmp_path / "a.nc", store).returncode == 0
    # Its second opening of the root's document, when the lock was let go for the first time, takes long.
    slow = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=openat", "-P", store / "zarr.json",
            "-e", "inject=openat:delay_enter=3000000:when=2"]  # fmt: skip
    running = subprocess.Popen([*slow, str(gridmill.binary), "append", tmp_path / "b.nc", store, "--rewrite"], stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    other = gridmill("append", tmp_path / "c.nc", store)
    errors = running.communicate()[1]
    with opened(store) as archive:
        times = set(archive.time.dt.day.values)
    if other.returncode == 0:
        assert {8, 9} <= times, "an append that was acknowledged stays"
        assert running.returncode in (0, 5), errors
        if running.returncode == 5:
            assert not {2, 3} & times
    else:
        assert other.returncode == 5 and {2, 3} <= times, "it came while the store was being replaced"


def test_another_grid_is_refused_and_nothing_changes(gridmill, tmp_path):
    part(tmp_path / "a.nc", [4, 5])
    other = part(tmp_path / "b.nc", [1, 2], first=50)
    other.assign_coords(x=other.x + 0.5).to_netcdf(tmp_path / "c.nc", encoding={"time": {"units": "days since 2001-01-01", "dtype": "i4"}})
    store = tmp_path / "o.zarr"
    assert gridmill("convert", tmp_path / "a.nc", store).returncode == 0
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    run = gridmill("append", tmp_path / "c.nc", store, "--rewrite")
    assert run.returncode == 3 and "x" in run.stderr, run.stderr
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == before


def test_killed_at_any_moment_the_archive_is_the_old_or_the_new_one(gridmill, tmp_path):
    rng = np.random.default_rng(1)
    old = part(tmp_path / "a.nc", list(range(100, 400)))
    new = part(tmp_path / "b.nc", list(range(100)), first=50)
    wanted = np.concatenate([new.t.values, old.t.values])
    store, growing = tmp_path / "o.zarr", tmp_path / "o.zarr.gridmill" / "incoming"
    command = [str(gridmill.binary), "append", tmp_path / "b.nc", store, "--rewrite"]
    assert gridmill("convert", tmp_path / "a.nc", store, "--chunks", "t:time=1,x=1").returncode == 0
    cut_short = 0
    for _ in range(30):
        running = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        while running.poll() is None and not growing.exists():
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.05))
        running.send_signal(signal.SIGKILL)
        running.communicate()
        cut_short += growing.exists()
        with opened(store) as archive:
            assert archive.time.size in (300, 400)
            assert (archive.t.values == (old.t.values if archive.time.size == 300 else wanted)).all()
        if archive.time.size == 400 or cut_short == 5:
            break
    assert cut_short > 0, "no kill came while the new store grew"
    run = gridmill(*command[1:], "--on-overlap", "keep")
    assert run.returncode == 0, run.stderr
    with opened(store) as archive:
        assert (archive.t.values == wanted).all()
