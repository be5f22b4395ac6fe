"""Packing: values as integers with scale_factor and add_offset, as xarray and netCDF4 decode them."""

import json
import shutil
import subprocess
import time

import netCDF4
import numpy as np
import pytest
import xarray as xr
import zarr

formats = pytest.mark.parametrize("zarr_format", [3, 2])
LEAST, GREATEST = 180.0, 330.0
STEP16 = (GREATEST - LEAST) / 65534


def field(path, first=0, steps=12, encoding=None, **attributes):
    """t(time, lat, lon) in float32 with gaps, height(lat, lon), and an auxiliary coordinate."""
    rng = np.random.default_rng(first + 7)
    values = rng.uniform(200, 310, (steps, 6, 8)).astype("f4")
    values[rng.random(values.shape) < 0.1] = np.nan
    values[0, 0, 0] = np.nan
    file = xr.Dataset(
        {
            "t": (("time", "lat", "lon"), values, {"units": "K", **attributes}),
            "height": (("lat", "lon"), np.random.default_rng(1).uniform(0, 4000, (6, 8)).astype("f4")),
        },
        coords={
            "time": ("time", np.datetime64("2001-01-01", "ns") + np.arange(first, first + steps) * np.timedelta64(1, "D")),
            "lat": ("lat", np.linspace(10, 60, 6)),
            "lon": ("lon", np.arange(8.0)),
            "sea": (("lat", "lon"), np.random.default_rng(2).uniform(0, 1, (6, 8)).astype("f4")),
        },
    )
    axis = {"units": "hours since 2001-01-01", "dtype": "i4"}
    file.to_netcdf(path, encoding={"time": axis, **(encoding or {})})
    return file


def opened(store):
    return xr.open_zarr(store, consolidated=None, chunks=None).load()


def assert_packed(read, wanted, step):
    assert (np.isnan(read) == np.isnan(wanted)).all(), "NaN where there was NaN, and nowhere else"
    assert np.nanmax(np.abs(read - wanted.astype("f8"))) <= step / 2 * (1 + 1e-9)


@formats
@pytest.mark.parametrize("bits", [8, 16, 32])
def test_values_come_back_to_half_a_step(gridmill, tmp_path, zarr_format, bits):
    file = field(tmp_path / "a.nc")
    out = tmp_path / "out.zarr"
    run = gridmill("convert", tmp_path / "a.nc", out, "--zarr-format", zarr_format, "--pack", f"t:{bits}",
                   "--pack-range", f"t:{LEAST}:{GREATEST}")  # fmt: skip
    assert run.returncode == 0, run.stderr
    with opened(out) as store:
        assert store.t.encoding["dtype"] == np.dtype(f"i{bits // 8}")
        step = (GREATEST - LEAST) / (2**bits - 2)
        assert store.t.encoding["scale_factor"] == pytest.approx(step)
        assert_packed(store.t.values, file.t.values, step)
        assert store.height.dtype == np.float32 and (store.height.values == file.height.values).all()
    stored = zarr.open_group(out)["t"]
    assert stored[0, 0, 0] == -(2 ** (bits - 1)), "the code that no value has"
    assert f"t is packed into {bits} bits" in run.stderr


def test_without_a_name_all_fields_are_packed_and_no_coordinates(gridmill, tmp_path):
    file = field(tmp_path / "a.nc")
    run = gridmill("convert", tmp_path / "a.nc", tmp_path / "out.zarr", "--pack", "16", "--json")
    assert run.returncode == 0, run.stderr
    with opened(tmp_path / "out.zarr") as store:
        for name in ("t", "height"):
            width = float(np.nanmax(file[name]) - np.nanmin(file[name])) * 1.02
            assert store[name].encoding["scale_factor"] == pytest.approx(width / 65534, rel=1e-6), "scanned, and 1 % more"
            assert_packed(store[name].values, file[name].values, width / 65534)
        assert store.sea.dtype == np.float32 and store.lat.dtype == np.float64
    run = gridmill("verify", tmp_path / "out.zarr", "--against", tmp_path / "a.nc")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "t is packed: every value is the source's to within" in run.stdout


def test_verify_finds_one_code_that_is_not_the_nearest(gridmill, tmp_path):
    field(tmp_path / "a.nc")
    out = tmp_path / "out.zarr"
    assert gridmill("convert", tmp_path / "a.nc", out, "--pack", "t:16").returncode == 0
    array = zarr.open_group(out)["t"]
    array[3, 2, 1] = array[3, 2, 1] + 1
    shutil.rmtree(f"{out}.gridmill")  # whose manifest would tell that the bytes were changed
    run = gridmill("verify", out, "--against", tmp_path / "a.nc")
    assert run.returncode == 3 and "1 of 576 values differ" in run.stdout, run.stdout


def test_declared_ranges_are_taken_and_become_codes(gridmill, tmp_path):
    field(tmp_path / "a.nc", valid_min=np.float32(LEAST), valid_max=np.float32(GREATEST))
    run = gridmill("convert", tmp_path / "a.nc", tmp_path / "out.nc", "--pack", "t:16")
    assert run.returncode == 0, run.stderr
    with netCDF4.Dataset(tmp_path / "out.nc") as made, netCDF4.Dataset(tmp_path / "a.nc") as source:
        packed = made["t"]
        assert packed.dtype == np.int16 and packed.scale_factor == pytest.approx(STEP16)
        assert packed.valid_min == -32767 and packed.valid_max == 32767, "netCDF4 masks by the stored numbers"
        assert np.ma.allclose(packed[:], np.ma.masked_invalid(source["t"][:]), atol=STEP16 / 2, rtol=0)
        assert (np.ma.getmaskarray(packed[:]) == np.ma.getmaskarray(np.ma.masked_invalid(source["t"][:]))).all()


def test_values_out_of_range_are_an_error_that_says_where(gridmill, tmp_path):
    file = field(tmp_path / "a.nc")
    least = float(np.sort(file.t.values[np.isfinite(file.t.values)])[3])
    run = gridmill("convert", tmp_path / "a.nc", tmp_path / "out.zarr", "--pack", "t:16", "--pack-range", f"t:{least}:330")
    assert run.returncode == 3 and "t: the value at (" in run.stderr and "--out-of-range clamp" in run.stderr
    assert not (tmp_path / "out.zarr").exists()
    for way in ("clamp", "mask"):
        out = tmp_path / f"{way}.zarr"
        run = gridmill("convert", tmp_path / "a.nc", out, "--pack", "t:16", "--pack-range", f"t:{least}:300",
                       "--out-of-range", way, "--json")  # fmt: skip
        assert run.returncode == 0, run.stderr
        counts = json.loads(run.stdout)["states"]["t: out of range"]
        half = (300 - least) / 65534 / 2
        above = int((file.t.values.astype("f8") > 300 + half).sum())
        assert counts == {"below": 3, "above": above, "out_of_range": way}
        expected = np.clip(file.t.values.astype("f8"), least, 300)
        if way == "mask":
            expected[(file.t.values < least - half) | (file.t.values > 300 + half)] = np.nan
        with opened(out) as store:
            assert_packed(store.t.values, expected, 2 * half)


def test_values_are_counted_across_chunks_and_bands(gridmill, tmp_path):
    """Chunks across the input's, little memory: the plan of a rechunk."""
    rng = np.random.default_rng(5)
    values = rng.normal(0, 1, (400, 60, 80))
    xr.Dataset({"v": (("time", "y", "x"), values)}).to_netcdf(
        tmp_path / "a.nc", encoding={"v": {"chunksizes": (1, 60, 80), "zlib": True}})  # fmt: skip
    out = tmp_path / "out.zarr"
    run = gridmill("convert", tmp_path / "a.nc", out, "--pack", "16", "--pack-range", "-2:2", "--out-of-range", "clamp",
                   "--chunks", "time=all,y=4,x=4", "--memory", "64M", "--json")  # fmt: skip
    assert run.returncode == 0, run.stderr
    half = 2 / 65534
    counts = json.loads(run.stdout)["states"]["v: out of range"]
    assert counts["below"] == (values < -2 - half).sum() and counts["above"] == (values > 2 + half).sum()
    with opened(out) as store:
        assert_packed(store.v.values, np.clip(values, -2, 2), 2 * half)


@pytest.mark.parametrize("declared", [{"valid_range": np.array([0, 100], "i2")}, {"valid_min": np.int16(0), "valid_max": np.int16(100)}])
def test_declared_ranges_of_packed_sources_speak_of_stored_numbers(gridmill, tmp_path, declared):
    values = np.arange(0, 100, 2, dtype="f8") + 200
    xr.Dataset({"t": (("x",), values, declared)}).to_netcdf(
        tmp_path / "a.nc", encoding={"t": {"dtype": "i2", "scale_factor": 1.0, "add_offset": 200.0, "_FillValue": np.int16(-1)}})  # fmt: skip
    run = gridmill("convert", tmp_path / "a.nc", tmp_path / "o.nc", "--pack", "t:8")
    assert run.returncode == 0 and "200 to 300" in run.stderr, run.stderr
    with netCDF4.Dataset(tmp_path / "o.nc") as made:
        assert np.abs(made["t"][:].filled(np.nan) - values).max() <= 100 / 254 / 2 * (1 + 1e-9)


def test_places_and_terms_of_other_variables_are_not_packed(gridmill, tmp_path):
    rng = np.random.default_rng(0)
    xr.Dataset({
        "t": (("lev", "y", "x"), rng.normal(size=(3, 4, 5)), {"cell_measures": "area: cells"}),
        "XLAT": (("y", "x"), rng.normal(size=(4, 5)), {"units": "degrees_north"}),
        "XLONG": (("y", "x"), rng.normal(size=(4, 5)), {"standard_name": "longitude"}),
        "ap": (("lev",), rng.normal(size=3)), "cells": (("y", "x"), rng.normal(size=(4, 5))),
    }, coords={"lev": ("lev", np.arange(3.0), {"formula_terms": "ap: ap b: none"})}).to_netcdf(tmp_path / "a.nc")  # fmt: skip
    run = gridmill("convert", tmp_path / "a.nc", tmp_path / "o.zarr", "--pack", "16")
    assert run.returncode == 0, run.stderr
    stored = zarr.open_group(tmp_path / "o.zarr")
    assert {name for name, array in stored.arrays() if array.dtype == np.int16} == {"t"}


def test_one_value_makes_a_range_around_it_and_a_warning(gridmill, tmp_path):
    xr.Dataset({"rain": (("x",), np.zeros(9)), "p": (("x",), np.full(9, 1000.0))}).to_netcdf(tmp_path / "a.nc")
    run = gridmill("convert", tmp_path / "a.nc", tmp_path / "o.zarr", "--pack", "16")
    assert run.returncode == 0 and "rain holds one value only" in run.stderr, run.stderr
    with opened(tmp_path / "o.zarr") as made:
        assert np.abs(made.rain.values).max() <= 1e-6 and np.abs(made.p.values - 1000).max() <= 1e-3
        assert made.rain.encoding["scale_factor"] < 1e-6, "as zarrio: 0.01 around zero"


def test_values_are_counted_over_replaced_and_new_times(gridmill, tmp_path):
    field(tmp_path / "a.nc")
    second = field(tmp_path / "b.nc", first=6, steps=12)
    out = tmp_path / "o.zarr"
    pack = ["--pack", "t:16", "--pack-range", "t:180:400", "--out-of-range", "clamp"]
    assert gridmill("convert", tmp_path / "a.nc", out, *pack, "--chunks", "t:time=4").returncode == 0
    second["t"] = second.t + np.float32(500)
    second.to_netcdf(tmp_path / "c.nc", encoding={"time": {"units": "hours since 2001-01-01", "dtype": "i4"}})
    run = gridmill("append", tmp_path / "c.nc", out, "--on-overlap", "replace", "--out-of-range", "clamp", "--json")
    assert run.returncode == 0, run.stderr
    counts = json.loads(run.stdout)["states"]["t: out of range"]
    assert counts == {"below": 0, "above": int(np.isfinite(second.t.values).sum()), "out_of_range": "clamp"}
    run = gridmill("verify", out, "--against", tmp_path / "a.nc", "--out-of-range", "clamp", "--variables", "height")
    assert run.returncode == 0, run.stdout


def test_clamped_stores_are_verified_and_appended_to(gridmill, tmp_path):
    field(tmp_path / "a.nc")
    field(tmp_path / "b.nc", first=12)
    out = tmp_path / "o.zarr"
    run = gridmill("convert", tmp_path / "a.nc", out, "--pack", "16", "--pack-range", "250:300", "--out-of-range", "clamp")
    assert run.returncode == 0, run.stderr
    assert gridmill("verify", out, "--against", tmp_path / "a.nc").returncode == 3, "not masked"
    run = gridmill("verify", out, "--against", tmp_path / "a.nc", "--out-of-range", "clamp")
    assert run.returncode == 0 and "the nearest that there is" in run.stdout, run.stdout
    run = gridmill("append", tmp_path / "b.nc", out, "--out-of-range", "clamp", "--check-vars", "t")
    assert run.returncode == 0, run.stderr
    again = gridmill("append", tmp_path / "b.nc", out, "--out-of-range", "clamp", "--on-overlap", "keep", "--check-vars", "t")
    assert again.returncode == 0, again.stderr


def test_a_resumed_run_with_other_memory_counts_right(gridmill, tmp_path):
    rng = np.random.default_rng(5)
    values = rng.normal(0, 1, (300, 200, 200)).astype("f4")
    xr.Dataset({"v": (("time", "y", "x"), values)}).to_netcdf(tmp_path / "a.nc", encoding={"v": {"chunksizes": (1, 200, 200), "zlib": True, "complevel": 1}})
    out = tmp_path / "o.zarr"
    command = ["convert", tmp_path / "a.nc", out, "--pack", "16", "--pack-range", "-2:2", "--out-of-range", "clamp",
               "--chunks", "time=10,y=100,x=200", "--json", "--threads", "1"]  # fmt: skip
    for wait in (0.15, 0.25, 0.35, 0.5, 0.7):  # until one is killed in the middle
        running = subprocess.Popen([str(gridmill.binary), *command, "--memory", "64M", "--resume"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        running.kill()
        running.wait()
        if (tmp_path / "o.zarr.gridmill").exists() and list((tmp_path / "o.zarr.gridmill").rglob("v/c/*/*/*")):
            break
    run = gridmill(*command, "--memory", "160M", "--resume", "--overwrite")
    assert run.returncode == 0, run.stderr
    half = 2 / 65534
    counts = json.loads(run.stdout)["states"]["v: out of range"]
    wide = values.astype("f8")
    assert counts["below"] == (wide < -2 - half).sum() and counts["above"] == (wide > 2 + half).sum()


def test_netcdf_does_not_clamp_uncounted(gridmill, tmp_path):
    field(tmp_path / "a.nc")
    run = gridmill("convert", tmp_path / "a.nc", tmp_path / "o.nc", "--pack", "t:16", "--pack-range", "t:250:260", "--out-of-range", "clamp")
    assert run.returncode == 2 and "which count" in run.stderr


def test_packed_sources_pass_byte_for_byte(gridmill, tmp_path):
    packing = {"dtype": "i2", "scale_factor": 0.01, "add_offset": 273.15, "_FillValue": np.int16(-7)}
    field(tmp_path / "a.nc", encoding={"t": packing})
    run = gridmill("convert", tmp_path / "a.nc", tmp_path / "out.zarr", "--pack", "8")
    assert run.returncode == 0 and "t is packed already, and stays as it is" in run.stderr, run.stderr
    with netCDF4.Dataset(tmp_path / "a.nc") as source:
        source.set_auto_maskandscale(False)
        assert (zarr.open_group(tmp_path / "out.zarr")["t"][:] == source["t"][:]).all()
    run = gridmill("convert", tmp_path / "a.nc", tmp_path / "again.zarr", "--pack", "t:8")
    assert run.returncode == 0, run.stderr
    with opened(tmp_path / "again.zarr") as store, xr.open_dataset(tmp_path / "a.nc") as source:
        assert_packed(store.t.values, source.t.values.astype("f8"), store.t.encoding["scale_factor"])


def test_a_template_needs_ranges_and_region_and_append_keep_to_them(gridmill, tmp_path):
    january, february = field(tmp_path / "a.nc"), field(tmp_path / "b.nc", first=12)
    out = tmp_path / "out.zarr"
    run = gridmill("template", tmp_path / "a.nc", out, "--pack", "t:16")
    assert run.returncode == 2 and "give --pack-range t:LEAST:GREATEST" in run.stderr
    run = gridmill("template", tmp_path / "a.nc", out, "--pack", "16", "--pack-range", f"{LEAST}:{GREATEST}",
                   "--chunks", "time=5,lat=4,lon=3")  # fmt: skip
    assert run.returncode == 0, run.stderr
    with opened(out) as archive:
        assert np.isnan(archive.t.values).all() and archive.height.dtype == np.float32
    run = gridmill("write-region", tmp_path / "a.nc", out)
    assert run.returncode == 0 and "its values change by at most" in run.stderr, run.stderr
    run = gridmill("append", tmp_path / "b.nc", out)
    assert run.returncode == 0, run.stderr
    both = np.concatenate([january.t.values, february.t.values])
    with opened(out) as archive:
        assert archive.t.encoding["dtype"] == np.int16
        assert_packed(archive.t.values, both, STEP16)
    run = gridmill("verify", out, "--against", tmp_path / "a.nc", tmp_path / "b.nc", "--variables", "t")
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("verb", ["write-region", "append"])
def test_what_an_archive_has_no_code_for_is_not_written(gridmill, tmp_path, verb):
    field(tmp_path / "a.nc")
    hot = field(tmp_path / "b.nc", first=12)
    out = tmp_path / "out.zarr"
    end = ["--end", "2001-01-24"] if verb == "write-region" else []
    run = gridmill("template", tmp_path / "a.nc", out, "--pack", "t:16", "--pack-range", "180:300", *end,
                   "--chunks", "time=7,lat=4,lon=8")  # fmt: skip
    assert run.returncode == 0, run.stderr
    before = opened(out)
    run = gridmill(verb, tmp_path / "b.nc", out)
    assert run.returncode == 3 and "--out-of-range clamp or mask" in run.stderr, run.stderr
    assert opened(out).sizes == before.sizes
    run = gridmill(verb, tmp_path / "b.nc", out, "--out-of-range", "mask", "--json")
    assert run.returncode == 0, run.stderr
    half = 120 / 65534 / 2
    wanted = hot.t.values.astype("f8")
    counts = json.loads(run.stdout)["states"]["t: out of range"]
    assert counts == {"below": 0, "above": int((wanted > 300 + half).sum()), "out_of_range": "mask"}
    wanted[wanted > 300 + half] = np.nan
    with opened(out) as archive:
        assert_packed(archive.t.sel(time=hot.time).values, wanted, 2 * half)


def test_other_codes_for_the_same_values_are_changed_to_the_archives(gridmill, tmp_path):
    codes = {"dtype": "i2", "scale_factor": 0.01, "add_offset": 250.0, "_FillValue": np.int16(-32767)}
    field(tmp_path / "a.nc", encoding={"t": codes})
    other = field(tmp_path / "b.nc", first=12, encoding={"t": {**codes, "scale_factor": 0.02, "add_offset": 240.0}})
    out = tmp_path / "out.zarr"
    assert gridmill("convert", tmp_path / "a.nc", out).returncode == 0
    run = gridmill("append", tmp_path / "b.nc", out)
    assert run.returncode == 0 and "its values change by at most 0.005" in run.stderr, run.stderr
    with opened(out) as archive, xr.open_dataset(tmp_path / "b.nc") as source:
        assert_packed(archive.t.sel(time=other.time).values, source.t.values, 0.01)


def test_the_summary_tells_what_was_clamped(gridmill, tmp_path):
    field(tmp_path / "a.nc")
    run = gridmill("convert", tmp_path / "a.nc", tmp_path / "out.zarr", "--pack", "t:16", "--pack-range", "0:100",
                   "--out-of-range", "clamp")  # fmt: skip
    values = int(np.isfinite(field(tmp_path / "b.nc").t.values).sum())
    assert f"t: out of range: 0 values below and {values} above were clamped" in run.stdout, run.stdout


def test_a_plan_packs_as_the_run_does(gridmill, tmp_path):
    field(tmp_path / "a.nc")
    pack = ["--pack", "16", "--out-of-range", "clamp", "--pack-buffer", "0"]
    assert gridmill("convert", tmp_path / "a.nc", tmp_path / "out.zarr", *pack).returncode == 0
    run = gridmill("plan", "convert", tmp_path / "a.nc", tmp_path / "exec.zarr", *pack, "-o", tmp_path / "plan.json")
    assert run.returncode == 0, run.stderr
    run = gridmill("exec", tmp_path / "plan.json")
    assert run.returncode == 0, run.stderr
    names = sorted(path.relative_to(tmp_path / "out.zarr") for path in (tmp_path / "out.zarr").rglob("*") if path.is_file())
    for name in names:
        assert (tmp_path / "exec.zarr" / name).read_bytes() == (tmp_path / "out.zarr" / name).read_bytes(), name


def test_a_dry_run_does_not_read_for_the_range(gridmill, tmp_path):
    field(tmp_path / "a.nc")
    run = gridmill("convert", tmp_path / "a.nc", tmp_path / "out.zarr", "--pack", "t:16", "--dry-run")
    assert run.returncode == 0 and "is read for its range before it is packed" in run.stderr, run.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["--pack", "12"], 2, "packed into 8, 16 or 32"),
        (["--pack", "lat:16"], 2, "it is a coordinate, whose values must stay exact"),
        (["--pack", "t:16", "--pack-range", "t:5"], 2, "write LEAST:GREATEST"),
        (["--pack", "t:16", "--pack-range", "t:5:1"], 2, "is no range to pack"),
        (["--pack", "t:16", "--pack-buffer", "-1"], 2, "--pack-buffer -1 is negative"),
        (["--pack-range", "t:1:5"], 2, "give it as well"),
        (["--out-of-range", "clamp"], 2, "give it as well"),
        (["--pack", "t:16", "--pack-range", "typo:0:5"], 2, "typo"),
        (["--pack", "t:16", "--pack-range", "height:0:5"], 2, "height is not packed"),
        (["--pack", "salt:none"], 2, "there is no variable salt"),
        (["--pack", "t:4294967312"], 2, "packed into 8, 16 or 32"),
        (["--retries", "2"], 2, "give --check-vars as well"),
        (["--pack", "t:16", "--out-of-range", "warn"], 2, "error, clamp, mask"),
    ],
)
def test_what_can_not_be_packed_is_refused(gridmill, tmp_path, arguments, code, text):
    field(tmp_path / "a.nc")
    run = gridmill("convert", tmp_path / "a.nc", tmp_path / "out.zarr", *arguments)
    assert run.returncode == code and text in run.stderr, run.stderr


def test_a_configuration_packs_and_its_error_stays_an_error(gridmill, tmp_path):
    """zarrio's defect 18: its command line overwrote bits 8 by 16 and error by warn."""
    field(tmp_path / "a.nc")
    (tmp_path / "run.yaml").write_text("pack: 8\npack-range: '250:260'\n")
    run = gridmill("convert", tmp_path / "a.nc", tmp_path / "out.zarr", "--config", tmp_path / "run.yaml")
    assert run.returncode == 3 and "int8" in run.stderr, run.stderr
