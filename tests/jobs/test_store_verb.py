"""`gridmill store`: groups and arrays made, moved and removed as zarr-python then sees them."""

import json

import numpy as np
import pytest
import zarr

FORMATS = (2, 3)
ATTRIBUTES = {"title": "größer", "numbers": [1, 1.0, 2**53, -0.5], "nested": {"b": None, "a": True}}


def make(path, zarr_format, consolidated=True):
    root = zarr.create_group(path, zarr_format=zarr_format, attributes=ATTRIBUTES)
    root.create_group("a", attributes={"kind": "first"})
    root.create_array("a/t", data=np.arange(60.0).reshape(6, 10), chunks=(2, 5), attributes={"units": "K"})
    root.create_array("a/b/u", data=np.arange(4, dtype="i2"), chunks=(3,))
    root.create_array("ab", data=np.arange(3), chunks=(3,))
    if consolidated:
        zarr.consolidate_metadata(path, zarr_format=zarr_format)


def seen(path):
    """By listing, whatever a consolidated document says."""
    root = zarr.open_group(path, mode="r", use_consolidated=False)
    return {name: node for name, node in root.members(max_depth=None)}


def consolidated(path):
    return {name for name, _ in zarr.open_consolidated(path).members(max_depth=None)}


def run(gridmill, *words, code=0):
    done = gridmill("store", *words)
    assert done.returncode == code, done.stderr
    return done


@pytest.mark.parametrize("zarr_format", FORMATS)
def test_ls_shows_what_is_there(gridmill, tmp_path, zarr_format):
    make(tmp_path / "s.zarr", zarr_format)
    report = json.loads(run(gridmill, "ls", tmp_path / "s.zarr", "--json").stdout)
    assert report["zarr_format"] == zarr_format and report["is_consolidated"]
    found = {node["path"].strip("/"): node for node in report["nodes"]}
    members = seen(tmp_path / "s.zarr")
    assert set(found) == {"", *members}
    for name, node in members.items():
        if isinstance(node, zarr.Array):
            assert (found[name]["kind"], tuple(found[name]["shape"])) == ("array", node.shape)
            assert tuple(found[name]["chunks"]) == node.chunks
        else:
            assert found[name]["kind"] == "group"
    text = run(gridmill, "ls", f"{tmp_path}/s.zarr#/a").stdout.splitlines()
    assert [line.split()[1] for line in text] == ["/a", "/a/b", "/a/t", "/a/b/u"]


@pytest.mark.parametrize("is_consolidated", [True, False])
@pytest.mark.parametrize("zarr_format", FORMATS)
def test_a_node_moves_with_all_that_lies_below(gridmill, tmp_path, zarr_format, is_consolidated):
    path = tmp_path / "s.zarr"
    make(path, zarr_format, is_consolidated)
    before = {name: node[:] for name, node in seen(path).items() if isinstance(node, zarr.Array)}
    run(gridmill, "mv", f"{path}#/a", "x/y/a2")
    after = seen(path)
    assert set(after) == {"ab", "x", "x/y", "x/y/a2", "x/y/a2/t", "x/y/a2/b", "x/y/a2/b/u"}
    for name, values in before.items():
        where = name.replace("a/", "x/y/a2/", 1) if name.startswith("a/") else name
        assert np.array_equal(after[where][:], values)
    assert dict(after["x/y/a2"].attrs) == {"kind": "first"} and after["x/y/a2/t"].attrs["units"] == "K"
    assert dict(zarr.open_group(path, mode="r").attrs) == ATTRIBUTES
    assert not (path / "a").exists()
    if is_consolidated:
        assert consolidated(path) == set(after)


@pytest.mark.parametrize("zarr_format", FORMATS)
def test_an_array_alone_moves(gridmill, tmp_path, zarr_format):
    path = tmp_path / "s.zarr"
    make(path, zarr_format)
    run(gridmill, "mv", f"{path}#/a/t", "/t")
    assert set(seen(path)) == consolidated(path) == {"a", "a/b", "a/b/u", "ab", "t"}
    assert np.array_equal(seen(path)["t"][:], np.arange(60.0).reshape(6, 10))


@pytest.mark.parametrize("zarr_format", FORMATS)
def test_rm_takes_the_node_and_only_that(gridmill, tmp_path, zarr_format):
    path = tmp_path / "s.zarr"
    make(path, zarr_format)
    look = json.loads(run(gridmill, "rm", f"{path}#/a", "--dry-run", "--json").stdout)
    files = [file for file in (path / "a").rglob("*") if file.is_file()]
    assert look["keys"] == len(files) and look["bytes"] == sum(file.stat().st_size for file in files)
    assert "a" in seen(path)
    run(gridmill, "rm", f"{path}#/a")
    assert set(seen(path)) == consolidated(path) == {"ab"}
    assert not (path / "a").exists()


@pytest.mark.parametrize("zarr_format", FORMATS)
def test_groups_are_made_with_those_above(gridmill, tmp_path, zarr_format):
    path = tmp_path / "new.zarr"
    run(gridmill, "mkgroup", f"{path}#/a/b/c", "--zarr-format", zarr_format)
    root = zarr.open_group(path, mode="r+", zarr_format=zarr_format)
    assert set(seen(path)) == {"a", "a/b", "a/b/c"}
    root.create_array("a/v", data=np.arange(3))
    run(gridmill, "consolidate", path)
    assert consolidated(path) == {"a", "a/b", "a/b/c", "a/v"}
    run(gridmill, "mkgroup", f"{path}#/d")
    assert consolidated(path) == set(seen(path))


@pytest.mark.parametrize("zarr_format", FORMATS)
def test_consolidating_says_what_zarr_python_says(gridmill, tmp_path, zarr_format):
    ours, theirs = tmp_path / "ours.zarr", tmp_path / "theirs.zarr"
    make(ours, zarr_format, False)
    make(theirs, zarr_format, True)
    run(gridmill, "consolidate", ours)
    name = ".zmetadata" if zarr_format == 2 else "zarr.json"
    ours, theirs = (json.loads((path / name).read_text()) for path in (ours, theirs))
    for document in (ours, theirs):  # of groups below: that there is nothing further to look for
        for node in (document if zarr_format == 2 else document["consolidated_metadata"])["metadata"].values():
            node.pop("consolidated_metadata", None)
    assert ours == theirs


def test_verify_still_holds(gridmill, tmp_path):
    make(tmp_path / "s.zarr", 3)
    out = tmp_path / "out.zarr"
    assert gridmill("convert", tmp_path / "s.zarr", out).returncode == 0
    for words in (["mv", f"{out}#/a", "c"], ["mkgroup", f"{out}#/d"], ["rm", f"{out}#/ab"], ["consolidate", out]):
        run(gridmill, *words)
        report = json.loads(gridmill("verify", out, "--json").stdout)
        assert report["ok"] and not report["problems"], words
        assert any("by the manifest" in line for line in report["proved"]), words
    (out / "c" / "t" / "c" / "0" / "0").write_bytes(b"damaged")
    assert gridmill("verify", out).returncode == 3


@pytest.mark.parametrize("words, code, said", [
    (["mv", "#/a", "ab"], 5, "ab is an array already"),
    (["mv", "#/a", "a/b/c"], 2, "into itself"),
    (["mv", "#/a", "ab/c"], 5, "ab is an array already"),
    (["mv", "#/none", "x"], 2, "no group or array none"),
    (["mv", "", "x"], 2, "the root is the store itself"),
    (["rm", "#/none"], 2, "no group or array none"),
    (["rm", ""], 2, "the root is the store itself"),
    (["mkgroup", "#/a"], 5, "a is a group already"),
    (["mkgroup", "#/ab/c"], 5, "ab is an array already"),
    (["mkgroup", "#/n", "--zarr-format", "2"], 2, "is Zarr v3"),
    (["mkgroup", "#/a/__x"], 2, "no node may be called"),
    (["mv", "#/a", "b/..."], 2, "no node may be called"),
    (["mv", "#/a", ".zattrs"], 2, "no node may be called"),
    (["ls", "#/none"], 2, "none"),
    (["mv", "#/a"], 2, "two places"),
    (["rename", "#/a"], 2, "ls, mkgroup, mv, rm or consolidate"),
])  # fmt: skip
def test_mistakes_change_nothing(gridmill, tmp_path, words, code, said):
    path = tmp_path / "s.zarr"
    make(path, 3)
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    done = run(gridmill, words[0], f"{path}{words[1]}", *words[2:], code=code)
    assert said in done.stderr
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before


def test_a_folder_that_is_no_store_is_left_alone(gridmill, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    done = run(gridmill, "mkgroup", f"{tmp_path}/mine#/a", code=5)
    assert "letter.txt" in done.stderr
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["letter.txt"]


def test_zip_files_are_refused(gridmill, tmp_path):
    make(tmp_path / "s.zarr", 3)
    out = tmp_path / "s.zarr.zip"
    assert gridmill("convert", tmp_path / "s.zarr", out).returncode == 0
    done = run(gridmill, "rm", f"{out}#/a", code=1)
    assert "written once" in done.stderr
    assert "/a" in run(gridmill, "ls", out).stdout
