"""Tables of many stores and of many points, whole processes of ours beside what Python does: segment
means of two sources in 22 batches each, points out of maps, and what opening all batches takes."""

import json
import os
import shutil
import sys
import time

import table_inputs

# The least round budget that Parquet of the batches works with; its process should stay below 100 MB.
MEMORY = "100M"
MEANS_PEERS = {"xarray + dask": "dask", "zarr-python, a loop": "loop"}
POINT_PEERS = {"xarray": "plain", "xarray + dask": "dask"}
ONE_CORE = "gridmill, one core"
DECODES_ONCE = "decoding all chunks once, process"


class Sides:
    """What the sides of a row took, round by round."""

    def __init__(self):
        self.seconds, self.cpu, self.peaks = {}, {}, {}

    def add(self, side, seconds, peak=0, cpu=None):
        self.seconds.setdefault(side, []).append(seconds)
        self.peaks[side] = max(self.peaks.get(side, 0), peak)
        if cpu is not None:
            self.cpu.setdefault(side, []).append(max(cpu, 0.01))  # told in hundredths

    def add_floor(self, found, **names):
        for key, side in names.items():
            self.seconds[side], self.cpu[side] = found[key], found[key + "_cpu"]

    def row(self, **more):
        return {"seconds": self.seconds, "cpu": self.cpu, "peaks": self.peaks, **more}


def run(bench, side, sides, *words, cores=None):
    """One process of ours; `cores`: the only ones that it may use."""
    pinned = () if cores is None else ("taskset", "-c", ",".join(map(str, cores)))
    wall, peak, text = bench.run(*pinned, bench.command, *words, "--overwrite", "--json")
    sides.add(side, wall, peak, bench.cpu_seconds)
    return json.loads(text)


def run_peer(bench, side, sides, *words):
    """One process of a peer: what its work takes, and what all of it takes."""
    start = time.perf_counter()
    found = bench.peer(*words)
    sides.add(f"{side}, process", time.perf_counter() - start)
    sides.add(side, found["seconds"], found["peak_bytes"])
    return found["sum"], found["count"]


def total_of(path, is_value):
    """The sum, in float64, and the number of the values in a table's columns `is_value`."""
    import pyarrow.compute
    import pyarrow.csv
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path) if path.suffix == ".parquet" else pyarrow.csv.read_csv(path)
    names = [name for name in table.column_names if is_value(name)]
    doubles = (table[name].cast("float64") for name in names)
    return sum(pyarrow.compute.sum(column).as_py() for column in doubles), len(names) * table.num_rows


def check_same(what, ours, theirs):
    """Ends the run where a side computed something else."""
    if ours[1] != theirs[1] or abs(ours[0] - theirs[0]) > 1e-6 * abs(theirs[0]):
        sys.exit(f"{what}: the sum is {ours[0]!r} of {ours[1]} values, and {theirs[0]!r} of {theirs[1]}")


def decode(bench, store, array, chunks):
    """The floor: these chunks, all laid out as `array` of `store`, read and decoded."""
    names = bench.work / "chunks.txt"
    names.write_text("".join(f"{path}\n" for path in chunks))
    found = bench.floor("chunk-files", store, array, names, bench.rounds)
    names.unlink()
    return found


def decode_once(bench, store, array, chunks, sides):
    """The same by a process that begins with nothing, as ours do."""
    names = bench.work / "chunks.txt"
    names.write_text("".join(f"{path}\n" for path in chunks))
    wall, peak, _ = bench.run(bench.floors, "chunk-files", store, array, names, 0)
    sides.add(DECODES_ONCE, wall, peak, bench.cpu_seconds)
    names.unlink()


def sources_of(folder):
    return [word for source in table_inputs.SOURCES for word in ("--source", f"{source}={folder}/{source}_*.zarr")]


def batch_sizes(bench):
    """Samples, features, and the samples of a chunk."""
    return (256, 12, 64) if bench.quick else (8192, 393, 2048)


def means(bench):
    """A row for means of many segments, and one for means of all samples: little to write."""
    folder = bench.work / "batches"
    samples, count, chunk = batch_sizes(bench)
    table_inputs.write_batches(folder, samples, count, chunk)
    needed = list(table_inputs.needed_chunks(folder, samples, chunk))
    stored = sum(path.stat().st_size for path in needed)
    rows = {}
    for name, segment in (("w1", table_inputs.SEGMENT), ("w1 whole", samples)):
        sides = Sides()
        read = measure_means(bench, folder, segment, sides)
        if bench.floors:
            found = decode(bench, folder / "a_00.zarr", "features", needed)
            sides.add_floor(found, decoded="floor: read + decode", one_thread="floor, one thread")
        rows[name] = sides.row(chunks=len(needed), chunk_bytes=stored, memory=MEMORY, **read)
    shutil.rmtree(folder)
    return rows


def measure_means(bench, folder, segment, sides):
    """All sides in turns; a round to warm them comes first, in which the tables are compared, too."""
    ours, text = bench.work / "means.parquet", bench.work / "means.csv"
    words = ("extract", *sources_of(folder), "--duplicates", "first", "--spread", "feature")
    words += ("--segments", f"sample={segment}", "--memory", MEMORY, "-o")
    one_core = [min(os.sched_getaffinity(0))]
    warming = Sides()
    for into in [warming] + [sides] * bench.rounds:
        told = run(bench, "gridmill", into, *words, ours)
        run(bench, "gridmill, CSV", into, *words, text)
        run(bench, ONE_CORE, into, *words, bench.work / "one.parquet", "--threads", 1, cores=one_core)
        found = {side: run_peer(bench, side, into, "segment-means", folder, way, segment)
                 for side, way in MEANS_PEERS.items()}  # fmt: skip
        if into is warming:
            for path in (ours, text, bench.work / "one.parquet"):
                total = total_of(path, lambda name: "/features" in name)
                for side, expected in found.items():
                    check_same(f"{path.name} and {side}", total, expected)
    for path in (ours, text, bench.work / "one.parquet"):
        path.unlink()
    return {key: told[key] for key in ("chunks_read", "chunks_total", "bytes_read")}


def points(bench):
    """A row for one place, for a hundred and for ten thousand, in one pass each."""
    store = bench.work / "maps.zarr"
    shape = (24, 91, 180) if bench.quick else (480, 721, 1440)
    table_inputs.write_maps(store, *shape)
    chunks = [store / "t2m" / f"{at}.0.0" for at in range(shape[0])]
    floor = decode(bench, store, "t2m", chunks) if bench.floors else None
    stored = sum(path.stat().st_size for path in chunks)
    found = {}
    for name, count, suffix, peers, rounds in (
        ("w2", 1, "csv", POINT_PEERS, bench.rounds),
        ("w2 100 points", 20 if bench.quick else 100, "parquet", {"xarray + dask": "dask"}, bench.rounds),
        ("w2 10,000 points", 200 if bench.quick else 10_000, "parquet", {"xarray + dask": "dask"}, 1),
    ):  # fmt: skip
        places, out, sides = bench.work / "places.csv", bench.work / f"points.{suffix}", Sides()
        table_inputs.write_places(places, *shape[1:], count)
        told = measure_points(bench, store, places, out, peers, rounds, sides, chunks if count > 1 else [])
        if floor and count > 1:
            sides.add_floor(floor, decoded="floor: read + decode")
        found[name] = sides.row(points=count, chunk_bytes=stored, **told)
    shutil.rmtree(store)
    return found


def measure_points(bench, store, places, out, peers, peer_rounds, sides, decoded):
    """In turns; ours is warmed, and compared with the first round of each peer."""
    words = ("extract", store, "--points", places, "--variables", "t2m", "-o", out)
    told = run(bench, "gridmill", Sides(), *words)
    total = total_of(out, lambda name: name == "t2m")
    for round_ in range(bench.rounds):
        run(bench, "gridmill", sides, *words)
        if bench.floors and decoded:
            decode_once(bench, store, "t2m", decoded, sides)
        for side, way in peers.items() if round_ < min(3, peer_rounds) else ():
            expected = run_peer(bench, side, sides, "point-values", store, places, way)
            if round_ == 0:
                check_same(f"{out.name} and {side}", total, expected)
    out.unlink()
    return {key: told[key] for key in ("chunks_read", "chunks_total", "bytes_read")}


def opening(bench):
    """The batches' metadata and ids, without a chunk of features."""
    folder, sides = bench.work / "batches", Sides()
    table_inputs.write_batches(folder, *batch_sizes(bench), is_filled=False)
    words = ("extract", *sources_of(folder), "--duplicates", "first", "--spread", "feature", "--dry-run")
    process = "gridmill extract --dry-run, process"
    run(bench, process, Sides(), *words, "-o", bench.work / "none.parquet")
    for _ in range(bench.rounds):
        run(bench, process, sides, *words, "-o", bench.work / "none.parquet")
    counts = {}
    if bench.floors:
        globs = [f"{source}={folder}/{source}_*.zarr" for source in table_inputs.SOURCES]
        found = bench.floor("open-sources", *globs, 4 * bench.rounds)
        sides.add_floor(found, opening="gridmill", joining="gridmill, and joined")
        counts = {key: found[key] for key in ("reads", "lists", "statuses")}
    sides.seconds["xarray, one by one"] = bench.peer("open-stores", folder, min(3, bench.rounds))
    stores = len(list(folder.iterdir()))
    shutil.rmtree(folder)
    return sides.row(stores=stores, **counts)
