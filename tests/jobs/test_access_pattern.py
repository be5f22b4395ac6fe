"""`--access-pattern` and `--target-chunk-size`: the chunks that peers find in the store."""

import json
import math

import numpy as np
import pytest
import xarray as xr
import zarr

MIB = 1 << 20


def ocean_file(path, times=240, dtype="f4", names=("time", "depth", "lat", "lon"), begin="2001-01-01", **encoding):
    """temp over time, depth, place; ssh without depth. Names tell nothing if they are other ones."""
    t, z, y, x = names
    rng = np.random.default_rng(5)
    days = np.datetime64(begin, "ns") + np.arange(times) * np.timedelta64(1, "D")
    file = xr.Dataset(
        {
            "temp": ((t, z, y, x), rng.normal(10, 3, (times, 4, 45, 90)).astype(dtype)),
            "ssh": ((t, y, x), rng.normal(0, 1, (times, 45, 90)).astype(dtype)),
        },
        coords={
            t: (t, days, {"standard_name": "time"}),
            z: (z, np.array([0.0, 10, 50, 200]), {"positive": "down", "units": "m"}),
            y: (y, np.linspace(-88, 88, 45), {"units": "degrees_north"}),
            x: (x, np.arange(0, 360, 4.0), {"units": "degrees_east"}),
        },
    )
    file.to_netcdf(path, encoding={"temp": {"_FillValue": None, **encoding}, t: {"units": "hours since 1990-01-01"}})
    return file


def advised(gridmill, path, out, *options, verb="convert"):
    """Runs the verb; returns its report by variable, and the store as zarr-python has it."""
    run = gridmill(verb, path, out, *options, "--json")
    assert run.returncode == 0, run.stdout + run.stderr
    report = json.loads(run.stdout)
    group = zarr.open_group(out, mode="r")
    for variable in report["variables"]:
        assert list(group[variable["name"]].chunks) == variable["chunks"]
    return {v["name"]: v for v in report["variables"]}, group


def reads(array, *along):
    """Chunks that hold one reading along these dimensions."""
    return math.prod(math.ceil(array.shape[d] / array.chunks[d]) for d in along)


def near(array, target):
    return abs(math.prod(array.chunks) * array.dtype.itemsize / target - 1) <= 0.25


@pytest.mark.parametrize("names", [("time", "depth", "lat", "lon"), ("valid_time", "deptht", "nav_y", "nav_x"),
                                   ("t", "a", "b", "c")])  # fmt: skip
@pytest.mark.parametrize(("dtype", "size"), [("f4", "256KiB"), ("f8", "512KiB"), ("i2", "96KiB")])
def test_each_pattern_is_good_at_its_own(gridmill, tmp_path, names, dtype, size):
    file = ocean_file(tmp_path / "a.nc", dtype=dtype, names=names)
    target = int(size.removesuffix("KiB")) * 1024
    for pattern in ("temporal", "spatial", "balanced"):
        out = tmp_path / f"{pattern}.zarr"
        report, group = advised(gridmill, tmp_path / "a.nc", out, "--access-pattern", pattern,
                                "--target-chunk-size", size)  # fmt: skip
        temp = group["temp"]
        assert near(temp, target) and near(group["ssh"], target)
        assert temp.chunks[1] == 1, "both series and maps are of one depth"
        series, maps = reads(temp, 0), reads(temp, 2, 3)
        if pattern == "temporal":
            assert series == 1
        elif pattern == "spatial":
            assert maps == 1
        else:
            assert 0.5 <= series / maps <= 2
        assert pattern in report["temp"]["advice"]
        with xr.open_zarr(out, consolidated=None, chunks=None) as back:
            xr.testing.assert_equal(back, file)


def codec_of(group, name):
    (blosc,) = group[name].compressors
    return blosc.cname.value, blosc.clevel, blosc.shuffle.value, blosc.blocksize


def test_series_get_the_codec_that_suits_them(gridmill, tmp_path):
    ocean_file(tmp_path / "a.nc")
    usual = ("zstd", 1, "shuffle", 512 << 10)
    _, group = advised(gridmill, tmp_path / "a.nc", tmp_path / "t.zarr", "--access-pattern", "temporal")
    assert codec_of(group, "temp") == ("zstd", 2, "shuffle", 256 << 10)
    assert codec_of(group, "lat") == codec_of(group, "time") == usual
    _, group = advised(gridmill, tmp_path / "a.nc", tmp_path / "s.zarr", "--access-pattern", "spatial")
    assert codec_of(group, "temp") == usual
    _, group = advised(gridmill, tmp_path / "a.nc", tmp_path / "u.zarr", "--access-pattern", "temporal",
                       "--codec", "ssh:blosc:lz4:3")  # fmt: skip
    assert codec_of(group, "ssh")[:2] == ("lz4", 3) and codec_of(group, "temp")[1] == 2


def test_what_is_asked_for_stays(gridmill, tmp_path):
    ocean_file(tmp_path / "a.nc")
    _, group = advised(gridmill, tmp_path / "a.nc", tmp_path / "o.zarr", "--access-pattern", "temporal",
                       "--chunks", "time=24", "--chunks", "ssh:lat=9,lon=all",
                       "--target-chunk-size", "64KiB")  # fmt: skip
    assert group["temp"].chunks[0] == 24 and near(group["temp"], 65536)
    assert group["ssh"].chunks[1:] == (9, 90) and near(group["ssh"], 65536)
    _, group = advised(gridmill, tmp_path / "a.nc", tmp_path / "s.zarr", "--access-pattern", "spatial",
                       "--chunks", "temp:128KiB")  # fmt: skip
    assert near(group["temp"], 131072), "a size of --chunks is the target of that variable"
    assert group["ssh"].chunks == group["ssh"].shape


def test_a_size_without_a_pattern(gridmill, tmp_path):
    ocean_file(tmp_path / "a.nc")
    report, group = advised(gridmill, tmp_path / "a.nc", tmp_path / "o.zarr", "--target-chunk-size", "256KiB")
    _, same = advised(gridmill, tmp_path / "a.nc", tmp_path / "p.zarr", "--chunks", "256KiB")
    assert group["temp"].chunks == same["temp"].chunks and "advice" not in report["temp"]


def test_files_that_are_joined_end_where_chunks_do(gridmill, tmp_path):
    files = []
    for year, begin in enumerate(("2001-01-01", "2001-05-01", "2001-08-29")):
        files.append(tmp_path / f"{year}.nc")
        ocean_file(files[-1], times=120, begin=begin)
    for pattern in ("temporal", "spatial", "balanced"):
        out = tmp_path / f"{pattern}.zarr"
        run = gridmill("convert", *files, out, "--access-pattern", pattern, "--target-chunk-size", "100KiB")
        assert run.returncode == 0, run.stderr
        length = zarr.open_group(out, mode="r")["temp"].chunks[0]
        assert length == 360 or length % 120 == 0 or 120 % length == 0


def test_curvilinear_grids_are_places_too(gridmill, tmp_path):
    """Dimensions without coordinates, named by 2-D latitudes and longitudes."""
    y, x = np.meshgrid(np.linspace(40, 60, 60), np.linspace(0, 30, 80), indexing="ij")
    xr.Dataset(
        {"sst": (("n", "j", "i"), np.random.default_rng(1).normal(size=(300, 60, 80)).astype("f4"))},
        coords={
            "n": ("n", np.arange(300), {"units": "days since 2000-01-01"}),
            "nav_lat": (("j", "i"), y, {"units": "degrees_north"}),
            "nav_lon": (("j", "i"), x, {"units": "degrees_east"}),
        },
    ).to_netcdf(tmp_path / "a.nc")
    for pattern, chunks in (("temporal", (300, None, None)), ("spatial", (None, 60, 80))):
        _, group = advised(gridmill, tmp_path / "a.nc", tmp_path / f"{pattern}.zarr", "--access-pattern", pattern,
                           "--target-chunk-size", "256KiB")  # fmt: skip
        for length, wanted in zip(group["sst"].chunks, chunks, strict=True):
            assert wanted is None or length == wanted
        assert near(group["sst"], 256 << 10)


def test_rechunk_and_plans_take_it(gridmill, tmp_path):
    file = ocean_file(tmp_path / "a.nc")
    options = ("--access-pattern", "temporal", "--target-chunk-size", "128KiB")
    advised(gridmill, tmp_path / "a.nc", tmp_path / "maps.zarr", "--access-pattern", "spatial")
    report, group = advised(gridmill, tmp_path / "maps.zarr", tmp_path / "series.zarr", *options, verb="rechunk")
    assert reads(group["temp"], 0) == 1 and "temporal" in report["temp"]["advice"]
    with xr.open_zarr(tmp_path / "series.zarr", consolidated=None, chunks=None) as back:
        xr.testing.assert_equal(back, file)
    run = gridmill("plan", "rechunk", tmp_path / "maps.zarr", tmp_path / "again.zarr", *options, "-o", tmp_path / "p")
    assert run.returncode == 0, run.stderr
    run = gridmill("exec", tmp_path / "p")
    assert run.returncode == 0, run.stderr
    assert zarr.open_group(tmp_path / "again.zarr", mode="r")["temp"].chunks == group["temp"].chunks


def test_netcdf_is_cut_so_too(gridmill, tmp_path):
    import netCDF4

    ocean_file(tmp_path / "a.nc")
    run = gridmill("convert", tmp_path / "a.nc", tmp_path / "b.nc", "--access-pattern", "temporal",
                   "--target-chunk-size", "128KiB")  # fmt: skip
    assert run.returncode == 0, run.stderr
    with netCDF4.Dataset(tmp_path / "b.nc") as back:
        assert back["temp"].chunking()[:2] == [240, 1]


@pytest.mark.parametrize("pattern", ["temporal", "spatial", "balanced"])
def test_templates_are_advised_for_the_whole_archive(gridmill, tmp_path, pattern):
    """Not for the file that they are made of, and cut where files end; files fill them."""
    file = ocean_file(tmp_path / "a.nc", times=31)
    out = tmp_path / "archive.zarr"
    _, group = advised(gridmill, tmp_path / "a.nc", out, "--end", "2010-12-31", "--access-pattern", pattern,
                       "--target-chunk-size", "1MiB", verb="template")  # fmt: skip
    temp = group["temp"]
    length = temp.chunks[0]
    assert temp.shape[0] == 3652 and near(temp, MIB) and temp.chunks[1] == 1
    assert length < 3652, "time is bounded"
    assert length % 31 == 0 or 31 % length == 0
    if pattern == "temporal":
        assert 12 * 31 <= length <= 3652 // 2
    if pattern == "spatial":
        assert temp.chunks[2:] == (45, 90)
    run = gridmill("write-region", tmp_path / "a.nc", out)
    assert run.returncode == 0, run.stderr
    with xr.open_zarr(out, consolidated=None, chunks=None) as back:
        assert (back.temp[:31].values == file.temp.values).all() and np.isnan(back.temp[31:].values).all()


def test_without_the_option_nothing_changes(gridmill, tmp_path):
    """The plan of today's options knows nothing of advice."""
    ocean_file(tmp_path / "a.nc")
    run = gridmill("convert", tmp_path / "a.nc", tmp_path / "o.zarr", "--dry-run", "--json")
    report = json.loads(run.stdout)
    assert all("advice" not in v for v in report["variables"])
    assert all(v["codec"] == "blosc zstd 1 shuffle" for v in report["variables"])


@pytest.mark.parametrize(("options", "words"), [
    (["--access-pattern", "temperal"], ["temperal", "temporal, spatial, balanced"]),
    (["--target-chunk-size", "0"], ["--target-chunk-size", "between 1 byte"]),
    (["--target-chunk-size", "3GiB"], ["--target-chunk-size", "between 1 byte"]),
    (["--target-chunk-size", "many"], ["many"]),
    (["--access-pattern", "spatial", "--chunks", "tme=1"], ["no dimension tme", "did you mean time"]),
])  # fmt: skip
def test_what_cannot_be_is_refused(gridmill, tmp_path, options, words):
    ocean_file(tmp_path / "a.nc", times=3)
    run = gridmill("convert", tmp_path / "a.nc", tmp_path / "o.zarr", *options)
    assert run.returncode == 2, run.stdout + run.stderr
    for word in words:
        assert word in run.stderr
    assert not (tmp_path / "o.zarr").exists()
