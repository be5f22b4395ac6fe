"""What `gridmill info` shows of HDF5 files, against the netCDF4 library's reading of them.

That library brings an HDF5 of its own, newer than the one that Gridmill falls back to: it opens
files of the newest form, too.
"""

import json

import h5py
import netCDF4
import numpy as np
import pytest
import xarray as xr
import zarr

LIBVER = ["earliest", "v108", "v110", "latest"]
ONLY_DIMENSION = "This is a netCDF dimension but not a netCDF variable.         3"


def plain(value):
    """As JSON has it; one element and a list of one are the same, and a NaN is itself."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return "NaN" if value != value else value


def described(attributes):
    return {name: plain(value) for name, value in attributes.items()}


def attributes_of(owner):
    return described({name: owner.getncattr(name) for name in owner.ncattrs()})


def seen_by_netcdf4(group, path=""):
    """({group: (dimensions, attributes)}, {variable: (type, dimensions, shape, attributes)}), all
    in the order of the file."""
    dimensions = [(name, len(d), d.isunlimited()) for name, d in group.dimensions.items()]
    groups = {path: (dimensions, attributes_of(group))}
    variables = {}
    for name, variable in group.variables.items():
        kind = "string" if variable.dtype is str else np.dtype(variable.dtype).name
        place = f"{path}/{name}" if path else name
        variables[place] = (
            "bytes(1)" if kind == "bytes8" else kind,
            list(variable.dimensions),
            list(variable.shape),
            attributes_of(variable),
        )
    for name, child in group.groups.items():
        more = seen_by_netcdf4(child, f"{path}/{name}" if path else name)
        groups |= more[0]
        variables |= more[1]
    return groups, variables


def seen_by_gridmill(gridmill, path):
    result = gridmill("info", path, "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    groups = {}
    for group in document["groups"]:
        dimensions = [
            (d["name"], d["size"], d.get("unlimited", False)) for d in group["dimensions"]
        ]
        groups[group["path"]] = (dimensions, described(group["attributes"]))
    variables = {
        v["path"]: (v["type"], v["dimensions"], v["shape"], described(v["attributes"]))
        for v in document["variables"]
    }
    return (groups, variables), document.get("notes", [])


def assert_same_structure(gridmill, path):
    """Returns Gridmill's notes."""
    with netCDF4.Dataset(path) as file:
        file.set_auto_mask(False)
        groups, variables = seen_by_netcdf4(file)
    (our_groups, our_variables), notes = seen_by_gridmill(gridmill, path)
    assert list(our_groups) == list(groups)
    for name in groups:
        assert our_groups[name] == groups[name], name
        assert list(our_groups[name][1]) == list(groups[name][1]), name
    assert list(our_variables) == list(variables)
    for name in variables:
        assert our_variables[name] == variables[name], name
        assert list(our_variables[name][3]) == list(variables[name][3]), name
    return notes


@pytest.fixture(params=LIBVER)
def new_file(request, tmp_path):
    """Calls a function with a new h5py file, and returns its path."""

    def make(fill, **options):
        path = tmp_path / "a.h5"
        high = "latest"
        with h5py.File(path, "w", libver=(request.param, high), **options) as file:
            fill(file)
        return path

    return make


@pytest.mark.parametrize("track_order", [False, True])
@pytest.mark.parametrize("userblock", [0, 1024])
def test_datasets_without_dimension_scales(gridmill, new_file, track_order, userblock):
    def fill(file):
        file.create_dataset("zz", data=np.arange(12, dtype=">f8").reshape(3, 4))
        file.create_dataset("square", shape=(4, 4), dtype="u2", chunks=(2, 2))
        file.create_dataset("scalar", data=np.float32(3))
        file.create_dataset("grows", shape=(5, 4), maxshape=(None, 4), dtype="i8")
        file.create_dataset("grows_twice", shape=(5, 4), maxshape=(None, None), dtype="i8")
        file.create_dataset("empty", shape=(0, 4), dtype="i1")
        file.create_dataset("text", data=["x", "yy", ""], dtype=h5py.string_dtype())
        file.create_dataset("letters", data=np.array([b"a", b"d"], "S1"))
        group = file.create_group("outer/inner", track_order=track_order)
        group.create_dataset("v", data=np.arange(5))
        group.attrs["where"] = "inside"

    path = new_file(fill, track_order=track_order, userblock_size=userblock)
    assert assert_same_structure(gridmill, path) == []


@pytest.mark.parametrize("track_order", [False, True])
def test_dimension_scales(gridmill, new_file, track_order):
    def fill(file):
        time = file.create_dataset("time", data=np.arange(5.0), maxshape=(None,), chunks=(2,))
        time.make_scale("time")
        x = file.create_dataset("x", data=np.arange(4.0))
        x.make_scale()
        n = file.create_dataset("n", data=np.zeros(3, "f4"))
        n.make_scale(ONLY_DIMENSION)
        v = file.create_dataset("v", shape=(5, 4, 3), dtype="f4", maxshape=(None, 4, 3))
        for axis, scale in enumerate((time, x, n)):
            v.dims[axis].attach_scale(scale)
        group = file.create_group("sub")
        w = group.create_dataset("w", shape=(3, 4), dtype="f4")
        w.dims[0].attach_scale(n)
        w.dims[1].attach_scale(x)

    assert assert_same_structure(gridmill, new_file(fill, track_order=track_order)) == []


@pytest.mark.parametrize("track_order", [False, True])
def test_large_groups_and_many_attributes(gridmill, new_file, track_order):
    def fill(file):
        group = file.create_group("many", track_order=track_order)
        for i in range(300):
            group.create_dataset(f"v{i * 7919 % 300:03d}_" + "n" * (i % 40), data=np.int32(i))
        owner = file.create_dataset("owner", data=1, track_order=track_order)
        for i in range(60):
            owner.attrs[f"a{i * 17 % 60}"] = "t" * (i + 1)
        owner.attrs["long"] = np.arange(1000.0)

    assert assert_same_structure(gridmill, new_file(fill, track_order=track_order)) == []


def test_attributes_of_all_types(gridmill, new_file):
    def fill(file):
        for kind in ["i1", ">i2", "<i4", ">i8", "u1", "<u2", ">u4", "u8", ">f4", "<f8"]:
            file.attrs[f"one {kind}"] = np.array(42, kind)
            file.attrs[f"some {kind}"] = np.array([3, 0, 120], kind)
        file.attrs["fixed"] = np.bytes_(b"fixed")
        file.attrs["fixed list"] = np.array([b"ab", b"c"], "S3")
        file.attrs["text"] = "größer"
        file.attrs["texts"] = ["a", "", "bb"]
        file.attrs["no text"] = ""

    assert assert_same_structure(gridmill, new_file(fill)) == []


def test_what_has_no_form_is_named(gridmill, new_file):
    def fill(file):
        file["a"] = 1.0
        file.attrs["flag"] = True
        file.attrs["there"] = file["a"].ref
        file.attrs["pair"] = np.array([(1, 2.0)], dtype=[("x", "i4"), ("y", "f8")])
        file["pairs"] = np.array([(1, 2.0)], dtype=[("x", "i4"), ("y", "f8")])
        file["dangling"] = h5py.SoftLink("/nowhere")

    path = new_file(fill)
    (groups, variables), notes = seen_by_gridmill(gridmill, path)
    assert list(variables) == ["a", "pairs"]
    assert groups[""][1] == {"flag": 1}
    for name in ["there", "pair", "dangling"]:
        assert any(f"{name} " in note and "is left out" in note for note in notes), name


def test_compounds_are_refused_by_name(gridmill, new_file, tmp_path):
    def fill(file):
        file["a"] = np.arange(4.0)
        file["pair"] = np.array([(1, 2.0)] * 3, dtype=[("x", "i4"), ("y", "f8")])
        file["wave"] = np.array([1 + 2j, 3 - 4j])
        file["there"] = np.array([file["a"].ref], dtype=h5py.ref_dtype)

    path, store = new_file(fill), tmp_path / "out.zarr"
    for name, kind in [("pair", "compound"), ("wave", "compound"), ("there", "reference")]:
        done = gridmill("convert", path, store, "--variables", f"a,{name}")
        assert done.returncode == 1, done.stderr
        assert f"values of {kind} type" in done.stderr and f"--drop {name}" in done.stderr
        assert not store.exists()
    done = gridmill("convert", path, store)
    assert done.returncode == 1 and not store.exists()
    done = gridmill("convert", path, store, "--drop", "pair,wave,there")
    assert done.returncode == 0, done.stderr
    assert zarr.open_group(store, mode="r")["a"][...].tolist() == [0, 1, 2, 3]


ENUMS = {"i1": {"LOW": -128, "HIGH": 127}, "u1": {"CLEAR": 0, "MISSING": 255}, "<i2": {"A": 1, "B": -7},
         ">i4": {"A": 1, "B": 1 << 30}, "<u8": {"A": 0, "B": (1 << 62) + 3}}
LAYOUTS = {"contiguous": {}, "deflate": {"compression": "gzip", "shuffle": True, "chunks": (4, 3)}}


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_enums_and_bools_without_a_name_are_read(gridmill, new_file, tmp_path, zarr_format):
    """As h5py reads them, bit by bit, and as xarray sees them through h5netcdf."""

    def fill(file):
        random = np.random.default_rng(1)
        scales = [file.create_dataset(name, data=np.arange(n)) for name, n in (("y", 9), ("x", 7))]
        for scale in scales:
            scale.make_scale()

        def create(name, **options):
            dataset = file.create_dataset(name, **options)
            for dimension, scale in zip(dataset.dims, scales, strict=True):
                dimension.attach_scale(scale)

        for layout, options in LAYOUTS.items():
            for kind, members in ENUMS.items():
                values = random.choice(np.array(list(members.values()), kind), (9, 7))
                name = f"{layout}_{np.dtype(kind).name}"
                create(name, data=values, dtype=h5py.enum_dtype(members, kind), **options)
            create(f"{layout}_bool", data=random.random((9, 7)) < 0.5, **options)
        create("absent_bool", shape=(9, 7), dtype=bool, chunks=(4, 3), fillvalue=True)
        file["scalar_bool"] = True

    path, store, back = new_file(fill), tmp_path / "out.zarr", tmp_path / "back.nc"
    done = gridmill("convert", path, store, "--zarr-format", zarr_format)
    assert done.returncode == 0, done.stderr
    assert "left out" not in done.stderr and "library" not in done.stderr
    arrays = zarr.open_group(store, mode="r")
    with h5py.File(path) as file:
        assert sorted(arrays) == sorted(file)
        for name in file:
            wanted = file[name][...]
            plain = wanted.dtype.newbyteorder("<")
            found = arrays[name][...]
            assert found.dtype == plain, name
            assert found.tobytes() == wanted.astype(plain).tobytes(), name
    done = gridmill("verify", store, "--against", path)
    assert done.returncode == 0, done.stderr
    with (
        xr.open_dataset(path, engine="h5netcdf", phony_dims="sort") as original,
        xr.open_zarr(store) as ours,
    ):
        for name in original.variables:
            assert ours[name].dtype.newbyteorder("=") == original[name].dtype.newbyteorder("="), name
            assert np.array_equal(ours[name].values, original[name].values), name
    done = gridmill("convert", store, back)
    assert done.returncode == 0, done.stderr
    with xr.open_dataset(back, engine="netcdf4") as again, xr.open_zarr(store) as ours:
        assert again["deflate_bool"].dtype == bool
        assert np.array_equal(again["deflate_bool"].values, ours["deflate_bool"].values)


@pytest.mark.parametrize("model", ["NETCDF4", "NETCDF4_CLASSIC"])
def test_what_netcdf4_writes(gridmill, tmp_path, model):
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w", format=model) as file:
        file.createDimension("time", None)
        file.createDimension("y", 3)
        file.createDimension("x", 4)
        file.createVariable("time", "f8", ("time",))[:] = np.arange(6)
        file.createVariable("x", "i4", ("y", "x"))  # a coordinate of two dimensions
        v = file.createVariable("v", "f4", ("time", "y", "x"), zlib=True, fill_value=-9)
        v[:] = 1
        file.createVariable("never_written", "i4", ("time", "y"))
        for i in range(20):
            v.setncattr(f"a{i}", i)
        if model == "NETCDF4":
            group = file.createGroup("upper")
            group.createDimension("z", 5)
            group.createDimension("runs", None)
            group.createVariable("runs", "f8", ("runs",))[:] = [1, 2]
            group.createGroup("deep").createVariable("d", "i2", ("runs", "z", "x"))
    assert assert_same_structure(gridmill, path) == []


def test_real_files(gridmill, data):
    paths = [p for p in sorted(data.glob("*.nc")) if p.read_bytes()[:4] == b"\x89HDF"]
    assert len(paths) >= 5
    for path in paths:
        assert assert_same_structure(gridmill, path) == []
