"""What tests of archives that grow share: a series in files of its own, and what must come of them."""

import numpy as np
import xarray as xr


def whole_series(steps, **options):
    """An hourly field with bounds and a static one."""
    rng = np.random.default_rng(17)
    times = np.datetime64("2001-01-01", "ns") + np.arange(steps) * np.timedelta64(1, "h")
    values = rng.normal(280, 9, (steps, 6, 8)).astype(options.get("dtype", "f4"))
    values[:: max(1, steps // 5), 2, 3] = np.nan
    bounds = np.stack([times - np.timedelta64(1, "h"), times], axis=1)
    return xr.Dataset(
        {
            "t": (("time", "lat", "lon"), values, {"units": "K"}),
            "orography": (("lat", "lon"), rng.normal(size=(6, 8))),
            "time_bnds": (("time", "nv"), bounds),
            "crs": ((), np.int32(4326)),
        },
        coords={
            "time": ("time", times, {"standard_name": "time", "bounds": "time_bnds"}),
            "lat": ("lat", np.linspace(10, 60, 6), {"units": "degrees_north"}),
            "lon": ("lon", np.arange(8.0), {"units": "degrees_east"}),
        },
    )


def write_parts(whole, lengths, folder, packed=False):
    """Consecutive files, each with a time reference of its own."""
    encoding = {"t": {"_FillValue": None}, "orography": {"_FillValue": None}}
    if packed:
        encoding["t"] = {"dtype": "i2", "scale_factor": 0.01, "add_offset": 280.0, "_FillValue": np.int16(-32768)}
    paths, start = [], 0
    for number, length in enumerate(lengths):
        part = whole.isel(time=slice(start, start + length))
        units = f"hours since {str(part.time.values[0])[:10]}"
        paths.append(folder / f"part{number}.nc")
        part.to_netcdf(paths[-1], encoding={**encoding, "time": {"units": units, "dtype": "i4"}})
        start += length
    return paths


def assert_holds(store, whole, packed=False):
    with xr.open_zarr(store, consolidated=None, chunks=None) as found:
        assert (found.time.values == whole.time.values).all()
        for name in ("t", "orography", "crs"):
            if packed and name == "t":
                np.testing.assert_allclose(found.t.values, whole.t.values, atol=0.006)
                continue
            np.testing.assert_array_equal(found[name].values, whole[name].values)
        np.testing.assert_array_equal(found.time_bnds.values, whole.time_bnds.values)


def changed(path, out, change):
    with xr.open_dataset(path, decode_times=False) as part:
        change(part.load()).to_netcdf(out)
    return out


def bad_lat(values):
    return lambda part: part.assign_coords(lat=("lat", values(part.lat.values), part.lat.attrs))
