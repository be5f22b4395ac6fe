"""Stores for the rows on tables, in Zarr's format 2 as older recipes left them: batches of features of
two sources, and maps out of which points are wanted."""

from concurrent.futures import ThreadPoolExecutor

import numcodecs
import numpy as np
import zarr

SOURCES = ("a", "b")
BATCHES = 22
SEGMENT = 64  # samples of which a mean is wanted
CODEC = numcodecs.Blosc(cname="zstd", clevel=3, shuffle=numcodecs.Blosc.BITSHUFFLE)


def batches():
    """The ids of each batch: 95 entries, 69 ids, because each batch begins with ids of the one before."""
    ids, fresh = [], 0
    for batch in range(BATCHES):
        repeated = ids[-1][: 2 if batch <= 5 else 1] if ids else []
        size = (5 if batch < 7 else 4) - len(repeated)
        ids.append(repeated + list(range(fresh, fresh + size)))
        fresh += size
    return ids


def features(source, file_id, samples, count):
    """Random walks that the features share in part, on steps of 1/64: sums of them are exact."""
    random = np.random.default_rng([SOURCES.index(source), file_id])
    walks = np.cumsum(0.05 * random.standard_normal((samples, 8), dtype="f4"), axis=0)
    values = walks @ random.standard_normal((8, count), dtype="f4")
    values += 0.02 * random.standard_normal((samples, count), dtype="f4")
    return (np.rint(64 * values) / 64).astype("f4")


def put(group, name, dimensions, shape, chunks, values=None, dtype="f4", **attributes):
    """An array, as xarray finds its dimensions. Without values, it has no chunks."""
    array = group.create_array(name, shape=shape, chunks=chunks, dtype=dtype, compressors=CODEC,
                               fill_value=None)  # fmt: skip
    array.attrs.update(_ARRAY_DIMENSIONS=list(dimensions), **attributes)
    if values is not None:
        array[...] = values
    return array


def write_batches(folder, samples, count, chunk, is_filled=True):
    """folder/a_00.zarr to b_21.zarr, each features(file_id, sample, feature) and the file_id."""
    dimensions = ("file_id", "sample", "feature")

    def write(source, batch, ids):
        path = folder / f"{source}_{batch:02}.zarr"
        group = zarr.open_group(path, mode="w", zarr_format=2)
        put(group, "file_id", dimensions[:1], (len(ids),), (len(ids),), np.array(ids), dtype="i8")
        array = put(group, "features", dimensions, (len(ids), samples, count), (1, chunk, count))
        for at, file_id in enumerate(ids if is_filled else ()):
            array[at] = features(source, file_id, samples, count)
        zarr.consolidate_metadata(path, zarr_format=2)

    folder.mkdir()
    with ThreadPoolExecutor(2) as threads:
        done = [threads.submit(write, source, batch, ids) for source in SOURCES
                for batch, ids in enumerate(batches())]  # fmt: skip
        for one in done:
            one.result()


def needed_chunks(folder, samples, chunk):
    """Files of the chunks that hold each id once, of its first batch."""
    for source in SOURCES:
        seen = set()
        for batch, ids in enumerate(batches()):
            for at, file_id in enumerate(ids):
                if file_id not in seen:
                    for k in range(samples // chunk):
                        yield folder / f"{source}_{batch:02}.zarr" / "features" / f"{at}.{k}.0"
                seen.add(file_id)


def places_of(lats, lons):
    return np.linspace(90, -90, lats), np.arange(lons) * 360 / lons


def weather(random, lats, lons):
    """A field whose variance falls with the square of the wave number; its mean 0, its spread 1."""
    across = np.fft.fftfreq(lats, 1 / lats)[:, None]
    k = np.maximum(np.hypot(across, np.fft.rfftfreq(lons, 1 / lons)[None, :]), 1)
    real, imaginary = random.standard_normal((2, *k.shape))
    field = np.fft.irfft2((real + 1j * imaginary) / k, s=(lats, lons))
    return (field - field.mean()) / field.std()


def write_maps(path, times, lats, lons):
    """t2m in chunks of one map: two fields that turn into each other and drift, on steps of 1/128 K."""
    group = zarr.open_group(path, mode="w", zarr_format=2)
    lat, lon = places_of(lats, lons)
    put(group, "time", ("time",), (times,), (times,), np.arange(times), dtype="i8",
        units="hours since 2000-01-01", calendar="standard")  # fmt: skip
    put(group, "lat", ("lat",), (lats,), (lats,), lat, dtype="f8", units="degrees_north")
    put(group, "lon", ("lon",), (lons,), (lons,), lon, dtype="f8", units="degrees_east")
    array = put(group, "t2m", ("time", "lat", "lon"), (times, lats, lons), (1, lats, lons), units="K")
    random = np.random.default_rng(20240611)
    one, other = weather(random, lats, lons), weather(random, lats, lons)

    def write(at):
        turned = 2 * np.pi * at / times
        field = np.roll(np.cos(turned) * one + np.sin(turned) * other, at, axis=1)
        array[at] = (np.rint(128 * (280 + 5 * field)) / 128).astype("f4")

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write, range(times)))
    zarr.consolidate_metadata(path, zarr_format=2)


def write_places(path, lats, lons, count):
    """A CSV file of so many cells, no two the same; none at a pole, where all longitudes are one place."""
    lat, lon = places_of(lats, lons)
    cells = np.random.default_rng(count).choice((lats - 2) * lons, count, replace=False)
    rows = [f"{lat[1 + cell // lons]:.10g},{lon[cell % lons]:.10g}" for cell in cells]
    path.write_text("lat,lon\n" + "\n".join(rows) + "\n")
