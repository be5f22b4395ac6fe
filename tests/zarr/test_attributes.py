"""Attributes come back as they were: names in their order, numbers with every digit, any text."""

import json

import numpy as np
import pytest
import zarr
from peers.plain_store import write_document

WIDE = 10**40 + 1
ATTRIBUTES = {
    "z": 1, "a": 1.5, "wide": WIDE, "below": -(2**63) - 1, "list": [2**64, 1, -0.5],
    "largest": 2**64 - 1, "lowest": -(2**63), "nested": {"wide": [WIDE, {"é": -WIDE}]},
    "mixed": ["a", WIDE], "text": str(WIDE), "tiny": 5e-324, "日本語": "\u2028 \U0001f30d",
    "int and float": [0, 1.5], "float of an int": [1, 2.0], "missing": [float("nan"), 1], "none": None, "yes": True, "empty": [], "one": [5],
}


def make(path, zarr_format):
    group = zarr.open_group(path, mode="w", zarr_format=zarr_format)
    group.attrs.update(ATTRIBUTES)
    array = group.create_array("x", shape=(4,), dtype="f4")
    array[...] = np.arange(4)
    array.attrs.update(ATTRIBUTES)


def as_text(attributes):
    """Order and digits count, not only what is equal."""
    return json.dumps(dict(attributes))


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("target", [2, 3])
def test_every_attribute_is_kept(gridmill, tmp_path, zarr_format, target):
    make(tmp_path / "x.zarr", zarr_format)
    for command in [("convert",), ("rechunk", "--chunks", "dim_0=2")]:
        out = tmp_path / f"{command[0]}.zarr"
        done = gridmill(command[0], tmp_path / "x.zarr", out, *command[1:], "--zarr-format", target)
        assert done.returncode == 0, done.stderr
        for consolidated in (True, False):
            group = zarr.open_group(out, mode="r", use_consolidated=consolidated)
            assert as_text(group.attrs) == as_text(ATTRIBUTES)
            array = {name: value for name, value in group["x"].attrs.items()
                     if name in ATTRIBUTES}
            assert as_text(array) == as_text(ATTRIBUTES)


def test_a_plan_keeps_them(gridmill, tmp_path):
    make(tmp_path / "x.zarr", 3)
    plan = tmp_path / "plan.json"
    for step in [("plan", "convert", tmp_path / "x.zarr", tmp_path / "y.zarr", "-o", plan),
                 ("exec", plan)]:
        done = gridmill(*step)
        assert done.returncode == 0, done.stderr
    kept = json.loads((tmp_path / "y.zarr" / "x" / "zarr.json").read_text())["attributes"]
    assert as_text({name: kept[name] for name in ATTRIBUTES}) == as_text(ATTRIBUTES)


def test_a_moved_array_keeps_them(gridmill, tmp_path):
    make(tmp_path / "x.zarr", 3)
    done = gridmill("store", "mv", f"{tmp_path / 'x.zarr'}#/x", "y")
    assert done.returncode == 0, done.stderr
    done = gridmill("store", "consolidate", tmp_path / "x.zarr")
    assert done.returncode == 0, done.stderr
    root = json.loads((tmp_path / "x.zarr" / "zarr.json").read_text())
    assert as_text(root["attributes"]) == as_text(ATTRIBUTES)
    assert as_text(root["consolidated_metadata"]["metadata"]["y"]["attributes"]) == as_text(
        ATTRIBUTES)


def test_javascript_writes_whole_floats_without_a_point(gridmill, tmp_path):
    """100000000000000000000 is 1e20 to whoever reckons with it: in fill values, in codecs."""
    write_document(tmp_path / "x.zarr" / "zarr.json", {
        "zarr_format": 3, "node_type": "array", "shape": [3], "data_type": "float64",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2]}},
        "chunk_key_encoding": {"name": "default"}, "fill_value": 10**20,
        "codecs": [{"name": "scale_offset", "configuration": {"offset": 10**21, "scale": 1}},
                   {"name": "bytes", "configuration": {"endian": "little"}}],
        "attributes": {}})
    chunk = np.array([-1e21, 0.0])
    (tmp_path / "x.zarr" / "c").mkdir()
    (tmp_path / "x.zarr" / "c" / "0").write_bytes(chunk.tobytes())
    raw = gridmill("dump", tmp_path / "x.zarr", "--raw", text=False)
    assert raw.returncode == 0, raw.stderr
    np.testing.assert_array_equal(np.frombuffer(raw.stdout), [0, 1e21, 1e20])
