"""`gridmill extract -o OUT.parquet`: typed columns that pandas, pyarrow and DuckDB read, beside xarray's values."""

import json
import shutil
import subprocess

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr

POINTS = [("a", 10.2, 20.1), ("b,\"c\"", -30.0, 44.9), ("å", 60.4, 0.4)]
WORDS = [word for name, lat, lon in POINTS for word in ("--point", f"{name}={lat},{lon}")]


def grid(steps=50, start="2001-02-27", levels=None):
    rng = np.random.default_rng(steps)
    times = pd.date_range(start, periods=steps, freq="6h").values
    lat, lon = np.arange(-80.0, 81, 10), np.arange(0.0, 360, 15)
    shape = (steps, lat.size, lon.size)
    t = rng.normal(280, 9, shape).astype("f4")
    t[3:7, 4:12] = np.nan
    data = {
        "t": (("time", "lat", "lon"), t, {"units": "K", "long_name": "air temperature"}),
        "count": (("time", "lat", "lon"), rng.integers(-9, 9, shape, dtype="i2")),
        "mask": (("lat", "lon"), rng.integers(0, 2, shape[1:], dtype="i1")),
    }
    if levels is not None:
        values = rng.normal(size=(steps, len(levels), lat.size, lon.size))
        data["z"] = (("time", "level", "lat", "lon"), values, {"units": "m"})
    coords = {"time": times, "lat": ("lat", lat, {"units": "degrees_north"}), "lon": ("lon", lon, {"units": "degrees_east"})}
    if levels is not None:
        coords["level"] = ("level", np.array(levels), {"units": "hPa"})
    return xr.Dataset(data, coords)


def extract(gridmill, source, output, *words, code=0):
    done = gridmill("extract", source, "-o", output, *WORDS, *words)
    assert done.returncode == code, done.stderr
    return done.stderr if code else done.stdout


def expected(dataset, name, lat, lon):
    return dataset[name].sel(lat=lat, lon=lon, method="nearest").values


def test_columns_are_typed_and_hold_xarray_s_values(gridmill, tmp_path):
    dataset = grid()
    dataset.to_netcdf(tmp_path / "in.nc")
    extract(gridmill, tmp_path / "in.nc", tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    types = {field.name: field.type for field in table.schema}
    assert types["time"] == pa.timestamp("us") and types["lat"] == pa.float64()
    assert types["t"] == pa.float32() and types["count"] == pa.int16() and types["mask"] == pa.int8()
    assert pa.types.is_dictionary(types["name"])
    assert table.schema.field("t").metadata == {b"units": b"K", b"long_name": b"air temperature"}
    made = json.loads(table.schema.metadata[b"gridmill"])
    assert made["inputs"] == [str(tmp_path / "in.nc")] and made["version"]
    frame = pd.read_parquet(tmp_path / "out.parquet")
    assert len(frame) == 50 * len(POINTS)
    for name, lat, lon in POINTS:
        part = frame[frame["name"] == name]
        assert (part["time"].values == dataset.time.values).all()
        assert np.array_equal(part["t"].values, expected(dataset, "t", lat, lon), equal_nan=True)
        assert (part["count"].values == expected(dataset, "count", lat, lon)).all()
        assert (part["mask"].values == expected(dataset, "mask", lat, lon)).all()
        assert set(part["lat"]) == {lat} and set(part["lon"]) == {lon}
    # Missing is null, so that averages leave it out.
    column = table["t"]
    assert column.null_count == np.isnan(frame["t"].values).sum() > 0


def test_duckdb_reads_it_and_prunes_by_statistics(gridmill, tmp_path):
    dataset = grid(steps=4000)
    dataset.to_netcdf(tmp_path / "in.nc")
    extract(gridmill, tmp_path / "in.nc", tmp_path / "out.parquet", "--memory", "64M")
    path = str(tmp_path / "out.parquet")
    name, lat, lon = POINTS[0]
    mean, count = duckdb.sql(f"select avg(t), count(t) from '{path}' where name = 'a' and time < '2001-06-01'").fetchall()[0]
    wanted = dataset["t"].sel(lat=lat, lon=lon, method="nearest").sel(time=slice(None, "2001-05-31")).values
    assert count == (~np.isnan(wanted)).sum() and np.isclose(mean, np.nanmean(wanted.astype("f8")))
    # Rows are in the order of time: each group covers its own.
    metadata = pq.ParquetFile(path).metadata
    assert metadata.num_rows == 4000 * len(POINTS)
    column = metadata.schema.names.index("time")
    spans = [metadata.row_group(i).column(column).statistics for i in range(metadata.num_row_groups)]
    assert all(span.has_min_max for span in spans)
    assert all(a.max <= b.min for a, b in zip(spans, spans[1:]))


def test_levels_are_numbers_and_rows_are_those_of_the_csv(gridmill, tmp_path):
    dataset = grid(steps=20, levels=[850.0, 500.0])
    dataset.to_netcdf(tmp_path / "in.nc")
    extract(gridmill, tmp_path / "in.nc", tmp_path / "out.parquet", "--variables", "z,t")
    extract(gridmill, tmp_path / "in.nc", tmp_path / "out.csv", "--variables", "z,t")
    typed = pd.read_parquet(tmp_path / "out.parquet").astype({"name": "str"})
    text = pd.read_csv(tmp_path / "out.csv", parse_dates=["time"], dtype={"t": "f4", "name": "str"})
    assert typed["level"].dtype == np.float64
    assert list(typed) == list(text)
    pd.testing.assert_frame_equal(typed, text.astype({"level": "f8", "time": typed["time"].dtype}), check_dtype=False)


@pytest.mark.parametrize("calendar, kind", [("standard", "timestamp"), ("proleptic_gregorian", "timestamp"),
                                            ("noleap", "text"), ("360_day", "text")])  # fmt: skip
def test_dates_that_no_timestamp_knows_are_texts(gridmill, tmp_path, calendar, kind):
    times = xr.date_range("2000-02-27", periods=6, freq="D", calendar=calendar, use_cftime=True)
    dataset = grid(steps=6).assign_coords(time=times)
    dataset.to_netcdf(tmp_path / "in.nc")
    extract(gridmill, tmp_path / "in.nc", tmp_path / "out.parquet", "--variables", "t")
    frame = pd.read_parquet(tmp_path / "out.parquet")
    found = [str(time)[:10] for time in frame["time"][:: len(POINTS)]]
    assert found == [time.strftime("%Y-%m-%d") for time in times]
    assert (frame["time"].dtype.kind == "M") == (kind == "timestamp")


def test_the_same_bytes_for_any_threads(gridmill, tmp_path):
    grid(steps=3000).to_netcdf(tmp_path / "in.nc")
    outputs = []
    for threads in ("1", "2", "2"):
        extract(gridmill, tmp_path / "in.nc", tmp_path / "out.parquet", "--threads", threads, "--overwrite")
        outputs.append((tmp_path / "out.parquet").read_bytes())
    assert outputs[0] == outputs[1] == outputs[2]


def test_nothing_half_written_and_what_exists_stays(gridmill, tmp_path):
    grid().to_netcdf(tmp_path / "in.nc")
    (tmp_path / "out.parquet").write_text("mine")
    assert "--overwrite" in extract(gridmill, tmp_path / "in.nc", tmp_path / "out.parquet", code=5)
    assert (tmp_path / "out.parquet").read_text() == "mine"
    # A disk that is full while rows are written.
    command = f"ulimit -f 1; trap '' XFSZ; exec '{gridmill.binary}' extract in.nc -o new.parquet --point 10,20"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 4 and "new.parquet" in done.stderr, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.nc", "out.parquet"]


def test_a_plan_writes_it_too(gridmill, tmp_path):
    grid().to_netcdf(tmp_path / "in.nc")
    made = gridmill("plan", "extract", tmp_path / "in.nc", tmp_path / "out.parquet", *WORDS, "-o", tmp_path / "plan.json")
    assert made.returncode == 0, made.stderr
    assert gridmill("exec", tmp_path / "plan.json").returncode == 0
    extract(gridmill, tmp_path / "in.nc", tmp_path / "direct.parquet")
    assert (tmp_path / "out.parquet").read_bytes() == (tmp_path / "direct.parquet").read_bytes()


def test_without_arrow_it_says_so(gridmill, tmp_path):
    grid().to_netcdf(tmp_path / "in.nc")
    alone = shutil.copy(gridmill.binary, tmp_path / "gridmill")
    done = subprocess.run([alone, "extract", "in.nc", "-o", "out.parquet", "--point", "10,20"], cwd=tmp_path,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 1 and "libgridmill_parquet.so" in done.stderr and ".csv" in done.stderr
    assert not (tmp_path / "out.parquet").exists()
    (tmp_path / "libgridmill_parquet.so").write_text("no library")
    done = subprocess.run([alone, "extract", "in.nc", "-o", "out.parquet", "--point", "10,20"], cwd=tmp_path,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 1 and "can't be loaded" in done.stderr
    # Nothing else needs it.
    assert subprocess.run([alone, "info", "in.nc"], cwd=tmp_path, capture_output=True).returncode == 0


def test_integer_labels_keep_all_their_digits(gridmill, tmp_path):
    stations = np.array([2**60 + 1, 2**60 + 2, -5], "i8")
    data = xr.Dataset({"t": (("station", "lat", "lon"), np.arange(12.0).reshape(3, 2, 2))},
                      {"station": stations, "lat": ("lat", [0.0, 10], {"units": "degrees_north"}),
                       "lon": ("lon", [0.0, 10], {"units": "degrees_east"})})  # fmt: skip
    data.to_zarr(tmp_path / "in.zarr", zarr_format=3)
    done = gridmill("extract", tmp_path / "in.zarr", "-o", tmp_path / "o.parquet", "--point", "0,10")
    assert done.returncode == 0, done.stderr
    frame = pd.read_parquet(tmp_path / "o.parquet")
    assert frame["station"].dtype == np.int64 and list(frame["station"]) == list(stations)
    assert list(frame["t"]) == [1.0, 5.0, 9.0]


def test_the_type_of_times_does_not_hang_on_the_selection(gridmill, tmp_path):
    dataset = grid(steps=6)
    times = xr.date_range("1582-10-01", periods=6, freq="10D", calendar="standard", use_cftime=True)
    dataset.assign_coords(time=times).to_netcdf(tmp_path / "in.nc")
    for words in ([], ["--region", "time=4:6"]):
        extract(gridmill, tmp_path / "in.nc", tmp_path / "out.parquet", "--variables", "t", "--overwrite", *words)
        assert pa.types.is_dictionary(pq.read_schema(tmp_path / "out.parquet").field("time").type)


def test_what_no_reader_could_open_is_refused(gridmill, tmp_path):
    dataset = grid(steps=3)
    dataset.rename({"count": "name"}).to_netcdf(tmp_path / "in.nc")
    text = extract(gridmill, tmp_path / "in.nc", tmp_path / "o.parquet", "--variables", "name,t", code=2)
    assert "two columns called name" in text
    (tmp_path / "points.csv").write_bytes(b"name,lat,lon\nZ\xfcrich,10,20\n")
    done = gridmill("extract", tmp_path / "in.nc", "-o", tmp_path / "o.parquet", "--points", tmp_path / "points.csv",
                    "--variables", "t")  # fmt: skip
    assert done.returncode == 2 and "UTF-8" in done.stderr
    assert not (tmp_path / "o.parquet").exists()


def test_arrow_s_memory_is_counted(gridmill, tmp_path):
    grid(steps=4000).to_netcdf(tmp_path / "in.nc")
    (tmp_path / "points.csv").write_text("lat,lon\n" + "".join(f"{a},{b}\n" for a in range(-80, 81, 10) for b in range(0, 150, 15)))
    command = [gridmill.binary, "extract", "in.nc", "-o", "o.parquet", "--points", "points.csv", "--memory", "64M"]
    words = [word for i in range(40) for word in ("--feature", f"f{i}=t - lag(t, {i + 1})")]
    done = subprocess.run(["/usr/bin/time", "-f", "%M", *command, *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stderr.splitlines()[-1]) * 1024 < (64 << 20) + 100_000_000
    assert pq.read_metadata(tmp_path / "o.parquet").num_rows == 4000 * 17 * 10


def test_a_link_to_the_program_finds_it(gridmill, tmp_path):
    grid(steps=3).to_netcdf(tmp_path / "in.nc")
    (tmp_path / "gm").symlink_to(gridmill.binary)
    done = subprocess.run([tmp_path / "gm", "extract", "in.nc", "-o", "o.parquet", "--point", "0,0"], cwd=tmp_path,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
