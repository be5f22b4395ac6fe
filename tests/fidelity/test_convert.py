"""Every undamaged file of the real data, converted, reads in xarray and zarr-python as the original."""

import warnings

import netCDF4
import numpy as np
import pytest
import xarray as xr
import zarr

from fidelity.comparison import (
    assert_same_attributes,
    assert_same_dataset,
    assert_same_encoding,
    assert_same_values,
    convert,
    open_original,
    open_store,
)

NETCDF = [
    "A1B_north_america.nc",
    "CanESM2_1950-2100.nc",
    "ahccd_1950-2013.nc",
    "ecmwf_temperature_721x1440.nc",
    "era5_cities_daily_1990-1993.nc",
    "eraint_uvz.nc",
    "hadgem2-cc_tasmax_360day_2095.nc",
    "orca2_votemper.nc",
    "ostia_monthly.nc",
    "rotated_pole.nc",
    "tigge_pl_t_q_2024-08-02.nc",
]
GRIB = [
    "era5-2mt-2019-03-uk.grib",
    "era5-levels-members.grib",
    "fields_with_missing_values.grib",
    "lambert_grid.grib",
    "reduced_gg.grib",
    "regular_gg_ml_g2.grib",
]
FERRET = [
    "coads_climatology.cdf",
    "esku_heat_budget.cdf",
    "etopo120.cdf",
    "etopo20.cdf",
    "etopo40.cdf",
    "etopo60.cdf",
    "levitus_climatology.cdf",
    "monthly_navy_winds.cdf",
    "ocean_atlas_subset.nc",
]
# "hour since 0000-01-01" in the standard calendar, which has no year 0: xarray refuses the original, too.
YEAR_ZERO = {"coads_climatology.cdf", "esku_heat_budget.cdf", "ocean_atlas_subset.nc"}
# A _FillValue of NaN on int16: no value can equal it, xarray drops it with a warning, and so do we.
NAN_FILL = {"eraint_uvz.nc": ("z", "u", "v")}

formats = pytest.mark.parametrize("zarr_format", [3, 2])


def without_nan_fill(dataset, name):
    for variable in NAN_FILL.get(name, ()):
        dataset[variable].attrs.pop("_FillValue")
    return dataset


def check_netcdf(gridmill, path, store, zarr_format):
    convert(gridmill, path, store, "--zarr-format", zarr_format)
    original = without_nan_fill(open_original(path, raw=True), path.name)
    assert_same_dataset(open_store(store, raw=True), original, "encoded")

    options = {"decode_times": False} if path.name in YEAR_ZERO else {}
    original = open_original(path, **options)
    found = open_store(store, **options)
    assert_same_dataset(found, original, "decoded")
    assert_same_encoding(found, original, "decoded")
    check_zarr_python(path, store, zarr_format)


def zarr_arrays(store, zarr_format):
    """{name: (array, values)} of the root as zarr-python reads it; every warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        group = zarr.open_group(store, mode="r")
        assert group.metadata.zarr_format == zarr_format
        return {name: (array, array[...]) for name, array in group.arrays()}


def check_zarr_python(path, store, zarr_format):
    arrays = zarr_arrays(store, zarr_format)
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        assert set(arrays) == set(file.variables)
        for name, variable in file.variables.items():
            array, values = arrays[name]
            assert array.shape == variable.shape, name
            assert_same_values(values, variable[...], f"zarr-python: {name}")


@formats
@pytest.mark.parametrize("name", NETCDF)
def test_netcdf(gridmill, data, tmp_path, name, zarr_format):
    check_netcdf(gridmill, data / name, tmp_path / "out.zarr", zarr_format)


@formats
@pytest.mark.parametrize("name", FERRET)
def test_ferret_climatologies(gridmill, ferret, tmp_path, name, zarr_format):
    check_netcdf(gridmill, ferret / name, tmp_path / "out.zarr", zarr_format)


@formats
@pytest.mark.parametrize("name", ["eraint_uvz.nc", "tigge_pl_t_q_2024-08-02.nc"])
def test_packed_integers_stay_packed(gridmill, data, tmp_path, name, zarr_format):
    store = tmp_path / "out.zarr"
    convert(gridmill, data / name, store, "--zarr-format", zarr_format)
    group = zarr.open_group(store, mode="r")
    with netCDF4.Dataset(data / name) as file:
        packed = [v for v in file.variables.values() if "scale_factor" in v.ncattrs()]
        assert packed
        for variable in packed:
            array = group[variable.name]
            assert array.dtype == np.int16
            assert array.attrs["scale_factor"] == variable.scale_factor
            assert array.attrs["add_offset"] == variable.add_offset


def test_a_fill_value_that_zarr_cannot_hold_is_said(gridmill, data, tmp_path):
    run = convert(gridmill, data / "eraint_uvz.nc", tmp_path / "out.zarr")
    assert "_FillValue" in run.stderr and "int16" in run.stderr


@pytest.mark.parametrize(
    ("name", "variable", "calendar"),
    [
        ("A1B_north_america.nc", "time", "360_day"),
        ("hadgem2-cc_tasmax_360day_2095.nc", "time", "360_day"),
        ("CanESM2_1950-2100.nc", "time", "noleap"),
        ("ostia_monthly.nc", "time", "gregorian"),
    ],
)
def test_calendars_survive(gridmill, data, tmp_path, name, variable, calendar):
    convert(gridmill, data / name, tmp_path / "out.zarr")
    coder = xr.coders.CFDatetimeCoder(use_cftime=True)  # dates as such, in every calendar
    found = open_store(tmp_path / "out.zarr", decode_times=coder)[variable]
    original = open_original(data / name, decode_times=coder)[variable]
    assert found.encoding["calendar"] == calendar
    assert found.values[0].calendar == original.values[0].calendar
    assert found.values.tolist() == original.values.tolist()


def cfgrib_dataset(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {"backend_kwargs": {"indexpath": ""}, **options}
        return xr.open_dataset(path, engine="cfgrib", **options).load()


@formats
@pytest.mark.parametrize("name", GRIB)
def test_grib(gridmill, data, tmp_path, name, zarr_format):
    store = tmp_path / "out.zarr"
    convert(gridmill, data / name, store, "--zarr-format", zarr_format)
    found, wanted = open_store(store), cfgrib_dataset(data / name)
    found.attrs.pop("history", None), wanted.attrs.pop("history", None)  # cfgrib: the time of day
    assert_same_dataset(found, wanted, "decoded")
    raw = {"decode_times": False, "mask_and_scale": False}
    found, wanted = open_store(store, **raw), cfgrib_dataset(data / name, **raw)
    arrays = zarr_arrays(store, zarr_format)
    assert set(arrays) == set(wanted.variables)
    for variable in wanted.variables:
        assert_same_values(found[variable].values, wanted[variable].values, variable)
        array, values = arrays[variable]
        assert array.shape == wanted[variable].shape, variable
        assert_same_values(values, wanted[variable].values, f"zarr-python: {variable}")


@formats
def test_grib_of_several_hypercubes(gridmill, data, tmp_path, zarr_format):
    """Fields that share no coordinates become groups, each as cfgrib.open_datasets has it."""
    import cfgrib

    mixed, store = tmp_path / "mixed.grib", tmp_path / "out.zarr"
    parts = ["fields_with_missing_values.grib", "era5-levels-members.grib", "regular_gg_ml_g2.grib"]
    mixed.write_bytes(b"".join((data / part).read_bytes() for part in parts))
    convert(gridmill, mixed, store, "--zarr-format", zarr_format)
    groups = dict(zarr.open_group(store, mode="r").groups())
    assert sorted(groups) == ["hybrid", "isobaricInhPa", "surface"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cubes = cfgrib.open_datasets(str(mixed), backend_kwargs={"indexpath": ""})
    assert len(cubes) == len(groups)
    for cube in cubes:
        level = next(name for name in groups if name in cube.coords)
        found = open_store(store, group=level)
        cube.attrs.pop("history", None)
        assert_same_dataset(found, cube.load(), level)


@formats
def test_attributes_of_groups(gridmill, data, tmp_path, zarr_format):
    store = tmp_path / "out.zarr"
    convert(gridmill, data / "A1B_north_america.nc", store, "--zarr-format", zarr_format)
    found = dict(zarr.open_group(store, mode="r").attrs)
    with netCDF4.Dataset(data / "A1B_north_america.nc") as file:
        assert_same_attributes(found, {k: file.getncattr(k) for k in file.ncattrs()}, "root")


@pytest.mark.parametrize("zarr_format", [3, 2])
def test_zarr_to_zarr_and_selection(gridmill, data, tmp_path, zarr_format):
    """A part of a store, in another layout, equals xarray's part."""
    whole, part = tmp_path / "whole.zarr", tmp_path / "part.zarr"
    convert(gridmill, data / "A1B_north_america.nc", whole)
    convert(
        gridmill, whole, part, "--zarr-format", zarr_format, "--region", "time=13:101",
        "--sel", "latitude=30:60", "--chunks", "air_temperature:time=11,latitude=all",
        "--codec", "zstd:3",
    )  # fmt: skip
    found = open_store(part)
    wanted = open_original(data / "A1B_north_america.nc").isel(time=slice(13, 101))
    wanted = wanted.sel(latitude=slice(30, 60))
    assert_same_dataset(found, wanted)
    assert zarr.open_group(part, mode="r")["air_temperature"].chunks[0] == 11


def test_variables_and_drop(gridmill, data, tmp_path):
    file = data / "CanESM2_1950-2100.nc"
    convert(gridmill, file, tmp_path / "a.zarr", "--drop", "pr")
    found = open_store(tmp_path / "a.zarr", decode_times=False)
    assert set(found.variables) == {"time", "lat", "lon", "location", "tasmax"}
    convert(gridmill, file, tmp_path / "b.zarr", "--variables", "pr")
    found = open_store(tmp_path / "b.zarr", decode_times=False)
    assert "tasmax" not in found.variables
    assert {"pr", "time", "location"} <= set(found.variables)
