"""Bad input: each case says what is wrong and what to do, by its own exit code, and loses nothing."""

import json
import os
import re
import signal
import stat
import subprocess
import time

import netCDF4
import numpy as np
import pytest
import zarr


def write_nc(path, times, lat=(10.0, 20.0, 30.0), lon=(0.0, 10.0), calendar="standard",
             file_format="NETCDF4", values=None):
    with netCDF4.Dataset(path, "w", format=file_format) as nc:
        for name, axis, units in (("time", times, "days since 2000-01-01"),
                                  ("lat", lat, "degrees_north"), ("lon", lon, "degrees_east")):
            nc.createDimension(name, len(axis))
            variable = nc.createVariable(name, "f8", (name,))
            variable.units = units
            variable[:] = axis
        nc["time"].calendar = calendar
        field = nc.createVariable("t2m", "f4", ("time", "lat", "lon"))
        field.units = "K"
        shape = (len(times), len(lat), len(lon))
        field[:] = np.arange(np.prod(shape)).reshape(shape) if values is None else values
    return path


@pytest.fixture
def good(tmp_path):
    return write_nc(tmp_path / "good.nc", [0.0, 1.0, 2.0])


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.zarr"


def refused(run, code, *words):
    assert run.returncode == code, run.stderr + run.stdout
    for word in words:
        assert str(word) in run.stderr, run.stderr


def assert_nothing_at(out):
    assert not out.exists()
    companion = out.with_name(out.name + ".gridmill")
    assert not companion.exists() or not (companion / "incoming").exists()


def clean_up_as_told(stderr, out):
    """Does what the message says, and nothing is left."""
    command = re.search(r"to drop them: (rm -r .*)\)", stderr)
    assert command, stderr
    subprocess.run(command[1].split(), check=True)
    assert_nothing_at(out)


# ---- usage and names


def test_missing_file(gridmill, out, tmp_path):
    refused(gridmill("convert", tmp_path / "absent.nc", out), 2, "absent.nc")
    assert_nothing_at(out)


def test_unknown_format(gridmill, out, tmp_path):
    (tmp_path / "notes.txt").write_text("these are not weather data\n")
    refused(gridmill("convert", tmp_path / "notes.txt", out), 1, "notes.txt", "netCDF")
    assert_nothing_at(out)


def test_unknown_option(gridmill, good, out):
    refused(gridmill("convert", good, out, "--chunk", "time=1"), 2, "--chunks")


@pytest.mark.parametrize("codec", ["zstt:3", "blosc:zst:1", "szip"])
def test_unknown_codec(gridmill, good, out, codec):
    refused(gridmill("convert", good, out, "--codec", codec), 2, "zst" if "zst" in codec else codec)
    assert_nothing_at(out)


def test_unknown_variable(gridmill, good, out):
    refused(gridmill("convert", good, out, "--variables", "t2n"), 2, "t2n", "t2m")


@pytest.mark.parametrize("chunks,why", [("time=0", "0 is not a chunk length"), ("time=-3", "-3"),
                                        ("4GiB", "2 GiB"), ("tine=1", "tine")])  # fmt: skip
def test_impossible_chunks(gridmill, good, out, chunks, why):
    refused(gridmill("convert", good, out, "--chunks", chunks), 2, "--chunks", why)
    assert_nothing_at(out)


def test_chunk_of_more_than_two_gib(gridmill, out, tmp_path):
    path = tmp_path / "wide.nc"
    with netCDF4.Dataset(path, "w") as nc:
        nc.createDimension("x", 3 * 2**30 // 4)  # never written: costs no disk
        nc.createVariable("v", "f4", ("x",), chunksizes=(2**20,))
    refused(gridmill("convert", path, out, "--chunks", "x=all"), 2, "2 GiB")
    assert_nothing_at(out)


def test_a_layout_across_the_source_reads_it_once(gridmill, out, tmp_path):
    path = tmp_path / "maps.nc"
    with netCDF4.Dataset(path, "w") as nc:
        for name, size in (("time", 400), ("y", 200), ("x", 500)):
            nc.createDimension(name, size)
        variable = nc.createVariable("v", "f4", ("time", "y", "x"), chunksizes=(1, 200, 500),
                                     zlib=True, complevel=1)
        for t in range(400):
            variable[t] = t
    run = gridmill("convert", path, out, "--chunks", "time=400,y=2,x=5", "--memory", "64M", "--json")
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["variables"][0]["way"] == "spill"
    # Every chunk once, not once for each of a hundred columns of chunks.
    assert report["bytes_read"] < 2 * path.stat().st_size
    found = zarr.open(str(out))["v"]
    assert found.chunks == (400, 2, 5)
    assert np.array_equal(found[:, 17, 33], np.arange(400))


def test_memory_that_cannot_hold_a_task(gridmill, out, tmp_path):
    path = tmp_path / "big.nc"
    with netCDF4.Dataset(path, "w") as nc:
        nc.createDimension("x", 2**26)
        nc.createVariable("v", "f4", ("x",), chunksizes=(2**20,))
    run = gridmill("convert", path, out, "--chunks", "x=all", "--memory", "128M")
    refused(run, 2, "--memory", "v")
    assert_nothing_at(out)


# ---- outputs


def test_existing_output(gridmill, good, out):
    assert gridmill("convert", good, out).returncode == 0
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    refused(gridmill("convert", good, out), 5, "out.zarr", "--overwrite")
    assert before == {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    assert gridmill("convert", good, out, "--overwrite").returncode == 0


def test_overwrite_keeps_the_old_store_when_the_new_one_fails(gridmill, good, out, tmp_path):
    assert gridmill("convert", good, out).returncode == 0
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    broken = tmp_path / "broken.nc"
    broken.write_bytes(good.read_bytes()[:-2000])
    assert gridmill("convert", broken, out, "--overwrite").returncode == 3
    assert before == {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    assert gridmill("verify", out, "--against", good).returncode == 0


def test_output_inside_input(gridmill, good, out):
    assert gridmill("convert", good, out).returncode == 0
    refused(gridmill("convert", out, out / "inner.zarr"), 2, "inner.zarr", "is a part of the store")
    refused(gridmill("convert", out, out, "--overwrite"), 5, "out.zarr", "lie in each other")
    assert gridmill("verify", out, "--against", good).returncode == 0


@pytest.fixture
def read_only(gridmill, unprivileged, open_folder):
    """Folders that take nothing, each with the command as somebody whom it refuses: one without
    permission; for root a read-only mount, too, where mounting is allowed."""
    closed, mount = open_folder / "closed", open_folder / "mount"
    closed.mkdir()
    closed.chmod(0o555)
    mount.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", mount], capture_output=True).returncode == 0
    yield [(unprivileged, closed), *([(gridmill, mount)] if mounted else [])]
    if mounted:
        subprocess.run(["umount", mount], check=True)


@pytest.mark.parametrize("words", [
    ["convert", "IN", "OUT/out.zarr"],
    ["convert", "IN", "OUT/out.nc"],
    ["convert", "IN", "OUT/out.zip"],
    ["rechunk", "IN", "OUT/out.zarr", "--chunks", "time=1"],
    ["dump", "IN#/t2m", "--csv", "-o", "OUT/out.csv"],
    ["extract", "IN", "--point", "10,10", "-o", "OUT/out.csv"],
    ["plan", "convert", "IN", "elsewhere.zarr", "-o", "OUT/plan.json"],
])
def test_read_only_directory(open_folder, read_only, words):
    source = write_nc(open_folder / "good.nc", [0.0, 1.0, 2.0])
    source.chmod(0o644)
    for command, folder in read_only:
        run = command(*(w.replace("IN", str(source)).replace("OUT", str(folder)) for w in words))
        refused(run, 5, folder)
        assert list(folder.iterdir()) == []


def test_input_without_permission(unprivileged, open_folder):
    source = write_nc(open_folder / "closed.nc", [0.0, 1.0, 2.0])
    source.chmod(0o000)
    for words in (["info", source], ["convert", source, open_folder / "out.zarr"]):
        refused(unprivileged(*words), 5, source)
    source.chmod(0o644)
    refused(unprivileged("info", source), 0)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MiB; without the right to mount, the C++ fault tests stand in."""
    where = tmp_path / "disk"
    where.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", where],
                             capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small tmpfs ({mounted.stderr.strip()}); the disk that is full at the "
                    "n-th call, for every n, is ConvertFaults.LeaveNothingOrTheOldStoreOrTheWholeNewOne "
                    "with Failure::full_disk in tests/jobs/convert_fault_test.cc")
    yield where
    subprocess.run(["umount", where], check=True)


def test_full_disk(gridmill, small_disk, tmp_path):
    noise = np.random.default_rng(1).random((30, 200, 300))
    path = write_nc(tmp_path / "noise.nc", np.arange(30.0), np.linspace(-89, 89, 200),
                    np.arange(300.0), values=noise)
    out = small_disk / "out.zarr"
    run = gridmill("convert", path, out, "--codec", "none")
    refused(run, 4, "space")
    assert not out.exists()
    clean_up_as_told(run.stderr, out)


def test_full_disk_behind_a_redirection(gridmill, good):
    """The same for every machine: /dev/full, which is full."""
    for words in (["--raw"], ["--csv"], ["--json"]):
        with open("/dev/full", "w") as full:
            run = gridmill("dump", f"{good}#/t2m", *words, capture_output=False, stdout=full,
                           stderr=subprocess.PIPE)
        assert run.returncode == 4 and "standard output" in run.stderr, (words, run.stderr)


# ---- data


@pytest.mark.parametrize("file_format", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_DATA", "NETCDF4"])
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_truncated_netcdf(gridmill, out, tmp_path, file_format, kept):
    whole = write_nc(tmp_path / "whole.nc", np.arange(500.0), file_format=file_format).read_bytes()
    path = tmp_path / "truncated.nc"
    path.write_bytes(whole[: int(len(whole) * kept)])
    refused(gridmill("convert", path, out), 3, "truncated.nc")
    assert_nothing_at(out)


def test_truncated_grib(gridmill, out, tmp_path, data):
    path = tmp_path / "truncated.grib"
    path.write_bytes((data / "era5-levels-members.grib").read_bytes()[:100_000])
    refused(gridmill("convert", path, out), 3, "truncated.grib", "message", "byte")
    assert_nothing_at(out)


def test_corrupted_grib(gridmill, out, data):
    refused(gridmill("convert", data / "era5-levels-corrupted.grib", out), 3,
            "era5-levels-corrupted.grib", "message 1", "byte")
    assert_nothing_at(out)


def test_inputs_on_different_grids(gridmill, good, out, tmp_path):
    other = write_nc(tmp_path / "other.nc", [3.0, 4.0], lat=(10.0, 20.0, 31.0))
    refused(gridmill("convert", good, other, out), 3, "other.nc", "lat", "31")
    assert_nothing_at(out)


def test_inputs_with_different_calendars(gridmill, good, out, tmp_path):
    other = write_nc(tmp_path / "other.nc", [3.0, 4.0], calendar="360_day")
    refused(gridmill("convert", good, other, out), 3, "other.nc", "360_day")
    assert_nothing_at(out)


@pytest.mark.parametrize("times,why", [([0.0, 1.0, 1.0], "not unique"), ([0.0, 2.0, 1.0], "not monotonic"),
                                       ([0.0, np.nan, 2.0], "position 1 is nan")])  # fmt: skip
def test_bad_times(gridmill, out, tmp_path, times, why):
    path = write_nc(tmp_path / "bad.nc", times)
    refused(gridmill("convert", path, out), 3, "bad.nc", "coordinate time", why)
    assert_nothing_at(out)


def test_times_that_two_inputs_share(gridmill, good, out, tmp_path):
    other = write_nc(tmp_path / "other.nc", [2.0, 3.0])
    refused(gridmill("convert", good, other, out), 3, "good.nc", "other.nc", "2000-01-03")
    assert_nothing_at(out)


# ---- points


@pytest.mark.parametrize("point,word", [("nan,5", "nan"), ("20,nan", "nan"), ("95,5", "95"),
                                        ("20,40", "20,40"), ("-40,5", "-40")])
def test_points_that_are_not_on_the_grid(gridmill, good, out, tmp_path, point, word):
    assert gridmill("convert", good, out).returncode == 0
    run = gridmill("extract", out, "--point", point, "-o", tmp_path / "points.csv")
    refused(run, 2)
    assert word in run.stderr.lower().replace(", ", ","), run.stderr
    assert not (tmp_path / "points.csv").exists()


# ---- interruption


@pytest.fixture
def long_input(tmp_path):
    path = tmp_path / "long.nc"
    with netCDF4.Dataset(path, "w", format="NETCDF3_64BIT_DATA") as nc:
        for name, size in (("time", 800), ("y", 300), ("x", 400)):
            nc.createDimension(name, size)
        variable = nc.createVariable("v", "f4", ("time", "y", "x"))
        noise = np.random.default_rng(2).random((300, 400), dtype="f4")
        for t in range(800):
            variable[t] = noise + t
    return path


def start_and_wait_for_chunks(long_input, out):
    # A slow codec and one thread: seconds of work, so that the signal always comes in the middle.
    process = subprocess.Popen(
        [os.environ["GRIDMILL_BINARY"], "convert", long_input, out, "--codec", "blosc:zstd:9",
         "--threads", "1", "--chunks", "time=10"], stderr=subprocess.PIPE, text=True)
    incoming = out.with_name(out.name + ".gridmill") / "incoming"
    deadline = time.monotonic() + 60
    while not any(incoming.rglob("c/*")):
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()[1]
        time.sleep(0.02)
    return process


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_leaves_nothing_visible_and_says_how_to_clean_up(gridmill, long_input, out, sent):
    process = start_and_wait_for_chunks(long_input, out)
    process.send_signal(sent)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert not out.exists()
    assert "--resume" in stderr
    clean_up_as_told(stderr, out)


def test_kill_leaves_debris_that_the_next_run_clears(gridmill, long_input, out):
    process = start_and_wait_for_chunks(long_input, out)
    process.kill()
    process.communicate()
    assert not out.exists()
    assert gridmill("convert", long_input, out).returncode == 0
    assert gridmill("verify", out, "--against", long_input).returncode == 0
    assert_debris_is_gone(out)


def assert_debris_is_gone(out):
    assert not (out.with_name(out.name + ".gridmill") / "incoming").exists()


@pytest.mark.parametrize("words", [("convert", "{}"), ("convert", "{}", "--overwrite")])
def test_a_pipe_is_no_output_and_stays(gridmill, good, tmp_path, words):
    """As root, /dev/null itself would be replaced."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    verb, *more = (word.format(pipe) for word in words)
    run = gridmill(verb, good, *more)
    assert run.returncode == 5 and str(pipe) in run.stderr, run.stderr
    run = gridmill("dump", good, "-o", pipe, "--overwrite")
    assert run.returncode == 5 and "a device or a pipe" in run.stderr, run.stderr
    assert stat.S_ISFIFO(pipe.stat().st_mode)
