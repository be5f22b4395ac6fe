"""Many small files into one store, beside xarray; two processes into one store, beside one; and very
many files looked at."""

import json
import shutil
import struct
import sys
import time

import netCDF4
import numpy as np
import zarr

import fields

GRID = (91, 180)
MARK = 123456789.0  # the time in the file that is copied


def rows(bench):
    return {
        "ingest": small_files(bench),
        "ingest processes": processes(bench),
        "ingest index": index(bench),
    }


def write_step(path, values, time_step):
    """A netCDF-4 file of one map, one step of time that may grow, uncompressed."""
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("time", None), ("lat", values.shape[0]), ("lon", values.shape[1])):
            file.createDimension(name, size)
            file.createVariable(name, "f8", (name,))
        file["time"].units = "hours since 2000-01-01"
        file["lat"].units, file["lon"].units = "degrees_north", "degrees_east"
        file["time"][:] = [time_step]
        file["lat"][:] = np.linspace(90, -90, values.shape[0])
        file["lon"][:] = np.arange(values.shape[1]) * 360 / values.shape[1]
        variable = file.createVariable("t2m", "f4", ("time", "lat", "lon"), fill_value=False)
        variable.units = "K"
        variable[0] = values


def write_files(folder, count):
    folder.mkdir()
    for i, values in enumerate(fields.steps(count, *GRID)):
        write_step(folder / f"{i:05}.nc", values, i)


def write_copies(folder, count):
    """The same small map at so many times: a file copied, and its time put in."""
    folder.mkdir()
    first = folder / "first.nc"
    write_step(first, next(fields.steps(1, 16, 32)), MARK)
    content, mark = first.read_bytes(), struct.pack("<d", MARK)
    first.unlink()
    assert content.count(mark) == 1, "the time must stand in the file once"
    for i in range(count):
        (folder / f"{i:05}.nc").write_bytes(content.replace(mark, struct.pack("<d", i)))


def small_files(bench):
    """Whole processes of ours; the peers without their imports. Each begins without a store."""
    folder, ours, theirs = (bench.work / name for name in ("files", "ours.zarr", "theirs.zarr"))
    count = 20 if bench.quick else 500
    write_files(folder, count)
    files = sorted(folder.iterdir())
    words, seconds, cpu, peaks = ("convert", *files, ours), {"gridmill": []}, {"gridmill": []}, []
    bench.gridmill(*words)
    for _ in range(bench.rounds):
        shutil.rmtree(ours)
        wall, peak, _ = bench.gridmill(*words)
        seconds["gridmill"].append(wall)
        cpu["gridmill"].append(bench.cpu_seconds)
        peaks.append(peak)
    seconds["netCDF4, only read"] = bench.peer("read-files", folder, min(3, bench.rounds))
    for side, way, rounds in (("xarray, all at once", "at-once", min(3, bench.rounds)),
                              ("xarray, one by one", "one-by-one", 1)):  # fmt: skip
        seconds[side] = bench.peer("join-files", folder, theirs, way, rounds)
        check_same(ours, theirs)
        shutil.rmtree(theirs)
    shutil.rmtree(ours)
    shutil.rmtree(folder)
    return {"files": count, "seconds": seconds, "cpu": cpu, "peak_bytes": max(peaks)}


def check_same(ours, theirs):
    a, b = (zarr.open_group(store, mode="r")["t2m"][:] for store in (ours, theirs))
    if a.shape != b.shape or a.tobytes() != b.tobytes():
        sys.exit(f"{ours} and {theirs} hold other values: {a.shape} and {b.shape}")


def processes(bench):
    """Both halves of the source, as most archives have it (deflate 4 and shuffle), into a store that is
    there, by one process and by two, each with one thread for decoding and encoding."""
    store, halves = bench.work / "archive.zarr", [bench.work / f"half-{i}.nc" for i in (0, 1)]
    steps = bench.shape[0]
    for i, half in enumerate(halves):
        plain = bench.work / "plain.nc"
        fields.write_part(plain, bench.source, i * steps // 2, (i + 1) * steps // 2)
        fields.write_deflated(half, plain, 12)
        plain.unlink()
    end = f"{np.datetime64('2000-01-01T00') + np.timedelta64(steps - 1, 'h')}:00:00"
    # No chunk lies across both halves.
    template = ("template", halves[0], store, "--end", end, "--chunks", "t2m:time=12,lat=all,lon=all")
    sides = {"gridmill, one process": [halves], "gridmill, two processes": [[half] for half in halves]}
    seconds, cpu = {side: [] for side in sides}, {side: [] for side in sides}
    peaks = dict.fromkeys(sides, 0)
    for round_ in range(min(3, bench.rounds) + 1):
        for side, jobs in sides.items():
            bench.gridmill(*template)
            wall, used, peak = write_regions(bench, jobs, store)
            if round_ == 0:  # it warms
                check_halves(store, halves)
            else:
                seconds[side].append(wall)
                cpu[side].append(used)
                peaks[side] = max(peaks[side], peak)
            shutil.rmtree(store)
    for half in halves:
        half.unlink()
    return {"seconds": seconds, "cpu": cpu, "peaks": peaks}


def write_regions(bench, jobs, store):
    """A process for each list of files, all at once: wall time until the last ends, processor time and
    memory of all."""
    more = (store, "--threads", "1", "--memory", "1G")
    start, used, peaks = time.perf_counter(), 0, 0
    for process in [bench.begin(bench.command, "write-region", *job, *more) for job in jobs]:
        peaks += bench.end(process)[1]
        used += bench.cpu_seconds
    return time.perf_counter() - start, used, peaks


def check_halves(store, halves):
    written, at = zarr.open_group(store, mode="r")["t2m"], 0
    for half in halves:
        with netCDF4.Dataset(half) as file:
            for begin in range(0, len(file["time"]), 12):
                values = file["t2m"][begin : begin + 12].filled()
                if written[at + begin : at + begin + 12].tobytes() != values.astype("f4").tobytes():
                    sys.exit(f"{store}: steps {at + begin} and on are not those of {half}")
            at += len(file["time"])


def index(bench):
    """What `convert` would do with so many files: all are opened, compared and put in order."""
    folder, count = bench.work / "files", 50 if bench.quick else 10_000
    write_copies(folder, count)
    words = ("convert", *sorted(folder.iterdir()), bench.work / "none.zarr", "--dry-run", "--json")
    seconds, peaks = {"gridmill": []}, []
    for _ in range(min(2, bench.rounds)):
        wall, peak, text = bench.gridmill(*words)
        planned = next(v for v in json.loads(text)["variables"] if v["name"] == "t2m")
        if planned["shape"][0] != count:
            sys.exit(f"{folder}: {planned['shape'][0]} steps are planned, {count} were written")
        seconds["gridmill"].append(wall)
        peaks.append(peak)
    seconds["netCDF4, only opened"] = bench.peer("open-files", folder, 1)
    shutil.rmtree(folder)
    return {"files": count, "seconds": seconds, "peak_bytes": max(peaks)}
