"""Made-up fields that compress like real ones: power-law spectrum, slow change in time, 16-bit steps."""

import zlib

import h5py
import netCDF4
import numpy as np

SEED = 20240611


def amplitudes(lats, lons, break_at=20.0):
    """Per mode: energy falls with k^-3 at large scales and k^-5/3 at small ones."""
    ky = np.fft.fftfreq(lats, 1 / lats)[:, None] * 2
    kx = np.fft.rfftfreq(lons, 1 / lons)[None, :]
    k = np.maximum(np.hypot(ky, kx), 3.0)
    energy = np.where(k < break_at, k**-3.0, break_at ** (-3 + 5 / 3) * k ** (-5 / 3))
    return k, np.sqrt(energy / k)


def packed_like_grib(field):
    """Values on a lattice of 2^16 steps of a power of two, as a GRIB message holds them."""
    low = np.float32(field.min())
    step = 2.0 ** np.ceil(np.log2((float(field.max()) - low) / 65535))
    return (low + np.rint((field - low) / step) * step).astype("f4")


def steps(times, lats, lons):
    """Yields one temperature-like map after the other, each a little changed from the one before."""
    random = np.random.default_rng(SEED)
    k, amplitude = amplitudes(lats, lons)
    keep = np.exp(-1 / np.clip(72 * (k / 4) ** -0.67, 1, 200)).astype("f4")
    fresh = np.sqrt(1 - keep * keep)

    def noise():
        real, imaginary = random.standard_normal((2, *k.shape), dtype="f4")
        return real + 1j * imaginary

    modes = noise()
    scale = 6 / np.fft.irfft2(modes * amplitude, s=(lats, lons)).std()
    climate = 300 - 55 * np.sin(np.linspace(np.pi / 2, -np.pi / 2, lats))[:, None] ** 2
    for _ in range(times):
        modes = modes * keep + fresh * noise()
        weather = np.fft.irfft2(modes * amplitude, s=(lats, lons)) * scale
        fine = 0.02 * random.standard_normal((lats, lons), dtype="f4")
        yield packed_like_grib(climate + weather + fine)


def create(path, times, lats, lons):
    """An open classic CDF-5 file with coordinates and an empty float32 t2m; uncompressed by nature."""
    file = netCDF4.Dataset(path, "w", format="NETCDF3_64BIT_DATA")
    for name, size in (("time", times), ("lat", lats), ("lon", lons)):
        file.createDimension(name, size)
        file.createVariable(name, "f8", (name,))
    file["time"].units = "hours since 2000-01-01"
    file["lat"].setncatts({"units": "degrees_north", "standard_name": "latitude"})
    file["lon"].setncatts({"units": "degrees_east", "standard_name": "longitude"})
    file["time"][:] = np.arange(times)
    file["lat"][:] = np.linspace(90, -90, lats)
    file["lon"][:] = np.arange(lons) * 360 / lons
    variable = file.createVariable("t2m", "f4", ("time", "lat", "lon"), fill_value=False)
    variable.units = "K"
    return file, variable


def write(path, times, lats, lons):
    file, variable = create(path, times, lats, lons)
    with file:
        for i, field in enumerate(steps(times, lats, lons)):
            variable[i] = field


def write_part(path, source, begin, end):
    """Steps of a file of write(), as such a file."""
    with netCDF4.Dataset(source) as whole:
        file, variable = create(path, end - begin, *whole["t2m"].shape[1:])
        with file:
            file["time"][:] = np.arange(begin, end)
            for at in range(begin, end, 24):
                variable[at - begin : min(at + 24, end) - begin] = whole["t2m"][at : min(at + 24, end)]


def write_deflated(path, source, chunk_steps):
    """The same as netCDF-4: deflate 4 and shuffle, as most archives have it."""
    with netCDF4.Dataset(source) as plain, netCDF4.Dataset(path, "w") as file:
        for name in ("time", "lat", "lon"):
            file.createDimension(name, len(plain[name]))
            file.createVariable(name, "f8", (name,))[:] = plain[name][:]
            file[name].setncatts({key: plain[name].getncattr(key) for key in plain[name].ncattrs()})
        times, lats, lons = plain["t2m"].shape
        variable = file.createVariable(
            "t2m",
            "f4",
            ("time", "lat", "lon"),
            zlib=True,
            complevel=4,
            shuffle=True,
            chunksizes=(chunk_steps, lats, lons),
            fill_value=False,
        )
        variable.units = "K"
        for at in range(0, times, 24):
            variable[at : at + 24] = plain["t2m"][at : at + 24]


def write_repeated_deflated(path, source, times, chunk_steps):
    """The same as netCDF-4 with shuffle and deflate 1. A chunk is deflated once, and its bytes repeated."""
    with netCDF4.Dataset(source) as short, h5py.File(path, "w") as file:
        have, lats, lons = short["t2m"].shape
        for name, values in (("time", np.arange(times)), ("lat", short["lat"][:]), ("lon", short["lon"][:])):
            file.create_dataset(name, data=values, dtype="f8").make_scale(name)
            for key in short[name].ncattrs():
                file[name].attrs[key] = short[name].getncattr(key)
        chunk = (chunk_steps, lats, lons)
        variable = file.create_dataset(
            "t2m", (times, lats, lons), "<f4", chunks=chunk, shuffle=True, compression="gzip",
            compression_opts=1,
        )  # fmt: skip
        for d, name in enumerate(("time", "lat", "lon")):
            variable.dims[d].attach_scale(file[name])
        # One after the other: what this process holds is counted into the peak of its children.
        for at in range(0, have - chunk_steps + 1, chunk_steps):
            values = np.ascontiguousarray(short["t2m"][at : at + chunk_steps], "<f4")
            packed = zlib.compress(values.view("u1").reshape(-1, 4).T.tobytes(), 1)
            for begin in range(at, times, have // chunk_steps * chunk_steps):
                variable.id.write_direct_chunk((begin, 0, 0), packed)


# By the largest shape that a variable may grow to: h5py's libver, and the index that HDF5 makes.
CHUNK_INDEXES = {
    "B-tree 1": ("earliest", lambda shape: (None, shape[1])),
    "fixed array": ("latest", lambda shape: shape),
    "extensible array": ("latest", lambda shape: (None, shape[1])),
    "B-tree 2": ("latest", lambda shape: (None, None)),
}


def write_many_chunks(path, index, count):
    """A variable of so many chunks of a MiB of zeros, a kilobyte each as it is stored."""
    libver, grows_to = CHUNK_INDEXES[index]
    shape, chunk = (count, 1 << 18), (1, 1 << 18)
    packed = zlib.compress(bytes(4 * chunk[1]), 9)
    with h5py.File(path, "w", libver=libver) as file:
        variable = file.create_dataset(
            "v", shape, "<f4", chunks=chunk, maxshape=grows_to(shape), compression="gzip"
        )
        for i in range(count):
            variable.id.write_direct_chunk((i, 0), packed)


def write_repeated(path, source, times):
    """A long file out of a short one, streamed."""
    with netCDF4.Dataset(source) as short:
        have, lats, lons = short["t2m"].shape
        file, variable = create(path, times, lats, lons)
        with file:
            for begin in range(0, times, have):
                end = min(begin + have, times)
                for at in range(begin, end, 24):
                    count = min(24, end - at)
                    variable[at : at + count] = short["t2m"][at - begin : at - begin + count]


def declare(path, rows):
    """A Zarr array of very many chunks, none of which is there."""
    import zarr

    root = zarr.open_group(str(path), mode="w", zarr_format=3)
    root.create_array("x", shape=(rows, 4), chunks=(1, 4), dtype="f4", dimension_names=("t", "x"))
