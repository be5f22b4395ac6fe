"""netCDF to Zarr and back to netCDF: xarray reads the same."""

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
