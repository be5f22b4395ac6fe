"""`gridmill template`: the archive that files will fill, as xarray sees it before they do."""

import json

import numpy as np
import pytest
import xarray as xr

formats = pytest.mark.parametrize("zarr_format", [3, 2])


def one_file(path, times, calendar=None, encoding=None, dtype="f4", **attributes):
    """t(time, lat, lon), orography(lat, lon) and n(time) on the given times."""
    rng = np.random.default_rng(3)
    values = rng.normal(280, 9, (len(times), 6, 8)).astype(dtype)
    file = xr.Dataset(
        {
            "t": (("time", "lat", "lon"), values, {"units": "K", **attributes}),
            "orography": (("lat", "lon"), rng.normal(size=(6, 8))),
            "n": (("time",), np.arange(len(times), dtype="i2")),
        },
        coords={
            "time": ("time", times, {"standard_name": "time"}),
            "lat": ("lat", np.linspace(10, 60, 6), {"units": "degrees_north"}),
            "lon": ("lon", np.arange(8.0), {"units": "degrees_east"}),
        },
        attrs={"title": "one of many"},
    )
    axis = {"units": "hours since 2001-01-01", "dtype": "i4"} | ({"calendar": calendar} if calendar else {})
    file.to_netcdf(path, encoding={"t": {"_FillValue": None}, "time": axis, **(encoding or {})})
    return file


def days(first, last):
    return np.arange(first, last, dtype="M8[D]").astype("M8[ns]")


def opened(store):
    return xr.open_zarr(store, consolidated=None, chunks=None)


@formats
def test_all_of_the_archive_is_there_and_nothing_is_in_it(gridmill, tmp_path, zarr_format):
    file = one_file(tmp_path / "a.nc", days("2001-01-01", "2001-02-01"))
    out = tmp_path / "out.zarr"
    run = gridmill("template", tmp_path / "a.nc", out, "--start", "2000", "--end", "2003-06",
                   "--zarr-format", zarr_format, "--json")  # fmt: skip
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    with opened(out) as archive:
        assert (archive.time.values == days("2000-01-01", "2003-07-01")).all()
        assert report["axis"] == {"dimension": "time", "size": archive.time.size, "step": "1d",
                                  "from": "2000-01-01T00:00:00", "to": "2003-06-30T00:00:00"}  # fmt: skip
        assert archive.t.dtype == np.float32 and np.isnan(archive.t.values).all()
        assert np.isnan(archive.n.values).all(), "integers without a _FillValue: netCDF's own"
        for name in ("orography", "lat", "lon"):
            assert (archive[name].values == file[name].values).all()
            assert archive[name].attrs == file[name].attrs
        assert archive.attrs == file.attrs and archive.t.attrs["units"] == "K"
    below = [path for path in (out / "t").rglob("*") if path.is_file() and not path.name.startswith(".z")]
    assert [path.name for path in below if path.name != "zarr.json"] == [], "metadata alone"
    assert "n declares no _FillValue" in run.stderr
    run = gridmill("verify", out)
    assert run.returncode == 0, run.stdout + run.stderr


@formats
def test_packed_values_stay_packed_and_read_as_missing(gridmill, tmp_path, zarr_format):
    packing = {"dtype": "i2", "scale_factor": 0.01, "add_offset": 280.0, "_FillValue": np.int16(-7)}
    one_file(tmp_path / "a.nc", days("2001-01-01", "2001-01-05"), encoding={"t": packing})
    out = tmp_path / "out.zarr"
    run = gridmill("template", tmp_path / "a.nc", out, "--end", "2001-12", "--zarr-format", zarr_format)
    assert run.returncode == 0, run.stderr
    with opened(out) as archive:
        assert archive.t.encoding["dtype"] == np.int16 and archive.t.encoding["_FillValue"] == -7
        assert archive.t.shape == (365, 6, 8) and np.isnan(archive.t.values).all()


@pytest.mark.parametrize(
    ("calendar", "start", "freq", "periods"),
    [("360_day", "2001-01-16", "MS", 40), ("noleap", "2001-01-01", "MS", 50), ("standard", "1999-12-15", "MS", 31),
     ("standard", "2001-01-01", "YS", 9), ("360_day", "2001-02-28", "6h", 40), ("standard", "2000-02-28", "1D", 5)],
)  # fmt: skip
def test_steps_are_those_of_the_calendar(gridmill, tmp_path, calendar, start, freq, periods):
    """Months of 31 days and Gregorian dates in a 360-day calendar are what a zarrio template has."""
    # The day of `start` in every month: MS in pandas is the first.
    if freq in ("MS", "YS"):
        year, month, day = map(int, start.split("-"))
        step = 1 if freq == "MS" else 12
        months = [month - 1 + i * step for i in range(periods)]
        import cftime

        times = [cftime.datetime(year + m // 12, m % 12 + 1, day, calendar=calendar) for m in months]
    else:
        times = list(xr.date_range(start, periods=periods, freq=freq, calendar=calendar, use_cftime=True))
    one_file(tmp_path / "a.nc", times[:3], calendar=calendar)
    out = tmp_path / "out.zarr"
    last = times[-1].strftime("%Y-%m-%dT%H:%M")
    run = gridmill("template", tmp_path / "a.nc", out, "--end", last)
    assert run.returncode == 0, run.stderr
    coder = xr.coders.CFDatetimeCoder(use_cftime=True)
    with xr.open_zarr(out, consolidated=None, chunks=None, decode_times=coder) as archive:
        assert list(archive.time.values) == times
    explicit = tmp_path / "explicit.zarr"
    run = gridmill("template", tmp_path / "a.nc", explicit, "--end", last, "--freq", freq)
    assert run.returncode == 0, run.stderr
    with xr.open_zarr(explicit, consolidated=None, chunks=None, decode_times=coder) as archive:
        assert list(archive.time.values) == times


def test_chunks_are_bounded_and_divide_the_files(gridmill, tmp_path):
    one_file(tmp_path / "a.nc", days("2001-01-01", "2001-02-01"))
    run = gridmill("template", tmp_path / "a.nc", tmp_path / "out.zarr", "--end", "2100", "--json", "--dry-run")
    assert run.returncode == 0, run.stderr
    chunks = {v["name"]: v["chunks"] for v in json.loads(run.stdout)["variables"]}
    assert chunks["t"][0] % 31 == 0 and chunks["t"][0] < 36_525
    assert chunks["n"][0] % 31 == 0
    assert not (tmp_path / "out.zarr").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--freq", "6x"], ["--freq 6x", "unknown unit"]),
        (["--freq", "M"], ["ends of months"]),
        (["--freq", "0h"], ["--freq 0h"]),
        (["--start", "2002", "--end", "2001"], ["2001-12-31", "before", "2002-01-01"]),
        (["--start", "tomorrow"], ["--start tomorrow"]),
        (["--end", "2001-02-30"], ["2001-02-30"]),
        (["--dim", "level"], ["level"]),
        (["--freq", "30min"], ["2001-01-01T00:30:00", "--time-units", "int32"]),
        (["--time-units", "fortnights since 2000"], ["fortnights"]),
        (["--chunks", "time=0"], ["chunk"]),
    ],
)
def test_what_makes_no_axis(gridmill, tmp_path, options, words):
    one_file(tmp_path / "a.nc", days("2001-01-01", "2001-01-05"))
    run = gridmill("template", tmp_path / "a.nc", tmp_path / "out.zarr", *options)
    assert run.returncode == 2, run.stdout + run.stderr
    for word in words:
        assert word in run.stderr
    assert not (tmp_path / "out.zarr").exists()


def test_a_file_that_would_not_fit(gridmill, tmp_path):
    """A grid of six hours from midnight, for files at three: no file could ever be written."""
    one_file(tmp_path / "a.nc", days("2001-01-01", "2001-01-05") + np.timedelta64(3, "h"))
    run = gridmill("template", tmp_path / "a.nc", tmp_path / "out.zarr", "--start", "2001", "--freq", "6h")
    assert run.returncode == 2, run.stderr
    assert "2001-01-01T03:00:00 of time is none of the archive's times" in run.stderr


def test_uneven_times_are_taken_as_they_are(gridmill, tmp_path):
    """The middles of months, which no step has."""
    times = np.array(["2001-01-16T12", "2001-02-15T00", "2001-03-16T12"], "M8[ns]")
    one_file(tmp_path / "a.nc", times)
    run = gridmill("template", tmp_path / "a.nc", tmp_path / "out.zarr")
    assert run.returncode == 0, run.stderr
    with opened(tmp_path / "out.zarr") as archive:
        assert (archive.time.values == times).all() and np.isnan(archive.t.values).all()


def test_groups_may_have_times_of_their_own(gridmill, tmp_path):
    """Only the dimension of the axis grows, not another group's of the same name."""
    import netCDF4

    with netCDF4.Dataset(tmp_path / "a.nc", "w") as file:
        for place, length in ((file, 3), (file.createGroup("g"), 2)):
            place.createDimension("time", length)
            if place is file:
                place.createVariable("time", "i4", ("time",))[:] = range(length)
                place["time"].units = "days since 2001-01-01"
            place.createVariable("s", "f4", ("time",))[:] = range(length)
    run = gridmill("template", tmp_path / "a.nc", tmp_path / "out.zarr", "--end", "2001-12")
    assert run.returncode == 0, run.stderr
    with opened(tmp_path / "out.zarr") as archive:
        assert archive.s.size == 365
    with xr.open_zarr(tmp_path / "out.zarr", group="g", consolidated=False, chunks=None) as group:
        assert group.s.values.tolist() == [0, 1]


def test_an_axis_larger_than_the_memory_is_refused(gridmill, tmp_path):
    one_file(tmp_path / "a.nc", days("2001-01-01", "2001-01-05"))
    run = gridmill("template", tmp_path / "a.nc", tmp_path / "out.zarr", "--end", "2009", "--freq", "1s",
                   "--time-units", "seconds since 2001-01-01", "--memory", "64M")  # fmt: skip
    assert run.returncode == 2 and "give more --memory" in run.stderr, run.stderr


@pytest.mark.parametrize("times", [["2001-01-01"], ["2001-01-01", "2001-01-02", "2001-01-04"]])
def test_a_step_that_the_file_does_not_tell(gridmill, tmp_path, times):
    one_file(tmp_path / "a.nc", np.array(times, "M8[ns]"))
    run = gridmill("template", tmp_path / "a.nc", tmp_path / "out.zarr", "--end", "2002")
    assert run.returncode == 2 and "give --freq" in run.stderr, run.stderr
    run = gridmill("template", tmp_path / "a.nc", tmp_path / "out.zarr", "--end", "2002", "--freq", "12h")
    assert run.returncode == 0, run.stderr


def test_finer_steps_need_finer_units(gridmill, tmp_path):
    one_file(tmp_path / "a.nc", days("2001-01-01", "2001-01-05"))
    run = gridmill("template", tmp_path / "a.nc", tmp_path / "out.zarr", "--freq", "30min", "--end", "2001-01-01",
                   "--time-units", "minutes since 2001-01-01")  # fmt: skip
    assert run.returncode == 0, run.stderr
    with opened(tmp_path / "out.zarr") as archive:
        assert (np.diff(archive.time.values) == np.timedelta64(30, "m")).all() and archive.time.size == 48
