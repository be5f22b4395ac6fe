"""plan, exec, the C ABI and MPI: whoever runs the tasks of a plan, in whatever ranges, the store is
the one that the verb itself writes, byte for byte, manifest included."""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import c_abi
import numpy as np
import pytest
import zarr
from c_abi import call
from killed_runs import (
    BINARY,
    kill,
    mpirun,
    noted_tasks,
    status_of,
    still_running,
    stop,
    wait_for_ranks,
)
from measured import peak_memory
from sealed_plan import sealed

SERIES = ("--chunks", "t:time=all,lat=19,lon=36", "--memory", "64M", "--threads", "2")


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    """125 MB of float32 in chunks of twelve maps, and coordinates: rechunking it takes a spill."""
    place = tmp_path_factory.mktemp("plan") / "maps.zarr"
    shape = (240, 361, 360)
    steps = np.random.default_rng(8).integers(-300, 300, shape, dtype="i2")
    root = zarr.open_group(str(place), mode="w", zarr_format=3)
    array = root.create_array(
        "t",
        shape=shape,
        chunks=(12, 361, 360),
        dtype="f4",
        compressors=zarr.codecs.ZstdCodec(level=1),
        dimension_names=("time", "lat", "lon"),
    )
    array[...] = (np.cumsum(steps, axis=2, dtype="f4") / 64).astype("f4")
    root.create_array("time", data=np.arange(240), chunks=(7,), dimension_names=("time",))
    return place


@pytest.fixture(scope="module")
def expected(maps, gridmill):
    """What rechunk itself writes."""
    store = maps.parent / "expected.zarr"
    run = gridmill("rechunk", maps, store, *SERIES)
    assert run.returncode == 0, run.stderr
    return tree(store)


def tree(store):
    """Every file of a store and its manifest, with its content's hash."""
    files = [path for path in Path(store).rglob("*") if path.is_file()]
    files.append(Path(f"{store}.gridmill/manifest"))
    return {
        str(p.relative_to(store) if p.is_relative_to(store) else p.name): hashlib.sha256(
            p.read_bytes()
        ).hexdigest()
        for p in files
    }


@pytest.fixture
def plan(maps, tmp_path, gridmill):
    """A plan of the same rechunk into tmp_path/out.zarr."""
    path = tmp_path / "plan.json"
    run = gridmill("plan", "rechunk", maps, tmp_path / "out.zarr", *SERIES, "-o", path)
    assert run.returncode == 0, run.stderr
    return path


def stages(gridmill, plan):
    return json.loads(gridmill("plan", "show", plan, "--json").stdout)["stages"]


def test_a_plan_runs_whole(gridmill, plan, expected, tmp_path):
    assert not (tmp_path / "out.zarr").exists()
    run = gridmill("exec", plan)
    assert run.returncode == 0, run.stderr
    assert tree(tmp_path / "out.zarr") == expected
    assert sorted(os.listdir(tmp_path / "out.zarr.gridmill")) == ["manifest", "runs"]


@pytest.mark.parametrize("zarr_format", ["2", "3"])
def test_a_plan_of_a_conversion_runs_whole(gridmill, ferret, tmp_path, zarr_format):
    source = ferret / "coads_climatology.cdf"
    words = ("--zarr-format", zarr_format, "--region", "TIME=2:9")
    direct = gridmill("convert", source, tmp_path / "direct.zarr", *words)
    assert direct.returncode == 0, direct.stderr
    path = tmp_path / "plan.json"
    # from another folder, with relative names
    made = gridmill("plan", "convert", source, "out.zarr", *words, "-o", path, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    run = gridmill("exec", path, cwd="/")
    assert run.returncode == 0, run.stderr
    assert tree(tmp_path / "out.zarr") == tree(tmp_path / "direct.zarr")


def test_ranges_by_many_workers_at_once_make_the_same_store(gridmill, plan, expected, tmp_path):
    for number, stage in enumerate(stages(gridmill, plan)):
        cuts = sorted({0, stage["tasks"] // 3, stage["tasks"] // 2, stage["tasks"]})
        ranges = list(zip(cuts, cuts[1:])) + [(0, 1)]  # one task is done twice, at once
        with ThreadPoolExecutor(4) as pool:
            words = [("--stage", number, "--tasks", f"{a}:{b}") for a, b in ranges]
            runs = list(pool.map(lambda w: gridmill("exec", plan, *w), words))
        assert [run.returncode for run in runs] == [0] * len(runs), [run.stderr for run in runs]
    last = gridmill("exec", plan, "--json")
    assert last.returncode == 0, last.stderr
    assert json.loads(last.stdout)["chunks_written"] == 0  # all was done
    assert tree(tmp_path / "out.zarr") == expected


def test_exec_goes_on_with_what_workers_did(gridmill, plan, expected, tmp_path):
    assert gridmill("exec", plan, "--stage", 0).returncode == 0
    assert gridmill("exec", plan, "--stage", 1, "--tasks", "0:1").returncode == 0
    run = gridmill("exec", plan, "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["chunks_resumed"] > 0
    assert tree(tmp_path / "out.zarr") == expected


def test_attributes_that_are_nan_do_not_stop_a_second_worker(gridmill, tmp_path):
    root = zarr.open_group(str(tmp_path / "in.zarr"), mode="w", zarr_format=3)
    array = root.create_array("t", data=np.arange(8.0), chunks=(2,), dimension_names=("x",))
    array.attrs["missing_value"] = float("nan")
    plan = tmp_path / "plan.json"
    out = tmp_path / "out.zarr"
    assert gridmill("plan", "rechunk", tmp_path / "in.zarr", out, "-o", plan).returncode == 0
    for words in [("--tasks", "0:1"), ("--tasks", "0:1"), ()]:
        run = gridmill("exec", plan, *words)
        assert run.returncode == 0, (words, run.stderr)
    np.testing.assert_array_equal(zarr.open_group(str(out))["t"][:], np.arange(8.0))


@pytest.mark.parametrize("memory", [72, 160])
def test_the_least_memory_of_a_plan_is_enough(gridmill, maps, tmp_path, memory):
    plan = tmp_path / "plan.json"
    words = ("--chunks", "t:time=all,lat=4,lon=4", "--way", "spill", "--memory", f"{memory}M")
    run = gridmill("plan", "rechunk", maps, tmp_path / "out.zarr", *words, "-o", plan)
    assert run.returncode == 0, run.stderr
    assert len(stages(gridmill, plan)) == 4
    needed = max(stage["least_memory"] for stage in stages(gridmill, plan))
    assert needed <= memory << 20
    run = gridmill("exec", plan, "--memory", str(max(needed, 64 << 20)), "--json")
    assert run.returncode == 0, run.stderr


def test_a_budget_that_is_too_small_is_refused_with_one_that_works(gridmill, maps, tmp_path):
    words = ("rechunk", maps, tmp_path / "out.zarr", "--chunks", "t:time=all,lat=361,lon=180")
    run = gridmill(*words, "--memory", "64M")
    assert run.returncode == 2 and "does not fit" in run.stderr
    budget = run.stderr.split("--memory ")[-1].split()[0]
    run = gridmill(*words, "--memory", budget)
    assert run.returncode == 0, run.stderr


def test_what_only_whole_runs_have_is_refused_to_workers(gridmill, plan, tmp_path):
    for words in [("--restart",), ("--sample", "0.5")]:
        run = gridmill("exec", plan, "--stage", "0", *words)
        assert run.returncode == 2 and "a worker" in run.stderr, words


@pytest.fixture
def small_plan(gridmill, tmp_path):
    """One stage of eight tasks; plan, and how many bytes the inputs hold as they are stored."""
    root = zarr.open_group(str(tmp_path / "in.zarr"), mode="w", zarr_format=3)
    data = np.random.default_rng(2).normal(size=(8, 50_000))
    root.create_array("t", data=data, chunks=(1, 50_000), dimension_names=("t", "x"),
                      compressors=None)
    path = tmp_path / "plan.json"
    words = ("plan", "convert", tmp_path / "in.zarr", tmp_path / "out.zarr", "--chunks", "t=1")
    run = gridmill(*words, "--memory", "64M", "-o", path, "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["stages"][0]["tasks"] == 8
    return path, data.nbytes


def check_sums(record, names, stored, out):
    """The whole run in the record: the oracles are the files, and the sum over the workers."""
    workers = record["workers"]
    assert sorted(one["name"].split(" ")[0] for one in workers["each"]) == sorted(names)
    assert workers["count"] == len(names)
    written = sum(f.stat().st_size for f in out.rglob("c/**/*") if f.is_file())
    for figures in (workers, record):
        assert figures["bytes_read"] == stored
        assert figures["bytes_written"] == written
        assert figures["cpu_seconds"] == pytest.approx(
            sum(one["cpu_seconds"] for one in workers["each"]))
        assert figures["peak_memory"] == max(one["peak_memory"] for one in workers["each"])
    assert workers["tasks"] == 8 == sum(one["tasks"] for one in workers["each"])
    assert sum(stage["tasks"] for stage in record["stages"]) == 8
    assert sum(stage["work"]["write"]["items"] for stage in record["stages"]) == 8
    assert record["bottleneck"]["sentence"]
    assert record["chunks_resumed"] == 0


def test_the_record_of_a_run_tells_of_its_workers(gridmill, small_plan, tmp_path):
    plan, stored = small_plan
    own = json.loads(gridmill("exec", plan, "--stage", "0", "--tasks", "0:3", "--json", "--report",
                              tmp_path / "w.json", "--tags", "who=first").stdout)
    report = json.loads((tmp_path / "w.json").read_text())
    assert report == own["run"] and report["tags"] == {"who": "first"}
    assert report["stages"][0]["tasks"] == 3 and report["bytes_read"] == stored * 3 // 8
    assert gridmill("exec", plan, "--stage", "0", "--tasks", "3:7").returncode == 0
    last = gridmill("exec", plan, "--json", "--report", tmp_path / "r.txt", "--metrics",
                    tmp_path / "m.prom")
    assert last.returncode == 0, last.stderr
    out = tmp_path / "out.zarr"
    shown = json.loads(gridmill("runs", "show", out, "--json").stdout)
    check_sums(shown, ["worker", "worker", "publisher"], stored, out)
    assert [one["tasks"] for one in shown["workers"]["each"]] == [3, 4, 1]
    assert json.loads(last.stdout)["run"]["workers"] == shown["workers"]
    text = (tmp_path / "r.txt").read_text()
    assert "3 processes and workers, 8 tasks" in text and "publisher" in text
    samples = (tmp_path / "m.prom").read_text()
    assert samples.count("gridmill_worker_tasks{") == 3


def test_a_damaged_note_of_a_worker_is_no_harm(gridmill, small_plan, tmp_path):
    plan, _ = small_plan
    assert gridmill("exec", plan, "--stage", "0", "--tasks", "0:3").returncode == 0
    (part,) = (tmp_path / "out.zarr.gridmill" / "run" / "parts").glob("*")
    part.write_text(part.read_text()[:40])
    run = gridmill("exec", plan, "--json")
    assert run.returncode == 0 and "figures of a worker" in run.stderr
    assert "workers" not in json.loads(run.stdout)["run"]


def test_a_plan_replaces_a_plan_and_nothing_else(gridmill, plan, maps, tmp_path):
    again = ("plan", "rechunk", maps, tmp_path / "other.zarr", *SERIES, "-o")
    assert gridmill(*again, plan).returncode == 0
    assert json.loads(plan.read_text())["output"]["overwrite"] is False
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    assert gridmill(*again, notes, "--overwrite").returncode == 5
    assert notes.read_text() == "mine"


def test_a_stage_is_not_read_before_it_is_written(gridmill, plan, tmp_path):
    last = len(stages(gridmill, plan)) - 1
    run = gridmill("exec", plan, "--stage", last, "--tasks", "0:1")
    assert run.returncode == 4
    assert "the stage before has not written it" in run.stderr
    assert not (tmp_path / "out.zarr").exists()


@pytest.mark.parametrize(
    "words, text",
    [
        (("--stage", 9), "there is no stage 9"),
        (("--stage", 1, "--tasks", "0:99"), "0:99 is no part of them"),
        (("--stage", 1, "--tasks", "2:1"), "2:1 is no part of them"),
        (("--stage", 1, "--tasks", "1"), "--tasks 1: write FIRST:LAST"),
        (("--stage", 1, "--tasks", "a:b"), "--tasks a:b: write FIRST:LAST"),
        (("--stage", "x"), "is not the number of a stage"),
        (("--tasks", "0:1"), "say which with --stage"),
    ],
)
def test_ranges_that_are_none_are_refused(gridmill, plan, words, text):
    run = gridmill("exec", plan, *words)
    assert run.returncode == 2 and text in run.stderr


def test_a_plan_of_other_inputs_is_refused(gridmill, ferret, tmp_path):
    source = tmp_path / "in.cdf"
    shutil.copy(ferret / "coads_climatology.cdf", source)
    path = tmp_path / "plan.json"
    assert gridmill("plan", "convert", source, tmp_path / "out.zarr", "-o", path).returncode == 0
    os.utime(source, ns=(1, 1))
    for words in [(), ("--stage", 0, "--tasks", "0:1")]:
        run = gridmill("exec", path, *words)
        assert run.returncode == 5
        assert "modified_ns was" in run.stderr and "make it again" in run.stderr


def test_what_another_plan_left_is_not_mixed_in(gridmill, maps, plan, expected, tmp_path):
    other = tmp_path / "other.json"
    words = ("plan", "rechunk", maps, tmp_path / "out.zarr", "--chunks", "t:time=all,lat=20,lon=36")
    assert gridmill(*words, "--memory", "256M", "-o", other).returncode == 0
    assert gridmill("exec", other, "--stage", 0).returncode == 0
    for more in [(), ("--stage", 0)]:
        run = gridmill("exec", plan, *more)
        assert run.returncode == 5 and "its plan was another" in run.stderr
    run = gridmill("exec", plan, "--restart")
    assert run.returncode == 0, run.stderr
    assert tree(tmp_path / "out.zarr") == expected


def test_who_comes_alone_and_workers_refuse_each_other(gridmill, plan, tmp_path):
    companion = tmp_path / "out.zarr.gridmill"
    (companion / "workers").mkdir(parents=True)
    with open(companion / "workers" / "somebody", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = gridmill("exec", plan)
        assert run.returncode == 5 and "workers are writing" in run.stderr
        assert gridmill("exec", plan, "--stage", 0).returncode == 0
    with open(companion / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = gridmill("exec", plan, "--stage", 0)
        assert run.returncode == 5 and "another run is writing" in run.stderr
    assert gridmill("exec", plan).returncode == 0


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "line 1"),
        ("[1]", "no plan of Gridmill"),
        ('{"gridmill_plan": 7}', "format 7"),
        ('{"gridmill_plan": 1}', "digest"),
    ],
)
def test_what_is_no_plan_is_refused(gridmill, tmp_path, text, message):
    path = tmp_path / "plan.json"
    path.write_text(text)
    for words in [("exec", path), ("plan", "show", path)]:
        run = gridmill(*words)
        assert run.returncode in (1, 3) and message in run.stderr and str(path) in run.stderr


def test_a_plan_that_was_changed_is_refused(gridmill, plan, expected, tmp_path):
    document = json.loads(plan.read_text())
    assert sealed(document) == document
    changed = tmp_path / "changed.json"
    changed.write_text(plan.read_text().replace('"threads"', '"threads" '))  # says the same
    assert gridmill("plan", "show", changed).returncode == 0
    changed.write_text(json.dumps(broken(document, "output", "overwrite", value=True)))
    for words in [("exec", changed), ("exec", changed, "--stage", "0"), ("plan", "show", changed)]:
        run = gridmill(*words)
        assert run.returncode == 5 and "was changed after it was made" in run.stderr, words


def broken(document, *path, value):
    """The plan with one of its members replaced."""
    copy = json.loads(json.dumps(document))
    place = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return copy


@pytest.mark.parametrize("path", [("gridmill",), ("codecs", "zstd")])
def test_a_plan_of_another_version_is_refused(gridmill, plan, expected, maps, tmp_path, path):
    """By exec, by a worker, and by --resume of the verb, which compares with run/plan.json."""
    document = json.loads(plan.read_text())
    now = document["identity"]
    for step in path:
        now = now[step]
    said = f'{".".join(path)} was "0.0.1" and is "{now}"'
    other = tmp_path / "other.json"
    other.write_text(json.dumps(sealed(broken(document, "identity", *path, value="0.0.1"))))
    for words in [("exec", other), ("exec", other, "--stage", "0"),
                  ("exec", other, "--stage", "0", "--tasks", "0:1")]:  # fmt: skip
        run = gridmill(*words)
        assert run.returncode == 5 and said in run.stderr, (words, run.stderr)
        assert not (tmp_path / "out.zarr").exists()

    assert gridmill("exec", plan, "--stage", 0).returncode == 0
    record = tmp_path / "out.zarr.gridmill" / "run" / "plan.json"
    left = record.read_text()
    assert json.loads(left) == document["identity"]
    record.write_text(json.dumps(broken(document["identity"], *path, value="0.0.1")))
    rechunk = ("rechunk", maps, tmp_path / "out.zarr", *SERIES)
    for words in [(*rechunk, "--resume"), ("exec", plan), ("exec", plan, "--stage", "0")]:
        run = gridmill(*words)
        assert run.returncode == 5 and said in run.stderr, (words, run.stderr)
        assert "can't be resumed" in run.stderr
    record.write_text(left)
    run = gridmill(*rechunk, "--resume", "--json")  # what was there is still good
    assert run.returncode == 0, run.stderr
    assert tree(tmp_path / "out.zarr") == expected


def test_plans_that_contradict_themselves_are_refused(gridmill, plan, tmp_path):
    document = json.loads(plan.read_text())
    sink = ("stages", 0, "outputs", 0, "sink")
    cases = [
        (broken(document, *sink, "array", value="nothing"), "is written 0 times"),
        (broken(document, *sink, "sink", value="drain"), 'knows no sink "drain"'),
        (broken(document, "stages", 0, "tasks", value=99), "has 99 tasks by the plan"),
        (broken(document, "stages", 1, "serves", value=0), "serves stage 0"),
        (
            broken(document, "stages", 0, "outputs", 0, "fields", 0, value={"source": "tap"}),
            'knows no source "tap"',
        ),
        (
            broken(document, "stages", 0, "outputs", 0, "fields", 0, "dataset", value="sea"),
            'no dataset "sea"',
        ),
        (broken(document, "stages", 0, "outputs", 0, "units_per_task", value=[1, 1]), "go together"),
        (broken(document, "stages", 0, "outputs", 0, "units_per_task", value="all"), "integers"),
        (broken(document, "output", "nodes", 1, "path", value="../../x"), ""),
        (broken(document, "stages", value=[]), "is written 0 times"),
        (broken(document, "stages", value=document["stages"] + document["stages"][-1:]), "2 times"),
        (broken(document, "output", "nodes", value=document["output"]["nodes"][1:]), "no root group"),
        (broken(document, "stages", 1, "frees", value=[1]), "frees is not a list of keys"),
        (broken(document, "stages", 0, "serves", value=1), "and no spill"),
    ]
    for number, (case, message) in enumerate(cases):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(sealed(case)))
        run = gridmill("exec", path)
        assert run.returncode in (1, 3, 5), (number, run.stderr)
        assert message in run.stderr, (number, run.stderr)
        assert not (tmp_path / "out.zarr").exists()


def test_show_adds_up(gridmill, plan, maps):
    shown = json.loads(gridmill("plan", "show", plan, "--json").stdout)
    spill = [stage for stage in shown["stages"] if stage["name"] == "spill"]
    data = 240 * 361 * 360 * 4
    assert [stage["bytes_written"] for stage in spill] == [data]
    assert shown["bytes_read"] == sum(stage["bytes_read"] for stage in shown["stages"])
    assert shown["source_bytes"] == data + 240 * 8
    assert all(0 < stage["least_memory"] <= 64 << 20 for stage in shown["stages"])
    # A spill is written and read once: nothing is read twice in a stage, and the data twice in all.
    assert [stage["read_amplification"] for stage in shown["stages"]] == [1.0] * len(shown["stages"])
    assert shown["read_amplification"] == pytest.approx(shown["bytes_read"] / shown["source_bytes"])
    assert shown["read_amplification"] == pytest.approx(2, rel=1e-3)
    text = gridmill("plan", "show", plan).stdout
    assert "stage 1: spill of t" in text and "a spill of chunks" in text
    assert "(1.00 x what it writes)" in text and "read 2.00 times" in text


def test_only_verbs_with_plans_have_them(gridmill, maps, tmp_path):
    run = gridmill("plan", "rechnuk", maps, tmp_path / "o.zarr")
    assert run.returncode == 2 and "rechunk" in run.stderr
    run = gridmill("plan", "convert", maps, tmp_path / "o.nc")
    assert run.returncode == 1 and "only Zarr stores have plans" in run.stderr
    run = gridmill("plan", "rechunk", maps, tmp_path / "o.zarr", "--region", "time=0:3")
    assert run.returncode == 2 and "--region" in run.stderr


def test_a_million_tasks_fit_in_a_few_kilobytes(gridmill, tmp_path):
    root = zarr.open_group(str(tmp_path / "long.zarr"), mode="w", zarr_format=3)
    root.create_array("x", shape=(1_000_000, 4), chunks=(1, 4), dtype="f4", dimension_names=("t", "y"))
    path = tmp_path / "plan.json"
    words = ("plan", "rechunk", tmp_path / "long.zarr", tmp_path / "out.zarr", "--chunks", "t=1,y=2")
    peak = peak_memory(tmp_path, *words, "--memory", "64M", "--threads", "1", "-o", path)
    assert peak < 200_000_000
    assert path.stat().st_size < 20_000
    assert [stage["tasks"] for stage in stages(gridmill, path)] == [1_000_000]
    run = gridmill("exec", path, "--stage", 0, "--tasks", "999998:1000000", "--json")  # the last two
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["chunks_written"] == 4


# ---- the C ABI


@pytest.fixture(scope="session")
def library():
    return c_abi.load()


def test_the_c_abi_runs_tasks_from_any_thread(library, gridmill, plan, expected, tmp_path):
    assert library.gm_version().decode() in gridmill("--version").stdout
    path = str(plan).encode()
    code, shown = call(library.gm_explain, path)
    assert code == 0 and len(shown["stages"]) == 3
    for number, stage in enumerate(shown["stages"]):
        with ThreadPoolExecutor(2) as pool:
            half = stage["tasks"] // 2
            jobs = [
                pool.submit(call, library.gm_run_tasks, path, number, *tasks, b'{"threads": 1}')
                for tasks in [(0, half), (half, stage["tasks"])]
            ]
            for job in jobs:
                code, report = job.result()
                assert code == 0, report
    code, report = call(library.gm_finish, plan.read_bytes(), None)  # the document itself
    assert code == 0 and report["chunks_written"] == 0
    assert tree(tmp_path / "out.zarr") == expected


TABLE = b'{"gridmill_plan": 1, "verb": "extract"}'


def test_the_c_abi_reports_errors(library, plan):
    path = str(plan).encode()
    cases = [
        (call(library.gm_explain, b"nowhere.json"), 2, "not found"),
        (call(library.gm_explain, None), 2, "invalid"),
        (call(library.gm_run_tasks, path, 0, 5, 99, None), 2, "invalid"),
        (call(library.gm_run_tasks, path, 0, 0, 1, b'{"speed": 1}'), 2, "invalid"),
        (call(library.gm_run_tasks, path, 0, 0, 1, b'{"threads": -1}'), 2, "invalid"),
        (call(library.gm_run_tasks, path, 0, 0, 1, b'{"threads": 4294967296}'), 2, "invalid"),
        (call(library.gm_run_tasks, path, 0, 0, 1, b'{"timeout_s": 9223372037}'), 2, "invalid"),
        (call(library.gm_run_tasks, path, 2, 0, 1, None), 4, "unavailable"),
        (call(library.gm_finish, b'{"gridmill_plan": 9}', None), 1, "unsupported"),
        # a table is one stream
        (call(library.gm_run_tasks, TABLE, 0, 0, 1, None), 2, "invalid"),
        (call(library.gm_finish, TABLE, None), 2, "invalid"),
    ]
    for (code, report), expected_code, kind in cases:
        assert (code, report["error"]["kind"]) == (expected_code, kind), report
    assert library.gm_explain(path, None) == 0  # without a report


# ---- MPI


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_ranks_and_threads_change_nothing(plan, expected, tmp_path, ranks, threads):
    run = mpirun(ranks, "exec", "--mpi", plan, "--threads", threads, "--json")
    out, err = run.communicate(timeout=300)
    assert run.returncode == 0, err
    report = json.loads(out)
    assert report["ranks"] == ranks and report["bytes_written"] > 0
    assert tree(tmp_path / "out.zarr") == expected


def test_the_record_of_an_mpi_job_tells_of_its_ranks(gridmill, small_plan, tmp_path):
    plan, stored = small_plan
    run = mpirun(3, "exec", "--mpi", plan, "--threads", "1", "--json", "--report", tmp_path / "r.json")
    out, err = run.communicate(timeout=300)
    assert run.returncode == 0, err
    record = json.loads((tmp_path / "r.json").read_text())
    # A rank that came when all tasks were dealt out has none, and nothing to tell.
    ranks = [one["name"] for one in record["workers"]["each"] if one["name"] != "publisher"]
    assert set(ranks) <= {"rank 0", "rank 1", "rank 2"} and len(set(ranks)) == len(ranks) > 0
    check_sums(record, ["rank"] * len(ranks) + ["publisher"], stored, tmp_path / "out.zarr")
    shown = json.loads(gridmill("runs", "show", tmp_path / "out.zarr", "--json").stdout)
    assert shown["workers"] == record["workers"]
    trace = mpirun(2, "exec", "--mpi", plan, "--trace", tmp_path / "t.json")
    out, err = trace.communicate(timeout=300)
    assert trace.returncode == 2 and "--trace" in err


def stopped_after(plan, tasks, companion):
    """A job of three ranks that all stand still when so many tasks are done; None if all was done."""
    job = mpirun(3, "exec", "--mpi", plan, "--threads", "1", start_new_session=True)
    pids = wait_for_ranks(job, 3)
    while len(noted_tasks(companion)) < tasks and job.poll() is None:
        time.sleep(0.001)
    stop(pids.values())
    done = len(noted_tasks(companion))
    alive = [pid for pid in pids.values() if status_of(pid) not in (None, "Z", "X")]
    if len(alive) == 3 and companion.joinpath("run").exists() and tasks <= done:
        return job, pids
    for pid in alive:
        os.kill(pid, signal.SIGCONT)
    job.communicate(timeout=120)
    return None


@pytest.mark.parametrize("victim", [0, 2])
def test_a_killed_rank_ends_the_job_and_the_same_command_goes_on(
    gridmill, plan, expected, tmp_path, victim
):
    out, companion = tmp_path / "out.zarr", tmp_path / "out.zarr.gridmill"
    total = sum(stage["tasks"] for stage in stages(gridmill, plan))
    for tasks in [3, 2, 2, 1, 1]:  # until they stand still before everything is done
        stopped = stopped_after(plan, tasks, companion)
        if stopped and len(noted_tasks(companion)) < total:
            break
        shutil.rmtree(out, ignore_errors=True)
        shutil.rmtree(companion)
    else:
        pytest.fail("no job could be stopped before its end")
    job, pids = stopped
    assert kill(pids[victim])
    for rank, pid in pids.items():
        if rank != victim and status_of(pid) is not None:
            os.kill(pid, signal.SIGCONT)
    job.communicate(timeout=120)  # no sibling hangs
    assert job.returncode != 0
    assert still_running(pids.values()) == []
    assert not out.exists()
    noted = noted_tasks(companion)
    again = mpirun(3, "exec", "--mpi", plan, "--threads", "1", "--json")
    report, err = again.communicate(timeout=300)
    assert again.returncode == 0, err
    report = json.loads(report)
    assert report["chunks_resumed"] >= sum(place == "out" for task in noted for place, _ in task)
    assert tree(out) == expected


def test_an_error_of_one_rank_ends_all(plan, tmp_path):
    document = json.loads(plan.read_text())
    last = document["stages"][2]["outputs"][0]["fields"][0]
    last["array"] = "t/elsewhere"  # stage 2 reads what nobody writes
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(sealed(document)))
    run = mpirun(3, "exec", "--mpi", bad, "--threads", "1")
    out, err = run.communicate(timeout=120)
    assert run.returncode == 4, err
    assert "the stage before has not written it" in err
    assert not (tmp_path / "out.zarr").exists()
