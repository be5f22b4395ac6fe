"""Zip stores go both ways: zarr-python's ZipStore writes, we read; we write, it reads."""

import json
import subprocess
import zipfile

import numpy as np
import pytest
import zarr
from zarr.storage import ZipStore

DATA = np.arange(35 * 40, dtype="f4").reshape(35, 40)


def fill(store, zarr_format, **options):
    group = zarr.open_group(store, mode="w", zarr_format=zarr_format)
    group.attrs["title"] = "zipped"
    names = {"dimension_names": ["y", "x"]} if zarr_format == 3 else {}
    array = group.create_array("x", shape=DATA.shape, chunks=(10, 40), dtype="f4", **names,
                               **options)
    array[...] = DATA


def write_zip(path, zarr_format, compression=zipfile.ZIP_STORED):
    store = ZipStore(path, mode="w", compression=compression)
    fill(store, zarr_format)
    store.close()


def run(gridmill, *arguments, **options):
    done = gridmill(*arguments, **options)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_reads_zarr_pythons(gridmill, tmp_path, zarr_format, compression):
    path = tmp_path / "in.zarr.zip"
    write_zip(path, zarr_format, compression)
    run(gridmill, "dump", f"{path}#/x", "--raw", "-o", tmp_path / "x.raw")
    assert (tmp_path / "x.raw").read_bytes() == DATA.tobytes()
    info = json.loads(run(gridmill, "info", path, "--json").stdout)
    assert info["format"] == f"Zarr v{zarr_format}"
    run(gridmill, "verify", path)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_zarr_python_reads_ours(gridmill, tmp_path, zarr_format):
    fill(tmp_path / "in.zarr", 3)
    out = tmp_path / "out.zarr.zip"
    run(gridmill, "convert", tmp_path / "in.zarr", out, "--zarr-format", zarr_format)
    assert zipfile.ZipFile(out).testzip() is None
    group = zarr.open_group(ZipStore(out, mode="r"), mode="r")
    assert group["x"][...].tobytes() == DATA.tobytes()
    assert dict(group.attrs)["title"] == "zipped"
    run(gridmill, "verify", out)
    # The same store, the same bytes.
    again = tmp_path / "again.zarr.zip"
    run(gridmill, "convert", tmp_path / "in.zarr", again, "--zarr-format", zarr_format)
    assert again.read_bytes() == out.read_bytes()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_zip_to_zip_and_rechunked(gridmill, tmp_path):
    write_zip(tmp_path / "in.zip", 3)
    run(gridmill, "convert", tmp_path / "in.zip", tmp_path / "a.zip")
    run(gridmill, "rechunk", tmp_path / "a.zip", tmp_path / "b.zip", "--chunks", "y=35,x=7")
    group = zarr.open_group(ZipStore(tmp_path / "b.zip", mode="r"), mode="r")
    assert group["x"].chunks == (35, 7)
    assert group["x"][...].tobytes() == DATA.tobytes()


def test_overwrite_and_refusal(gridmill, tmp_path):
    fill(tmp_path / "in.zarr", 3)
    out = tmp_path / "out.zip"
    run(gridmill, "convert", tmp_path / "in.zarr", out)
    assert gridmill("convert", tmp_path / "in.zarr", out).returncode == 5
    run(gridmill, "convert", tmp_path / "in.zarr", out, "--overwrite", "--chunks", "y=5,x=5")
    group = zarr.open_group(ZipStore(out, mode="r"), mode="r")
    assert group["x"].chunks == (5, 5)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.zarr", "out.zip", "out.zip.gridmill"]
    run(gridmill, "verify", out)


def test_a_flipped_bit_is_an_error(gridmill, tmp_path):
    fill(tmp_path / "in.zarr", 3, compressors=None)
    out = tmp_path / "out.zip"
    run(gridmill, "convert", tmp_path / "in.zarr", out, "--codec", "none")
    entry = zipfile.ZipFile(out).getinfo("x/c/0/0")
    stored = bytearray(out.read_bytes())
    stored[entry.header_offset + 60] ^= 1
    out.write_bytes(stored)
    refused = gridmill("dump", f"{out}#/x", "--raw", "-o", tmp_path / "x.raw")
    assert refused.returncode == 3
    assert "x/c/0/0" in refused.stderr


def test_unzip_takes_ours(gridmill, tmp_path):
    fill(tmp_path / "in.zarr", 3)
    run(gridmill, "convert", tmp_path / "in.zarr", tmp_path / "out.zip")
    subprocess.run(["python3", "-m", "zipfile", "-e", tmp_path / "out.zip", tmp_path / "out.zarr"],
                   check=True)
    assert zarr.open_group(tmp_path / "out.zarr", mode="r")["x"][...].tobytes() == DATA.tobytes()
