"""Peak memory of every verb stays below --memory and 100 MB, on data larger than the budget."""

import os
import subprocess
from pathlib import Path

import netCDF4
import numpy as np
import pytest

MARGIN = 100_000_000
BINARY = Path(os.environ.get("GRIDMILL_BINARY", "build/release/gridmill"))


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """700 MB of float32 in a classic file, and the same as a store of maps."""
    folder = tmp_path_factory.mktemp("memory")
    rng = np.random.default_rng(5)
    steps = rng.integers(-300, 300, (24, 361, 720), dtype="i2")
    day = (np.cumsum(steps, axis=2, dtype="f4") / 64).astype("f4")
    path = folder / "t.nc"
    with netCDF4.Dataset(path, "w", format="NETCDF3_64BIT_OFFSET") as file:
        for name, values, units in [
            ("time", np.arange(672), "hours since 2000-01-01"),
            ("lat", np.linspace(90, -90, 361), "degrees_north"),
            ("lon", np.arange(720) * 0.5, "degrees_east"),
        ]:
            file.createDimension(name, len(values))
            file.createVariable(name, "f8", (name,))[:] = values
            file[name].units = units
        variable = file.createVariable("t", "f4", ("time", "lat", "lon"))
        for first in range(0, 672, 24):
            variable[first : first + 24] = day
    store = folder / "maps.zarr"
    run = [BINARY, "convert", path, store, "--chunks", "t:time=24,lat=all,lon=all"]
    subprocess.run(run, check=True, capture_output=True)
    yield path, store
    path.unlink()


def peak(folder, *words):
    """The peak resident set of a run of the command, in bytes."""
    # By a small program between: what this process holds when it forks would count, too.
    told = folder / "peak"
    run = subprocess.run(
        ["/usr/bin/time", "-f", "%M", "-o", told, BINARY, *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert run.returncode == 0, run.stderr
    return int(told.read_text()) * 1024


VERBS = ["convert", "rechunk", "spill", "extract", "verify", "dump"]
CASES = [(verb, memory) for memory in ("256M", "1G", "4G") for verb in VERBS]


@pytest.mark.parametrize(("verb", "memory"), [*CASES, ("netcdf", "256M"), ("info", "256M")])
def test_peak_memory_stays_below_the_budget(source, tmp_path, verb, memory):
    path, store = source
    series = ("--chunks", "t:time=all,lat=19,lon=36")
    words = {
        "convert": ("convert", path, tmp_path / "out.zarr"),
        "netcdf": ("convert", store, tmp_path / "out.nc"),
        "rechunk": ("rechunk", store, tmp_path / "out.zarr", *series),
        "spill": ("rechunk", store, tmp_path / "out.zarr", *series, "--way", "spill"),
        "extract": ("extract", store, "--point", "52,13", "-o", tmp_path / "out.csv"),
        "verify": ("verify", store, "--against", path),
        "dump": ("dump", f"{store}#/t", "--raw", "-o", tmp_path / "out.raw"),
        "info": ("info", store),
    }[verb]
    budget = {"256M": 256 << 20, "1G": 1 << 30, "4G": 4 << 30}[memory]
    limit = () if verb == "info" else ("--memory", memory)
    assert peak(tmp_path, *words, *limit) <= budget + MARGIN
