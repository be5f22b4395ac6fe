"""info against zarr-python and what was written."""

import json
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr
from zarr.codecs import BloscCodec


@pytest.fixture
def store(tmp_path):
    root = zarr.open_group(str(tmp_path / "x.zarr"), mode="w", zarr_format=3)
    group = root.create_group("deep/down")
    array = group.create_array(
        "v", shape=(100, 50), chunks=(10, 50), dtype="f4", dimension_names=("time", "x"),
        compressors=BloscCodec(cname="lz4", clevel=3, shuffle="bitshuffle", blocksize=1024),
    )
    array[30:60] = np.random.default_rng(0).normal(size=(30, 50)).astype("f4")
    sharded = root.create_array(
        "s", shape=(64, 64), chunks=(8, 8), shards=(32, 32), dtype="i4", dimension_names=("a", "b"),
        compressors=BloscCodec(cname="zstd", typesize=4),
    )
    sharded[40:50, 40:50] = 5
    return tmp_path / "x.zarr"


def by_path(report):
    return {variable["path"]: variable for variable in report["variables"]}


def test_presence_sizes_and_frames(gridmill, store):
    got = gridmill("info", store, "--json")
    assert got.returncode == 0, got.stderr
    report = json.loads(got.stdout)
    assert report["format"] == "Zarr v3"
    variable = by_path(report)["deep/down/v"]
    assert (variable["chunks_present"], variable["chunks_total"]) == (3, 10)
    stored = sum(p.stat().st_size for p in (store / "deep/down/v/c").rglob("*") if p.is_file())
    assert variable["stored_bytes"] == stored
    assert variable["logical_bytes"] == 100 * 50 * 4
    assert variable["blosc"]["codec"] == "lz4" and variable["blosc"]["shuffle"] == "bitshuffle"
    frame = next(p for p in (store / "deep/down/v/c").rglob("*") if p.is_file()).read_bytes()
    assert variable["blosc"]["block_size"] == int.from_bytes(frame[8:12], "little")
    assert variable["ratio"] == pytest.approx(variable["logical_bytes"] / stored)
    sharded = by_path(report)["s"]
    assert (sharded["shards_present"], sharded["shards_total"]) == (1, 4)
    assert sharded["chunks"] == [8, 8] and sharded["shards"] == [32, 32]
    assert sharded["blosc"]["codec"] == "zstd"


def test_outline_fits_the_page(gridmill, store, ferret):
    for place in [store, ferret / "coads_climatology.cdf", ferret / "levitus_climatology.cdf"]:
        got = gridmill("info", place)
        assert got.returncode == 0, got.stderr
        assert max(map(len, got.stdout.splitlines())) <= 100
    assert "SALT" in got.stdout


def test_a_node_restricts(gridmill, store):
    for node in ["deep", "deep/down", "deep/down/v"]:
        got = gridmill("info", f"{store}#/{node}", "--json")
        assert got.returncode == 0, got.stderr
        (variable,) = json.loads(got.stdout)["variables"]
        assert variable["path"].split("/")[-1] == "v"
        assert variable["chunks_present"] == 3


def test_coordinates_show_dates(gridmill, tmp_path):
    time = xr.date_range("2000-01-01", periods=30, calendar="360_day", use_cftime=True)
    data = xr.Dataset({"v": ("time", np.zeros(30))}, coords={"time": time, "x": [1.5]})
    data.to_netcdf(tmp_path / "c.nc")
    report = json.loads(gridmill("info", tmp_path / "c.nc", "--json").stdout)
    span = by_path(report)["time"]["range"]
    assert span == {"first": "2000-01-01T00:00:00", "last": "2000-01-30T00:00:00"}
    assert report["stored_bytes"] == Path(tmp_path / "c.nc").stat().st_size


def test_many_chunks(gridmill, tmp_path):
    zarr.create_array(
        str(tmp_path / "m.zarr"), shape=(20000,), chunks=(1,), dtype="i1", dimension_names=("x",)
    )
    for i in range(0, 20000, 2):
        folder = tmp_path / "m.zarr" / "c"
        folder.mkdir(exist_ok=True)
        (folder / str(i)).write_bytes(b"\x01")
    got = gridmill("info", tmp_path / "m.zarr", "--json", timeout=30)
    (variable,) = json.loads(got.stdout)["variables"]
    assert (variable["chunks_present"], variable["chunks_total"]) == (10000, 20000)


GRIB = ["era5-2mt-2019-03-uk.grib", "era5-levels-members.grib", "fields_with_missing_values.grib",
        "lambert_grid.grib", "reduced_gg.grib", "regular_gg_ml_g2.grib"]  # fmt: skip


def hypercubes(path):
    """The datasets that cfgrib makes of a file."""
    import cfgrib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {"backend_kwargs": {"indexpath": ""}, "decode_times": False}
        return cfgrib.open_datasets(str(path), **options)


def is_shown(wanted, line):
    """Does a line of the outline begin so, as far as the page is wide?"""
    line = line.strip()
    return line.startswith(wanted) or (line.endswith("~") and wanted.startswith(line[:-1]))


def assert_group_is(report, path, cube, text):
    (group,) = [group for group in report["groups"] if group["path"] == path]
    sizes = [(one["name"], one["size"]) for one in group["dimensions"]]
    assert sorted(sizes) == sorted(cube.sizes.items())
    prefix = f"{path}/" if path else ""
    found = {name.removeprefix(prefix): one for name, one in by_path(report).items()
             if name.rpartition("/")[0] == path}  # fmt: skip
    assert set(found) == set(cube.variables)
    for name, variable in cube.variables.items():
        one = found[name]
        assert one["dimensions"] == list(variable.dims), name
        assert one["shape"] == list(variable.shape), name
        assert one["type"] == str(variable.dtype), name
        assert one.get("units") == variable.attrs.get("units"), name
        assert one["is_coordinate"] == (name in cube.sizes), name
        # The same for people: a line with name, dimensions, type and units.
        extents = ", ".join(f"{dim}: {size}" for dim, size in cube[name].sizes.items())
        line = f"{prefix}{name} ({extents}) {variable.dtype}"
        if name in cube.data_vars:
            line += f" [{variable.attrs['units']}]"
        assert any(is_shown(line, one) for one in text.splitlines()), line
        if name in cube.data_vars:
            messages = math.prod(variable.shape[: -1 if "values" in variable.dims else -2])
            assert one["encoding"]["storage"] == "messages"
            assert one["encoding"]["messages"] == messages, name
    if "longitude" in cube.sizes:
        span = found["longitude"]["range"]
        ends = cube["longitude"].values[[0, -1]]
        assert np.allclose([float(span["first"]), float(span["last"])], ends, rtol=1e-6)


@pytest.mark.parametrize("name", GRIB)
def test_grib_is_the_hypercube_that_cfgrib_makes(gridmill, data, name):
    report = json.loads(gridmill("info", data / name, "--json").stdout)
    text = gridmill("info", data / name).stdout
    (cube,) = hypercubes(data / name)
    edition = cube[next(iter(cube.data_vars))].attrs.get("GRIB_edition", cube.attrs["GRIB_edition"])
    assert report["format"] == f"GRIB {edition}"
    assert f"GRIB {edition}, " in text.splitlines()[1]
    assert report["stored_bytes"] == (data / name).stat().st_size
    assert_group_is(report, "", cube, text)


def test_grib_of_several_hypercubes(gridmill, data, tmp_path):
    """Fields that share no coordinates are groups, named by their kind of level."""
    mixed = tmp_path / "mixed.grib"
    parts = ["fields_with_missing_values.grib", "era5-levels-members.grib", "regular_gg_ml_g2.grib"]
    mixed.write_bytes(b"".join((data / part).read_bytes() for part in parts))
    report = json.loads(gridmill("info", mixed, "--json").stdout)
    text = gridmill("info", mixed).stdout
    cubes = {next(kind for kind in ("hybrid", "isobaricInhPa", "surface") if kind in cube.coords): cube
             for cube in hypercubes(mixed)}  # fmt: skip
    assert len(cubes) == 3
    assert {group["path"] for group in report["groups"]} - {""} == set(cubes)
    for kind, cube in cubes.items():
        assert_group_is(report, kind, cube, text)
