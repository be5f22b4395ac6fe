"""A small field of weather with gaps, in each format that schemas are tried on."""

import numpy as np
import xarray as xr

SUFFIX = {"netcdf": ".nc", "zarr2": ".zarr", "zarr3": ".zarr"}


def weather(steps=8, seed=5):
    """t2m(time, lat, lon) with one value in ten missing, height(lat, lon); latitudes go down."""
    rng = np.random.default_rng(seed)
    values = rng.normal(280, 5, (steps, 6, 10)).astype("f4")
    values[rng.random(values.shape) < 0.1] = np.nan
    return xr.Dataset(
        {
            "t2m": (("time", "lat", "lon"), values,
                    {"units": "K", "standard_name": "air_temperature", "levels": [1, 2]}),
            "height": (("lat", "lon"), rng.uniform(0, 2000, (6, 10)), {"units": "m"}),
        },
        coords={
            "time": ("time", np.arange(steps), {"units": "days since 2000-01-01", "calendar": "standard"}),
            "lat": ("lat", np.linspace(60.0, 10.0, 6), {"units": "degrees_north"}),
            "lon": ("lon", np.arange(10.0), {"units": "degrees_east"}),
        },
        attrs={"title": "weather", "Conventions": "CF-1.8"},
    )  # fmt: skip


def save(data, folder, kind, name="in"):
    path = folder / (name + SUFFIX[kind])
    if kind == "netcdf":
        data.to_netcdf(path, encoding={"t2m": {"chunksizes": (3, 4, 5), "zlib": True}})
    else:
        chunks = {"t2m": {"chunks": (3, 4, 5)}}
        data.to_zarr(path, zarr_format=int(kind[-1]), consolidated=False, encoding=chunks)
    return path
