"""Stores in three layouts, raw, in zstd, and in shards of zstd, of two kinds of data.

The cube is that of LDeakin/zarr_benchmarks: uint16 by a formula, so that it can be made anywhere; it
compresses 28:1, which rewards whoever handles memory well more than whoever decodes fast. The fields
are float32 maps as of a reanalysis (fields.py). Peers: the Rust crate zarrs (its own benchmark
program, where cargo can build it), TensorStore, zarr-python, and zarr-python with zarrs as its codecs.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import zarr

import fields

KINDS = ("raw", "zstd", "shards")
LIBRARIES = {"TensorStore": "tensorstore", "zarr-python": "zarr", "zarr-python + zarrs": "zarrs"}
ZARRS = "0.8.1"


def create(folder, shape, dtype, parts):
    """folder/<kind>.zarr for all kinds: keys of a quarter of each extent, inner chunks of 1 / `parts`."""
    keys, inner = (tuple(n // into for n in shape) for into in (4, parts))
    zstd = zarr.codecs.ZstdCodec(level=0)
    layouts = {
        "raw": dict(chunks=keys, compressors=None),
        "zstd": dict(chunks=keys, compressors=zstd),
        "shards": dict(shards=keys, chunks=inner, compressors=zstd),
    }
    return [
        zarr.create_array(folder / f"{kind}.zarr", shape=shape, dtype=dtype, overwrite=True, **layout)
        for kind, layout in layouts.items()
    ]


def make_cube(folder, side, parts):
    arrays = create(folder, (side,) * 3, "u2", parts)
    g = np.arange(side, dtype="u8")
    plane = g[None, :] * g[None, :] // 32
    for begin in range(0, side, side // 4):
        g0 = g[begin : begin + side // 4, None, None]
        values = (g[None, None, :] + plane[:, :, None] + g0**3).astype("u2")
        for array in arrays:
            array[begin : begin + side // 4] = values


def make_fields(folder, shape, parts):
    arrays, maps = create(folder, shape, "f4", parts), fields.steps(*shape)
    for begin in range(0, shape[0], shape[0] // 4):
        values = np.stack([next(maps) for _ in range(shape[0] // 4)])
        for array in arrays:
            array[begin : begin + len(values)] = values


def zarrs_program(root):
    """The crate's own program, built once where cargo is at hand; None without it."""
    program = root / "bin" / "zarrs_benchmark_read_sync"
    if program.is_file():
        return program
    if shutil.which("cargo") is None:
        return None
    words = ["cargo", "install", "--quiet", "--locked", "--features", "benchmark", "--root", root,
             "--version", ZARRS, "zarrs_tools"]  # fmt: skip
    done = subprocess.run([str(word) for word in words], stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        print(f"zarrs is left out, cargo can't build it: {done.stderr.strip().splitlines()[-1:]}")
        return None
    return program


def run_zarrs(bench, program, words, rounds):
    """Seconds by its own clock, which leaves the start of the process out."""
    seconds = []
    for _ in range(rounds + 1):  # the first one warms
        text = bench.run(program, *words)[2]
        seconds.append(seconds_said(text))
    return seconds[1:]


def seconds_said(text):
    """Out of "Decoded ... in 310.12ms (...)"."""
    word = text.split(" in ")[1].split()[0]
    for unit, factor in (("ms", 1e-3), ("us", 1e-6), ("\u00b5s", 1e-6), ("s", 1)):
        if word.endswith(unit):
            return float(word.removesuffix(unit)) * factor
    raise ValueError(text)


def rows(bench):
    program = None if bench.quick else zarrs_program(bench.peers_root)
    found = {}
    for prefix, make, size in (
        ("zarr", make_cube, 128 if bench.quick else 1024),
        ("zarr fields", make_fields, (16, 96, 192) if bench.quick else (128, 720, 1440)),
    ):
        make(bench.work, size, 8 if bench.quick else 16)
        found |= {f"{prefix} {name}": row for name, row in rows_of(bench, program)}
    return found


def rows_of(bench, program):
    """What is measured of the three stores that were made last; they are removed."""
    for kind in KINDS:
        store = bench.work / f"{kind}.zarr"
        yield kind, read(bench, store, program)
        if kind == "shards":
            yield "subchunks", subchunks(bench, store, program)
        if kind != "raw":
            yield f"round trip {kind}", round_trip(bench, store)
        shutil.rmtree(store)


def read(bench, store, program):
    seconds, cpu = {}, {}
    if bench.floors:
        both = bench.floor("stored", store, bench.rounds)
        for side, key in (("gridmill", "read"), ("gridmill, new memory", "read_new"), ("floor", "floor"),
                          ("floor, new memory", "floor_new")):  # fmt: skip
            seconds[side], cpu[side] = both[key], both[key + "_cpu"]
    if program:
        seconds["zarrs"] = run_zarrs(bench, program, ("--read-all", store), bench.rounds)
    for name, library in LIBRARIES.items():
        seconds[name] = bench.peer("read-whole", store, library, min(3, bench.rounds))
    return {"seconds": seconds, "cpu": cpu}


def subchunks(bench, store, program):
    text = bench.gridmill("bench", "subchunks", store, "--repeat", bench.rounds + 1, "--json")[2]
    seconds = {"gridmill": json.loads(text)["rounds"][1:]}
    text = bench.gridmill("bench", "subchunks", store, "--ahead", "--repeat", bench.rounds + 1, "--json")[2]
    seconds["gridmill, ahead"] = json.loads(text)["rounds"][1:]
    if program:
        words = ("--inner-chunks", "--concurrent-chunks", "1", store)
        seconds["zarrs"] = run_zarrs(bench, program, words, bench.rounds)
    for name, library in LIBRARIES.items():
        seconds[name] = bench.peer("read-subchunks", store, library, 1)
    return {"seconds": seconds}


def round_trip(bench, store):
    """A process of ours from start to end; peers without their imports. The floors are plain loops in
    one process: the codecs alone, in memory, and with each key's file read and written."""
    out = bench.work / "round-trip.zarr"
    document = json.loads((store / "zarr.json").read_text())
    layout = layout_of(document)
    seconds, cpu, peaks = {"gridmill": []}, {"gridmill": []}, {"gridmill": 0}
    for round_ in range(min(3, bench.rounds) + 1):
        wall, peak, _ = bench.gridmill("convert", store, out, *layout, "--memory", "1G")
        if round_ > 0:
            seconds["gridmill"].append(wall)
            cpu["gridmill"].append(bench.cpu_seconds)
            peaks["gridmill"] = max(peaks["gridmill"], peak)
        shutil.rmtree(out)
    if bench.floors:
        both = bench.floor("round-trip", store, bench.work / "round", min(3, bench.rounds))
        for folder in bench.work.glob("round.*"):
            shutil.rmtree(folder)
        for side, key in (("floor: decode + encode", "codecs"), ("floor: with files", "files")):
            seconds[side], cpu[side] = both[key], both[key + "_cpu"]
    for name, library in LIBRARIES.items():
        seconds[name], peaks[name] = bench.peer("round-trip", store, out, library, min(3, bench.rounds))
    return {"seconds": seconds, "cpu": cpu, "peaks": peaks}


def layout_of(document):
    """What tells `convert` to write what it reads."""
    chunk = document["chunk_grid"]["configuration"]["chunk_shape"]
    codecs = {codec["name"]: codec.get("configuration", {}) for codec in document["codecs"]}
    words = ["--codec", "zstd:0"]
    if "sharding_indexed" in codecs:
        inner = codecs["sharding_indexed"]["chunk_shape"]
        words += ["--shards", ",".join(f"dim_{d}={n}" for d, n in enumerate(chunk))]
        chunk = inner
    return [*words, "--chunks", ",".join(f"dim_{d}={n}" for d, n in enumerate(chunk))]


def peers_root(root):
    return Path(os.environ.get("GRIDMILL_BENCH_PEERS", root / "build" / "bench-peers"))
