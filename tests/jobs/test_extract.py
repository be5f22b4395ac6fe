"""extract against xarray's .sel(method="nearest")."""

import json
import os
import re

import numpy as np
import pytest
import xarray as xr
from csv_tables import column, table


@pytest.fixture
def archive(tmp_path):
    """A packed variable with levels, a static one, and one without levels; falling latitudes."""
    random = np.random.default_rng(4)
    time = np.datetime64("2001-02-27") + np.arange(40) * np.timedelta64(6, "h")
    dims = ("time", "level", "lat", "lon")
    values = random.normal(280, 10, size=(40, 3, 19, 36))
    values[random.random(values.shape) < 0.1] = np.nan
    data = xr.Dataset(
        {
            "t": (dims, values, {"units": "K", "long_name": "</script><b>Temperature</b>"}),
            "p": (("time", "lat", "lon"), random.normal(size=(40, 19, 36)).astype("f4")),
            "oro": (("lat", "lon"), random.normal(size=(19, 36)).astype("f4"), {"units": "m"}),
        },
        coords={
            "time": time[:40],
            "level": ("level", [850.0, 500.0, 250.0], {"units": "hPa"}),
            "lat": ("lat", np.linspace(90, -90, 19), {"units": "degrees_north"}),
            "lon": ("lon", np.arange(0, 360, 10.0), {"units": "degrees_east"}),
        },
    )
    path = tmp_path / "a.zarr"
    packing = {"dtype": "i2", "scale_factor": 0.01, "add_offset": 280.0, "_FillValue": -32767}
    data.to_zarr(
        path,
        encoding={
            "t": {**packing, "chunks": (7, 2, 10, 10)},
            "p": {"chunks": (9, 19, 36)},
            "oro": {"chunks": (5, 5)},
        },
    )
    return path


POINTS = {"Oslo": (59.9, 10.8), "Sydney": (-33.9, 151.2), "Hilo": (19.7, -155.1)}
ARGUMENTS = [x for name, (a, b) in POINTS.items() for x in ("--point", f"{name}={a},{b}")]


def test_equals_xarray(gridmill, archive, tmp_path):
    out = tmp_path / "out.csv"
    got = gridmill("extract", archive, *ARGUMENTS, "-o", out, "--json", "--memory", "64M")
    assert got.returncode == 0, got.stderr
    rows = table(out)
    report = json.loads(got.stdout)
    assert report["rows"] == len(rows) == 40 * 3 * 3
    with xr.open_zarr(archive) as data:
        chosen = data.sel(
            lat=xr.DataArray([p[0] for p in POINTS.values()], dims="point"),
            lon=xr.DataArray([p[1] % 360 for p in POINTS.values()], dims="point"),
            method="nearest",
        ).load()
    frame = chosen.to_dataframe(dim_order=["time", "level", "point"])
    np.testing.assert_array_equal(column(rows, "t"), frame["t"].to_numpy())
    for name in ["p", "oro"]:
        np.testing.assert_array_equal(
            column(rows, name).astype("f4"), frame[name].to_numpy().astype("f4")
        )
    times = [str(t.asm8.astype("datetime64[s]")) for t in frame.index.get_level_values("time")]
    assert [row["time"] for row in rows] == times
    np.testing.assert_array_equal(column(rows, "level"), frame.index.get_level_values("level"))
    assert [row["name"] for row in rows[:3]] == list(POINTS)
    np.testing.assert_array_equal(column(rows, "grid_lat")[:3], chosen["lat"])
    assert report["points"][0]["distance_km"] < 800


def test_bytes_do_not_depend_on_threads_or_memory(gridmill, archive, tmp_path):
    texts = []
    for i, options in enumerate([("--threads", "1"), ("--threads", "4", "--memory", "64M")]):
        out = tmp_path / f"{i}.csv"
        assert gridmill("extract", archive, *ARGUMENTS, "-o", out, *options).returncode == 0
        texts.append(out.read_bytes())
    assert texts[0] == texts[1]


def test_selection_and_points_file(gridmill, archive, tmp_path):
    (tmp_path / "points.csv").write_text('Station,LATITUDE,Longitude\n"A, B",50,7\nC,-20,300\n')
    out = tmp_path / "out.csv"
    got = gridmill(
        "extract", archive, "--points", tmp_path / "points.csv", "--variables", "t",
        "--sel", "time=2001-03-01:2001-03-02", "--sel", "level=500:500", "-o", out,
    )
    assert got.returncode == 0, got.stderr
    rows = table(out)
    with xr.open_zarr(archive) as data:
        lat, lon = xr.DataArray([50, -20], dims="point"), xr.DataArray([7, 300], dims="point")
        chosen = data["t"].sel(level=500, time=slice("2001-03-01", "2001-03-02"))
        expected = chosen.sel(lat=lat, lon=lon, method="nearest").to_numpy().ravel()
    np.testing.assert_array_equal(column(rows, "t"), expected)
    assert [row["name"] for row in rows[:2]] == ["A, B", "C"]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--point", "nan,3"], 2, "NaN"),
        (["--point", "91,3"], 2, "91"),
        (["--point", "50"], 2, "LAT,LON"),
        (["--point", "a=50,7", "--point", "b=50,367"], 2, "longitude"),
        (["--point", "a=50,7", "--point", "b=50,-353"], 2, "same place"),
        (["--point", "50,7", "--variables", "tt"], 2, "tt"),
        (["--point", "50,7", "--sel", "lat=40:60"], 2, "horizontal"),
    ],
)
def test_bad_points_are_refused(gridmill, archive, tmp_path, arguments, status, words):
    out = tmp_path / "out.csv"
    got = gridmill("extract", archive, *arguments, "-o", out)
    assert got.returncode == status, got.stderr
    assert words in got.stderr
    assert not out.exists()


def test_a_bad_row_names_its_line(gridmill, archive, tmp_path):
    (tmp_path / "points.csv").write_text("name,lat,lon\nx,10,20\ny,ten,20\n")
    got = gridmill("extract", archive, "--points", tmp_path / "points.csv", "-o", tmp_path / "o.csv")
    assert got.returncode == 2 and "line 3" in got.stderr


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (b"lat,lon\n52,5,13,4\n", 2, "this line has 4 cells, and the first line names 2 columns"),
        (b"lat,lon,latitude\n1,2,3\n", 1, "column 1 (lat) and column 3 (latitude) are both the latitude"),
        (b"lat,lon,r,r\n1,2,3,4\n", 1, "column 3 and column 4 are both called r"),
        (b"lat;lon\n52,5;13,4\n", 1, "its columns are separated by ';': write commas"),
        (b"lat\tlon\n52.5\t13.4\n", 1, "its columns are separated by tabs: write commas"),
        (b'name,lat,lon\n"a\nb",1,2\n', 2, "a cell may not hold a line break"),
        (b"name,lat,lon\nZ\xfcrich,1,2\n", 2, "is not UTF-8 (Latin-1?): save the file as UTF-8"),
    ],
)
def test_files_of_points_that_would_be_misread_are_refused(gridmill, archive, tmp_path, text, line, says):
    (tmp_path / "points.csv").write_bytes(text)
    got = gridmill("extract", archive, "--points", tmp_path / "points.csv", "-o", tmp_path / "o.csv", "--json")
    assert got.returncode == 2, got.stderr
    assert f"line {line} of {tmp_path / 'points.csv'}" in got.stderr and says in got.stderr
    assert not (tmp_path / "o.csv").exists()


def test_a_station_beside_a_name_is_a_further_column(gridmill, archive, tmp_path):
    (tmp_path / "points.csv").write_text("station,name,lat,lon\n01384,Oslo,59.9,10.8\n")
    words = ("--points", tmp_path / "points.csv", "--variables", "oro", "--keep", "station", "-o", tmp_path / "o.csv")
    got = gridmill("extract", archive, *words)
    assert got.returncode == 0, got.stderr
    (row,) = table(tmp_path / "o.csv")
    assert row["name"] == "Oslo" and row["station"] == "01384"


def test_existing_output_and_dry_run(gridmill, archive, tmp_path):
    out = tmp_path / "out.csv"
    got = gridmill("extract", archive, *ARGUMENTS, "-o", out, "--dry-run", "--json")
    assert got.returncode == 0 and not out.exists()
    report = json.loads(got.stdout)
    assert 0 < report["chunks_read"] < report["chunks_total"]
    out.write_text("mine")
    got = gridmill("extract", archive, *ARGUMENTS, "-o", out)
    assert got.returncode == 5 and out.read_text() == "mine"


def test_a_dry_run_says_how_many_chunks_are_read(gridmill, archive, tmp_path):
    """The oracle: t lies in 6 x 2 x 2 x 4 chunks of 7 x 2 x 10 x 10 values (doubles), a point in 6 x 2 of them."""
    words = (archive, "--point", "59.9,10.8", "--variables", "t", "-o", tmp_path / "o.csv")
    dry = gridmill("extract", *words, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    line = re.search(r"^  reads 12 of 96 chunks \((\S+ \S+) as decoded\)$", dry.stdout, re.M)
    assert line, dry.stdout
    report = json.loads(gridmill("extract", *words, "--dry-run", "--json").stdout)
    assert (report["chunks_read"], report["chunks_total"]) == (12, 96)
    plan = (tmp_path / "o.csv", "--point", "59.9,10.8", "--variables", "t", "-o", tmp_path / "p.json")
    made = gridmill("plan", "extract", archive, *plan)
    assert made.returncode == 0 and "\nreads 12 of 96 chunks\n" in made.stdout, made.stdout + made.stderr
    assert gridmill("plan", "show", tmp_path / "p.json").stdout == made.stdout
    shown = json.loads(gridmill("plan", "show", tmp_path / "p.json", "--json").stdout)
    assert (shown["chunks_read"], shown["chunks_total"]) == (12, 96)
    assert shown["source_bytes"] == report["source_bytes"]


@pytest.fixture
def near_time(tmp_path):
    """A name that begins as that of the time does, and a variable without a place."""
    coords = {
        "time": np.datetime64("2001-01-01") + np.arange(3) * np.timedelta64(1, "D"),
        "lat": ("lat", [10.0, 20.0], {"units": "degrees_north"}),
        "lon": ("lon", [0.0, 10.0], {"units": "degrees_east"}),
    }
    values = (("time", "lat", "lon"), np.arange(12.0).reshape(3, 2, 2))
    data = xr.Dataset({"t": values, "tp": values, "idx": ("time", [7.0, 8.0, 9.0])}, coords=coords)
    data.to_netcdf(tmp_path / "near.nc")
    return tmp_path / "near.nc"


def test_globs_mean_data_and_not_coordinates(gridmill, near_time, tmp_path):
    words = ("extract", near_time, "--point", "10,0", "-o", tmp_path / "o.csv", "--overwrite")
    done = gridmill(*words, "--variables", "t*", "--json")
    assert done.returncode == 0, done.stderr
    names = [column["name"] for column in json.loads(done.stdout)["columns"]]
    assert names == ["time", "name", "lat", "lon", "grid_lat", "grid_lon", "t", "tp"]
    assert column(table(tmp_path / "o.csv"), "tp").tolist() == [0, 4, 8]
    done = gridmill(*words, "--variables", "tim*")
    assert done.returncode == 2 and "--variables tim*: " in done.stderr
    assert "means coordinates only (time)" in done.stderr
    done = gridmill(*words, "--variables", "xy*")
    assert done.returncode == 2 and "xy*" in done.stderr


def test_a_variable_without_places_is_named_with_the_way_out(gridmill, near_time, tmp_path):
    words = ("extract", near_time, "--point", "10,0", "-o", tmp_path / "o.csv")
    for names in ("t,idx", "idx", "t,i*"):
        done = gridmill(*words, "--variables", names)
        assert done.returncode == 2, done.stderr
        assert "variable idx of" in done.stderr and "no latitude and longitude" in done.stderr
        assert "leave it out of --variables" in done.stderr and "NAME=idx" in done.stderr
    done = gridmill(*words, "--feature", "t=t", "--feature", "idx=idx")  # the way out is one
    assert done.returncode == 0, done.stderr
    assert column(table(tmp_path / "o.csv"), "idx").tolist() == [7, 8, 9]


def test_pipes_and_standard_output_are_refused_with_the_way_out(gridmill, near_time, tmp_path):
    words = ("extract", near_time, "--variables", "t")
    reading, writing = os.pipe()
    try:
        os.write(writing, b"lat,lon\n10,0\n")
        done = gridmill(*words, "--points", f"/dev/fd/{reading}", "-o", "o.csv", cwd=tmp_path, pass_fds=[reading])
        assert done.returncode == 2, done.stderr
        assert f"/dev/fd/{reading} is a pipe and no file of a folder: give the name of a file" in done.stderr
    finally:
        os.close(reading)
        os.close(writing)
    for output, says in (("/dev/stdout", "/dev/stdout is a pipe and no file"), ("-", "- is not standard output")):
        done = gridmill(*words, "--point", "10,0", "-o", output, cwd=tmp_path)
        assert done.returncode == 2 and says in done.stderr, done.stderr
    done = gridmill(*words, "--point", "10,0", "-o", "-", "--partition", "year", cwd=tmp_path)
    assert done.returncode == 2 and "- is not standard output" in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["near.nc"]


def test_regional_grid_refuses_points_outside(gridmill, data, tmp_path):
    path = data / "A1B_north_america.nc"
    got = gridmill("extract", path, "--point", "far=-50,20", "-o", tmp_path / "o.csv")
    assert got.returncode == 2 and "far" in got.stderr


def test_plot_is_one_offline_page(gridmill, archive, tmp_path):
    page = tmp_path / "p.html"
    got = gridmill("extract", archive, *ARGUMENTS, "-o", tmp_path / "o.csv", "--plot", page)
    assert got.returncode == 0, got.stderr
    text = page.read_text()
    assert "uPlot" in text and "Oslo" in text
    assert "<b>Temperature" not in text  # attributes never become markup
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", text)
    document = re.search(r'<script id="data"[^>]*>(.*?)</script>', text, re.S)
    charts = {c["name"]: c for c in json.loads(document.group(1))["charts"]}
    assert len(charts["t"]["data"]) == 3 and len(charts["p"]["data"]) == 1
    rows = table(tmp_path / "o.csv")
    first = [r for r in rows if r["name"] == "Oslo" and r["level"] == "850"]
    np.testing.assert_allclose(
        np.array(charts["t"]["data"][0][0], dtype=float), column(first, "t"), rtol=1e-5
    )


def write_groups(path, times):
    """t in group A and w in group B, each with its own `time`, on one grid of the root."""
    import netCDF4

    with netCDF4.Dataset(path, "w") as file:
        for name, values, units in [
            ("lat", [10.0, 20.0], "degrees_north"), ("lon", [0.0, 90.0, 180.0], "degrees_east"),
        ]:
            file.createDimension(name, len(values))
            variable = file.createVariable(name, "f8", (name,))
            variable.units = units
            variable[...] = values
        for group, name, (numbers, units) in zip("AB", "tw", times):
            place = file.createGroup(group)
            place.createDimension("time", len(numbers))
            place.createVariable("time", "i4", ("time",)).units = units
            place["time"][...] = numbers
            field = place.createVariable(name, "f4", ("time", "lat", "lon"))
            field[...] = np.arange(len(numbers) * 6).reshape(-1, 2, 3) + (group == "B") * 100


def test_groups_with_other_times_are_refused(gridmill, tmp_path):
    """Rows used to take the first group's dates for both."""
    write_groups(tmp_path / "g.nc", [(range(3), "days since 2000-01-01"),
                                     (range(3), "days since 2001-01-01")])  # fmt: skip
    out = tmp_path / "o.csv"
    got = gridmill("extract", tmp_path / "g.nc", "--point", "10,0", "-o", out)
    assert got.returncode == 2 and not out.exists()
    for word in ["time", "A/t", "B/w", "2000-01-01", "2001-01-01", "--variables"]:
        assert word in got.stderr, word
    way_out = ["--variables", "B/w", "-o", out]
    assert gridmill("extract", tmp_path / "g.nc", "--point", "10,0", *way_out).returncode == 0
    assert [row["time"][:10] for row in table(out)] == ["2001-01-01", "2001-01-02", "2001-01-03"]


def test_groups_with_the_same_times_are_one_table(gridmill, tmp_path):
    write_groups(tmp_path / "g.nc", [(range(3), "days since 2000-01-01"),
                                     (range(0, 72, 24), "hours since 2000-01-01")])  # fmt: skip
    out = tmp_path / "o.csv"
    got = gridmill("extract", tmp_path / "g.nc", "--point", "20,90", "-o", out)
    assert got.returncode == 0, got.stderr
    rows = table(out)
    assert [row["time"][:10] for row in rows] == ["2000-01-01", "2000-01-02", "2000-01-03"]
    np.testing.assert_array_equal(column(rows, "t"), [4, 10, 16])
    np.testing.assert_array_equal(column(rows, "w"), [104, 110, 116])


def test_an_empty_time_axis_makes_a_header(gridmill, tmp_path):
    """It used to end the process by a division by zero."""
    write_groups(tmp_path / "g.nc", [([], "days since 2000-01-01")])
    out, page = tmp_path / "o.csv", tmp_path / "p.html"
    got = gridmill("extract", tmp_path / "g.nc", "--point", "10,0", "-o", out, "--plot", page)
    assert got.returncode == 0, got.stderr
    assert out.read_text() == "time,name,lat,lon,grid_lat,grid_lon,t\n"
    assert "uPlot" in page.read_text()


@pytest.mark.parametrize(
    ("numbers", "units"),
    [([0, 1, 2], "fortnights since 2000-01-01"), ([0, 1, 2], "days since yesterday"),
     ([0, 1, 2_000_000_000], "weeks since 2000-01-01")],
)  # fmt: skip
def test_times_that_nobody_can_decode_are_named(gridmill, tmp_path, numbers, units):
    """They are refused with the coordinates, before anything is written, plot or not."""
    write_groups(tmp_path / "g.nc", [(numbers, units)])
    out, page = tmp_path / "o.csv", tmp_path / "p.html"
    for plot in [[], ["--plot", page]]:
        got = gridmill("extract", tmp_path / "g.nc", "--point", "10,0", "-o", out, *plot)
        assert got.returncode == 3 and "coordinate A/time" in got.stderr
        assert not out.exists() and not page.exists()


def test_chunks_that_are_read_again_are_reported(gridmill, tmp_path):
    """A chunk of a million times doesn't fit as text: parts of it are written one by one."""
    import zarr

    group = zarr.create_group(tmp_path / "long.zarr")
    for name, values, units in [
        ("lat", [0.0, 1.0], "degrees_north"), ("lon", [0.0, 1.0], "degrees_east"),
    ]:
        made = group.create_array(name, shape=(2,), dtype="f8", dimension_names=(name,))
        made[...] = values
        made.attrs["units"] = units
    group.create_array("t", shape=(1_000_000, 2, 2), chunks=(1_000_000, 1, 1), dtype="f4",
                       dimension_names=("time", "lat", "lon"))  # fmt: skip
    where = ["--point", "0,0", "-o", tmp_path / "o.csv", "--dry-run", "--json"]

    def reads(memory):
        got = gridmill("extract", tmp_path / "long.zarr", *where, "--memory", memory)
        assert got.returncode == 0, got.stderr
        return json.loads(got.stdout)["read_amplification"]

    assert reads("1G") == 1
    assert reads("64M") > 1.5
    assert "decoded" in gridmill("extract", tmp_path / "long.zarr", *where[:-1],
                                 "--memory", "64M").stdout  # fmt: skip


def test_a_dimension_called_point_is_one_of_the_rows(gridmill, tmp_path):
    """Its positions were taken for those of the table's points."""
    values = np.arange(24.0).reshape(3, 2, 2, 2)
    data = xr.Dataset({"tp": (("time", "point", "lat", "lon"), values)},
                      {"time": np.arange(3), "lat": ("lat", [0.0, 10], {"units": "degrees_north"}),
                       "lon": ("lon", [0.0, 10], {"units": "degrees_east"})})  # fmt: skip
    data.to_netcdf(tmp_path / "in.nc")
    out = tmp_path / "out.csv"
    run = gridmill("extract", tmp_path / "in.nc", "--point", "a=0,0", "--point", "b=10,10", "-o", out)
    assert run.returncode == 0, run.stderr
    rows = table(out)
    assert len(rows) == 3 * 2 * 2
    for row in rows:
        at = {"a": 0, "b": 1}[row["name"]]
        assert float(row["tp"]) == values[int(row["time"]), int(row["point"]), at, at]


# ---- as a plan


@pytest.fixture
def table_plan(gridmill, archive, tmp_path):
    """A plan with every kind of option, made in another folder with relative names."""
    (tmp_path / "points.csv").write_text("name,lat,lon\nLagos,6.5,3.4\n")
    words = ("extract", "a.zarr", "out.csv", *ARGUMENTS, "--points", "points.csv", "--plot", "p.html",
             "--sel", "level=500:850", "--variables", "t,p", "--memory", "64M", "-o", "plan.json")
    run = gridmill("plan", *words, "--json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_a_plan_writes_the_table_that_the_verb_writes(gridmill, archive, table_plan, tmp_path):
    assert not (tmp_path / "out.csv").exists()
    words = (*ARGUMENTS, "--points", tmp_path / "points.csv", "--sel", "level=500:850",
             "--variables", "t,p")
    own = gridmill("extract", archive, *words, "-o", tmp_path / "own.csv", "--plot",
                   tmp_path / "own.html", "--json")
    assert own.returncode == 0, own.stderr
    run = gridmill("exec", tmp_path / "plan.json", "--threads", "1", "--json", "--report",
                   tmp_path / "r.json", cwd="/")
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "own.csv").read_bytes()
    assert (tmp_path / "p.html").read_bytes() == (tmp_path / "own.html").read_bytes()
    report, expected = json.loads(run.stdout), json.loads(own.stdout)
    for name in ("rows", "columns", "points", "chunks_read", "bytes_read", "bytes_written"):
        assert report[name] == expected[name], name
    written = json.loads((tmp_path / "r.json").read_text())
    assert written == report["run"]
    assert written["stages"][0]["tasks"] == table_plan["stages"][0]["tasks"] > 0
    again = gridmill("exec", tmp_path / "plan.json")  # the table is there
    assert again.returncode == 5 and "out.csv" in again.stderr


def test_a_plan_of_a_table_explains_itself(gridmill, archive, table_plan, tmp_path):
    shown = gridmill("plan", "show", tmp_path / "plan.json", "--json")
    assert json.loads(shown.stdout) == table_plan
    # The oracle: two numbers a row, a double for the packed one and a float.
    assert table_plan["bytes_written"] == 40 * 2 * 4 * (8 + 4)
    assert table_plan["source_bytes"] <= table_plan["bytes_read"]
    assert 0 < table_plan["stages"][0]["least_memory"] <= 64 << 20


@pytest.mark.parametrize(
    "words", [("--stage", "0"), ("--tasks", "0:1"), ("--mpi",), ("--sample", "0.5")]
)
def test_a_table_is_written_whole_or_not_at_all(gridmill, table_plan, tmp_path, words):
    run = gridmill("exec", tmp_path / "plan.json", *words)
    assert run.returncode == 2, run.stderr
    assert words[0] in run.stderr
    assert not (tmp_path / "out.csv").exists() and not list(tmp_path.glob("out.csv*"))


def test_a_plan_of_a_table_is_refused_when_its_inputs_changed(gridmill, archive, table_plan, tmp_path):
    plan = tmp_path / "plan.json"
    document = json.loads(plan.read_text())
    document["asked"]["variables"] = ["p"]
    (tmp_path / "changed.json").write_text(json.dumps(document))
    run = gridmill("exec", tmp_path / "changed.json")
    assert run.returncode == 5 and "changed after it was made" in run.stderr
    (tmp_path / "points.csv").write_text("name,lat,lon\nAccra,5.6,-0.2\n")
    run = gridmill("exec", plan)
    assert run.returncode == 5 and "points_file" in run.stderr
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("extract", "a.zarr", "o.csv", "--point", "1,2", "--chunks", "time=1"), "no --chunks"),
        (("extract", "a.zarr", "o.csv", "--point", "1,2", "--way", "spill"), "no --way"),
        (("extract", "a.zarr", "o.csv"), "--point LAT,LON"),
        (("convert", "a.zarr", "o.zarr", "--point", "1,2"), "no --point"),
        (("verify", "a.zarr", "o.zarr"), "verify itself"),
    ],
)
def test_what_a_verb_has_not_is_refused_to_its_plan(gridmill, archive, tmp_path, words, text):
    run = gridmill("plan", *words, cwd=tmp_path)
    assert run.returncode == 2 and text in run.stderr, run.stderr
