"""gm_table of libgridmill.so: the table of `gridmill extract` as an Arrow stream, read by pyarrow, pandas and DuckDB,
beside the Parquet file of the same request."""

import ctypes
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import c_abi
import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr

POINTS = ["a=10.2,20.1", 'b,"c"=-30,44.9', "å=60.4,0.4"]


@pytest.fixture(scope="session")
def library():
    return c_abi.load()


def grid(steps=50, levels=None, **coords):
    rng = np.random.default_rng(steps)
    lat, lon = np.arange(-80.0, 81, 10), np.arange(0.0, 360, 15)
    shape = (steps, lat.size, lon.size)
    t = rng.normal(280, 9, shape).astype("f4")
    t[3:7, 4:12] = np.nan
    data = {
        "t": (("time", "lat", "lon"), t, {"units": "K", "long_name": "air temperature"}),
        "count": (("time", "lat", "lon"), rng.integers(-9, 9, shape, dtype="i2")),
        "wet": (("time", "lat", "lon"), rng.integers(0, 2, shape).astype(bool)),
        "mask": (("lat", "lon"), rng.integers(0, 2, shape[1:], dtype="u4")),
    }
    axes = {"time": pd.date_range("2001-02-27", periods=steps, freq="6h").values,
            "lat": ("lat", lat, {"units": "degrees_north"}), "lon": ("lon", lon, {"units": "degrees_east"})}
    if levels is not None:
        data["z"] = (("time", "level", "lat", "lon"), rng.normal(size=(steps, len(levels), *shape[1:])), {"units": "m"})
        axes["level"] = ("level", np.array(levels), {"units": "hPa"})
    return xr.Dataset(data, {**axes, **coords})


def stored(dataset, place, steps_of_chunk=10):
    chunks = {name: {"chunks": (steps_of_chunk, *array.shape[1:])} for name, array in dataset.data_vars.items()
              if array.dims[0] == "time"}
    dataset.to_zarr(place, zarr_format=3, encoding=chunks)
    return place


def opened(library, options=None, points=POINTS, **request):
    """The report, and a reader of the stream."""
    stream = c_abi.ArrowArrayStream()
    request = {name: [str(item) for item in value] if isinstance(value, list) else value for name, value in request.items()}
    text = json.dumps({"points": points, **request}).encode()
    code, report = c_abi.call(library.gm_table, text, json.dumps(options).encode() if options else None, ctypes.byref(stream))
    assert code == 0, report
    assert stream.release
    return report, pa.RecordBatchReader._import_from_c(ctypes.addressof(stream))


def refused(library, request, options=None):
    stream = c_abi.ArrowArrayStream()
    request = request if isinstance(request, bytes) or request is None else json.dumps(request).encode()
    code, report = c_abi.call(library.gm_table, request, options, ctypes.byref(stream))
    assert code != 0 and not stream.release
    return code, report["error"]["kind"], report["error"]["message"]


def parquet(gridmill, source, place, *words, points=POINTS):
    words = [word for point in points for word in ("--point", point)] + list(words)
    done = gridmill("extract", source, "-o", place, "--overwrite", *words)
    assert done.returncode == 0, done.stderr
    return pq.read_table(place)


def assert_same(found, wanted):
    """Tables: names, types, what is said of fields and schema, values, nulls."""
    assert found.schema.names == wanted.schema.names
    for mine, theirs in zip(found.schema, wanted.schema):
        assert mine.type == theirs.type and (mine.metadata or {}) == (theirs.metadata or {}), mine.name
    assert found.schema.metadata[b"gridmill"] == wanted.schema.metadata[b"gridmill"]
    assert found.num_rows == wanted.num_rows
    for name in found.schema.names:
        mine, theirs = found[name], wanted[name]
        if pa.types.is_dictionary(mine.type):
            mine, theirs = mine.cast(pa.string()), theirs.cast(pa.string())
        assert mine.null_count == theirs.null_count, name
        assert mine.combine_chunks().equals(theirs.combine_chunks()), name


@pytest.mark.parametrize("memory", [None, 64 << 20])
def test_it_is_the_table_of_the_parquet_file(library, gridmill, tmp_path, memory):
    source = stored(grid(), tmp_path / "in.zarr")
    report, reader = opened(library, memory and {"memory": memory}, inputs=[source])
    found = reader.read_all()
    found.validate(full=True)
    assert_same(found, parquet(gridmill, source, tmp_path / "o.parquet"))
    assert report["rows"] == found.num_rows == 50 * len(POINTS)
    assert [column["name"] for column in report["columns"]] == found.schema.names
    assert found.schema.field("wet").type == pa.bool_() and found.schema.field("mask").type == pa.uint32()
    assert json.loads(found.schema.metadata[b"gridmill"])["inputs"] == [str(source)]


def test_values_are_xarray_s(library, tmp_path):
    dataset = grid()
    source = stored(dataset, tmp_path / "in.zarr")
    frame = opened(library, inputs=[source])[1].read_pandas()
    for point in POINTS:
        name, _, place = point.rpartition("=")
        lat, lon = map(float, place.split(","))
        part = frame[frame["name"] == name]
        at = dataset.sel(lat=lat, lon=lon, method="nearest")
        assert (part["time"].values == dataset.time.values).all()
        assert np.array_equal(part["t"].values, at["t"].values, equal_nan=True)
        for column in ("count", "wet"):
            assert (part[column].values == at[column].values).all()
        assert set(part["mask"]) == {int(at["mask"])} and set(part["lat"]) == {lat}


def test_every_word_of_a_request_counts(library, gridmill, tmp_path):
    source = stored(grid(levels=[850.0, 500.0]), tmp_path / "in.zarr")
    (tmp_path / "points.csv").write_text("name,lat,lon\nx,1,2\ny,-50,200\n")
    (tmp_path / "f.yaml").write_text("warm:\n  expr: t - 280\n  description: more than seven degrees\n")
    requests = [
        (dict(variables=["z", "t"], region=["time=4:31"], sel=["level=500"]),
         ("--variables", "z,t", "--region", "time=4:31", "--sel", "level=500")),
        (dict(features=["m=mean(t, 1d)", "up=t - lag(t, 6h)"]), ("--feature", "m=mean(t, 1d)", "--feature", "up=t - lag(t, 6h)")),
        (dict(features_file=str(tmp_path / "f.yaml"), method="nearest"), ("--features", tmp_path / "f.yaml")),
        (dict(points=[], points_file=str(tmp_path / "points.csv"), variables=["t"]),
         ("--points", tmp_path / "points.csv", "--variables", "t")),
    ]  # fmt: skip
    for request, words in requests:
        _, reader = opened(library, inputs=[source], **request)
        wanted = parquet(gridmill, source, tmp_path / "o.parquet", *words, points=request.get("points", POINTS))
        assert_same(reader.read_all(), wanted)


def test_joined_sources_segments_and_spread_columns(library, gridmill, tmp_path):
    for name in "ab":
        for k in range(3):
            data = np.random.default_rng(ord(name) + k).normal(size=(2, 32, 5)).astype("f4")
            data[0, 3:9, 1] = np.nan
            xr.Dataset({"f": (("file_id", "sample", "feature"), data, {"units": "K"})}, {"file_id": [2 * k, 2 * k + 1]}).to_zarr(
                tmp_path / f"{name}_{k}.zarr", zarr_format=3)  # fmt: skip
    globs = [f"{name}={tmp_path}/{name}_*.zarr" for name in "ab"]
    report, reader = opened(library, points=[], sources=globs, along="file_id", duplicates="first", join="inner",
                            segments=["sample=4:max"], spread=["feature"])  # fmt: skip
    words = [word for one in globs for word in ("--source", one)]
    done = gridmill("extract", *words, "--along", "file_id", "--duplicates", "first", "--join", "inner",
                    "--segments", "sample=4:max", "--spread", "feature", "-o", tmp_path / "o.parquet")  # fmt: skip
    assert done.returncode == 0, done.stderr
    wanted = pq.read_table(tmp_path / "o.parquet")
    assert_same(reader.read_all(), wanted)
    assert report["rows"] == 6 * 8 and wanted.num_columns == 2 + 2 * 5


@pytest.mark.parametrize("calendar", ["noleap", "proleptic_gregorian"])
def test_keys_are_texts_where_no_timestamp_knows_them(library, gridmill, tmp_path, calendar):
    times = xr.date_range("2000-02-27", periods=6, freq="D", calendar=calendar, use_cftime=True)
    source = stored(grid(steps=6).assign_coords(time=times), tmp_path / "in.zarr")
    found = opened(library, inputs=[source], variables=["t"])[1].read_all()
    assert_same(found, parquet(gridmill, source, tmp_path / "o.parquet", "--variables", "t"))
    assert pa.types.is_dictionary(found.schema.field("time").type) == (calendar == "noleap")
    assert len(found.to_pandas()) == 18  # dictionaries are distinct, as pandas wants them


def test_duckdb_pulls_it(library, tmp_path):
    dataset = grid(steps=400)
    source = stored(dataset, tmp_path / "in.zarr")
    reader = opened(library, inputs=[source])[1]
    connection = duckdb.connect()
    connection.register("table_of_points", reader)
    mean, count = connection.sql("select avg(t), count(t) from table_of_points where name = 'a'").fetchall()[0]
    wanted = dataset["t"].sel(lat=10.2, lon=20.1, method="nearest").values
    assert count == (~np.isnan(wanted)).sum() and np.isclose(mean, np.nanmean(wanted.astype("f8")))


def threads():
    return len(os.listdir("/proc/self/task"))


@pytest.fixture(scope="module")
def many_rows(tmp_path_factory):
    """400,000 rows of ten features: dozens of batches in 64 MiB."""
    place = tmp_path_factory.mktemp("many")
    source = stored(grid(steps=4000)[["t"]], place / "in.zarr", 100)
    places = list(itertools.product(range(-40, 41, 8), range(0, 150, 15)))[:100]
    points = [f"p{i}={lat + 0.01 * i},{lon}" for i, (lat, lon) in enumerate(places)]
    return dict(inputs=[source], points=points, features=[f"f{i}=t - lag(t, {i + 1})" for i in range(10)])


def test_batches_come_while_the_run_goes_on(library, many_rows):
    before = threads()
    report, reader = opened(library, {"memory": 64 << 20, "threads": 2}, **many_rows)
    sizes = [reader.read_next_batch().num_rows]
    assert threads() > before  # of the run, which waits for the consumer
    sizes += [batch.num_rows for batch in reader]
    assert sum(sizes) == report["rows"] == 400_000 and len(sizes) >= 6
    reader.close()
    assert threads() <= before


def test_the_same_rows_for_any_threads(library, many_rows):
    tables = [opened(library, {"threads": n}, **many_rows)[1].read_all() for n in (1, 2, 5)]
    assert tables[0].combine_chunks().equals(tables[1].combine_chunks())
    assert tables[0].combine_chunks().equals(tables[2].combine_chunks())


@pytest.mark.parametrize("pulled", [0, 1, 3])
def test_who_lets_go_early_stops_the_run(library, many_rows, pulled):
    before = threads()
    _, reader = opened(library, {"memory": 64 << 20}, **many_rows)
    kept = [reader.read_next_batch() for _ in range(pulled)]
    begin = time.monotonic()
    reader.close()
    assert time.monotonic() - begin < 30
    assert threads() <= before
    for batch in kept:  # theirs, for as long as they want
        batch.validate(full=True)


def test_a_consumer_may_be_slower_than_any_deadline(library, many_rows):
    _, reader = opened(library, {"memory": 64 << 20, "timeout_s": 1}, **many_rows)
    rows = reader.read_next_batch().num_rows
    time.sleep(3)
    assert rows + sum(batch.num_rows for batch in reader) == 400_000


def test_damage_in_the_middle_is_told_behind_good_rows(library, tmp_path):
    source = stored(grid(steps=400)[["t"]], tmp_path / "in.zarr")
    (source / "t/c/20/0/0").write_bytes(b"short")
    before = threads()
    _, reader = opened(library, inputs=[source])
    with pytest.raises((OSError, pa.ArrowException)) as raised:
        reader.read_all()
    assert '"kind": "corrupt"' in str(raised.value) and "t/c/20/0/0" in str(raised.value)
    reader.close()
    assert threads() <= before


def test_what_makes_no_sense_is_refused_with_the_exit_code(library, tmp_path):
    source = str(stored(grid(steps=4), tmp_path / "in.zarr"))
    good = {"inputs": [source], "points": ["1,2"]}
    cases = [
        (None, None, 2, "request"),
        ({**good, "feature": ["x=t"]}, None, 2, "did you mean features?"),
        ({**good, "inputs": []}, None, 2, "inputs"),
        ({**good, "points": [[1, 2]]}, None, 2, "list of texts"),
        ({**good, "variables": ["temp"]}, None, 2, "temp"),
        ({**good, "features": ["x=t +"]}, None, 2, "column"),
        ({**good, "inputs": [source + "x"]}, None, 2, "in.zarrx"),
        (good, b'{"threads": 0}', 2, "threads"),
        (good, b'{"memory": 1000}', 2, "memory"),
    ]
    for request, options, code, word in cases:
        found, kind, message = refused(library, request, options)
        assert found == code and word in message, (request, message)


BOUNDED = """
import ctypes, json, sys
sys.path[:0] = json.loads(sys.argv[1])
import c_abi
import pyarrow as pa
library = c_abi.load()
def peak():
    return next(int(line.split()[1]) << 10 for line in open("/proc/self/status") if line.startswith("VmHWM"))
def rows(request):
    stream = c_abi.ArrowArrayStream()
    code, report = c_abi.call(library.gm_table, json.dumps(request).encode(), b'{"memory": 67108864}', ctypes.byref(stream))
    assert code == 0, report
    reader = pa.RecordBatchReader._import_from_c(ctypes.addressof(stream))
    return sum(batch.num_rows for batch in reader)
request = json.loads(sys.argv[2])
rows({**request, "region": ["time=0:100"]})  # what the libraries take once
before = peak()
print(rows(request), peak() - before)
"""


def test_memory_is_bounded_while_it_is_pulled(gridmill, many_rows):
    request = {**many_rows, "inputs": [str(path) for path in many_rows["inputs"]],
               "features": [f"f{i}=t - lag(t, {i + 1})" for i in range(60)]}  # fmt: skip
    folders = json.dumps([str(Path(c_abi.__file__).parent)])
    done = subprocess.run([sys.executable, "-c", BOUNDED, folders, json.dumps(request)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows, grown = map(int, done.stdout.split())
    assert rows == 400_000
    assert grown < (64 << 20) + 100_000_000 < rows * 60 * 8  # the table itself is larger
