"""Every kind of netCDF file and data type that the netCDF4 library writes, against its own reading."""

import netCDF4
import numpy as np
import pytest
import zarr

from fidelity.comparison import (
    assert_same_attributes,
    assert_same_dataset,
    assert_same_values,
    convert,
    open_original,
    open_store,
)

CLASSIC = ["i1", "i2", "i4", "f4", "f8"]
MODELS = {
    "NETCDF3_CLASSIC": CLASSIC,
    "NETCDF3_64BIT_OFFSET": CLASSIC,
    "NETCDF3_64BIT_DATA": [*CLASSIC, "u1", "u2", "u4", "i8", "u8"],
    "NETCDF4_CLASSIC": CLASSIC,
    "NETCDF4": [*CLASSIC, "u1", "u2", "u4", "i8", "u8"],
}

formats = pytest.mark.parametrize("zarr_format", [3, 2])


def extreme_values(kind, shape, seed=0):
    """Random bits of the type, with its ends, both zeros, infinities and a NaN with a payload."""
    kind = np.dtype(kind)
    bits = np.random.default_rng(seed).integers(0, 256, int(np.prod(shape)) * kind.itemsize)
    values = bits.astype("u1").view(kind).copy()
    if kind.kind == "f":
        special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, np.finfo(kind).tiny], kind)
    else:
        special = np.array([0, 1, np.iinfo(kind).min, np.iinfo(kind).max], kind)
    values[: special.size] = special[: values.size]
    return values.reshape(shape)


def write(path, model, fill):
    """`fill` fills the dataset and returns the file's path."""
    with netCDF4.Dataset(path, "w", format=model) as file:
        file.set_auto_maskandscale(False)
        fill(file)
    return path


def raw_values(variable):
    variable.set_auto_maskandscale(False)
    if hasattr(variable, "set_auto_chartostring"):
        variable.set_auto_chartostring(False)
    return variable[...]




def assert_store_equals_file(store, path):
    """Through zarr-python alone: every variable of every group, values and dimension names."""

    def compare(group, found, where):
        for name, variable in group.variables.items():
            place = f"{where}/{name}"
            array, wanted = found[name], raw_values(variable)
            assert array.shape == variable.shape, place
            names = array.metadata.dimension_names if array.metadata.zarr_format == 3 else None
            names = names or array.attrs.get("_ARRAY_DIMENSIONS")
            assert tuple(names or ()) == variable.dimensions, place
            assert_same_values(array[...], wanted, place)
        for name, child in group.groups.items():
            compare(child, found[name], f"{where}/{name}")

    with netCDF4.Dataset(path) as file:
        compare(file, zarr.open_group(store, mode="r"), "")


def round_trip(gridmill, tmp_path, path, zarr_format, *options):
    store = tmp_path / "out.zarr"
    convert(gridmill, path, store, "--zarr-format", zarr_format, *options)
    assert_store_equals_file(store, path)
    return store


@formats
@pytest.mark.parametrize("model", MODELS)
def test_every_type(gridmill, tmp_path, model, zarr_format):
    def fill(file):
        file.createDimension("y", 7)
        file.createDimension("x", 9)
        for seed, kind in enumerate(MODELS[model]):
            name = f"v_{kind}"
            file.createVariable(name, kind, ("y", "x"))[...] = extreme_values(kind, (7, 9), seed)
            file.createVariable(f"scalar_{kind}", kind, ())[...] = 42
            filled = file.createVariable(f"filled_{kind}", kind, ("y",), fill_value=99)
            filled[...] = np.array([1, 99, 3, 99, 5, 6, 0], kind)
            filled.units = "1"

    path = write(tmp_path / "in.nc", model, fill)
    store = round_trip(gridmill, tmp_path, path, zarr_format)
    assert_same_dataset(open_store(store, raw=True), open_original(path, raw=True), "encoded")
    assert_same_dataset(open_store(store), open_original(path), "decoded")


@formats
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("records", [0, 1, 5])
def test_unlimited_dimension(gridmill, tmp_path, model, records, zarr_format):
    def fill(file):
        file.createDimension("time", None)
        file.createDimension("x", 3)
        time = file.createVariable("time", "f8", ("time",))
        time.units = "days since 2000-01-01"
        value = file.createVariable("v", "f4", ("time", "x"))
        small = file.createVariable("odd", "i1", ("time", "x"))  # a record that is padded
        for i in range(records):
            time[i], value[i], small[i] = i, [i, -i, i / 3], [i, i + 1, i + 2]

    path = write(tmp_path / "in.nc", model, fill)
    store = round_trip(gridmill, tmp_path, path, zarr_format)
    assert zarr.open_group(store, mode="r")["v"].shape == (records, 3)
    assert_same_dataset(open_store(store), open_original(path))


@formats
@pytest.mark.parametrize("model", ["NETCDF3_CLASSIC", "NETCDF4"])
def test_records_that_were_never_written(gridmill, tmp_path, model, zarr_format):
    """netCDF fills them with _FillValue or its default; so they stand in the store."""

    def fill(file):
        file.createDimension("time", None)
        file.createVariable("v", "f4", ("time",))[0:2] = [1, 2]
        file.createVariable("late", "i4", ("time",))[5] = 7
        file.createVariable("own", "i2", ("time",), fill_value=-5)[3] = 7

    path = write(tmp_path / "in.nc", model, fill)
    round_trip(gridmill, tmp_path, path, zarr_format)


@formats
def test_groups(gridmill, tmp_path, zarr_format):
    def fill(file):
        file.title = "root"
        file.createDimension("x", 4)
        file.createVariable("x", "f8", ("x",))[...] = [1, 2, 3, 4]
        one = file.createGroup("one")
        one.level = np.int32(1)
        one.createVariable("inherits", "f4", ("x",))[...] = [4, 3, 2, 1]
        two = one.createGroup("two")
        two.createDimension("y", 2)
        two.createDimension("x", 3)  # hides the root's
        two.createVariable("v", "i2", ("y", "x"))[...] = np.arange(6).reshape(2, 3)
        file.createGroup("empty").note = "nothing here"

    path = write(tmp_path / "in.nc", "NETCDF4", fill)
    store = round_trip(gridmill, tmp_path, path, zarr_format)
    for group in (None, "one", "one/two", "empty"):
        found, wanted = open_store(store, group=group), open_original(path, group=group)
        assert_same_dataset(found, wanted, group)


@formats
def test_strings(gridmill, tmp_path, zarr_format):
    texts = np.array([["Zürich", "", "a b"], ["日本", "x" * 5000, "\t\n\"\\"]], object)

    def fill(file):
        file.createDimension("y", 2)
        file.createDimension("x", 3)
        file.createVariable("name", str, ("y", "x"))[...] = texts
        file.createVariable("one", str, ())[...] = np.array("alone", object)

    path = write(tmp_path / "in.nc", "NETCDF4", fill)
    store = round_trip(gridmill, tmp_path, path, zarr_format)
    assert_same_dataset(open_store(store, raw=True), open_original(path, raw=True))


@formats
@pytest.mark.parametrize("model", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_DATA", "NETCDF4"])
def test_characters(gridmill, tmp_path, model, zarr_format):
    def fill(file):
        file.createDimension("station", 3)
        file.createDimension("length", 5)
        name = file.createVariable("name", "S1", ("station", "length"))
        name[...] = np.array([list("Bonn "), list("Rome\0"), list("\0\0\0\0\0")], "S1")

    path = write(tmp_path / "in.nc", model, fill)
    store = round_trip(gridmill, tmp_path, path, zarr_format)
    assert_same_dataset(open_store(store), open_original(path))


@formats
def test_enums_are_their_integers(gridmill, tmp_path, zarr_format):
    def fill(file):
        cloud = file.createEnumType(np.uint8, "cloud", {"clear": 0, "cumulus": 3, "missing": 255})
        file.createDimension("x", 4)
        file.createVariable("cover", cloud, ("x",), fill_value=255)[...] = [0, 3, 255, 0]

    path = write(tmp_path / "in.nc", "NETCDF4", fill)
    store = tmp_path / "out.zarr"
    convert(gridmill, path, store, "--zarr-format", zarr_format)
    array = zarr.open_group(store, mode="r")["cover"]
    assert array.dtype == np.uint8
    assert array[...].tolist() == [0, 3, 255, 0]


STORAGE = {
    "contiguous": {"contiguous": True},
    "deflate": {"zlib": True, "complevel": 4, "shuffle": False},
    "deflate, shuffle": {"zlib": True, "complevel": 1, "shuffle": True},
    "fletcher32": {"fletcher32": True},
    "everything": {"zlib": True, "shuffle": True, "fletcher32": True, "chunksizes": (5, 4)},
    "odd chunks": {"chunksizes": (3, 11)},
}


@formats
@pytest.mark.parametrize("endian", ["little", "big"])
@pytest.mark.parametrize("storage", STORAGE)
def test_storage_of_netcdf4(gridmill, tmp_path, storage, endian, zarr_format):
    def fill(file):
        file.createDimension("y", 17)
        file.createDimension("x", 13)
        for kind in ("i2", "i4", "i8", "f4", "f8", "u1"):
            variable = file.createVariable(kind, kind, ("y", "x"), endian=endian, **STORAGE[storage])
            variable[...] = extreme_values(kind, (17, 13), 3)

    path = write(tmp_path / "in.nc", "NETCDF4", fill)
    store = round_trip(gridmill, tmp_path, path, zarr_format)
    if storage == "odd chunks":
        layout = ("--chunks", "y=6,x=4")
        round_trip(gridmill, tmp_path, path, zarr_format, "--overwrite", *layout)
        assert zarr.open_group(store, mode="r")["f4"].chunks == (6, 4)


@formats
@pytest.mark.parametrize("model", ["NETCDF4", "NETCDF3_64BIT_DATA"])
def test_dimensions_of_size_zero(gridmill, tmp_path, model, zarr_format):
    def fill(file):
        file.createDimension("none", None)
        file.createDimension("x", 3)
        file.createVariable("empty", "f4", ("none", "x"))
        file.createVariable("x", "f4", ("x",))[...] = [1, 2, 3]

    path = write(tmp_path / "in.nc", model, fill)
    round_trip(gridmill, tmp_path, path, zarr_format)


ATTRIBUTES = {
    "text": "plain",
    "empty": "",
    "unicode": "°C, größer, 温度",
    "lines": 'a\nb\t"quoted" \\',
    "i1": np.int8(-128),
    "i2": np.int16(-32768),
    "i4": np.int32(2**31 - 1),
    "f4": np.float32(0.1),
    "f8": np.float64(0.1),
    "nan": np.float64("nan"),
    "infinity": np.float32("-inf"),
    "tiny": np.float64(5e-324),
    "many_i4": np.arange(5, dtype="i4"),
    "many_f4": np.array([0.1, np.nan, np.inf, -0.0], "f4"),
    "many_f8": np.array([1e300, np.nan, -np.inf, 1 / 3], "f8"),
    "a name with blanks": "yes",
    "größe": "unicode name",
}
WIDE_ATTRIBUTES = {
    "u1": np.uint8(255),
    "u2": np.uint16(65535),
    "u4": np.uint32(2**32 - 1),
    "i8": np.int64(-(2**63)),
    "u8": np.uint64(2**64 - 1),
    "many_i8": np.array([2**53 + 1, -(2**63)], "i8"),
}


@formats
@pytest.mark.parametrize("model", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_DATA", "NETCDF4"])
def test_attributes_of_every_type(gridmill, tmp_path, model, zarr_format):
    attributes = dict(ATTRIBUTES)
    if model in ("NETCDF4", "NETCDF3_64BIT_DATA"):
        attributes.update(WIDE_ATTRIBUTES)
    if model == "NETCDF4":
        attributes["texts"] = ["one", "zwölf", ""]

    def fill(file):
        file.createDimension("x", 2)
        variable = file.createVariable("v", "f4", ("x",))
        variable[...] = [1, 2]
        for target in (file, variable):
            target.setncatts(attributes)

    path = write(tmp_path / "in.nc", model, fill)
    store = round_trip(gridmill, tmp_path, path, zarr_format)
    # As netCDF4 itself reads them back: it cannot write an empty text as such into every model.
    with netCDF4.Dataset(path) as file:
        wanted = {name: file.getncattr(name) for name in file.ncattrs()}
    group = zarr.open_group(store, mode="r")
    assert_same_attributes(dict(group.attrs), wanted, "global")
    own = dict(group["v"].attrs)
    own.pop("_ARRAY_DIMENSIONS", None)
    assert_same_attributes(own, wanted, "v")
    assert_same_attributes(open_store(store)["v"].attrs, wanted, "v in xarray")


FILLS = {
    "i2": [-32767, 0],
    "u1": [255],
    "f4": [np.float32(1e20), np.float32("nan"), np.float32(9.96921e36), np.float32("-inf")],
    "f8": [-999.0, float("nan"), 0.1],
    "i8": [-(2**63), 2**53 + 1],
    "u8": [2**64 - 1],
}


@formats
@pytest.mark.parametrize(("kind", "fill_value"), [(k, f) for k in FILLS for f in FILLS[k]])
def test_fill_values(gridmill, tmp_path, kind, fill_value, zarr_format):
    def fill(file):
        file.createDimension("x", 5)
        variable = file.createVariable("v", kind, ("x",), fill_value=fill_value)
        variable[...] = np.array([1, 2, 3, 4, 5], kind)
        variable[1:3] = np.array(fill_value, kind)

    path = write(tmp_path / "in.nc", "NETCDF4", fill)
    store = round_trip(gridmill, tmp_path, path, zarr_format)
    assert_same_dataset(open_store(store, raw=True), open_original(path, raw=True), "encoded")
    assert_same_dataset(open_store(store), open_original(path), "decoded")


@formats
def test_zero_is_not_missing(gridmill, tmp_path, zarr_format):
    """Without a _FillValue nothing is masked, though Zarr must name a fill value for absent chunks."""

    def fill(file):
        file.createDimension("x", 100)
        for kind in ("f4", "i2", "u1"):
            file.createVariable(kind, kind, ("x",))[...] = np.zeros(100, kind)

    path = write(tmp_path / "in.nc", "NETCDF4", fill)
    store = round_trip(gridmill, tmp_path, path, zarr_format)
    found = open_store(store)
    for kind in ("f4", "i2", "u1"):
        assert found[kind].dtype == np.dtype(kind)
        assert not found[kind].isnull().any()
        assert "_FillValue" not in found[kind].attrs


def odd_types(file):
    pair = file.createCompoundType(np.dtype([("u", "f4"), ("v", "f4")]), "pair")
    ragged = file.createVLType(np.int32, "ragged")
    file.createDimension("x", 2)
    file.createVariable("good", "f4", ("x",))[...] = [1, 2]
    file.createVariable("wind", pair, ("x",))
    file.createVariable("profile", ragged, ("x",))


def test_types_that_zarr_lacks_are_refused_by_name(gridmill, tmp_path):
    path = write(tmp_path / "in.nc", "NETCDF4", odd_types)
    store = tmp_path / "out.zarr"
    run = gridmill("convert", path, store)
    assert run.returncode == 1
    assert "wind" in run.stderr or "profile" in run.stderr
    assert "--drop" in run.stderr
    assert not store.exists()
    convert(gridmill, path, store, "--drop", "wind,profile")
    assert dict(zarr.open_group(store, mode="r").arrays())["good"][...].tolist() == [1, 2]
