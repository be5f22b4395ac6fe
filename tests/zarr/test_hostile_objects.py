"""Object codecs and records whose bytes or metadata are made to cost much or to mislead."""

import json
import resource
import subprocess

import pytest


def store_with(path, document, chunk=None):
    path.mkdir()
    (path / ".zarray").write_text(json.dumps(document))
    if chunk is not None:
        (path / "0").write_bytes(chunk)
    return path


def objects(path, element):
    """One chunk of one element, as numcodecs' msgpack2 writes it: [element, "|O", [1]]."""
    document = {"zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "fill_value": None, "order": "C",
                "compressor": None, "filters": [{"id": "msgpack2"}]}  # fmt: skip
    return store_with(path, document, b"\x93" + element + b"\xa2|O" + b"\x91\x01")


def test_a_mapping_inside_of_an_element_is_read(gridmill, tmp_path):
    run = gridmill("dump", objects(tmp_path / "s", b"\x82\xa1a\x01\xa1b\x91\xa1x"), "--csv")
    assert run.returncode == 0 and '""a"":1' in run.stdout.replace(" ", ""), run.stdout + run.stderr


@pytest.mark.parametrize(
    ("element", "said"),
    [
        (b"\x91\xa1\xff", "a text is no UTF-8"),
        (b"\x81\xa1\xff\x01", "a text is no UTF-8"),
        (b"\x82\xa1a\x01\xa1a\x02", "a name twice"),
    ],
)
def test_what_would_be_read_as_something_else_is_refused(gridmill, tmp_path, element, said):
    run = gridmill("dump", objects(tmp_path / "s", element))
    assert run.returncode == 3 and said in run.stderr, run.stdout + run.stderr


def mapping(names):
    return b"\xdf" + len(names).to_bytes(4, "big") + b"".join(b"\xa6" + name.encode() + b"\x01" for name in names)


def test_a_mapping_of_very_many_names_is_read_at_once(gridmill, tmp_path):
    names = [f"{i:06}" for i in range(60000)]
    run = gridmill("dump", objects(tmp_path / "s", mapping(names)), "--json", timeout=20)
    assert run.returncode == 0, run.stderr
    assert json.loads(json.loads(run.stdout)[0]) == dict.fromkeys(names, 1)
    run = gridmill("dump", objects(tmp_path / "more", mapping([f"{i:06}" for i in range(300000)])), timeout=20)
    assert run.returncode == 1 and "inside of them" in run.stderr, run.stderr


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_record_of_gigabytes_takes_no_memory(gridmill, tmp_path, order):
    document = {"zarr_format": 2, "shape": [4], "chunks": [4], "dtype": [["a", f"{order}f4", [500000000]]], "fill_value": 0,
                "order": "C", "compressor": None, "filters": None}  # fmt: skip
    path = store_with(tmp_path / "s", document)
    run = subprocess.run([gridmill.binary, "info", path], capture_output=True, text=True, timeout=60,
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)))  # fmt: skip
    assert run.returncode in (0, 1) and "out of memory" not in run.stderr, run.stderr
