"""Limits on the process: memory or threads that the system refuses end a run with exit code 4 and
a message, never with a signal and never with a hang."""

import resource
import warnings

import numpy as np
import pytest
import zarr

MIB = 1 << 20


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("limits") / "in.zarr"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        group = zarr.open_group(path, mode="w", zarr_format=3)
        array = group.create_array("x", shape=(48, 512, 512), chunks=(1, 512, 512), dtype="f4",
                                   compressors=None, dimension_names=("t", "y", "x"))
        array[...] = np.random.default_rng(1).random(array.shape, dtype="f4")
    return path


def outcomes(gridmill, store, tmp_path, limits, *arguments):
    """Exit codes of a conversion under each limit on the address space."""
    codes = []
    for limit in limits:
        def limited(limit=limit):
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

        run = gridmill("convert", store, tmp_path / "out.zarr", "--overwrite", *arguments,
                       preexec_fn=limited, timeout=60)
        assert run.returncode in (0, 4), f"{limit / MIB} MiB: {run.returncode}: {run.stderr}"
        if run.returncode == 4:
            assert run.stderr.strip(), f"{limit / MIB} MiB: no message"
        codes.append(run.returncode)
    return codes


def test_memory_that_the_system_refuses(gridmill, store, tmp_path):
    limits = [mib * MIB for mib in (350, 380, 410, 440, 470, 500, 550, 600, 700, 4000)]
    codes = outcomes(gridmill, store, tmp_path, limits, "--threads", 2, "--memory", "256M")
    assert 4 in codes and codes[-1] == 0


def test_threads_that_the_system_refuses(gridmill, store, tmp_path):
    # A thread takes eight MiB of addresses for its stack: some start, the next one can't.
    limits = [mib * MIB for mib in (500, 600, 800, 1000, 1300, 20000)]
    codes = outcomes(gridmill, store, tmp_path, limits, "--threads", 120, "--memory", "8G")
    assert 4 in codes and codes[-1] == 0
