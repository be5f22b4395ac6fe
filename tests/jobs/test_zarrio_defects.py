"""What went wrong in zarrio 0.1.3, defect by defect (its numbers are ours: docs/migrating_from_zarrio.md):
each test does what led there, and shows what happens here. Number 17 is Datamesh's."""

import hashlib
import json
import shutil
import subprocess

import netCDF4
import numpy as np
import pytest
import xarray as xr
import zarr

DAY = np.timedelta64(1, "D")


def times(first, count, step="D", size=1):
    return np.datetime64(first, "ns") + np.arange(count) * np.timedelta64(size, step)


def write(path, axis, lat=None, offset=0.0, units="hours since 2001-01-01", **encoding):
    lat = np.linspace(-50, 50, 6) if lat is None else lat
    rng = np.random.default_rng(len(axis))
    file = xr.Dataset(
        {"t": (("time", "lat", "lon"), rng.uniform(250, 300, (len(axis), 6, 8)).astype("f4") + np.float32(offset))},
        coords={"time": axis, "lat": lat, "lon": np.arange(8.0)},
    )
    file.to_netcdf(path, encoding={"time": {"units": units, "dtype": "f8"}, **encoding})
    return file


def opened(store, **options):
    return xr.open_zarr(store, consolidated=None, chunks=None, **options).load()


def digest(store):
    files = sorted(path for path in store.rglob("*") if path.is_file())
    return hashlib.sha256(b"".join(str(path.relative_to(store)).encode() + path.read_bytes() for path in files)).digest()


def ok(run):
    assert run.returncode == 0, run.stdout + run.stderr
    return run


def test_01_only_cycles_older_than_the_window_go(gridmill, tmp_path):
    store = tmp_path / "cycles.zarr"
    root = zarr.open_group(store, mode="w")
    now = np.datetime64("2026-01-10T00:00:00")
    names = {hours: str(now - np.timedelta64(hours, "h")).replace("-", "").replace(":", "") for hours in (1, 2, 3, 4, 30)}
    for name in [*names.values(), "10m", "850", "may", "t2m"]:
        root.create_group(name)
    zarr.consolidate_metadata(store)
    ok(gridmill("archive", store, "--format", "%Y%m%dT%H%M%S", "--keep", "24h", "--now", "2026-01-10T00:00:00Z"))
    left = {name for name, _ in zarr.open_group(store).groups()}
    assert left == {*[name for hours, name in names.items() if hours != 30], "10m", "850", "may", "t2m"}


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_02_the_codec_that_was_asked_for_is_the_one_in_the_store(gridmill, tmp_path, zarr_format):
    write(tmp_path / "a.nc", times("2001-01-01", 5))
    ok(gridmill("convert", tmp_path / "a.nc", tmp_path / "o.zarr", "--codec", "blosc:zstd:3", "--pack", "t:16",
                "--zarr-format", zarr_format))  # fmt: skip
    array = zarr.open_group(tmp_path / "o.zarr")["t"]
    blosc = array.compressors[0]
    assert "zstd" in str(blosc) and ("clevel=3" in str(blosc) or "'clevel': 3" in str(blosc))
    assert array.dtype == np.int16
    assert gridmill("convert", tmp_path / "a.nc", tmp_path / "p.zarr", "--codec", "blosc:zstx:3").returncode == 2


def test_03_a_template_is_not_packed_by_a_range_of_nothing(gridmill, tmp_path):
    write(tmp_path / "a.nc", times("2001-01-01", 5))
    run = gridmill("template", tmp_path / "a.nc", tmp_path / "o.zarr", "--end", "2001-01-10", "--pack", "t:16")
    assert run.returncode == 2 and "--pack-range t:LEAST:GREATEST" in run.stderr


def test_04_values_out_of_range_never_become_others(gridmill, tmp_path):
    write(tmp_path / "a.nc", times("2001-01-01", 5))
    write(tmp_path / "b.nc", times("2001-01-06", 5), offset=100)
    store = tmp_path / "o.zarr"
    ok(gridmill("convert", tmp_path / "a.nc", store, "--pack", "t:16", "--pack-range", "250:310"))
    before = digest(store)
    run = gridmill("append", tmp_path / "b.nc", store)
    assert run.returncode == 3 and "is 3" in run.stderr and "to 310: give a wider range" in run.stderr, run.stderr
    assert opened(store).time.size == 5
    ok(gridmill("append", tmp_path / "a.nc", store, "--on-overlap", "keep"))  # settles what the failed one left
    assert digest(store) == before


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_05_missing_stays_missing(gridmill, tmp_path, bits):
    rng = np.random.default_rng(bits)
    ranges = [sorted(rng.uniform(-1e4, 1e4, 2)) for _ in range(30)] + [[0, 100], [-1, 1], [0, 1], [250, 310]]
    file = xr.Dataset({f"v{i}": (("x",), np.append(rng.uniform(a, b, 500), [a, b, np.nan])) for i, (a, b) in enumerate(ranges)})
    file.to_netcdf(tmp_path / "a.nc")
    bounds = [word for i, (a, b) in enumerate(ranges) for word in ("--pack-range", f"v{i}:{a!r}:{b!r}".replace("np.float64(", "").replace(")", ""))]
    ok(gridmill("convert", tmp_path / "a.nc", tmp_path / "o.zarr", "--pack", bits, *bounds))
    made = opened(tmp_path / "o.zarr")
    for i, (a, b) in enumerate(ranges):
        step = (b - a) / (2**bits - 2)
        read, wanted = made[f"v{i}"].values, file[f"v{i}"].values
        assert (np.isnan(read) == np.isnan(wanted)).all()
        assert np.nanmax(np.abs(read - wanted)) <= step / 2 + 1e-11 * max(abs(a), abs(b))


def test_06_times_of_an_append_are_exact(gridmill, tmp_path):
    write(tmp_path / "a.nc", times("2001-01-01", 5), units="days since 2001-01-01", **{})
    write(tmp_path / "b.nc", times("2001-01-06", 8, "h", 6), units="hours since 1970-01-01")
    store = tmp_path / "o.zarr"
    ok(gridmill("convert", tmp_path / "a.nc", store))
    ok(gridmill("append", tmp_path / "b.nc", store))
    assert (opened(store).time.values[5:] == times("2001-01-06", 8, "h", 6)).all()
    # Where whole days are all that the store can hold, nothing is rounded.
    whole = xr.open_dataset(tmp_path / "a.nc")
    whole.to_netcdf(tmp_path / "whole.nc", encoding={"time": {"units": "days since 2001-01-01", "dtype": "i4"}})
    ok(gridmill("convert", tmp_path / "whole.nc", tmp_path / "whole.zarr"))
    before = digest(tmp_path / "whole.zarr")
    assert gridmill("append", tmp_path / "b.nc", tmp_path / "whole.zarr").returncode in (2, 5)
    assert digest(tmp_path / "whole.zarr") == before


@pytest.mark.parametrize("verb", ["append", "write-region"])
@pytest.mark.parametrize("change", ["shifted", "flipped"])
def test_07_another_grid_changes_nothing(gridmill, tmp_path, verb, change):
    write(tmp_path / "a.nc", times("2001-01-01", 5))
    lat = np.linspace(-50, 50, 6)
    lat = lat + 0.25 if change == "shifted" else lat[::-1]
    first = "2001-01-06" if verb == "append" else "2001-01-01"
    write(tmp_path / "b.nc", times(first, 5), lat=lat)
    store = tmp_path / "o.zarr"
    ok(gridmill("convert", tmp_path / "a.nc", store))
    before = digest(store)
    run = gridmill(verb, tmp_path / "b.nc", store)
    assert run.returncode == 3 and "lat" in run.stderr, run.stderr
    assert digest(store) == before


def test_08_times_off_the_axis_are_refused(gridmill, tmp_path):
    write(tmp_path / "a.nc", times("2001-01-01", 4, "h"))
    odd = np.datetime64("2001-01-01", "ns") + np.array([0, 60, 90, 180]) * np.timedelta64(1, "m")
    write(tmp_path / "odd.nc", odd)
    store = tmp_path / "o.zarr"
    ok(gridmill("template", tmp_path / "a.nc", store, "--end", "2001-01-01T23"))
    run = gridmill("write-region", tmp_path / "odd.nc", store)
    assert run.returncode == 3 and "2001-01-01T01:30:00" in run.stderr, run.stderr


def test_09_earlier_times_do_not_go_behind_later_ones(gridmill, tmp_path):
    write(tmp_path / "a.nc", times("2001-01-06", 5))
    write(tmp_path / "b.nc", times("2001-01-01", 5))
    store = tmp_path / "o.zarr"
    ok(gridmill("convert", tmp_path / "a.nc", store))
    before = digest(store)
    run = gridmill("append", tmp_path / "b.nc", store)
    assert run.returncode == 5 and "before the first" in run.stderr, run.stderr
    assert digest(store) == before


def test_10_what_is_not_written_is_missing_and_months_are_months(gridmill, tmp_path):
    first = write(tmp_path / "a.nc", np.array(["2001-01-01", "2001-02-01"], "M8[ns]"))
    xr.merge([first, xr.Dataset({"height": (("lat", "lon"), np.full((6, 8), 7.0))})]).to_netcdf(
        tmp_path / "b.nc", encoding={"time": {"units": "days since 2001-01-01", "dtype": "f8"}})  # fmt: skip
    ok(gridmill("template", tmp_path / "b.nc", tmp_path / "o.zarr", "--start", "2001-01-01", "--end", "2002-12-01", "--freq", "MS"))
    made = opened(tmp_path / "o.zarr")
    assert (made.time.values == np.arange("2001-01", "2003-01", dtype="M8[M]").astype("M8[ns]")).all()
    assert np.isnan(made.t.values).all() and (made.height.values == 7).all()


def test_11_groups_below_the_root_are_kept(gridmill, tmp_path):
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as file:
        group = file.createGroup("below/deeper")
        group.createDimension("x", 3)
        group.createVariable("v", "f4", ("x",))[:] = [1, 2, 3]
    ok(gridmill("convert", tmp_path / "a.nc", tmp_path / "o.zarr"))
    assert (zarr.open_group(tmp_path / "o.zarr")["below/deeper/v"][:] == [1, 2, 3]).all()


def test_12_chunks_of_any_dimension_count_and_others_are_errors(gridmill, tmp_path):
    xr.Dataset({"v": (("station", "level"), np.zeros((40, 12)))}).to_netcdf(tmp_path / "a.nc")
    ok(gridmill("convert", tmp_path / "a.nc", tmp_path / "o.zarr", "--chunks", "station=10,level=5"))
    assert zarr.open_group(tmp_path / "o.zarr")["v"].chunks == (10, 5)
    assert gridmill("convert", tmp_path / "a.nc", tmp_path / "p.zarr", "--chunks", "levle=5").returncode == 2


def test_13_writers_that_meet_in_a_chunk_lose_nothing(gridmill, tmp_path):
    parts = [write(tmp_path / f"{i}.nc", times(f"2001-01-0{i + 1}", 24, "h")) for i in range(4)]
    store = tmp_path / "o.zarr"
    ok(gridmill("template", tmp_path / "0.nc", store, "--end", "2001-01-04T23", "--chunks", "t:time=36"))
    command = [str(gridmill.binary), "write-region"]
    running = [subprocess.Popen([*command, tmp_path / f"{i}.nc", store], stderr=subprocess.PIPE) for i in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    assert (opened(store).t.values == np.concatenate([part.t.values for part in parts])).all()


def test_14_a_failed_append_leaves_nothing_and_the_next_succeeds(gridmill, tmp_path):
    write(tmp_path / "a.nc", times("2001-01-01", 5))
    good = write(tmp_path / "b.nc", times("2001-01-06", 40), t={"zlib": True, "chunksizes": (4, 6, 8)})
    data = bytearray((tmp_path / "b.nc").read_bytes())
    with netCDF4.Dataset(tmp_path / "b.nc") as file:
        assert file["t"].chunking() == [4, 6, 8]
    (tmp_path / "bad.nc").write_bytes(data[: len(data) * 2 // 3])
    store = tmp_path / "o.zarr"
    ok(gridmill("convert", tmp_path / "a.nc", store))
    assert gridmill("append", tmp_path / "bad.nc", store).returncode == 3
    assert opened(store).time.size == 5
    ok(gridmill("append", tmp_path / "b.nc", store))
    assert (opened(store).t.values[5:] == good.t.values).all()


def test_15_a_store_that_exists_is_not_replaced_unasked(gridmill, tmp_path):
    write(tmp_path / "a.nc", times("2001-01-01", 5))
    store = tmp_path / "o.zarr"
    ok(gridmill("convert", tmp_path / "a.nc", store))
    before = digest(store)
    assert gridmill("convert", tmp_path / "a.nc", store).returncode == 5
    (tmp_path / "bad.nc").write_bytes((tmp_path / "a.nc").read_bytes()[:3000])
    assert gridmill("convert", tmp_path / "bad.nc", store, "--overwrite").returncode == 3
    assert digest(store) == before


def test_16_a_check_compares_values_in_groups_too(gridmill, tmp_path):
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as file:
        group = file.createGroup("g")
        group.createDimension("x", 50)
        group.createVariable("v", "f8", ("x",))[:] = np.arange(50)
    ok(gridmill("convert", tmp_path / "a.nc", tmp_path / "o.zarr", "--check-vars", "g/v", "--retries", "1"))
    ok(gridmill("verify", tmp_path / "o.zarr", "--against", tmp_path / "a.nc"))
    zarr.open_group(tmp_path / "o.zarr")["g/v"][7] = 7.5
    shutil.rmtree(tmp_path / "o.zarr.gridmill")  # whose manifest would tell that the bytes were changed
    run = gridmill("verify", tmp_path / "o.zarr", "--against", tmp_path / "a.nc")
    assert run.returncode == 3 and "1 of 50 values differ" in run.stdout


def test_18_what_a_file_says_holds_unless_a_flag_says_otherwise(gridmill, tmp_path):
    (tmp_path / "run.yaml").write_text("packing: {enabled: true, bits: 8, range_exceeded_action: error}\ntime: {dim: valid}\n")
    for more, bits, said in (([], ["8"], "pack in "), (["--pack", "32"], ["32"], "--pack")):
        run = ok(gridmill("template", "--config", tmp_path / "run.yaml", *more, "--show-config", "--json"))
        shown = json.loads(run.stdout)
        assert shown["pack"]["value"] == bits and shown["pack"]["from"].startswith(said)
        assert shown["dim"]["value"] == ["valid"] and shown["out-of-range"]["value"] == ["error"]


def test_19_scalar_variables_and_groups_are_no_obstacle_to_a_region(gridmill, tmp_path):
    file = write(tmp_path / "a.nc", times("2001-01-01", 5))
    whole = file.assign(crs=((), np.int32(4326)))
    axis = {"time": {"units": "hours since 2001-01-01", "dtype": "f8"}}
    whole.to_netcdf(tmp_path / "b.nc", encoding=axis)
    with netCDF4.Dataset(tmp_path / "b.nc", "a") as nested:
        group = nested.createGroup("nested")
        group.createVariable("n", "f8", ("time",))[:] = np.arange(5) + 0.5
        group.createVariable("crs", "i4", ())[...] = 4326
    store = tmp_path / "o.zarr"
    ok(gridmill("template", tmp_path / "b.nc", store, "--end", "2001-01-10"))
    ok(gridmill("write-region", tmp_path / "b.nc", store))
    made = opened(store)
    assert (made.t.values[:5] == file.t.values).all() and made.crs == 4326 and np.isnan(made.t.values[5:]).all()
    nested = zarr.open_group(store)["nested"]
    assert (nested["n"][:5] == np.arange(5) + 0.5).all() and np.isnan(nested["n"][5:]).all() and nested["crs"][...] == 4326


def test_20_a_codec_does_not_unpack(gridmill, tmp_path):
    packing = {"dtype": "i2", "scale_factor": 0.01, "add_offset": 273.15, "_FillValue": np.int16(-32767)}
    write(tmp_path / "a.nc", times("2001-01-01", 5), t=packing)
    ok(gridmill("convert", tmp_path / "a.nc", tmp_path / "o.zarr", "--codec", "zstd:3"))
    with netCDF4.Dataset(tmp_path / "a.nc") as source:
        source.set_auto_maskandscale(False)
        stored = zarr.open_group(tmp_path / "o.zarr")["t"]
        assert stored.dtype == np.int16 and (stored[:] == source["t"][:]).all()


def test_21_memory_does_not_grow_with_the_variable(gridmill, tmp_path):
    peaks = []
    for steps in (20, 400):
        path = tmp_path / f"{steps}.nc"
        xr.Dataset({"v": (("t", "y", "x"), np.random.default_rng(0).normal(size=(steps, 500, 400)).astype("f4"))}).to_netcdf(
            path, encoding={"v": {"chunksizes": (1, 500, 400)}})  # fmt: skip
        run = ok(gridmill("convert", path, tmp_path / f"{steps}.zarr", "--memory", "128M", "--pack", "16", "--json"))
        peaks.append(json.loads(run.stdout)["peak_memory"])
    assert peaks[1] <= (128 << 20) + 100_000_000, "of 320 MB, which zarrio would hold two or three times"


def test_22_ratios_are_of_the_uncompressed_bytes(gridmill, tmp_path):
    file = write(tmp_path / "a.nc", times("2001-01-01", 40))
    run = ok(gridmill("analyze", tmp_path / "a.nc", "--variables", "t", "--json"))
    report = json.loads(run.stdout)
    assert report["variables"][0]["bytes"] == file.t.nbytes


@pytest.mark.parametrize("layout", [["--zarr-format", "2"], ["--zarr-format", "3"], ["--shards", "time=all,lat=all,lon=all"]])
def test_23_packing_works_in_every_format_and_in_shards(gridmill, tmp_path, layout):
    file = write(tmp_path / "a.nc", times("2001-01-01", 6))
    ok(gridmill("convert", tmp_path / "a.nc", tmp_path / "o.zarr", "--pack", "t:16", "--chunks", "time=2,lat=3", *layout))
    made = opened(tmp_path / "o.zarr")
    assert made.t.encoding["dtype"] == np.int16
    assert np.abs(made.t.values - file.t.values).max() <= made.t.encoding["scale_factor"] / 2 * (1 + 1e-9)
