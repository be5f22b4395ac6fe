"""What every Python test may ask for: the command, the real data, the ferret climatologies."""

import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

# One set of GRIB parameter tables for both sides, whichever test imports ecCodes first: its wheel has
# one of its own, whose newer tables name some parameters otherwise (lambert_grid.grib: nlwrs instead
# of p3112); gridmill is linked with the system's.
os.environ["ECCODES_PYTHON_USE_FINDLIBS"] = "1"
os.environ["FINDLIBS_DISABLE_PACKAGE"] = "yes"

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure(config):
    """The tests run a copy of what was built: some build again (test_container.py), and no test must
    meet a command that is being linked."""
    built = Path(os.environ.get("GRIDMILL_BINARY", ROOT / "build" / "release" / "gridmill"))
    if hasattr(config, "workerinput") or not built.is_file():
        return  # a worker has its environment from the process that made the copy
    folder = Path(tempfile.mkdtemp(prefix="gridmill-command-"))
    folder.chmod(0o755)
    for path in (built, built.with_name("libgridmill.so"), built.with_name("libgridmill_parquet.so")):
        if path.is_file():
            shutil.copy2(path, folder)
    os.environ["GRIDMILL_BINARY"] = str(folder / built.name)
    config.add_cleanup(lambda: shutil.rmtree(folder))


@pytest.fixture(scope="session")
def gridmill():
    """Runs the command: gridmill("info", path, "--json") -> CompletedProcess.

    Asserts nothing. `env` adds to the environment, `text=False` gives bytes (dump --raw); further
    keywords go to subprocess.run; `gridmill.binary` is its path. A hang fails the test after `timeout` seconds.
    """
    binary = Path(os.environ.get("GRIDMILL_BINARY", ROOT / "build" / "release" / "gridmill"))
    if not binary.is_file():
        pytest.fail(f"there is no command at {binary}: run `make build`")

    def run(*arguments, env=None, timeout=300, **options):
        options = {"text": True, "capture_output": True, "timeout": timeout, **options}
        command = [binary, *map(str, arguments)]
        return subprocess.run(command, env={**os.environ, **(env or {})}, **options)

    run.binary = binary
    return run


def reached_by_everybody(place):
    return all(one.stat().st_mode & 0o001 for one in [place, *place.parents])


def folder_for_everybody():
    """A new folder that every user reaches; pytest's own are closed to others."""
    for parent in (tempfile.gettempdir(), "/tmp", "/dev/shm"):
        if reached_by_everybody(Path(parent)):
            folder = Path(tempfile.mkdtemp(prefix="gridmill-", dir=parent))
            folder.chmod(0o755)
            return folder
    pytest.fail("no folder for temporary files that every user reaches: set TMPDIR")


@pytest.fixture
def open_folder():
    """For inputs of a command that runs as somebody else."""
    folder = folder_for_everybody()
    yield folder
    for place in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        place.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def unprivileged(gridmill):
    """The command as a user whom permissions bind: root's run is that of nobody.

    What it reads must lie in open_folder, or where else everybody reads.
    """
    if os.geteuid() != 0:
        yield gridmill
        return
    folder = folder_for_everybody()
    binary = Path(gridmill("--version").args[0]).resolve()
    if not reached_by_everybody(binary):
        binary = shutil.copy(binary, folder / "gridmill")
    nobody = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": folder, "executable": binary}
    yield functools.partial(gridmill, **nobody)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def data():
    """The folder of real data; without it the test fails, or is skipped if that was asked for."""
    folder = os.environ.get("GRIDMILL_TEST_DATA") or ROOT.parent / "shared" / "data"
    if Path(folder).is_dir():
        return Path(folder)
    if os.environ.get("GRIDMILL_NO_REAL_DATA") == "1":
        pytest.skip(f"NO REAL DATA at {folder} (GRIDMILL_NO_REAL_DATA=1)")
    pytest.fail(f"no real data at {folder}: set GRIDMILL_TEST_DATA, or GRIDMILL_NO_REAL_DATA=1")


@pytest.fixture(scope="session")
def ferret():
    """The climatologies of Debian's ferret-datasets: classic netCDF with awkward calendars."""
    folder = Path("/usr/share/ferret-vis/data")
    if not folder.is_dir():
        pytest.fail(f"no climatologies at {folder}: run `make setup`")
    return folder
