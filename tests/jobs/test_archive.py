"""`gridmill archive`: which cycles go, that nothing else does, and what readers see of it."""

import datetime
import fcntl
import json
import os
import shutil
import subprocess
import time

import numpy as np
import pytest
import xarray as xr
import zarr
from killed_runs import BINARY, hashes

NOW = datetime.datetime(2026, 3, 1, 12)
FORMAT = "%Y%m%dT%H%M%S"
ALIKE = ["10m", "850", "may", "t2m", "2026", "20260101", "20260101T00", "20260230T000000", "x20200101T000000",
         "20200101T000000Z", "20200101T0000000"]  # fmt: skip


def name(hours, form=FORMAT):
    return (NOW - datetime.timedelta(hours=hours)).strftime(form)


def fields(seed):
    time_axis = np.array([f"2026-03-01T{hour:02}" for hour in range(4)], "M8[ns]")
    values = np.random.default_rng(seed).normal(280, 9, (4, 6)).astype("f4")
    return xr.Dataset({"t2m": (("time", "x"), values, {"units": "K"})}, {"time": time_axis, "x": np.arange(6.0)})


def make(path, names, zarr_format=3, consolidated=True, parent="", attributes=None):
    """A store of groups, one written after the other as xarray does it, and what each holds."""
    written = {}
    root = zarr.open_group(path, mode="w", zarr_format=zarr_format, attributes={"title": "forecasts"})
    for seed, one in enumerate(names):
        group = f"{parent}/{one}".strip("/")
        dataset = fields(seed).assign_attrs((attributes or {}).get(one, {}))
        encoding = {"t2m": {"chunks": (2, 3)}}
        dataset.to_zarr(path, group=group, zarr_format=zarr_format, consolidated=False, encoding=encoding)
        written[one] = dataset
    root.create_array("orography", data=np.arange(6.0))
    if consolidated:
        zarr.consolidate_metadata(path, zarr_format=zarr_format)
    return written


def archive(gridmill, path, *words, code=0, form=FORMAT):
    form = ["--format", form] if form else []
    done = gridmill("archive", path, *form, "--now", NOW.isoformat() + "Z", "--json", *words)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if code in (0, 4) else done.stderr


def groups(rows):
    return [row["group"].rpartition("/")[2] for row in rows]


def check_holds(path, written, names, parent="", consolidated=True):
    """Exactly these groups, by listing and by the consolidated documents, with all their values."""
    root = zarr.open_group(path, mode="r", use_consolidated=False)
    inner = root[parent] if parent else root
    assert {key for key, _ in inner.groups()} == set(names)
    assert np.array_equal(root["orography"][:], np.arange(6.0))
    if consolidated:
        root = zarr.open_consolidated(path)
        listed = {key for key, _ in root.members(max_depth=None)}
        plain = {key for key, _ in zarr.open_group(path, mode="r", use_consolidated=False).members(max_depth=None)}
        assert listed == plain
    for one in names:
        with xr.open_zarr(path, group=f"{parent}/{one}".strip("/"), consolidated=False) as found:
            xr.testing.assert_identical(found.load(), written[one])


KINDS = [(2, True), (3, True), (2, False), (3, False)]


@pytest.mark.parametrize("parent", ["", "cycle", "fc/global"])
@pytest.mark.parametrize("zarr_format, consolidated", KINDS)
def test_only_what_is_older_than_the_window_goes(gridmill, tmp_path, zarr_format, consolidated, parent):
    path = tmp_path / "s.zarr"
    names = [name(hours) for hours in (1, 2, 3, 4, 30)]
    written = make(path, names, zarr_format, consolidated, parent)
    files = [file for file in path.joinpath(parent, names[-1]).rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    words = ["--keep", "24h", *(["--group", parent] if parent else [])]
    before = hashes(path)
    would = archive(gridmill, path, *words, "--dry-run")
    assert hashes(path) == before and not path.with_name("s.zarr.gridmill").exists()
    done = archive(gridmill, path, *words)
    assert would.pop("dry_run") is True and done.pop("dry_run") is False
    assert would == done
    assert groups(done["removed"]) == [name(30)] and groups(done["kept"]) == names[3::-1]
    assert done["failed"] == [] and done["bytes_freed"] == done["removed"][0]["bytes"] == size
    assert done["removed"][0]["keys"] == len(files)
    assert [row["age"] for row in done["kept"]] == [4 * 3600, 3 * 3600, 2 * 3600, 3600]
    assert done["removed"][0]["time"] == "2026-02-28T06:00:00Z" and done["cutoff"] == "2026-02-28T12:00:00Z"
    check_holds(path, written, names[:4], parent, consolidated)
    assert not path.joinpath(parent, names[-1]).exists()
    assert not path.with_name("s.zarr.gridmill").exists()
    after = hashes(path)
    assert groups(archive(gridmill, path, *words)["removed"]) == [] and hashes(path) == after


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_what_is_no_cycle_is_left_alone(gridmill, tmp_path, zarr_format):
    path = tmp_path / "s.zarr"
    written = make(path, [*ALIKE, name(30), name(1)], zarr_format)
    done = archive(gridmill, path, "--keep", "1h", "--min-groups", "0")
    assert groups(done["removed"]) == [name(30)]  # one hour old is not older than an hour
    assert set(groups(done["ignored"])) == {*ALIKE, "orography"}
    check_holds(path, written, [*ALIKE, name(1)])


def test_a_zone_that_the_format_states(gridmill, tmp_path):
    path = tmp_path / "s.zarr"
    names = [name(hours) + "Z" for hours in (1, 30)] + [name(30)]
    written = make(path, names)
    done = archive(gridmill, path, "--keep", "24h", form=FORMAT + "Z")
    assert groups(done["removed"]) == [names[1]]
    check_holds(path, written, [names[0], names[2]])


@pytest.mark.parametrize("words, gone", [
    (["--min-groups", "0"], [1, 2, 3, 4, 30]),
    ([], [2, 3, 4, 30]),
    (["--min-groups", "3"], [4, 30]),
    (["--min-groups", "9"], []),
    (["--min-groups", "0", "--just-written", name(30)], [1, 2, 3, 4]),
    (["--min-groups", "0", "--just-written", name(2), "--just-written", "/" + name(4)], [1, 3, 30]),
    (["--min-groups", "2", "--just-written", name(30)], [3, 4]),
])  # fmt: skip
def test_the_newest_and_the_just_written_stay(gridmill, tmp_path, words, gone):
    path = tmp_path / "s.zarr"
    ages = [1, 2, 3, 4, 30]
    written = make(path, [name(hours) for hours in ages])
    done = archive(gridmill, path, "--keep", "30min", *words)
    assert set(groups(done["removed"])) == {name(hours) for hours in gone}
    check_holds(path, written, [name(hours) for hours in ages if hours not in gone])


def test_a_cycle_of_tomorrow_stays_and_saves_no_other(gridmill, tmp_path):
    path = tmp_path / "s.zarr"
    written = make(path, [name(hours) for hours in (-24, 40, 50)])
    done = gridmill("archive", path, "--format", FORMAT, "--keep", "24h", "--now", "2026-03-01T12:00:00Z", "--json")
    report = json.loads(done.stdout)
    assert "in the future" in done.stderr and report["kept"][-1]["why"] == "in the future"
    assert groups(report["kept"]) == [name(40), name(-24)] and report["kept"][-1]["age"] == -86400
    check_holds(path, written, [name(40), name(-24)])


def test_the_clock_counts_where_no_time_is_given(gridmill, tmp_path):
    path = tmp_path / "s.zarr"
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [(now - datetime.timedelta(hours=hours)).strftime(FORMAT) for hours in (1, 23, 25)]
    make(path, names)
    for zone in ("UTC", "Asia/Tokyo", "America/Lima"):
        done = gridmill("archive", path, "--format", FORMAT, "--keep", "24h", "--dry-run", "--json", env={"TZ": zone})
        assert groups(json.loads(done.stdout)["removed"]) == [names[2]]


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_times_of_an_attribute(gridmill, tmp_path, zarr_format):
    path = tmp_path / "s.zarr"
    says = {"a": "2026-02-27T12:00:00", "b": "2026-03-01T06:00:00Z", "c": "20260227T000000", "d": "10m", "e": "850",
            "f": "2026-02-28T23:00:00+12:00", "g": "may", "h": 20200101, "j": "2026-02-30"}  # fmt: skip
    written = make(path, [*says, "i"], zarr_format, attributes={one: {"cycle_time": text} for one, text in says.items()})
    done = archive(gridmill, path, "--keep", "24h", "--time-attribute", "cycle_time", form=None)
    assert groups(done["removed"]) == ["c", "a", "f"] and groups(done["kept"]) == ["b"]
    assert groups(done["ignored"]) == ["d", "e", "g", "h", "i", "j", "orography"]
    check_holds(path, written, list("bdeghij"))
    # with a format as well, names must be of it
    assert groups(archive(gridmill, path, "--keep", "1h", "--time-attribute", "cycle_time")["kept"]) == []


def test_groups_inside_a_cycle_go_with_it(gridmill, tmp_path):
    path = tmp_path / "s.zarr"
    old, young = name(30), name(1)
    written = make(path, [old, young])
    root = zarr.open_group(path, mode="r+", use_consolidated=False)
    root.create_array(f"{old}/members/1/t", data=np.arange(5))
    root.create_array(f"{young}/members/1/t", data=np.arange(5))
    zarr.consolidate_metadata(path)
    document = json.loads((path / "zarr.json").read_text())
    archive(gridmill, path, "--keep", "24h")
    left = json.loads((path / "zarr.json").read_text())
    document["consolidated_metadata"]["metadata"] = {
        node: content for node, content in document["consolidated_metadata"]["metadata"].items()
        if not (node + "/").startswith(old + "/")
    }  # fmt: skip
    assert left == document
    assert np.array_equal(zarr.open_consolidated(path)[f"{young}/members/1/t"][:], np.arange(5))
    xr.testing.assert_identical(xr.open_zarr(path, group=young, consolidated=False).load(), written[young])


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_parent_with_a_document_of_its_own(gridmill, tmp_path, zarr_format):
    path = tmp_path / "s.zarr"
    written = make(path, [name(1), name(30)], zarr_format, False, "cycle")
    zarr.consolidate_metadata(path, path="cycle", zarr_format=zarr_format)
    zarr.consolidate_metadata(path, zarr_format=zarr_format)
    archive(gridmill, path, "--group", "/cycle/", "--keep", "24h")
    assert {key for key, _ in zarr.open_consolidated(path, path="cycle").groups()} == {name(1)}
    check_holds(path, written, [name(1)], "cycle")


def test_verify_still_holds(gridmill, tmp_path):
    make(tmp_path / "s.zarr", [name(1), name(30)])
    out = tmp_path / "out.zarr"
    assert gridmill("convert", tmp_path / "s.zarr", out).returncode == 0
    assert groups(archive(gridmill, out, "--keep", "24h")["removed"]) == [name(30)]
    report = json.loads(gridmill("verify", out, "--json").stdout)
    assert report["ok"] and not report["problems"]
    assert any("by the manifest" in line for line in report["proved"])
    next(file for file in (out / name(1) / "t2m" / "c").rglob("*") if file.is_file()).write_bytes(b"damaged")
    assert gridmill("verify", out).returncode == 3


def test_somebody_else_writes(gridmill, tmp_path):
    path = tmp_path / "s.zarr"
    make(path, [name(1), name(30)])
    before = hashes(path)
    companion = tmp_path / "s.zarr.gridmill"
    companion.mkdir()
    with open(companion / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fcntl.lockf(lock, fcntl.LOCK_EX)
        said = archive(gridmill, path, "--keep", "24h", code=5)
        assert "is writing" in said and hashes(path) == before
        archive(gridmill, path, "--keep", "24h", "--dry-run")
    shutil.rmtree(companion)
    assert groups(archive(gridmill, path, "--keep", "24h")["removed"]) == [name(30)]


@pytest.mark.parametrize("words, code, said", [
    (["--keep", "0h"], 2, "no age"),
    (["--keep=-24h"], 2, "no age"),
    (["--keep", "24"], 2, "no age"),
    (["--keep", "3m"], 2, "no age"),
    ([], 2, "--keep"),
    (["--keep", "24h", "--min-groups", "-1"], 2, "min-groups"),
    (["--keep", "24h", "--format", "%Y%m%dT%Q"], 2, "unknown"),
    (["--keep", "24h", "--format", "%m%dT%H"], 2, "no year"),
    (["--keep", "24h", "--format", "%y%m%dT%H"], 2, "unknown"),
    (["--keep", "24h", "--format", "%Y%j%m"], 2, "%j"),
    (["--keep", "24h", "--format", "cycle/%Y"], 2, "--group"),
    (["--keep", "24h", "--format", ""], 2, "--format"),
    (["--keep", "24h", "--group", "nowhere"], 2, "no group nowhere"),
    (["--keep", "24h", "--group", "orography"], 2, "is an array"),
    (["--keep", "24h", "--just-written", "20260301"], 2, "no group 20260301"),
    (["--keep", "24h", "--now", "yesterday"], 2, "no time"),
    (["--keep", "24h", "--now", "2026-02-30"], 2, "no time"),
])  # fmt: skip
def test_mistakes_change_nothing(gridmill, tmp_path, words, code, said):
    path = tmp_path / "s.zarr"
    make(path, [name(1), name(30)])
    before = hashes(path)
    form = [] if "--format" in words else ["--format", FORMAT]
    done = gridmill("archive", path, *form, *words)
    assert done.returncode == code and said in done.stderr, done.stderr
    assert hashes(path) == before


def test_stores_that_are_none(gridmill, tmp_path):
    (tmp_path / "mine").mkdir()
    assert "no Zarr store" in archive(gridmill, tmp_path / "mine", "--keep", "1h", code=2)
    assert list(tmp_path.iterdir()) == [tmp_path / "mine"]
    make(tmp_path / "s.zarr", [name(1)])
    assert gridmill("convert", tmp_path / "s.zarr", tmp_path / "s.zarr.zip").returncode == 0
    assert "written once" in archive(gridmill, tmp_path / "s.zarr.zip", "--keep", "1h", code=1)


def test_the_table_for_people(gridmill, tmp_path):
    path = tmp_path / "s.zarr"
    make(path, [name(1), name(30)])
    words = ["archive", path, "--format", FORMAT, "--keep", "24h", "--now", NOW.isoformat()]
    would = gridmill(*words, "--dry-run").stdout.splitlines()
    assert would[0].startswith(f"to go    /{name(30)}") and would[1].startswith(f"kept     /{name(1)}")
    assert "1 to be removed" in would[2] and "1 other nodes left alone" in would[2]
    assert gridmill(*words).stdout.splitlines()[0].startswith(f"removed  /{name(30)}")


def make_many(path, old, young, zarr_format, consolidated):
    """The old ones are copies of the first, and have files enough to take a while to go."""
    written = make(path, [old[0], *young], zarr_format, False)
    for i in range(200):
        (path / old[0] / "t2m" / f"{i}.more").write_text("x" * i)
    for one in old[1:]:
        shutil.copytree(path / old[0], path / one)
        written[one] = written[old[0]]
    if consolidated:
        zarr.consolidate_metadata(path, zarr_format=zarr_format)
    return written


def kill_on_the_way(running, removed, seconds, count):
    """After so many seconds, or, if that is None, once so many groups have been moved out."""
    if seconds is not None:
        time.sleep(seconds)
    else:
        while running.poll() is None:
            try:
                if len(os.listdir(removed)) >= count:
                    break
            except FileNotFoundError:
                continue
    running.kill()
    running.wait()


@pytest.mark.parametrize("zarr_format, consolidated", KINDS)
def test_a_killed_run_is_finished_by_the_same_command(gridmill, tmp_path, zarr_format, consolidated):
    """Killed at many moments: readers of either kind see whole cycles, and the next run ends all."""
    old, young = [name(30 + i) for i in range(25)], [name(1), name(2)]
    made, path = tmp_path / "made.zarr", tmp_path / "s.zarr"
    removed = tmp_path / "s.zarr.gridmill" / "removed"
    written = make_many(made, old, young, zarr_format, consolidated)
    words = ["archive", path, "--format", FORMAT, "--keep", "24h", "--now", NOW.isoformat()]
    shutil.copytree(made, path)
    began = time.monotonic()
    subprocess.run([BINARY, *words], check=True, stdout=subprocess.DEVNULL)
    whole_s = time.monotonic() - began
    in_time = 0
    for round_ in range(8):
        shutil.rmtree(path)
        shutil.copytree(made, path)
        running = subprocess.Popen([BINARY, *map(str, words)], stdout=subprocess.DEVNULL)
        kill_on_the_way(running, removed, whole_s * round_ / 4 if round_ < 4 else None, 6 * (round_ - 3))
        in_time += removed.exists()
        there = {key for key, _ in zarr.open_group(path, mode="r", use_consolidated=False).groups()}
        seen = {key for key, _ in zarr.open_group(path, mode="r").groups()}
        assert set(young) <= seen <= there if consolidated else seen == there
        assert not consolidated or seen in ({*old, *young}, set(young))
        for one in sorted(seen)[:2] + young:
            found = xr.open_zarr(path, group=one, consolidated=False).load()
            xr.testing.assert_identical(found, written[one])
        assert gridmill(*words).returncode == 0
        check_holds(path, written, young, "", consolidated)
        assert not removed.parent.exists()
    assert in_time, "every kill came too late"


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_what_a_dead_run_left_is_cleared(gridmill, tmp_path, zarr_format):
    """At each of the places where a run may have died, set up by hand."""
    path = tmp_path / "s.zarr"
    written = make(path, [name(1), name(30), name(40)], zarr_format)
    removed = tmp_path / "s.zarr.gridmill" / "removed"
    removed.mkdir(parents=True)
    half = ["s.zarr/.zarr.json.0123.partial", "s.zarr/..zmetadata.0123.partial", "s.zarr.gridmill/.manifest.0.partial"]
    for one in half:
        (tmp_path / one).write_text("{")
    shutil.move(path / name(40), removed / "0123456789abcdef")
    document = path / (".zmetadata" if zarr_format == 2 else "zarr.json")
    content = json.loads(document.read_text())
    nodes = (content if zarr_format == 2 else content["consolidated_metadata"])["metadata"]
    for node in [node for node in nodes if node.startswith((name(30), name(40)))]:
        del nodes[node]  # unlisted, but still there
    document.write_text(json.dumps(content))
    listed = json.loads(gridmill("cache", "ls", tmp_path, "--json").stdout)
    assert "s.zarr" in json.dumps(listed)
    left = sum(file.stat().st_size for file in removed.rglob("*") if file.is_file())
    done = archive(gridmill, path, "--keep", "24h")
    assert groups(done["removed"]) == [name(30)] and done["bytes_cleared"] == left > 0
    check_holds(path, written, [name(1)])
    assert not removed.parent.exists() and not any((tmp_path / one).exists() for one in half)


def test_what_cannot_be_removed_is_told_and_stays_whole(unprivileged, open_folder):
    path = open_folder / "s.zarr"
    written = make(path, [name(1)], parent="cycle")
    make(open_folder / "o.zarr", [name(30)])
    shutil.move(open_folder / "o.zarr" / name(30), path / "cycle" / name(30))
    zarr.consolidate_metadata(path)
    for place in [open_folder, path, *path.rglob("*")]:
        place.chmod(0o777)
    (path / "cycle").chmod(0o555)
    done = archive(unprivileged, path, "--keep", "24h", "--group", "cycle", code=4)
    assert groups(done["failed"]) == [name(30)] and done["removed"] == [] and done["bytes_freed"] == 0
    check_holds(path, {**written, name(30): fields(0)}, [name(1), name(30)], "cycle")
    (path / "cycle").chmod(0o777)
    assert groups(archive(unprivileged, path, "--keep", "24h", "--group", "cycle")["removed"]) == [name(30)]
    check_holds(path, written, [name(1)], "cycle")


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_part_of_a_store_is_named_by_the_store(gridmill, tmp_path, zarr_format):
    """By its own path a group has neither the store's lock nor its documents."""
    path = tmp_path / "s.zarr"
    written = make(path, [name(1), name(50)], zarr_format, parent="fc")
    before = hashes(path)
    said = archive(gridmill, path / "fc", "--keep", "24h", code=2)
    assert f"write {path}#/fc" in said and hashes(path) == before
    archive(gridmill, f"{path}#/fc", "--keep", "24h")
    check_holds(path, written, [name(1)], parent="fc")


@pytest.mark.parametrize("given", ["{}", "{}/t2m", "fc/{}/t2m"])
def test_what_lies_in_a_cycle_that_was_just_written_protects_it(gridmill, tmp_path, given):
    path = tmp_path / "s.zarr"
    written = make(path, [name(1), name(50)], parent="fc")
    archive(gridmill, path, "--group", "fc", "--keep", "24h", "--just-written", given.format(name(50)))
    check_holds(path, written, [name(1), name(50)], parent="fc")


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_what_could_not_be_removed_is_listed_where_zarr_python_finds_it(gridmill, tmp_path, zarr_format):
    path = tmp_path / "s.zarr"
    names = [name(hours) for hours in (1, 50, 60)]
    written = make(path, names, zarr_format, consolidated=False, parent="fc")
    fields(9).to_zarr(path, group="other/q", zarr_format=zarr_format, consolidated=False)
    zarr.consolidate_metadata(path, zarr_format=zarr_format)
    companion = tmp_path / "s.zarr.gridmill"
    companion.mkdir()
    (companion / "removed").write_text("in the way")
    report = archive(gridmill, path, "--group", "fc", "--keep", "24h", code=4)
    assert len(report["failed"]) == 2 and report["removed"] == []
    check_holds(path, written, names, parent="fc")


@pytest.mark.parametrize("document", ["[]", "5", '{"node_type": 5, "zarr_format": 3}'])
def test_an_odd_document_beside_the_cycles_is_no_internal_error(gridmill, tmp_path, document):
    path = tmp_path / "s.zarr"
    make(path, [name(1), name(50)], consolidated=False)
    (path / "odd").mkdir()
    (path / "odd" / "zarr.json").write_text(document)
    done = gridmill("archive", path, "--format", FORMAT, "--now", NOW.isoformat() + "Z", "--keep", "24h")
    assert done.returncode in (0, 3) and "json.exception" not in done.stderr, done.stderr
    assert (path / "odd" / "zarr.json").read_text() == document
