"""The results as a table: for the terminal, and between two markers of docs/benchmarks.md."""

import io

from tables import DECODES_ONCE

BEGIN, END = "<!-- results: written by make bench -->", "<!-- end of results -->"
TITLES = {
    "read": "Reading an array whole",
    "classic": "Uncompressed netCDF (CDF-5) into memory",
    "convert": "netCDF (CDF-5) to Zarr",
    "netcdf4, chunks of 24": "netCDF-4 (deflate 4, shuffle; 24 steps) to Zarr",
    "netcdf4, chunks of 1": "netCDF-4 (deflate 4, shuffle; 1 step) to Zarr",
    "extract": "One point from many chunks",
    "rechunk_large": "10 GB of maps to series, `--memory 512M`",
    "memory": "4 GB variable, `--memory 256M`",
    "memory_netcdf4": "4 GB variable, deflate 1 and shuffle, `--memory 256M`",
    "tasks": "A million tasks of one chunk",
    "hdf5_index": "100,000 HDF5 chunks indexed",
    "hdf5_index_large": "A million HDF5 chunks indexed",
    "grib_small": "Small GRIB messages, opened and read",
    "grib_simple": "Large GRIB messages, 16 bits, decoded",
    "grib_ccsds": "Large GRIB messages, CCSDS, decoded",
    "grib_ccsds_cores": "The same on all cores, as many threads on both sides",
    "grib_index": "Very many GRIB messages, opened",
    "frames shuffle 128 KiB": "Blosc frames of 4 MiB, zstd level 3, byte shuffle, 128 KiB blocks",
    "frames shuffle 512 KiB": "Blosc frames of 4 MiB, zstd level 1, byte shuffle, 512 KiB blocks",
    "frames bitshuffle 128 KiB": "Blosc frames of 4 MiB, zstd level 3, bit shuffle, 128 KiB blocks",
    "frames lz4 shuffle": "Blosc frames of 4 MiB, lz4 level 5, byte shuffle",
    "frames lz4 bitshuffle": "Blosc frames of 4 MiB, lz4 level 5, bit shuffle",
    "opening": "A consolidated store of 300 arrays, opened",
    "opening large": "A store of an array of a million chunks, opened",
    "ingest": "500 small netCDF files to one store",
    "ingest processes": "Two netCDF-4 files (deflate 4, shuffle) into one store, `write-region --threads 1`",
    "ingest index": "10,000 small netCDF files, `convert --dry-run`",
    "far cache": "A point's table, 50 ms a request and 100 MB/s",
    "far opening": "44 stores opened, 20 ms a request",
    "w1": "Means of 64 samples out of 44 stores, 786 columns",
    "w1 whole": "Means of all 8,192 samples out of 44 stores, 786 columns",
    "w2": "One point out of 480 maps",
    "w2 100 points": "100 points out of 480 maps",
    "w2 10,000 points": "10,000 points out of 480 maps",
    "opening_many": "44 stores of two sources, opened",
    "zarr raw": "1024^3 uint16, uncompressed, read whole",
    "zarr zstd": "1024^3 uint16, zstd, read whole",
    "zarr shards": "1024^3 uint16, shards of zstd, read whole",
    "zarr subchunks": "The same shards, chunk by chunk, one reader",
    "zarr round trip zstd": "1024^3 uint16, zstd, read and written anew",
    "zarr round trip shards": "1024^3 uint16, shards of zstd, read and written anew",
    "zarr fields raw": "Float32 fields, uncompressed, read whole",
    "zarr fields zstd": "Float32 fields, zstd, read whole",
    "zarr fields shards": "Float32 fields, shards of zstd, read whole",
    "zarr fields subchunks": "The same shards of fields, chunk by chunk, one reader",
    "zarr fields round trip zstd": "Float32 fields, zstd, read and written anew",
    "zarr fields round trip shards": "Float32 fields, shards of zstd, read and written anew",
}
TARGETS = {"read": 0.85, "classic": 0.5, "convert": 0.85}
# Times xarray with hidefix, the fastest of the Python readers.
NETCDF4_AHEAD = {"netcdf4, chunks of 24": 2.0, "netcdf4, chunks of 1": 1.6}
MEMORY_LIMITS = {
    "memory": (256 << 20) + 100_000_000,
    "memory_netcdf4": (256 << 20) + 100_000_000,
    "rechunk_large": 612_000_000,
}
# Seconds from opening to the last chunk's place, whatever the index and the page cache; peak bytes.
INDEX_TARGETS = {"hdf5_index": (0.5, 200_000_000), "hdf5_index_large": (5, 200_000_000)}
# Times TensorStore, into new memory; times zarrs, into memory that is reused and into new memory.
ZARR_READ_AHEAD = {
    "zarr raw": (2.2, 2.2, 1.3),
    "zarr zstd": (2.2, 1.9, 1.3),
    "zarr shards": (2.2, 1.4, 1.3),
    "zarr fields raw": (1, 1, 1),
    "zarr fields zstd": (1, 1, 1),
    "zarr fields shards": (1, 1, 1),
}
# Times zarrs: one thread, and decoding ahead.
SUBCHUNKS_AHEAD = {"zarr subchunks": (1.35, 1.8), "zarr fields subchunks": (1, 1)}
# Whole frames, times libblosc; one value, times the whole frame.
FRAME_TARGETS = {
    "frames shuffle 128 KiB": (1.2, 30),
    "frames shuffle 512 KiB": (1.1, 8),
    "frames bitshuffle 128 KiB": (1.7, None),
    "frames lz4 shuffle": (None, None),
    "frames lz4 bitshuffle": (None, None),
}
# Times the peers, and how long it may take.
INGEST_AHEAD = {"xarray, one by one": 20, "xarray, all at once": 6}
# Times the peers, whole processes against theirs without imports; all cores times one; bytes.
MEANS_AHEAD = {"xarray + dask": 5, "zarr-python, a loop": 2.5}
MEANS_CORES, MEANS_LIMIT = 1.8, 100_000_000
# One point, times xarray; a hundred, in times of decoding all chunks; seconds.
POINT_AHEAD = {"xarray": 12, "xarray + dask": None}
POINTS_DECODES = {"w2 100 points": 1.2, "w2 10,000 points": None}
OPENING_MANY_LIMIT = 0.02
# What a round trip may hold: its budget and 100 MB.
ROUND_TRIP_LIMIT = (1 << 30) + 100_000_000
# Times the floor, by codec.
RECHUNK_TARGETS = {
    "gridmill": {"our default": 1.25, "zstd-3": 1.25},
    "gridmill, 256 MiB": {"our default": 1.45, "zstd-3": 1.25},
    "gridmill, 256 MiB, spill": {"our default": 2.0, "zstd-3": 1.8},
}


def rows(results):
    for name, row in results["rows"].items():
        own = row["median"].get("gridmill")
        for side in row["seconds"]:
            ratio = "" if side == "gridmill" or own is None else f"{row['median'][side] / own:.2f}"
            yield TITLES.get(name, name), side, f"{row['median'][side]:.3f}", f"{row['min'][side]:.3f}", ratio


def verdicts(results):
    """Each target, and what was measured."""
    for name, target in TARGETS.items():
        row = results["rows"].get(name, {})
        if "ratio" not in row:
            continue
        met = "met" if row["ratio"] >= target else "not met"
        yield (f"{TITLES[name]}: {row['ratio']:.2f} of {row['floor']} by medians, "
               f"{row['ratio_of_min']:.2f} by minima, {row['ratio_of_cpu']:.2f} by CPU time; target {target}: {met}")
    row = results["rows"].get("extract")
    if row:
        own, peer = row["median"]["gridmill"], row["median"]["xarray + dask"]
        met = "met" if own < peer else "not met"
        yield (f"{TITLES['extract']} ({row['chunks']}): whole process against xarray + dask without "
               f"its imports {peer / own:.1f} x; target ahead: {met}")
    for name, row in results["rows"].items():
        if name.startswith("rechunk,"):
            yield from rechunk_verdicts(name, row)
    yield from netcdf4_verdicts(results["rows"])
    yield from task_verdicts(results["rows"])
    yield from index_verdicts(results["rows"])
    yield from grib_verdicts(results["rows"])
    yield from zarr_verdicts(results["rows"])
    yield from frame_verdicts(results["rows"])
    yield from opening_verdicts(results["rows"])
    yield from ingest_verdicts(results["rows"])
    yield from far_verdicts(results["rows"])
    yield from means_verdicts(results["rows"])
    yield from points_verdicts(results["rows"])
    yield from opening_many_verdicts(results["rows"])
    for name, limit in MEMORY_LIMITS.items():
        row = results["rows"].get(name)
        if row:
            met = "met" if row["peak_bytes"] <= limit else "not met"
            yield (f"{TITLES[name]}: peak {row['peak_bytes'] / 1e6:.0f} MB, "
                   f"limit {limit / 1e6:.0f} MB: {met}")


def netcdf4_verdicts(rows):
    for name, target in NETCDF4_AHEAD.items():
        row = rows.get(name)
        if not row:
            continue
        if "floor" in row:
            times = 1 / row["ratio"]
            met = "met" if times <= 1.25 else "not met"
            yield (f"{name}: {times:.2f} x {row['floor'].removeprefix('floor: ')} by medians, "
                   f"{1 / row['ratio_of_cpu']:.2f} x by CPU time; target 1.25: {met}")
        peer = row["median"]["xarray + hidefix, process"]
        ahead = peer / row["median"]["gridmill, process"]
        in_little = peer / row["median"]["gridmill, 256 MiB, process"]
        met = "met" if ahead >= target else "not met"
        yield (f"{name}: {ahead:.1f} x as fast as xarray with hidefix, whole processes; target "
               f"{target} x: {met}; {in_little:.1f} x with `--memory 256M`, in "
               f"{row['peak_bytes'] / 1e6:.0f} MB")


def task_verdicts(rows):
    row = rows.get("tasks")
    if row:
        plan, peak = row["median"]["plan, process"], row["peak_bytes"] / 1e6
        met = "met" if plan < 2 and peak < 200 else "not met"
        yield (f"{row['count']} chunks, {row['planned']} tasks planned in {plan:.2f} s and {peak:.0f} MB; "
               f"target 2 s and 200 MB: {met}")
    if row and "run" in row["median"]:
        each = row["median"]["run"] / row["count"] * 1e6
        of_cpu = min(row["cpu"]["run"]) / row["count"] * 1e6
        met = "met" if each <= 20 else "not met"
        yield f"a task without work: {each:.1f} us, {of_cpu:.1f} us of processor time; target 20: {met}"
    row = rows.get("read")
    if row and "gridmill, counted" in row["cpu"]:
        more = min(row["cpu"]["gridmill, counted"]) / min(row["cpu"]["gridmill"]) - 1
        met = "met" if abs(more) < 0.01 else "less than this run can tell" if more < 0 else "not met"
        yield f"counting, while an array is read: {100 * more:+.2f} % of CPU time; target below 1 %: {met}"


def index_verdicts(rows):
    for name, (target, limit) in INDEX_TARGETS.items():
        row = rows.get(name)
        if not row:
            continue
        for cache in ("warm", "cold"):
            slowest = max((s for s in row["median"] if s.endswith(cache)), key=row["median"].get)
            took, peak = row["median"][slowest], row["peak_bytes"]
            met = "met" if took < target and peak < limit else "not met"
            yield (f"{TITLES[name]}, page cache {cache}: {took:.3f} s for the slowest index "
                   f"({slowest.rsplit(', ', 1)[0]}), peak {peak / 1e6:.0f} MB; target {target} s and "
                   f"{limit / 1e6:.0f} MB: {met}")


def grib_verdicts(rows):
    """One core; by messages, and beside the floors."""
    row = rows.get("grib_small")
    if row:
        each = row["median"]["gridmill"] / row["messages"] * 1e6
        met = "met" if each <= 20 else "not met"
        yield f"{TITLES['grib_small']}: {each:.1f} us each; target 20: {met}"
    row = rows.get("grib_simple")
    if row:
        ahead = row["median"]["ecCodes C"] / row["median"]["gridmill"]
        rate = row["messages"] * row["points"] * 4 / row["median"]["gridmill"] / 1e9
        met = "met" if ahead >= 4 and rate >= 10 else "not met"
        yield (f"{TITLES['grib_simple']}: {rate:.1f} GB/s of float32, {ahead:.1f} x ecCodes C; "
               f"target 10 GB/s and 4 x: {met}")
    for name in ("grib_ccsds", "grib_ccsds_cores"):
        row = rows.get(name)
        if row:
            met = "met" if row["ratio"] >= 0.95 else "not met"
            yield (f"{TITLES['grib_ccsds']}, {row['cores'] if name.endswith('cores') else 1} threads: "
                   f"{row['ratio']:.2f} of {row['floor']} by medians, {row['ratio_of_min']:.2f} by minima; "
                   f"target 0.95: {met}")
    row = rows.get("grib_index")
    if row:
        # The floor of the target first; then that of what the scan reads, which leaves it nothing for
        # looking at a header.
        for floor, target in (("floor: headers", 1.25), ("floor: same windows", None)):
            times = row["median"]["gridmill"] / row["median"][floor]
            least = row["min"]["gridmill"] / row["min"][floor]
            verdict = "no target" if target is None else f"target {target}: {'met' if times <= target else 'not met'}"
            yield (f"{TITLES['grib_index']} ({row['messages']} in {row['reads']} reads): {times:.2f} x "
                   f"{floor.removeprefix('floor: ')} by medians, {least:.2f} x by minima; {verdict}")


def judged(text, figure, target):
    """`target` None: there is none."""
    verdict = "no target" if target is None else f"target {target}: {'met' if figure >= target else 'not met'}"
    return f"{text} {figure:.2f} ({verdict})"


def within(text, figure, limit, unit):
    return f"{text} {figure:.4g} {unit} (limit {limit:.4g} {unit}: {'met' if figure <= limit else 'not met'})"


def zarr_verdicts(rows):
    for name, targets in ZARR_READ_AHEAD.items():
        row = rows.get(name)
        if row and "gridmill" in row["median"]:
            yield f"{TITLES[name]}: " + "; ".join(zarr_read_told(row["median"], *targets))
    for name, targets in SUBCHUNKS_AHEAD.items():
        row = rows.get(name)
        if row and "zarrs" in row["median"]:
            yield f"{TITLES[name]}: " + "; ".join(
                judged(f"{what}, times zarrs", row["median"]["zarrs"] / row["median"][side], target)
                for what, side, target in zip(
                    ("one thread", "decoding ahead"), ("gridmill", "gridmill, ahead"), targets
                )
            )
    for name, row in rows.items():
        if " round trip " in name:
            yield f"{TITLES[name]}: " + "; ".join(round_trip_told(row))


def zarr_read_told(median, tensorstore, reused, new):
    into_new = median["gridmill, new memory"]
    yield judged("new memory, of the floor", median["floor, new memory"] / into_new, 0.95)
    yield judged("times TensorStore", median["TensorStore"] / into_new, tensorstore)
    yield judged("times zarr-python + zarrs", median["zarr-python + zarrs"] / into_new, None)
    if "zarrs" in median:
        yield judged("reused memory, times zarrs", median["zarrs"] / median["gridmill"], reused)
        yield judged("new memory, times zarrs", median["zarrs"] / into_new, new)


def round_trip_told(row):
    median, least, peak = row["median"], row["min"], row["peaks"]["gridmill"] / 1e6
    fastest = min(row["peaks"].keys() - {"gridmill"}, key=median.get)
    yield judged("times the fastest peer", median[fastest] / median["gridmill"], 1.2) + f", {fastest}"
    if "floor" in row:
        codecs, files = "floor: decode + encode", "floor: with files"
        yield judged("of decode + encode", median[codecs] / median["gridmill"], 0.9)
        yield f"{least[codecs] / least['gridmill']:.2f} by minima"
        yield f"{min(row['cpu'][codecs]) / min(row['cpu']['gridmill']):.2f} by CPU time"
        yield judged("with files, of plain loops", median[files] / median["gridmill"], None)
    yield within("peak", peak, ROUND_TRIP_LIMIT / 1e6, "MB")


def frame_verdicts(rows):
    for name, (whole, value) in FRAME_TARGETS.items():
        row = rows.get(name)
        if row:
            median, least = row["median"], row["min"]
            one = "gridmill, one value"
            told = [judged("whole, times libblosc", median["libblosc"] / median["gridmill"], whole),
                    f"{least['libblosc'] / least['gridmill']:.2f} by minima",
                    judged("one value, times the whole frame", median["gridmill"] / median[one], value),
                    f"times libblosc's {median['libblosc, one value'] / median[one]:.2f}"]
            # A read that touches few blocks must never be slower than the whole frame.
            told += [judged(f"{what}, times the whole frame", least["gridmill"] / least[side], 1)
                     for what, side in (("24 values", "gridmill, 24 values"), ("series", "gridmill, series"))]
            yield f"{TITLES[name]}: " + "; ".join(told)


def opening_verdicts(rows):
    """By calls where there are many arrays, by time where there are many chunks."""
    row = rows.get("opening")
    if row:
        met = "met" if row["reads"] == 1 and row["lists"] == 0 else "not met"
        yield (f"{TITLES['opening']}: {row['reads']} files of metadata read, {row['lists']} folders listed "
               f"(target 1 and 0: {met}); {row['statuses']} paths asked for; "
               f"{row['arrays']} arrays, {1e3 * row['median']['gridmill']:.2f} ms")
    row = rows.get("opening large")
    if row:
        yield (f"{TITLES['opening large']}: {within('by medians', 1e3 * row['median']['gridmill'], 5, 'ms')}; "
               f"{row['chunks']} chunks, {row['reads']} files read, {row['lists']} folders listed, "
               f"{row['statuses']} paths asked for")


def far_verdicts(rows):
    row = rows.get("far cache")
    if row:
        median = row["median"]
        of_cold = 100 * median["the same again"] / median["cold"]
        times = median["another point"] / median["local"]
        yield (f"{TITLES['far cache']} ({row['chunks']} chunks, {row['bytes_cold'] / 1e6:.0f} MB): "
               f"{within('the same request again takes', of_cold, 1, '% of cold')}; "
               f"{within('another point moves', row['bytes_new'], 0, 'bytes')} in {row['requests_new']} requests "
               f"and takes {times:.2f} x local (limit 1.2: {'met' if times <= 1.2 else 'not met'})")
    row = rows.get("far opening")
    if row:
        yield (f"{TITLES['far opening']}: {within('far', row['median']['far'], 0.5, 's')} in {row['requests']} "
               f"requests; {within('near', 1e3 * row['median']['near'], 20, 'ms')}")


def ingest_verdicts(rows):
    row = rows.get("ingest")
    if row:
        median = row["median"]
        told = [judged(f"times {peer}", median[peer] / median["gridmill"], target)
                for peer, target in INGEST_AHEAD.items()]
        told.append(f"{median['gridmill'] / median['netCDF4, only read']:.2f} x reading them with netCDF4")
        told.append(f"peak {row['peak_bytes'] / 1e6:.0f} MB")
        yield f"{TITLES['ingest']} ({row['files']}): " + "; ".join(told)
    row = rows.get("ingest processes")
    if row:
        one, two = "gridmill, one process", "gridmill, two processes"
        told = [judged("two processes, times one", row["median"][one] / row["median"][two], 1.7),
                f"{row['min'][one] / row['min'][two]:.2f} by minima",
                f"CPU time of both {min(row['cpu'][two]) / min(row['cpu'][one]):.2f} x that of one",
                f"peak {row['peaks'][one] / 1e6:.0f} MB and, of both, {row['peaks'][two] / 1e6:.0f} MB"]
        yield f"{TITLES['ingest processes']}: " + "; ".join(told)
    row = rows.get("ingest index")
    if row:
        yield (f"{TITLES['ingest index']} ({row['files']}): "
               f"{within('time', row['median']['gridmill'], 20, 's')}; "
               f"{within('peak', row['peak_bytes'] / 1e6, 500, 'MB')}")


def means_verdicts(rows):
    for name in ("w1", "w1 whole"):
        if name not in rows:
            continue
        row = rows[name]
        median, own = row["median"], row["median"]["gridmill"]
        told = [judged(f"times {peer}", median[peer] / own, target) for peer, target in MEANS_AHEAD.items()]
        told.append(judged("times itself on one core", median["gridmill, one core"] / own, MEANS_CORES))
        told.append(f"{row['min']['gridmill, one core'] / row['min']['gridmill']:.2f} by minima")
        if "floor" in row:
            alone = row["min"]["floor, one thread"] / row["min"][row["floor"]]
            told += [f"{row['ratio']:.2f} of {row['floor']} by medians, {row['ratio_of_cpu']:.2f} by CPU time",
                     f"which is {alone:.2f} times itself on one thread by minima"]
        peak = row["peaks"]["gridmill"] / 1e6
        told.append(within(f"peak with --memory {row['memory']}", peak, MEANS_LIMIT / 1e6, "MB"))
        told += [f"{peer} {row['peaks'][peer] / 1e6:.0f} MB" for peer in MEANS_AHEAD]
        told.append(bytes_told(row))
        yield f"{TITLES[name]}: " + "; ".join(told)


def points_verdicts(rows):
    """Whole processes of ours; the peers without their imports."""
    row = rows.get("w2")
    if row:
        told = [judged(f"times {peer}", row["median"][peer] / row["median"]["gridmill"], target)
                for peer, target in POINT_AHEAD.items()]
        yield f"{TITLES['w2']}: " + "; ".join([*told, bytes_told(row)])
    for name, limit in POINTS_DECODES.items():
        row = rows.get(name)
        if row:
            own, told = row["median"]["gridmill"], []
            if "floor" in row:
                told += decodes_told(row, own, limit)
            told.append(judged("times xarray + dask", row["median"]["xarray + dask"] / own, None))
            told.append(f"peak {row['peaks']['gridmill'] / 1e6:.0f} MB")
            yield f"{TITLES[name]}: " + "; ".join([*told, bytes_told(row)])


def decodes_told(row, own, limit):
    """Beside a process that decodes all chunks once, as ours is one; and beside the work alone."""
    once = own / row["median"][DECODES_ONCE]
    text = "a process that decodes all chunks once"
    if limit is None:
        yield f"{once:.2f} x {text} (no target)"
    else:
        yield within(text, once, limit, "x")
    yield f"{own / row['median'][row['floor']]:.2f} x decoding them in warm buffers (no target)"


def bytes_told(row):
    return (f"{row['chunks_read']} of {row['chunks_total']} chunks, {row['bytes_read'] / 1e6:.4g} MB read of "
            f"{row['chunk_bytes'] / 1e6:.4g} MB that they take")


def opening_many_verdicts(rows):
    row = rows.get("opening_many")
    if row:
        process, told = row["median"]["gridmill extract --dry-run, process"], []
        if "gridmill" in row["median"]:
            own, joined = row["median"]["gridmill"], row["median"]["gridmill, and joined"]
            told = [within("by medians", 1e3 * own, 1e3 * OPENING_MANY_LIMIT, "ms"),
                    f"and joined {1e3 * joined:.1f} ms",
                    judged("times xarray", row["median"]["xarray, one by one"] / own, None),
                    f"{row['reads']} files read, {row['lists']} folders listed, {row['statuses']} paths asked for"]
        told.append(f"a dry run, as a process, {1e3 * process:.0f} ms")
        yield f"{TITLES['opening_many']} ({row['stores']}): " + "; ".join(told)


def rechunk_verdicts(name, row):
    """By medians, and by processor time, which says more on a machine that others use."""
    codec = name.rsplit(", ", 1)[1]
    for side, targets in RECHUNK_TARGETS.items():
        if "floor" not in row:
            break
        times = row["median"][side] / row["median"][row["floor"]]
        of_cpu = min(row["cpu"][side]) / min(row["cpu"][row["floor"]])
        met = "met" if times <= targets[codec] else "not met"
        yield (f"{name}; {side} ({row['ways'][side]}): {times:.2f} x the floor, {of_cpu:.2f} x by CPU "
               f"time, peak {row['peaks'][side] / 1e6:.0f} MB; target {targets[codec]}: {met}")
    if "xarray + dask" in row["median"]:
        ahead = row["median"]["xarray + dask"] / row["median"]["gridmill, 256 MiB"]
        memory = row["peaks"]["gridmill, 256 MiB"] / row["peaks"]["xarray + dask"]
        met = "met" if ahead >= 1.8 and memory <= 0.25 else "not met"
        yield (f"{name}, at 256 MiB against xarray + dask: {ahead:.1f} x as fast with {memory:.2f} of "
               f"its memory; target 1.8 x with 0.25: {met}")


def write_table(results, out):
    machine = results["machine"]
    print(f"{machine['cores']} cores of {machine['cpu']}; load average {machine['load_before']:.1f} "
          f"before, {machine['load_after']:.1f} after (idle is below 0.5; a loaded machine makes all "
          "figures, and a little also the ratios, worse)\n", file=out)
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    print(f"Array {tuple(results['shape'])} float32; peers: {versions}.\n", file=out)
    print("| what | who | median s | min s | x Gridmill's time |\n|---|---|---|---|---|", file=out)
    for cells in rows(results):
        print("| " + " | ".join(cells) + " |", file=out)
    print(file=out)
    for line in verdicts(results):
        print("- " + line, file=out)


def write_document(results, path):
    text = path.read_text()
    table = io.StringIO()
    write_table(results, table)
    head, rest = text.split(BEGIN)
    path.write_text(head + BEGIN + "\n" + table.getvalue() + END + rest.split(END)[1])
