"""Files of one time (one member, one level) each: against xarray's concatenation and cfgrib."""

import warnings

import eccodes
import numpy as np
import pytest
import xarray as xr

from fidelity.comparison import assert_same_dataset, assert_same_values, convert, open_store
from fidelity.test_concat import formats, messages


def key_of(message, key):
    handle = eccodes.codes_new_from_message(message)
    try:
        return eccodes.codes_get(handle, key)
    finally:
        eccodes.codes_release(handle)


def split(path, folder, key):
    """One file per value of a key, in order of appearance."""
    parts = {}
    for message in messages(path):
        parts.setdefault(key_of(message, key), []).append(message)
    paths = []
    for value, part in parts.items():
        paths.append(folder / f"{key}{value}.grib")
        paths[-1].write_bytes(b"".join(part))
    return paths


def cfgrib(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {"backend_kwargs": {"indexpath": ""}}
        return xr.open_dataset(path, engine="cfgrib", **options).load()


def assert_same_fields(found, wanted):
    assert set(found.coords) == set(wanted.coords)
    assert set(found.data_vars) == set(wanted.data_vars)
    for name in wanted.variables:
        assert found[name].dims == wanted[name].dims, name
        assert_same_values(found[name].values, wanted[name].values, name)


@formats
def test_grib_single_times(gridmill, data, tmp_path, zarr_format):
    """25 files of one message: as cfgrib reads one file of 25, whatever the order of the inputs."""
    hours, paths = messages(data / "era5-2mt-2019-03-uk.grib")[:25], []
    whole = tmp_path / "whole.grib"
    whole.write_bytes(b"".join(hours))
    for number, message in enumerate(hours):
        paths.append(tmp_path / f"{number}.grib")
        paths[-1].write_bytes(message)
    store = tmp_path / "out.zarr"
    convert(gridmill, *reversed(paths), store, "--zarr-format", zarr_format, "--chunks", "time=7")
    found, wanted = open_store(store), cfgrib(whole)
    assert wanted["t2m"].dims == ("time", "latitude", "longitude")
    assert_same_fields(found, wanted)
    parts = [cfgrib(path) for path in paths]
    assert_same_fields(found, xr.concat(parts, "time", coords="different", compat="equals"))
    run = gridmill("verify", store, "--against", *paths)
    assert run.returncode == 0, run.stdout + run.stderr


def test_grib_last_file_of_one_message(gridmill, data, tmp_path):
    whole = data / "era5-2mt-2019-03-uk.grib"
    hours, paths = messages(whole), []
    for number, (start, stop) in enumerate([(743, 744), (0, 400), (400, 743)]):
        paths.append(tmp_path / f"part{number}.grib")
        paths[-1].write_bytes(b"".join(hours[start:stop]))
    convert(gridmill, *paths, tmp_path / "out.zarr")
    assert_same_fields(open_store(tmp_path / "out.zarr"), cfgrib(whole))


@pytest.mark.parametrize(
    "key, dimension", [("number", "number"), ("dataDate", "time"), ("level", "isobaricInhPa")]
)
def test_grib_scalars_of_every_kind(gridmill, data, tmp_path, key, dimension):
    """Members, times, levels: the new dimension leads, as in xarray.concat."""
    whole = data / "era5-levels-members.grib"
    if key == "dataDate":  # two times a day: take the first
        kept = [m for m in messages(whole) if key_of(m, "dataTime") == 0]
        whole = tmp_path / "whole.grib"
        whole.write_bytes(b"".join(kept))
    paths = split(whole, tmp_path, key)
    assert len(paths) > 1
    convert(gridmill, *paths, tmp_path / "out.zarr")
    found, wanted = open_store(tmp_path / "out.zarr"), cfgrib(whole)
    order = [dimension] + [d for d in wanted["t"].dims if d != dimension]
    assert_same_fields(found, wanted.transpose(*order))


def at_height(message, parameter, height):
    handle = eccodes.codes_new_from_message(message)
    try:
        eccodes.codes_set(handle, "paramId", parameter)
        eccodes.codes_set(handle, "typeOfLevel", "heightAboveGround")
        eccodes.codes_set(handle, "level", height)
        return eccodes.codes_get_message(handle)
    finally:
        eccodes.codes_release(handle)


@pytest.mark.parametrize("step", [1, 4])
def test_grib_levels_in_groups(gridmill, data, tmp_path, step):
    """Temperature at 2 m and wind at 10 m can't share the scalar heightAboveGround."""
    hours, paths, all_messages = messages(data / "era5-2mt-2019-03-uk.grib")[:9], [], []
    for start in range(0, len(hours), step):
        part = []
        for message in hours[start : start + step]:
            part += [at_height(message, 167, 2), at_height(message, 165, 10)]
        paths.append(tmp_path / f"{start}.grib")
        paths[-1].write_bytes(b"".join(part))
        all_messages += part
    whole, store = tmp_path / "whole.grib", tmp_path / "out.zarr"
    whole.write_bytes(b"".join(all_messages))
    convert(gridmill, *paths, store)
    for group, number in [("heightAboveGround", 167), ("heightAboveGround_2", 165)]:
        options = {"indexpath": "", "filter_by_keys": {"paramId": number}}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wanted = xr.open_dataset(whole, engine="cfgrib", backend_kwargs=options).load()
        assert_same_fields(open_store(store, group=group), wanted)


def single_times(folder, own_reference=False, count=4):
    """xarray's own files of one time: a scalar coordinate, named in every `coordinates`."""
    times = np.datetime64("2001-01-01", "ns") + np.arange(count) * np.timedelta64(6, "h")
    values = np.random.default_rng(3).normal(280, 9, (count, 3, 4)).astype("f4")
    whole = xr.Dataset(
        {"t": (("time", "lat", "lon"), values, {"units": "K"})},
        coords={
            "time": ("time", times, {"standard_name": "time"}),
            "lat": ("lat", [10.0, 20.0, 30.0], {"units": "degrees_north"}),
            "lon": ("lon", [1.0, 2.0, 3.0, 4.0], {"units": "degrees_east"}),
        },
    )
    paths = []
    for number in range(count):
        units = f"hours since {str(times[number if own_reference else 0])[:19]}"
        paths.append(folder / f"{number}.nc")
        whole.isel(time=number).to_netcdf(
            paths[-1], encoding={"t": {"_FillValue": None}, "time": {"units": units, "dtype": "i4"}}
        )
    return whole, paths


@formats
@pytest.mark.parametrize("own_reference", [False, True])
def test_netcdf_single_times(gridmill, tmp_path, zarr_format, own_reference):
    """Also where each file counts from its own time: 0 in all of them."""
    whole, paths = single_times(tmp_path, own_reference)
    store = tmp_path / "out.zarr"
    convert(gridmill, *paths, store, "--zarr-format", zarr_format)
    assert_same_dataset(open_store(store), whole)


def test_netcdf_units_of_xarrays_choice(gridmill, tmp_path):
    """Left to itself xarray counts the days since the file's own time, in integers."""
    whole, paths = single_times(tmp_path)
    for number, path in enumerate(paths):
        whole.isel(time=number).to_netcdf(path)
    with xr.open_dataset(paths[0]) as first, xr.open_dataset(paths[1]) as second:
        assert first["time"].encoding["units"] != second["time"].encoding["units"]
    convert(gridmill, *paths, tmp_path / "out.zarr")
    found = open_store(tmp_path / "out.zarr")
    assert found["time"].encoding["units"] == "hours since 2001-01-01 00:00:00"
    assert_same_dataset(found, whole)


def test_two_independent_scalars_are_refused(gridmill, tmp_path):
    _, paths = single_times(tmp_path)
    for number, path in enumerate(paths):
        with xr.open_dataset(path) as part:
            part = part.assign_coords(age=number * 1.5).load()
        del part["t"].encoding["coordinates"]
        part.to_netcdf(path)
    run = gridmill("convert", *paths, tmp_path / "out.zarr")
    assert run.returncode == 3
    assert "age" in run.stderr and "time" in run.stderr and "0.nc" in run.stderr
    assert not (tmp_path / "out.zarr").exists()


def test_the_same_time_twice_is_refused(gridmill, data, tmp_path):
    hours, paths = messages(data / "era5-2mt-2019-03-uk.grib")[:2], []
    for number, hour in enumerate([0, 1, 0]):
        paths.append(tmp_path / f"{number}.grib")
        paths[-1].write_bytes(hours[hour])
    run = gridmill("convert", *paths, tmp_path / "out.zarr")
    assert run.returncode == 3
    assert "0.grib" in run.stderr and "2.grib" in run.stderr
    assert "2019-03-01T00:00:00" in run.stderr
