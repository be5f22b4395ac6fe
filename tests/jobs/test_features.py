"""extract --feature and --features against xarray, pandas and numpy."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from csv_tables import column, table

POINT = (50.0, 10.0)
STEPS = 240


@pytest.fixture
def archive(tmp_path):
    """Six-hourly fields in small chunks, one of them packed with gaps; a static one; an index."""
    random = np.random.default_rng(12)
    time = np.datetime64("2001-11-27T00") + np.arange(STEPS) * np.timedelta64(6, "h")
    dims = ("time", "lat", "lon")
    shape = (STEPS, 5, 6)
    t = random.normal(280, 10, size=shape)
    t[random.random(shape) < 0.05] = np.nan
    rain = np.cumsum(random.gamma(1, 1, size=shape), axis=0)
    for step in range(4, STEPS, 4):
        rain[step:] -= rain[step - 1]
    data = xr.Dataset(
        {
            "t": (dims, t, {"units": "K"}),
            "u": (dims, random.normal(size=shape), {"units": "m s-1"}),
            "v": (dims, random.normal(size=shape), {"units": "m/s"}),
            "tp": (dims, np.maximum(rain, 0), {"units": "m"}),
            "c": (dims, random.normal(15, 5, size=shape), {"units": "degC"}),
            "cloud": (dims, random.random(shape), {"units": "(0 - 1)"}),
            "oro": (("lat", "lon"), random.normal(size=(5, 6)), {"units": "m"}),
            "nao": (("time",), random.normal(size=STEPS), {"units": "1"}),
        },
        coords={
            "time": time,
            "lat": ("lat", np.linspace(60, 40, 5), {"units": "degrees_north"}),
            "lon": ("lon", np.arange(0, 60, 10.0), {"units": "degrees_east"}),
        },
    )
    packing = {"dtype": "i2", "scale_factor": 0.01, "add_offset": 280.0, "_FillValue": -32767}
    chunked = {name: {"chunks": (17, 5, 3)} for name in ("u", "v", "tp", "c", "cloud")}
    path = tmp_path / "a.zarr"
    data.to_zarr(path, encoding={"t": {**packing, "chunks": (17, 5, 3)}, **chunked})
    return path


@pytest.fixture
def at_point(archive):
    with xr.open_zarr(archive) as data:
        return data.sel(lat=POINT[0], lon=POINT[1]).load()


@pytest.fixture
def features(gridmill, archive, tmp_path):
    """features({"name": "expr"}, options...) -> the rows of the table, at POINT."""
    count = iter(range(1000))

    def extract(asked, *options, store=archive):
        out = tmp_path / f"features{next(count)}.csv"
        words = [x for name, expr in asked.items() for x in ("--feature", f"{name}={expr}")]
        got = gridmill("extract", store, "--point", f"{POINT[0]},{POINT[1]}", *words, "-o", out, *options)
        assert got.returncode == 0, got.stderr
        return table(out)

    return extract


def close(got, wanted):
    np.testing.assert_allclose(got, np.asarray(wanted, dtype=float), rtol=1e-9, atol=1e-9)


def test_windows_equal_pandas_and_xarray(features, at_point):
    t = at_point["t"].astype("f8")
    series = t.to_series()
    rows = features({
        "mean4": "mean(t, 4)", "mean1d": "mean(t, 1d)", "some": "mean(t, 1d, least=1)",
        "low": "min(u, 7)", "high": "max(u, 42h)", "spread": "std(t, 10, least=2)",
        "total": "sum(u, 3d)", "q": "quantile(t, 0.9, 5d, least=3)", "median": "quantile(u, .5, 9)",
    })  # fmt: skip
    u = at_point["u"].to_series()
    close(column(rows, "mean4"), t.rolling(time=4).mean())
    close(column(rows, "mean1d"), t.rolling(time=4).mean())
    close(column(rows, "some"), series.rolling("1D", min_periods=1).mean())
    close(column(rows, "low"), u.rolling(7).min())
    close(column(rows, "high"), u.rolling(7).max())
    close(column(rows, "spread"), series.rolling(10, min_periods=2).std(ddof=0))
    close(column(rows, "total"), u.rolling(12).sum())
    close(column(rows, "q"), series.rolling(20, min_periods=3).quantile(0.9))
    close(column(rows, "median"), u.rolling(9).median())


def test_lags_leads_and_differences(features, at_point):
    t, u = at_point["t"].astype("f8"), at_point["u"]
    rows = features({"lag": "lag(t, 24h)", "lead": "lead(t, 3)", "diff": "diff(u, 2)",
                     "chain": "lag(mean(u, 4), 1d) - lead(u, 6h)"})  # fmt: skip
    close(column(rows, "lag"), t.shift(time=4))
    close(column(rows, "lead"), t.shift(time=-3))
    close(column(rows, "diff"), u - u.shift(time=2))
    close(column(rows, "chain"), u.rolling(time=4).mean().shift(time=4) - u.shift(time=-1))


def test_anomalies(features, at_point):
    t = at_point["t"].astype("f8")
    rows = features({"month": "anomaly(t, month)", "day": "anomaly(t, dayofyear)",
                     "hour": "anomaly(t, hour)", "both": "anomaly(t, month, hour)"})  # fmt: skip
    for name, group in {"month": "time.month", "day": "time.dayofyear", "hour": "time.hour"}.items():
        close(column(rows, name), t.groupby(group) - t.groupby(group).mean())
    series = t.to_series()
    means = series.groupby([series.index.month, series.index.hour]).transform("mean")
    close(column(rows, "both"), series - means)


def test_wind_rain_calendar_and_static_fields(features, at_point):
    u, v, tp = (at_point[name].to_numpy() for name in ("u", "v", "tp"))
    rows = features({
        "speed": "wind_speed(u, v)", "direction": "wind_direction(u, v)", "rain": "deaccumulate(tp)",
        "height": "t * 0 + number(oro)", "only": "oro", "index": "nao * 2", "north": "cos(lat)",
        "hour": "hour()", "doy": "dayofyear()", "month": "month()", "year": "year()",
        "hs": "hour_sin()", "hc": "hour_cos()", "ds": "dayofyear_sin()", "dc": "dayofyear_cos()",
    })  # fmt: skip
    close(column(rows, "speed"), np.hypot(u, v))
    close(column(rows, "direction"), (180 + np.degrees(np.arctan2(u, v))) % 360)
    step = np.diff(tp, prepend=np.nan)
    close(column(rows, "rain"), np.where(step < 0, tp, step))
    oro = float(at_point["oro"])
    close(column(rows, "height"), np.where(np.isnan(at_point["t"]), np.nan, oro))
    close(column(rows, "only"), np.full(STEPS, oro))
    close(column(rows, "index"), 2 * at_point["nao"])
    close(column(rows, "north"), np.full(STEPS, np.cos(np.radians(POINT[0]))))
    index = at_point.indexes["time"]
    for name, part in {"hour": "hour", "doy": "dayofyear", "month": "month", "year": "year"}.items():
        np.testing.assert_array_equal(column(rows, name), getattr(index, part).to_numpy())
    turn = 2 * np.pi * index.hour / 24
    close(column(rows, "hs"), np.sin(turn))
    close(column(rows, "hc"), np.cos(turn))
    begin = pd.to_datetime(index.year.astype(str) + "-01-01")
    length = np.where(index.is_leap_year, 366, 365)
    passed = 2 * np.pi * ((index - begin) / pd.Timedelta("1D")).to_numpy() / length
    close(column(rows, "ds"), np.sin(passed))
    close(column(rows, "dc"), np.cos(passed))


def test_arithmetic_and_conditions(features, at_point):
    t, u = at_point["t"].astype("f8").to_numpy(), at_point["u"].to_numpy()
    rows = features({
        "a": "-number(u) ** 2 + 3 * (number(u) - 1) / 2", "b": "where(u > 0 and u < 1, u, 0)",
        "c": "isnan(t)",
        "d": "clip(u, -0.5, 0.5)", "e": "max2(u, v, 0)", "f": "exp(number(u)) + log10(number(t))",
        "g": "t > 280", "h": "sqrt(u ** 2)", "i": "abs(number(u)) ** 0.5 > 1 or not u",
    })  # fmt: skip
    v = at_point["v"].to_numpy()
    close(column(rows, "a"), -(u**2) + 3 * (u - 1) / 2)
    close(column(rows, "b"), np.where((u > 0) & (u < 1), u, 0))
    close(column(rows, "c"), np.isnan(t))
    close(column(rows, "d"), np.clip(u, -0.5, 0.5))
    close(column(rows, "e"), np.maximum(np.maximum(u, v), 0))
    close(column(rows, "f"), np.exp(u) + np.log10(t))
    close(column(rows, "g"), np.where(np.isnan(t), np.nan, t > 280))
    close(column(rows, "h"), np.abs(u))
    close(column(rows, "i"), np.abs(u) > 1)


@pytest.mark.parametrize("calendar", ["360_day", "noleap"])
def test_other_calendars(features, tmp_path, calendar):
    time = xr.date_range("2000-01-15", periods=500, freq="D", calendar=calendar, use_cftime=True)
    values = np.random.default_rng(3).normal(size=(500, 1, 1))
    data = xr.Dataset(
        {"x": (("time", "lat", "lon"), values)},
        coords={"time": time, "lat": ("lat", [50.0], {"units": "degrees_north"}),
                "lon": ("lon", [10.0], {"units": "degrees_east"})},
    )  # fmt: skip
    path = tmp_path / "calendar.nc"
    data.to_netcdf(path)
    rows = features({"doy": "dayofyear()", "month": "month()", "s": "dayofyear_sin()",
                     "a": "anomaly(x, month)", "m": "mean(x, 10d)"}, store=path)  # fmt: skip
    doy = np.array([one.dayofyr for one in time])
    np.testing.assert_array_equal(column(rows, "doy"), doy)
    np.testing.assert_array_equal(column(rows, "month"), [one.month for one in time])
    length = {"360_day": 360, "noleap": 365}[calendar]
    close(column(rows, "s"), np.sin(2 * np.pi * (doy - 1) / length))
    x = data["x"][:, 0, 0]
    close(column(rows, "a"), x.groupby("time.month") - x.groupby("time.month").mean())
    close(column(rows, "m"), x.rolling(time=10).mean())


def test_an_uneven_axis_is_looked_up(features, archive, at_point, tmp_path):
    keep = np.sort(np.random.default_rng(8).choice(STEPS, 150, replace=False))
    with xr.open_zarr(archive) as data:
        data[["u"]].isel(time=keep).load().drop_encoding().to_netcdf(tmp_path / "uneven.nc")
    rows = features({"lag": "lag(u, 1d)", "mean": "mean(u, 2d, least=1)"}, store=tmp_path / "uneven.nc")
    u = at_point["u"].isel(time=keep).to_series()
    close(column(rows, "lag"), u.reindex(u.index - pd.Timedelta("1D")).to_numpy())
    close(column(rows, "mean"), u.rolling("2D").mean())


EVERY = {"m": "mean(t, 5d, least=1)", "a": "anomaly(t, month)", "s": "std(u, 9)", "h": "hour_cos()",
         "q": "quantile(v, 0.25, 3d)", "l": "lag(u, 2d) + diff(v, 6h)", "o": "oro"}  # fmt: skip


def test_bytes_do_not_depend_on_threads_or_memory(gridmill, archive, tmp_path):
    words = [x for name, expr in EVERY.items() for x in ("--feature", f"{name}={expr}")]
    (tmp_path / "points.csv").write_text(
        "lat,lon\n" + "\n".join(f"{a},{b}" for a in range(41, 60, 2) for b in range(1, 50, 3))
    )
    texts = []
    for i, options in enumerate([("--threads", "1"), ("--threads", "4", "--memory", "64M")]):
        out = tmp_path / f"{i}.csv"
        got = gridmill("extract", archive, "--points", tmp_path / "points.csv", *words, "-o", out, *options)
        assert got.returncode == 0, got.stderr
        texts.append(out.read_bytes())
    assert texts[0] == texts[1]
    assert len(texts[0].splitlines()) == 1 + STEPS * 10 * 17


def test_a_file_of_features(gridmill, archive, at_point, tmp_path):
    path = tmp_path / "f.yaml"
    path.write_text("wind:\n  expr: wind_speed(u, v)\n  units: meter per second\n  description: speed\n"
                    "warm: t - lag(t, 24h)\n")  # fmt: skip
    where = ["--point", f"{POINT[0]},{POINT[1]}", "--features", path, "--feature", "z=v / 2"]
    got = gridmill("extract", archive, *where, "-o", tmp_path / "o.csv", "--json")
    assert got.returncode == 0, got.stderr
    report = json.loads(got.stdout)
    columns = {one["name"]: one for one in report["columns"]}
    assert list(columns)[-3:] == ["z", "wind", "warm"]
    assert columns["wind"]["units"] == "meter per second" and columns["wind"]["description"] == "speed"
    assert columns["warm"]["units"] == "K" and columns["warm"]["expression"] == "t - lag(t, 24h)"
    close(column(table(tmp_path / "o.csv"), "wind"), np.hypot(at_point["u"], at_point["v"]))
    dry = gridmill("extract", archive, *where, "-o", tmp_path / "dry.csv", "--json", "--dry-run")
    assert dry.returncode == 0 and not (tmp_path / "dry.csv").exists()
    assert json.loads(dry.stdout)["columns"] == report["columns"]


def test_declared_units_convert(gridmill, archive, at_point, tmp_path):
    """By hand: K is degC + 273.15, a difference of the one is one of the other, m/s is 3.6 km/h."""
    (tmp_path / "f.yaml").write_text(
        "celsius: {expr: t, units: degC}\n"
        "kelvin: {expr: c, units: K}\n"
        "wind: {expr: 'wind_speed(u, v)', units: km/h}\n"
        "warmer: {expr: 't - lag(t, 24h)', units: degF}\n"
        "spread: {expr: 'std(c, 4)', units: degC}\n"
        "normal: {expr: 'c - anomaly(c, month)', units: degC}\n"
        "named: {expr: number(t) - 273.15, units: degC}\n"
    )
    got = gridmill("extract", archive, "--point", f"{POINT[0]},{POINT[1]}", "--features", tmp_path / "f.yaml",
                   "-o", tmp_path / "o.csv", "--json")  # fmt: skip
    assert got.returncode == 0, got.stderr
    units = {one["name"]: one.get("units") for one in json.loads(got.stdout)["columns"]}
    wanted = {"celsius": "degC", "kelvin": "K", "wind": "km/h", "warmer": "degF", "spread": "degC",
              "normal": "degC", "named": "degC"}  # fmt: skip
    assert {name: units[name] for name in wanted} == wanted
    rows = table(tmp_path / "o.csv")
    t, c = at_point["t"].astype("f8"), at_point["c"]
    close(column(rows, "celsius"), t - 273.15)
    close(column(rows, "kelvin"), c + 273.15)
    close(column(rows, "wind"), 3.6 * np.hypot(at_point["u"], at_point["v"]))
    close(column(rows, "warmer"), 1.8 * (t - t.shift(time=4)))
    close(column(rows, "spread"), c.rolling(time=4).std(ddof=0))
    close(column(rows, "normal"), c - (c.groupby("time.month") - c.groupby("time.month").mean()))
    close(column(rows, "named"), t - 273.15)
    assert 'feature celsius: x in "K" is x - 273.15 in "degC"' in got.stderr
    assert "feature named" not in got.stderr


def test_a_plan_keeps_declared_units(gridmill, archive, at_point, tmp_path):
    (tmp_path / "f.yaml").write_text("celsius: {expr: t, units: degC}\n")
    made = gridmill("plan", "extract", "a.zarr", "out.csv", "--point", f"{POINT[0]},{POINT[1]}",
                    "--features", "f.yaml", "-o", "plan.json", cwd=tmp_path)  # fmt: skip
    assert made.returncode == 0, made.stderr
    run = gridmill("exec", tmp_path / "plan.json", cwd="/")
    assert run.returncode == 0, run.stderr
    close(column(table(tmp_path / "out.csv"), "celsius"), at_point["t"].astype("f8") - 273.15)


def test_shared_sources_are_read_once(gridmill, archive, tmp_path):
    """Chunks that many features name count once; those of other variables are not read at all."""
    def report(*asked):
        words = [x for one in asked for x in ("--feature", one)]
        got = gridmill("extract", archive, "--point", f"{POINT[0]},{POINT[1]}", *words,
                       "-o", tmp_path / "o.csv", "--json", "--overwrite")  # fmt: skip
        assert got.returncode == 0, got.stderr
        return json.loads(got.stdout)

    one = report("a=u")
    many = report(*(f"f{n}=mean(u, {n})" for n in range(1, 30)))
    assert many["chunks_read"] == one["chunks_read"] == -(-STEPS // 17)
    assert many["bytes_read"] == one["bytes_read"]


def test_unknown_units_are_noted(gridmill, archive, tmp_path):
    got = gridmill("extract", archive, "--point", "50,10", "--feature", "x=cloud * 100",
                   "-o", tmp_path / "o.csv")  # fmt: skip
    assert got.returncode == 0, got.stderr
    assert "(0 - 1)" in got.stderr


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        ("x=tt + 1", ["feature x", "column 1", "no variable tt", "did you mean"]),
        ("x=meen(t, 3)", ["no function meen", "mean"]),
        ("x=t + u", ["column 3", '"K"', '"m s-1"']),
        ("x=t - c", ['"K"', '"degC"', "273.15"]),
        ("x=t +", ["column 4", "expected"]),
        ("x=log(t)", ["log", '"K"']),
        ("x=mean(oro, 3)", ["time"]),
        ("x=lag(t, 5h)", ["5h", "no multiple"]),
        ("x=max(t, 0)", ["max2"]),
        ("x=(" + "(" * 500 + "t", ["nested"]),
        ("x=10u", ["double quotes"]),
        ("lat=t", ["another column"]),
        ("t", ["NAME=EXPR"]),
        ("x=1 + 1", ["no variable"]),
        ("x=hour()", ["no variable"]),
        ("x=wind_speed(3, 4)", ["no variable"]),
        ("x=wind_sped(3,4)", ["feature x", "column 1", "no function wind_sped", "did you mean wind_speed"]),
        ("x=foo(3)", ["no function foo"]),
        ("x=1 + abs()", ["column 5", "x is missing: it is abs(x)"]),
        ("x=c > anomaly(c, month)", ["degC", "one of them is of differences"]),
    ],
)
def test_mistakes_are_refused(gridmill, archive, tmp_path, feature, words):
    out = tmp_path / "o.csv"
    got = gridmill("extract", archive, "--point", "50,10", "--feature", feature, "-o", out)
    assert got.returncode == 2, got.stderr
    for word in words:
        assert word in got.stderr, got.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x:\n  expr: t\n  unit: K\n", ["line 3", "unit", "did you mean units"]),
        ("x: t\nx: u\n", ["called x", "line 1", "line 2"]),
        ("x: {expr: t, units: m}\n", ['"K"', '"m"', "number(x)"]),
        ("x: {expr: tp * 1000, units: mm}\n", ['"m"', '"mm"', "a number multiplies", "number(x)"]),
        ("x: {expr: t - 273.15, units: degC}\n", ['"K"', '"degC"', "unclear", "number(x)"]),
        ("x: [\n", ["not YAML"]),
    ],
)
def test_mistakes_in_files_are_refused(gridmill, archive, tmp_path, text, words):
    (tmp_path / "f.yaml").write_text(text)
    out = tmp_path / "o.csv"
    got = gridmill("extract", archive, "--point", "50,10", "--features", tmp_path / "f.yaml", "-o", out)
    assert got.returncode == 2, got.stderr
    for word in words:
        assert word in got.stderr, got.stderr
    assert not out.exists()


def test_variables_and_features_do_not_mix(gridmill, archive, tmp_path):
    got = gridmill("extract", archive, "--point", "50,10", "--feature", "x=t", "--variables", "u",
                   "-o", tmp_path / "o.csv")  # fmt: skip
    assert got.returncode == 2 and "--variables" in got.stderr


def test_a_plan_keeps_features_and_is_refused_when_their_file_changed(gridmill, archive, tmp_path):
    (tmp_path / "f.yaml").write_text("wind: wind_speed(u, v)\n")
    words = ("--point", "50,10", "--features", "f.yaml", "--feature", "x=lag(t, 1d)")
    made = gridmill("plan", "extract", "a.zarr", "out.csv", *words, "-o", "plan.json", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    run = gridmill("exec", tmp_path / "plan.json", cwd="/")
    assert run.returncode == 0, run.stderr
    own = gridmill("extract", archive, *words, "-o", "own.csv", cwd=tmp_path)
    assert own.returncode == 0, own.stderr
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "own.csv").read_bytes()
    (tmp_path / "out.csv").unlink()
    (tmp_path / "f.yaml").write_text("wind: wind_speed(u, v) * 2\n")
    run = gridmill("exec", tmp_path / "plan.json")
    assert run.returncode == 5 and "features_file" in run.stderr, run.stderr


def test_a_plot_of_features(gridmill, archive, tmp_path):
    page = tmp_path / "p.html"
    got = gridmill("extract", archive, "--point", "50,10", "--feature", "wind=wind_speed(u, v)",
                   "-o", tmp_path / "o.csv", "--plot", page)  # fmt: skip
    assert got.returncode == 0, got.stderr
    assert '"wind"' in page.read_text()


def point_series(tmp_path, units, values, name="x"):
    """A file of one variable at hourly times on a small grid."""
    time = np.datetime64("2001-01-01") + np.arange(len(values)) * np.timedelta64(1, "h")
    grid = np.broadcast_to(np.asarray(values, "f8")[:, None, None], (len(values), 2, 2))
    data = xr.Dataset({name: (("time", "lat", "lon"), grid, {"units": units})},
                      {"time": time, "lat": ("lat", [50.0, 60], {"units": "degrees_north"}),
                       "lon": ("lon", [10.0, 20], {"units": "degrees_east"})})  # fmt: skip
    data.to_netcdf(tmp_path / "series.nc")
    return tmp_path / "series.nc"


def test_falls_by_rounding_are_no_new_accumulation(features, tmp_path):
    store = point_series(tmp_path, "mm", [0, 10, 20.001, 20, 20, 3, 5])
    rows = features({"a": "deaccumulate(x)", "b": "deaccumulate(x, 0.01)"}, store=store)
    close(column(rows, "a"), [np.nan, 10, 10.001, 20, 0, 3, 2])
    close(column(rows, "b"), [np.nan, 10, 10.001, 0, 0, 3, 2])


@pytest.mark.parametrize("expression", ["x * x", "x / x", "1 / x", "x ** 2", "sqrt(x)"])
def test_degrees_celsius_do_not_multiply(gridmill, tmp_path, expression):
    store = point_series(tmp_path, "degC", [1, 2, 3])
    got = gridmill("extract", store, "--point", "50,10", "--feature", f"y={expression}", "-o", tmp_path / "o.csv")
    assert got.returncode == 2 and "a zero of its own" in got.stderr, got.stderr
    good = gridmill("extract", store, "--point", "50,10", "--feature", "y=number(x) ** 2", "-o", tmp_path / "o.csv")
    assert good.returncode == 0, good.stderr


def test_a_share_in_percent_has_no_odd_power(gridmill, tmp_path):
    store = point_series(tmp_path, "%", [1, 2, 3])
    got = gridmill("extract", store, "--point", "50,10", "--feature", "y=x ** 0.3", "-o", tmp_path / "o.csv")
    assert got.returncode == 2 and "number(x)" in got.stderr


def test_exponents_that_overflow_are_refused(gridmill, tmp_path):
    store = point_series(tmp_path, "m", [1, 2, 3])
    got = gridmill("extract", store, "--point", "50,10", "--feature", "y=(x ** 255) ** 255", "-o", tmp_path / "o.csv")
    assert got.returncode == 2 and "can't be raised" in got.stderr, got.stderr


def test_differences_of_differences_are_bounded(gridmill, features, tmp_path):
    store = point_series(tmp_path, "m", np.arange(30.0) ** 3)
    nested = "x"
    for _ in range(3):
        nested = f"diff({nested}, 1)"
    close(column(features({"y": nested}, store=store), "y"), [np.nan] * 3 + [6.0] * 27)
    for _ in range(30):
        nested = f"diff({nested}, 1)"
    got = gridmill("extract", store, "--point", "50,10", "--feature", f"y={nested}", "-o", tmp_path / "o.csv", timeout=20)
    assert got.returncode == 2 and "several features" in got.stderr


def test_decimal_durations(features, tmp_path):
    store = point_series(tmp_path, "m", np.arange(48.0))
    rows = features({"y": "mean(x, 0.5d)", "z": "mean(x, 1.1d, least=1)"}, store=store)
    close(column(rows, "y"), [np.nan] * 11 + [i - 5.5 for i in range(11, 48)])


def test_looking_ahead_reads_no_more_than_looking_back(gridmill, tmp_path):
    values = np.random.default_rng(1).normal(size=60_000)
    store = point_series(tmp_path, "K", values, name="t")
    (tmp_path / "points.csv").write_text("lat,lon\n50,10\n50,20\n60,10\n60,20\n")
    tables = {}
    for name in ("lag", "lead"):
        got = gridmill("extract", store, "--points", tmp_path / "points.csv", "--feature", f"y=t - {name}(t, 24)",
                       "-o", tmp_path / f"{name}.csv", "--memory", "64M", "--json")  # fmt: skip
        assert got.returncode == 0, got.stderr
        tables[name] = json.loads(got.stdout)["read_amplification"]
    assert tables["lead"] < tables["lag"] + 0.5
    close(column(table(tmp_path / "lead.csv"), "y")[::4], np.append(values[:-24] - values[24:], [np.nan] * 24))


def test_one_document_to_a_file_of_features(gridmill, tmp_path):
    store = point_series(tmp_path, "m", [1, 2, 3])
    (tmp_path / "f.yaml").write_text("a: x\n---\nb: x\n")
    got = gridmill("extract", store, "--point", "50,10", "--features", tmp_path / "f.yaml", "-o", tmp_path / "o.csv")
    assert got.returncode == 2 and "several documents" in got.stderr


@pytest.mark.parametrize("attributes", [{"units_metadata": "temperature: difference"}, {"cell_methods": "time: standard_deviation"}])
def test_variables_of_differences_get_no_offset(gridmill, tmp_path, attributes):
    with xr.open_dataset(point_series(tmp_path, "K", np.arange(3.0))) as data:
        data.x.attrs.update(attributes)
        data.to_zarr(tmp_path / "d.zarr")
    (tmp_path / "f.yaml").write_text("y: {expr: x, units: degC}\n")
    got = gridmill("extract", tmp_path / "d.zarr", "--point", "50,10", "--features", tmp_path / "f.yaml", "-o", tmp_path / "o.csv")
    assert got.returncode == 2 and "holds differences or spreads" in got.stderr, got.stderr
