"""--grib-index: the same store with and without a kept index, whatever has happened to the index."""

import hashlib
import json
import os
import shutil

import eccodes
import numpy as np
import pytest


@pytest.fixture
def grib(tmp_path, data):
    path = tmp_path / "in" / "levels.grib"
    path.parent.mkdir()
    shutil.copy(data / "era5-levels-members.grib", path)
    return path


def kept(path):
    return path.with_name(path.name + ".gmindex")


def contents(store):
    return {str(p.relative_to(store)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(store.rglob("*")) if p.is_file()}  # fmt: skip


def converted(gridmill, path, out, *options):
    run = gridmill("convert", path, out, "--overwrite", *options)
    assert run.returncode == 0, run.stderr
    return contents(out), run.stderr


def test_the_store_is_the_same(gridmill, tmp_path, grib):
    out = tmp_path / "out.zarr"
    scanned, _ = converted(gridmill, grib, out, "--grib-index", "none")
    assert converted(gridmill, grib, out)[0] == scanned
    assert not kept(grib).exists(), "written, though nobody asked for it"
    assert converted(gridmill, grib, out, "--grib-index", "write")[0] == scanned
    assert kept(grib).exists()
    found, stderr = converted(gridmill, grib, out)
    assert found == scanned and "index" not in stderr
    # Damaged: a note, and the same values.
    damaged = bytearray(kept(grib).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    kept(grib).write_bytes(damaged)
    found, stderr = converted(gridmill, grib, out)
    assert found == scanned and "levels.grib.gmindex is not used" in stderr, stderr
    found, stderr = converted(gridmill, grib, out, "--grib-index", "none")
    assert found == scanned and "index" not in stderr
    converted(gridmill, grib, out, "--grib-index", "write")
    assert converted(gridmill, grib, out)[1].count("index") == 0


def test_every_verb_keeps_and_uses_it(gridmill, tmp_path, grib):
    out, plan = tmp_path / "out.zarr", tmp_path / "plan.json"
    point = ("--point", "60,0", "-o", tmp_path / "out.csv")
    verbs = [
        ("info", grib),
        ("convert", grib, out),
        ("rechunk", grib, tmp_path / "other.zarr"),
        ("dump", f"{grib}#/time"),
        ("extract", grib, *point),
        ("verify", out, "--against", grib),
        ("plan", "convert", grib, tmp_path / "planned.zarr", "-o", plan),
        ("exec", plan),
    ]
    for verb in verbs:
        run = gridmill(*verb, "--grib-index", "write")
        assert run.returncode == 0, (verb, run.stderr)
        assert kept(grib).exists(), verb
        kept(grib).write_bytes(b"no index at all")
        for path in (tmp_path / "out.csv", plan):
            if path.exists() and verb[0] != "plan":
                path.unlink()
        used = gridmill(*verb[:1], "--help")
        assert "--grib-index" in used.stdout, verb
        kept(grib).unlink()


def test_a_dry_run_writes_nothing(gridmill, tmp_path, grib):
    run = gridmill("convert", grib, tmp_path / "out.zarr", "--grib-index", "write", "--dry-run")
    assert run.returncode == 0, run.stderr
    assert not kept(grib).exists()


def test_unknown_use(gridmill, grib):
    run = gridmill("info", grib, "--grib-index", "always")
    assert run.returncode == 2 and "read" in run.stderr and "write" in run.stderr


def test_changed_file(gridmill, tmp_path, data, grib):
    """Another file of the same name; and one that differs in a message's date alone, same size."""
    assert gridmill("info", grib, "--grib-index", "write").returncode == 0
    index = kept(grib).read_bytes()
    before = os.stat(grib)
    changed = bytearray(grib.read_bytes())
    at = changed.rindex(b"GRIB")
    day = 8 + 14 if changed[at + 7] == 1 else 16 + 15
    changed[at + day] = 28
    grib.write_bytes(changed)
    os.utime(grib, ns=(before.st_atime_ns, before.st_mtime_ns))  # as a copy that keeps the time
    found = json.loads(gridmill("info", grib, "--json").stdout)
    scanned = json.loads(gridmill("info", grib, "--json", "--grib-index", "none").stdout)
    (note,) = [note for note in found["notes"] if note not in scanned["notes"]]
    assert "is not used: the file has changed since" in note
    found["notes"].remove(note)
    assert found == scanned
    assert kept(grib).read_bytes() == index


def test_read_only_folder(unprivileged, open_folder, data):
    """A note, not a failure."""
    grib = open_folder / "levels.grib"
    shutil.copyfile(data / "era5-levels-members.grib", grib)
    open_folder.chmod(0o555)
    run = unprivileged("info", grib, "--grib-index", "write", "--json")
    assert run.returncode == 0, run.stderr
    notes = json.loads(run.stdout)["notes"]
    assert any("levels.grib.gmindex could not be kept" in note for note in notes), notes
    assert [path.name for path in open_folder.iterdir()] == ["levels.grib"]


@pytest.fixture
def days(tmp_path):
    """Two files of two days, with their indexes beside them, as `convert days/*` finds them."""
    folder = tmp_path / "days"
    folder.mkdir()
    for day in (1, 2):
        handle = eccodes.codes_grib_new_from_samples("GRIB2")
        eccodes.codes_set(handle, "dataDate", 20200100 + day)
        eccodes.codes_set_values(handle, np.full(496, float(day)))
        (folder / f"{day}.grib").write_bytes(eccodes.codes_get_message(handle))
    return folder


def test_indexes_among_the_inputs_are_passed_over(gridmill, tmp_path, days):
    out, plan, table = tmp_path / "out.zarr", tmp_path / "plan.json", tmp_path / "out.csv"
    files = sorted(days.iterdir())
    run = gridmill("convert", *files, out, "--grib-index", "write")
    assert run.returncode == 0 and "passed over" not in run.stderr, run.stderr
    expected = contents(out)
    everything = sorted(days.iterdir())
    assert [path.name for path in everything] == ["1.grib", "1.grib.gmindex", "2.grib", "2.grib.gmindex"]
    for verb in [("convert", *everything, out, "--overwrite"),
                 ("plan", "convert", *everything, tmp_path / "planned.zarr", "-o", plan),
                 ("exec", plan, "--grib-index", "write"),
                 ("verify", out, "--against", *everything),
                 ("extract", *everything, "--point", "60,0", "-o", table)]:  # fmt: skip
        run = gridmill(*verb)
        assert run.returncode == 0, (verb, run.stderr)
        if verb[0] not in ("plan", "exec"):
            assert "2 of the inputs are kept GRIB indexes" in run.stderr, (verb, run.stderr)
            assert "1.grib.gmindex" in run.stderr
    assert contents(out) == expected
    assert contents(tmp_path / "planned.zarr") == expected
    # One file and its own index are one input.
    run = gridmill("convert", *everything[:2], out, "--overwrite")
    assert run.returncode == 0, run.stderr
    assert "1.grib.gmindex is a kept GRIB index, no data; passed over" in run.stderr


def test_an_index_alone_is_refused_by_what_it_is(gridmill, tmp_path, days):
    for path in list(days.iterdir()):
        assert gridmill("info", path, "--grib-index", "write").returncode == 0
    index = days / "1.grib.gmindex"
    for verb in [("info", index), ("convert", index, tmp_path / "out.zarr"),
                 ("convert", index, days / "2.grib.gmindex", tmp_path / "out.zarr"),
                 ("dump", f"{index}#/t")]:  # fmt: skip
        run = gridmill(*verb)
        assert run.returncode == 1, (verb, run.stderr)
        for word in ("1.grib.gmindex is the index", "--grib-index", f"give the file itself, {days}/1.grib"):
            assert word in run.stderr, (verb, run.stderr)
    run = gridmill("info", days / "3.grib.gmindex")
    assert "there is no file" in run.stderr
