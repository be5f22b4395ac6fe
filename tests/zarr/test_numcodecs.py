"""numcodecs' filters and codecs go both ways between Gridmill and zarr-python, v2 and v3.

zarr-python writes arrays with each of them, `gridmill dump --raw` gives the bytes that zarr-python
reads; `gridmill convert --codec JSON` writes, zarr-python reads the same values.
"""

import json
import warnings

import numcodecs
import numpy as np
import pytest
import zarr
import zarr.codecs.numcodecs as v3

SHAPE, CHUNKS = (19, 7, 11), (8, 7, 5)
INTEGERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
FLOATS = ["f2", "f4", "f8"]

# What is written, for which data types. Each filter is a numcodecs configuration.
FILTERS = {
    "delta": (INTEGERS + FLOATS, [{"id": "delta", "dtype": "{dtype}"}]),
    "delta-wider": (["i2", "u2"], [{"id": "delta", "dtype": "{dtype}", "astype": "{order}i4"}]),
    "fixedscaleoffset": (FLOATS, [{"id": "fixedscaleoffset", "offset": -3, "scale": 10,
                                   "dtype": "{dtype}", "astype": "{order}i2"}]),
    "fixedscaleoffset-integers": (["i2", "i4"], [{"id": "fixedscaleoffset", "offset": 1.5,
                                                  "scale": 0.5, "dtype": "{dtype}"}]),
    "quantize": (FLOATS, [{"id": "quantize", "digits": 1, "dtype": "{dtype}"}]),
    "quantize-negative": (["f4"], [{"id": "quantize", "digits": -1, "dtype": "{dtype}"}]),
    "bitround": (FLOATS, [{"id": "bitround", "keepbits": 5}]),
    "astype-narrower": (["f8", "f4"], [{"id": "astype", "encode_dtype": "{order}f2",
                                        "decode_dtype": "{dtype}"}]),
    "astype-integers": (["i8", "u2"], [{"id": "astype", "encode_dtype": "{order}f4",
                                        "decode_dtype": "{dtype}"}]),
    "packbits": (["b1"], [{"id": "packbits"}]),
    "two": (["f8"], [{"id": "fixedscaleoffset", "offset": 0, "scale": 4, "dtype": "{dtype}",
                      "astype": "{order}i4"},
                     {"id": "delta", "dtype": "{order}i4"}]),
}
CASES = [(name, dtype) for name, (dtypes, _) in FILTERS.items() for dtype in dtypes]


def configurations(name, dtype):
    order = np.dtype(dtype).str[0].replace("|", "<")
    text = json.dumps(FILTERS[name][1])
    return json.loads(text.replace("{dtype}", np.dtype(dtype).str).replace("{order}", order))


def values(dtype):
    random = np.random.default_rng(1)
    kind = np.dtype(dtype).kind
    if kind == "f":
        return (random.standard_normal(SHAPE) * 100).astype(dtype)
    return random.integers(0, 2 if kind == "b" else 100, SHAPE).astype(dtype)


def quiet():
    """zarr-python warns of every numcodecs codec in v3, whoever wrote it."""
    guard = warnings.catch_warnings()
    guard.__enter__()
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", message="Numcodecs codecs are not in the Zarr version 3")
    return guard


def write(store, dtype, data, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        group = zarr.open_group(store, mode="w", zarr_format=options.pop("zarr_format"))
        array = group.create_array("x", shape=data.shape, dtype=dtype, chunks=CHUNKS, **options)
        array[...] = data


def read(store):
    guard = quiet()
    try:
        return zarr.open_group(store, mode="r")["x"][...]
    finally:
        guard.__exit__(None, None, None)


def dumped(gridmill, store, tmp_path):
    out = tmp_path / "x.raw"
    run = gridmill("dump", f"{store}#/x", "--raw", "-o", out, "--overwrite")
    assert run.returncode == 0, run.stderr
    return out.read_bytes()


def little(data):
    return data.astype(data.dtype.newbyteorder("<")).tobytes()


# numcodecs rounds the bits of the machine's byte order alone.
ENDIAN_CASES = [(*case, endian) for case in CASES for endian in "<>"
                if (case[0], endian) != ("bitround", ">")]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("name,dtype,endian", ENDIAN_CASES)
def test_reads_v2_filters(gridmill, tmp_path, name, dtype, endian, order):
    typed = np.dtype(dtype).newbyteorder(endian)
    filters = [numcodecs.get_codec(one) for one in configurations(name, typed)]
    for compressor in [None, numcodecs.Blosc("lz4", 5, 1)]:
        store = tmp_path / "in.zarr"
        write(store, typed, values(dtype), zarr_format=2, order=order, filters=filters,
              compressors=compressor)
        assert dumped(gridmill, store, tmp_path) == little(read(store))


@pytest.mark.parametrize("name,dtype", CASES)
def test_reads_v3_filters(gridmill, tmp_path, name, dtype):
    kinds = {"delta": v3.Delta, "fixedscaleoffset": v3.FixedScaleOffset, "quantize": v3.Quantize,
             "bitround": v3.BitRound, "astype": v3.AsType, "packbits": v3.PackBits}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        filters = [kinds[one.pop("id")](**one) for one in configurations(name, dtype)]
    store = tmp_path / "in.zarr"
    write(store, dtype, values(dtype), zarr_format=3, filters=filters)
    assert dumped(gridmill, store, tmp_path) == little(read(store))


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("name,dtype", CASES)
def test_writes_filters(gridmill, tmp_path, name, dtype, zarr_format):
    data = values(dtype)
    write(tmp_path / "in.zarr", dtype, data, zarr_format=3)
    codecs = configurations(name, dtype) + [{"id": "zstd", "level": 1}]
    out = tmp_path / "out.zarr"
    run = gridmill("convert", tmp_path / "in.zarr", out, "--zarr-format", zarr_format, "--codec",
                   json.dumps(codecs), "--chunks", "dim_0=8,dim_1=7,dim_2=5")
    assert run.returncode == 0, run.stderr
    # The oracle: what numcodecs itself makes of the values, chunk by chunk.
    wanted = tmp_path / "wanted.zarr"
    filters = [numcodecs.get_codec(one) for one in configurations(name, dtype)]
    write(wanted, dtype, data, zarr_format=2, filters=filters)
    assert read(out).tobytes() == read(wanted).tobytes()
    assert dumped(gridmill, out, tmp_path) == little(read(out))


def test_a_filter_that_would_lose_values_is_refused(gridmill, tmp_path):
    data = np.full(SHAPE, 300.0, "f4")
    data[3, 3, 3] = np.nan
    write(tmp_path / "in.zarr", "f4", data, zarr_format=3)
    codec = [{"id": "fixedscaleoffset", "offset": 0, "scale": 1, "dtype": "<f4", "astype": "<i2"}]
    run = gridmill("convert", tmp_path / "in.zarr", tmp_path / "out.zarr", "--codec",
                   json.dumps(codec), "--zarr-format", 2)
    assert run.returncode == 2
    assert "nan does not fit into int16" in run.stderr


def test_refuses_pickle_by_name(gridmill, tmp_path):
    codec = "pickle"
    store = tmp_path / "in.zarr"
    write(store, "f4", values("f4"), zarr_format=2)
    document = json.loads((store / "x/.zarray").read_text())
    document["filters"] = [{"id": codec}]
    (store / "x/.zarray").write_text(json.dumps(document))
    run = gridmill("dump", f"{store}#/x", "--raw", "-o", tmp_path / "x")
    assert run.returncode == 1
    assert codec in run.stderr and "recode the data" in run.stderr


TEXTS = np.array(["a", "", "bé", "日本", "x\"y\\z"], dtype=object)


def text_values(dtype):
    random = np.random.default_rng(2)
    return random.choice(TEXTS, size=SHAPE).astype(dtype)


OBJECTS = {"json2": numcodecs.JSON(), "msgpack2": numcodecs.MsgPack()}


@pytest.mark.parametrize("dtype", ["O", "U3", "f4", "i8", "b1"])
@pytest.mark.parametrize("codec", OBJECTS)
def test_object_codecs(gridmill, tmp_path, codec, dtype):
    """zarr-python has no data types for them; the oracle is numcodecs, chunk by chunk."""
    data = text_values(dtype if dtype == "O" else "U4") if dtype in ("O", "U3") else values(dtype)
    source = tmp_path / "in.zarr"
    write(source, str if dtype == "O" else data.dtype, data, zarr_format=3)
    out = tmp_path / "out.zarr"
    run = gridmill("convert", source, out, "--zarr-format", 2, "--codec",
                   json.dumps([OBJECTS[codec].get_config()]),
                   "--chunks", "dim_0=19,dim_1=7,dim_2=11")
    assert run.returncode == 0, run.stderr
    chunk = next(out.glob("x/0*0*0"))
    assert OBJECTS[codec].decode(chunk.read_bytes()).tolist() == data.tolist()
    chunk.write_bytes(OBJECTS[codec].encode(data))
    cells = []
    for store in [source, out]:
        run = gridmill("dump", f"{store}#/x", "-o", tmp_path / "cells", "--overwrite")
        assert run.returncode == 0, run.stderr
        cells.append((tmp_path / "cells").read_bytes())
    assert cells[0] == cells[1]


def write_objects(store, codec, elements, chunk, shape):
    """One chunk of |O: zarr-python 3 has no data type for it."""
    document = {"zarr_format": 2, "shape": shape, "chunks": shape, "dtype": "|O", "fill_value": "",
                "order": "C", "filters": [codec.get_config()], "compressor": None}
    part = np.empty(len(elements), dtype=object)
    for i, element in enumerate(elements):
        part[i] = element
    (store / "x").mkdir(parents=True)
    (store / ".zgroup").write_text('{"zarr_format": 2}')
    (store / "x/.zarray").write_text(json.dumps(document))
    (store / "x" / chunk).write_bytes(codec.encode(part.reshape(shape)))


MIXED = ["a", None, 7, 2**63 - 1, 0.5, True, [], [1, "b", None], {"c": [1.5]}, "é", "", -1]


@pytest.mark.parametrize("shape", [[12], [3, 4]])
@pytest.mark.parametrize("codec", OBJECTS)
def test_other_objects_are_read_as_json(gridmill, tmp_path, codec, shape):
    """Arrays have no such elements: beside texts they become the texts of their JSON, and null an empty one, as
    numcodecs' own codec of texts writes it."""
    store, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    write_objects(store, OBJECTS[codec], MIXED, "0.0"[:2 * len(shape) - 1], shape)
    wanted = [e if isinstance(e, str) else json.dumps(e, separators=(",", ":")) for e in MIXED]
    texts = np.array(["a", None], object)
    wanted[MIXED.index(None)] = numcodecs.VLenUTF8().decode(numcodecs.VLenUTF8().encode(texts))[1]
    assert wanted[1] == ""
    run = gridmill("dump", f"{store}#/x", "--json")
    assert run.returncode == 0, run.stderr
    assert np.array(json.loads(run.stdout), dtype=object).ravel().tolist() == wanted
    run = gridmill("convert", store, out)
    assert run.returncode == 0 and "x: its codec keeps any objects; null among the texts" in run.stderr
    assert read(out).ravel().tolist() == wanted
    assert gridmill("verify", out, "--against", store).returncode == 0


def test_bytes_among_texts_are_refused_by_name(gridmill, tmp_path):
    write_objects(tmp_path / "in.zarr", OBJECTS["msgpack2"], ["a", b"bc"], "0", [2])
    run = gridmill("dump", f"{tmp_path}/in.zarr#/x")
    assert run.returncode == 1 and "msgpack2" in run.stderr and "vlen-bytes" in run.stderr


ROWS = {
    "i4": [[1, -2, 2**31 - 1], [], [7]], ">i4": [[1, -2], [], [3]], "u8": [[2**64 - 1], [], [0, 1]],
    "i1": [[-128, 127], [], [5]], "f4": [[0.1, -1e30, 3.0], [], [1e-45]], "f2": [[0.1], [], [65504]],
    "f8": [[0.1, 1e300], [], [-0.0]], "b1": [[True, False], [], [True]],
}


def write_rows(store, dtype, rows, chunks=(2,)):
    """An object array in chunks, by numcodecs: zarr-python 3 has no data type for it."""
    codec = numcodecs.VLenArray(dtype)
    document = {"zarr_format": 2, "shape": [len(rows)], "chunks": list(chunks), "dtype": "|O",
                "fill_value": 0, "order": "C", "filters": [codec.get_config()],
                "compressor": {"id": "zstd", "level": 1}}
    (store / "x").mkdir(parents=True)
    (store / ".zgroup").write_text('{"zarr_format": 2}')
    (store / "x/.zarray").write_text(json.dumps(document))
    padded = rows + [[]] * (-len(rows) % chunks[0])
    for number in range(len(padded) // chunks[0]):
        part = np.empty(chunks[0], dtype=object)
        for i, row in enumerate(padded[number * chunks[0]:][:chunks[0]]):
            part[i] = np.array(row, dtype)
        (store / "x" / str(number)).write_bytes(numcodecs.Zstd(1).encode(codec.encode(part)))


@pytest.mark.parametrize("dtype", ROWS)
def test_rows_of_vlen_array_are_read_as_json(gridmill, tmp_path, dtype):
    """Arrays have no such elements: they become texts, in a converted store, too."""
    store, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    write_rows(store, dtype, ROWS[dtype])
    wanted = [np.array(row, dtype).tolist() for row in ROWS[dtype]]
    run = gridmill("dump", f"{store}#/x", "--json")
    assert run.returncode == 0, run.stderr
    assert [json.loads(text) for text in json.loads(run.stdout)] == wanted
    assert gridmill("convert", store, out).returncode == 0
    assert [json.loads(text) for text in read(out)] == wanted
    assert gridmill("verify", out, "--against", store).returncode == 0


@pytest.mark.parametrize("dtype", ROWS)
def test_rows_of_vlen_array_are_written(gridmill, tmp_path, dtype):
    """numcodecs decodes what we write to the rows that it wrote."""
    store, texts, out = tmp_path / "in.zarr", tmp_path / "texts.zarr", tmp_path / "out.zarr"
    write_rows(store, dtype, ROWS[dtype])
    codec = numcodecs.VLenArray(np.dtype(dtype))
    chain = json.dumps([codec.get_config(), {"id": "gzip", "level": 1}])
    assert gridmill("convert", store, texts).returncode == 0
    for number, source in enumerate((store, texts)):
        run = gridmill("convert", source, out, "--zarr-format", 2, "--codec", chain, "--overwrite")
        assert run.returncode == 0, run.stderr
        found = []
        for path in sorted((out / "x").glob("[0-9]*"), key=lambda path: int(path.name)):
            found += list(codec.decode(numcodecs.GZip(1).decode(path.read_bytes())))
        for row, wanted in zip(found, ROWS[dtype]):
            assert row.dtype == np.dtype(dtype)
            np.testing.assert_array_equal(row, np.array(wanted, dtype))
        assert len(found) >= len(ROWS[dtype])
    run = gridmill("convert", texts, tmp_path / "v3.zarr", "--codec", chain)
    assert run.returncode != 0 and "vlen-array" in run.stderr, run.stderr


def test_texts_that_are_no_rows_are_refused(gridmill, tmp_path):
    for number, text in enumerate(["[1, 2", "7", "[1.5]", "[300]", '["a"]', "[[1]]", "[true]"]):
        source = tmp_path / f"{number}.zarr"
        array = zarr.create_array(source, shape=(2,), dtype=str, zarr_format=2)
        array[:] = np.array(["[1,2]", text], dtype=object)
        chain = json.dumps([numcodecs.VLenArray("u1").get_config()])
        run = gridmill("convert", source, tmp_path / "out.zarr", "--zarr-format", 2, "--codec", chain)
        assert run.returncode == 2 and text in run.stderr and "uint8" in run.stderr, run.stderr
        assert not (tmp_path / "out.zarr").exists()


def test_a_damaged_vlen_array_is_named(gridmill, tmp_path):
    store = tmp_path / "in.zarr"
    write_rows(store, "i4", ROWS["i4"])
    good = numcodecs.Zstd(1).decode((store / "x/0").read_bytes())
    for bad in [good[:-1], good[:3], good + b"0", b"\xff" * 4 + good[4:], good[:4] + b"\x0b" + good[5:]]:
        (store / "x/0").write_bytes(numcodecs.Zstd(1).encode(bad))
        run = gridmill("dump", f"{store}#/x", "--json")
        assert run.returncode != 0 and "vlen-array" in run.stderr, run.stderr


def test_categorize(gridmill, tmp_path):
    data = text_values("U5")
    codec = numcodecs.Categorize(labels=[one for one in TEXTS if one], dtype="<U5", astype="<i2")
    store = tmp_path / "in.zarr"
    write(store, data.dtype, data, zarr_format=2, filters=[codec], compressors=numcodecs.Zlib(1))
    assert dumped(gridmill, store, tmp_path) == little(data)
    out = tmp_path / "out.zarr"
    run = gridmill("convert", store, out, "--zarr-format", 2, "--codec",
                   json.dumps([codec.get_config(), {"id": "gzip", "level": 1}]))
    assert run.returncode == 0, run.stderr
    assert read(out).tolist() == data.tolist()


ZFPY = [{"mode": 4, "tolerance": 0.01}, {"mode": 2, "rate": 11.5}, {"mode": 3, "precision": 17},
        {"mode": 4, "tolerance": -1}]
# A tolerance is for floats.
ZFPY_CASES = [(number, dtype) for number, mode in enumerate(ZFPY) for dtype in ["f4", "f8", "i4", "i8"]
              if dtype[0] == "f" or mode.get("tolerance", -1) < 0]


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("number,dtype", ZFPY_CASES)
def test_zfpy(gridmill, tmp_path, number, dtype, zarr_format):
    data = values(dtype)
    store = tmp_path / "in.zarr"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if zarr_format == 2:
            codecs = {"filters": None, "compressors": numcodecs.zfpy.ZFPY(**ZFPY[number])}
        else:
            codecs = {"serializer": v3.ZFPY(**ZFPY[number]), "compressors": None}
    write(store, dtype, data, zarr_format=zarr_format, **codecs)
    assert dumped(gridmill, store, tmp_path) == little(read(store))
    out = tmp_path / "out.zarr"
    codec = ({"id": "zfpy", **ZFPY[number]} if zarr_format == 2 else
             {"name": "numcodecs.zfpy", "configuration": ZFPY[number]})
    run = gridmill("convert", store, out, "--zarr-format", zarr_format, "--codec",
                   json.dumps([codec]), "--chunks", "dim_0=8,dim_1=7,dim_2=5")
    assert run.returncode == 0, run.stderr
    wanted = tmp_path / "wanted.zarr"  # what the peer makes of the values that it read
    write(wanted, dtype, read(store), zarr_format=zarr_format, **codecs)
    assert read(out).tobytes() == read(wanted).tobytes()


CASTS = [
    ("f8", {"data_type": "int8", "rounding": "towards-zero", "out_of_range": "clamp"}),
    ("f4", {"data_type": "int16", "rounding": "nearest-even"}),
    ("f8", {"data_type": "float32"}),
    ("f8", {"data_type": "float16"}),
    ("f4", {"data_type": "int16", "rounding": "towards-positive"}),
    ("f4", {"data_type": "int32", "rounding": "towards-negative"}),
    ("f4", {"data_type": "uint8", "out_of_range": "wrap"}),
    ("i4", {"data_type": "int8", "out_of_range": "wrap"}),
    ("u2", {"data_type": "float64"}),
]


@pytest.mark.parametrize("number", range(len(CASTS)))
def test_cast_value(gridmill, tmp_path, number):
    from cast_value import CastValueNumpyV1

    dtype, configuration = CASTS[number]
    data = values(dtype)
    store = tmp_path / "in.zarr"
    write(store, dtype, data, zarr_format=3, filters=[CastValueNumpyV1(**configuration)])
    assert dumped(gridmill, store, tmp_path) == little(read(store))
    write(tmp_path / "plain.zarr", dtype, data, zarr_format=3)
    out = tmp_path / "out.zarr"
    run = gridmill("convert", tmp_path / "plain.zarr", out, "--codec",
                   json.dumps([{"name": "cast_value", "configuration": configuration}, "zstd"]))
    assert run.returncode == 0, run.stderr
    assert read(out).tobytes() == read(store).tobytes()
