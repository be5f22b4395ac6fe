"""check and --schema: every rule met and broken, against what numpy says of the same values."""

import json
import re

import netCDF4
import numpy as np
import pytest
import xarray as xr
import yaml
import zarr

from weather_files import SUFFIX, save, weather

kinds = pytest.mark.parametrize("kind", list(SUFFIX))

MET = """
dimensions: {time: {least: 8}, lat: 6, lon: {size: 10}}
variables:
  t2m:
    type: [float64, float32]
    dimensions: [time, lat, lon]
    units: [K, kelvin]
    standard_name: air_temperature
    attributes: {levels: [1, 2], units: }
    rows: {least: 1, most: 8}
    range: [200, 340]
    nan_share: 0.5
  time: {monotonic: strictly increasing, unique: true, attributes: {calendar: standard}, range: [0, 7]}
  lat: {monotonic: strictly decreasing, range: [-90, 90], nan_share: 0}
  lon: {monotonic: increasing}
  soil: {required: false, type: int8}
attributes: {title: weather, Conventions: }
"""


@pytest.fixture
def check(gridmill, tmp_path):
    """Runs check with a schema; the report, whose exit code was `code`."""

    def run(path, schema, *options, code):
        rules = tmp_path / "rules.yaml"
        rules.write_text(schema)
        paths = path if isinstance(path, list) else [path]
        done = gridmill("check", *paths, "--schema", rules, "--json", *options)
        assert done.returncode == code, done.stdout + done.stderr
        report = json.loads(done.stdout)
        assert report["ok"] == (code == 0) == (report["violations"] == [])
        return report

    return run


def name_of(violation):
    return violation.get("variable", violation.get("dimension"))


@kinds
def test_what_is_met_is_said_so(gridmill, check, tmp_path, kind):
    path = save(weather(), tmp_path, kind)
    report = check(path, MET, code=0)
    assert report["checked"]["values"] == 8 * 6 * 10 and report["checked"]["values_of"] == ["t2m"]
    assert report["bytes_read"] > 0
    said = gridmill("check", path, "--schema", tmp_path / "rules.yaml")
    assert said.returncode == 0 and "as the schema wants it" in said.stdout


BROKEN = [
    ("dimensions: {time: 9}", "time", "size", "9", "8"),
    ("dimensions: {time: {most: 7}}", "time", "size", "at most 7", "8"),
    ("dimensions: {time: {least: 9}}", "time", "size", "at least 9", "8"),
    ("dimensions: {time: {least: 1, most: 2}}", "time", "size", "1 to 2", "8"),
    ("dimensions: {time: {unlimited: true}}", "time", "unlimited", "true", "false"),
    ("dimensions: {height: }", "height", "required", "a dimension", "none"),
    ("variables: {t2n: }", "t2n", "required", "a variable", "none (did you mean t2m?)"),
    ("variables: {t2m: {type: int16}}", "t2m", "type", "int16", "float32"),
    ("variables: {t2m: {dimensions: [lat, lon, time]}}", "t2m", "dimensions", "(lat, lon, time)", "(time, lat, lon)"),
    ("variables: {t2m: {dimensions: []}}", "t2m", "dimensions", "()", "(time, lat, lon)"),
    ("variables: {t2m: {units: degC}}", "t2m", "units", "degC", "K"),
    ("variables: {t2m: {standard_name: [a, b]}}", "t2m", "standard_name", "a or b", "air_temperature"),
    ("variables: {height: {standard_name: height}}", "height", "standard_name", "height", "none"),
    ("variables: {t2m: {attributes: {levels: [1, 3]}}}", "t2m", "attributes.levels", "[1,3]", "[1,2]"),
    ("variables: {t2m: {attributes: {note: }}}", "t2m", "attributes.note", "any", "none"),
    ("variables: {time: {attributes: {calendar: noleap}}}", "time", "attributes.calendar", "noleap", "standard"),
    ("variables: {t2m: {rows: 7}}", "t2m", "rows", "7", "8"),
    ("variables: {lat: {monotonic: increasing}}", "lat", "monotonic", "increasing", "positions 0 and 1 are 60 and 50"),
    ("variables: {t2m: {unique: true}}", "t2m", "unique", "true", "3 dimensions"),
    ("variables: {lat: {range: [0, 50]}}", "lat", "range", "0 to 50", "1 of 6 values outside, the first is 60"),
    ("variables: {t2m: {range: [0, 1]}}", "t2m", "range", "0 to 1", "values outside"),
    ("variables: {t2m: {nan_share: 0}}", "t2m", "nan_share", "at most 0", "values are missing"),
    ("attributes: {title: climate}", "", "attributes.title", "climate", "weather"),
    ("attributes: {history: }", "", "attributes.history", "any", "none"),
    ("variables: {t2m: , time: , lat: , lon: }\nextra_variables: refuse", "height", "extra_variables", "", ""),
]  # fmt: skip


@pytest.mark.parametrize("schema, name, rule, wanted, found", BROKEN)
def test_each_rule_is_told_when_it_is_broken(check, tmp_path, schema, name, rule, wanted, found):
    report = check(save(weather(), tmp_path, "netcdf"), schema, code=3)
    (violation,) = report["violations"]
    assert (name_of(violation), violation["rule"]) == (name, rule)
    assert wanted in violation["wanted"] and found in violation["found"]
    assert ("dimension" in violation) == schema.startswith("dimensions")


def test_all_violations_at_once_in_the_schemas_order(gridmill, check, tmp_path):
    path = save(weather(), tmp_path, "zarr3")
    schema = """
variables:
  lon: {monotonic: decreasing}
  t2m: {units: degC, range: [279, 281], nan_share: 0.01}
  height: {range: [0, 1], type: int8}
  soil: {}
dimensions: {time: 9, lat: 5}
attributes: {title: climate}
"""
    first = check(path, schema, "--threads", 1, code=3)
    found = [(name_of(one), one["rule"]) for one in first["violations"]]
    assert found == [
        ("time", "size"), ("lat", "size"), ("lon", "monotonic"), ("t2m", "units"), ("height", "type"),
        ("soil", "required"), ("", "attributes.title"), ("t2m", "range"), ("t2m", "nan_share"),
        ("height", "range"),
    ]  # fmt: skip
    again = check(path, schema, "--threads", 4, "--memory", "64M", code=3)
    assert again["violations"] == first["violations"]
    text = gridmill("check", path, "--schema", tmp_path / "rules.yaml")
    assert text.returncode == 3
    lines = [line for line in text.stdout.splitlines() if line.startswith("  WRONG ")]
    assert len(lines) == 10 and "  WRONG t2m: units: wanted degC, found K" in lines


# ---- values, as numpy sees them


def assert_place(violation, mask, data, dims=("time", "lat", "lon")):
    assert violation["count"] == mask.sum()
    first = np.argwhere(mask)[0]
    assert violation["where"]["index"] == first.tolist()
    labels = violation["where"]["labels"]
    assert list(labels) == list(dims)
    for name, at in zip(dims, first):
        if name == "time":
            assert labels["time"] == f"2000-01-{int(data.time[at]) + 1:02}T00:00:00"
        else:
            assert float(labels[name]) == data[name][at]


@kinds
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ranges_and_shares_are_numpys(check, tmp_path, kind, seed):
    data = weather(seed=seed)
    path = save(data, tmp_path, kind)
    schema = "variables: {t2m: {range: [272.5, 289.25], nan_share: 0.001}}"
    outside, missing = check(path, schema, code=3)["violations"]
    values = data.t2m.values
    with np.errstate(invalid="ignore"):
        assert_place(outside, (values < 272.5) | (values > 289.25), data)
    assert_place(missing, np.isnan(values), data)
    share = np.isnan(values).mean()
    assert missing["found"].startswith(f"{share:.6g}: ")
    # At the very share it is met, and the ends belong to the range.
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    check(path, f"variables: {{t2m: {{range: [{low!r}, {high!r}], nan_share: {float(share)!r}}}}}", code=0)
    inside = f"variables: {{t2m: {{range: [{low!r}, {np.nextafter(values.dtype.type(high), 0)!s}]}}}}"
    (one,) = check(path, inside, code=3)["violations"]
    assert one["count"] == (values == values.dtype.type(high)).sum()


@pytest.mark.parametrize("kind", ["netcdf", "zarr3"])
def test_packed_values_are_what_they_mean(check, tmp_path, kind):
    data = weather()
    packing = {"dtype": "i2", "scale_factor": 0.01, "add_offset": 280.0, "_FillValue": -32768}
    if kind == "netcdf":
        data.to_netcdf(tmp_path / "in.nc", encoding={"t2m": packing})
        path = tmp_path / "in.nc"
    else:
        data.to_zarr(tmp_path / "in.zarr", zarr_format=3, consolidated=False, encoding={"t2m": packing})
        path = tmp_path / "in.zarr"
    opened = xr.open_dataset(path) if kind == "netcdf" else xr.open_zarr(path, consolidated=False)
    with opened as file:
        values = file.t2m.values
    check(path, "variables: {t2m: {type: int16, range: [200, 340], nan_share: 0.5}}", code=0)
    outside, missing = check(path, "variables: {t2m: {range: [275, 285], nan_share: 0}}", code=3)["violations"]
    with np.errstate(invalid="ignore"):
        assert_place(outside, (values < 275) | (values > 285), data)
    assert_place(missing, np.isnan(values), data)


def test_ends_of_a_range_are_rounded_to_the_values_type(check, tmp_path):
    values = np.array([0.1, 0.3], "f4")
    xr.Dataset({"v": ("x", values)}).to_netcdf(tmp_path / "a.nc")
    check(tmp_path / "a.nc", "variables: {v: {range: [0.1, 0.3]}}", code=0)
    (one,) = check(tmp_path / "a.nc", "variables: {v: {range: [0.1, 0.2999]}}", code=3)["violations"]
    assert one["count"] == 1 and one["where"] == {"index": [1], "labels": {}}


def test_values_of_many_types(check, tmp_path):
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as file:
        file.createDimension("x", 4)
        for kind in ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]:
            variable = file.createVariable(f"v_{kind}", kind, ("x",), fill_value=99)
            variable[:] = np.ma.masked_equal(np.array([1, 2, 99, 5]), 99)
        file.createVariable("text", str, ("x",))
        file.createVariable("scalar", "f8", ())[...] = 3.0
    names = [f"v_{kind}" for kind in ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]]
    schema = {"variables": {name: {"range": [1, 4], "nan_share": 0} for name in names}}
    schema["variables"]["text"] = {"range": [0, 1]}
    schema["variables"]["scalar"] = {"range": [0, 2]}
    report = check(tmp_path / "a.nc", yaml.safe_dump(schema, sort_keys=False), code=3)
    told = {(one["variable"], one["rule"]): one for one in report["violations"]}
    for name in names:
        assert told[name, "range"]["count"] == 1 and told[name, "range"]["where"]["index"] == [3]
        assert told[name, "nan_share"]["count"] == 1 and told[name, "nan_share"]["where"]["index"] == [2]
    assert "values of type string" in told["text", "range"]["found"]
    assert told["scalar", "range"]["where"]["index"] == []
    assert len(told) == 2 * len(names) + 2


# ---- coordinates


def axis_file(path, values):
    xr.Dataset({"v": ("x", np.zeros(len(values)))}, coords={"x": ("x", np.asarray(values))}).to_netcdf(
        path, encoding={"x": {"_FillValue": None}} if np.asarray(values).dtype.kind in "if" else {}
    )
    return path


@pytest.mark.parametrize("values, broken", [
    ([1.0, 2.0, 3.0], {"decreasing", "strictly decreasing"}),
    ([3, 2, 1], {"increasing", "strictly increasing"}),
    ([1.0, 1.0, 2.0], {"strictly increasing", "decreasing", "strictly decreasing", "unique"}),
    ([1, 3, 2, 3], {"increasing", "strictly increasing", "decreasing", "strictly decreasing", "unique"}),
    ([1.0, np.nan, 2.0], {"increasing", "strictly increasing", "decreasing", "strictly decreasing"}),
    (["a", "b", "b"], {"strictly increasing", "decreasing", "strictly decreasing", "unique"}),
    ([2**60, 2**60 + 1], {"decreasing", "strictly decreasing"}),
    ([5.0], set()),
])  # fmt: skip
def test_order_and_doubles_of_coordinates(check, tmp_path, values, broken):
    path = axis_file(tmp_path / "axis.nc", values)
    for word in ["increasing", "decreasing", "strictly increasing", "strictly decreasing"]:
        check(path, f"variables: {{x: {{monotonic: {word}}}}}", code=3 if word in broken else 0)
    report = check(path, "variables: {x: {unique: true}}", code=3 if "unique" in broken else 0)
    assert report["bytes_read"] == 0
    for one in report["violations"]:
        earlier, later = map(int, re.match(r"positions (\d+) and (\d+) are", one["found"]).groups())
        assert values[earlier] == values[later] and one["where"]["index"] == [later]


def test_times_are_named_by_their_date(check, tmp_path):
    data = weather()
    data = data.isel(time=[0, 2, 1, 3])
    path = save(data, tmp_path, "netcdf")
    (one,) = check(path, "variables: {time: {monotonic: increasing}}", code=3)["violations"]
    assert one["where"] == {"index": [2], "labels": {"time": "2000-01-02T00:00:00"}}


# ---- formats


def test_grib(check, data):
    path = data / "era5-levels-members.grib"
    report = check(path, "variables: {t: {range: [0, 1], units: degC, type: float32}}", code=3)
    units, outside = report["violations"]
    assert (units["wanted"], units["found"]) == ("degC", "K")
    assert outside["count"] == report["checked"]["values"]
    assert set(outside["where"]["labels"]) >= {"latitude", "longitude"}


def test_groups_are_named_by_their_path(check, tmp_path):
    root = zarr.open_group(str(tmp_path / "g.zarr"), mode="w", zarr_format=3)
    array = root.create_group("deep/down").create_array("v", shape=(4,), chunks=(2,), dtype="i4", dimension_names=("x",))
    array[:] = [1, 2, 3, 9]
    (one,) = check(tmp_path / "g.zarr", "variables: {deep/down/v: {range: [0, 5]}}", code=3)["violations"]
    assert one["variable"] == "deep/down/v" and one["where"]["index"] == [3]
    check(tmp_path / "g.zarr", "dimensions: {deep/down/x: 4}", code=0)
    check(f"{tmp_path / 'g.zarr'}#/deep", "variables: {down/v: {range: [0, 9]}}", code=0)


def test_several_inputs_are_one(check, tmp_path):
    data = weather(8)
    paths = [save(data.isel(time=part), tmp_path, "netcdf", name)
             for name, part in [("a", slice(0, 5)), ("b", slice(5, 8))]]  # fmt: skip
    schema = "dimensions: {time: 8}\nvariables: {t2m: {range: [0, 1], nan_share: 1}}"
    (one,) = check(paths, schema, code=3)["violations"]
    assert_place(one, ~np.isnan(data.t2m.values), data)


# ---- what is read


def spoil_chunks(store, name):
    """Whoever reads a chunk of the variable gets an error."""
    files = [path for path in (store / name).rglob("*") if path.is_file()]
    spoiled = [path for path in files if not path.name.startswith(".z") and path.name != "zarr.json"]
    for path in spoiled:
        path.write_bytes(b"no chunk")
    return len(spoiled)


@pytest.mark.parametrize("kind", ["zarr2", "zarr3"])
def test_rules_of_metadata_read_no_chunk(check, tmp_path, kind):
    path = save(weather(), tmp_path, kind)
    assert all(spoil_chunks(path, name) for name in ["t2m", "height", "time", "lat", "lon"])
    schema = """
dimensions: {time: 8}
variables: {t2m: {type: float32, units: K, rows: 8, dimensions: [time, lat, lon]}, time: {units: days since 2000-01-01}}
"""
    assert check(path, schema, code=0)["bytes_read"] == 0
    for rules in ["t2m: {range: [0, 400]}", "t2m: {nan_share: 1}"]:
        (one,) = check(path, f"variables: {{{rules}}}", code=3)["violations"]
        assert one["rule"] == "readable" and "t2m" in one["found"]
    for rules in ["time: {unique: true}", "lat: {range: [0, 90]}"]:
        (one,) = check(path, f"variables: {{{rules}}}", code=3)["violations"]
        assert one["rule"] in ("unique", "range") and one["where"] is None


def test_damage_hides_no_other_violation(check, tmp_path):
    path = save(weather(), tmp_path, "zarr3")
    spoil_chunks(path, "t2m")
    report = check(path, "dimensions: {lat: 5}\nvariables: {t2m: {units: m, range: [0, 1]}}", code=3)
    assert [one["rule"] for one in report["violations"]] == ["size", "units", "readable"]


# ---- schemas that are none


@pytest.mark.parametrize("schema, line, said", [
    ("variables: {t2m: [\n", None, "not YAML"),
    ("variables:\n  t2m: {rnage: [0, 1]}\n", 2, "there is no rule rnage (did you mean range?)"),
    ("variables:\n  t2m:\n    range: [3, 1]\n", 3, "reversed"),
    ("variables:\n  t2m:\n    range: [a, b]\n", 3, "not a number"),
    ("variables:\n  t2m:\n    type: floatt32\n", 3, "did you mean float32?"),
    ("variables:\n  t2m: {}\n  t2m: {}\n", 3, "a second time"),
    ("dimensions:\n  time: {least: 4,\n    most: 3}\n", 3, "less than"),
    ("dimensions:\n  time: many\n", 2, "not a whole number"),
    ("variables:\n  t2m: {nan_share: 1.5}\n", 2, "no share"),
    ("variables:\n  time:\n    monotonic: upward\n", 3, "none of increasing, decreasing"),
    ("extra_variables: no\n", 1, "neither allow nor refuse"),
    ("- a\n- b\n", 1, "must be a mapping"),
    ("", None, "it is empty"),
])  # fmt: skip
@pytest.mark.parametrize("verb", ["check", "convert"])
def test_a_schema_that_is_none_is_refused_with_its_line(gridmill, tmp_path, schema, line, said, verb):
    rules = tmp_path / "rules.yaml"
    rules.write_text(schema)
    path = save(weather(), tmp_path, "netcdf")
    more = [tmp_path / "out.zarr"] if verb == "convert" else []
    run = gridmill(verb, path, *more, "--schema", rules)
    assert run.returncode == 2, run.stdout + run.stderr
    assert f"schema {rules}: " in run.stderr and said in run.stderr
    assert line is None or f"line {line}: " in run.stderr
    assert not (tmp_path / "out.zarr").exists()


def test_no_schema(gridmill, tmp_path):
    path = save(weather(), tmp_path, "netcdf")
    run = gridmill("check", path)
    assert run.returncode == 2 and "--schema" in run.stderr
    run = gridmill("check", path, "--schema", tmp_path / "nowhere.yaml")
    assert run.returncode == 2 and "nowhere.yaml" in run.stderr
    (tmp_path / "s.yaml").write_text(MET)
    run = gridmill("check", tmp_path / "nowhere.nc", "--schema", tmp_path / "s.yaml")
    assert run.returncode == 2 and "nowhere.nc" in run.stderr


# ---- the gate


@pytest.fixture
def places(gridmill, tmp_path):
    """Inputs of every verb that has a gate: an archive with room behind it, and what is to come."""
    data = weather(8)
    save(data, tmp_path, "netcdf")
    save(data, tmp_path, "zarr3")
    save(data.isel(time=slice(0, 4)), tmp_path, "netcdf", "first")
    save(data.isel(time=slice(4, 8)), tmp_path, "netcdf", "later")
    for words in [["convert", "first.nc", "archive.zarr"], ["template", "in.nc", "room.zarr"]]:
        run = gridmill(*words, cwd=tmp_path)
        assert run.returncode == 0, run.stderr
    return tmp_path


GATES = [
    ["convert", "in.nc", "out.zarr"],
    ["convert", "in.nc", "out.nc"],
    ["rechunk", "in.zarr", "out.zarr", "--chunks", "time=all,lat=2,lon=2"],
    ["template", "in.nc", "out.zarr"],
    ["append", "later.nc", "archive.zarr"],
    ["write-region", "later.nc", "room.zarr"],
    ["extract", "in.nc", "--point", "40,5", "-o", "out.csv"],
    ["analyze", "in.nc"],
    ["plan", "convert", "in.nc", "out.zarr", "-o", "plan.json"],
]


def bytes_below(folder):
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}  # fmt: skip


@pytest.mark.parametrize("words", GATES, ids=lambda words: f"{words[0]}-{words[-1]}")
def test_the_gate_of_every_verb(gridmill, places, words):
    (places / "bad.yaml").write_text("dimensions: {lat: 7}\nvariables: {t2m: {units: degC}, soil: {}}")
    before = bytes_below(places)
    run = gridmill(*words, "--schema", "bad.yaml", cwd=places)
    assert run.returncode == 3, run.stdout + run.stderr
    for told in ["dimension lat: size: wanted 7, found 6", "t2m: units: wanted degC, found K",
                 "soil: required", "bad.yaml", "in 3 places"]:  # fmt: skip
        assert told in run.stderr
    after = {name: content for name, content in bytes_below(places).items() if ".gridmill/" not in name}
    assert after == {name: content for name, content in before.items() if ".gridmill/" not in name}
    # What is met lets them pass, with a note on what was not looked at.
    (places / "good.yaml").write_text("variables: {t2m: {units: K, range: [0, 1]}, lat: {range: [0, 90]}}")
    run = gridmill(*words, "--schema", "good.yaml", "--json", cwd=places)
    assert run.returncode == 0, run.stdout + run.stderr
    if words[0] != "plan":
        assert "ranges and NaN shares of t2m are not checked here" in run.stdout + run.stderr


def test_the_gate_is_for_the_inputs_as_they_are(gridmill, places):
    (places / "s.yaml").write_text("variables: {t2m: {}, height: {units: m}}\ndimensions: {time: 8}")
    run = gridmill("convert", "in.nc", "out.zarr", "--variables", "t2m", "--region", "time=0:2", "--schema", "s.yaml",
                   cwd=places)  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "height" not in zarr.open_group(places / "out.zarr")


def test_the_gate_is_before_any_chunk(gridmill, places):
    spoil_chunks(places / "in.zarr", "t2m")
    (places / "s.yaml").write_text("variables: {t2m: {units: degC}}")
    run = gridmill("convert", "in.zarr", "out.zarr", "--schema", "s.yaml", cwd=places)
    assert run.returncode == 3 and "units: wanted degC" in run.stderr
