"""Peak memory of every verb stays below --memory and 100 MB, on more data than both together; and a
budget that is too small is refused with one that works.

Large stores cost little here: their chunks are one file under many names, the same in every day. The
cases of 4 GiB, with more than 5 GB of data, are part of `make torture` only."""

import os
import shutil

import eccodes
import h5py
import netCDF4
import numpy as np
import pytest
import zarr
from measured import peak_memory

MARGIN = 100_000_000
BUDGETS = {"256M": 256 << 20, "1G": 1 << 30, "4G": 4 << 30}
DAY = (24, 361, 720)  # 25 MB as float32
DAYS = {"256M": 21, "1G": 60, "4G": 204}
AXES = [
    ("time", "hours since 2000-01-01"),
    ("lat", "degrees_north"),
    ("lon", "degrees_east"),
]


def bytes_of(days):
    return days * int(np.prod(DAY)) * 4


def a_day():
    """Compresses to about a half."""
    steps = np.random.default_rng(5).integers(-300, 300, DAY, dtype="i2")
    return (np.cumsum(steps, axis=2, dtype="f4") / 64).astype("f4")


def coordinates(days):
    values = [np.arange(24.0 * days), np.linspace(90, -90, 361), np.arange(720) * 0.5]
    return [(name, units, one) for (name, units), one in zip(AXES, values)]


def store_of(path, days):
    """A store of one chunk per day, which are all the same file."""
    root = zarr.open_group(str(path), mode="w", zarr_format=3)
    array = root.create_array(
        "t",
        shape=(24 * days, *DAY[1:]),
        chunks=DAY,
        dtype="f4",
        compressors=zarr.codecs.ZstdCodec(level=1),
        dimension_names=("time", "lat", "lon"),
    )
    array[:24] = a_day()
    for number in range(1, days):
        chunk = path / "t" / "c" / str(number) / "0" / "0"
        chunk.parent.mkdir(parents=True)
        os.link(path / "t" / "c" / "0" / "0" / "0", chunk)
    for name, units, values in coordinates(days):
        root.create_array(name, data=values, dimension_names=(name,)).attrs["units"] = units
    return path


def netcdf_of(path, days, file_format, **storage):
    with netCDF4.Dataset(path, "w", format=file_format) as file:
        for name, units, values in coordinates(days):
            file.createDimension(name, len(values))
            file.createVariable(name, "f8", (name,))[:] = values
            file[name].units = units
        variable = file.createVariable("t", "f4", ("time", "lat", "lon"), **storage)
        day = a_day()
        for first in range(0, 24 * (1 if storage else days), 24):
            variable[first : first + 24] = day
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("memory")
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def store(folder):
    """The store for a budget, made when it is first asked for."""

    def made(memory):
        path = folder / f"{memory}.zarr"
        return path if path.exists() else store_of(path, DAYS[memory])

    return made


@pytest.fixture(scope="module")
def classic(folder):
    return netcdf_of(folder / "classic.nc", DAYS["256M"], "NETCDF3_64BIT_OFFSET")


@pytest.fixture(scope="module")
def deflated(folder):
    """Chunks of six hours and a quarter of the map, shuffled and deflated; the same every day."""
    storage = {"zlib": True, "complevel": 1, "shuffle": True, "chunksizes": (6, 181, 360)}
    path = netcdf_of(folder / "deflated.nc", DAYS["256M"], "NETCDF4", **storage)
    with h5py.File(path, "r+") as file:
        dataset = file["t"].id
        first = [dataset.get_chunk_info(i) for i in range(dataset.get_num_chunks())]
        assert len(first) == 4 * 2 * 2
        for chunk in first:
            mask, stored = dataset.read_direct_chunk(chunk.chunk_offset)
            hour, lat, lon = chunk.chunk_offset
            for day in range(1, DAYS["256M"]):
                dataset.write_direct_chunk((hour + 24 * day, lat, lon), stored, mask)
    return path


@pytest.fixture(scope="module")
def grib(folder):
    """A message for each hour."""
    handle = eccodes.codes_grib_new_from_samples("GRIB2")
    keys = {
        "Ni": 720, "Nj": 361, "shortName": "2t", "bitsPerValue": 12,
        "latitudeOfFirstGridPointInDegrees": 90, "latitudeOfLastGridPointInDegrees": -90,
        "longitudeOfFirstGridPointInDegrees": 0, "longitudeOfLastGridPointInDegrees": 359.5,
        "iDirectionIncrementInDegrees": 0.5, "jDirectionIncrementInDegrees": 0.5,
    }  # fmt: skip
    for key, value in keys.items():
        eccodes.codes_set(handle, key, value)
    eccodes.codes_set_values(handle, a_day()[0].ravel().astype("f8"))
    path = folder / "hours.grib"
    with path.open("wb") as file:
        for hour in range(24 * DAYS["256M"]):
            eccodes.codes_set(handle, "dataDate", 20200101 + hour // 24)
            eccodes.codes_set(handle, "dataTime", 100 * (hour % 24))
            file.write(eccodes.codes_get_message(handle))
    eccodes.codes_release(handle)
    return path


SERIES = ("--chunks", "t:time=all,lat=19,lon=36")
VERBS = {
    "convert": lambda source, out: ("convert", source, f"{out}.zarr", "--chunks", "t:time=48,lat=91"),
    "rechunk": lambda source, out: ("rechunk", source, f"{out}.zarr", *SERIES),
    "spill": lambda source, out: ("rechunk", source, f"{out}.zarr", *SERIES, "--way", "spill"),
    "shards": lambda source, out: (
        "convert", source, f"{out}.zarr", "--chunks", "t:time=24,lat=91,lon=90", "--shards",
        "t:time=168,lat=all,lon=all",
    ),
    "netcdf": lambda source, out: ("convert", source, f"{out}.nc"),
    "extract": lambda source, out: ("extract", source, "--point", "52,13", "-o", f"{out}.csv"),
    "verify": lambda source, out: ("verify", source, "--against", source),
    "dump": lambda source, out: ("dump", f"{source}#/t", "--raw", "-o", f"{out}.raw"),
}  # fmt: skip
LARGE = ["convert", "rechunk", "spill", "extract", "verify", "dump"]
torture = pytest.mark.skipif(
    os.environ.get("GRIDMILL_TORTURE") != "1", reason="more than 5 GB of data: make torture"
)


@pytest.mark.parametrize(
    ("verb", "memory"),
    [
        *[(verb, "256M") for verb in VERBS],
        *[(verb, "1G") for verb in LARGE],
        *[pytest.param(verb, "4G", marks=torture) for verb in [*LARGE, "shards"]],
    ],
)
def test_peak_memory_stays_below_the_budget(store, tmp_path, verb, memory):
    limit = BUDGETS[memory] + MARGIN
    assert bytes_of(DAYS[memory]) > limit  # else nothing is held against it
    words = VERBS[verb](store(memory), tmp_path / "out")
    assert peak_memory(tmp_path, *words, "--memory", memory) <= limit
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("memory", ["256M", pytest.param("1G", marks=torture), pytest.param("4G", marks=torture)])
def test_peak_memory_of_what_writes_into_archives(gridmill, store, tmp_path, memory):
    """template, write-region and append, with chunks that no border of the source meets."""
    source, out, grown = store(memory), tmp_path / "out.zarr", tmp_path / "grown.zarr"
    limit = BUDGETS[memory] + MARGIN
    layout = ("--chunks", "t:time=36,lat=91,lon=720")
    assert peak_memory(tmp_path, "template", source, out, *layout, "--memory", memory) <= limit
    assert peak_memory(tmp_path, "write-region", source, out, "--memory", memory) <= limit
    assert gridmill("verify", out, "--against", source).returncode == 0
    assert gridmill("convert", source, grown, "--region", "time=0:30", *layout).returncode == 0
    words = ("append", source, grown, "--on-overlap", "keep", "--memory", memory)
    assert peak_memory(tmp_path, *words) <= limit
    assert gridmill("verify", grown, "--against", source).returncode == 0
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("source", ["classic", "deflated", "grib"])
def test_peak_memory_of_other_sources(gridmill, tmp_path, request, source):
    path = request.getfixturevalue(source)
    out = tmp_path / "out.zarr"
    peak = peak_memory(tmp_path, "convert", path, out, "--memory", "256M", "--threads", "2")
    assert peak <= BUDGETS["256M"] + MARGIN
    written = zarr.open_group(str(out))
    (data,) = [array for _, array in written.arrays() if array.ndim == 3]
    assert data.shape == (24 * DAYS["256M"], *DAY[1:])
    assert data.nbytes > BUDGETS["256M"] + MARGIN
    if source != "grib":
        np.testing.assert_array_equal(data[-24:], a_day())  # of the last day, which is all of it
    shutil.rmtree(tmp_path)


def test_peak_memory_of_verify_against_a_classic_file(store, classic, tmp_path):
    words = ("verify", store("256M"), "--against", classic)
    assert peak_memory(tmp_path, *words, "--memory", "256M") <= BUDGETS["256M"] + MARGIN


def test_peak_memory_of_info(store, tmp_path):
    assert peak_memory(tmp_path, "info", store("256M")) <= MARGIN


def test_peak_memory_of_exec_and_its_workers(gridmill, store, tmp_path):
    plan = tmp_path / "plan.json"
    words = VERBS["spill"](store("256M"), tmp_path / "out")
    run = gridmill("plan", *words, "--memory", "256M", "-o", plan)
    assert run.returncode == 0, run.stderr
    limit = BUDGETS["256M"] + MARGIN
    assert peak_memory(tmp_path, "exec", plan, "--stage", "0") <= limit
    assert peak_memory(tmp_path, "exec", plan) <= limit
    assert zarr.open_group(str(tmp_path / "out.zarr"))["t"].shape[0] == 24 * DAYS["256M"]
    shutil.rmtree(tmp_path)


# ---- budgets that are too small


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("convert", "IN", "out.zarr"), "variable t"),
        (("convert", "IN", "out.zarr", "--chunks", "t:time=all,lat=all,lon=all"), "of t (convert)"),
        (("convert", "IN", "out.zarr", "--chunks", "t:time=96,lat=91,lon=90", "--shards",
          "t:time=96,lat=all,lon=all"), "variable t"),
        (("convert", "IN", "out.nc", "--chunks", "t:time=96,lat=all,lon=all"), "of t (convert)"),
        (("rechunk", "IN", "out.zarr", "--chunks", "t:time=1,lat=all,lon=all"), "variable t"),
        (("extract", "IN", "--point", "52,13", "-o", "out.csv"), "of out.csv (extract)"),
        (("verify", "IN", "--against", "IN"), "of t (verify)"),
        (("dump", "IN#/t", "--raw", "-o", "out.raw"), "of t (dump)"),
        (("convert", "IN", "out.nc"), "variable t"),
    ],
    ids=["convert", "whole-chunks", "shards", "netcdf", "rechunk", "extract", "verify", "dump",
         "netcdf-default"],
)  # fmt: skip
def test_a_budget_that_is_too_small_is_refused_with_one_that_works(
    gridmill, wide, tmp_path, words, named
):
    words = [word.replace("IN", str(wide)) for word in words]
    run = gridmill(*words, "--memory", "64M", cwd=tmp_path)
    assert run.returncode == 2, run.stderr
    assert named in run.stderr, run.stderr
    assert list(tmp_path.iterdir()) == []
    budget = run.stderr.split("--memory ")[-1].split()[0]
    assert budget.endswith("M") and int(budget[:-1]) > 64, run.stderr
    run = gridmill(*words, "--memory", budget, cwd=tmp_path)
    assert run.returncode == 0, run.stderr


@pytest.fixture(scope="module")
def wide(folder):
    """One chunk of 100 MB, which a budget of 64 MiB can't decode."""
    path = folder / "wide.zarr"
    root = zarr.open_group(str(path), mode="w", zarr_format=3)
    array = root.create_array(
        "t",
        shape=(96, *DAY[1:]),
        chunks=(96, *DAY[1:]),
        dtype="f4",
        compressors=zarr.codecs.ZstdCodec(level=1),
        dimension_names=("time", "lat", "lon"),
    )
    array[...] = np.broadcast_to(np.arange(720, dtype="f4"), array.shape)
    for name, units, values in coordinates(4):
        root.create_array(name, data=values, dimension_names=(name,)).attrs["units"] = units
    return path
