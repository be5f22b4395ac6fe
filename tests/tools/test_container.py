"""The container's recipe: its steps build the command, and its packages are all that it needs.

Where podman can build, it does (GRIDMILL_PODMAN=1, for it wants the net); everywhere else the steps
of the build stage are executed here, in this checkout, as the recipe has them.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "container" / "Containerfile"
# Installed in every Debian: they come with dpkg and apt themselves.
ESSENTIAL = {"libc6", "libgcc-s1", "libstdc++6", "zlib1g", "libbz2-1.0", "liblzma5"}


def stages():
    """The commands (word, rest) of each stage."""
    found = []
    for line in RECIPE.read_text().replace("\\\n", " ").splitlines():
        match = re.match(r"(FROM|RUN|COPY|WORKDIR|ENTRYPOINT|CMD)\s+(.*)", line)
        if match and match[1] == "FROM":
            found.append([])
        elif match:
            found[-1].append((match[1], match[2]))
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The prefix into which the recipe's steps have installed."""
    prefix = tmp_path_factory.mktemp("opt")
    build, _ = stages()
    steps = [rest for word, rest in build if word == "RUN"]
    assert len(steps) == 5
    environment = {**os.environ, "CMAKE_BUILD_PARALLEL_LEVEL": "2"}
    for step in steps:
        if step.startswith("mkdir -p setup"):
            step = "tools/setup.sh packages"  # the two files alone, so that the layer is kept
        step = step.replace("/opt/gridmill", str(prefix)).replace(" --parallel", "")
        done = subprocess.run(["sh", "-c", step], cwd=ROOT, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, f"{step}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return prefix


def test_its_steps_install_a_command_that_runs(installed):
    run = subprocess.run([installed / "bin" / "gridmill", "--version"], capture_output=True, text=True)
    assert run.returncode == 0 and run.stdout.startswith("gridmill "), run.stderr
    _, last = stages()
    assert ("ENTRYPOINT", '["gridmill"]') in last and ("COPY", "--from=build /opt/gridmill /usr/local") in last


def test_its_packages_are_all_that_the_command_links(installed):
    listed = {line for line in (ROOT / "container" / "packages.txt").read_text().splitlines() if not line.startswith("#")}
    linked = subprocess.run(["objdump", "-p", installed / "bin" / "gridmill"], capture_output=True, text=True).stdout
    for name in re.findall(r"NEEDED\s+(\S+)", linked):
        owner = subprocess.run(["dpkg", "-S", f"*/{name}"], capture_output=True, text=True).stdout
        owners = {line.split(":")[0] for line in owner.splitlines()}
        assert owners & (listed | ESSENTIAL), f"{name} is of {owners or 'no package'}"
    known = subprocess.run(["apt-cache", "show", *listed], capture_output=True, text=True)
    assert known.returncode == 0, known.stderr


def test_podman_builds_it(tmp_path):
    if os.environ.get("GRIDMILL_PODMAN") != "1" or shutil.which("podman") is None:
        pytest.skip("GRIDMILL_PODMAN=1 builds the image, where podman is")
    subprocess.run(["podman", "build", "-t", "gridmill-test", "-f", RECIPE, ROOT], check=True)
    run = subprocess.run(["podman", "run", "--rm", "gridmill-test", "--version"], capture_output=True, text=True)
    assert run.stdout.startswith("gridmill "), run.stderr


def test_the_example_fills_an_archive_with_processes_at_once(gridmill, tmp_path):
    rng = np.random.default_rng(1)
    parts = []
    for year in (2001, 2002, 2003):
        times = np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="M8[D]").astype("M8[ns]")
        part = xr.Dataset(
            {"t": (("time", "x"), rng.normal(size=(times.size, 30)).astype("f4"))},
            coords={"time": times, "x": np.arange(30.0)},
        )
        encoding = {"time": {"units": "days since 2000-01-01", "dtype": "i4"}}
        part.to_netcdf(tmp_path / f"{year}.nc", encoding=encoding)
        parts.append(part)
    command = [ROOT / "examples" / "parallel_regions.sh", "out.zarr", "2001", "2003", "2001.nc", "2002.nc", "2003.nc"]
    environment = {**os.environ, "GRIDMILL": str(gridmill.binary), "PROCESSES": "3"}
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stdout + run.stderr
    with xr.open_zarr(tmp_path / "out.zarr", chunks=None) as made:
        wanted = xr.concat(parts, "time")
        assert (made.t.values == wanted.t.values).all() and (made.time.values == wanted.time.values).all()
    assert "out.zarr: sound" in run.stdout
    log = [json.loads(line) for line in (tmp_path / "out.zarr.log").read_text().splitlines()]
    assert {line["event"] for line in log} >= {"start", "end"}
