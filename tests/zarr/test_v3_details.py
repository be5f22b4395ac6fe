"""What the core of Zarr v3 says of extensions and of names, to the letter."""

import json

import numpy as np
import pytest
import zarr


def make(store, **options):
    root = zarr.open_group(store, mode="w", zarr_format=3)
    return root.create_array("x", data=np.arange(6.0).reshape(2, 3), **options)


def document(node):
    return json.loads((node / "zarr.json").read_text())


def change(node, **members):
    (node / "zarr.json").write_text(json.dumps({**document(node), **members}))


@pytest.mark.parametrize("member", ["data_type", "chunk_grid", "chunk_key_encoding"])
def test_what_can_not_be_left_aside(gridmill, tmp_path, member):
    make(tmp_path / "in.zarr")
    value = document(tmp_path / "in.zarr/x")[member]
    value = {"name": value} if isinstance(value, str) else value
    change(tmp_path / "in.zarr/x", **{member: {**value, "must_understand": True}})
    assert gridmill("dump", f"{tmp_path}/in.zarr#/x").returncode == 0
    change(tmp_path / "in.zarr/x", **{member: {**value, "must_understand": False}})
    run = gridmill("dump", f"{tmp_path}/in.zarr#/x")
    assert run.returncode == 3 and member in run.stderr and "must_understand" in run.stderr


@pytest.mark.parametrize("node", ["", "x"])
def test_what_is_left_aside_is_told(gridmill, tmp_path, node):
    source, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    make(source)
    change(source / node, surprise={"name": "surprise", "must_understand": False})
    run = gridmill("convert", source, out)
    assert run.returncode == 0, run.stderr
    assert "surprise" in run.stdout + run.stderr
    change(source / node, surprise={"name": "surprise"})
    run = gridmill("convert", source, out, "--overwrite")
    assert run.returncode == 1 and "surprise" in run.stderr


@pytest.mark.parametrize("names, said", [
    (None, ["y", "x"]), (["y", "x"], ["a", "b"]), (["y", "x"], ["y"]), ([None, "x"], ["y", "x"]),
])
def test_the_attribute_of_dimensions_is_one_like_others(gridmill, tmp_path, names, said):
    """v3 knows dimension_names alone."""
    source, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    make(source, dimension_names=names, attributes={"_ARRAY_DIMENSIONS": said, "units": "K"})
    run = gridmill("convert", source, out, "--zarr-format", 3)
    assert run.returncode == 0, run.stderr
    assert document(out / "x")["attributes"] == {"_ARRAY_DIMENSIONS": said, "units": "K"}
    assert document(out / "x").get("dimension_names") == names
    run = gridmill("convert", source, out, "--zarr-format", 2, "--overwrite")
    assert run.returncode == 0, run.stderr
    kept = json.loads((out / "x/.zattrs").read_text())["_ARRAY_DIMENSIONS"]
    is_named = names is not None and None not in names
    assert kept == (names if is_named else said)
    assert ("gives way" in run.stdout + run.stderr) == is_named


@pytest.mark.parametrize("names", [[None, ""], ["", "x"], ["", ""], [None, "x"]])
def test_no_name_and_an_empty_one_differ(gridmill, tmp_path, names):
    source, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    make(source)
    change(source / "x", dimension_names=names)
    for words in (["convert"], ["rechunk", "--chunks", "all"]):
        run = gridmill(words[0], source, out, *words[1:], "--overwrite")
        assert run.returncode == 0, run.stderr
        assert document(out / "x")["dimension_names"] == names


def test_v2_tells_which_names_it_loses(gridmill, tmp_path):
    source, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    make(source, dimension_names=(None, "lon"))
    run = gridmill("convert", source, out, "--zarr-format", 2)
    assert run.returncode == 0, run.stderr
    assert "lon lost its name" in run.stdout + run.stderr
    assert "_ARRAY_DIMENSIONS" not in json.loads((out / "x/.zattrs").read_text())


def test_absent_chunks_stay_absent_where_v2_has_the_same_fill(gridmill, tmp_path):
    """Without a _FillValue v2 may have none: xarray would mask by it. Then zeros are written."""
    source, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    root = zarr.open_group(source, mode="w", zarr_format=3)
    for name, attributes in {"masked": {"_FillValue": -9}, "plain": {}}.items():
        array = root.create_array(name, shape=(6,), chunks=(2,), dtype="i4", attributes=attributes,
                                  fill_value=-9 if attributes else 0)
        array[:2] = [1, 2]
    run = gridmill("convert", source, out, "--zarr-format", 2, "--chunks", "dim_0=2")
    assert run.returncode == 0, run.stderr
    found = zarr.open_group(out, mode="r")
    assert found["masked"].nchunks_initialized == 1 and found["masked"].fill_value == -9
    assert found["masked"][:].tolist() == [1, 2, -9, -9, -9, -9]
    assert found["plain"][:].tolist() == [1, 2, 0, 0, 0, 0]


def test_codecs_as_json_for_one_variable(gridmill, tmp_path):
    source, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    root = zarr.open_group(source, mode="w", zarr_format=3)
    for name in ("x", "y"):
        root.create_array(name, data=np.arange(6000.0).reshape(60, 100), chunks=(7, 9))
    chain = [{"name": "bytes", "configuration": {"endian": "big"}},
             {"name": "gzip", "configuration": {"level": 2}}]
    run = gridmill("convert", source, out, "--codec", f"x:{json.dumps(chain)}", "--codec", "zstd:3",
                   "--chunks", "all", "--chunks", "y:dim_0=30,dim_1=all")
    assert run.returncode == 0, run.stderr
    assert document(out / "x")["codecs"] == chain
    assert document(out / "y")["codecs"][1]["name"] == "zstd"
    found = zarr.open_group(out, mode="r")
    assert found["x"].chunks == (60, 100) and found["y"].chunks == (30, 100)
    for name in ("x", "y"):
        np.testing.assert_array_equal(found[name][:], root[name][:])
