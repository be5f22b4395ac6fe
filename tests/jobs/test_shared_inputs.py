"""Hundreds of features over the same few variables: read, held and unpacked once."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
import xarray as xr

STEPS, FEATURES = 2000, 200
POINTS = [(lat, lon) for lat in (0, 10, 20, 30) for lon in (0, 10, 20, 30)]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Three packed variables in chunks of 100 hours."""
    path = tmp_path_factory.mktemp("shared") / "in.zarr"
    random = np.random.default_rng(5)
    degrees = np.array([0.0, 10, 20, 30])
    data = xr.Dataset(
        {
            name: (("time", "lat", "lon"), random.normal(280, 9, size=(STEPS, 4, 4)), {"units": "K"})
            for name in "abc"
        },
        {
            "time": np.datetime64("2001-01-01") + np.arange(STEPS) * np.timedelta64(1, "h"),
            "lat": ("lat", degrees, {"units": "degrees_north"}),
            "lon": ("lon", degrees, {"units": "degrees_east"}),
        },
    )
    packing = {"dtype": "i2", "scale_factor": 0.01, "add_offset": 280.0, "_FillValue": -32767}
    data.to_zarr(path, encoding={name: {"chunks": (100, 4, 4), **packing} for name in "abc"})
    return path


def words():
    features = [f"f{i}=mean(a, {1 + i % 24}) + b - c" for i in range(FEATURES)]
    return [word for feature in features for word in ("--feature", feature)] + [
        word for lat, lon in POINTS for word in ("--point", f"{lat},{lon}")
    ]


def extract(gridmill, store, out, *more):
    got = gridmill("extract", store, *words(), "-o", out, "--json", *more)
    assert got.returncode == 0, got.stderr
    return json.loads(got.stdout)


def test_windows_share_what_they_read(gridmill, store, tmp_path):
    report = extract(gridmill, store, tmp_path / "o.parquet", "--memory", "256M", "--dry-run")
    assert report["chunks_read"] == 3 * STEPS // 100
    assert report["read_amplification"] < 1.2


def test_values_and_what_is_read(gridmill, store, tmp_path):
    tables = []
    for number, memory in enumerate(("64M", "1G")):
        out = tmp_path / f"{number}.parquet"
        report = extract(gridmill, store, out, "--memory", memory, "--threads", number + 1)
        assert report["peak_memory"] < 2**20 * {"64M": 164, "1G": 1124}[memory]
        tables.append(pq.read_table(out))
    with xr.open_zarr(store) as data:
        a, b, c = (data[name].values.reshape(STEPS, -1).astype("f8") for name in "abc")
    for i in (0, 11, 23, 199):
        window = 1 + i % 24
        sums = np.lib.stride_tricks.sliding_window_view(a, window, axis=0).mean(axis=-1)
        means = np.concatenate([np.full((window - 1, len(POINTS)), np.nan), sums])
        for table in tables:
            found = table.column(f"f{i}").to_numpy().reshape(STEPS, -1)
            np.testing.assert_allclose(found, means + b - c, rtol=1e-9, atol=1e-6)
    for x, y in zip(tables[0].columns, tables[1].columns, strict=True):
        assert x.to_pylist() == y.to_pylist() or np.array_equal(x.to_numpy(), y.to_numpy(), equal_nan=True)
