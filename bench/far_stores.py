"""Stores behind a long line (a double in gridmill_bench): a point's table with an empty cache, again,
and of another point, beside the same from a local disk; and opening 44 stores of one archive."""

import shutil

import numpy as np


def make_stores(folder, stores):
    """Consolidated, joined along `file`, as the archives of features are."""
    import zarr

    folder.mkdir()
    for i in range(stores):
        path = str(folder / f"{i:02}.zarr")
        root = zarr.open_group(path, mode="w", zarr_format=3)
        ids = np.arange(4 * i, 4 * i + 4)
        root.create_array("file", data=ids, chunks=(4,), dimension_names=("file",))
        for name in ("u", "v", "t"):
            root.create_array(name, shape=(4, 100), chunks=(1, 100), dtype="f4", dimension_names=("file", "x"))
        zarr.consolidate_metadata(path)


def points(rounds):
    return ";".join(f"{60 - 7 * i},{11 * i}" for i in range(5 * rounds + 1))


def rows(bench):
    if not bench.floors:
        return {}
    store, folder, stores = bench.work / "distant" / "maps.zarr", bench.work / "tables", bench.work / "stores"
    store.parent.mkdir()
    # Whole maps, so that every point lies in all chunks.
    bench.gridmill("rechunk", bench.store, store, "--chunks", "time=2,lat=all,lon=all", "--overwrite")
    latency, rounds = (5, 2) if bench.quick else (50, 3)
    found = bench.floor("far-cache", store, folder, latency, 100, rounds, points(rounds))
    sides = {"cold": "cold", "the same again": "same", "another point": "new", "local": "local"}
    cache = {key: value for key, value in found.items() if key.startswith(("bytes_", "requests_"))}
    cache["chunks"] = -(-bench.shape[0] // 2)
    cache["seconds"] = {side: found[key] for side, key in sides.items()}
    make_stores(stores, 6 if bench.quick else 44)
    opened = bench.floor("far-open", stores, 20, bench.rounds)
    opening = {"requests": opened["requests"], "stores": opened["stores"]}
    opening["seconds"] = {side: opened[side] for side in ("far", "near")}
    for made in (store.parent, folder, stores):
        shutil.rmtree(made, ignore_errors=True)
    return {"far cache": cache, "far opening": opening}
