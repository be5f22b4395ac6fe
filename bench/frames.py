"""Blosc frames in memory: our decoder beside libblosc, and a few values beside the whole frame."""

import shutil

# Of each row; table.py has their targets.
CODECS = {
    "frames shuffle 128 KiB": "blosc:zstd:3:shuffle:128KiB",
    "frames shuffle 512 KiB": "blosc:zstd:1:shuffle:512KiB",
    "frames bitshuffle 128 KiB": "blosc:zstd:3:bitshuffle:128KiB",
    "frames lz4 shuffle": "blosc:lz4:5:shuffle:128KiB",
    "frames lz4 bitshuffle": "blosc:lz4:5:bitshuffle:128KiB",
}


def rows(bench):
    """Blosc frames of four maps (4 MiB) on one thread: whole, and a few values of each."""
    if not bench.floors:
        return {}
    found, store = {}, bench.work / "frames.zarr"
    for name, codec in CODECS.items():
        words = ("--variables", "t2m", "--region", f"time=0:{min(96, bench.shape[0])}")
        layout = ("--chunks", "t2m:time=4,lat=all,lon=all", "--codec", f"t2m:{codec}")
        bench.gridmill("convert", bench.source, store, *words, *layout)
        measured = bench.floor("frames", store, "t2m", 2 * bench.rounds + 1)
        shutil.rmtree(store)
        sides = {"gridmill": "whole", "libblosc": "libblosc", "gridmill, 24 values": "values",
                 "gridmill, series": "series", "gridmill, one value": "value",
                 "libblosc, one value": "libblosc_value"}  # fmt: skip
        assert measured["of_each"] == 24, measured["of_each"]
        found[name] = {
            "frames": measured["frames"],
            "seconds": {side: measured[key] for side, key in sides.items()},
            "cpu": {side: measured[key + "_cpu"] for side, key in sides.items()},
        }
    return found
