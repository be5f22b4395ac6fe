#!/usr/bin/env python3
"""`make bench`: Gridmill beside its floors and its peers, on data made on the spot.

Ratios only hold within one run: both sides are warmed and measured in turns. Writes
build/bench-results.json and the table of docs/benchmarks.md. Takes minutes; --quick takes seconds,
for seeing that everything runs, and its figures mean nothing.
"""

import argparse
import itertools
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import netCDF4

import fields
import grib_files
import ingest
import opening
import zarr_stores
from table import write_document, write_table

ROOT = Path(__file__).resolve().parents[1]
PEERS = Path(__file__).with_name("peers.py")
POINT = ("52.5", "13.4")
CODECS = {"our default": (), "zstd-3": ("--codec", "t2m:blosc:zstd:3:shuffle:0")}
# Codecs of the rows of Blosc frames; table.py has their targets.
FRAMES = {
    "frames shuffle 128 KiB": "blosc:zstd:3:shuffle:128KiB",
    "frames shuffle 512 KiB": "blosc:zstd:1:shuffle:512KiB",
    "frames bitshuffle 128 KiB": "blosc:zstd:3:bitshuffle:128KiB",
    "frames lz4 shuffle": "blosc:lz4:5:shuffle:128KiB",
    "frames lz4 bitshuffle": "blosc:lz4:5:bitshuffle:128KiB",
}
PEER_PACKAGES = ("zarr", "zarrs", "tensorstore", "xarray", "dask", "numpy", "netCDF4", "hidefix", "eccodes")
ROWS = ("read", "classic", "convert", "netcdf4", "extract", "rechunk", "rechunk_large", "memory",
        "memory_netcdf4", "tasks", "hdf5_index", "grib", "zarr", "frames", "opening", "ingest")  # fmt: skip


class Bench:
    def __init__(self, options):
        self.work = options.work
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
        self.numbers = itertools.count()

    # ---- processes

    def run(self, *words):
        """Runs a process; returns its wall time, peak memory in bytes and standard output."""
        return self.end(self.begin(*words))

    def begin(self, *words):
        """Starts a process; several may run, each is for end()."""
        # A child's peak begins with what its forked parent held; `time` holds next to nothing.
        figures = self.work / f"figures-{next(self.numbers)}"
        wrapped = [str(w) for w in ("/usr/bin/time", "-q", "-f", "%M %U %S", "-o", figures, *words)]
        start = time.perf_counter()
        return start, figures, subprocess.Popen(wrapped, stdout=subprocess.PIPE, text=True)

    def end(self, started):
        start, figures, process = started
        text = process.communicate()[0]
        seconds = time.perf_counter() - start
        if process.returncode != 0:
            sys.exit(f"{' '.join(process.args[6:])}: exit {process.returncode}\n{text}")
        peak_kib, user, system = figures.read_text().split()
        figures.unlink()
        self.cpu_seconds = float(user) + float(system)
        return seconds, int(peak_kib) * 1024, text

    def gridmill(self, *words):
        return self.run(self.command, *words)

    def floor(self, *words):
        return json.loads(self.run(self.floors, *words)[2])

    def peer(self, *words):
        return json.loads(self.run(sys.executable, PEERS, *words)[2])

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

    def rechunk(self):
        """Both directions and both codecs, as they come and through a spill; a row for each. The
        floor decodes the source and encodes the target in memory."""
        layouts = {"maps": "t2m:time=24,lat=all,lon=all", "series": "t2m:time=all,lat=19,lon=36"}
        rows = {}
        for codec, spelled in CODECS.items():
            stores = {name: self.work / f"{name}.zarr" for name in layouts}
            for name, source in (("maps", self.source), ("series", stores["maps"])):
                verb = "convert" if name == "maps" else "rechunk"
                self.gridmill(verb, source, stores[name], "--chunks", layouts[name], *spelled)
            for name, target in (("maps", "series"), ("series", "maps")):
                words = ("--chunks", layouts[target], *spelled)
                row = self.rechunk_one(stores[name], stores[target], words)
                if target == "series":
                    out = self.work / "rechunked.zarr"
                    seconds, peak = self.peer("rechunk", stores[name], out, min(2, self.rounds))
                    row["seconds"]["xarray + dask"], row["peaks"]["xarray + dask"] = seconds, peak
                    shutil.rmtree(out)
                rows[f"rechunk, {name} to {target}, {codec}"] = row
            for store in stores.values():
                shutil.rmtree(store)
        return rows

    def rechunk_one(self, source, like, words):
        """`like` holds the target's chunks, for the floor."""
        out = self.work / "rechunked.zarr"
        sides = {
            "gridmill": ("--memory", "2G"),
            "gridmill, 256 MiB": ("--memory", "256M"),
            "gridmill, 256 MiB, spill": ("--memory", "256M", "--way", "spill"),
        }
        seconds, cpu, ways = {side: [] for side in sides}, {side: [] for side in sides}, {}
        peaks = dict.fromkeys(sides, 0)
        if self.floors:
            seconds["floor: decode + encode"], cpu["floor: decode + encode"] = [], []
        for _ in range(min(3, self.rounds)):
            if self.floors:
                decoded = self.floor("read", source, "t2m", 1)
                encoded = self.floor("encode", like, "t2m", 1)
                for kept, suffix in ((seconds, ""), (cpu, "_cpu")):
                    kept["floor: decode + encode"].append(
                        min(decoded["floor_own" + suffix]) + min(encoded["encode" + suffix])
                    )
            for side, more in sides.items():
                wall, peak, text = self.gridmill("rechunk", source, out, *words, *more, "--json")
                plan = next(v for v in json.loads(text)["variables"] if v["name"] == "t2m")
                ways[side] = plan["way"]
                seconds[side].append(wall)
                cpu[side].append(self.cpu_seconds)
                peaks[side] = max(peaks[side], peak)
                shutil.rmtree(out)
        return {"seconds": seconds, "cpu": cpu, "peaks": peaks, "ways": ways}

    def rechunk_large(self):
        """10 GB under 512 MiB."""
        source, maps, out = (self.work / name for name in ("long.nc", "maps.zarr", "series.zarr"))
        times = 400 if self.quick else 9672
        fields.write_repeated(source, self.source, times)
        size = source.stat().st_size
        self.gridmill("convert", source, maps, "--chunks", "t2m:time=24,lat=all,lon=all")
        source.unlink()
        layout = ("--chunks", f"t2m:time={min(times, 4836)},lat=19,lon=36")
        seconds, peak, _ = self.gridmill("rechunk", maps, out, *layout, "--memory", "512M")
        shutil.rmtree(maps)
        shutil.rmtree(out)
        return {"bytes": size, "seconds": {"gridmill": [seconds]}, "peak_bytes": peak}

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

    def grib(self):
        """Messages on one core: small ones whole, large ones decoded, very many opened."""
        if not self.floors:
            return {}
        maps = (4, 91, 180) if self.quick else (100, 361, 720)
        small, tiny = (200, 100) if self.quick else (37_200, 100_000)
        made = {
            "grib_small": lambda path: grib_files.small(path, small),
            "grib_simple": lambda path: grib_files.large(path, *maps, "grid_simple"),
            "grib_ccsds": lambda path: grib_files.large(path, *maps, "grid_ccsds"),
            "grib_index": lambda path: grib_files.tiny(path, tiny),
        }
        sides = {
            "grib_small": {"gridmill": "all", "ecCodes C": "eccodes_all"},
            "grib_simple": {"gridmill": "decode", "ecCodes C": "eccodes"},
            "grib_ccsds": {"gridmill": "decode", "floor: libaec": "libaec", "ecCodes C": "eccodes"},
            "grib_index": {
                "gridmill": "open", "gridmill, kept index": "kept", "floor: headers": "headers",
                "floor: same windows": "windows",
            },
        }
        rows = {}
        for name, make in made.items():
            path = self.work / f"{name}.grib"
            make(path)
            found = self.floor("grib", path, self.rounds)
            path.unlink()
            counts = {key: found[key] for key in ("messages", "points", "reads", "cores")}
            views = {name: sides[name]}
            if name == "grib_ccsds":
                views["grib_ccsds_cores"] = {"gridmill": "decode_cores", "floor: libaec": "libaec_cores"}
            for row, keys in views.items():
                rows[row] = dict(counts)
                for what in ("seconds", "cpu"):
                    rows[row][what] = {side: found[what][key] for side, key in keys.items()}
        return rows

    def frames(self):
        """Blosc frames of four maps (4 MiB) on one thread: whole, and a few values of each."""
        if not self.floors:
            return {}
        rows, store = {}, self.work / "frames.zarr"
        for name, codec in FRAMES.items():
            words = ("--variables", "t2m", "--region", f"time=0:{min(96, self.shape[0])}")
            layout = ("--chunks", "t2m:time=4,lat=all,lon=all", "--codec", f"t2m:{codec}")
            self.gridmill("convert", self.source, store, *words, *layout)
            found = self.floor("frames", store, "t2m", 2 * self.rounds + 1)
            shutil.rmtree(store)
            sides = {"gridmill": "whole", "libblosc": "libblosc", "gridmill, 24 values": "values",
                     "gridmill, series": "series", "gridmill, one value": "value",
                     "libblosc, one value": "libblosc_value"}  # fmt: skip
            assert found["of_each"] == 24, found["of_each"]
            rows[name] = {
                "frames": found["frames"],
                "seconds": {side: found[key] for side, key in sides.items()},
                "cpu": {side: found[key + "_cpu"] for side, key in sides.items()},
            }
        return rows

    def zarr(self):
        """The stores of zarr_benchmarks, and fields: read whole, chunk by chunk, and written anew."""
        return zarr_stores.rows(self)

    def opening(self):
        """Stores of many arrays and of very many chunks, opened."""
        return opening.rows(self)

    def ingest(self):
        """Small files into one store, two processes into one store, and very many files looked at."""
        return ingest.rows(self)


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
    finally:
        if not options.keep:
            shutil.rmtree(options.work, ignore_errors=True)
    results["machine"]["load_after"] = os.getloadavg()[0]
    options.json.write_text(json.dumps(results, indent=1) + "\n")
    write_table(results, sys.stdout)
    if not options.no_doc and not options.quick and not options.only:
        write_document(results, ROOT / "docs" / "benchmarks.md")


if __name__ == "__main__":
    main()
