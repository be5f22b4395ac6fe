"""What it takes to open a store: one of many arrays, and one of very many chunks."""

import shutil

import fields

LIBRARIES = ("zarr-python", "xarray")


def make_many(path, arrays):
    """A consolidated store of so many small arrays, as xarray would have them."""
    import zarr

    root = zarr.open_group(str(path), mode="w", zarr_format=3)
    for i in range(arrays):
        name, units = f"v{i:03}", {"units": "K", "long_name": f"variable {i}"}
        root.create_array(name, shape=(24, 9, 18), chunks=(12, 9, 18), dtype="f4", attributes=units,
                          dimension_names=("time", "lat", "lon"))  # fmt: skip
    zarr.consolidate_metadata(str(path))


def make_large(path, chunks):
    """An array of so many chunks. A few are there, for who would look for them."""
    import zarr

    fields.declare(path, chunks)
    zarr.open_group(str(path), mode="r+")["x"][:100] = 1


def rows(bench):
    if not bench.floors:
        return {}
    store, found = bench.work / "opened.zarr", {}
    arrays, chunks = (30, 20_000) if bench.quick else (300, 1_000_000)
    for name, make, size in (("opening", make_many, arrays), ("opening large", make_large, chunks)):
        make(store, size)
        both = bench.floor("open", store, 4 * bench.rounds)
        seconds = {"gridmill": both["opening"]}
        for library in LIBRARIES:
            seconds[library] = bench.peer("open", store, library, bench.rounds)
        counts = {key: both[key] for key in ("arrays", "chunks", "reads", "lists", "statuses")}
        found[name] = {**counts, "seconds": seconds, "cpu": {"gridmill": both["opening_cpu"]}}
        shutil.rmtree(store)
    return found
