"""netCDF to Zarr and back to netCDF: xarray reads the same."""

import fcntl
import json

import netCDF4
import numpy as np
import pytest
import xarray as xr

from fidelity.comparison import assert_same_dataset, assert_same_encoding, convert, open_original

FILES = [
    "A1B_north_america.nc",
    "CanESM2_1950-2100.nc",
    "era5_cities_daily_1990-1993.nc",
    "hadgem2-cc_tasmax_360day_2095.nc",
    "orca2_votemper.nc",
    "rotated_pole.nc",
    "tigge_pl_t_q_2024-08-02.nc",
]

formats = pytest.mark.parametrize("zarr_format", [3, 2])


def there_and_back(gridmill, folder, source, zarr_format):
    store, back = folder / "there.zarr", folder / "back.nc"
    convert(gridmill, source, store, "--zarr-format", zarr_format)
    convert(gridmill, store, back)
    return back


@formats
@pytest.mark.parametrize("name", FILES)
def test_there_and_back(gridmill, data, tmp_path, name, zarr_format):
    back = there_and_back(gridmill, tmp_path, data / name, zarr_format)
    assert_same_dataset(open_original(back, raw=True), open_original(data / name, raw=True), "raw")
    found, wanted = open_original(back), open_original(data / name)
    assert_same_dataset(found, wanted, "decoded")
    assert_same_encoding(found, wanted, "decoded")
    with netCDF4.Dataset(back) as file:
        assert file.data_model == "NETCDF4"


@formats
def test_climatology_there_and_back(gridmill, ferret, tmp_path, zarr_format):
    source = ferret / "coads_climatology.cdf"
    back = there_and_back(gridmill, tmp_path, source, zarr_format)
    assert_same_dataset(open_original(back, raw=True), open_original(source, raw=True))


@formats
def test_groups_strings_and_fill_values(gridmill, tmp_path, zarr_format):
    source = tmp_path / "in.nc"
    with netCDF4.Dataset(source, "w") as file:
        file.createDimension("x", 3)
        file.createVariable("name", str, ("x",))[...] = np.array(["Zürich", "", "b"], object)
        inner = file.createGroup("inner/most")
        inner.note = "°C"
        value = inner.createVariable("v", "i2", ("x",), fill_value=-1)
        value[...] = [1, -1, 3]
        inner.createVariable("scalar", "f8", ())[...] = np.pi
    back = there_and_back(gridmill, tmp_path, source, zarr_format)
    for group in (None, "inner/most"):
        found = open_original(back, group=group, raw=True)
        assert_same_dataset(found, open_original(source, group=group, raw=True), group)


def test_grib_to_netcdf(gridmill, data, tmp_path):
    source = data / "era5-levels-members.grib"
    convert(gridmill, source, tmp_path / "a.nc")
    found = open_original(tmp_path / "a.nc")
    wanted = xr.open_dataset(source, engine="cfgrib", backend_kwargs={"indexpath": ""}).load()
    for name in ("z", "t"):
        assert found[name].values.tobytes() == wanted[name].values.tobytes()
        assert found[name].dims == wanted[name].dims


def test_output_that_exists_stays(gridmill, data, tmp_path):
    back = tmp_path / "back.nc"
    back.write_bytes(b"precious")
    run = gridmill("convert", data / "rotated_pole.nc", back)
    assert run.returncode == 5 and "--overwrite" in run.stderr
    assert back.read_bytes() == b"precious"
    convert(gridmill, data / "rotated_pole.nc", back, "--overwrite")
    assert "air_pressure_at_sea_level" in open_original(back, raw=True)
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".nc") == ["back.nc"]


def noise(path, count, shape, chunks, **options):
    random = np.random.default_rng(5)
    with netCDF4.Dataset(path, "w", **options) as file:
        for name, size in zip(("time", "y", "x"), shape):
            file.createDimension(name, size)
        for i in range(count):
            sizes = {} if chunks is None else {"chunksizes": chunks}
            variable = file.createVariable(f"v{i}", "f4", ("time", "y", "x"), **sizes)
            variable[...] = random.normal(size=shape).astype("f4")
    return path


def test_the_same_file_whatever_the_threads(gridmill, tmp_path):
    """HDF5 gives out places as chunks arrive, which used to depend on timing."""
    source = noise(tmp_path / "in.nc", 3, (40, 60, 70), (3, 60, 70))
    contents = set()
    for run, threads in enumerate([1, 2, 4, 4, 3]):
        out = tmp_path / f"{run}.nc"
        convert(gridmill, source, out, "--threads", threads, "--chunks", "time=1,y=30")
        contents.add(out.read_bytes())
        out.unlink()
    assert len(contents) == 1


def test_written_chunks_are_not_kept_in_memory(gridmill, tmp_path):
    """libnetcdf would keep up to 64 MiB of every variable: here 40 times 8 MiB."""
    source = noise(tmp_path / "in.nc", 40, (8, 512, 512), None, format="NETCDF3_64BIT_OFFSET")
    few = ["--memory", "128M", "--threads", "2", "--json"]
    report = json.loads(convert(gridmill, source, tmp_path / "out.nc", *few).stdout)
    assert report["peak_memory"] < (128 + 100) * 2**20
    with netCDF4.Dataset(source) as wanted, netCDF4.Dataset(tmp_path / "out.nc") as found:
        for name in ("v0", "v39"):
            assert found[name][...].tobytes() == wanted[name][...].tobytes()


def test_a_layout_that_reads_the_source_many_times_is_refused(gridmill, tmp_path):
    source = noise(tmp_path / "in.nc", 1, (400, 200, 300), (1, 200, 300))
    out = tmp_path / "out.nc"
    run = gridmill("convert", source, out, "--chunks", "time=400,y=1,x=1", "--memory", "64M")
    assert run.returncode == 2 and "v0" in run.stderr and "times" in run.stderr and "rechunk" in run.stderr
    assert not out.exists()


def test_inherited_dimensions_stay_with_their_group(gridmill, tmp_path):
    source, back = tmp_path / "in.nc", tmp_path / "back.nc"
    with netCDF4.Dataset(source, "w") as file:
        file.createDimension("time", None)
        file.createDimension("x", 3)
        inner = file.createGroup("a/b")
        inner.createVariable("v", "f4", ("time", "x"))[...] = np.arange(12).reshape(4, 3)
        own = file.createGroup("c")
        own.createDimension("x", 5)
        own.createVariable("w", "f4", ("time", "x"))[...] = np.arange(20).reshape(4, 5)
    convert(gridmill, source, back)
    with netCDF4.Dataset(back) as file:
        assert set(file.dimensions) == {"time", "x"} and file.dimensions["time"].isunlimited()
        assert not file["a"].dimensions and not file["a/b"].dimensions
        assert file["c"].dimensions["x"].size == 5 and list(file["c"].dimensions) == ["x"]
        np.testing.assert_array_equal(file["a/b/v"][...], np.arange(12).reshape(4, 3))
        np.testing.assert_array_equal(file["c/w"][...], np.arange(20).reshape(4, 5))
    convert(gridmill, source, back, "--region", "time=1:3", "--overwrite")
    with netCDF4.Dataset(back) as file:
        assert file.dimensions["time"].isunlimited() and file.dimensions["time"].size == 2
        np.testing.assert_array_equal(file["a/b/v"][...], np.arange(3, 9).reshape(2, 3))


def test_a_file_url_is_a_path(gridmill, data, tmp_path):
    """It used to make a file whose name began with "file:"."""
    convert(gridmill, data / "rotated_pole.nc", f"file:{tmp_path}/a.nc")
    convert(gridmill, data / "rotated_pole.nc", "file:b.nc", cwd=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nc", "b.nc"]


def test_what_a_killed_run_left_is_cleared_and_named(gridmill, data, tmp_path):
    (tmp_path / "back.nc.0123456789abcdef.partial").write_bytes(b"half")
    (tmp_path / "other.nc.0123456789abcdef.partial").write_bytes(b"half")
    run = gridmill("convert", data / "rotated_pole.nc", tmp_path / "back.nc")
    assert run.returncode == 0 and "back.nc.0123456789abcdef.partial" in run.stderr
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["back.nc", "other.nc.0123456789abcdef.partial"]


def test_two_runs_for_one_file(gridmill, data, tmp_path):
    with open(tmp_path / "back.nc.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = gridmill("convert", data / "rotated_pole.nc", tmp_path / "back.nc")
    assert run.returncode == 5 and "another run" in run.stderr
    assert not (tmp_path / "back.nc").exists()
