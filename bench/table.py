"""The results as a table: for the terminal, and between two markers of docs/benchmarks.md."""

import io

BEGIN, END = "<!-- results: written by make bench -->", "<!-- end of results -->"
TITLES = {
    "read": "Reading an array whole",
    "convert": "netCDF (CDF-5) to Zarr",
    "extract": "One point from many chunks",
    "rechunk": "Maps to series, (24,361,720) to (744,19,36)",
    "memory": "4 GB variable, `--memory 256M`",
}
TARGETS = {"read": 0.85, "convert": 0.85}
MEMORY_LIMIT = (256 << 20) + 100_000_000


def rows(results):
    for name, row in results["rows"].items():
        own = row["median"].get("gridmill")
        for side in row["seconds"]:
            ratio = "" if side == "gridmill" or own is None else f"{row['median'][side] / own:.2f}"
            yield TITLES[name], side, f"{row['median'][side]:.3f}", f"{row['min'][side]:.3f}", ratio


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
    row = results["rows"].get("rechunk")
    if row and "floor" in row:
        floor, limits = row["median"][row["floor"]], {"gridmill": 1.25, "gridmill, 256 MiB": 1.45}
        for side, limit in limits.items():
            times = row["median"][side] / floor
            met = "met" if times <= limit else "not met"
            yield (f"rechunk, {side}: {times:.2f} x the floor, peak {row['peaks'][side] / 1e6:.0f} MB; "
                   f"target {limit}: {met}")
        ahead = row["median"]["xarray + dask"] / row["median"]["gridmill, 256 MiB"]
        memory = row["peaks"]["gridmill, 256 MiB"] / row["peaks"]["xarray + dask"]
        met = "met" if ahead >= 1.8 and memory <= 0.25 else "not met"
        yield (f"rechunk at 256 MiB against xarray + dask: {ahead:.1f} x as fast with {memory:.2f} of "
               f"its memory; target 1.8 x with 0.25: {met}")
    row = results["rows"].get("memory")
    if row:
        met = "met" if row["peak_bytes"] <= MEMORY_LIMIT else "not met"
        yield (f"{TITLES['memory']}: peak {row['peak_bytes'] / 1e6:.0f} MB, "
               f"limit {MEMORY_LIMIT / 1e6:.0f} MB: {met}")


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
