"""HDF5 files as h5py writes them, over library versions, chunk indexes, filters, types and shapes: the
values that Gridmill reads are h5py's, bit by bit, and they come from our own reader.
"""

import itertools
import json

import h5py
import hdf5plugin
import numpy as np
import pytest

SHAPE, CHUNK = (23, 34), (5, 8)

# How a dataset's chunks are indexed follows from its limits (with libver "latest").
LIMITS = {
    "fixed": {"maxshape": None},
    "roomy": {"maxshape": (40, 50)},
    "first_unlimited": {"maxshape": (None, 34)},
    "second_unlimited": {"maxshape": (23, None)},
    "both_unlimited": {"maxshape": (None, None)},
    "single": {"maxshape": None, "chunks": SHAPE},
    "tiny": {"maxshape": (None, None), "chunks": (1, 2)},
}

FILTERS = {
    "none": {},
    "deflate": {"compression": "gzip", "compression_opts": 4},
    "shuffle_deflate": {"compression": "gzip", "compression_opts": 1, "shuffle": True},
    "shuffle": {"shuffle": True},
    "fletcher32": {"fletcher32": True},
    "all_three": {"compression": "gzip", "shuffle": True, "fletcher32": True},
    "szip_nn": {"compression": "szip", "compression_opts": ("nn", 8)},
    "szip_ec": {"compression": "szip", "compression_opts": ("ec", 16)},
    "zstd": dict(hdf5plugin.Zstd()),
    "zstd_shuffle": {**hdf5plugin.Zstd(), "shuffle": True},
    "lz4": dict(hdf5plugin.LZ4()),
    "lz4_blocks": dict(hdf5plugin.LZ4(nbytes=64)),
    "bitshuffle": dict(hdf5plugin.Bitshuffle(cname="none")),
    "bitshuffle_lz4": dict(hdf5plugin.Bitshuffle()),
    "bitshuffle_lz4_blocks": dict(hdf5plugin.Bitshuffle(nelems=16)),
    "bitshuffle_zstd": dict(hdf5plugin.Bitshuffle(cname="zstd")),
    "blosc_lz4": dict(hdf5plugin.Blosc(cname="lz4", shuffle=hdf5plugin.Blosc.SHUFFLE)),
    "blosc_zstd_bits": dict(hdf5plugin.Blosc(cname="zstd", shuffle=hdf5plugin.Blosc.BITSHUFFLE)),
    "blosc_zlib": dict(hdf5plugin.Blosc(cname="zlib", shuffle=hdf5plugin.Blosc.NOSHUFFLE)),
}

TYPES = ["i1", "u1", "<i2", ">i2", "<u2", "<i4", ">u4", "<i8", ">i8", "<u8", "<f4", ">f4", "<f8", ">f8"]
SZIP_TYPES = {1, 2, 4, 8}


def values_of(kind, shape, seed=0):
    """Slow changes and noise, so that every filter has something to do; the ends of the type."""
    random = np.random.default_rng(seed)
    count = int(np.prod(shape))
    values = np.cumsum(random.integers(-3, 4, count)) % 97
    values = values.astype(kind)
    if np.dtype(kind).kind == "f":
        values[:6] = [0.0, -0.0, np.inf, -np.inf, np.nan, np.finfo(kind).tiny]
    else:
        values[:2] = [np.iinfo(kind).min, np.iinfo(kind).max]
    return values.reshape(shape)


def assert_same_bits(gridmill, path):
    """Every dataset of the file; nothing of it through the library."""
    with h5py.File(path) as file:
        for name in file:
            wanted = file[name][...]
            done = gridmill("dump", f"{path}#/{name}", "--raw", "--log", "json", text=False)
            assert done.returncode == 0, (name, done.stderr.decode())
            assert b"library" not in done.stderr, (name, done.stderr.decode())
            little = wanted.astype(wanted.dtype.newbyteorder("<"))
            found = np.frombuffer(done.stdout, little.dtype)
            assert found.tobytes() == little.tobytes(), name


def create(file, name, kind, limits, **filters):
    options = {"chunks": CHUNK, **LIMITS[limits], **filters}
    return file.create_dataset(name, SHAPE, kind, **options)


versions = pytest.mark.parametrize("libver", ["earliest", "v108", "v110", "v112", "latest"])


@versions
@pytest.mark.parametrize("limits", LIMITS)
def test_every_index_with_every_filter(gridmill, tmp_path, libver, limits):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", libver=("earliest" if libver == "earliest" else libver, libver)
                   if libver != "earliest" else "earliest") as file:
        for name, filters in FILTERS.items():
            if limits == "tiny" and name.startswith("szip"):
                continue  # a chunk is smaller than a block of pixels
            dataset = create(file, name, "<f4", limits, **filters)
            dataset[...] = values_of("<f4", SHAPE)
    assert_same_bits(gridmill, path)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_every_type_with_every_filter(gridmill, tmp_path, libver):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", libver=libver) as file:
        names = ("none", "all_three", "bitshuffle_lz4", "blosc_lz4", "szip_nn", "lz4", "zstd_shuffle")
        for kind, name in itertools.product(TYPES, names):
            dataset = create(file, f"{name}_{kind.strip('<')}".replace(">", "big_"), kind, "fixed",
                             **FILTERS[name])
            dataset[...] = values_of(kind, SHAPE)
        for kind in ("<f2", ">f2"):
            create(file, f"half{kind[0] == '<'}", kind, "fixed")[...] = values_of(kind, SHAPE)
        file["contiguous_big"] = values_of(">f8", SHAPE)
        file["scalar"] = np.float32(2.5)
    assert_same_bits(gridmill, path)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("limits", [name for name in LIMITS if name != "tiny"])
def test_sparse_and_never_written(gridmill, tmp_path, libver, limits):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", libver=libver) as file:
        for name, fill in itertools.product(("none", "deflate", "fletcher32"), (None, -7.5)):
            options = {**FILTERS[name], "fillvalue": fill}
            dataset = create(file, f"{name}_{fill is None}", ">f4", limits, **options)
            dataset[7:9, 20:31] = 3
            dataset[22, 33] = 4
            create(file, f"{name}_{fill is None}_empty", "<i2", limits, **{**options,
                   "fillvalue": None if fill is None else -7})
        file.create_dataset("contiguous_empty", SHAPE, "<i4", fillvalue=9)
    assert_same_bits(gridmill, path)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_allocated_early(gridmill, tmp_path, libver):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", libver=libver) as file:
        for limits in ("fixed", "roomy", "first_unlimited"):
            create_list = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            create_list.set_chunk(CHUNK)
            create_list.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
            largest = LIMITS[limits]["maxshape"] or SHAPE
            largest = tuple(h5py.h5s.UNLIMITED if n is None else n for n in largest)
            space = h5py.h5s.create_simple(SHAPE, largest)
            h5py.h5d.create(file.id, limits.encode(), h5py.h5t.IEEE_F32LE, space, create_list)
            file[limits][3:20, 1:30] = values_of("<f4", (17, 29))
    assert_same_bits(gridmill, path)


def test_grown_and_shrunk(gridmill, tmp_path):
    for libver, limits in itertools.product(("earliest", "latest"), ("first_unlimited", "both_unlimited")):
        path = tmp_path / f"{libver}_{limits}.h5"
        with h5py.File(path, "w", libver=libver) as file:
            for name in ("none", "shuffle_deflate"):
                dataset = create(file, name, "<i4", limits, **FILTERS[name])
                dataset[...] = values_of("<i4", SHAPE)
                dataset.resize(60, axis=0)
                dataset[40:50] = 5
                dataset.resize(42, axis=0)
        assert_same_bits(gridmill, path)


def test_scale_offset_and_nbit(gridmill, tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        for kind in ("<i2", ">i4", "u1", "<u8", "i1"):
            name = kind.replace(">", "big_").strip("<")
            dataset = create(file, f"so_{name}", kind, "fixed", scaleoffset=0)
            dataset[...] = np.random.default_rng(1).integers(0, 90, SHAPE)
        for kind in ("<f4", ">f4", "<f8"):
            dataset = create(file, "so_" + kind.replace(">", "big_").strip("<"), kind, "fixed", scaleoffset=3)
            dataset[...] = np.random.default_rng(1).standard_normal(SHAPE)
        create_list = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        create_list.set_chunk(CHUNK)
        create_list.set_filter(h5py.h5z.FILTER_NBIT, h5py.h5z.FLAG_MANDATORY)
        space = h5py.h5s.create_simple(SHAPE)
        h5py.h5d.create(file.id, b"nbit", h5py.h5t.IEEE_F32LE, space, create_list)
        file["nbit"][...] = values_of("<f4", SHAPE)
    assert_same_bits(gridmill, path)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_texts(gridmill, tmp_path, libver):
    path = tmp_path / "a.h5"
    texts = ["", "a", "Grüße", "x" * 3000, "trailing  "]
    with h5py.File(path, "w", libver=libver) as file:
        for name, options in (("contiguous", {}), ("chunked", {"chunks": (2,)}),
                              ("deflated", {"chunks": (2,), "compression": "gzip"})):
            file.create_dataset("var_" + name, data=texts, dtype=h5py.string_dtype(), **options)
            fixed = np.array([text.encode()[:12] for text in texts], "S12")
            file.create_dataset("fixed_" + name, data=fixed, **options)
        file.create_dataset("var_sparse", (9,), h5py.string_dtype(), chunks=(2,))[3] = "three"
    with h5py.File(path) as file:
        for name in file:
            done = gridmill("dump", f"{path}#/{name}", "--json")
            assert done.returncode == 0, (name, done.stderr)
            wanted = [text.decode() for text in file[name][...].tolist()]
            assert json.loads(done.stdout) == wanted, name


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("sizes", [(8, 8), (4, 4), (8, 4)])
def test_user_block_and_sizes_of_addresses(gridmill, tmp_path, libver, sizes):
    """Addresses count from the end of the user block; they and lengths have 4 or 8 bytes."""
    path = tmp_path / "a.h5"
    create_list = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    create_list.set_userblock(1024)
    create_list.set_sizes(*sizes)
    access_list = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    versions = (h5py.h5f.LIBVER_LATEST, h5py.h5f.LIBVER_LATEST)
    if libver == "latest":
        access_list.set_libver_bounds(*versions)
    with h5py.File(h5py.h5f.create(str(path).encode(), h5py.h5f.ACC_TRUNC, create_list, access_list)) as file:
        file["contiguous"] = values_of("<f4", SHAPE)
        # HDF5 2.0 itself doesn't find unlimited dimensions again where lengths have 4 bytes.
        there = [limits for limits in LIMITS if sizes[1] == 8 or limits in ("fixed", "roomy", "single")]
        for limits, name in itertools.product(there, ("none", "shuffle_deflate")):
            create(file, f"{limits}_{name}", "<f4", limits, **FILTERS[name])[...] = values_of("<f4", SHAPE)
    assert_same_bits(gridmill, path)


def test_compact_values(gridmill, tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        create_list = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        create_list.set_layout(h5py.h5d.COMPACT)
        for kind, of in ((b"big", h5py.h5t.IEEE_F64BE), (b"small", h5py.h5t.STD_I16LE)):
            h5py.h5d.create(file.id, kind, of, h5py.h5s.create_simple(SHAPE), create_list)
            file[kind][...] = values_of(file[kind].dtype, SHAPE)
    assert_same_bits(gridmill, path)


def test_many_small_chunks_are_indexed_at_once(gridmill, tmp_path):
    """100,000 chunks: a look-up that scans would take minutes."""
    path = tmp_path / "a.h5"
    for libver in ("earliest", "latest"):
        with h5py.File(path, "w", libver=libver) as file:
            dataset = file.create_dataset("v", (1000, 100), "u1", chunks=(1, 1), maxshape=(None, 100))
            dataset[...] = np.arange(100000).reshape(1000, 100) % 251
        assert_same_bits(gridmill, path)
