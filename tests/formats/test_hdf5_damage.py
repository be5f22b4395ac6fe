"""Damaged chunks of HDF5 files: exit code 3 with variable, chunk and address; never values, neither
from `dump` nor in a store of `convert`."""

import json
import shutil
import struct
import subprocess
import sys
import zlib

import h5py
import hdf5plugin
import netCDF4
import numpy as np
import pytest
import zarr

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


# What lies before the third chunk may be on its way out when that chunk is read; nothing behind it.
GOOD = (np.arange(2000, dtype="<f4") % 37)[: 2 * CHUNK[0] * CHUNK[1]].tobytes()


def refused(gridmill, path, code, *words):
    out = path.with_name("out.zarr")
    for verb in [("dump", f"{path}#/t", "--raw"), ("convert", path, out)]:
        done = gridmill(*verb, "--log", "text", text=False)
        message = done.stderr.decode()
        assert done.returncode == code, (verb, message)
        for word in ("t of ", str(path), *words):
            assert word in message, (verb, word, message)
        assert GOOD.startswith(done.stdout), f"{verb}: {len(done.stdout)} bytes came out"
        assert not out.exists()
    # An older store stays as it was, whatever an attempt to replace it finds.
    zarr.open_group(out, mode="w").attrs["old"] = True
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    assert gridmill("convert", path, out, "--overwrite").returncode == code
    assert before == {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    shutil.rmtree(out)


def note_of_the_library(stderr):
    """The events of --log json that say which variable netCDF-C reads, and why."""
    events = [json.loads(line) for line in stderr.splitlines()]
    return [(event["event"], event["message"]) for event in events
            if "is read through" in event.get("message", "")]  # fmt: skip


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
    path, offset, size = made(**hdf5plugin.BZip2())
    refused(gridmill, path, 1, "HDF5 filter 307", "values [0:40, 0:50]")
    # A number that nobody has registered; the library of the file would know its name, if at all.
    number = struct.pack("<H", 307)
    content = path.read_bytes()
    assert content.count(number + struct.pack("<H", 64)) <= 1
    at = content.index(b"bzip2")
    filter_ = content.rindex(number, 0, at)
    path.write_bytes(content[:filter_] + struct.pack("<H", 399) + content[filter_ + 2:])
    refused(gridmill, path, 1, "HDF5 filter 399")


def test_a_missing_plug_in_is_asked_for_and_then_used(gridmill, made, tmp_path, monkeypatch):
    path, _, _ = made(**hdf5plugin.BZip2())
    monkeypatch.setenv("HDF5_PLUGIN_PATH", "/nowhere")
    refused(gridmill, path, 1, "HDF5 filter 307", "install its plug-in", "HDF5_PLUGIN_PATH")
    monkeypatch.setenv("HDF5_PLUGIN_PATH", str(hdf5plugin.PLUGIN_PATH))
    run = gridmill("dump", f"{path}#/t", "--raw", "--log", "json", text=False)
    assert run.returncode == 0, run.stderr
    said = ("warning", "variable t is read through the netCDF library: filter 307 (bzip2)")
    assert note_of_the_library(run.stderr.decode()) == [said]
    with h5py.File(path) as file:
        wanted = file["t"][:]
    np.testing.assert_array_equal(np.frombuffer(run.stdout, "<f4").reshape(SHAPE), wanted)
    out = tmp_path / "out.zarr"
    run = gridmill("convert", path, out, "--log", "json")
    assert run.returncode == 0, run.stderr
    assert note_of_the_library(run.stderr) == [said]
    np.testing.assert_array_equal(zarr.open_group(out, mode="r")["t"][...], wanted)


@pytest.mark.parametrize("filters", [{"compression": "gzip", "shuffle": True, "fletcher32": True},
                                     dict(hdf5plugin.Zstd()), dict(hdf5plugin.Blosc(cname="lz4"))])
def test_of_filters_that_are_ours_nothing_is_said(gridmill, made, filters):
    path, _, _ = made(**filters)
    run = gridmill("dump", f"{path}#/t", "--raw", "--log", "json", text=False)
    assert run.returncode == 0 and len(run.stdout) == 8000
    assert note_of_the_library(run.stderr.decode()) == []


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_says_what_is_missing(gridmill, made, libver, kept):
    path, _, _ = made(libver, compression="gzip")
    whole = path.read_bytes()
    size = int(len(whole) * kept)
    path.write_bytes(whole[:size])
    out = path.with_name("out.zarr")
    for verb in [("dump", f"{path}#/t", "--raw"), ("convert", path, out)]:
        run = gridmill(*verb, text=False)
        assert run.returncode == 3 and not run.stdout
        for word in (str(path), "truncated", f"{size} bytes", f"{len(whole)}"):
            assert word in run.stderr.decode(), run.stderr
        assert not out.exists()


# Its filters are right, but the values were written by somebody with another chunk in mind.
@pytest.mark.parametrize("values", [399, 401])
@pytest.mark.parametrize("filters", [{"compression": "gzip", "shuffle": True, "fletcher32": True}])
def test_inflated_size_differs_behind_other_filters(gridmill, made, values, filters):
    stored = zlib.compress(np.zeros(values, "f4").tobytes())
    stored += _fletcher32(stored)
    path, offset, _ = made(stored=stored, **filters)
    refused(gridmill, path, 3, f"chunk (2, 0) at address {offset}", "the chunk needs 1600")


def _fletcher32(content):
    first = second = 0
    for i in range(0, len(content), 2):
        first = (first + (content[i] << 8) + (content[i + 1] if i + 1 < len(content) else 0)) % 65535
        second = (second + first) % 65535
    return struct.pack("<I", second << 16 | first)


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


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("chunks", [None, (2,)])
def test_texts_of_fixed_size_are_as_netcdf_c_has_them(gridmill, tmp_path, libver, chunks):
    path = tmp_path / "a.h5"
    raw = np.array([b"ab\0x\0\0", b"cde   ", b"\0\0\0\0\0\0", b"   \0  ", b"sixsix"], "S6")
    paddings = {"ended": h5py.h5t.STR_NULLTERM, "nulls": h5py.h5t.STR_NULLPAD, "blanks": h5py.h5t.STR_SPACEPAD}
    with h5py.File(path, "w", libver=libver) as file:
        for name, padding in paddings.items():
            type_ = h5py.h5t.C_S1.copy()
            type_.set_size(6)
            type_.set_strpad(padding)
            options = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            if chunks:
                options.set_chunk(chunks)
            dataset = h5py.h5d.create(file.id, name.encode(), type_, h5py.h5s.create_simple((5,)), options)
            dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, raw, mtype=type_)
    with netCDF4.Dataset(path) as file:
        expected = {name: list(file[name][:]) for name in paddings}
    for name in paddings:
        run = gridmill("dump", f"{path}#/{name}", "--json")
        assert run.returncode == 0, run.stderr
        assert json.loads(run.stdout) == expected[name]
