"""Many files, one store: against xarray's concatenation of the same files."""

import warnings

import numpy as np
import pytest
import xarray as xr
import zarr

from fidelity.comparison import assert_same_dataset, assert_same_values, convert, open_store

formats = pytest.mark.parametrize("zarr_format", [3, 2])


def pieces(folder, lengths, reference=None, packed=False):
    """Consecutive daily files of the given lengths; `reference(i)` is file i's reference date."""
    days = np.arange(sum(lengths))
    times = np.datetime64("2001-01-01", "ns") + days * np.timedelta64(1, "D")
    values = np.random.default_rng(5).normal(280, 9, (days.size, 6, 8)).astype("f4")
    whole = xr.Dataset(
        {
            "t": (("time", "lat", "lon"), values, {"units": "K"}),
            "mask": (("lat", "lon"), (values[0] > 280).astype("i1")),
        },
        coords={
            "time": ("time", times, {"standard_name": "time"}),
            "lat": ("lat", np.linspace(10, 60, 6), {"units": "degrees_north"}),
            "lon": ("lon", np.arange(8.0), {"units": "degrees_east"}),
        },
    )
    encoding = {"t": {"_FillValue": None}}
    if packed:
        encoding["t"] = {"dtype": "i2", "scale_factor": 0.01, "add_offset": 280.0,
                         "_FillValue": np.int16(-32767)}  # fmt: skip
    paths, start = [], 0
    for number, length in enumerate(lengths):
        part = whole.isel(time=slice(start, start + length))
        units = f"days since {reference(number) if reference else '2000-01-01'}"
        path = folder / f"part{number}.nc"
        part.to_netcdf(path, encoding={**encoding, "time": {"units": units, "dtype": "i4"}})
        paths.append(path)
        start += length
    return paths


def joined(paths, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parts = [xr.open_dataset(path, engine="netcdf4", **options).load() for path in paths]
        return xr.concat(
            parts, "time", data_vars="minimal", coords="minimal", compat="override", join="exact"
        )


@formats
@pytest.mark.parametrize("lengths", [[5, 7, 1, 12], [10, 10, 10]])
@pytest.mark.parametrize("chunk", [4, 5, 25, None])
def test_chunks_that_end_inside_files(gridmill, tmp_path, lengths, chunk, zarr_format):
    paths, store = pieces(tmp_path, lengths), tmp_path / "out.zarr"
    layout = ["--chunks", f"time={chunk}"] if chunk else []
    convert(gridmill, *paths, store, "--zarr-format", zarr_format, *layout)
    assert_same_dataset(open_store(store), joined(paths))
    if chunk:
        assert zarr.open_group(store, mode="r")["t"].chunks[0] == chunk


@formats
def test_order_of_inputs_does_not_matter(gridmill, tmp_path, zarr_format):
    paths, store = pieces(tmp_path, [3, 4, 5]), tmp_path / "out.zarr"
    convert(gridmill, *reversed(paths), store, "--zarr-format", zarr_format)
    assert_same_dataset(open_store(store), joined(paths))


@formats
def test_packed_files_stay_packed(gridmill, tmp_path, zarr_format):
    paths, store = pieces(tmp_path, [3, 4], packed=True), tmp_path / "out.zarr"
    convert(gridmill, *paths, store, "--zarr-format", zarr_format, "--chunks", "time=2")
    raw = {"mask_and_scale": False}
    found, wanted = open_store(store, **raw), joined(paths, **raw)
    assert found["t"].dtype == np.int16
    assert_same_dataset(found, wanted)
    assert_same_dataset(open_store(store), joined(paths))


@formats
def test_each_file_has_its_own_reference_date(gridmill, tmp_path, zarr_format):
    """The commonest trap: numbers that repeat, units that differ."""
    paths = pieces(tmp_path, [31, 28, 31], reference=lambda i: f"2001-0{i + 1}-01")
    store = tmp_path / "out.zarr"
    convert(gridmill, *paths, store, "--zarr-format", zarr_format)
    found, wanted = open_store(store), joined(paths)
    assert_same_dataset(found, wanted)
    assert_same_values(found["time"].values, wanted["time"].values, "time")


def test_as_open_mfdataset(gridmill, tmp_path):
    paths, store = pieces(tmp_path, [5, 6, 7]), tmp_path / "out.zarr"
    convert(gridmill, *paths, store)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = xr.open_mfdataset(
            paths, combine="by_coords", data_vars="minimal", coords="minimal", compat="override"
        ).load()
    assert_same_dataset(open_store(store), wanted)


def test_verify_against_all_of_them(gridmill, tmp_path):
    paths, store = pieces(tmp_path, [5, 7, 1]), tmp_path / "out.zarr"
    convert(gridmill, *paths, store, "--chunks", "time=4")
    run = gridmill("verify", store, "--against", *paths)
    assert run.returncode == 0, run.stdout + run.stderr
    run = gridmill("verify", store, "--against", *paths[:2])
    assert run.returncode == 3
    assert "t" in run.stdout and "13" in run.stdout and "12" in run.stdout


@formats
def test_different_variables_merge(gridmill, tmp_path, zarr_format):
    a, b = pieces(tmp_path, [6])[0], tmp_path / "other.nc"
    with xr.open_dataset(a) as whole:
        whole[["t"]].rename(t="u").to_netcdf(b)
    store = tmp_path / "out.zarr"
    convert(gridmill, a, b, store, "--zarr-format", zarr_format)
    found = open_store(store)
    assert {"t", "u", "mask"} == set(found.data_vars)
    assert_same_values(found["u"].values, found["t"].values, "u")


def messages(path):
    """The GRIB messages of a file, by the length that section 0 declares (edition 1)."""
    raw, start, found = path.read_bytes(), 0, []
    while (start := raw.find(b"GRIB", start)) >= 0:
        length = int.from_bytes(raw[start + 4 : start + 7], "big")
        found.append(raw[start : start + length])
        start += length
    return found


@formats
def test_grib_files(gridmill, data, tmp_path, zarr_format):
    """A month of hours, a file per ten days: the same store as from the one file."""
    whole = data / "era5-2mt-2019-03-uk.grib"
    hours, paths = messages(whole), []
    for number, start in enumerate(range(0, len(hours), 240)):
        paths.append(tmp_path / f"part{number}.grib")
        paths[-1].write_bytes(b"".join(hours[start : start + 240]))
    assert len(paths) == 4 and len(hours) == 744
    store = tmp_path / "out.zarr"
    convert(gridmill, *paths, store, "--zarr-format", zarr_format, "--chunks", "time=100")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = xr.open_dataset(whole, engine="cfgrib", backend_kwargs={"indexpath": ""}).load()
    found = open_store(store)
    found.attrs.pop("history", None), wanted.attrs.pop("history", None)
    for name in wanted.variables:
        assert_same_values(found[name].values, wanted[name].values, name)
    assert set(found.coords) == set(wanted.coords)
