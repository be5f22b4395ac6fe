"""Damaged chunks of HDF5 files: exit code 3 with variable, chunk and address; never values."""

import struct
import subprocess
import sys
import zlib

import h5py
import hdf5plugin
import netCDF4
import numpy as np
import pytest

SHAPE, CHUNK = (40, 50), (8, 50)


@pytest.fixture
def made(tmp_path):
    """A file with one dataset `t`; returns its path and where its third chunk lies."""

    def make(libver="earliest", stored=None, **options):
        path = tmp_path / "a.h5"
        with h5py.File(path, "w", libver=libver) as file:
            dataset = file.create_dataset("t", SHAPE, "f4", chunks=CHUNK, **options)
            dataset[...] = np.arange(2000).reshape(SHAPE) % 37
            if stored is not None:
                dataset.id.write_direct_chunk((16, 0), stored)
            file.flush()
            info = dataset.id.get_chunk_info_by_coord((16, 0))
            return path, info.byte_offset, info.size

    return make


def refused(gridmill, path, code, *words):
    done = gridmill("dump", f"{path}#/t", "--raw", "--log", "text", text=False)
    message = done.stderr.decode()
    assert done.returncode == code, message
    for word in ("t of ", str(path), *words):
        assert word in message, (word, message)


def change(path, offset, size=1):
    bytes_ = bytearray(path.read_bytes())
    for i in range(offset, offset + size):
        bytes_[i] ^= 0x55
    path.write_bytes(bytes_)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_wrong_fletcher32(gridmill, made, libver):
    path, offset, _ = made(libver, fletcher32=True)
    change(path, offset + 100)
    refused(gridmill, path, 3, f"chunk (2, 0) at address {offset}", "fletcher32", "the checksum is")


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("filters", [{"compression": "gzip"}, {"compression": "gzip", "shuffle": True},
                                     dict(hdf5plugin.Zstd()), dict(hdf5plugin.Blosc(cname="zstd")),
                                     dict(hdf5plugin.LZ4()), dict(hdf5plugin.Bitshuffle())])
def test_damaged_stream(gridmill, made, libver, filters):
    path, offset, size = made(libver, **filters)
    change(path, offset, size)
    refused(gridmill, path, 3, f"chunk (2, 0) at address {offset}")


@pytest.mark.parametrize("values", [399, 401])
def test_inflated_size_differs(gridmill, made, values):
    stored = zlib.compress(np.zeros(values, "f4").tobytes())
    path, offset, _ = made(stored=stored, compression="gzip")
    refused(gridmill, path, 3, f"chunk (2, 0) at address {offset}", "the chunk needs 1600")


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_chunk_outside_the_file(gridmill, made, libver):
    path, offset, _ = made(libver)
    whole = path.read_bytes()
    index = whole.rfind(int(offset).to_bytes(8, "little"))
    far = (1 << 40).to_bytes(8, "little")
    path.write_bytes(whole[:index] + far + whole[index + 8:])
    if libver == "earliest":  # its index has no checksum
        refused(gridmill, path, 3, "chunk (2, 0)", f"begin at address {1 << 40}")
    else:
        refused(gridmill, path, 3, "the chunk index at address", "checksum")


def test_unknown_filter_is_named_with_its_number(gridmill, made, monkeypatch):
    # The Python netCDF4 package names a folder of plug-ins of its own as soon as it is imported.
    monkeypatch.setenv("HDF5_PLUGIN_PATH", "/nowhere")
    path, _, _ = made(**hdf5plugin.BZip2())
    refused(gridmill, path, 1, "307")


def test_a_file_that_its_writer_did_not_close_is_refused(gridmill, tmp_path):
    path = tmp_path / "a.h5"
    script = f"""
import os, h5py
file = h5py.File({str(path)!r}, "w", libver="latest")
data = file.create_dataset("t", (1000,), "f4", chunks=(100,), fillvalue=-1)
data[:500] = 7
file.flush()
data[500:] = 8
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", script], check=True)
    run = gridmill("dump", f"{path}#/t", "--raw", text=False)
    assert run.returncode == 3 and b"its writer has not closed it" in run.stderr


def test_an_extent_beyond_its_limit_is_refused(gridmill, tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", libver="earliest") as file:
        file.create_dataset("t", (20,), "f4", maxshape=(21,), chunks=(5,))
    content = path.read_bytes()
    extents = struct.pack("<QQ", 20, 21)
    assert content.count(extents) == 1
    path.write_bytes(content.replace(extents, struct.pack("<QQ", 16711700, 21)))
    run = gridmill("dump", f"{path}#/t", "--raw", text=False)
    assert run.returncode == 3 and b"16711700 elements, and at most 21" in run.stderr


def test_what_lies_behind_the_end_of_a_variable_is_not_read(gridmill, tmp_path):
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("t", None)
        short = file.createVariable("short", "f4", ("t",), chunksizes=(10,), fill_value=-9)
        file.createVariable("long", "f4", ("t",))[:] = np.arange(10)
        short[:5] = np.arange(5)
    with h5py.File(path, "r+") as file:
        file["short"].id.write_direct_chunk((0,), np.arange(100, 110, dtype="f4").tobytes())
    with netCDF4.Dataset(path) as file:
        expected = file["short"][:].filled()
    run = gridmill("dump", f"{path}#/short", "--raw", text=False)
    assert run.returncode == 0, run.stderr
    np.testing.assert_array_equal(np.frombuffer(run.stdout, "<f4"), expected)
