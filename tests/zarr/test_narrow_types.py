"""bfloat16, small floats and integers of a few bits: what ml_dtypes and TensorStore make of them.

Memory holds float32, int8, uint8 or complex64 in their place: `dump` shows those, exactly.
`convert` keeps the type.
"""

import json

import ml_dtypes
import netCDF4
import numpy as np
import pytest
import tensorstore as ts
from cast_value import cast_array
from peers.plain_store import read_plain, write_document

FLOATS = ["bfloat16", "float8_e3m4", "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fn",
          "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu", "float6_e2m3fn",
          "float6_e3m2fn", "float4_e2m1fn"]
INTEGERS = ["int2", "int4", "uint2", "uint4"]
ALL = FLOATS + INTEGERS
BITS = {"bfloat16": 16, "float6_e2m3fn": 6, "float6_e3m2fn": 6, "float4_e2m1fn": 4, "int2": 2,
        "int4": 4, "uint2": 2, "uint4": 4}
# Those that TensorStore has.
SHARED = [name for name in ALL
          if name not in ("float8_e4m3", "float6_e2m3fn", "float6_e3m2fn", "uint2", "uint4")]
LITTLE = {"name": "bytes", "configuration": {"endian": "little"}}
INDEX = [LITTLE, {"name": "crc32c"}]


def dtype(name):
    return np.dtype(getattr(ml_dtypes, name))


def bits(name):
    return BITS.get(name, 8)


def codes(name):
    """Each code, several times, at random."""
    unit = np.uint16 if bits(name) == 16 else np.uint8
    count = 1 << bits(name)
    made = np.arange(max(count, 2048), dtype=np.uint32) % count
    return np.random.default_rng(2).permutation(made).astype(unit)


def values(name, stored):
    """What ml_dtypes says the codes are."""
    wide = np.float32 if name in FLOATS else np.int8 if name[0] == "i" else np.uint8
    return stored.view(dtype(name)).astype(wide)


def same(got, wanted):
    """Zeros have signs; one NaN is another."""
    assert got.dtype == wanted.dtype
    np.testing.assert_array_equal(got, wanted)
    if got.dtype.kind == "f":
        known = ~np.isnan(wanted)
        np.testing.assert_array_equal(np.signbit(got)[known], np.signbit(wanted)[known])


def run(gridmill, *arguments, **options):
    done = gridmill(*arguments, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def dumped(gridmill, store, like):
    raw = run(gridmill, "dump", store, "--raw", text=False)
    return np.frombuffer(raw, like.dtype).reshape(like.shape)


def document(name, shape, chunk, codecs, fill):
    return {"zarr_format": 3, "node_type": "array", "shape": list(shape), "data_type": name,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunk)}},
            "chunk_key_encoding": {"name": "default"}, "fill_value": fill, "codecs": codecs,
            "attributes": {}}


def write(path, name, stored, codecs=(LITTLE,), fill=1):
    write_document(path / "zarr.json",
                   document(name, stored.shape, stored.shape, list(codecs), fill))
    (path / "c").mkdir()
    (path / "c" / "0").write_bytes(stored.tobytes())


@pytest.mark.parametrize("name", ALL)
def test_each_code_is_read(gridmill, tmp_path, name):
    stored = codes(name)
    unused = np.random.default_rng(3).integers(0, 256, stored.shape) << bits(name)
    dirty = (stored | unused).astype(stored.dtype)  # what lies above a code says nothing
    write(tmp_path / "x.zarr", name, dirty)
    wanted = values(name, stored)
    same(dumped(gridmill, tmp_path / "x.zarr", wanted), wanted)
    listed = json.loads(run(gridmill, "info", tmp_path / "x.zarr", "--json"))
    assert listed["variables"][0]["type"] == name


@pytest.mark.parametrize("name", ALL)
def test_each_code_is_kept(gridmill, tmp_path, name):
    stored = codes(name)
    write(tmp_path / "x.zarr", name, stored)
    run(gridmill, "convert", tmp_path / "x.zarr", tmp_path / "y.zarr", "--codec", "none",
        "--chunks", "dim_0=all")
    (array,) = [path.parent for path in (tmp_path / "y.zarr").rglob("zarr.json")
                if path.parent != tmp_path / "y.zarr"]
    assert json.loads((array / "zarr.json").read_text())["data_type"] == name
    written = np.frombuffer((array / "c" / "0").read_bytes(), stored.dtype)
    np.testing.assert_array_equal(written & ((1 << bits(name)) - 1), stored)
    if name in INTEGERS:  # sign-extended, as TensorStore has them
        np.testing.assert_array_equal(written.view(values(name, stored).dtype),
                                      values(name, stored))


@pytest.mark.parametrize("part", ["bfloat16", "float16", "float8_e5m2", "float8_e4m3b11fnuz"])
def test_complex_numbers(gridmill, tmp_path, part):
    name = f"complex_{part}"
    unit = np.uint16 if part.endswith("16") else np.uint8
    stored = np.random.default_rng(4).integers(0, 1 << 8 * unit().itemsize, 512).astype(unit)
    kind = np.dtype(np.float16) if part == "float16" else dtype(part)
    with np.errstate(invalid="ignore"):  # signalling NaNs
        wanted = stored.view(kind).astype(np.float32)
    # Two parts make an element.
    meta = document(name, (256,), (256,), [LITTLE], [1, "NaN"])
    write_document(tmp_path / "x.zarr" / "zarr.json", meta)
    (tmp_path / "x.zarr" / "c").mkdir()
    (tmp_path / "x.zarr" / "c" / "0").write_bytes(stored.tobytes())
    same(dumped(gridmill, tmp_path / "x.zarr", wanted), wanted)
    run(gridmill, "convert", tmp_path / "x.zarr", tmp_path / "y.zarr", "--codec", "none")
    (chunk,) = (tmp_path / "y.zarr").rglob("c/0")
    assert chunk.read_bytes() == stored.tobytes()
    kept = json.loads((chunk.parent.parent / "zarr.json").read_text())
    assert kept["data_type"] == name and kept["fill_value"] == [1, "NaN"]


# ---- TensorStore ----

SHAPE, CHUNK = (24, 9, 10), (8, 3, 10)


def sharding(chunk, codecs):
    return {"name": "sharding_indexed", "configuration": {
        "chunk_shape": chunk, "codecs": codecs, "index_codecs": INDEX, "index_location": "end"}}


CHAINS = {
    "raw": [LITTLE],
    "transposed": [{"name": "transpose", "configuration": {"order": [2, 0, 1]}}, LITTLE,
                   {"name": "zstd", "configuration": {"level": 3}}],
    "blosc": [LITTLE, {"name": "blosc", "configuration": {"cname": "lz4", "clevel": 5,
                                                           "shuffle": "shuffle"}}],
    "shards": [sharding([4, 3, 5], [LITTLE, {"name": "zstd", "configuration": {"level": 1}}])],
    "shards in shards": [sharding([4, 3, 10], [sharding([2, 3, 5], [LITTLE])])],
    "transposed shards": [{"name": "transpose", "configuration": {"order": [2, 0, 1]}},
                          sharding([5, 4, 3], [LITTLE])],
}


def opened(path, driver="zarr3", **spec):
    return ts.open({"driver": driver, "kvstore": {"driver": "file", "path": f"{path}/"}, **spec})


def block(name):
    """Values of the type; its chunk at (8.., 3.., 0..) is never written."""
    return np.resize(codes(name), SHAPE).view(dtype(name))


def fits(name, codecs):
    """One byte has no order: TensorStore refuses to be told of one."""
    fitting = []
    for codec in codecs:
        if codec == LITTLE and bits(name) < 16:
            codec = {"name": "bytes"}
        if codec["name"] == "sharding_indexed":
            settings = codec["configuration"]
            codec = sharding(settings["chunk_shape"], fits(name, settings["codecs"]))
        fitting.append(codec)
    return fitting


def array_in(store):
    (path,) = [path.parent for path in store.rglob("zarr.json") if path.parent != store]
    return path


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("name", SHARED)
def test_tensorstore_both_ways(gridmill, tmp_path, name, chain):
    source = opened(tmp_path / "x.zarr", create=True, metadata={
        "data_type": name, "shape": SHAPE, "codecs": fits(name, CHAINS[chain]),
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": CHUNK}}}).result()
    made = block(name)
    source[:8] = made[:8]
    source[16:] = made[16:]
    wanted = source.read().result()
    unit = np.uint16 if bits(name) == 16 else np.uint8
    same(dumped(gridmill, tmp_path / "x.zarr", values(name, wanted.view(unit))),
         values(name, wanted.view(unit)))
    run(gridmill, "convert", tmp_path / "x.zarr", tmp_path / "y.zarr")
    got = opened(array_in(tmp_path / "y.zarr"), open=True).result().read().result()
    assert got.dtype == wanted.dtype
    if name in INTEGERS:
        np.testing.assert_array_equal(got.astype(int), wanted.astype(int))
    else:
        assert got.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("chain", ["shards", "shards in shards", "transposed shards"])
@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "int4"])
def test_shards_are_written_for_tensorstore(gridmill, tmp_path, name, chain):
    """Codes are made inside the innermost shard, wherever that is."""
    codecs = fits(name, CHAINS[chain])
    source = opened(tmp_path / "x.zarr", create=True, metadata={
        "data_type": name, "shape": SHAPE, "fill_value": 1,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": SHAPE}}}).result()
    made = block(name)
    made[8:16] = 1  # shards, and what lies in them, that are left out
    made[:2, :, :5] = 1
    source[...] = made
    chunks = ",".join(f"dim_{d}={extent}" for d, extent in enumerate(CHUNK))
    run(gridmill, "convert", tmp_path / "x.zarr", tmp_path / "y.zarr", "--chunks", chunks,
        "--codec", json.dumps(codecs))
    ours = array_in(tmp_path / "y.zarr")
    kept = json.loads((ours / "zarr.json").read_text())
    assert kept["data_type"] == name and kept["codecs"][-1]["name"] == "sharding_indexed"
    wanted = values(name, codes_of(made, name))
    got = opened(ours, open=True).result().read().result()
    same(values(name, codes_of(got, name)), wanted)
    same(dumped(gridmill, tmp_path / "y.zarr", wanted), wanted)


def test_bfloat16_of_the_other_byte_order(gridmill, tmp_path):
    big = {"name": "bytes", "configuration": {"endian": "big"}}
    source = opened(tmp_path / "x.zarr", create=True, metadata={
        "data_type": "bfloat16", "shape": SHAPE, "codecs": [big]}).result()
    made = block("bfloat16")
    source[...] = made
    same(dumped(gridmill, tmp_path / "x.zarr", made.astype(np.float32)), made.astype(np.float32))
    run(gridmill, "convert", tmp_path / "x.zarr", tmp_path / "y.zarr", "--codec",
        json.dumps([big]))
    ours = array_in(tmp_path / "y.zarr")
    assert json.loads((ours / "zarr.json").read_text())["codecs"] == [big]
    assert opened(ours, open=True).result().read().result().tobytes() == made.tobytes()


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("name", SHARED)
def test_tensorstores_v2(gridmill, tmp_path, name, order):
    """It names these types in v2 as in v3, and is alone in that."""
    source = opened(tmp_path / "x.zarr", "zarr", create=True, dtype=name, metadata={
        "shape": SHAPE, "chunks": CHUNK, "order": order,
        "compressor": {"id": "zlib", "level": 1}}).result()
    made = block(name)
    source[...] = made
    wanted = values(name, codes_of(made, name))
    same(dumped(gridmill, tmp_path / "x.zarr", wanted), wanted)
    run(gridmill, "convert", tmp_path / "x.zarr", tmp_path / "y.zarr", "--zarr-format", 2)
    (path,) = [path.parent for path in (tmp_path / "y.zarr").rglob(".zarray")]
    got = opened(path, "zarr", open=True).result().read().result()
    assert got.dtype == made.dtype
    same(values(name, codes_of(got, name)), wanted)


def codes_of(array, name):
    return array.view(np.uint16 if bits(name) == 16 else np.uint8)


# ---- fill values ----

FILLS = [
    ("bfloat16", ["NaN", "Infinity", "-Infinity", "0x7fc1", "0xff81", 0.3, -0.0, 1e-40, 3.3e38]),
    ("float8_e3m4", ["NaN", "0x7f", "-Infinity", 0.3, "0x01"]),
    ("float8_e4m3b11fnuz", ["NaN", 0.1, -30]),
    ("float8_e4m3fn", ["NaN", "0xff", 0.3, 448]),
    ("float8_e4m3fnuz", ["NaN", 0.2, "0x01"]),
    ("float8_e5m2", ["NaN", "0x7d", "Infinity", 0.2, 57344]),
    ("float8_e5m2fnuz", ["NaN", 3]),
    ("float8_e8m0fnu", ["NaN", 0.0, "0x00", "0x80"]),
    ("float4_e2m1fn", ["0x0f", "0xff", 0.3, 6, -0.0]),
    ("int4", [-8, 7, 0, 3.0]),
    ("int2", [-2, 1]),
]
FILL_CASES = [(name, fill) for name, fills in FILLS for fill in fills]


@pytest.mark.parametrize("name, fill", FILL_CASES, ids=[f"{n}={f}" for n, f in FILL_CASES])
def test_fill_values_are_tensorstores(gridmill, tmp_path, name, fill):
    codecs = [LITTLE] if bits(name) == 16 else [{"name": "bytes"}]
    write_document(tmp_path / "x.zarr" / "zarr.json", document(name, (3,), (2,), codecs, fill))
    wanted = opened(tmp_path / "x.zarr", open=True).result().read().result()
    numbers = values(name, codes_of(wanted, name))
    same(dumped(gridmill, tmp_path / "x.zarr", numbers), numbers)
    run(gridmill, "convert", tmp_path / "x.zarr", tmp_path / "y.zarr")
    ours = array_in(tmp_path / "y.zarr")
    got = opened(ours, open=True).result().read().result()
    mask = (1 << bits(name)) - 1
    np.testing.assert_array_equal(codes_of(got, name) & mask, codes_of(wanted, name) & mask)
    assert not (ours / "c").exists()  # absent chunks stay absent


@pytest.mark.parametrize("name, fill", [
    ("bfloat16", "0x7fc"), ("bfloat16", 1e39), ("float8_e4m3fn", "Infinity"),
    ("float4_e2m1fn", "NaN"), ("float4_e2m1fn", 7), ("float8_e8m0fnu", -1), ("float8_e5m2", "0x7"),
    ("int4", 8), ("int2", -3), ("uint4", -1), ("uint2", 4), ("int4", 0.5), ("uint4", "0x1"),
])
def test_no_value_of_the_type(gridmill, tmp_path, name, fill):
    write_document(tmp_path / "x.zarr" / "zarr.json", document(name, (3,), (2,), [LITTLE], fill))
    done = gridmill("dump", tmp_path / "x.zarr", "--raw")
    assert done.returncode != 0 and "is no value of" in done.stderr and "fill_value" in done.stderr


# ---- cast_value ----

MODES = ["nearest-even", "towards-zero", "towards-positive", "towards-negative", "nearest-away"]
# For others the package doesn't know where the next number is.
CAST = ["bfloat16", "float8_e3m4", "float8_e4m3", "float8_e5m2", "float6_e2m3fn", "float6_e3m2fn",
        "float4_e2m1fn"]


def numbers_around(name):
    """Numbers inside of a type's range, and just between two of its own."""
    own = np.unique(values(name, codes(name)))
    own = own[np.isfinite(own) & (np.abs(own) <= 6)].astype(np.float64)
    between = (own[1:] + own[:-1]) / 2
    random = np.random.default_rng(6).normal(size=2000).clip(-6, 6)
    made = np.concatenate([own, between, random])
    made = made[np.abs(made) > 1e-30].astype(np.float32)  # no subnormal float32
    if name == "float8_e8m0fnu":  # nor zero, nor what is negative
        return np.abs(made)
    return np.concatenate([made, np.float32([0.0, -0.0])])


def cast_into(gridmill, tmp_path, data, **configuration):
    """The chunk that `convert` writes, and what `dump` reads of it."""
    write(tmp_path / "in.zarr" / "x", data.dtype.name, data)
    write_document(tmp_path / "in.zarr" / "zarr.json", {"zarr_format": 3, "node_type": "group"})
    out = tmp_path / "out.zarr"
    run(gridmill, "convert", tmp_path / "in.zarr", out, "--chunks", "dim_0=all", "--codec",
        json.dumps([{"name": "cast_value", "configuration": configuration}]))
    meta = json.loads((out / "x" / "zarr.json").read_text())
    assert meta["data_type"] == data.dtype.name
    assert [codec["name"] for codec in meta["codecs"]] == ["cast_value", "bytes"]
    return (out / "x" / "c" / "0").read_bytes(), dumped(gridmill, f"{out}#/x", data)


@pytest.mark.parametrize("rounding", MODES)
@pytest.mark.parametrize("name", CAST)
def test_numbers_are_cast_as_told(gridmill, tmp_path, name, rounding):
    data = numbers_around(name)
    wanted = cast_array(data.astype(np.float64), target_dtype=dtype(name), rounding_mode=rounding,
                        out_of_range_mode=None, scalar_map_entries=None)
    chunk, back = cast_into(gridmill, tmp_path, data, data_type=name, rounding=rounding)
    np.testing.assert_array_equal(np.frombuffer(chunk, codes(name).dtype), codes_of(wanted, name))
    same(back, values(name, codes_of(wanted, name)))


@pytest.mark.parametrize("name", FLOATS)
def test_the_nearest_is_numpys(gridmill, tmp_path, name):
    data = numbers_around(name)
    with np.errstate(all="ignore"):
        wanted = data.astype(dtype(name))
    chunk, _ = cast_into(gridmill, tmp_path, data, data_type=name)
    np.testing.assert_array_equal(np.frombuffer(chunk, codes(name).dtype), codes_of(wanted, name))


def test_a_narrow_array_is_cast_to_integers_and_back(gridmill, tmp_path):
    data = np.arange(-300, 300, dtype=np.int16)  # from 256 on not each is a bfloat16
    scale = {"name": "cast_value", "configuration": {"data_type": "int16"}}
    write(tmp_path / "x.zarr", "bfloat16", data, [scale, LITTLE])
    wanted = data.astype(dtype("bfloat16")).astype(np.float32)
    same(dumped(gridmill, tmp_path / "x.zarr", wanted), wanted)


@pytest.mark.parametrize("name", ["float8_e3m4", "float8_e4m3", "float8_e5m2"])
def test_what_is_clamped_is_infinite_where_it_can_be(gridmill, tmp_path, name):
    last = float(ml_dtypes.finfo(dtype(name)).max)
    data = np.float32([last, last * 1.001, last * 4, -last * 1.001, -last * 4, 1])
    with np.errstate(over="ignore"):
        wanted = data.astype(dtype(name))
    assert np.isinf(wanted.astype(np.float32)).tolist() == [False, False, True, False, True, False]
    chunk, _ = cast_into(gridmill, tmp_path, data, data_type=name, out_of_range="clamp")
    np.testing.assert_array_equal(np.frombuffer(chunk, np.uint8), codes_of(wanted, name))


def test_a_fill_value_that_can_not_be_cast_is_refused(gridmill, tmp_path):
    cast = {"name": "cast_value", "configuration": {"data_type": "int16"}}
    write(tmp_path / "x.zarr", "float32", np.int16([1, 2]), [cast, LITTLE], fill="NaN")
    done = gridmill("dump", tmp_path / "x.zarr", "--raw")
    assert done.returncode == 3 and "cast_value" in done.stderr and "fill_value" in done.stderr
    cast["configuration"]["scalar_map"] = {"encode": [["NaN", -1]], "decode": [[-1, "NaN"]]}
    write_document(tmp_path / "x.zarr" / "zarr.json",
                   document("float32", (2,), (2,), [cast, LITTLE], "NaN"))
    same(dumped(gridmill, tmp_path / "x.zarr", np.float32([0, 0])), np.float32([1, 2]))
    data = np.float32([1, 2])
    write(tmp_path / "in.zarr" / "x", "float32", data, fill="NaN")
    write_document(tmp_path / "in.zarr" / "zarr.json", {"zarr_format": 3, "node_type": "group"})
    done = gridmill("convert", tmp_path / "in.zarr", tmp_path / "out.zarr", "--codec",
                    json.dumps([{"name": "cast_value", "configuration": {"data_type": "int16"}}]))
    assert done.returncode == 2 and "scalar_map" in done.stderr


# ---- where there is no such type ----

def test_v2_has_the_numbers(gridmill, tmp_path):
    for name in ["bfloat16", "float8_e5m2", "int4", "uint2"]:
        source, out = tmp_path / f"{name}.zarr", tmp_path / f"{name}-2.zarr"
        stored = codes(name)
        write(source / "x", name, stored)
        write_document(source / "zarr.json", {"zarr_format": 3, "node_type": "group"})
        run(gridmill, "convert", source, out, "--zarr-format", 2, "--codec", "none", "--chunks",
            "dim_0=all")
        same(read_plain(out, "x"), values(name, stored))


def test_netcdf_has_the_numbers(gridmill, tmp_path):
    stored = codes("bfloat16")
    write(tmp_path / "x.zarr" / "t", "bfloat16", stored)
    write_document(tmp_path / "x.zarr" / "zarr.json", {"zarr_format": 3, "node_type": "group"})
    run(gridmill, "convert", tmp_path / "x.zarr", tmp_path / "x.nc")
    with netCDF4.Dataset(tmp_path / "x.nc") as file:
        file.set_auto_mask(False)
        same(np.asarray(file["t"][...]), values("bfloat16", stored))


def test_codecs_that_reckon_are_refused_by_name(gridmill, tmp_path):
    scale = {"name": "scale_offset", "configuration": {"offset": 1, "scale": 2}}
    write(tmp_path / "x.zarr", "float8_e4m3", codes("float8_e4m3"), [scale, LITTLE])
    done = gridmill("dump", tmp_path / "x.zarr", "--raw")
    assert done.returncode != 0
    assert "scale_offset" in done.stderr and "float8_e4m3" in done.stderr


def test_members_of_records_are_refused_by_name(gridmill, tmp_path):
    record = {"name": "struct", "configuration": {"fields": [
        {"name": "a", "data_type": "bfloat16"}]}}
    write(tmp_path / "x.zarr", record, codes("bfloat16"), fill={"a": 0})
    done = gridmill("dump", tmp_path / "x.zarr", "--raw")
    assert done.returncode != 0 and "bfloat16" in done.stderr
