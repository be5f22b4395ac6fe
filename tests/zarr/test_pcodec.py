"""pcodec both ways between Gridmill and numcodecs, byte for byte; refused by a build without it."""

import json
import warnings

import numpy as np
import pytest
import zarr
import zarr.codecs.numcodecs as v3
from numcodecs import PCodec

SHAPE, CHUNKS = (19, 7, 11), (8, 7, 5)
DTYPES = ["i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8"]
SETTINGS = {
    "default": {},
    "fast": {"level": 1, "mode_spec": "classic"},
    "differences": {"delta_spec": "try_consecutive", "delta_encoding_order": 2},
    "lookback": {"level": 5, "delta_spec": "try_lookback"},
    "pages": {"level": 3, "equal_pages_up_to": 60},
}


def values(dtype):
    smooth = np.random.default_rng(4).normal(0, 3, SHAPE).cumsum(axis=1) * 5 + 100
    if np.dtype(dtype).kind == "f":
        smooth[2, 3, 4], smooth[5, 0, 0] = np.nan, -np.inf
    return smooth.round(1).astype(dtype) if np.dtype(dtype).kind == "f" else abs(smooth).astype(dtype)


@pytest.fixture(scope="module")
def has_pcodec(gridmill):
    return "\n  pco " in gridmill("--version").stdout


def refused(run):
    """As a build without pcodec says it."""
    assert run.returncode != 0 and "GRIDMILL_PCODEC" in run.stderr and "recode" in run.stderr


def write(store, data, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        group = zarr.open_group(store, mode="w", zarr_format=options.pop("zarr_format"))
        array = group.create_array("x", shape=data.shape, dtype=data.dtype, chunks=CHUNKS, **options)
        array[...] = data
        assert array[...].tobytes() == data.tobytes()


@pytest.mark.parametrize("zarr_format, order", [(2, "C"), (2, "F"), (3, "C")])
@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_reads(gridmill, has_pcodec, tmp_path, dtype, settings, zarr_format, order):
    store, data = tmp_path / "in.zarr", values(dtype)
    if zarr_format == 2:
        write(store, data, zarr_format=2, order=order, compressors=PCodec(**SETTINGS[settings]))
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            codec = v3.PCodec(**SETTINGS[settings])
        write(store, data, zarr_format=3, serializer=codec, compressors=None)
    run = gridmill("dump", f"{store}#/x", "--raw", text=False)
    if not has_pcodec:
        return refused(gridmill("dump", f"{store}#/x", "--raw", "-o", tmp_path / "x"))
    assert run.returncode == 0, run.stderr
    assert run.stdout == data.tobytes()


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_writes_the_bytes_of_numcodecs(gridmill, has_pcodec, tmp_path, dtype, settings, zarr_format):
    data, out = values(dtype), tmp_path / "out.zarr"
    write(tmp_path / "in.zarr", data, zarr_format=3)
    codec = PCodec(**SETTINGS[settings])
    run = gridmill("convert", tmp_path / "in.zarr", out, "--zarr-format", zarr_format, "--codec",
                   json.dumps([codec.get_config()]), "--chunks", "dim_0=8,dim_1=7,dim_2=5")
    if not has_pcodec:
        return refused(run)
    assert run.returncode == 0, run.stderr
    chunk = out / "x" / ("0.0.1" if zarr_format == 2 else "c/0/0/1")
    assert chunk.read_bytes() == codec.encode(np.ascontiguousarray(data[:8, :7, 5:10]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message="Numcodecs codecs are not in the Zarr version 3")
        assert zarr.open_group(out, mode="r")["x"][...].tobytes() == data.tobytes()


@pytest.mark.parametrize("dtype", ["i1", "u1", "b1", "c8"])
def test_other_types_are_refused(gridmill, has_pcodec, tmp_path, dtype):
    write(tmp_path / "in.zarr", np.ones(SHAPE, dtype), zarr_format=3)
    run = gridmill("convert", tmp_path / "in.zarr", tmp_path / "out.zarr", "--codec",
                   json.dumps([PCodec().get_config()]))
    if not has_pcodec:
        return refused(run)
    assert run.returncode != 0 and "pcodec takes integers and floats" in run.stderr


def test_a_damaged_chunk_is_named(gridmill, has_pcodec, tmp_path):
    store = tmp_path / "in.zarr"
    write(store, values("f4"), zarr_format=2, compressors=PCodec())
    chunk = store / "x" / "1.0.1"
    chunk.write_bytes(chunk.read_bytes()[:-9])
    run = gridmill("verify", store)
    if not has_pcodec:
        return refused(run)
    assert run.returncode == 3 and "1.0.1" in run.stdout and "pcodec" in run.stdout
