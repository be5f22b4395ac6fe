"""--skip-corrupt: chunks whose bytes are damaged, against xarray with the same chunks set to NaN."""

import json
import subprocess
import time

import numpy as np
import pytest
import xarray as xr
import zarr
from csv_tables import column, table

SHAPE, CHUNKS = (12, 10, 16), (4, 5, 16)
PACKING = {"dtype": "i2", "scale_factor": 0.01, "add_offset": 280.0, "_FillValue": -32767}
LOST = {"t": (slice(4, 8), slice(5, 10)), "p": (slice(0, 4), slice(0, 5))}  # time, lat
NAMES = {"t": "c/1/1/0", "p": "c/0/0/0"}


def write(path, zarr_format=3):
    """t: packed int16; p: float32 with a fill value of 0; n: int32 without any missing value."""
    random = np.random.default_rng(11)
    dims = ("time", "lat", "lon")
    data = xr.Dataset(
        {
            "t": (dims, random.normal(280, 10, size=SHAPE)),
            "p": (dims, random.normal(size=SHAPE).astype("f4")),
            "n": (dims, random.integers(0, 1000, size=SHAPE).astype("i4")),
        },
        coords={
            "time": np.datetime64("2001-01-01") + np.arange(SHAPE[0]) * np.timedelta64(6, "h"),
            "lat": ("lat", np.linspace(90, -90, SHAPE[1]), {"units": "degrees_north"}),
            "lon": ("lon", np.arange(0, 360, 22.5), {"units": "degrees_east"}),
        },
    )
    encoding = {name: {"chunks": CHUNKS} for name in ("t", "p", "n")}
    encoding["t"] |= PACKING
    data.to_zarr(path, encoding=encoding, zarr_format=zarr_format)
    return path


def key_of(path, name, chunk, zarr_format=3):
    return path / name / (chunk if zarr_format == 3 else chunk.removeprefix("c/").replace("/", "."))


def flip(key, at=0, count=4):
    stored = bytearray(key.read_bytes())
    for i in range(at, at + count):
        stored[i] ^= 0xFF
    key.write_bytes(stored)


@pytest.fixture
def damaged(tmp_path):
    """The store, and what is left of it as xarray has it."""
    path = write(tmp_path / "in.zarr")
    with xr.open_zarr(path) as data:
        expected = data.load()
    for name, (times, rows) in LOST.items():
        flip(key_of(path, name, NAMES[name]))
        expected[name][times, rows] = np.nan
    return path, expected


def assert_same(found, expected, names):
    for name in names:
        np.testing.assert_array_equal(found[name].values, expected[name].values, err_msg=name)


def test_without_the_option_the_chunk_is_named(gridmill, damaged, tmp_path):
    path, _ = damaged
    for verb in (["convert"], ["rechunk", "--chunks", "time=all"]):
        got = gridmill(verb[0], path, tmp_path / "out.zarr", "--variables", "p", *verb[1:])
        assert got.returncode == 3, got.stderr
        assert got.stderr.count(f"chunk p/{NAMES['p']} of {path}") == 1
        assert got.stderr.count("--skip-corrupt goes on without such chunks") == 1
        assert not (tmp_path / "out.zarr").exists()


def test_the_option_is_named_where_it_would_help(gridmill, damaged, tmp_path):
    path, _ = damaged
    words = ("--point", "90,0", "--variables", "p")
    got = gridmill("extract", path, *words, "-o", tmp_path / "o.csv")
    assert got.returncode == 3, got.stderr
    assert f"{tmp_path}/o.csv: chunk p/{NAMES['p']} of {path}: " in got.stderr
    assert got.stderr.count(f"chunk p/{NAMES['p']}") == got.stderr.count("--skip-corrupt") == 1
    plan = tmp_path / "plan.json"  # exec has no such option
    assert gridmill("plan", "extract", path, tmp_path / "o.csv", *words, "-o", plan).returncode == 0
    got = gridmill("exec", plan)
    assert got.returncode == 3 and "--skip-corrupt" not in got.stderr
    flip(key_of(path, "n", NAMES["p"]))  # integers that can't be missing
    got = gridmill("convert", path, tmp_path / "n.zarr", "--variables", "n")
    assert got.returncode == 3 and "--skip-corrupt" not in got.stderr


@pytest.mark.parametrize("verb", ["convert", "rechunk"])
@pytest.mark.parametrize("threads", [1, 3])
def test_values_are_missing_and_told(gridmill, damaged, tmp_path, verb, threads):
    path, expected = damaged
    out = tmp_path / "out.zarr"
    words = ["--skip-corrupt", "--variables", "t,p", "--chunks", "time=3,lat=4,lon=8"]
    got = gridmill(verb, path, out, *words, "--threads", threads, "--json")
    assert got.returncode == 0, got.stderr
    report = json.loads(got.stdout)
    assert report["skipped_chunks"] == 2
    assert [each["variable"] for each in report["skipped"]] == ["p", "t"]
    lost = {each["variable"]: each for each in report["skipped"]}
    for name, (times, rows) in LOST.items():
        assert NAMES[name] in lost[name]["chunk"] and str(path) in lost[name]["file"]
        assert lost[name]["region"] == {
            "begin": [times.start, rows.start, 0],
            "shape": [times.stop - times.start, rows.stop - rows.start, SHAPE[2]],
        }
        assert lost[name]["why"]
    assert "2 corrupt chunks of the inputs were skipped" in got.stderr
    with xr.open_zarr(out) as found:
        assert_same(found, expected, ["t", "p"])
        assert found.attrs["gridmill_skipped_chunks"].endswith("1 of p, 1 of t")
    # Packed as before: the fill value, and no other code that means NaN.
    codes = zarr.open_array(out / "t", mode="r")[LOST["t"]]
    assert (codes == PACKING["_FillValue"]).all()
    verified = gridmill("verify", out)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_the_same_bytes_for_any_threads_and_memory(gridmill, tmp_path):
    """Blosc chunks of many blocks, one of which is damaged, cut into bands by little memory."""
    path = tmp_path / "in.zarr"
    values = np.random.default_rng(3).normal(size=(32, 256, 256)).astype("f4")
    blosc = zarr.codecs.BloscCodec(cname="zstd", shuffle="shuffle", typesize=4, blocksize=1 << 17)
    array = zarr.create_array(
        path, name="v", shape=values.shape, dtype="f4", chunks=values.shape, compressors=blosc,
        dimension_names=("t", "y", "x"), fill_value=0.0,
    )  # fmt: skip
    array[:] = values
    key = path / "v" / "c/0/0/0"
    flip(key, key.stat().st_size - 100, 100)
    stores = []
    for number, words in enumerate((["--threads", 1], ["--threads", 4], ["--memory", "64M"])):
        out = tmp_path / f"{number}.zarr"
        got = gridmill("rechunk", path, out, "--chunks", "t=32,y=16,x=256", "--skip-corrupt", *words)
        assert got.returncode == 0, got.stderr
        assert np.isnan(zarr.open_array(out / "v", mode="r")[:]).all()
        files = [file for file in out.rglob("*") if file.is_file()]
        stores.append({str(file.relative_to(out)): file.read_bytes() for file in files})
    assert stores[0] == stores[1] == stores[2]


def test_plain_integers_are_refused_by_name(gridmill, damaged, tmp_path):
    path, _ = damaged
    flip(key_of(path, "n", "c/2/0/0"))
    got = gridmill("convert", path, tmp_path / "out.zarr", "--skip-corrupt")
    assert got.returncode == 1
    for part in ("variable n", "c/2/0/0", "_FillValue", "--drop"):
        assert part in got.stderr
    assert not (tmp_path / "out.zarr").exists()
    got = gridmill("convert", path, tmp_path / "out.zarr", "--skip-corrupt", "--drop", "n", "--json")
    assert got.returncode == 0, got.stderr
    assert json.loads(got.stdout)["skipped_chunks"] == 2


def test_version_2_knows_its_fill_value(gridmill, tmp_path):
    """There an integer array's own fill value is its _FillValue, too."""
    path = tmp_path / "in.zarr"
    array = zarr.create_array(
        path, name="n", shape=(6,), chunks=(3,), dtype="i4", fill_value=-1, zarr_format=2
    )
    array.attrs["_ARRAY_DIMENSIONS"] = ["x"]
    array[:] = np.arange(6)
    flip(path / "n" / "1")
    got = gridmill("convert", path, tmp_path / "out.zarr", "--skip-corrupt", "--zarr-format", "2")
    assert got.returncode == 0, got.stderr
    assert zarr.open_array(tmp_path / "out.zarr" / "n", mode="r")[:].tolist() == [0, 1, 2, -1, -1, -1]


def test_coordinates_are_never_skipped(gridmill, tmp_path):
    path = write(tmp_path / "in.zarr")
    flip(next(file for file in (path / "lat").rglob("*") if file.is_file() and "c" in file.parts[-2:]))
    got = gridmill("convert", path, tmp_path / "out.zarr", "--skip-corrupt")
    assert got.returncode == 3, got.stderr
    assert "lat" in got.stderr


COORDINATES = {"lat2": ("y", "x"), "lon2": ("y", "x"), "depth": ("y", "x"), "x_bnds": ("x", "two")}


@pytest.mark.parametrize("name", COORDINATES)
def test_coordinates_of_other_dimensions_are_never_skipped(gridmill, tmp_path, name):
    """Two-dimensional ones, those that only an attribute names, and bounds."""
    path, sizes = tmp_path / "in.zarr", {"y": 6, "x": 8, "two": 2}
    random = np.random.default_rng(4)
    made = {each: (dims, 40 + random.normal(size=[sizes[d] for d in dims]))
            for each, dims in COORDINATES.items()}  # fmt: skip
    made["lat2"] += ({"units": "degrees_north"},)
    made["lon2"] += ({"units": "degrees_east"},)
    bounds = made.pop("x_bnds")
    x = ("x", np.arange(8.0), {"bounds": "x_bnds"})
    data = xr.Dataset({"v": (("y", "x"), random.normal(size=(6, 8))), "x_bnds": bounds}, made | {"x": x})
    data.to_zarr(path, encoding={each: {"chunks": (3, 2)} for each in COORDINATES})
    flip(path / name / "c/1/0" if name != "x_bnds" else path / name / "c/0/0")
    got = gridmill("convert", path, tmp_path / "out.zarr", "--skip-corrupt")
    assert got.returncode == 1, got.stderr
    assert f"variable {name}" in got.stderr and "coordinate" in got.stderr
    assert not (tmp_path / "out.zarr").exists()


def test_metadata_are_never_skipped(gridmill, damaged, tmp_path):
    path, _ = damaged
    (path / "zarr.json").write_text("{")
    (path / "t" / "zarr.json").write_text("{")
    got = gridmill("convert", path, tmp_path / "out.zarr", "--skip-corrupt")
    assert got.returncode == 3, got.stderr


def test_truncated_raw_chunks_too(gridmill, tmp_path):
    path = tmp_path / "in.zarr"
    values = np.arange(24, dtype="f8").reshape(6, 4)
    array = zarr.create_array(
        path, name="v", shape=(6, 4), chunks=(2, 4), dtype="f8", compressors=None, fill_value=0.0,
        dimension_names=("y", "x"),
    )  # fmt: skip
    array[:] = values
    key = path / "v" / "c/1/0"
    key.write_bytes(key.read_bytes()[:-5])
    got = gridmill("convert", path, tmp_path / "out.zarr", "--skip-corrupt", "--json")
    assert got.returncode == 0, got.stderr
    assert json.loads(got.stdout)["skipped_chunks"] == 1
    values[2:4] = np.nan
    np.testing.assert_array_equal(zarr.open_array(tmp_path / "out.zarr" / "v", mode="r")[:], values)


POINT = {"lat": -50.0, "lon": 45.0}


@pytest.mark.parametrize("features", [False, True])
def test_tables(gridmill, damaged, tmp_path, features):
    path, expected = damaged
    out = tmp_path / "out.csv"
    columns = ["--feature", "t=t - 280", "--feature", "p=p * 2"] if features else ["--variables", "t,p"]
    words = [path, "--point", f"{POINT['lat']},{POINT['lon']}", *columns, "-o", out]
    refused = gridmill("extract", *words)
    assert refused.returncode == 3 and NAMES["t"] in refused.stderr
    assert not out.exists()
    got = gridmill("extract", *words, "--skip-corrupt", "--json")
    assert got.returncode == 0, got.stderr
    report = json.loads(got.stdout)
    assert [each["variable"] for each in report["skipped"]] == ["t"]  # p's lies elsewhere
    chosen = expected.sel(POINT, method="nearest")
    wanted = {"t": chosen["t"] - 280, "p": chosen["p"] * 2} if features else chosen
    rows = table(out)
    for name in ("t", "p"):
        np.testing.assert_allclose(column(rows, name), wanted[name].values, rtol=1e-6)
    assert np.isnan(column(rows, "t")).sum() == 4


@pytest.mark.parametrize("method", [["bilinear"], ["box", "--box", "30x30"]])
def test_tables_of_interpolations_and_means(gridmill, damaged, tmp_path, method):
    """As from a file that has NaN there."""
    path, expected = damaged
    expected.drop_encoding()[["t", "p"]].to_netcdf(tmp_path / "clean.nc")
    words = ["--point", "-45,50", "--point", "5,50", "--variables", "t,p", "--method", *method]
    refused = gridmill("extract", path, *words, "-o", tmp_path / "no.csv")
    assert refused.returncode == 3, refused.stderr
    got = gridmill("extract", path, *words, "-o", tmp_path / "o.csv", "--skip-corrupt", "--json")
    assert got.returncode == 0, got.stderr
    assert {each["variable"] for each in json.loads(got.stdout)["skipped"]} == {"t", "p"}
    wanted = gridmill("extract", tmp_path / "clean.nc", *words, "-o", tmp_path / "clean.csv")
    assert wanted.returncode == 0, wanted.stderr
    rows, clean = table(tmp_path / "o.csv"), table(tmp_path / "clean.csv")
    for name in ("t", "p"):
        np.testing.assert_allclose(column(rows, name), column(clean, name), rtol=1e-6)
    assert np.isnan(column(rows, "t")).sum() >= 4


def test_a_summary_names_the_first_and_counts_the_rest(gridmill, tmp_path):
    path = tmp_path / "in.zarr"
    array = zarr.create_array(
        path, name="v", shape=(50,), chunks=(2,), dtype="f4", fill_value=0.0, dimension_names=("x",)
    )
    array[:] = np.arange(50)
    for number in range(23):
        flip(path / "v" / "c" / str(number))
    got = gridmill("convert", path, tmp_path / "out.zarr", "--skip-corrupt")
    assert got.returncode == 0, got.stderr
    lines = got.stdout.splitlines()
    assert "  skipped: 23 corrupt chunks, whose values are missing" in lines
    named = [line for line in lines if line.startswith("    v: chunk ")]
    assert len(named) == 20 and "    and 3 more (--json lists all)" in lines
    assert "c/2 " in named[2]  # in the order in which they lie there, not of their names
    clean = gridmill("convert", tmp_path / "out.zarr", tmp_path / "again.zarr", "--skip-corrupt")
    assert clean.returncode == 0 and "  skipped: no corrupt chunks" in clean.stdout.splitlines()


def test_netcdf_says_so_too(gridmill, damaged, tmp_path):
    path, expected = damaged
    out = tmp_path / "out.nc"
    got = gridmill("convert", path, out, "--skip-corrupt", "--variables", "t,p")
    assert got.returncode == 0, got.stderr
    with xr.open_dataset(out) as found:
        assert_same(found, expected, ["t", "p"])
        assert found.attrs["gridmill_skipped_chunks"].endswith("1 of p, 1 of t")


def test_what_synth_plants(gridmill, tmp_path):
    """Readers stumble over the first and the third of the planted ones; verify finds all."""
    path, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    made = gridmill("synth", path, "--size", "8MB", "--plant", "corrupt", "--json")
    assert made.returncode == 0, made.stderr
    assert gridmill("convert", path, out).returncode == 3
    got = gridmill("convert", path, out, "--skip-corrupt", "--json")
    assert got.returncode == 0, got.stderr
    skipped = json.loads(got.stdout)["skipped"]
    assert 1 <= len(skipped) <= 3
    with xr.open_zarr(out) as found:
        for each in skipped:
            box = each["region"]
            at = tuple(slice(b, b + n) for b, n in zip(box["begin"], box["shape"], strict=True))
            assert np.isnan(found[each["variable"]][at].values).all()


def test_a_run_that_is_resumed_knows_what_was_skipped_before(gridmill, tmp_path):
    """Killed when the chunk that takes the place of the damaged one is stored, and not read again."""
    path = tmp_path / "in.zarr"
    array = zarr.create_array(
        path, name="v", shape=(60, 100_000), chunks=(1, 100_000), dtype="f4", fill_value=0.0,
        dimension_names=("t", "x"),
    )  # fmt: skip
    array[:] = np.random.default_rng(1).normal(size=array.shape).astype("f4")
    flip(path / "v" / "c/0/0")
    out = tmp_path / "out.zarr"
    words = ["--skip-corrupt", "--chunks", "t=1,x=all", "--codec", "zstd:19", "--threads", "1"]
    command = [gridmill.binary, "convert", path, out, *words]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as run:
        first = tmp_path / "out.zarr.gridmill" / "incoming" / "v" / "c/0/0"
        while run.poll() is None and not first.exists():
            time.sleep(0.005)
        time.sleep(0.2)  # by now it is noted
        run.kill()
    assert not out.exists(), "it was too fast to be killed"
    other = gridmill("convert", path, out, *words[1:], "--resume")
    assert other.returncode == 5 and "skip_corrupt" in other.stderr
    got = gridmill("convert", path, out, *words, "--resume", "--json")
    assert got.returncode == 0, got.stderr
    report = json.loads(got.stdout)
    assert report["chunks_resumed"] > 0
    assert [each["chunk"].split()[1] for each in report["skipped"]] == ["v/c/0/0"]
    assert np.isnan(zarr.open_array(out / "v", mode="r")[0]).all()
