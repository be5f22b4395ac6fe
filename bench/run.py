#!/usr/bin/env python3
"""`make bench`: Gridmill beside its floors and its peers, on data made on the spot.

Ratios only hold within one run: both sides are warmed and measured in turns. Writes
build/bench-results.json and the table of docs/benchmarks.md. Takes minutes; --quick takes seconds,
for seeing that everything runs, and its figures mean nothing.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path

import netCDF4

import far_stores
import fields
import frames
import grib_files
import ingest
import opening
import rechunk
import tables
import zarr_stores
from processes import Peers, Processes
from table import write_document, write_table

ROOT = Path(__file__).resolve().parents[1]
POINT = ("52.5", "13.4")
PEER_PACKAGES = ("zarr", "zarrs", "tensorstore", "xarray", "dask", "numpy", "netCDF4", "hidefix", "eccodes")
ROWS = ("read", "classic", "convert", "netcdf4", "extract", "rechunk", "rechunk_large", "memory",
        "memory_netcdf4", "tasks", "hdf5_index", "grib", "zarr", "frames", "opening", "ingest",
        "far_stores", "w1", "w2", "opening_many")  # fmt: skip


class Bench(Processes):
    def __init__(self, options):
        super().__init__(options.work.absolute())
        self.quick = options.quick
        self.shape = (48, 181, 360) if options.quick else (744, 361, 720)
        self.long = 200 if options.quick else 4000
        self.rounds = 2 if options.quick else 5
        self.command = Path(os.environ.get("GRIDMILL_BINARY", ROOT / "build/bench/gridmill"))
        floors = self.command.with_name("gridmill_bench")
        if not floors.is_file():
            floors = ROOT / "build/bench/gridmill_bench"
        self.floors = None if options.no_floors else floors
        self.peers_root = zarr_stores.peers_root(ROOT)
        self.source = self.work / "t2m.nc"
        self.store = self.work / "t2m.zarr"
        self.peer = Peers(self, shared=self.quick)

    # ---- processes

    def gridmill(self, *words):
        return self.run(self.command, *words)

    def floor(self, *words):
        return json.loads(self.run(self.floors, *words)[2])

    # ---- rows

    def prepare(self):
        self.work.mkdir(parents=True, exist_ok=True)
        fields.write(self.source, *self.shape)
        self.gridmill("convert", self.source, self.store, "--overwrite")

    def read(self):
        """The whole array into memory that is reused."""
        seconds, cpu = {}, {}
        if self.floors:
            both = self.floor("read", self.store, "t2m", self.rounds)
            seconds["gridmill"] = both["read"]
            seconds["floor: our decoder"] = both["floor_own"]
            seconds["floor: libblosc"] = both["floor_libblosc"]
            seconds["gridmill, counted"] = both["counted"]
            cpu["gridmill"] = both["read_cpu"]
            cpu["gridmill, counted"] = both["counted_cpu"]
            cpu["floor: our decoder"] = both["floor_own_cpu"]
            cpu["floor: libblosc"] = both["floor_libblosc_cpu"]
        seconds["zarr-python"] = self.peer("read-zarr", self.store, self.rounds)
        seconds["xarray + dask"] = self.peer("read-xarray", self.store, self.rounds)
        return {"bytes": self.source.stat().st_size, "seconds": seconds, "cpu": cpu}

    def classic(self):
        """A variable of the CDF-5 file into memory that is reused, beside memcpy of as many bytes."""
        if not self.floors:
            return {}
        found = self.floor("classic", self.source, "t2m", self.rounds)
        return {
            "bytes": found["bytes"],
            "seconds": {"gridmill": found["read"], "floor: memcpy": found["memcpy"]},
            "cpu": {"gridmill": found["read_cpu"], "floor: memcpy": found["memcpy_cpu"]},
        }

    def convert(self):
        """The job in one process, both sides warmed, in turns with the chunks encoded in memory; and
        whole processes, which start with cold buffers."""
        out, steps = self.work / "out.zarr", self.chunks_of(self.source)[0]
        seconds, cpu = {}, {}
        if self.floors:
            words = ("convert", self.store, "t2m", self.rounds, self.source, self.work / "round")
            both = self.floor(*words)
            for store in self.work.glob("round.*"):
                shutil.rmtree(store)
            seconds["gridmill"], cpu["gridmill"] = both["convert"], both["convert_cpu"]
            seconds["floor: encoder"], cpu["floor: encoder"] = both["encode"], both["encode_cpu"]
        process = seconds.setdefault("gridmill, process", [])
        self.gridmill("convert", self.source, out, "--overwrite")
        for _ in range(self.rounds):
            shutil.rmtree(out)  # writing is measured, not removing
            process.append(self.gridmill("convert", self.source, out)[0])
        shutil.rmtree(out)
        seconds["xarray to_zarr"], seconds["xarray to_zarr, process"] = [], []
        for _ in range(min(3, self.rounds)):
            shutil.rmtree(out, ignore_errors=True)
            start = time.perf_counter()
            seconds["xarray to_zarr"] += self.peer("to-zarr", self.source, out, steps)
            seconds["xarray to_zarr, process"].append(time.perf_counter() - start)
        shutil.rmtree(out)
        return {"bytes": self.source.stat().st_size, "seconds": seconds, "cpu": cpu}

    def netcdf4(self):
        """Deflate and shuffle to our default codec, in chunks of a day and of one step: in one process
        beside its floor (the same bytes inflated, and the target encoded, in memory), and as a
        process beside xarray with netCDF-C and with hidefix, which reads HDF5 without its library."""
        rows = {}
        for steps in (24, 1):
            source, out = self.work / f"deflated-{steps}.nc", self.work / "out.zarr"
            fields.write_deflated(source, self.source, steps)
            seconds, cpu = {}, {}
            if self.floors:
                self.gridmill("convert", source, self.work / "like.zarr", "--overwrite")
                words = ("deflated", self.work / "like.zarr", "t2m", self.rounds, source)
                found = self.floor(*words, self.work / "round")
                for store in self.work.glob("round.*"):
                    shutil.rmtree(store)
                shutil.rmtree(self.work / "like.zarr")
                seconds["gridmill"], cpu["gridmill"] = found["convert"], found["convert_cpu"]
                for kept, suffix in ((seconds, ""), (cpu, "_cpu")):
                    kept["floor: inflate + encode"] = [
                        a + b for a, b in zip(found["inflate" + suffix], found["encode" + suffix])
                    ]
            process = seconds.setdefault("gridmill, process", [])
            small, peaks = seconds.setdefault("gridmill, 256 MiB, process", []), []
            self.gridmill("convert", source, out, "--overwrite")
            for _ in range(min(3, self.rounds)):
                shutil.rmtree(out)
                process.append(self.gridmill("convert", source, out)[0])
                shutil.rmtree(out)
                wall, peak, _ = self.gridmill("convert", source, out, "--memory", "256M")
                small.append(wall)
                peaks.append(peak)
            chunks = self.chunks_of(source)
            theirs = self.work / "theirs.zarr"
            for engine in ("netcdf4", "hidefix"):
                took = seconds.setdefault(f"xarray + {engine}, process", [])
                for _ in range(min(3, self.rounds)):
                    shutil.rmtree(theirs, ignore_errors=True)
                    start = time.perf_counter()
                    self.peer("to-zarr", source, theirs, ",".join(map(str, chunks)), engine)
                    took.append(time.perf_counter() - start)
                compared = self.peer("compare", out, theirs)  # the same work, or it ends here
                assert compared == chunks, (compared, chunks)
                shutil.rmtree(theirs)
            shutil.rmtree(out)
            source.unlink()
            rows[f"netcdf4, chunks of {steps}"] = {
                "seconds": seconds, "cpu": cpu, "peak_bytes": max(peaks), "target_chunks": chunks,
            }  # fmt: skip
        return rows

    def chunks_of(self, source):
        """The chunk shape that `convert` gives t2m."""
        text = self.gridmill("convert", source, self.work / "none.zarr", "--dry-run", "--json")
        plan = json.loads(text[2])
        return next(v["chunks"] for v in plan["variables"] if v["name"] == "t2m")

    def extract(self):
        """One point out of many small chunks: whole processes, and the peer without its imports."""
        store = self.work / "steps.zarr"
        self.gridmill("convert", self.source, store, "--overwrite", "--chunks", "time=4")
        ours, theirs = self.work / "ours.csv", self.work / "theirs.csv"
        words = ("extract", store, "--point", ",".join(POINT), "--variables", "t2m", "-o", ours)
        words += ("--overwrite",)
        peer = ("extract", store, *POINT, theirs)
        self.gridmill(*words)
        seconds = {"gridmill": [], "xarray + dask, process": []}
        for _ in range(self.rounds):
            seconds["gridmill"].append(self.gridmill(*words)[0])
            start = time.perf_counter()
            self.peer(*peer, 0)
            seconds["xarray + dask, process"].append(time.perf_counter() - start)
        seconds["xarray + dask"] = self.peer(*peer, self.rounds)
        return {
            "chunks": -(-self.shape[0] // 4),
            "seconds": seconds,
            "largest_difference": largest_difference(ours, theirs),
        }

    def memory(self):
        """A variable far larger than the budget."""
        source, out = self.work / "long.nc", self.work / "long.zarr"
        fields.write_repeated(source, self.source, self.long)
        seconds, peak, _ = self.gridmill("convert", source, out, "--memory", "256M")
        size = source.stat().st_size
        source.unlink()
        shutil.rmtree(out)
        return {"bytes": size, "seconds": {"gridmill": [seconds]}, "peak_bytes": peak}

    def memory_netcdf4(self):
        """The same, deflated and shuffled: what is inflated must fit, too."""
        source, out = self.work / "long.nc4", self.work / "long.zarr"
        fields.write_repeated_deflated(source, self.source, self.long, 24)
        seconds, peak, _ = self.gridmill("convert", source, out, "--memory", "256M")
        with netCDF4.Dataset(source) as file:
            size = 4 * file["t2m"].size
        source.unlink()
        shutil.rmtree(out)
        return {"bytes": size, "seconds": {"gridmill": [seconds]}, "peak_bytes": peak}

    def tasks(self):
        """A million tasks: planned as a process, run in memory with nothing to do."""
        count = 20_000 if self.quick else 1_000_000
        store, plan = self.work / "many.zarr", self.work / "plan.json"
        fields.declare(store, count)
        layout = ("--chunks", "t=1,x=2", "--memory", "64M")
        words = ("plan", "rechunk", store, self.work / "none.zarr", *layout, "-o", plan)
        seconds, peaks = {"plan, process": []}, []
        for _ in range(min(3, self.rounds)):
            wall, peak, text = self.gridmill(*words, "--json")
            seconds["plan, process"].append(wall)
            peaks.append(peak)
        planned = sum(stage["tasks"] for stage in json.loads(text)["stages"])
        row = {"count": count, "planned": planned, "seconds": seconds, "cpu": {},
               "peak_bytes": max(peaks), "plan_bytes": plan.stat().st_size}  # fmt: skip
        shutil.rmtree(store)
        if self.floors:
            found = self.floor("tasks", count, min(3, self.rounds))
            seconds["run"], seconds["run, counted"] = found["tasks"], found["counted"]
            row["cpu"] = {"run": found["tasks_cpu"], "run, counted": found["counted_cpu"]}
        return row

    def hdf5_index(self):
        """From opening a file to knowing where all chunks of its variable lie, for each index that HDF5
        makes; with the file in the page cache, and with nothing of it there."""
        if not self.floors:
            return {}
        rows, path = {}, self.work / "chunks.h5"
        counts = (1000, 2000) if self.quick else (100_000, 1_000_000)
        for name, count in zip(("hdf5_index", "hdf5_index_large"), counts):
            seconds, peaks = {}, []
            for index in fields.CHUNK_INDEXES:
                fields.write_many_chunks(path, index, count)
                for cache in ("warm", "cold"):
                    took = seconds.setdefault(f"{index}, {cache}", [])
                    for _ in range(min(3, self.rounds)):
                        (forget if cache == "cold" else remember)(path)
                        _, peak, text = self.run(self.floors, "index", path, "v")
                        found = json.loads(text)
                        if found["chunks"] != count:
                            sys.exit(f"{path}: {found['chunks']} chunks, {count} were written")
                        took.append(found["seconds"])
                        peaks.append(peak)
                path.unlink()
            rows[name] = {"chunks": count, "seconds": seconds, "peak_bytes": max(peaks)}
        return rows

    def rechunk(self):
        """Both directions and both codecs; a row for each."""
        return rechunk.rows(self)

    def rechunk_large(self):
        """10 GB under 512 MiB."""
        return rechunk.large(self)

    def grib(self):
        """Messages on one core: small ones whole, large ones decoded, very many opened."""
        return grib_files.rows(self)

    def frames(self):
        """Blosc frames on one thread: whole, and a few values of each."""
        return frames.rows(self)

    def zarr(self):
        """The stores of zarr_benchmarks, and fields: read whole, chunk by chunk, and written anew."""
        return zarr_stores.rows(self)

    def far_stores(self):
        """Tables and opening when each request takes a while, with a cache and without."""
        return far_stores.rows(self)

    def opening(self):
        """Stores of many arrays and of very many chunks, opened."""
        return opening.rows(self)

    def ingest(self):
        """Small files into one store, two processes into one store, and very many files looked at."""
        return ingest.rows(self)

    def w1(self):
        """Segment means of 44 stores, as a table."""
        return tables.means(self)

    def w2(self):
        """Points out of maps: one, a hundred, ten thousand."""
        return tables.points(self)

    def opening_many(self):
        """44 stores of two sources, opened at once."""
        return tables.opening(self)


def forget(path):
    """Leaves nothing of a file in the page cache."""
    with open(path, "rb") as file:
        os.fsync(file)
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def remember(path):
    with open(path, "rb") as file:
        while file.read(1 << 20):
            pass


def largest_difference(ours, theirs):
    """Between the t2m columns of two tables, row by row."""
    import pandas

    a, b = pandas.read_csv(ours)["t2m"], pandas.read_csv(theirs)["t2m"]
    if len(a) != len(b):
        sys.exit(f"extract: {len(a)} rows, xarray has {len(b)}")
    return float((a - b).abs().max())


def machine():
    names = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if "model name" in line]
    return {
        "cpu": names[0] if names else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "load_before": os.getloadavg()[0],
        "versions": {name: version(name) for name in PEER_PACKAGES},
    }


def summary(row):
    row["median"] = {side: statistics.median(s) for side, s in row["seconds"].items()}
    row["min"] = {side: min(s) for side, s in row["seconds"].items()}
    floors = [side for side in row["seconds"] if side.startswith("floor")]
    if floors and "gridmill" in row["seconds"]:
        best = min(floors, key=lambda side: row["median"][side])
        row["floor"] = best
        row["ratio"] = row["median"][best] / row["median"]["gridmill"]
        row["ratio_of_cpu"] = min(row["cpu"][best]) / min(row["cpu"]["gridmill"])
        row["ratio_of_min"] = row["min"][best] / row["min"]["gridmill"]
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small data: does it run?")
    parser.add_argument("--keep", action="store_true", help="leave the data that were made")
    parser.add_argument("--no-doc", action="store_true", help="leave docs/benchmarks.md alone")
    parser.add_argument("--no-floors", action="store_true", help="without gridmill_bench")
    parser.add_argument("--only", help="these rows: " + ",".join(ROWS))
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "bench-data")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench-results.json")
    options = parser.parse_args()

    bench = Bench(options)
    results = {"machine": machine(), "quick": options.quick, "shape": bench.shape, "rows": {}}
    names = options.only.split(",") if options.only else ROWS
    try:
        print("making data", flush=True)
        bench.prepare()
        for name in names:
            print(f"measuring {name}", flush=True)
            measured = getattr(bench, name)()
            rows = {name: measured} if "seconds" in measured else measured
            results["rows"].update({row: summary(cells) for row, cells in rows.items()})
            options.json.write_text(json.dumps(results, indent=1) + "\n")  # kept if a later row fails
    finally:
        bench.peer.close()
        if not options.keep:
            shutil.rmtree(options.work, ignore_errors=True)
    results["machine"]["load_after"] = os.getloadavg()[0]
    options.json.write_text(json.dumps(results, indent=1) + "\n")
    write_table(results, sys.stdout)
    if not options.no_doc and not options.quick and not options.only:
        write_document(results, ROOT / "docs" / "benchmarks.md")


if __name__ == "__main__":
    main()
