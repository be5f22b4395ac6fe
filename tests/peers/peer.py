"""What the tests against peers share: the peers' processes, the arrays, and how they compare."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from peers.exchange import described, little_endian, unpacked
from peers.plain_store import read_plain, write_plain

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
# Two chunks of other lengths along each dimension, but for one that lies in one chunk.
SHAPE, CHUNKS = (3, 4, 5), (2, 4, 3)
DIMENSIONS = ("t", "y", "x")

INTEGERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
FLOATS = ["f2", "f4", "f8"]
NUMBERS = ["b1", *INTEGERS, *FLOATS, "c8", "c16"]


class Peer:
    """A peer's program: called with tasks, gives its answers. More than that fails the test."""

    def __init__(self, python, program, **environment):
        self.command = [str(python), str(FOLDER / program)]
        self.environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}

    def __call__(self, tasks):
        return self.loud(tasks, None)

    def loud(self, tasks, complaint):
        """The peer writes lines of this text on its standard error, and no others."""
        assert Path(self.command[0]).is_file(), f"no {self.command[0]}: run `make setup`"
        done = subprocess.run(self.command, input=json.dumps(tasks), text=True, timeout=300,
                              capture_output=True, env=self.environment)
        assert done.returncode == 0, done.stderr
        lines = done.stderr.splitlines()
        assert all(complaint and complaint in line for line in lines), done.stderr
        assert lines or not complaint
        return json.loads(done.stdout)

    def all(self, tasks):
        """The answers of tasks that each succeed without a warning."""
        answers = self(tasks)
        failed = [(task.get("array"), answer) for task, answer in zip(tasks, answers)
                  if "error" in answer or answer["warnings"]]
        assert not failed, f"{len(failed)} of {len(tasks)}: {failed[:5]}"
        return answers


zarr2 = Peer(ROOT / ".venv-zarr2" / "bin" / "python", "zarr2_peer.py")
gdal = Peer("/usr/bin/python3", "gdal_peer.py")
nczarr = Peer(sys.executable, "nczarr_peer.py")


def values(kind):
    """Whole numbers but for floats, which integer filters keep; the last chunk is all zero."""
    random = np.random.default_rng(4)
    if kind == "string":
        return random.choice(np.array(["", "a", "bé", "日本語"], dtype=object), size=SHAPE)
    if kind == "blob":
        return random.choice(np.array([b"", b"\xff", b"abc\0d"], dtype=object), size=SHAPE)
    if kind == "record":
        made = np.zeros(SHAPE, [("a", "<i2"), ("b", "<f8")])
        made["a"], made["b"] = random.integers(0, 100, SHAPE), random.standard_normal(SHAPE)
        return made
    dtype = np.dtype(kind)
    if dtype.kind == "S":
        made = random.choice([b"", b"a", b"xyz"], size=SHAPE).astype(dtype)
    elif dtype.kind == "U":
        made = random.choice(["", "é", "日本語"], size=SHAPE).astype(dtype)
    elif dtype.kind == "V":
        made = random.integers(1, 256, (*SHAPE, dtype.itemsize)).astype("u1").view(dtype)[..., 0]
    elif dtype.kind in "fc":
        made = random.standard_normal(SHAPE) * 100
        made = (made + 1j * made[::-1] if dtype.kind == "c" else made).astype(dtype)
    else:
        made = random.integers(0, 2 if kind == "b1" else 100, SHAPE).astype(dtype)
    made[CHUNKS[0] :, :, CHUNKS[2] :] = np.zeros((), dtype)
    return made


def same(got, wanted):
    """Bit for bit, and of the same type, but for the byte order."""
    if got.shape != wanted.shape:
        return False
    if got.dtype == object or wanted.dtype == object:
        return got.tolist() == wanted.tolist()
    same_type = described(got.dtype) == described(wanted.dtype)
    return same_type and little_endian(got).tobytes() == little_endian(wanted).tobytes()


def assert_same(found, wanted):
    """{name: array} each."""
    wrong = [name for name in wanted if not same(found[name], wanted[name])]
    assert not wrong, f"{len(wrong)} of {len(wanted)}: {wrong[:5]}"


def assert_reads(peer, arrays, shown=lambda array: array):
    """{(store, array name): values}: the peer reads them, without a warning."""
    wanted = {case: shown(array) for case, array in arrays.items()}
    assert_same(dict(zip(arrays, read_by(peer, arrays), strict=True)), wanted)


def run(gridmill, *arguments):
    done = gridmill(*arguments)
    assert done.returncode == 0, done.stderr
    return done


def read_by(peer, cases):
    """[(store, array name)] -> what the peer reads, without a warning."""
    tasks = [{"do": "read", "store": str(store), "array": name} for store, name in cases]
    return [unpacked(answer) for answer in peer.all(tasks)]


def has_byte_order(kind):
    """May its elements be stored big endian?"""
    return kind not in ("string", "blob", "record") and np.dtype(kind).str[0] == "<"


def numcodecs_chain(*configurations):
    """numcodecs' configurations as v3 codecs, for --codec: v3 has a place for order F."""
    return [{"name": f"numcodecs.{one['id']}",
             "configuration": {name: value for name, value in one.items() if name != "id"}}
            for one in configurations if one]


def converted(gridmill, store, arrays, chains, order, endian, chunks):
    """Gridmill writes each array with its chain of codecs into one v2 store."""
    source = store.with_suffix(".plain")
    write_plain(source, arrays, DIMENSIONS)
    options = []
    for name in arrays:
        chain = list(chains[name])
        if endian == "big":
            chain.insert(0, {"name": "bytes", "configuration": {"endian": "big"}})
        if order == "F":
            chain.insert(0, {"name": "transpose", "configuration": {"order": [2, 1, 0]}})
        options += ["--codec", f"{name}:{json.dumps(chain) if chain else 'none'}"]
    layout = ",".join(f"{name}={length}" for name, length in zip(DIMENSIONS, chunks))
    run(gridmill, "convert", source, store, "--zarr-format", 2, "--chunks", layout, *options)
    for name in arrays:
        document = json.loads((store / name / ".zarray").read_text())
        assert document["order"] == order, name
        assert document["chunks"] == list(chunks), name
        assert (document["dtype"][0] == ">") == (endian == "big"), name


def read_with_gridmill(gridmill, store, names, dimensions=("dim_0", "dim_1", "dim_2")):
    """What Gridmill reads of a store's arrays: all at once, and some of them with dump, too."""
    out = store.with_suffix(".read")
    run(gridmill, "convert", store, out, "--zarr-format", 2, "--codec", "none", "--chunks",
        ",".join(f"{name}=all" for name in dimensions))
    found = {name: read_plain(out, name) for name in names}
    for name in list(names)[::23]:
        if found[name].dtype != object:
            dumped = gridmill("dump", store / name, "--raw", text=False)
            assert dumped.returncode == 0 and dumped.stdout == found[name].tobytes(), name
    return found
