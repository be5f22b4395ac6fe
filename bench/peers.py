"""What the peers do on the same data, each in a process of its own: prints seconds per round as JSON.

Imports are left out of these seconds; run.py adds the whole process where that is the comparison.
`serve` answers calls from standard input, for --quick.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

import table_peers

PIPELINES = {
    "zarr": "zarr.core.codec_pipeline.BatchedCodecPipeline",
    "zarrs": "zarrs.ZarrsCodecPipeline",
}


def timed(work, rounds):
    work()  # warm
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return seconds


def read_zarr(store, rounds):
    import zarr

    array = zarr.open_group(store, mode="r")["t2m"]
    out = np.empty(array.shape, array.dtype)
    buffer = zarr.core.buffer.core.default_buffer_prototype().nd_buffer.from_numpy_array(out)
    return timed(lambda: array.get_basic_selection(..., out=buffer), rounds)


def opened(store, library):
    """The array at the root of a store, as `library` reads it: an object to be indexed by slices.
    "zarrs" is zarr-python with the codecs of the crate zarrs."""
    if library == "tensorstore":
        import tensorstore

        spec = {"driver": "zarr3", "kvstore": f"file://{store}"}
        return tensorstore.open(spec, read=True, open=True).result()
    return zarr_array(store, library, "r")


def zarr_array(store, library, mode):
    import zarr

    with zarr.config.set({"codec_pipeline.path": PIPELINES[library]}):
        return zarr.open_array(store, mode=mode)


def part(array, where):
    return array[where].read().result() if hasattr(array, "spec") else array[where]


def boxes(shape, chunk):
    for begin in np.ndindex(*(-(-n // c) for n, c in zip(shape, chunk))):
        yield tuple(slice(b * c, min(n, (b + 1) * c)) for b, c, n in zip(begin, chunk, shape))


def chunks_of(store):
    """Of the store's keys, and what is encoded by itself (inside of shards the inner chunk)."""
    import zarr

    array = zarr.open_array(store, mode="r")
    return array.shards or array.chunks, array.chunks


def read_whole(store, library, rounds):
    array = opened(store, library)
    return timed(lambda: part(array, ...), rounds)


def read_subchunks(store, library, rounds):
    array, chunk = opened(store, library), chunks_of(store)[1]

    def work():
        for box in boxes(array.shape, chunk):
            part(array, box)

    return timed(work, rounds)


def bring_to_disk(path):
    """All of the path's file system, as Gridmill does; other disks of the machine don't count."""
    import ctypes

    folder = os.open(path, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).syncfs(folder) != 0:
        raise OSError(ctypes.get_errno(), "syncfs", str(path))
    os.close(folder)


def round_trip(store, out, library, rounds):
    """Key by key into a store of the same metadata, then brought to the disk, as Gridmill does."""
    import resource
    import shutil

    array, unit = opened(store, library), chunks_of(store)[0]

    def target():
        shutil.rmtree(out, ignore_errors=True)
        os.mkdir(out)
        shutil.copy(f"{store}/zarr.json", out)
        if library == "tensorstore":
            import tensorstore

            spec = {"driver": "zarr3", "kvstore": f"file://{out}"}
            return tensorstore.open(spec, open=True, write=True).result()
        return zarr_array(out, library, "r+")

    def work():
        into = target()
        for box in boxes(array.shape, unit):
            if library == "tensorstore":
                into[box].write(part(array, box)).result()
            else:
                into[box] = part(array, box)
        bring_to_disk(out)

    seconds = timed(work, rounds)
    shutil.rmtree(out)
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def read_xarray(store, rounds):
    import xarray

    dataset = xarray.open_zarr(store)
    return timed(lambda: dataset["t2m"].compute(), rounds)


def to_zarr(source, out, chunks, engine=None):
    """`chunks` of the target, and of what dask handles at once: of time, or of every dimension."""
    import xarray
    from zarr.codecs import BloscCodec

    codec = BloscCodec(cname="zstd", clevel=1, shuffle="shuffle", typesize=4, blocksize=512 << 10)
    start = time.perf_counter()
    chunks = dict(zip(("time", "lat", "lon"), map(int, chunks.split(","))))
    dataset = xarray.open_dataset(source, chunks=chunks, decode_times=False, engine=engine)
    dataset.to_zarr(out, mode="w", encoding={"t2m": {"compressors": [codec]}})
    return [time.perf_counter() - start]


def compare(ours, theirs):
    """The chunk shape that two stores share, if they hold the same values bit for bit; else an end."""
    import zarr

    a, b = (zarr.open_group(store, mode="r")["t2m"] for store in (ours, theirs))
    if a.chunks != b.chunks or a.shape != b.shape or a.dtype != b.dtype:
        sys.exit(f"{ours} and {theirs}: chunks {a.chunks} and {b.chunks}, {a.shape} and {b.shape}")
    for begin in range(0, a.shape[0], a.chunks[0]):
        part = slice(begin, begin + a.chunks[0])
        if a[part].tobytes() != b[part].tobytes():
            sys.exit(f"{ours} and {theirs} differ in steps {begin} and on")
    return a.chunks


def open_store(store, library, rounds):
    """All arrays of a store, without their values."""
    import xarray
    import zarr

    def by_zarr():
        return [array.metadata for _, array in zarr.open_group(store, mode="r").arrays()]

    is_consolidated = zarr.open_group(store, mode="r").metadata.consolidated_metadata is not None

    def by_xarray():
        return xarray.open_zarr(store, chunks=None, consolidated=is_consolidated)

    return timed(by_zarr if library == "zarr-python" else by_xarray, rounds)


def open_stores(folder, rounds):
    """All stores of a folder, one after the other, without their values."""
    import xarray

    def work():
        return [xarray.open_zarr(path, chunks=None) for path in files_of(folder)]

    return timed(work, rounds)


def files_of(folder):
    return sorted(str(path) for path in Path(folder).iterdir())


def read_files(folder, rounds, is_read=True):
    """netCDF files one after the other: t2m, or only its shape."""
    import netCDF4

    def work():
        for path in files_of(folder):
            with netCDF4.Dataset(path) as file:
                assert (file["t2m"][:] if is_read else file["t2m"]).shape[0] == 1

    return timed(work, rounds)


def join_files(folder, out, way, rounds):
    """Files of one step each into a store: appended one by one, or by dask all at once."""
    import shutil
    import warnings

    import xarray
    from zarr.errors import ZarrUserWarning

    # That v3 doesn't have consolidated metadata yet: once for every file, which would drown the table.
    warnings.simplefilter("ignore", ZarrUserWarning)

    def one_by_one():
        for path in files_of(folder):
            with xarray.open_dataset(path) as dataset:
                dataset.to_zarr(out, **({"append_dim": "time"} if os.path.exists(out) else {}))

    def at_once():
        with xarray.open_mfdataset(files_of(folder), combine="nested", concat_dim="time") as dataset:
            dataset.to_zarr(out)

    seconds = []
    for _ in range(rounds):
        shutil.rmtree(out, ignore_errors=True)
        start = time.perf_counter()
        at_once() if way == "at-once" else one_by_one()
        seconds.append(time.perf_counter() - start)
    return seconds


def extract(store, lat, lon, out, rounds):
    import xarray

    def work():
        dataset = xarray.open_zarr(store)
        point = dataset["t2m"].sel(lat=float(lat), lon=float(lon), method="nearest").compute()
        point.to_dataframe().to_csv(out)

    if int(rounds) > 0:
        return timed(work, int(rounds))
    start = time.perf_counter()
    work()
    return [time.perf_counter() - start]


def rechunk(source, out, rounds):
    """Seconds per round, and the process's peak memory."""
    import resource
    import shutil

    import xarray

    def work():
        shutil.rmtree(out, ignore_errors=True)
        dataset = xarray.open_zarr(source).chunk(time=-1, lat=19, lon=36)
        for variable in dataset.variables.values():
            variable.encoding.pop("chunks", None)
        dataset.to_zarr(out, mode="w")

    return timed(work, rounds), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(verb, *words):
    if verb == "read-zarr":
        return read_zarr(words[0], int(words[1]))
    if verb == "read-whole":
        return read_whole(words[0], words[1], int(words[2]))
    if verb == "read-subchunks":
        return read_subchunks(words[0], words[1], int(words[2]))
    if verb == "round-trip":
        return round_trip(*words[:3], int(words[3]))
    if verb == "read-xarray":
        return read_xarray(words[0], int(words[1]))
    if verb == "to-zarr":
        return to_zarr(*words)
    if verb == "compare":
        return compare(*words)
    if verb == "open":
        return open_store(words[0], words[1], int(words[2]))
    if verb == "open-stores":
        return open_stores(words[0], int(words[1]))
    if verb == "segment-means":
        return table_peers.segment_means(*words)
    if verb == "point-values":
        return table_peers.point_values(*words)
    if verb == "read-files":
        return read_files(words[0], int(words[1]))
    if verb == "open-files":
        return read_files(words[0], int(words[1]), is_read=False)
    if verb == "join-files":
        return join_files(*words[:3], int(words[3]))
    if verb == "rechunk":
        return rechunk(words[0], words[1], int(words[2]))
    return extract(*words)


def serve():
    """Answers one call a line."""
    for line in sys.stdin:
        print(json.dumps(main(*json.loads(line))), flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        print(json.dumps(main(*sys.argv[1:])))
