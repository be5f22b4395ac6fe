"""What the ranks of an MPI job leave each other: memory, cores, and no spill that nobody reads."""

import json
import os
import signal

import numpy as np
import pytest
import zarr
from killed_runs import mpirun, noted_tasks, status_of, stop, wait_for_ranks
from sealed_plan import sealed

MIB = 1 << 20


def tree_of_one(path, chunks, shape=(64, 64, 512)):
    root = zarr.open_group(str(path), mode="w", zarr_format=3)
    data = np.random.default_rng(4).normal(size=shape).astype("f4")
    for name in ("a", "b"):
        root.create_array(name, data=data, chunks=chunks, dimension_names=("time", "lat", "lon"))
    return path


@pytest.fixture(scope="module")
def many_tasks(tmp_path_factory, gridmill):
    """A plan of 128 small tasks with a budget of 512 MiB."""
    place = tmp_path_factory.mktemp("shares")
    store = tree_of_one(place / "in.zarr", (1, 64, 512))

    def plan(out, *words):
        path = out.parent / f"{out.name}.json"
        run = gridmill("plan", "convert", store, out, "--chunks", "time=1", *words, "-o", path)
        assert run.returncode == 0, run.stderr
        return path

    return plan


def ranks_of_run(plan, record, ranks, *words):
    run = mpirun(ranks, "exec", "--mpi", plan, *words, "--json", "--report", record)
    out, err = run.communicate(timeout=300)
    assert run.returncode == 0, err
    each = json.loads(record.read_text())["workers"]["each"]
    return [one for one in each if one["name"].startswith("rank")], err


@pytest.mark.parametrize("ranks", [2, 4])
def test_ranks_on_one_node_divide_what_the_plan_and_the_machine_have(many_tasks, tmp_path, ranks):
    plan = many_tasks(tmp_path / "out.zarr", "--memory", "512M")
    each, err = ranks_of_run(plan, tmp_path / "r.json", ranks)
    assert "largest task" not in err
    assert len(each) > 1
    assert {one["memory"] for one in each} == {512 * MIB // ranks}
    cores = len(os.sched_getaffinity(0))
    assert all(one["threads"] >= 1 for one in each)
    assert sum(one["threads"] for one in each) <= max(cores, ranks)


def test_memory_and_threads_are_of_each_process(many_tasks, tmp_path):
    plan = many_tasks(tmp_path / "out.zarr", "--memory", "512M")
    words = ("--memory", "300M", "--threads", "3")
    each, _ = ranks_of_run(plan, tmp_path / "r.json", 2, *words)
    assert {one["memory"] for one in each} == {300 * MIB}
    assert {one["threads"] for one in each} == {3}


def least_memory(plan):
    return max(stage["least_memory"] for stage in json.loads(plan.read_text())["stages"])


def test_a_rank_has_never_less_than_the_largest_task_needs(gridmill, tmp_path):
    store = tree_of_one(tmp_path / "in.zarr", (1, 64, 512), (256, 64, 512))
    plan, out = tmp_path / "plan.json", tmp_path / "out.zarr"
    words = ("--chunks", "time=all,lat=8,lon=64", "--memory", "64M", "--threads", "1")
    assert gridmill("plan", "rechunk", store, out, *words, "-o", plan).returncode == 0
    least = least_memory(plan)
    assert least > 64 * MIB // 4  # it would not fit
    each, err = ranks_of_run(plan, tmp_path / "r.json", 4, "--threads", "1")
    assert {one["memory"] for one in each} == {least}
    assert "the largest task of the plan takes" in err and err.count("largest task") == 1
    assert zarr.open_group(str(out))["a"].shape == (256, 64, 512)


def test_what_the_node_has_not_is_refused(many_tasks, tmp_path):
    plan = many_tasks(tmp_path / "out.zarr", "--memory", "512M")
    document = json.loads(plan.read_text())
    document["stages"][0]["least_memory"] = 1 << 44
    plan.write_text(json.dumps(sealed(document)))
    run = mpirun(2, "exec", "--mpi", plan)
    _, err = run.communicate(timeout=120)
    assert run.returncode == 2, err
    assert "2 ranks on one node" in err and "plan it again with --memory" in err
    assert not (tmp_path / "out.zarr.gridmill").exists()


# ---- spill


def spill_files(companion, key):
    folder = companion / "run" / "spill" / key
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def spill_after_its_readers(gridmill, store, folder):
    """What of the first spill is left once the third stage has begun; None if it was over too soon to be looked at."""
    folder.mkdir()
    plan, out = folder / "plan.json", folder / "out.zarr"
    companion = folder / "out.zarr.gridmill"
    words = ("--chunks", "time=all,lat=8,lon=64", "--way", "spill", "--memory", "64M")
    assert gridmill("plan", "rechunk", store, out, *words, "-o", plan).returncode == 0
    stages = json.loads(plan.read_text())["stages"]
    assert [stage["name"] for stage in stages] == ["spill", "rechunk"] * 2, stages
    first = stages[1]["frees"][0]
    before = stages[0]["tasks"] + stages[1]["tasks"]
    job = mpirun(2, "exec", "--mpi", plan, "--threads", "1", start_new_session=True)
    pids = wait_for_ranks(job, 2)
    seen_spill = False
    while job.poll() is None and len(noted_tasks(companion)) <= before:
        seen_spill = seen_spill or any((companion / "run/spill" / first).rglob("*"))
    stop(pids.values())
    alive = [pid for pid in pids.values() if status_of(pid) not in (None, "Z", "X")]
    noted, left = len(noted_tasks(companion)), spill_files(companion, first)
    still_runs = (companion / "run").exists()
    for pid in alive:
        os.kill(pid, signal.SIGCONT)
    job.communicate(timeout=120)
    assert job.returncode == 0
    if not seen_spill or len(alive) < 2 or not still_runs:
        return None
    assert noted > before
    return left


def test_a_spill_goes_when_its_last_reader_is_done(gridmill, tmp_path):
    """Two variables, each in two stages: nothing of the third begins while the spill of the first
    is there. Who looks may be asleep at the moment: it is tried again."""
    store = tree_of_one(tmp_path / "in.zarr", (1, 64, 512), (256, 64, 512))
    tries = (spill_after_its_readers(gridmill, store, tmp_path / str(n)) for n in range(8))
    left = next((one for one in tries if one is not None), None)
    assert left == [], "each job was over before it could be looked at" if left is None else left
