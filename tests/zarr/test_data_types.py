"""Every data type that zarr-python knows, in both formats, with several fill values.

zarr-python writes; `gridmill dump --raw` is bit-equal. `gridmill convert` writes the same format or
the other one; zarr-python reads it bit-equal and without a warning but for those about its own
types, and finds the same type and fill value.
"""

import base64
import json
import warnings
import zlib

import numpy as np
import pytest
import zarr
from zarr.dtype import VariableLengthBytes, VariableLengthUTF8
from zarr.errors import UnstableSpecificationWarning

N, CHUNK = 11, 4  # chunk 1 (4:8) is never written

RECORD = [("a", "<i4"), ("b", "<f8")]
NESTED = [("a", "<i2"), ("s", "S3"), ("u", "<U2"), ("c", [("x", "<f4"), ("t", "<M8[ns]")])]


def record_fill(dtype):
    return np.frombuffer(bytes(range(1, np.dtype(dtype).itemsize + 1)), dtype)[0]


NUMBERS = {
    **{f"{kind}{size}": [0, 1, np.iinfo(f"{kind}{size}").max, np.iinfo(f"{kind}{size}").min]
       for kind in "iu" for size in (1, 2, 4, 8)},
    "i8-odd": [2**53 + 1, -(2**53) - 1],
    "u8-odd": [2**64 - 1, 2**63 + 1],
    "b1": [False, True],
    "f2": [0.0, -0.0, np.nan, np.inf, -np.inf, 65504.0],
    "f4": [0.0, -0.0, np.nan, np.inf, -np.inf, 0.1, 1e-45],
    "f8": [0.0, -0.0, np.nan, np.inf, -np.inf, 0.1, 5e-324, 1e308],
    "c8": [0j, complex(np.nan, 1), complex(-np.inf, -0.0), 0.1 + 3j],
    "c16": [0j, complex(np.nan, 1), complex(np.inf, -0.0), 0.1 + 3j],
}
# Types beyond the core of v3: zarr-python warns that they have no specification.
UNSTABLE = {
    **{f"M8{unit}": ["NaT", 5] for unit in ["[Y]", "[D]", "[10s]", "[ns]", "[as]", "[us]"]},
    **{f"m8{unit}": ["NaT", -7] for unit in ["[h]", "[25ms]", "[ns]"]},
    "S3": [b"", b"ab", b"xyz"],
    "U3": ["", "é", "日本語"],
    "V4": [b"\0\0\0\0", b"\1\2\3\4"],
    "record": [None],
    "nested": [None],
}
DTYPES = {"record": RECORD, "nested": NESTED, "i8-odd": "i8", "u8-odd": "u8"}
STABLE_STRINGS = {"string": ["", "é\n\"x"]}
CASES = [(name, fill) for table in (NUMBERS, UNSTABLE, STABLE_STRINGS)
         for name, fills in table.items() for fill in fills]
IDS = [f"{name}={fill}" for name, fill in CASES]


def zarr_dtype(name, endian="<"):
    if name == "blob":
        return VariableLengthBytes()
    if name == "string":
        return VariableLengthUTF8()
    dtype = np.dtype(DTYPES.get(name, name))
    return dtype if dtype.fields else dtype.newbyteorder(endian)


def values(name, fill):
    random = np.random.default_rng(1)
    if name in ("blob", "string"):
        some = {"blob": [b"", b"\xff", b"abc" * 50], "string": ["", "é", "abc" * 50]}[name]
        return np.array([some[i % 3] for i in range(N)], dtype=object)
    dtype = np.dtype(DTYPES.get(name, name))
    if dtype.kind in "SU":
        some = {"S": [b"", b"a", b"xyz"], "U": ["", "é", "日本語"]}[dtype.kind]
        return np.array([some[i % 3] for i in range(N)], dtype=dtype)
    raw = random.integers(0, 256, N * dtype.itemsize).astype("u1")
    if dtype.kind == "b":
        raw %= 2
    if name == "nested":  # code points must be some
        return np.array([(i, b"ab", "é", (i / 3, i)) for i in range(N)], dtype)
    return raw.view(dtype)


def write(path, name, fill, zarr_format, endian="<"):
    """Returns the values that are there, absent chunks filled."""
    dtype = zarr_dtype(name, endian)
    if fill is None:
        fill = record_fill(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnstableSpecificationWarning)
        group = zarr.open_group(path, mode="w", zarr_format=zarr_format)
        # numcodecs' Blosc takes no datetimes inside of records.
        codecs = {"compressors": None} if name == "nested" else {}
        array = group.create_array("x", shape=(N,), chunks=(CHUNK,), dtype=dtype, fill_value=fill,
                                   **codecs)
        data = values(name, fill)
        array[0:4], array[8:] = data[0:4], data[8:]
        return array[...]


def warning_free(path, *allowed):
    """What zarr-python reads; any warning but those of the named kinds is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in allowed:
            warnings.simplefilter("ignore", kind)
        return zarr.open_group(path, mode="r")["x"]


BIG = [("a", ">i2"), ("s", "S3"), ("u", ">U2"), ("c", [("x", ">f4"), ("t", ">M8[ns]")]),
       ("z", ">c16"), ("l", "<u4")]


def write_big(store, dtype, data, fill):
    """In v2, by hand: zarr-python 3 can't read all that it writes of these."""
    def described(one):
        return [[name, described(inside.base) if inside.base.fields else inside.base.str,
                 *([list(inside.shape)] if inside.shape else [])]
                for name, (inside, *_) in one.fields.items()]
    meta = {"zarr_format": 2, "shape": [len(data)], "chunks": [len(data) // 2], "order": "C",
            "dtype": described(dtype), "compressor": None, "filters": [{"id": "zlib", "level": 1}],
            "fill_value": base64.b64encode(fill.tobytes()).decode()}
    (store / "x").mkdir(parents=True)
    (store / ".zgroup").write_text('{"zarr_format": 2}')
    (store / "x/.zarray").write_text(json.dumps(meta))
    (store / "x/0").write_bytes(zlib.compress(data[:len(data) // 2].tobytes()))  # the other: fill


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_big_endian_members_of_records(gridmill, tmp_path, zarr_format):
    """v3 has no word for them: they are turned, as other numbers are."""
    big = np.dtype(BIG)
    little = big.newbyteorder("<")
    numbers = np.array([(i - 3, b"ab", "é", (i / 3, i), i - 1j / 7, i) for i in range(6)], big)
    fill = np.array([(-2, b"f", "日本", (0.1, 1), 3j, 7)], big)
    write_big(tmp_path / "in.zarr", big, numbers, fill)
    wanted = np.concatenate([numbers[:3], np.repeat(fill, 3)]).astype(little)
    run(gridmill, "dump", f"{tmp_path}/in.zarr#/x", "--raw", "-o", tmp_path / "x.raw")
    assert (tmp_path / "x.raw").read_bytes() == wanted.tobytes()
    run(gridmill, "convert", tmp_path / "in.zarr", tmp_path / "out.zarr", "--zarr-format",
        zarr_format, "--codec", "none")
    run(gridmill, "verify", tmp_path / "out.zarr", "--against", tmp_path / "in.zarr")
    run(gridmill, "dump", f"{tmp_path}/out.zarr#/x", "--raw", "-o", tmp_path / "y.raw")
    assert (tmp_path / "y.raw").read_bytes() == wanted.tobytes()
    if zarr_format == 3:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnstableSpecificationWarning)
            got = zarr.open_group(tmp_path / "out.zarr", mode="r")["x"][...]
        assert got.astype(little).tobytes() == wanted.tobytes()


def test_big_endian_sub_arrays_of_records(gridmill, tmp_path):
    big = np.dtype([("a", ">i2", (2, 3)), ("r", [("x", ">f4"), ("y", "u1")], (2,))])
    data = np.zeros(4, big)
    data["a"] = np.arange(24).reshape(4, 2, 3)
    data["r"]["x"] = np.arange(8).reshape(4, 2) / 3
    write_big(tmp_path / "in.zarr", big, data, np.zeros(1, big))
    data[2:] = 0
    little = data.astype(big.newbyteorder("<")).tobytes()
    run(gridmill, "dump", f"{tmp_path}/in.zarr#/x", "--raw", "-o", tmp_path / "x.raw")
    assert (tmp_path / "x.raw").read_bytes() == little
    done = gridmill("convert", tmp_path / "in.zarr", tmp_path / "out.zarr")
    assert done.returncode == 1 and "sub-array" in done.stderr and "--drop" in done.stderr


# zarr-python can't read the nested record that it wrote in v2: there `dump --raw` is the witness.
UNREADABLE = ("nested", 2)


def check_values(gridmill, store, name, zarr_format, data):
    if (name, zarr_format) == UNREADABLE:
        run(gridmill, "dump", f"{store}#/x", "--raw", "-o", store.parent / "y.raw", "--overwrite")
        assert (store.parent / "y.raw").read_bytes() == data.tobytes()
        return
    array = warning_free(store, *expected(name, zarr_format))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnstableSpecificationWarning)
        assert same(array[...], data)


def expected(name, zarr_format):
    return (UnstableSpecificationWarning,) if name in UNSTABLE and zarr_format == 3 else ()


def same(got, wanted):
    if got.dtype == object or got.dtype.kind == "T":
        return list(got) == list(wanted)
    little = lambda a: a.astype(a.dtype.newbyteorder("<")) if not a.dtype.fields else a
    return got.dtype.newbyteorder("=") == wanted.dtype.newbyteorder("=") and (
        little(got).tobytes() == little(wanted).tobytes())


def document(store, zarr_format):
    return json.loads((store / "x" / ("zarr.json" if zarr_format == 3 else ".zarray")).read_text())


def run(gridmill, *arguments):
    done = gridmill(*arguments)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize(("name", "fill"), CASES, ids=IDS)
def test_round_trip(gridmill, tmp_path, name, fill, zarr_format):
    store = tmp_path / "in.zarr"
    for endian in "<>" if zarr_format == 2 else "<":
        data = write(store, name, fill, zarr_format, endian)
        if name not in ("blob", "string"):
            run(gridmill, "dump", f"{store}#/x", "--raw", "-o", tmp_path / "x.raw", "--overwrite")
            little = data if data.dtype.fields else data.astype(data.dtype.newbyteorder("<"))
            assert (tmp_path / "x.raw").read_bytes() == little.tobytes()
        run(gridmill, "info", store, "--json")
        out = tmp_path / "out.zarr"
        run(gridmill, "convert", store, out, "--zarr-format", zarr_format, "--overwrite")
        check_values(gridmill, out, name, zarr_format, data)
        was, now = document(store, zarr_format), document(out, zarr_format)
        member = "data_type" if zarr_format == 3 else "dtype"
        wanted = was[member]
        if endian == ">" and isinstance(wanted, str):
            wanted = wanted.replace(">", "<")  # written little endian, unless asked for
        assert now[member] == wanted
        assert json.dumps(now["fill_value"]) == json.dumps(was["fill_value"])


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize(("name", "fill"), CASES, ids=IDS)
def test_across(gridmill, tmp_path, name, fill, zarr_format):
    """From one format to the other, and what zarr-python says of the type there."""
    store, out, oracle = tmp_path / "in.zarr", tmp_path / "out.zarr", tmp_path / "oracle.zarr"
    data = write(store, name, fill, zarr_format)
    other = 5 - zarr_format
    run(gridmill, "convert", store, out, "--zarr-format", other)
    check_values(gridmill, out, name, other, data)
    write(oracle, name, fill, other)
    member = "data_type" if other == 3 else "dtype"
    assert document(out, other)[member] == document(oracle, other)[member]
    if other == 3 and name not in ("string", "b1"):
        assert document(out, 3)["fill_value"] == document(oracle, 3)["fill_value"] or (
            fill != fill)  # NaN


def test_what_only_zarr_has_is_no_netcdf(gridmill, tmp_path):
    for name in ["M8[ns]", "V4", "record"]:
        write(tmp_path / "in.zarr", name, UNSTABLE[name][0], 3)
        refused = gridmill("convert", tmp_path / "in.zarr", tmp_path / "out.nc")
        assert refused.returncode == 1
        assert "--drop x" in refused.stderr and "netCDF" in refused.stderr
        assert not (tmp_path / "out.nc").exists()


def test_different_units_do_not_join(gridmill, tmp_path):
    for unit in ["s", "ms"]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnstableSpecificationWarning)
            group = zarr.open_group(tmp_path / f"{unit}.zarr", mode="w")
            time = group.create_array("time", shape=(2,), dtype="i4", dimension_names=["time"])
            time[...] = [0, 1] if unit == "s" else [2, 3]
            group.create_array("x", shape=(2,), dtype=f"M8[{unit}]", dimension_names=["time"])
    refused = gridmill("convert", tmp_path / "s.zarr", tmp_path / "ms.zarr", tmp_path / "out.zarr")
    assert refused.returncode == 3
    assert "datetime64[s]" in refused.stderr and "datetime64[ms]" in refused.stderr
