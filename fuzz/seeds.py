"""Writes the seed corpora of the fuzz targets: small files made by the formats' own libraries.

    fuzz/seeds.py FOLDER      makes FOLDER/<target>/* for every fuzz_<target>

fuzz/corpus holds what it writes, byte for byte; after a change here: rm -r fuzz/corpus, and make it
anew.
"""

import itertools
import json
import os
import sys
import time
import zipfile
from pathlib import Path

# The pinned ecCodes, whichever the caller would have: its headers differ from version to version.
for name in ("ECCODES_PYTHON_USE_FINDLIBS", "FINDLIBS_DISABLE_PACKAGE"):
    os.environ.pop(name, None)

import eccodes
import h5py
import hdf5plugin
import netCDF4
import numcodecs
import numpy as np
import zarr

VALUES = (np.arange(240) % 17).reshape(12, 20)

# Of gzip's headers: the same seeds at any time.
time.time = lambda: 1e9


def hdf5(folder):
    layouts = {
        "contiguous": {},
        "single": dict(chunks=(12, 20)),
        "fixed": dict(chunks=(4, 5)),
        "extensible": dict(chunks=(4, 5), maxshape=(None, 20)),
        "btree2": dict(chunks=(4, 5), maxshape=(None, None)),
    }
    filters = {
        "plain": {},
        "deflate": dict(compression="gzip", shuffle=True, fletcher32=True),
        "szip": dict(compression="szip"),
        "scale": dict(scaleoffset=5),
        "zstd": dict(hdf5plugin.Zstd()),
        "lz4": dict(hdf5plugin.LZ4()),
        "bitshuffle": dict(hdf5plugin.Bitshuffle()),
        "blosc": dict(hdf5plugin.Blosc()),
    }
    for libver in ("earliest", "latest"):
        for (layout, shape), (name, filter_) in itertools.product(layouts.items(), filters.items()):
            if (layout == "contiguous") != (name == "plain"):
                continue
            if libver == "earliest" and layout in ("single", "extensible", "btree2"):
                continue  # all chunks have one index there
            with h5py.File(folder / f"{libver}-{layout}-{name}.h5", "w", libver=libver) as file:
                file.create_dataset("t", data=VALUES.astype(">i4"), fillvalue=-9, **shape, **filter_)
        with h5py.File(folder / f"{libver}-rest.h5", "w", libver=libver) as file:
            _hdf5_rest(file)
        with h5py.File(folder / f"{libver}-dense.h5", "w", libver=libver) as file:
            for i in range(12):
                file[f"name {i}"] = np.float32(i)
                file["name 0"].attrs[f"attribute {i}"] = "text" * (i % 3)
    with netCDF4.Dataset(folder / "a.nc", "w") as file:
        _netcdf(file)
        group = file.createGroup("g")
        group.createVariable("s", str, ("y",))[:] = np.array(["a", "", "long " * 9] * 4, object)


def _hdf5_rest(file):
    file["texts"] = np.array([b"fixed", b"te\0xt ", b""], "S6")
    file.create_dataset("vlen", data=["a", "text", ""] * 3, dtype=h5py.string_dtype())
    file.create_dataset("parts", data=["a", "text", ""] * 3, dtype=h5py.string_dtype(), chunks=(2,))
    untimed = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
    untimed.set_obj_track_times(False)
    h5py.h5g.create(file.id, b"g", gcpl=untimed)
    file["g/soft"] = h5py.SoftLink("/texts")
    file["g/loop"] = h5py.SoftLink("/g/loop")
    file["enum"] = np.array([0, 1, 1], h5py.enum_dtype({"NO": 0, "YES": 1}, "u1"))
    file["scalar"] = 7.5
    file["x"] = np.arange(9.0)
    file["x"].make_scale("x")
    file["vlen"].dims[0].attach_scale(file["x"])
    file["t"] = np.arange(4)
    file["t"].attrs["units"] = "seconds since 1970-01-01"


def _netcdf(file):
    file.createDimension("y", 12)
    file.createDimension("x", 20)
    file.createDimension("time", None)
    file.title = "made for fuzzing"
    file.createVariable("v", "f4", ("y", "x"), fill_value=-9.0)[:] = VALUES
    file.createVariable("time", "f8", ("time",))[:] = np.arange(3)
    record = file.createVariable("r", "i2", ("time", "x"))
    record[:] = np.arange(60).reshape(3, 20)
    record.scale_factor = 0.5
    file.createVariable("c", "S1", ("x",))[:] = np.array(list("twenty letters, here")).astype("S1")


def classic(folder):
    for name in ("NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"):
        with netCDF4.Dataset(folder / f"{name}.nc", "w", format=name) as file:
            _netcdf(file)


def grib(folder):
    samples = ("regular_ll_sfc_grib1", "regular_ll_sfc_grib2", "regular_ll_pl_grib2")
    packings = ("grid_simple", "grid_second_order", "grid_ccsds", "grid_jpeg", "grid_png", "grid_ieee")
    for sample, packing in itertools.product(samples, packings):
        handle = eccodes.codes_grib_new_from_samples(sample)
        try:
            for key, value in dict(Ni=20, Nj=12, iDirectionIncrementInDegrees=10.0, jDirectionIncrementInDegrees=10.0,
                                   latitudeOfFirstGridPointInDegrees=55.0, latitudeOfLastGridPointInDegrees=-55.0,
                                   longitudeOfFirstGridPointInDegrees=0.0,
                                   longitudeOfLastGridPointInDegrees=190.0).items():
                eccodes.codes_set(handle, key, value)
            eccodes.codes_set_values(handle, VALUES.ravel().astype(float))
            eccodes.codes_set(handle, "packingType", packing)
            eccodes.codes_set_values(handle, VALUES.ravel().astype(float))
            content = eccodes.codes_get_message(handle)
        except eccodes.CodesInternalError:
            continue  # not every packing exists in every edition
        finally:
            eccodes.codes_release(handle)
        (folder / f"{sample}-{packing}.grib").write_bytes(content)


# Types that zarr-python hasn't: the data type, its fill value, codecs before the bytes.
NARROW = [("bfloat16", "0x7fc1", []), ("float8_e8m0fnu", 0.0, []), ("float4_e2m1fn", -0.5, []),
          ("int4", -8, [{"name": "transpose", "configuration": {"order": [1, 0]}}]),
          ("complex_float16", [1, "NaN"], []),
          ("float32", 1e20, [{"name": "cast_value", "configuration": {
              "data_type": "float8_e5m2", "out_of_range": "clamp",
              "scalar_map": {"encode": [["NaN", "0x7d"]], "decode": [["0x7d", "NaN"]]}}}])]


def narrow(serializer):
    """[(name, its document, a chunk for it)]."""
    for name, fill, codecs in NARROW:
        yield name, {
            "zarr_format": 3, "node_type": "array", "shape": VALUES.shape, "data_type": name,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": VALUES.shape}},
            "chunk_key_encoding": {"name": "default"}, "fill_value": fill,
            "codecs": codecs + [serializer], "attributes": {"wide": 10**30, "many": [2**64, 1.5]},
        }, VALUES.astype("u1").tobytes()


def zarr_(folder):
    for name, document, _ in narrow({"name": "bytes", "configuration": {"endian": "big"}}):
        (folder / f"narrow-{name}.json").write_text(json.dumps(document))
    for version in (2, 3):
        for i, (type_, options) in enumerate([
            ("f4", {}), (">i2", dict(fill_value=-9)), ("u1", dict(compressors=None)), ("f8", dict(fill_value=np.nan)),
            ("f4", dict(shards=(4, 10)) if version == 3 else dict(order="F")),
            ("i4", dict(compressors=zarr.codecs.BloscCodec() if version == 3 else numcodecs.Blosc())),
        ]):
            store = zarr.storage.MemoryStore()
            zarr.create_array(store, shape=VALUES.shape, chunks=(2, 5), dtype=type_, zarr_format=version,
                              attributes={"units": "K", "n": [1, 2.5, None]}, **options)
            for key, value in store._store_dict.items():
                (folder / f"v{version}-{i}{key}").write_bytes(value.to_bytes())
        store = zarr.storage.MemoryStore()
        root = zarr.open_group(store, mode="w", zarr_format=version)
        root.create_array("a/b", shape=(3,), dtype="i4")
        zarr.consolidate_metadata(store, zarr_format=version)
        for key, value in store._store_dict.items():
            if "/" not in key:
                (folder / f"v{version}-group{key}").write_bytes(value.to_bytes())
    document = json.loads((folder / "v3-4zarr.json").read_text())  # that in shards
    document["chunk_grid"] = {"name": "rectilinear", "configuration": {
        "kind": "inline", "chunk_shapes": [[4, [2, 3], 6], [[10, 1000000000000]]]}}
    (folder / "rectilinear.json").write_text(json.dumps(document))
    nested = {"zarr_format": 3, "node_type": "array", "attributes": [[[[[]]]]]}
    (folder / "nested.json").write_text(json.dumps(nested))


def blosc(folder):
    raw = np.ascontiguousarray(np.tile(VALUES, (8, 1))).astype("i4")
    for cname, shuffle, blocksize in itertools.product(
            ("zstd", "lz4", "lz4hc", "blosclz", "zlib", "snappy"), (0, 1, 2), (0, 1024)):
        try:
            frame = numcodecs.Blosc(cname, 5, shuffle, blocksize).encode(raw)
        except ValueError:
            continue  # a compressor that this build has not
        (folder / f"{cname}-{shuffle}-{blocksize}").write_bytes(frame)
    noise = np.random.default_rng(1).integers(0, 256, 300, dtype="u1")
    (folder / "memcpyed").write_bytes(numcodecs.Blosc("lz4").encode(noise))


def _array(**options):
    store = zarr.storage.MemoryStore()
    array = zarr.create_array(store, shape=VALUES.shape, **options)
    array[:] = VALUES
    return {key: value.to_bytes() for key, value in store._store_dict.items()}


def chunk(folder):
    for serializer in ("bytes", "packbits"):
        for name, document, stored in narrow({"name": serializer, "configuration": {"endian": "little"}}):
            stored *= 4 if name.startswith("complex") else 2 if name == "bfloat16" else 1
            is_halved = serializer == "packbits" and name in ("int4", "float4_e2m1fn")
            stored = stored[:len(stored) // 2] if is_halved else stored
            (folder / f"{serializer}-{name}").write_bytes(json.dumps(document).encode() + b"\0" + stored)
    for version, type_, options in [
        (2, "f4", {}), (2, ">i2", dict(filters=[numcodecs.Delta(">i2")])), (2, "u1", dict(order="F")),
        (2, "f8", dict(filters=[numcodecs.FixedScaleOffset(0, 10, "f8", "u1")])),
        (2, "f4", dict(filters=[numcodecs.BitRound(5), numcodecs.Shuffle(4)], compressors=numcodecs.Zlib())),
        (2, "f4", dict(compressors=numcodecs.LZMA())), (2, "f4", dict(compressors=numcodecs.BZ2())),
        (2, "i4", dict(compressors=numcodecs.LZ4())), (2, "i4", dict(filters=[numcodecs.Fletcher32()])),
        (2, "f8", dict(compressors=numcodecs.ZFPY())), (2, "bool", dict(filters=[numcodecs.PackBits()])),
        (2, "i4", dict(compressors=numcodecs.PCodec())), (2, "f4", dict(compressors=numcodecs.PCodec(delta_spec="try_lookback"))),
        (3, "f4", {}), (3, "i2", dict(compressors=zarr.codecs.GzipCodec())),
        (3, "u8", dict(compressors=zarr.codecs.BloscCodec())), (3, "f8", dict(compressors=[zarr.codecs.Crc32cCodec()])),
        (3, "i4", dict(filters=zarr.codecs.TransposeCodec(order=(1, 0)))), (3, "i4", dict(shards=(12, 20))),
        (3, "i4", dict(serializer=_sharding((4, 5), "end"), compressors=zarr.codecs.GzipCodec())),
    ]:
        chunks = (4, 5) if "shards" in options else VALUES.shape
        stored = _array(chunks=chunks, dtype=type_, zarr_format=version, **options)
        document = stored.pop("zarr.json" if version == 3 else ".zarray")
        first = stored["c/0/0" if version == 3 else "0.0"]
        name = f"v{version}-{len(list(folder.iterdir()))}"
        compact = json.dumps(json.loads(document), separators=(",", ":"))
        (folder / name).write_bytes(compact.encode() + b"\0" + first)


def _sharding(chunk, location, *codecs):
    return zarr.codecs.ShardingCodec(chunk_shape=chunk, index_location=location,
                                     codecs=codecs or [zarr.codecs.BytesCodec()],
                                     index_codecs=[zarr.codecs.BytesCodec()])


def shard(folder):
    for location in ("end", "start"):
        codecs = {
            "raw": _sharding((2, 5), location),
            "zstd": _sharding((2, 5), location, zarr.codecs.BytesCodec(), zarr.codecs.ZstdCodec()),
            "shards": _sharding((6, 10), location, _sharding((2, 5), location)),
        }
        for name, codec in codecs.items():
            stored = _array(chunks=VALUES.shape, dtype="i4", zarr_format=3, serializer=codec, compressors=None)
            (folder / f"{location}-{name}").write_bytes(stored["c/0/0"])


def _undated(name):
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.create_system = 3
    return entry


def zip_(folder):
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        for comment in (b"", b"a comment"):
            with zipfile.ZipFile(folder / f"{method}-{len(comment)}.zip", "w", method) as file:
                file.comment = comment
                for name, content in {
                    "zarr.json": json.dumps({"zarr_format": 3, "node_type": "group"}), "a/": b"",
                    "a/c/0/0": bytes(range(256)) * 4, "empty": b"",
                }.items():
                    file.writestr(_undated(name), content, method)
    with zipfile.ZipFile(folder / "zip64.zip", "w") as file:
        with file.open(_undated("big"), "w", force_zip64=True) as entry:
            entry.write(b"not that big")


# With the variables of feature_fuzz.cc; all functions of docs/features.md.
FEATURES = [
    "t - 273.15", "-t ** 2 ** -1", "(t + 1e-3) * 2 / 3. - .5", '"10 u/g" * pi', "not t > 280 and u <= 0 or isnan(v)",
    "where(mask == 1, t, nan)", "t != 0", "number(t) >= oro", "mean(t, 24)", "mean(t, 3d, least=1)", "mean(x, w=12h)",
    "min(t, 2) + max(t, 90min)", "sum(number(t), 1.5w)", "std(t, 10)", "quantile(t, 0.9, w=1d)", "lag(t, 24h)", "lead(t, 1)",
    "diff(t, 12h)", "t - lag(mean(t, 3), 2)", "anomaly(t, month)", "anomaly(t, dayofyear, hour)", "deaccumulate(number(t))",
    "deaccumulate(x, 0.25)", "abs(u) + sqrt(u ** 2)", "exp(x) + log(x) + log10(x)", 'sin("10 u/g") * cos(x) / tan(x)',
    "atan2(u, v)", "hypot(u, v)", "clip(t, 280, 282)", "min2(u, v, 3)", "max2(x, 1, 2)", "wind_speed(u, v)",
    "wind_direction(u, v)", "hour() + dayofyear() + month() + year()", "hour_sin() * hour_cos()",
    "dayofyear_sin() + dayofyear_cos()", "mean(wind_speed(u, v) - mean(wind_speed(u, v), 3), 2)", "oro * mask", "temp", "f(t",
    "t + + t - - t", '"a \\"quoted\\" name"', "((((((((t))))))))", "5 seconds", "nan",
]


def feature(folder):
    for i, text in enumerate(FEATURES):
        (folder / f"{i:02}").write_text(text)


for maker in (hdf5, classic, grib, zarr_, blosc, chunk, shard, zip_, feature):
    target = Path(sys.argv[1]) / maker.__name__.rstrip("_")
    target.mkdir(parents=True, exist_ok=True)
    maker(target)
