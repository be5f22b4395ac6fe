"""docs/zarr_support.md, made from runs of the command: data type x codec, in Zarr v2 and v3.

    .venv/bin/python tests/zarr/support_table.py       # writes the page anew

What is read was put together by support_cases.py, without Gridmill. Where the encoders there don't
take a type, the witness is what the command itself has written. What is written is read back by
the command. A value that differs is an error, whichever cell it belongs to.
"""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "zarr_support.md"
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tests"))

from peers.exchange import described, little_endian  # noqa: E402
from peers.plain_store import read_plain, write_document, write_plain  # noqa: E402
from zarr_support import cases  # noqa: E402

HEAD = """\
# What of Zarr is read and written

Made by `tests/zarr_support` from runs of the command, and compared with it by `make test`. After a
change: `.venv/bin/python tests/zarr_support/table.py` writes this page anew.

v2, v3: read and written in that version of Zarr. read: only read. –: refused, by name, with what to
do.
"""


class Command:
    """`gridmill convert`, for all arrays of a store at once, or for each that it takes."""

    def __init__(self, gridmill, folder):
        self.gridmill = gridmill
        self.folder = folder
        self.count = 0

    def place(self):
        self.count += 1
        return self.folder / f"{self.count}"

    def converted(self, source, names, zarr_format, codecs):
        """A new store, and the names of the arrays that are in it: the others were refused."""
        store = self.place()
        if self.run(source, store, names, zarr_format, codecs):
            return store, set(names)
        places = {name: self.place() for name in names}
        with ThreadPoolExecutor(2) as pool:
            done = pool.map(lambda name: self.run(source, places[name], [name], zarr_format,
                                                  codecs), names)
            taken = {name for name, took in zip(names, list(done)) if took}
        cases.write_group(store, zarr_format)
        for name in taken:
            (places[name] / name).rename(store / name)
        return store, taken

    def run(self, source, out, names, zarr_format, codecs, *more):
        options = [word for name in names for word in ["--codec", f"{name}:{codecs[name]}"]]
        done = self.gridmill("convert", source, out, "--zarr-format", zarr_format, "--variables",
                             ",".join(names), *options, *more)
        assert done.returncode in (0, 1, 2, 3), done.stderr
        return done.returncode == 0

    def right(self, store, names, label):
        """Those of the names whose values are read; none of them is read wrong."""
        if not names:
            return set()
        plain, found = self.converted(store, sorted(names), 2, dict.fromkeys(names, "none"))
        for name in found:
            check(read_plain(plain, name), name, label)
        return found


def check(got, name, label):
    """Bit for bit, and of the same type."""
    wanted = cases.values(name)
    if wanted.dtype == object:
        assert got.tolist() == wanted.tolist(), (label, name)
    else:
        assert described(got.dtype) == described(wanted.dtype), (label, name)
        assert little_endian(got).tobytes() == little_endian(wanted).tobytes(), (label, name)


def asked_for(codec, kind, zarr_format):
    """--codec's value, or nothing: what v2 alone has isn't asked for in v3."""
    if codec.v3 is not None:
        return json.dumps(cases.chain_v3(codec, kind))
    return json.dumps(codec.v2(kind)) if zarr_format == 2 else None


def cells(command, plain, codec):
    """{type: "v2, v3 read"}."""
    marks = {kind: [] for kind in cases.TYPES}
    for zarr_format, exists in [(2, codec.v2), (3, codec.v3)]:
        if exists is None:
            continue
        codecs = {kind: asked_for(codec, kind, zarr_format) for kind in marks}
        names = sorted(marks)
        out, written = command.converted(plain, names, zarr_format, codecs)
        source = command.place()
        made = cases.write_encoded(source, zarr_format, codec)
        back = command.right(out, written, codec.name)
        assert back == written, (codec.name, back ^ written)
        read = command.right(source, made, codec.name) | back - made
        assert back <= read, (codec.name, back - read)
        for kind in read:
            marks[kind].append(f"v{zarr_format}" + ("" if kind in back else " read"))
    return {kind: ", ".join(found) or "–" for kind, found in marks.items()}


def lines_of(header, rows):
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def merged(columns):
    """Columns of the same cells, next to each other or not, as one: [(their names, cells)]."""
    groups = {}
    for name, found in columns.items():
        groups.setdefault(tuple(found), []).append(name)
    return [(names, found) for found, names in groups.items()]


def pcodec_cells(command, plain, codec):
    """A build may lack it: the page, which is one for all builds, says what the others do."""
    stated = {kind: "v2, v3" if kind in cases.PCODEC_TYPES else "–" for kind in cases.TYPES}
    if "\n  pco " in command.gridmill("--version").stdout:
        found = cells(command, plain, codec)
        assert found == stated, found
    return stated


def codec_table(command):
    plain = command.place()
    write_plain(plain, {kind: cases.values(kind) for kind in cases.TYPES})
    makers = {"numcodecs.pcodec": pcodec_cells}
    rows = {codec.name: makers.get(codec.name, cells)(command, plain, codec)
            for codec in cases.CODECS}
    groups = merged({kind: [row[kind] for row in rows.values()] for kind in cases.TYPES})
    header = ["codec", *("<br>".join(names) for names, _ in groups)]
    body = [[name, *(found[number] for _, found in groups)] for number, name in enumerate(rows)]
    return lines_of(header, body)


def type_table():
    for kind, (dtype, data_type, _) in cases.TYPES.items():
        v2 = "a list of members" if kind == "record" else f"`{dtype}`".replace("|", "\\|")
        filters = f" with the filter `{cases.OBJECTS[kind]}`" if kind in cases.OBJECTS else ""
        name = data_type if isinstance(data_type, str) else data_type["name"]
        yield [kind, v2 + filters, f"`{name}`"]


def v3_rows(command, documents):
    """[(name, a store of such an array `x`, what `dump --raw` gives of it, or None)]."""
    for name, (document, chunk, *_) in documents.items():
        store = command.place()
        cases.write_array_v3(store, "x", document, chunk)
        write_document(store / "zarr.json", {"zarr_format": 3, "node_type": "group"})
        dumped = command.gridmill("dump", store / "x", "--raw", text=False)
        assert dumped.returncode in (0, 1), dumped.stderr
        yield name, store, dumped.stdout if dumped.returncode == 0 else None


def more_types(command):
    for name, store, raw in v3_rows(command, {name: cases.more_type(name)
                                              for name in cases.MORE_TYPES}):
        if raw is None:
            yield [f"`{name}`", "–"]
            continue
        assert raw == cases.more_type(name)[2], name
        out = command.place()
        kept = command.run(store, out, ["x"], 3, {"x": "none"}) and json.loads(
            (out / "x" / "zarr.json").read_text())["data_type"] == name
        yield [f"`{name}`", "v3" if kept else "v3 read"]


def layouts(command):
    for name, store, raw in v3_rows(command, cases.layouts()):
        if raw is None:
            yield [name, "–"]
            continue
        assert raw == cases.values("int32").tobytes(), name
        out = command.place()
        source = json.loads((store / "x" / "zarr.json").read_text())
        written = command.run(store, out, ["x"], 3, {"x": json.dumps(source["codecs"])}, "--shards", "none")
        if written:
            again = json.loads((out / "x" / "zarr.json").read_text())
            assert again["codecs"] == source["codecs"], name
            assert command.gridmill("dump", out / "x", "--raw", text=False).stdout == raw, name
            written = again["chunk_grid"]["name"] == source["chunk_grid"]["name"]
        yield [name, "v3" if written else "v3 read"]


def page(gridmill):
    """The page's text. `gridmill` runs the command, as the fixture of that name does."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        command = Command(gridmill, Path(folder))
        parts = [
            HEAD, "\n## Codecs\n\n", "\n".join(codec_table(command)),
            "\n\n`blosc` with snappy: see `tests/zarr/test_byte_codecs.py`. `numcodecs.pcodec` is an "
            "optional part of a build\n(CONTRIBUTING.md). v2's `vlen-array` is read and written, each element "
            "as the text of its JSON list.\n",
            "\n## Data types\n\nThe names above stand for:\n\n",
            "\n".join(lines_of(["", "dtype in v2", "data_type in v3"], type_table())),
            "\n\nOther names and types of v3, with the codec `bytes`:\n\n",
            "\n".join(lines_of(["data_type", ""], more_types(command))),
            "\n\nbfloat16 and what is smaller is float32, complex64, int8 or uint8 in memory, netCDF and "
            "tables.\n",
            "\n## Shards and chunk grids\n\n", "\n".join(lines_of(["layout", ""], layouts(command))), "\n",
        ]
    return "".join(parts)


def run_built_command(*arguments, text=True):
    binary = os.environ.get("GRIDMILL_BINARY", ROOT / "build" / "release" / "gridmill")
    return subprocess.run([binary, *map(str, arguments)], text=text, capture_output=True)


if __name__ == "__main__":
    PAGE.write_text(page(run_built_command))
