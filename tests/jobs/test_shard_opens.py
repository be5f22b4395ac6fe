"""A shard is opened once and its index read once, whatever the order its chunks are asked for in.

strace counts what the command really asks of the operating system.
"""

import re
import subprocess
from collections import Counter

import numpy as np
import pytest
import zarr

SHARDS = 6  # fewer than are kept open
CHUNKS = 8  # of each


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("opens") / "s.zarr"
    values = np.random.default_rng(1).integers(0, 1000, 48000).astype("f4")
    zarr.open_group(path, mode="w").create_array(
        "x", data=values, chunks=(1000,), shards=(8000,), compressors=zarr.codecs.ZstdCodec())
    return path


def traced(gridmill, store, tmp_path, *options):
    """What was done with each shard: {its key: Counter of calls}."""
    program = gridmill("--version").args[0]
    trace = tmp_path / "trace"
    run = subprocess.run(
        ["strace", "-f", "-y", "-qq", "-e", "trace=openat,pread64", "-o", trace, program, "bench",
         "subchunks", store, "--repeat", "1", *options], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    calls = {}
    for line in trace.read_text().splitlines():
        opened = re.search(r'openat\(.*"[^"]*(c/\d+)"', line)  # its end may be on another line
        read = re.search(r"pread64\(\d+<[^>]*(c/\d+)>", line)
        for name, match in (("open", opened), ("read", read)):
            if match:
                calls.setdefault(match[1], Counter())[name] += 1
    return calls


@pytest.mark.parametrize("options", [[], ["--concurrency", "2"], ["--ahead", "--threads", "2"]])
def test_each_shard_is_opened_once(gridmill, store, tmp_path, options):
    calls = traced(gridmill, store, tmp_path, *options)
    assert sorted(calls) == [f"c/{i}" for i in range(SHARDS)]
    assert {key: call["open"] for key, call in calls.items()} == dict.fromkeys(calls, 1)
    # Its index once, and each chunk; a reader may take neighbours in one call.
    assert max(call["read"] for call in calls.values()) <= 1 + CHUNKS
