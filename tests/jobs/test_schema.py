"""schema: what it says of the data, and that the data meet it."""

import json
import shutil

import numpy as np
import pytest
import yaml

from weather_files import SUFFIX, save, weather

kinds = pytest.mark.parametrize("kind", list(SUFFIX))


def test_a_first_schema_says_what_is_there(gridmill, tmp_path):
    path = save(weather(), tmp_path, "netcdf")
    made = gridmill("schema", path)
    assert made.returncode == 0, made.stderr
    schema = yaml.safe_load(made.stdout)
    assert schema["dimensions"] == {"time": {"least": 1}, "lat": 6, "lon": 10}
    variables = schema["variables"]
    assert variables["t2m"] == {"type": "float32", "dimensions": ["time", "lat", "lon"], "units": "K",
                                "standard_name": "air_temperature"}  # fmt: skip
    assert variables["time"]["monotonic"] == "strictly increasing"
    assert variables["time"]["attributes"] == {"calendar": "standard"}
    assert variables["lat"]["monotonic"] == "strictly decreasing"
    assert schema["extra_variables"] == "allow"
    report = json.loads(gridmill("schema", path, "--json").stdout)
    assert report["yaml"] == made.stdout and report["bytes_read"] == 0


def test_ranges_hold_the_values_in_round_numbers(gridmill, tmp_path):
    data = weather()
    path = save(data, tmp_path, "netcdf")
    made = gridmill("schema", path, "--values", "-o", tmp_path / "s.yaml")
    assert made.returncode == 0, made.stderr
    variables = yaml.safe_load((tmp_path / "s.yaml").read_text())["variables"]
    for name in ["t2m", "height"]:
        low, high = variables[name]["range"]
        least, greatest = float(data[name].min()), float(data[name].max())
        span = greatest - least
        assert least - 0.3 * span <= low <= least and greatest <= high <= greatest + 0.3 * span
        assert low >= 0 and len(f"{high:g}") <= 4
    share = float(np.isnan(data.t2m).mean())
    assert share <= variables["t2m"]["nan_share"] <= share + 0.01
    assert variables["height"]["nan_share"] == 0 and "range" not in variables["lat"]


def test_the_schemas_file_is_not_replaced_unasked(gridmill, tmp_path):
    path = save(weather(), tmp_path, "netcdf")
    (tmp_path / "s.yaml").write_text("mine")
    run = gridmill("schema", path, "-o", tmp_path / "s.yaml")
    assert run.returncode == 5 and (tmp_path / "s.yaml").read_text() == "mine"
    run = gridmill("schema", path, "-o", tmp_path / "s.yaml", "--overwrite")
    assert run.returncode == 0 and "s.yaml: 3 dimensions, 5 variables" in run.stdout
    dry = gridmill("schema", path, "-o", tmp_path / "t.yaml", "--dry-run")
    assert dry.returncode == 0 and not (tmp_path / "t.yaml").exists()


def assert_met_by_itself(gridmill, path, folder, *options):
    made = gridmill("schema", path, "-o", folder / "own.yaml", "--overwrite", *options)
    assert made.returncode == 0, f"{path}: {made.stderr}"
    yaml.safe_load((folder / "own.yaml").read_text())
    run = gridmill("check", path, "--schema", folder / "own.yaml")
    assert run.returncode == 0, f"{path}: {run.stdout}{run.stderr}"


def test_real_data_meet_their_own_schemas(gridmill, data, ferret, tmp_path):
    files = [path for path in sorted(data.iterdir())
             if path.suffix in (".nc", ".grib") and "corrupted" not in path.name]  # fmt: skip
    files += [ferret / "coads_climatology.cdf", ferret / "levitus_climatology.cdf"]
    assert len(files) > 15
    for path in files:
        assert_met_by_itself(gridmill, path, tmp_path)
        assert_met_by_itself(gridmill, path, tmp_path, "--values")


@kinds
def test_odd_data_meet_their_own_schemas(gridmill, tmp_path, kind):
    data = weather()
    data["odd name: #1"] = ("lat", np.arange(6), {"units": "yes", "standard_name": 'a "b"\n: c'})
    data["no"] = ("lon", np.array([True, False] * 5))
    data["same"] = ("lon", np.zeros(10))
    data["nothing"] = ("lon", np.full(10, np.nan))
    data["ends"] = ("lon", np.array([np.inf, -np.inf] + [1e-300] * 8))
    data["tiny"] = ("lon", np.linspace(1e20, 1e20 + 1e6, 10))
    data["words"] = ("lat", np.array(list("abcdef"), dtype=object))
    data["single"] = ((), np.float64(3.5), {"units": ""})
    path = save(data, tmp_path, kind)
    assert_met_by_itself(gridmill, path, tmp_path)
    assert_met_by_itself(gridmill, path, tmp_path, "--values")


def test_a_copy_meets_the_schema_of_its_source(gridmill, tmp_path):
    path = save(weather(), tmp_path, "netcdf")
    assert gridmill("schema", path, "--values", "-o", tmp_path / "s.yaml").returncode == 0
    assert gridmill("convert", path, tmp_path / "out.zarr").returncode == 0
    run = gridmill("check", tmp_path / "out.zarr", "--schema", tmp_path / "s.yaml")
    assert run.returncode == 0, run.stdout
    shutil.rmtree(tmp_path / "out.zarr" / "t2m")
    run = gridmill("check", tmp_path / "out.zarr", "--schema", tmp_path / "s.yaml")
    assert run.returncode != 0
