"""What a codec or a document can't mean in one way is refused by name, or read as its writer meant it."""

import json

import numpy as np
import pytest
import zarr

PACKBITS = {2: {"id": "packbits"}, 3: {"name": "numcodecs.packbits"}}


def v2_array(path, dtype, fill, chunk, compressor=None, filters=None):
    path.mkdir()
    document = {"zarr_format": 2, "shape": [4], "chunks": [4], "dtype": dtype, "order": "C", "fill_value": fill,
                "compressor": compressor, "filters": filters}
    (path / ".zarray").write_text(json.dumps(document))
    if chunk is not None:
        (path / "0").write_bytes(chunk)


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("dtype", ["u1", "i1"])
def test_packbits_keeps_no_numbers(gridmill, tmp_path, dtype, zarr_format):
    values = np.array([40, 0, 7, 1], dtype)
    zarr.create_group(tmp_path / "in.zarr").create_array("x", data=values, chunks=(4,))
    words = ["convert", tmp_path / "in.zarr", tmp_path / "out.zarr", "--zarr-format", zarr_format]
    done = gridmill(*words, "--codec", json.dumps(PACKBITS[zarr_format]))
    assert done.returncode == 2 and "packbits: the value 40 would become 1" in done.stderr
    assert not (tmp_path / "out.zarr").exists()


@pytest.mark.parametrize("dtype, code", [("<f4", 1), ("|u1", 0)])
def test_shuffle_by_elements_of_no_size_is_refused(gridmill, tmp_path, dtype, code):
    """netCDF-C means the type's size by 0, numcodecs that nothing is shuffled; of bytes it is the same."""
    values = np.arange(4).astype(dtype)
    v2_array(tmp_path / "a.zarr", dtype, 0, values.tobytes(), None, [{"id": "shuffle", "elementsize": 0}])
    done = gridmill("dump", tmp_path / "a.zarr", "--raw", text=False)
    assert done.returncode == code
    if code == 0:
        assert done.stdout == values.tobytes()
    else:
        assert b"shuffle: elementsize 0 is 4 to netCDF-C, and 1 to numcodecs" in done.stderr


def test_fill_values_of_text_are_read_as_netcdf_c_writes_them(gridmill, tmp_path):
    """Others write base64."""
    for name, fill in (("plain", "-"), ("base64", "LQ==")):
        v2_array(tmp_path / name, "|S1", fill, None)
        done = gridmill("dump", tmp_path / name, "--raw", text=False)
        assert (done.returncode, done.stdout) == (0, b"----"), done.stderr
    v2_array(tmp_path / "long", "|S1", "-?", None)
    assert gridmill("dump", tmp_path / "long", "--raw").returncode == 3


def test_raw_bits_go_from_v3_to_v3(gridmill, tmp_path):
    (tmp_path / "a.zarr").mkdir()
    document = {"zarr_format": 3, "node_type": "array", "shape": [3], "data_type": "r32", "fill_value": [0, 0, 0, 7],
                "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2]}},
                "chunk_key_encoding": {"name": "default"}, "codecs": [{"name": "bytes"}]}
    (tmp_path / "a.zarr" / "zarr.json").write_text(json.dumps(document))
    (tmp_path / "a.zarr" / "c").mkdir()
    (tmp_path / "a.zarr" / "c" / "0").write_bytes(bytes(range(8)))
    done = gridmill("convert", tmp_path / "a.zarr", tmp_path / "b.zarr", "--codec", "none")
    assert done.returncode == 0, done.stderr
    written = next((tmp_path / "b.zarr").rglob("c/0")).parent.parent / "zarr.json"
    back = json.loads(written.read_text())
    assert (back["data_type"], back["fill_value"]) == ("r32", [0, 0, 0, 7])
    raw = gridmill("dump", written.parent, "--raw", text=False).stdout
    assert raw == bytes(range(8)) + bytes([0, 0, 0, 7])
