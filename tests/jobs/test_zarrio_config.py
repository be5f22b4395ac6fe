"""`--config` with zarrio's own files: what they ask for is what is written, and slips are errors."""

import json

import numpy as np
import pytest
import xarray as xr
import zarr

# As zarrio's README and examples have them, all sections but Datamesh's.
WHOLE = """
chunking: {time: 4, lat: 3, lon: 8, depth: 2}
compression: {method: "blosc:zstd:3", cname: zstd, clevel: 1, shuffle: 1}
packing:
  enabled: true
  bits: 16
  manual_ranges:
    t: {min: -60, max: 60}
  range_exceeded_action: error
  exclude: [u]
time: {dim: time, append_dim: time, global_start: "2001-01-01", global_end: "2001-01-20", freq: 1d}
variables: {include: [t, u], exclude: []}
missing_data: {retries_on_missing: 1, missing_check_vars: all}
remote_files: {engine: h5netcdf}
attrs: {title: "A title, with a comma", version: 3}
"""


@pytest.fixture
def source(tmp_path):
    rng = np.random.default_rng(2)
    file = xr.Dataset(
        {
            name: (("time", "depth", "lat", "lon"), rng.uniform(-50, 50, (10, 3, 6, 8)).astype("f4"))
            for name in ("t", "u", "left_out")
        },
        coords={"time": np.datetime64("2001-01-01", "ns") + np.arange(10) * np.timedelta64(1, "D"),
                "depth": [0.0, 10.0, 50.0], "lat": np.arange(6.0), "lon": np.arange(8.0)},
        attrs={"title": "old", "kept": "yes"},
    )  # fmt: skip
    file.to_netcdf(tmp_path / "a.nc", encoding={"time": {"units": "hours since 2001-01-01", "dtype": "i4"}})
    (tmp_path / "zarrio.yaml").write_text(WHOLE)
    return file


def opened(store):
    return xr.open_zarr(store, consolidated=None, chunks=None).load()


def test_convert_does_what_the_file_says(gridmill, tmp_path, source):
    run = gridmill("convert", tmp_path / "a.nc", tmp_path / "out.zarr", "--config", tmp_path / "zarrio.yaml", "--json")
    assert run.returncode == 0, run.stderr
    assert sorted(json.loads(run.stdout)["checked"]) == sorted(["depth", "lat", "lon", "time", "t", "u"])
    assert "remote_files: has no meaning here" in run.stderr
    stored = zarr.open_group(tmp_path / "out.zarr")
    assert stored["t"].chunks == (4, 2, 3, 8), "zarrio ignored depth (defect 12)"
    assert stored["t"].dtype == np.int16 and stored["u"].dtype == np.float32
    codec = json.loads((tmp_path / "out.zarr/t/zarr.json").read_text())["codecs"][-1]
    assert codec["name"] == "blosc", "zarrio wrote packed variables without a codec (defect 2)"
    assert (codec["configuration"]["cname"], codec["configuration"]["clevel"]) == ("zstd", 3)
    with opened(tmp_path / "out.zarr") as made:
        assert set(made.data_vars) == {"t", "u"}
        assert np.abs(made.t.values - source.t.values).max() <= 120 / 65534 / 2 * (1 + 1e-9)
        assert made.attrs == {"title": "A title, with a comma", "kept": "yes", "version": 3}


def test_template_and_append_take_their_parts(gridmill, tmp_path, source):
    config = ["--config", tmp_path / "zarrio.yaml"]
    run = gridmill("template", tmp_path / "a.nc", tmp_path / "out.zarr", *config)
    assert run.returncode == 0, run.stderr
    with opened(tmp_path / "out.zarr") as made:
        assert made.time.size == 20 and np.isnan(made.t.values).all(), "zarrio wrote zeros (defect 10)"
    run = gridmill("write-region", tmp_path / "a.nc", tmp_path / "out.zarr", *config)
    assert run.returncode == 0, run.stderr
    source.assign_coords(time=source.time + np.timedelta64(20, "D")).to_netcdf(
        tmp_path / "b.nc", encoding={"time": {"units": "hours since 2001-01-01", "dtype": "i4"}})  # fmt: skip
    run = gridmill("append", tmp_path / "b.nc", tmp_path / "out.zarr", *config)
    assert run.returncode == 0, run.stderr
    with opened(tmp_path / "out.zarr") as made:
        assert made.time.size == 30
        assert np.abs(made.t.values[20:] - source.t.values).max() <= 120 / 65534 / 2 * (1 + 1e-9)


def test_a_flag_wins_over_the_file_and_show_config_says_so(gridmill, tmp_path, source):
    """Precedence flag > environment > file > default (zarrio's command line overwrote its files: defect 18)."""
    run = gridmill("convert", "--config", tmp_path / "zarrio.yaml", "--pack", "8", "--show-config", "--json",
                   env={"GRIDMILL_CODEC": "zstd:5"})  # fmt: skip
    assert run.returncode == 0, run.stderr
    settings = json.loads(run.stdout)
    assert settings["pack"] == {"value": ["8"], "from": "--pack"}
    assert settings["codec"] == {"value": ["zstd:5"], "from": "GRIDMILL_CODEC"}
    assert settings["chunks"]["value"] == ["time=4,lat=3,lon=8,depth=2"]
    assert settings["chunks"]["from"].startswith("chunks in ") and settings["zarr-format"]["from"] == "default"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chunking: {tiem: 4}", "tiem"),
        ("packing: {enabled: true, bit: 8}", "there is no packing.bit in zarrio (did you mean bits?)"),
        ("compression: {method: 'blosc:zstx:3'}", "zstx"),
        ("datamesh: {token: secret}", "does not write to Datamesh"),
        ("chunking: {time: 4}\nretry: 3", "there is no option retry"),
    ],
)
def test_slips_are_errors_of_usage(gridmill, tmp_path, source, text, said):
    (tmp_path / "wrong.yaml").write_text(text)
    run = gridmill("convert", tmp_path / "a.nc", tmp_path / "out.zarr", "--config", tmp_path / "wrong.yaml")
    assert run.returncode == 2 and said in run.stderr, run.stderr
    assert "secret" not in run.stderr and not (tmp_path / "out.zarr").exists()
