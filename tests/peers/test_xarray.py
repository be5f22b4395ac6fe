"""What xarray writes in v2 and v3, in several layouts and encodings, is read and kept by us.

The oracle is xarray's own reading of its store, and of the one that `convert` makes of it.
"""

import warnings

import numpy as np
import pytest
import xarray as xr
import zarr

N, Y, X = 30, 7, 11


def dataset():
    random = np.random.default_rng(8)
    temperature = random.normal(280, 10, (N, Y, X)).astype("f4")
    temperature[3, 2] = np.nan
    data = xr.Dataset(
        {
            "t": (("time", "y", "x"), temperature, {"units": "K", "levels": [1, 2, 3]}),
            "packed": (("time", "y", "x"), np.round(temperature.astype("f8"), 1)),
            "count": (("time",), np.arange(N, dtype="i8") * 2**40),
            "flag": (("y", "x"), random.integers(0, 2, (Y, X)).astype(bool)),
            "height": ((), np.float64(2.5)),
            "name": (("y",), np.array([f"é{i}" * i for i in range(Y)], object)),
            "code": (("y",), np.array([f"{i:03d}" for i in range(Y)], "U3")),
            "lag": (("y",), np.arange(Y).astype("m8[h]").astype("m8[ns]")),
            "stamp": (("x",), np.datetime64("1999-12-31T23:59:59", "ns") + np.arange(X)),
            "z": (("x",), np.arange(X) * (1 - 2j)),
        },
        {"time": xr.date_range("2001-02-27", periods=N, freq="6h"), "y": np.arange(Y) / 3,
         "x": ("x", np.arange(X, dtype="i2"), {"axis": "X"})},
        {"title": "made by xarray", "empty": ""},
    )
    data["time"].encoding = {"units": "hours since 1950-01-01", "dtype": "i4"}
    return data


PACKED = {"dtype": "i2", "scale_factor": 0.1, "add_offset": 280.0, "_FillValue": -32768}
LAYOUTS = {
    "default": {},
    "chunks": {"t": {"chunks": (8, 7, 5)}, "packed": {"chunks": (1, Y, X), **PACKED},
               "name": {"chunks": (3,)}, "count": {"chunks": (4,)}},
    "uncompressed": {"t": {"compressors": None}, "packed": PACKED, "flag": {"compressors": None}},
    "double": {"t": {"dtype": "f8", "_FillValue": -9.0}, "count": {"dtype": "i8", "chunks": (7,)}},
    "fill": {"t": {"_FillValue": np.float32(1e20)}, "count": {"_FillValue": -1},
             "packed": {**PACKED, "dtype": "u2", "_FillValue": 65535, "add_offset": 0.0}},
}
V3_LAYOUTS = {
    "shards": {"t": {"chunks": (5, 7, 11), "shards": (10, 7, 11)},
               "packed": {"chunks": (10, 1, 11), "shards": (30, 7, 11), **PACKED}},
    "chain": {"t": {"filters": [zarr.codecs.TransposeCodec(order=(1, 2, 0))],
                    "serializer": zarr.codecs.BytesCodec(endian="big"),
                    "compressors": [zarr.codecs.ZstdCodec(level=2), zarr.codecs.Crc32cCodec()]}},
}
CASES = ([(2, name) for name in LAYOUTS] + [(3, name) for name in [*LAYOUTS, *V3_LAYOUTS]])


def opened(store, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # v3 has no specification of texts of one length
        return xr.open_zarr(store, decode_timedelta=True, **options).load()


def written(store, data, zarr_format, layout, **options):
    encoding = {**LAYOUTS, **V3_LAYOUTS}[layout]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data.to_zarr(store, zarr_format=zarr_format, encoding=encoding, **options)


@pytest.mark.parametrize("out_format", [2, 3])
@pytest.mark.parametrize("zarr_format, layout", CASES, ids=lambda value: str(value))
def test_what_xarray_writes_is_kept(gridmill, tmp_path, zarr_format, layout, out_format):
    source, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    written(source, dataset(), zarr_format, layout, consolidated=zarr_format == 2)
    run = gridmill("convert", source, out, "--zarr-format", out_format)
    assert run.returncode == 0, run.stderr
    xr.testing.assert_identical(opened(out), opened(source))
    raw = opened(out, mask_and_scale=False, decode_times=False)
    for name, wanted in opened(source, mask_and_scale=False, decode_times=False).variables.items():
        assert raw[name].dtype == wanted.dtype, name
        np.testing.assert_array_equal(raw[name].values, wanted.values)
    check = gridmill("verify", out, "--against", source)
    assert check.returncode == 0, check.stdout + check.stderr


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_what_xarray_appends_and_writes_in_regions(gridmill, tmp_path, zarr_format):
    source, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    data = dataset()[["t", "count"]]
    written(source, data.isel(time=slice(0, 13)), zarr_format, "default")
    data.isel(time=slice(13, N)).to_zarr(source, append_dim="time")
    lower = data.isel(y=slice(2, 4)) * 0 + 5
    lower[["t"]].drop_vars(["time", "x", "y"]).to_zarr(
        source, region={"time": slice(0, N), "y": slice(2, 4), "x": slice(0, X)},
        safe_chunks=False)
    run = gridmill("convert", source, out)
    assert run.returncode == 0, run.stderr
    wanted = opened(source)
    assert wanted.sizes["time"] == N and float(wanted.t[0, 2, 0]) == 5
    xr.testing.assert_identical(opened(out), wanted)


@pytest.mark.parametrize("calendar", ["noleap", "360_day", "julian"])
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_times_of_other_calendars(gridmill, tmp_path, zarr_format, calendar):
    source, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    times = xr.date_range("1999-02-25", periods=9, freq="D", calendar=calendar, use_cftime=True)
    xr.Dataset({"t": ("time", np.arange(9.0))}, {"time": times}).to_zarr(
        source, zarr_format=zarr_format)
    assert gridmill("convert", source, out).returncode == 0
    xr.testing.assert_identical(opened(out), opened(source))
    dumped = gridmill("dump", f"{source}#/time", "--json")
    assert dumped.returncode == 0, dumped.stderr


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_groups_of_a_tree(gridmill, tmp_path, zarr_format):
    source, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    data = dataset()[["t", "flag"]]
    tree = xr.DataTree.from_dict({"/": xr.Dataset(attrs={"a": 1}), "/high": data,
                                  "/low": data.isel(time=slice(0, 4)),
                                  "/low/empty": xr.Dataset(attrs={"what": "nothing"})})
    tree.to_zarr(source, zarr_format=zarr_format)
    run = gridmill("convert", source, out, "--zarr-format", zarr_format)
    assert run.returncode == 0, run.stderr
    with xr.open_datatree(out, engine="zarr") as got, xr.open_datatree(source, engine="zarr") as wanted:
        xr.testing.assert_identical(got, wanted)
