"""bench/run.py runs end to end on small data and measures every row; no time is asserted."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECHUNKS = {
    f"rechunk, {way}, {codec}"
    for way in ("maps to series", "series to maps")
    for codec in ("our default", "zstd-3")
}
NETCDF4 = {"netcdf4, chunks of 24", "netcdf4, chunks of 1"}
ROWS = {"read", "convert", "extract", "rechunk_large", "memory", "memory_netcdf4", "tasks"}
ZARR = {
    f"{data} {what}"
    for data in ("zarr", "zarr fields")
    for what in ("raw", "zstd", "shards", "subchunks", "round trip zstd", "round trip shards")
}
INGEST = {"ingest", "ingest processes", "ingest index"}
TABLES = {"w1", "w1 whole", "w2", "w2 100 points", "w2 10,000 points", "opening_many"}
ROWS |= RECHUNKS | NETCDF4 | ZARR | INGEST | TABLES
# These need gridmill_bench.
FLOOR_ROWS = {"classic", "hdf5_index", "hdf5_index_large"}
FLOOR_ROWS |= {"frames shuffle 128 KiB", "frames shuffle 512 KiB", "frames bitshuffle 128 KiB"}
FLOOR_ROWS |= {"frames lz4 shuffle", "frames lz4 bitshuffle", "opening", "opening large"}
FLOOR_ROWS |= {"far cache", "far opening"}
FLOOR_ROWS |= {"grib_small", "grib_simple", "grib_ccsds", "grib_ccsds_cores", "grib_index"}

WITHOUT_PEER = {"tasks", "hdf5_index", "hdf5_index_large", "ingest processes", "far cache", "far opening"}  # their sides are Gridmill's own


def bench_program():
    found = [ROOT / "build" / preset / "gridmill_bench" for preset in ("bench", "release")]
    return next((path for path in found if path.is_file()), None)


def test_every_row_is_measured(tmp_path):
    binary = Path(os.environ.get("GRIDMILL_BINARY", ROOT / "build" / "release" / "gridmill"))
    assert binary.is_file(), f"there is no command at {binary}: run `make build`"
    results = tmp_path / "results.json"
    command = [sys.executable, ROOT / "bench" / "run.py", "--quick", "--no-doc"]
    command += ["--work", tmp_path / "data", "--json", results]
    if bench_program() is None:  # `make test` doesn't build it; the rows with a floor lack only that
        command.append("--no-floors")
    environment = {**os.environ, "GRIDMILL_BINARY": str(binary)}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400)
    assert run.returncode == 0, run.stdout + run.stderr

    found = json.loads(results.read_text())
    assert set(found["rows"]) == ROWS | (set() if bench_program() is None else FLOOR_ROWS)
    for name, row in found["rows"].items():
        assert all(s > 0 for side in row["seconds"].values() for s in side), (name, row)
        assert name in WITHOUT_PEER or "gridmill" in row["seconds"] or bench_program() is None, (name, row)
    for name in ("memory", "memory_netcdf4", "rechunk_large"):
        assert found["rows"][name]["peak_bytes"] > 0
    for name, chunks in (("hdf5_index", 1000), ("hdf5_index_large", 2000)):
        if name in found["rows"]:
            row = found["rows"][name]
            assert row["chunks"] == chunks and row["peak_bytes"] > 0 and len(row["seconds"]) == 8, row
    for name, arrays, chunks in (("opening", 30, 60), ("opening large", 1, 20_000)):
        if name in found["rows"]:
            row = found["rows"][name]
            assert (row["arrays"], row["chunks"]) == (arrays, chunks) and row["reads"] > 0, row
    assert (found["rows"]["ingest"]["files"], found["rows"]["ingest index"]["files"]) == (20, 50)
    assert found["rows"]["extract"]["largest_difference"] == 0
    for name in ("w1", "w1 whole"):  # 69 ids of two sources in 4 chunks each: what stands twice isn't read
        means = found["rows"][name]
        assert means["chunks"] == means["chunks_read"] == means["chunks_total"] == 2 * 69 * 4, means
        assert means["bytes_read"] >= means["chunk_bytes"] > 0 and means["peaks"]["gridmill"] > 0
    for name, count in (("w2", 1), ("w2 100 points", 20), ("w2 10,000 points", 200)):
        row = found["rows"][name]
        assert (row["points"], row["chunks_read"]) == (count, 24) and row["peaks"]["gridmill"] > 0, row
    assert found["rows"]["opening_many"]["stores"] == 44
    for name in RECHUNKS:
        assert all(peak > 0 for peak in found["rows"][name]["peaks"].values()), name
        assert found["rows"][name]["ways"]["gridmill, 256 MiB, spill"] == "spill", name
    for name in NETCDF4:  # the peers' stores have these chunks, too, and the same values
        assert len(found["rows"][name]["target_chunks"]) == 3, name
    assert not (tmp_path / "data").exists(), "the data made for the benchmark are still there"
