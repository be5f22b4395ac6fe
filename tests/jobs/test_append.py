"""`gridmill append`: times behind an archive's, against xarray's concatenation of the same files."""

import json
import os
import signal
import subprocess
import time

import numpy as np
import pytest
import xarray as xr

from killed_runs import BINARY, hashes
from series_files import assert_holds, bad_lat, changed, whole_series, write_parts

formats = pytest.mark.parametrize("zarr_format", [3, 2])
ENCODING = {
    "t": {"_FillValue": None},
    "orography": {"_FillValue": None},
    "time": {"units": "minutes since 2000-12-31", "dtype": "i4"},
}
ROUNDS = int(os.environ.get("GRIDMILL_ROUNDS", "3"))  # `make torture` sets it


@pytest.fixture
def archive(gridmill, tmp_path):
    """Makes files and the store of the first: archive([5, 7], "time=4") -> (files, store, whole)."""

    def make(lengths, *options, packed=False):
        whole = whole_series(sum(lengths))
        paths = write_parts(whole, lengths, tmp_path, packed)
        store = tmp_path / "archive.zarr"
        run = gridmill("convert", paths[0], store, *options)
        assert run.returncode == 0, run.stderr
        return paths, store, whole

    return make


@formats
@pytest.mark.parametrize("chunks", ["time=4", "time=5,lat=4,lon=3", "time=25"])
def test_file_after_file(gridmill, archive, chunks, zarr_format):
    paths, store, whole = archive([5, 7, 1, 12], "--chunks", chunks, "--zarr-format", zarr_format)
    for number, path in enumerate(paths[1:], start=1):
        run = gridmill("append", path, store, "--json")
        assert run.returncode == 0, run.stderr
        report = json.loads(run.stdout)
        before = sum([5, 7, 1, 12][:number])
        length = [5, 7, 1, 12][number]
        assert report["axis"] == {"dimension": "time", "from_size": before, "to_size": before + length}
        assert (report["appended"], report["replaced"], report["kept"]) == (length, 0, 0)
        assert_holds(store, whole.isel(time=slice(0, before + length)))
    run = gridmill("verify", store, "--against", *paths)
    assert run.returncode == 0, run.stdout + run.stderr
    found = xr.open_zarr(store, consolidated=False, chunks=None)  # each array says the same
    assert found.sizes["time"] == 25
    assert not [path for path in store.rglob(".gridmill*")]


def test_many_files_at_once_and_shards(gridmill, archive):
    paths, store, whole = archive([5, 7, 1, 12], "--chunks", "t:time=2,lat=3,lon=4", "--shards", "t:time=8,lat=6,lon=8")
    run = gridmill("append", *paths[1:], store)
    assert run.returncode == 0, run.stderr
    assert "20 times appended: 2001-01-01" in run.stdout
    assert_holds(store, whole)


def test_packed_values_are_passed_through(gridmill, archive):
    paths, store, whole = archive([5, 8], "--chunks", "t:time=4", packed=True)
    assert gridmill("append", paths[1], store).returncode == 0
    assert_holds(store, whole, packed=True)
    with xr.open_zarr(store, consolidated=None, chunks=None, mask_and_scale=False) as found:
        stored = [xr.open_dataset(path, mask_and_scale=False).t.values for path in paths]
        np.testing.assert_array_equal(found.t.values, np.concatenate(stored))


def test_times_that_are_there_end_it_or_are_kept_or_replaced(gridmill, archive, tmp_path):
    """zarrio kept the old ones without a word, and a file of old ones only was an error."""
    paths, store, whole = archive([9, 7], "--chunks", "t:time=4")
    both = tmp_path / "both.nc"
    late = whole.isel(time=slice(6, 16)).copy(deep=True)
    late["t"] = late.t + 100
    late.to_netcdf(both, encoding=ENCODING)
    before = hashes(store)
    run = gridmill("append", both, store)
    assert run.returncode == 5, run.stderr
    for word in ("3 of the 10 times", "2001-01-01T06:00:00", "--on-overlap keep", "--on-overlap replace"):
        assert word in run.stderr, run.stderr
    assert hashes(store) == before

    run = gridmill("append", both, store, "--on-overlap", "keep", "--json")
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert (report["appended"], report["replaced"], report["kept"]) == (7, 0, 3)
    assert report["kept_times"] == [["2001-01-01T06:00:00", "2001-01-01T08:00:00"]]
    expected = whole.copy(deep=True)
    expected["t"][9:] += 100
    assert_holds(store, expected)
    kept = hashes(store)
    run = gridmill("append", both, store, "--on-overlap", "keep")  # again: nothing is left to do
    assert run.returncode == 0 and "0 times appended" in run.stdout, run.stdout + run.stderr
    assert hashes(store) == kept

    run = gridmill("append", both, store, "--on-overlap", "replace", "--json")
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert (report["appended"], report["replaced"], report["kept"]) == (0, 10, 0)
    assert report["replaced_times"] == [["2001-01-01T06:00:00", "2001-01-01T15:00:00"]]
    expected["t"][6:9] += 100
    assert_holds(store, expected)
    assert gridmill("verify", store).returncode == 0


def test_every_third_time_is_replaced(gridmill, archive, tmp_path):
    paths, store, whole = archive([12, 4], "--chunks", "t:time=4")
    third = whole.isel(time=slice(0, 16, 3)).copy(deep=True)  # 0 3 6 9 12 15
    third["t"] = third.t + 100
    third = third.assign_coords(time=("time", whole.time.values[[0, 3, 6, 9, 12, 13]], whole.time.attrs))
    third.to_netcdf(tmp_path / "third.nc", encoding=ENCODING)
    run = gridmill("append", tmp_path / "third.nc", store, "--on-overlap", "replace", "--json")
    assert run.returncode == 0, run.stderr
    assert [json.loads(run.stdout)[name] for name in ("appended", "replaced")] == [2, 4]
    with xr.open_zarr(store, consolidated=None, chunks=None) as found:
        expected = np.concatenate([whole.t.values[:12], third.t.values[4:]])
        expected[[0, 3, 6, 9]] = third.t.values[:4]
        np.testing.assert_array_equal(found.t.values, expected)
        assert (found.time.values == whole.time.values[:14]).all()


def test_times_are_exact_or_refused(gridmill, tmp_path):
    """zarrio wrote 6-hourly times into a daily store as days: duplicates, without a word."""

    def series(first, step_h, count, dtype):
        times = np.datetime64(first, "ns") + np.arange(count) * np.timedelta64(step_h, "h")
        data = xr.Dataset({"t": (("time",), np.arange(count, dtype="f4"))}, coords={"time": times})
        path = tmp_path / f"{first}-{step_h}-{dtype}.nc"
        data.to_netcdf(path, encoding={"time": {"units": "days since 2001-01-01", "dtype": dtype}})
        return path, data

    whole_days, first = series("2001-01-01", 24, 3, "i8")
    quarters, second = series("2001-01-04", 6, 4, "f8")
    run = gridmill("convert", whole_days, tmp_path / "days.zarr")
    assert run.returncode == 0, run.stderr
    before = hashes(tmp_path / "days.zarr")
    run = gridmill("append", quarters, tmp_path / "days.zarr")
    assert run.returncode == 2, run.stderr
    assert "2001-01-04T06:00:00" in run.stderr and "days since 2001-01-01" in run.stderr, run.stderr
    assert hashes(tmp_path / "days.zarr") == before

    days, _ = series("2001-01-01", 24, 3, "f8")
    assert gridmill("convert", days, tmp_path / "store.zarr").returncode == 0
    run = gridmill("append", quarters, tmp_path / "store.zarr")
    assert run.returncode == 0, run.stderr
    with xr.open_zarr(tmp_path / "store.zarr", consolidated=None, chunks=None) as found:
        assert (found.time.values == np.concatenate([first.time.values, second.time.values])).all()


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (bad_lat(lambda lat: lat + 0.25), 3, ["coordinate lat", "10.25"]),
        (bad_lat(lambda lat: lat[::-1].copy()), 3, ["coordinate lat"]),
        (lambda part: part.assign_coords(time=("time", part.time.values - 3.5, part.time.attrs)), 5,
         ["01:30:00", "between 2001-01-01T01:00:00 and 2001-01-01T02:00:00"]),
        (lambda part: part.assign_coords(time=("time", part.time.values - 24 * 400, part.time.attrs)), 5,
         ["before the first of", "2001-01-01T00:00:00", "7 times in all"]),
        (lambda part: part.assign_coords(time=("time", part.time.values, part.time.attrs | {"calendar": "noleap"})), 3,
         ["calendar"]),
        (lambda part: part.isel(time=slice(None, None, -1)), 1, ["comes before", "ascending"]),
        (lambda part: part.assign(t=part.t.astype("f8")), 3, ["t", "float64", "float32"]),
        (lambda part: part.assign(t=part.t.assign_attrs(units="degC")), 3, ["t", "degC", "K"]),
        (lambda part: part.assign(orography=part.orography + 1), 3, ["orography"]),
        (lambda part: part.isel(lat=slice(0, 3)).drop_vars("orography"), 3, ["t: ", "lat=0:3", "lat=0:6", "write-region"]),
        (lambda part: part.isel(lat=slice(0, 3)), 3, ["lat=0:3"]),
        (lambda part: part.drop_vars("t"), 3, ["has no variable t", "grows along time"]),
        (lambda part: part.assign(extra=part.t), 2, ["no variable extra", "--drop extra"]),
        (lambda part: part.drop_vars("time"), 2, ["time"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_changes_nothing(gridmill, archive, tmp_path, change, code, words):
    paths, store, _ = archive([5, 7], "--chunks", "t:time=4")
    before = hashes(store)
    bad = changed(paths[1], tmp_path / "bad.nc", change)
    run = gridmill("append", bad, store)
    assert run.returncode == code, (run.returncode, run.stderr)
    for word in words:
        assert word in run.stderr, run.stderr
    assert hashes(store) == before


def test_a_dry_run_and_what_is_no_archive(gridmill, archive, tmp_path):
    paths, store, _ = archive([5, 7], "--chunks", "t:time=4")
    before = hashes(store)
    run = gridmill("append", paths[1], store, "--dry-run")
    assert run.returncode == 0 and "7 times appended" in run.stdout, run.stdout + run.stderr
    assert hashes(store) == before
    run = gridmill("append", paths[1], tmp_path / "nowhere.zarr")
    assert run.returncode == 2 and "nowhere.zarr" in run.stderr, run.stderr
    run = gridmill("append", store, store)
    assert run.returncode == 5 and "is the store" in run.stderr, run.stderr
    run = gridmill("append", paths[1], store, "--on-overlap", "skip")
    assert run.returncode == 2 and "keep" in run.stderr, run.stderr


def test_stale_consolidated_metadata_are_not_grown(gridmill, archive):
    import zarr

    paths, store, _ = archive([5, 7], "--chunks", "t:time=4")
    root = json.loads((store / "zarr.json").read_text())
    zarr.open_array(str(store / "t"), mode="r+").resize((9, 6, 8))
    run = gridmill("append", paths[1], store)
    assert run.returncode == 5 and "gridmill store consolidate" in run.stderr, run.stderr
    assert json.loads((store / "zarr.json").read_text()) == root


def test_attributes_and_members_of_others_stay(gridmill, archive):
    """The documents are changed in their lengths and nothing else."""
    paths, store, _ = archive([5, 7], "--chunks", "t:time=4")
    document = json.loads((store / "t" / "zarr.json").read_text())
    document["attributes"]["big"] = 10**30
    document["attributes"]["mixed"] = [0, 1.5]
    (store / "t" / "zarr.json").write_text(json.dumps(document))
    assert gridmill("store", "consolidate", store).returncode == 0
    assert gridmill("append", paths[1], store).returncode == 0
    found = json.loads((store / "t" / "zarr.json").read_text())
    document["shape"][0] = 12
    assert found == document
    root = json.loads((store / "zarr.json").read_text())
    assert root["consolidated_metadata"]["metadata"]["t"] == document


def test_only_one_writer(gridmill, archive):
    import fcntl

    paths, store, _ = archive([5, 7], "--chunks", "t:time=4")
    with open(f"{store}.gridmill/lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for words in (("append", paths[1], store), ("store", "mkgroup", f"{store}#/g")):
            run = gridmill(*words)
            assert run.returncode == 5 and "another run is writing" in run.stderr, run.stderr
    os.makedirs(f"{store}.gridmill/workers")
    with open(f"{store}.gridmill/workers/w", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = gridmill("append", paths[1], store)
        assert run.returncode == 5 and "workers are writing" in run.stderr, run.stderr


def test_what_a_killed_append_leaves(gridmill, archive):
    """Readers see the store as it was or as it is; the same command finishes, to the same bytes."""
    paths, store, whole = archive([13, 29], "--chunks", "t:time=1")
    untouched = store.with_name("untouched.zarr")

    def begin_anew(target):
        subprocess.run(["rm", "-rf", target, f"{target}.gridmill"], check=True)
        assert gridmill("convert", paths[0], target, "--chunks", "t:time=1").returncode == 0

    begin_anew(untouched)
    began = time.monotonic()
    assert gridmill("append", paths[1], untouched).returncode == 0
    usual_s = time.monotonic() - began
    expected = hashes(untouched)
    for round_ in range(3 * ROUNDS):
        begin_anew(store)
        running = subprocess.Popen([BINARY, "append", paths[1], store], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)  # fmt: skip
        time.sleep(usual_s * ((round_ * 7) % 20) / 20)
        running.send_signal(signal.SIGKILL)
        running.wait(timeout=60)
        with xr.open_zarr(store, consolidated=True, chunks=None) as found:
            seen = found.sizes["time"]
        assert seen in (13, 42)
        leftover = (store / ".gridmill-append").exists()
        assert_holds(store, whole.isel(time=slice(0, seen)))
        run = gridmill("append", paths[1], store)
        if seen == 42 and not leftover:  # it was over: nothing is left that tells whose times these are
            assert run.returncode == 5 and "29 of the 29 times" in run.stderr, run.stderr
        else:
            assert run.returncode == 0, run.stderr
        assert_holds(store, whole)
        assert hashes(store) == expected
        run = gridmill("verify", store)
        assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("nested", [False, True])
def test_groups_grow_with_the_dimension_they_share(gridmill, tmp_path, nested):
    import netCDF4
    import zarr

    def file(name, first, count, own=(1, 2)):
        with netCDF4.Dataset(tmp_path / name, "w") as root:
            root.createDimension("time", None)
            root.createVariable("time", "i4", ("time",))[:] = np.arange(first, first + count)
            root["time"].units = "days since 2001-01-01"
            root.createVariable("t", "f4", ("time",))[:] = np.arange(count) + 10 * first
            sea = root.createGroup("sea").createGroup("deep")
            sea.createDimension("x", 3)
            sea.createVariable("s", "f4", ("x", "time"))[:] = np.arange(3 * count).reshape(3, count) + 100 * first
            group = root.createGroup("own")  # another dimension of the same name
            group.createDimension("time", 2)
            group.createVariable("w", "f4", ("time",))[:] = own
        return tmp_path / name

    first, second = file("a.nc", 0, 3), file("b.nc", 3, 4)
    store = tmp_path / "store.zarr"
    assert gridmill("convert", first, store, "--chunks", "time=2").returncode == 0
    if nested:  # a group that has consolidated metadata of its own
        zarr.consolidate_metadata(str(store), path="sea", zarr_format=3)
        zarr.consolidate_metadata(str(store), zarr_format=3)
    other = file("other.nc", 3, 4, own=(1, 3))
    before = hashes(store)
    run = gridmill("append", other, store)
    assert run.returncode == 3 and "own/w" in run.stderr, run.stderr
    assert hashes(store) == before
    run = gridmill("append", second, store)
    assert run.returncode == 0, run.stderr
    for where in ({}, {"use_consolidated": False}):
        root = zarr.open_group(str(store), mode="r", **where)
        assert root["time"][:].tolist() == list(range(7))
        assert root["t"][:].tolist() == [0, 1, 2, 30, 31, 32, 33]
        parts = [np.arange(9).reshape(3, 3), np.arange(12).reshape(3, 4) + 300]
        np.testing.assert_array_equal(root["sea/deep/s"][:], np.concatenate(parts, axis=1))
        assert root["own/w"][:].tolist() == [1, 2]
    sea = zarr.open_group(str(store / "sea"), mode="r")
    assert sea["deep/s"].shape == (3, 7)
    assert gridmill("verify", store, "--against", first, second).returncode == 0


def test_known_times_are_kept_where_the_dimension_is_declared_elsewhere(gridmill, tmp_path):
    """The file declares it in its root, the store in the group: nothing was cut off."""
    import netCDF4
    import zarr

    def file(name, first, count, value):
        with netCDF4.Dataset(tmp_path / name, "w") as root:
            root.createDimension("time", None)
            group = root.createGroup("sub")
            group.createVariable("time", "i4", ("time",))[:] = np.arange(first, first + count)
            group["time"].units = "days since 2001-01-01"
            group.createVariable("x", "f4", ("time",))[:] = value
        return tmp_path / name

    store = tmp_path / "store.zarr"
    assert gridmill("convert", file("a.nc", 0, 5, 1), store).returncode == 0
    run = gridmill("append", file("b.nc", 2, 10, 2), store, "--on-overlap", "keep", "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["kept"] == 3
    root = zarr.open_group(str(store), mode="r")
    assert root["sub/x"][:].tolist() == [1] * 5 + [2] * 7
    assert root["sub/time"][:].tolist() == list(range(12))


def begin_anew(gridmill, source, store, *options):
    subprocess.run(["rm", "-rf", store, f"{store}.gridmill"], check=True)
    assert gridmill("convert", source, store, *options).returncode == 0


def killed_in_time(words, store, times, timeout_s=60):
    """Runs the command and kills it when it has stored a chunk; whether readers still see `times`."""
    place = store / "t"
    before = {path: path.stat().st_ino for path in place.rglob("*") if path.is_file()}
    running = subprocess.Popen([BINARY, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + timeout_s
    while running.poll() is None and time.monotonic() < deadline:
        now = {path: path.stat().st_ino for path in list(place.rglob("*")) if path.is_file() and path.exists()}
        if now != before:
            break
    running.send_signal(signal.SIGKILL)
    running.wait(timeout=60)
    with xr.open_zarr(store, consolidated=True, chunks=None) as found:
        return (store / ".gridmill-append").exists() and found.sizes["time"] == times


@pytest.mark.parametrize("options", [[], ["--zarr-format", "2"]])
def test_a_store_with_nan_in_its_documents_is_settled(gridmill, archive, tmp_path, options):
    """A document with NaN was another one than itself: every append was refused."""
    paths, store, whole = archive([13, 29], *options)
    layout = ("--chunks", "t:time=1,lat=2,lon=2", *options)
    name = ".zattrs" if options else "zarr.json"
    for _ in range(20):
        begin_anew(gridmill, paths[0], store, *layout)
        document = json.loads((store / "t" / name).read_text())
        (document if options else document["attributes"])["nothing"] = float("nan")
        (store / "t" / name).write_text(json.dumps(document))
        assert gridmill("store", "consolidate", store).returncode == 0
        if killed_in_time(["append", paths[1], store, "--threads", "1"], store, 13):
            break
    else:
        pytest.fail("every kill came too late")
    bad = changed(paths[1], tmp_path / "bad.nc", lambda part: part.drop_vars("t"))
    run = gridmill("append", bad, store)  # another input: what died before is undone all the same
    assert run.returncode == 3 and "has been undone" in run.stderr, run.stderr
    assert gridmill("verify", store).returncode == 0
    run = gridmill("append", paths[1], store)
    assert run.returncode == 0, run.stderr
    assert_holds(store, whole)


def test_what_was_being_replaced_is_told(gridmill, archive, tmp_path):
    paths, store, whole = archive([40, 3])
    again = whole.isel(time=slice(0, 43)).copy(deep=True)
    again["t"] = again.t + 100
    again.to_netcdf(tmp_path / "again.nc", encoding=ENCODING)
    words = ["append", tmp_path / "again.nc", store, "--on-overlap", "replace", "--threads", "1"]
    for _ in range(20):
        begin_anew(gridmill, paths[0], store, "--chunks", "t:time=1,lat=2,lon=2")
        if killed_in_time(words, store, 40):
            break
    else:
        pytest.fail("every kill came too late")
    run = gridmill(*words)
    assert run.returncode == 0, run.stderr
    assert "times from 2001-01-01T00:00:00 to 2001-01-02T15:00:00" in run.stderr, run.stderr
    assert_holds(store, again)
    assert gridmill("verify", store).returncode == 0


def test_documents_that_others_change_meanwhile_are_theirs(gridmill, archive, tmp_path):
    """A new attribute was overwritten with what had been read before."""
    paths, store, _ = archive([3, 60])
    for _ in range(10):
        begin_anew(gridmill, paths[0], store, "--chunks", "t:time=1,lat=1,lon=1")
        running = subprocess.Popen([BINARY, "append", paths[1], store, "--threads", "1"], stderr=subprocess.PIPE,
                                   text=True)  # fmt: skip
        while not (store / ".gridmill-append").exists() and running.poll() is None:
            time.sleep(0.001)
        running.send_signal(signal.SIGSTOP)
        document = json.loads((store / "zarr.json").read_text())
        is_in_time = document["consolidated_metadata"]["metadata"]["t"]["shape"][0] == 3
        document["attributes"]["mine"] = "new"
        (store / "zarr.json").write_text(json.dumps(document))
        running.send_signal(signal.SIGCONT)
        _, said = running.communicate(timeout=60)
        if is_in_time and running.returncode != 0:
            break
    assert running.returncode == 5 and "has been changed while times were appended" in said, said
    assert json.loads((store / "zarr.json").read_text()) == document


def test_a_sample_is_refused(gridmill, archive):
    """It ran the whole, into the archive."""
    paths, store, _ = archive([5, 7], "--chunks", "t:time=4")
    before = hashes(store)
    for verb in ("append", "write-region"):
        run = gridmill(verb, paths[1], store, "--sample", "0.5")
        assert run.returncode == 2 and "--sample" in run.stderr, run.stderr
    assert hashes(store) == before


def test_a_half_written_record_is_cleared(gridmill, archive):
    """Of a run that was killed while it noted what it was about to do."""
    paths, store, whole = archive([5, 7], "--chunks", "t:time=4")
    half = store / "..gridmill-append.2891247109add67b.partial"
    half.write_text('{"zarr_format"')
    run = gridmill("append", paths[1], store)
    assert run.returncode == 0, run.stderr
    assert not half.exists()
    assert_holds(store, whole)
