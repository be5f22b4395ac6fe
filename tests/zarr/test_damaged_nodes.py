"""One damaged array does not end the reading of a store, and is never passed over in silence."""

import json

import numpy as np
import pytest
import zarr

GOOD = np.arange(12.0).reshape(3, 4)


def make(store, zarr_format):
    group = zarr.open_group(store, mode="w", zarr_format=zarr_format)
    for name in ("bad", "good", "more"):
        group.create_array(name, data=GOOD, chunks=(3, 2), fill_value=0)
    inner = group.create_group("inner")
    inner.create_array("deep", data=GOOD, chunks=(3, 4), fill_value=0)


def damage(store, zarr_format, kind, node="bad"):
    """The document as text, broken in some way."""
    place = store / node / (".zarray" if zarr_format == 2 else "zarr.json")
    document = json.loads(place.read_text())
    if kind == "cut":
        place.write_text(place.read_text()[:-20])
    elif kind == "empty":
        place.write_text("")
    elif kind == "attributes":
        place = store / node / ".zattrs" if zarr_format == 2 else place
        place.write_text("[1" if zarr_format == 2 else place.read_text().replace("{", "[", 2))
    elif kind == "ranks":
        document["shape"] = [3]
        place.write_text(json.dumps(document))
    elif kind == "fill":
        document["fill_value"] = "seven"
        place.write_text(json.dumps(document))


KINDS = ["cut", "empty", "attributes", "ranks", "fill"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_the_others_are_read(gridmill, tmp_path, zarr_format, kind):
    store, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    make(store, zarr_format)
    damage(store, zarr_format, kind)
    info = gridmill("info", store, "--json")
    assert info.returncode == 3, info.stderr
    listed = {variable["path"]: variable for variable in json.loads(info.stdout)["variables"]}
    assert set(listed) == {"bad", "good", "more", "inner/deep"}
    assert [path for path, variable in listed.items() if variable.get("error")] == ["bad"]
    text = gridmill("info", store)
    assert text.returncode == 3 and "damaged" in text.stdout and "good" in text.stdout
    dump = gridmill("dump", f"{store}#/good", "--raw", text=False)
    assert dump.returncode == 0 and dump.stdout == GOOD.tobytes()
    refused = gridmill("convert", store, out)
    assert refused.returncode == 3 and "--drop bad" in refused.stderr, refused.stderr
    assert not out.exists()
    for words in (["--variables", "good,inner/deep"], ["--drop", "bad"]):
        run = gridmill("convert", store, out, "--overwrite", *words)
        assert run.returncode == 0, run.stderr
        assert "bad" in run.stdout + run.stderr and "damaged" in run.stdout + run.stderr
        for name in ("good", "inner/deep"):
            np.testing.assert_array_equal(zarr.open_group(out, mode="r")[name][:], GOOD)
    verify = gridmill("verify", store)
    assert verify.returncode == 3 and "bad" in verify.stdout + verify.stderr


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_the_root_alone_is_refused(gridmill, tmp_path, zarr_format):
    store = tmp_path / "in.zarr"
    make(store, zarr_format)
    damage(store, zarr_format, "cut")
    for words in (["info", f"{store}#/bad"], ["dump", f"{store}#/bad"]):
        run = gridmill(*words)
        assert run.returncode == 3 and "not valid JSON" in run.stderr, run.stderr


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_groups_alone_are_copied(gridmill, tmp_path, zarr_format):
    source, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    root = zarr.open_group(source, mode="w", zarr_format=zarr_format, attributes={"title": "none"})
    root.create_group("a/b", attributes={"n": [1, 2.5, None]})
    info = gridmill("info", source, "--json")
    assert info.returncode == 0, info.stderr
    assert [group["path"] for group in json.loads(info.stdout)["groups"]] == ["", "a", "a/b"]
    for out_format in (2, 3):
        run = gridmill("convert", source, out, "--zarr-format", out_format, "--overwrite")
        assert run.returncode == 0, run.stderr
        found = zarr.open_group(out, mode="r")
        assert dict(found.attrs) == {"title": "none"}
        assert dict(found["a/b"].attrs) == {"n": [1, 2.5, None]}
        assert found.metadata.zarr_format == out_format


def test_each_group_is_found_by_zarr_python(gridmill, tmp_path):
    """Consolidated: a group inside a group was lost where another group's arrays stood between."""
    source, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    root = zarr.open_group(source, mode="w")
    for path in ("high/x", "low/x", "low/inner/x", "mid/inner/x"):
        root.create_array(path, data=GOOD)
    for zarr_format in (2, 3):
        run = gridmill("convert", source, out, "--zarr-format", zarr_format, "--overwrite")
        assert run.returncode == 0, run.stderr
        found = zarr.open_consolidated(out)
        wanted = sorted(name for name, _ in root.members(max_depth=None))
        assert sorted(name for name, _ in found.members(max_depth=None)) == wanted
