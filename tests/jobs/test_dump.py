"""dump against numpy: raw bit for bit, CSV and JSON value for value."""

import csv
import io
import json

import numpy as np
import pytest
import xarray as xr
import zarr


@pytest.fixture
def store(tmp_path):
    """A store by zarr-python: shapes and chunks that don't divide each other, strings, a scalar."""
    root = zarr.open_group(str(tmp_path / "x.zarr"), mode="w", zarr_format=3)
    random = np.random.default_rng(1)

    def add(name, values, chunks, dims, **attributes):
        array = root.create_array(
            name, shape=values.shape, chunks=chunks, dtype=values.dtype, dimension_names=dims
        )
        array[...] = values
        array.attrs.update(attributes)
        return values

    made = {
        "t": add(
            "t",
            random.normal(size=(23, 7, 11)).astype("f4"),
            (5, 3, 4),
            ("time", "lat", "lon"),
            units="K",
        ),
        "packed": add(
            "packed",
            random.integers(-300, 300, size=(23, 4)).astype("i2"),
            (6, 4),
            ("time", "level"),
            scale_factor=0.5,
            add_offset=10.0,
            _FillValue=7,
        ),
        "time": add(
            "time", np.arange(23, dtype="i8") * 6, (23,), ("time",), units="hours since 2000-01-01"
        ),
        "scalar": add("scalar", np.array(3.25), (), ()),
    }
    return tmp_path / "x.zarr", made


def test_raw_regions_equal_numpy_bit_for_bit(gridmill, store):
    path, made = store
    random = np.random.default_rng(2)
    for name in ["t", "packed"]:
        for _ in range(8):
            region, slices = [], []
            dims = ["time", "lat", "lon"] if name == "t" else ["time", "level"]
            for dim, size in zip(dims, made[name].shape):
                a, b = sorted(random.choice(size + 1, 2, replace=False))
                region += ["--region", f"{dim}={a}:{b}"]
                slices.append(slice(a, b))
            got = gridmill("dump", f"{path}#/{name}", "--raw", *region, text=False)
            assert got.returncode == 0, got.stderr
            assert got.stdout == made[name][tuple(slices)].tobytes()


def test_json_and_csv_are_decoded(gridmill, store):
    path, made = store
    expected = np.where(made["packed"] == 7, np.nan, made["packed"] * 0.5 + 10.0)
    got = gridmill("dump", f"{path}#/packed", "--json")
    assert got.returncode == 0, got.stderr
    read = np.array(json.loads(got.stdout), dtype=float)  # null becomes NaN
    np.testing.assert_array_equal(read, expected)

    got = gridmill("dump", f"{path}#/packed", "--csv", "--region", "time=3:5")
    rows = list(csv.DictReader(io.StringIO(got.stdout)))
    assert len(rows) == 8
    assert rows[0]["time"] == "2000-01-01T18:00:00" and rows[5]["level"] == "1"
    values = [float(row["packed"]) if row["packed"] else np.nan for row in rows]
    np.testing.assert_array_equal(values, expected[3:5].ravel())


def test_floats_survive_json_exactly(gridmill, store):
    path, made = store
    got = gridmill("dump", f"{path}#/t", "--json", "--memory", "64M")
    read = np.array(json.loads(got.stdout), dtype="f4")
    np.testing.assert_array_equal(read, made["t"])
    assert json.loads(gridmill("dump", f"{path}#/scalar", "--json").stdout) == 3.25


def test_text_abbreviates(gridmill, store):
    path, _ = store
    got = gridmill("dump", f"{path}#/t")
    assert got.returncode == 0, got.stderr
    assert "..." in got.stdout and len(got.stdout) < 6000
    assert gridmill("dump", f"{path}#/scalar").stdout.endswith("\n3.25\n")


def test_file_output_is_refused_or_replaced(gridmill, store, tmp_path):
    path, made = store
    out = tmp_path / "t.raw"
    assert gridmill("dump", f"{path}#/t", "--raw", "-o", out).returncode == 0
    assert out.read_bytes() == made["t"].tobytes()
    got = gridmill("dump", f"{path}#/packed", "--raw", "-o", out)
    assert got.returncode == 5 and "--overwrite" in got.stderr
    assert out.read_bytes() == made["t"].tobytes()
    assert gridmill("dump", f"{path}#/packed", "--raw", "-o", out, "--overwrite").returncode == 0
    assert out.read_bytes() == made["packed"].tobytes()
    got = gridmill("dump", path)
    assert got.returncode == 2 and "packed" in got.stderr


def test_strings(gridmill, tmp_path):
    names = ["Oslo", 'say "hi", twice', "", "Kraków"]
    data = xr.Dataset({"name": ("station", np.array(names, dtype=object))})
    data.to_netcdf(tmp_path / "s.nc")
    got = gridmill("dump", f"{tmp_path}/s.nc#/name", "--json")
    assert got.returncode == 0, got.stderr
    assert json.loads(got.stdout) == names
    got = gridmill("dump", f"{tmp_path}/s.nc#/name", "--csv")
    assert [row["name"] for row in csv.DictReader(io.StringIO(got.stdout))] == names
    got = gridmill("dump", f"{tmp_path}/s.nc#/name", "--raw")
    assert got.returncode == 1 and "--json" in got.stderr


def test_real_file(gridmill, ferret):
    import netCDF4

    with netCDF4.Dataset(ferret / "coads_climatology.cdf") as file:
        file.set_auto_maskandscale(False)
        expected = np.asarray(file["SST"][2:4, 10:50, 100:170])
    got = gridmill(
        "dump", f"{ferret}/coads_climatology.cdf#/SST", "--raw", "--region", "TIME=2:4",
        "--region", "COADSY=10:50", "--region", "COADSX=100:170", text=False,
    )
    assert got.returncode == 0, got.stderr
    assert got.stdout == expected.astype("<f4").tobytes()


def test_what_json_has_no_number_for(gridmill, tmp_path):
    """Half floats used to print inf, which is no JSON."""
    for dtype in ["f2", "f4", "f8"]:
        path = tmp_path / f"{dtype}.zarr"
        array = zarr.create_array(str(path), shape=(5,), dtype=dtype, dimension_names=("x",))
        array[...] = [np.inf, -np.inf, np.nan, 1.5, -0.25]
        got = gridmill("dump", path, "--json")
        assert got.returncode == 0, got.stderr
        assert json.loads(got.stdout) == ["Infinity", "-Infinity", None, 1.5, -0.25]
    said = gridmill("dump", "--help").stdout
    assert "null" in said and "Infinity" in said


@pytest.mark.parametrize("form", ["--json", "--csv", None])
def test_numbers_that_are_no_time_are_printed(gridmill, tmp_path, form):
    """One of them used to end the dump in the middle of its output."""
    group = zarr.create_group(tmp_path / "x.zarr")
    numbers = [0.0, 1e20, np.inf, np.nan, 2.0]
    array = group.create_array("start", shape=(5,), dtype="f8", dimension_names=("x",))
    array[...] = numbers
    array.attrs["units"] = "days since 2000-01-01"
    got = gridmill("dump", f"{tmp_path}/x.zarr#/start", *([form] if form else []))
    assert got.returncode == 0, got.stderr
    first, last = "2000-01-01T00:00:00", "2000-01-03T00:00:00"
    if form == "--json":
        assert json.loads(got.stdout) == [first, 1e20, "Infinity", None, last]
    elif form == "--csv":
        texts = [row["start"] for row in csv.DictReader(io.StringIO(got.stdout))]
        assert texts == [first, "1e+20", "inf", "", last]
    else:
        assert first in got.stdout and "1e+20" in got.stdout and last in got.stdout


def test_a_label_that_is_no_time_is_a_number(gridmill, tmp_path):
    group = zarr.create_group(tmp_path / "x.zarr")
    for name, values in [("time", [0.0, 1.0, 1e20]), ("v", [1.0, 2.0, 3.0])]:
        array = group.create_array(name, shape=(3,), dtype="f8", dimension_names=("time",))
        array[...] = values
    group["time"].attrs["units"] = "days since 2000-01-01"
    got = gridmill("dump", f"{tmp_path}/x.zarr#/v", "--csv")
    assert got.returncode == 0, got.stderr
    rows = list(csv.DictReader(io.StringIO(got.stdout)))
    assert [row["time"] for row in rows] == ["2000-01-01T00:00:00", "2000-01-02T00:00:00", "1e+20"]
