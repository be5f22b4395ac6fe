"""What `gridmill verify` must find, and what it must not claim."""

import json
import re
import shutil

import netCDF4
import numpy as np
import pytest
import xarray as xr
import zarr

from fidelity.comparison import convert

CHUNK = {3: "v/c/1/0", 2: "v/1.0"}

formats = pytest.mark.parametrize("zarr_format", [3, 2])


@pytest.fixture
def source(tmp_path):
    values = np.random.default_rng(11).normal(0, 1, (8, 6)).astype("f4")
    path = tmp_path / "in.nc"
    xr.Dataset(
        {"v": (("time", "x"), values, {"units": "K"})},
        coords={
            "time": ("time", np.arange(8), {"units": "days since 2000-01-01"}),
            "x": ("x", np.arange(6.0), {"units": "degrees_east"}),
        },
    ).to_netcdf(path)
    return path


@pytest.fixture
def make(gridmill, source, tmp_path):
    def build(zarr_format):
        store = tmp_path / "out.zarr"
        layout = ["--chunks", "time=4,x=3", "--codec", "v:zstd:1"]
        convert(gridmill, source, store, "--zarr-format", zarr_format, *layout)
        assert (store / CHUNK[zarr_format]).is_file()
        return store

    return build


@pytest.fixture
def verify(gridmill):
    def run(*arguments, code):
        done = gridmill("verify", *arguments)
        assert done.returncode == code, done.stdout + done.stderr
        report = json.loads(gridmill("verify", *arguments, "--json").stdout)
        assert report["ok"] == (code == 0)
        return done.stdout, report

    return run


def assert_named(text, report, zarr_format):
    """People and programs are both told which variable and which chunk."""
    chunk = CHUNK[zarr_format]
    assert chunk in text
    assert any(p["variable"] == "v" and p["chunk"] == chunk for p in report["problems"]), report


@formats
def test_a_fresh_store_is_sound(make, verify, source, zarr_format):
    store = make(zarr_format)
    _, report = verify(store, code=0)
    assert report["problems"] == []
    assert any("SOURCE" in line for line in report["unproved"])
    _, report = verify(store, "--against", source, code=0)
    assert report["problems"] == [] and report["unproved"] == []


@pytest.mark.parametrize("name", ["A1B_north_america.nc", "eraint_uvz.nc", "CanESM2_1950-2100.nc",
                                  "era5-levels-members.grib", "reduced_gg.grib"])  # fmt: skip
@formats
def test_real_data_against_itself(gridmill, verify, data, tmp_path, name, zarr_format):
    convert(gridmill, data / name, tmp_path / "o.zarr", "--zarr-format", zarr_format)
    verify(tmp_path / "o.zarr", "--against", data / name, code=0)


@formats
def test_a_flipped_bit_in_every_byte_of_a_chunk(gridmill, make, verify, zarr_format):
    store = make(zarr_format)
    chunk = store / CHUNK[zarr_format]
    good = chunk.read_bytes()
    for at in range(0, len(good), 7):
        bad = bytearray(good)
        bad[at] ^= 1 << (at % 8)
        chunk.write_bytes(bad)
        run = gridmill("verify", store)
        assert run.returncode == 3 and CHUNK[zarr_format] in run.stdout, f"byte {at} of {len(good)}"
    text, report = verify(store, code=3)
    assert_named(text, report, zarr_format)


@formats
def test_a_chunk_that_is_gone(make, verify, zarr_format):
    store = make(zarr_format)
    (store / CHUNK[zarr_format]).unlink()
    assert_named(*verify(store, code=3), zarr_format)


@formats
@pytest.mark.parametrize("size", [0, 1, 20])
def test_a_truncated_chunk(make, verify, size, zarr_format):
    store = make(zarr_format)
    chunk = store / CHUNK[zarr_format]
    chunk.write_bytes(chunk.read_bytes()[:size])
    assert_named(*verify(store, code=3), zarr_format)


@formats
def test_a_chunk_of_another_place(make, verify, zarr_format):
    """Decodes well, has the right size, and is wrong."""
    store = make(zarr_format)
    other = store / CHUNK[zarr_format].replace("1", "0")
    shutil.copy(other, store / CHUNK[zarr_format])
    assert_named(*verify(store, code=3), zarr_format)


@formats
def test_a_stray_chunk(make, verify, zarr_format):
    store = make(zarr_format)
    stray = CHUNK[zarr_format].replace("1", "7")
    (store / stray).parent.mkdir(parents=True, exist_ok=True)
    (store / stray).write_bytes(b"stray")
    text, report = verify(store, code=3)
    assert stray in text
    assert any(problem["chunk"] == stray for problem in report["problems"])


@formats
def test_an_attribute_that_was_changed(make, verify, source, zarr_format):
    store = make(zarr_format)
    zarr.open_group(store, mode="r+", use_consolidated=False)["v"].attrs["units"] = "degC"
    text, _ = verify(store, code=3)
    assert "v/" in text and "changed" in text
    text, report = verify(store, "--against", source, code=3)
    if zarr_format == 2:  # v2's .zattrs are authoritative where they are consolidated, too
        zarr.consolidate_metadata(store)
        text, report = verify(store, "--against", source, code=3)
    assert any("changed" in problem["what"] for problem in report["problems"])


@formats
def test_a_value_that_was_changed(make, verify, source, zarr_format):
    """By zarr-python: a perfectly good chunk that is not the one that was written."""
    store = make(zarr_format)
    array = zarr.open_group(store, mode="r+")["v"]
    array[5, 1] = array[5, 1] + 1
    assert_named(*verify(store, code=3), zarr_format)
    text, report = verify(store, "--against", source, code=3)
    assert_named(text, report, zarr_format)
    # Without the manifest only the source can tell.
    shutil.rmtree(store.parent / "out.zarr.gridmill")
    text, report = verify(store, code=0)
    assert any("manifest" in line for line in report["unproved"])
    text, report = verify(store, "--against", source, code=3)
    assert any(problem["variable"] == "v" for problem in report["problems"])
    assert "5" in text and "1" in text


@formats
def test_without_a_manifest_it_says_what_is_not_proved(make, verify, zarr_format):
    store = make(zarr_format)
    shutil.rmtree(store.parent / "out.zarr.gridmill")
    text, report = verify(store, code=0)
    assert "not proved" in text and "manifest" in text
    assert not any("hash" in line for line in report["proved"])


@formats
def test_another_source(make, verify, source, tmp_path, zarr_format):
    store = make(zarr_format)
    other = tmp_path / "other.nc"
    with xr.open_dataset(source) as dataset:
        changed = dataset.load().copy(deep=True)
    changed["v"][2, 2] += 1
    changed["v"].attrs["units"] = "m"
    changed["extra"] = ("x", np.zeros(6))
    changed.to_netcdf(other)
    text, _ = verify(store, "--against", other, code=3)
    assert "units" in text and "extra" in text and "v" in text


@pytest.mark.parametrize("what,value", [("values", 1), ("units", "hours since 2000-01-01"), ("calendar", "noleap")])
def test_a_source_of_other_times(make, verify, source, tmp_path, what, value):
    store = make(3)
    other = tmp_path / "other.nc"
    shutil.copy(source, other)
    with netCDF4.Dataset(other, "a") as nc:
        if what == "values":
            nc["time"][7] += value
        else:
            nc["time"].setncattr(what, value)
    text, report = verify(store, "--against", other, code=3)
    assert {problem["variable"] for problem in report["problems"]} == {"time"}, text


@pytest.mark.parametrize("values,why", [([0, 1, 3, 2], "not monotonic"), ([0, 1, 1, 2], "not unique"),
                                        ([0, np.nan, 2, 3], "position 1 is nan")])  # fmt: skip
def test_a_coordinate_that_is_no_coordinate(verify, tmp_path, values, why):
    store = tmp_path / "other.zarr"
    group = zarr.create_group(store, zarr_format=2)
    for name, content in (("x", values), ("v", [1, 2, 3, 4])):
        array = group.create_array(name, shape=(4,), dtype="f8", attributes={"units": "m"})
        array.attrs["_ARRAY_DIMENSIONS"] = ["x"]
        array[...] = content
    text, report = verify(store, code=3)
    assert f"coordinate x: {why}" in text or ("coordinate x: positions" in text and why in text)
    assert [problem["variable"] for problem in report["problems"]] == ["x"]


@formats
def test_a_foreign_store_with_a_broken_chunk(verify, tmp_path, zarr_format):
    """No manifest: what can't be decoded is still found."""
    store = tmp_path / "foreign.zarr"
    group = zarr.create_group(store, zarr_format=zarr_format)
    array = group.create_array("v", shape=(8, 6), chunks=(4, 3), dtype="f4")
    array[...] = np.random.default_rng(1).normal(size=(8, 6)).astype("f4")
    verify(store, code=0)
    chunk = store / CHUNK[zarr_format]
    chunk.write_bytes(chunk.read_bytes()[:9])
    assert_named(*verify(store, code=3), zarr_format)


@pytest.fixture
def two_fields(gridmill, tmp_path):
    """A source with fields v, w and a flag that was dropped on purpose; its store."""
    path, store = tmp_path / "in.nc", tmp_path / "out.zarr"
    random = np.random.default_rng(3)
    xr.Dataset(
        {name: (("time", "x"), random.normal(0, 1, (8, 6)).astype("f4")) for name in "vw"}
        | {"other": ("y", np.arange(5.0))},
        coords={
            "time": ("time", np.arange(8), {"units": "days since 2000-01-01"}),
            "y": ("y", np.arange(5.0)),
        },
    ).to_netcdf(path)
    convert(gridmill, path, store, "--chunks", "time=4,x=3")
    return path, store


def test_chosen_variables_are_all_that_is_compared(verify, two_fields):
    """--variables used to reduce the source only: everything else was "not in the source"."""
    source, store = two_fields
    text, report = verify(store, "--against", source, "--variables", "v", code=0)
    assert report["problems"] == []
    assert report["variables"] == 2 and report["chunks"] == 6  # v, and time that it needs
    claims = " ".join(report["proved"])
    assert re.search("of (v, time|time, v) equal the source", claims), claims
    assert not re.search(r"\bw\b", claims)
    (left_out,) = report["unproved"]
    assert "--variables" in left_out and re.search(r"\bw\b", left_out)


def test_claims_cover_only_what_was_read(verify, two_fields):
    _, store = two_fields
    (store / "w/c/1/0").unlink()
    (store / "w/c/0/0").write_bytes(b"rubbish")
    text, report = verify(store, "--variables", "v", code=0)
    for claim in report["proved"]:
        assert " of " in claim and "every key," not in claim, claim
    text, report = verify(store, code=3)
    assert {p["chunk"] for p in report["problems"]} == {"w/c/1/0", "w/c/0/0"}


def test_nothing_is_proved_by_a_check_that_failed(verify, two_fields):
    source, store = two_fields
    good = (store / "v/c/1/1").read_bytes()
    (store / "v/c/1/1").write_bytes(good[:-1])
    _, report = verify(store, "--against", source, code=3)
    assert report["proved"] == []  # presence, hashes, values: a bad chunk speaks against all
    (store / "v/c/1/1").write_bytes(good)
    group = zarr.open_group(store, mode="r+", use_consolidated=False)
    group["v"].attrs["units"] = "K"
    _, report = verify(store, "--against", source, code=3)
    claims = " ".join(report["proved"])
    assert "decodes" in claims and "monotonic" in claims
    assert "hash" not in claims
    zarr.consolidate_metadata(store)
    _, report = verify(store, "--against", source, code=3)
    assert "equal the source" not in " ".join(report["proved"])


def test_chosen_variables_that_one_side_lacks(gridmill, verify, two_fields, tmp_path):
    source, store = two_fields
    convert(gridmill, source, tmp_path / "less.zarr", "--drop", "w")
    text, report = verify(tmp_path / "less.zarr", "--against", source, "--variables", "v,w", code=3)
    assert [(p["variable"], p["what"]) for p in report["problems"]] == [
        ("w", "the variable is missing")
    ]
    done = gridmill("verify", store, "--against", source, "--variables", "vv")
    assert done.returncode == 2 and "vv" in done.stderr
    verify(tmp_path / "less.zarr", "--against", source, "--drop", "w", code=0)


def test_a_group_of_a_store(gridmill, verify, tmp_path):
    """Keys outside the group are none of its business, its own are checked by their full key."""
    import netCDF4

    with netCDF4.Dataset(tmp_path / "in.nc", "w") as file:
        for name in ("a", "b"):
            group = file.createGroup(name)
            group.createDimension("x", 6)
            group.createVariable("v", "f4", ("x",))[...] = np.arange(6)
    store = tmp_path / "out.zarr"
    convert(gridmill, tmp_path / "in.nc", store, "--chunks", "x=3")
    (store / "b/v/c/1").unlink()
    _, report = verify(f"{store}#/a", code=0)
    assert any("of a," in claim and "hash" in claim for claim in report["proved"])
    text, _ = verify(f"{store}#/b", code=3)
    assert "b/v/c/1" in text
