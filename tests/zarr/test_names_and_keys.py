"""What a Zarr source says of its dimensions and of its chunks' keys, its copy says, too."""

import json

import numpy as np
import pytest
import zarr


def document(store, name):
    return json.loads((store / name / "zarr.json").read_text())


def test_dimensions_without_names_get_none(gridmill, tmp_path):
    """Both first dimensions were called dim_0: xarray refused the copy for their sizes."""
    source, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    root = zarr.open_group(source, mode="w", zarr_format=3)
    root.create_array("a", data=np.arange(4.0))
    root.create_array("b", data=np.arange(10.0).reshape(5, 2), dimension_names=(None, "x"))
    root.create_array("c", data=np.arange(6.0).reshape(2, 3), dimension_names=("y", "z"))
    for words in (["convert"], ["rechunk", "--chunks", "b:dim_0=2"]):
        run = gridmill(words[0], source, out, *words[1:], "--overwrite")
        assert run.returncode == 0, run.stderr
        assert "dimension_names" not in document(out, "a")
        assert document(out, "b")["dimension_names"] == [None, "x"]
        assert document(out, "c")["dimension_names"] == ["y", "z"]
        np.testing.assert_array_equal(zarr.open_array(out / "b")[:], root["b"][:])
    run = gridmill("convert", source, tmp_path / "v2.zarr", "--zarr-format", "2")
    assert run.returncode == 0, run.stderr
    attributes = {
        name: json.loads((tmp_path / "v2.zarr" / name / ".zattrs").read_text()) for name in "abc"
    }
    assert ["_ARRAY_DIMENSIONS" in attributes[name] for name in "abc"] == [False, False, True]


@pytest.mark.parametrize(
    ("zarr_format", "name", "separator"),
    [(3, "default", "/"), (3, "default", "."), (3, "v2", "."), (3, "v2", "/"), (2, "v2", "."), (2, "v2", "/")],
)
def test_keys_stay_as_they_are(gridmill, tmp_path, zarr_format, name, separator):
    source, out = tmp_path / "in.zarr", tmp_path / "out.zarr"
    values = np.arange(20.0).reshape(4, 5)
    array = zarr.create_array(source, data=values, chunks=(2, 2), zarr_format=zarr_format,
                              chunk_key_encoding={"name": name, "separator": separator})  # fmt: skip
    run = gridmill("convert", source, out, "--zarr-format", zarr_format, "--chunks", "dim_0=2,dim_1=2")
    assert run.returncode == 0, run.stderr
    found = zarr.open_array(out / "array", mode="r")
    np.testing.assert_array_equal(found[:], values)

    def chunks(store):
        return sorted(
            str(path.relative_to(store)) for path in store.rglob("*")
            if path.is_file() and not path.name.startswith(".z") and path.name != "zarr.json"
        )  # fmt: skip

    assert chunks(out / "array") == chunks(source) != []
    assert array.metadata.zarr_format == zarr_format


def test_an_index_in_big_endian_order(gridmill, tmp_path):
    """TensorStore reads and writes it."""
    import tensorstore as ts

    values = np.arange(64, dtype="i4").reshape(8, 8)
    little = {"name": "bytes", "configuration": {"endian": "little"}}
    for number, index in enumerate(([{"name": "bytes", "configuration": {"endian": "big"}}, {"name": "crc32c"}],
                                    [{"name": "bytes", "configuration": {"endian": "big"}}])):  # fmt: skip
        source, out = tmp_path / f"in{number}.zarr", tmp_path / f"out{number}.zarr"
        sharding = {"name": "sharding_indexed", "configuration": {
            "chunk_shape": [2, 4], "codecs": [little], "index_codecs": index, "index_location": "end"}}  # fmt: skip
        spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{source}/"},
                "metadata": {"shape": [8, 8], "data_type": "int32", "codecs": [sharding],
                             "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [4, 8]}}}}  # fmt: skip
        ts.open(spec, create=True).result().write(values).result()
        run = gridmill("dump", source, "--raw", text=False)
        assert run.returncode == 0, run.stderr
        assert run.stdout == values.tobytes()
        run = gridmill("convert", source, out, "--codec", json.dumps([sharding]), "--chunks", "dim_0=4,dim_1=8")
        assert run.returncode == 0, run.stderr
        spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{out}/array/"}}
        assert (ts.open(spec).result().read().result() == values).all()
        shard = (out / "array" / "c" / "0" / "0").read_bytes()
        assert shard[-4 * 16 - (4 if len(index) == 2 else 0):][:8] == (0).to_bytes(8, "big")
        assert shard[-4 * 16 - (4 if len(index) == 2 else 0):][8:16] == (32).to_bytes(8, "big")
