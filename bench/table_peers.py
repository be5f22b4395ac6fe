"""What the peers do for the rows on tables. Each job is done once, without its imports and without
warming, and ends with the values in memory; the answer holds their sum for the comparison."""

import importlib
import os
import time
from pathlib import Path

import numpy as np


def load(*names):
    """xarray imports what it uses late, which isn't to be measured."""
    for name in names:
        importlib.import_module(name)


def measured(work):
    import resource

    start = time.perf_counter()
    values = work()
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    total = float(np.asarray(values).astype("f8").sum())
    return {"seconds": seconds, "peak_bytes": peak, "sum": total, "count": int(np.size(values))}


def batches_of(folder, source):
    return sorted(str(path) for path in Path(folder).glob(f"{source}_*.zarr"))


def segment_means(folder, way, segment):
    """Means of so many samples, of each feature and each file_id of either source."""
    job = means_by_dask if way == "dask" else means_by_loop
    return measured(job(folder, int(segment)))


def means_by_dask(folder, segment):
    import dask
    import xarray

    load("dask.array", "zarr")
    dask.config.set(scheduler="threads", num_workers=len(os.sched_getaffinity(0)))

    def of_source(source):
        opened = [xarray.open_zarr(path) for path in batches_of(folder, source)]
        joined = xarray.concat(opened, "file_id", join="outer")
        first = np.sort(np.unique(joined["file_id"].values, return_index=True)[1])
        features = joined["features"].isel(file_id=first)
        if segment == features.sizes["sample"]:
            return features.mean("sample").compute()
        return features.coarsen(sample=segment).mean().compute()

    return lambda: [of_source(source).values for source in ("a", "b")]


def means_by_loop(folder, segment):
    import zarr

    def of_source(source):
        seen, means = set(), []
        for path in batches_of(folder, source):
            group = zarr.open_group(path, mode="r")
            features, ids = group["features"], group["file_id"][:]
            for at, file_id in enumerate(ids):
                if file_id not in seen:
                    seen.add(file_id)
                    values = features[at]
                    means.append(values.reshape(-1, segment, values.shape[1]).mean(axis=1))
        return np.stack(means)

    return lambda: [of_source(source) for source in ("a", "b")]


def point_values(store, places, way):
    """t2m of a store at the cells nearest to the places of a CSV file, at all times."""
    import xarray

    load("dask.array", "zarr")
    lats, lons = np.loadtxt(places, delimiter=",", skiprows=1, ndmin=2, unpack=True)

    def work():
        dataset = xarray.open_zarr(store, **({} if way == "dask" else {"chunks": None}))
        if len(lats) == 1:
            at = {"lat": lats[0], "lon": lons[0]}
        else:
            at = {name: xarray.DataArray(where, dims="point") for name, where in (("lat", lats), ("lon", lons))}
        return dataset["t2m"].sel(at, method="nearest").compute().values

    return measured(work)
