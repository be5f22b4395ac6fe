"""`gridmill write-region`: files into an archive, against xarray's concatenation of the same files."""

import json
import os
import signal
import subprocess
import time

import numpy as np
import pytest
import xarray as xr

from killed_runs import BINARY, hashes
from measured import peak_memory
from series_files import assert_holds, bad_lat, changed, whole_series, write_parts

formats = pytest.mark.parametrize("zarr_format", [3, 2])
ROUNDS = int(os.environ.get("GRIDMILL_ROUNDS", "3"))  # `make torture` sets it


@pytest.fixture
def archive(gridmill, tmp_path):
    """Makes files and the template for all of them: archive([5, 7], "time=4") -> (files, store, whole)."""

    def make(lengths, chunks, *options, zarr_format=3, packed=False):
        whole = whole_series(sum(lengths))
        paths = write_parts(whole, lengths, tmp_path, packed)
        store = tmp_path / "archive.zarr"
        run = gridmill("template", paths[0], store, "--end", str(whole.time.values[-1])[:16], "--freq", "1h",
                       "--zarr-format", zarr_format, "--chunks", chunks, *options)  # fmt: skip
        assert run.returncode == 0, run.stderr
        return paths, store, whole

    return make


@formats
@pytest.mark.parametrize("lengths", [[5, 7, 1, 12], [10, 10, 10]])
@pytest.mark.parametrize("chunks", ["time=4", "time=5,lat=4,lon=3", "time=25"])
def test_one_file_after_the_other(gridmill, archive, lengths, chunks, zarr_format):
    paths, store, whole = archive(lengths, chunks, zarr_format=zarr_format)
    for path in reversed(paths):  # in whatever order
        run = gridmill("write-region", path, store)
        assert run.returncode == 0, run.stderr
    assert_holds(store, whole)
    run = gridmill("verify", store, "--against", *paths)
    assert run.returncode == 0, run.stdout + run.stderr


@formats
def test_what_is_not_written_yet_is_missing(gridmill, archive, zarr_format):
    paths, store, whole = archive([5, 7, 4], "time=8", zarr_format=zarr_format)
    run = gridmill("write-region", paths[1], store, "--json")
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["region"]["time"] == [5, 12]
    assert {v["name"]: (v["chunks"], v["merged_chunks"]) for v in report["variables"]}["t"] == (2, 2)
    assert sorted(report["compared"]) == ["crs", "lat", "lon", "orography", "time"]
    with xr.open_zarr(store, consolidated=None, chunks=None) as found:
        np.testing.assert_array_equal(found.t.values[5:12], whole.t.values[5:12])
        assert np.isnan(found.t.values[:5]).all() and np.isnan(found.t.values[12:]).all()


def test_all_files_at_once(gridmill, archive):
    """Files that end inside chunks are one plan, whose tasks own chunks: nothing is merged."""
    paths, store, whole = archive([5, 7, 1, 12], "time=10")
    run = gridmill("write-region", *paths, store, "--json", "--no-lock")
    assert run.returncode == 0, run.stderr
    assert all(variable["merged_chunks"] == 0 for variable in json.loads(run.stdout)["variables"])
    assert_holds(store, whole)


def test_packed_values_are_passed_through(gridmill, archive):
    paths, store, whole = archive([5, 8], "time=4", packed=True)
    for path in paths:
        assert gridmill("write-region", path, store).returncode == 0
    assert_holds(store, whole, packed=True)
    with xr.open_zarr(store, consolidated=None, chunks=None, mask_and_scale=False) as found:
        stored = [xr.open_dataset(path, mask_and_scale=False).t.values for path in paths]
        np.testing.assert_array_equal(found.t.values, np.concatenate(stored))


def test_parts_of_shards(gridmill, archive):
    paths, store, whole = archive([5, 7, 12], "t:time=2,lat=3,lon=4", "--shards", "t:time=8,lat=6,lon=8")
    for path in paths:
        assert gridmill("write-region", path, store).returncode == 0
    assert_holds(store, whole)


def sharding(chunk, codecs):
    little = {"name": "bytes", "configuration": {"endian": "little"}}
    return {"name": "sharding_indexed", "configuration": {
        "chunk_shape": chunk, "codecs": codecs or [little], "index_location": "start",
        "index_codecs": [little, {"name": "crc32c"}]}}


@pytest.mark.parametrize("layout", [["--chunks", "t:time=16,lat=6,lon=8"], []])
@pytest.mark.parametrize("behind", [[], [{"name": "crc32c"}]])
def test_parts_of_shards_in_chains(gridmill, tmp_path, behind, layout):
    """What is not written is missing, in the shards inside and where a file ends in one, too."""
    whole = whole_series(24)
    paths, store = write_parts(whole, [5, 7, 12], tmp_path), tmp_path / "archive.zarr"
    chain = [sharding([8, 6, 8], [sharding([2, 3, 4], [])]), *behind]
    run = gridmill("template", paths[0], store, "--end", "2001-01-01T23:00", "--freq", "1h", *layout,
                   "--codec", f"t:{json.dumps(chain)}")
    assert run.returncode == 0, run.stderr
    assert json.loads((store / "t/zarr.json").read_text())["codecs"] == chain
    for written, path in [(5, paths[0]), (12, paths[1]), (24, paths[2])]:
        run = gridmill("write-region", path, store)
        assert run.returncode == 0, run.stderr
        with xr.open_zarr(store, consolidated=None, chunks=None) as found:
            np.testing.assert_array_equal(found.t.values[:written], whole.t.values[:written])
            assert np.isnan(found.t.values[written:]).all()
    assert_holds(store, whole)


@pytest.mark.parametrize("chunks", ["time=100", "time=9", "time=12,lat=3"])
def test_many_processes_at_once(gridmill, archive, chunks):
    """One chunk for all files: without locks, xarray's writers lost half of the values."""
    lengths = [6, 5, 7, 6, 6, 5, 7, 6]
    paths, store, whole = archive(lengths, chunks)
    for _ in range(10 * ROUNDS if chunks == "time=100" else ROUNDS):
        running = [subprocess.Popen([BINARY, "write-region", path, store, "--threads", "1"],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE) for path in paths]  # fmt: skip
        for process in running:
            _, said = process.communicate(timeout=120)
            assert process.returncode == 0, said
        assert_holds(store, whole)
        run = gridmill("verify", store)
        assert run.returncode == 0, run.stdout + run.stderr
        for chunk in (store / "t").rglob("c/*"):  # again from nothing
            if chunk.is_file():
                chunk.unlink()


def test_a_killed_writer_is_finished_by_the_same_command(gridmill, archive):
    paths, store, whole = archive([12, 11, 13, 12], "time=9")
    began = time.monotonic()
    assert gridmill("write-region", paths[0], store).returncode == 0
    usual_s = 2 * (time.monotonic() - began)  # beside three others on few cores
    for round_ in range(ROUNDS):
        running = [subprocess.Popen([BINARY, "write-region", path, store, "--threads", "1"],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for path in paths]  # fmt: skip
        time.sleep(usual_s * (1 + round_ % 10) / 10)
        running[round_ % 4].send_signal(signal.SIGKILL)
        for process in running:
            process.wait(timeout=120)
        run = gridmill("write-region", paths[round_ % 4], store)
        assert run.returncode == 0, run.stderr
        assert_holds(store, whole)
        found = hashes(store)
        run = gridmill("verify", store)
        assert run.returncode == 0, run.stdout + run.stderr
        if round_ == 0:
            expected = found
        assert found == expected
        for path in (store / "t").rglob("*"):
            if path.is_file() and path.name != "zarr.json":
                path.unlink()


def test_a_store_that_is_being_replaced_lets_nobody_in(gridmill, archive, tmp_path):
    import fcntl

    paths, store, _ = archive([5, 7], "time=4")
    with open(f"{store}.gridmill/lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = gridmill("write-region", paths[0], store)
    assert run.returncode == 5 and "another run is writing" in run.stderr, run.stderr


def test_without_locks_regions_are_whole_chunks(gridmill, archive):
    paths, store, _ = archive([5, 7, 4], "time=8")
    before = hashes(store)
    run = gridmill("write-region", paths[1], store, "--no-lock")
    assert run.returncode == 5, run.stderr
    assert "[5:12, 0:6, 0:8]" in run.stderr and "[0:16, 0:6, 0:8]" in run.stderr
    assert hashes(store) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (bad_lat(lambda lat: lat + 0.25), ["coordinate lat", "10.25", "there are 10 and 20", "nothing is rounded"]),
        (bad_lat(lambda lat: lat[::-1].copy()), ["coordinate lat", "60 and 50 follow each other", "5 and 4"]),
        (lambda part: part.assign_coords(time=("time", part.time.values + 0.5, part.time.attrs)),
         ["coordinate time", "05:30:00", "nothing is rounded"]),
        (lambda part: part.assign_coords(time=("time", part.time.values + 24 * 400, part.time.attrs)),
         ["coordinate time", "2002-", "goes from 2001-01-01"]),
        (lambda part: part.assign_coords(time=("time", part.time.values, part.time.attrs | {"calendar": "noleap"})),
         ["calendar"]),
        (lambda part: part.assign(t=part.t.astype("f8")), ["t", "float64", "float32"]),
        (lambda part: part.assign(t=part.t.assign_attrs(units="degC")), ["t", "degC", "K"]),
        (lambda part: part.assign(orography=part.orography + 1), ["orography"]),
        (lambda part: part.rename(t="t2m"), ["no variable t2m", "--drop t2m"]),
        (lambda part: part.transpose("time", "lon", "lat", ...), ["dimensions", "time, lon, lat"]),
        (lambda part: part.isel(lat=[0, 2, 4]), ["coordinate lat", "follow each other"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_changes_nothing(gridmill, archive, tmp_path, change, words):
    """Shifted and flipped latitudes and times between the archive's: zarrio overwrote coordinates."""
    paths, store, _ = archive([5, 7], "time=4")
    before = hashes(store)
    bad = changed(paths[1], tmp_path / "bad.nc", change)
    run = gridmill("write-region", bad, store)
    assert run.returncode in (2, 3), (run.returncode, run.stderr)
    for word in words:
        assert word in run.stderr, run.stderr
    assert hashes(store) == before


def test_a_part_in_every_dimension(gridmill, archive, tmp_path):
    paths, store, whole = archive([5, 7], "time=4,lat=4,lon=5")
    with xr.open_dataset(paths[1]) as part:
        part.drop_vars(["orography"]).isel(lat=slice(1, 5), lon=slice(2, 7)).to_netcdf(tmp_path / "part.nc")
    run = gridmill("write-region", tmp_path / "part.nc", store)
    assert run.returncode == 0, run.stderr
    with xr.open_zarr(store, consolidated=None, chunks=None) as found:
        expected = np.full_like(whole.t.values, np.nan)
        expected[5:, 1:5, 2:7] = whole.t.values[5:, 1:5, 2:7]
        np.testing.assert_array_equal(found.t.values, expected)


def test_a_region_for_dimensions_without_coordinates(gridmill, archive, tmp_path):
    paths, store, whole = archive([5, 7], "time=4")
    bare = changed(paths[1], tmp_path / "bare.nc", lambda part: part[["t"]].drop_vars("time"))
    run = gridmill("write-region", bare, store)
    assert run.returncode == 2 and "give --region time=FROM:TO" in run.stderr, run.stderr
    run = gridmill("write-region", bare, store, "--region", "time=5:10")
    assert run.returncode == 2 and "5 positions, but" in run.stderr, run.stderr
    run = gridmill("write-region", bare, store, "--region", "time=5:12")
    assert run.returncode == 0, run.stderr
    with xr.open_zarr(store, consolidated=None, chunks=None) as found:
        np.testing.assert_array_equal(found.t.values[5:], whole.t.values[5:])
    run = gridmill("write-region", paths[1], store, "--region", "time=0:7")
    assert run.returncode == 3 and "belongs at time=5:12" in run.stderr, run.stderr
    run = gridmill("write-region", paths[1], store, "--region", "level=0:7")
    assert run.returncode == 2 and "level" in run.stderr, run.stderr


def test_what_is_no_archive(gridmill, archive, tmp_path):
    paths, store, _ = archive([5, 7], "time=4")
    run = gridmill("write-region", paths[0], tmp_path / "nowhere.zarr")
    assert run.returncode == 2 and "nowhere.zarr" in run.stderr, run.stderr
    run = gridmill("write-region", paths[0], paths[1])
    assert run.returncode == 1 and "not a Zarr store" in run.stderr, run.stderr
    run = gridmill("write-region", paths[0], store, "--dry-run")
    assert run.returncode == 0 and "time=0:5" in run.stdout, run.stdout


def rewritten(path, out, change):
    """As changed(), with decoded times: what xarray writes has units of its own."""
    with xr.open_dataset(path) as part:
        change(part.load()).to_netcdf(out)
    return out


def test_a_region_of_all_times_leaves_static_fields_alone(gridmill, archive, tmp_path):
    """An input that is as long as the archive replaced its latitudes."""
    paths, store, _ = archive([12], "time=4")
    before = hashes(store)
    bad = rewritten(paths[0], tmp_path / "bad.nc", lambda part: part.assign(orography=part.orography + 1))
    run = gridmill("write-region", bad, store)
    assert run.returncode == 3 and "orography" in run.stderr, run.stderr
    assert hashes(store) == before


def test_tiles_of_all_times_bring_their_bounds(gridmill, archive, tmp_path):
    """Bounds have a dimension of times: they are written, not compared with what is missing."""
    paths, store, whole = archive([12], "time=4,lat=2")
    for tile in (slice(0, 3), slice(3, 6)):
        part = rewritten(paths[0], tmp_path / "tile.nc", lambda file: file.isel(lat=tile))
        run = gridmill("write-region", part, store)
        assert run.returncode == 0, run.stderr
    assert_holds(store, whole)
    bad = rewritten(paths[0], tmp_path / "bad.nc", lambda file: file.assign(orography=file.orography + 1)
                    .isel(lat=slice(0, 3)))  # fmt: skip
    run = gridmill("write-region", bad, store)
    assert run.returncode == 3 and "orography" in run.stderr, run.stderr


@pytest.mark.parametrize("attributes", [{"units": "Pa"}, {"scale_factor": 0.1}])
def test_coordinates_of_other_units_are_refused(gridmill, archive, tmp_path, attributes):
    paths, store, _ = archive([5, 7], "time=4")
    bad = changed(paths[0], tmp_path / "bad.nc",
                  lambda part: part.assign_coords(lat=("lat", part.lat.values, part.lat.attrs | attributes)))  # fmt: skip
    run = gridmill("write-region", bad, store)
    assert run.returncode == 3 and "coordinate lat" in run.stderr, run.stderr


def test_static_times_are_compared_as_times(gridmill, tmp_path):
    def file(path, steps, reference, value):
        data = xr.Dataset({"t": (("time",), np.arange(len(steps), dtype="f4")),
                           "reftime": ((), np.int32(value), {"units": f"hours since {reference}"})},
                          coords={"time": ("time", np.array(steps, "i4"), {"units": "days since 2001-01-01"})})  # fmt: skip
        data.to_netcdf(path)
        return path

    first = file(tmp_path / "a.nc", [0, 1], "2001-01-01", 0)
    store = tmp_path / "out.zarr"
    run = gridmill("template", first, store, "--end", "2001-01-04")
    assert run.returncode == 0, run.stderr
    run = gridmill("write-region", file(tmp_path / "b.nc", [2, 3], "2000-12-31", 24), store)
    assert run.returncode == 0, run.stderr
    run = gridmill("write-region", file(tmp_path / "c.nc", [2, 3], "2001-02-01", 0), store)
    assert run.returncode == 3 and "reftime" in run.stderr, run.stderr


def test_a_value_that_would_read_as_missing_is_refused(gridmill, tmp_path):
    def file(path, first, values):
        data = xr.Dataset({"n": (("time", "x"), np.array(values, "u1"))},
                          coords={"time": ("time", first + np.arange(len(values), dtype="i4"),
                                           {"units": "days since 2001-01-01"})})  # fmt: skip
        data.to_netcdf(path)
        return path

    first = file(tmp_path / "a.nc", 0, [[1, 2], [3, 4]])
    second = file(tmp_path / "b.nc", 2, [[1, 2], [255, 4]])
    run = gridmill("template", first, tmp_path / "out.zarr", "--end", "2001-01-04", "--chunks", "time=3")
    assert run.returncode == 0 and "255 means from now on" in run.stderr, run.stderr
    run = gridmill("write-region", second, tmp_path / "out.zarr")
    assert run.returncode == 3 and "[3:4, 0:1]" in run.stderr and "--fill n:VALUE" in run.stderr, run.stderr
    run = gridmill("template", first, tmp_path / "other.zarr", "--end", "2001-01-04", "--fill", "n:77")
    assert run.returncode == 0, run.stderr
    for path in (first, second):
        run = gridmill("write-region", path, tmp_path / "other.zarr")
        assert run.returncode == 0, run.stderr
    with xr.open_zarr(tmp_path / "other.zarr", consolidated=None, chunks=None) as found:
        assert found.n.values.tolist() == [[1, 2], [3, 4], [1, 2], [255, 4]]


def test_files_of_one_time_that_is_a_scalar(gridmill, archive, tmp_path):
    paths, store, whole = archive([5, 7], "time=4")
    for step in range(12):
        one = rewritten(paths[step // 5 if step < 5 else 1], tmp_path / "one.nc",
                        lambda part: part.drop_vars("time_bnds").isel(time=step if step < 5 else step - 5))  # fmt: skip
        run = gridmill("write-region", one, store)
        assert run.returncode == 0, run.stderr
    with xr.open_zarr(store, consolidated=None, chunks=None) as found:
        np.testing.assert_array_equal(found.t.values, whole.t.values)


def test_a_refusal_promises_nothing(gridmill, archive, tmp_path):
    paths, store, _ = archive([5, 7], "time=4")
    run = gridmill("write-region", paths[0], store, "--region", "time=0:5", "--region", "time=5:10")
    assert run.returncode == 2 and "given twice" in run.stderr, run.stderr
    with xr.open_dataset(paths[0]) as part:
        part.drop_vars(["t", "time_bnds"]).to_netcdf(tmp_path / "static.nc")
    run = gridmill("write-region", tmp_path / "static.nc", store)
    assert run.returncode == 2 and "some chunks" not in run.stderr, run.stderr


def test_a_dry_run_leaves_no_trace(gridmill, archive):
    import shutil

    paths, store, _ = archive([5, 7], "time=4")
    shutil.rmtree(f"{store}.gridmill")
    run = gridmill("write-region", paths[0], store, "--dry-run")
    assert run.returncode == 0 and not os.path.exists(f"{store}.gridmill"), run.stderr


def test_the_manifest_tells_of_what_came_last(gridmill, archive):
    """Of a chunk that one process writes whole and another in part the first noted its own bytes."""
    paths, store, whole = archive([8, 8], "time=8")
    for _ in range(ROUNDS * 4):
        running = [subprocess.Popen([BINARY, "write-region", *files, store, "--threads", "1"],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                   for files in (paths, paths[:1], paths[1:])]  # fmt: skip
        assert [process.wait(timeout=120) for process in running] == [0, 0, 0]
        run = gridmill("verify", store)
        assert run.returncode == 0, run.stdout + run.stderr
    assert_holds(store, whole)


def test_merges_stay_within_the_budget(gridmill, tmp_path):
    """Each variable had a room of its own for merging: sixteen of them took 600 MB of 256."""
    shape, names = (8, 512, 1024), [f"v{i}" for i in range(12)]
    rng = np.random.default_rng(1)
    data = xr.Dataset({name: (("time", "y", "x"), rng.normal(size=shape).astype("f4")) for name in names},
                      coords={"time": ("time", np.arange(8, dtype="i4"), {"units": "days since 2001-01-01"})})  # fmt: skip
    data.isel(time=slice(0, 5)).to_netcdf(tmp_path / "a.nc")
    data.isel(time=slice(5, 8)).to_netcdf(tmp_path / "b.nc")
    store = tmp_path / "out.zarr"
    run = gridmill("template", tmp_path / "a.nc", store, "--end", "2001-01-08", "--chunks", "time=8,y=512,x=1024")
    assert run.returncode == 0, run.stderr
    for name in ("a.nc", "b.nc"):
        peak = peak_memory(tmp_path, "write-region", tmp_path / name, store, "--memory", "256M")
        assert peak <= (256 + 100) << 20, peak
    with xr.open_zarr(store, consolidated=None, chunks=None) as found:
        np.testing.assert_array_equal(found.v7.values, data.v7.values)


def test_where_there_are_no_locks_chunks_are_not_shared(gridmill, archive):
    """As on Lustre mounted without flock: two writers of one chunk each lost the other's half."""
    paths, store, _ = archive([8, 8, 5], "time=8")
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=flock:error=ENOLCK"]
    run = subprocess.run([*strace, BINARY, "write-region", paths[0], store], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    run = subprocess.run([*strace, BINARY, "write-region", *paths[1:], store, "--variables", "t", "--region",
                          "time=8:21"], capture_output=True, text=True)  # fmt: skip
    assert run.returncode == 0, "to the end of the archive: whole chunks"
    paths, store, _ = archive([5, 8], "time=8", "--overwrite")
    run = subprocess.run([*strace, BINARY, "write-region", paths[0], store], capture_output=True, text=True)
    assert run.returncode == 1 and "has no locks" in run.stderr, run.stderr
