"""SIGKILL at random moments of verbs, of workers on ranges of a plan, and of ranks of an MPI job; then
the same command again: the output is that of a run that was never interrupted, and what was done is
not done again, but for one task per worker.

A worker is a thread that encodes: each of the --threads of each process. It has one task in hand, and
whatever is stored but not noted belongs to such a task, because units are encoded and stored in the
order of their tasks. A task is done again if something of it had been stored.

Three kills in each case; `make torture` takes more (GRIDMILL_KILLS)."""

import json
import os
import random
import shutil
import subprocess
import time

import numpy as np
import pytest
import zarr
from killed_runs import (
    BINARY,
    KILLS,
    hashes,
    kill,
    mpirun,
    noted_tasks,
    still_running,
    stored_chunks,
    wait_for_ranks,
)

SHAPE, MAPS = (240, 361, 360), (12, 361, 360)
WORDS = {
    "convert": ("--chunks", "time=12,lat=91,lon=90", "--codec", "zstd:1", "--memory", "64M"),
    # The codec of the maps decodes them whole: this goes through a spill.
    "rechunk": ("--chunks", "time=all,lat=19,lon=36", "--codec", "zstd:1", "--memory", "64M",
                "--way", "spill"),
}  # fmt: skip


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    store = tmp_path_factory.mktemp("maps") / "maps.zarr"
    root = zarr.open_group(str(store), mode="w", zarr_format=3)
    array = root.create_array(
        "t",
        shape=SHAPE,
        chunks=MAPS,
        dtype="f4",
        compressors=zarr.codecs.ZstdCodec(level=1),
        dimension_names=("time", "lat", "lon"),
    )
    steps = np.random.default_rng(5).integers(-300, 300, SHAPE, dtype="i2")
    array[...] = (np.cumsum(steps, axis=2, dtype="f4") / 64).astype("f4")
    yield store
    shutil.rmtree(store)


class Whole:
    """A run that nobody interrupts: its tree, and the chunks of each of its tasks."""

    def __init__(self, gridmill, maps, folder, verb, threads):
        self.plan, self.out = folder / "whole.json", folder / "whole.zarr"
        words = (*WORDS[verb], "--threads", threads)
        made = gridmill("plan", verb, maps, self.out, *words, "-o", self.plan)
        assert made.returncode == 0, made.stderr
        self.stages = stages_of(gridmill, self.plan)
        for number in range(len(self.stages)):
            assert gridmill("exec", self.plan, "--stage", number).returncode == 0
        self.tasks = noted_tasks(self.out.with_name("whole.zarr.gridmill"))
        assert len(self.tasks) == sum(stage["tasks"] for stage in self.stages)
        assert gridmill("exec", self.plan).returncode == 0
        self.tree = hashes(self.out)
        chunks = {key for task in self.tasks for place, key in task if place == "out"}
        assert chunks == {name for name in self.tree if not name.endswith("zarr.json")}

    def of_stage(self, number):
        """All chunks of a stage."""
        place = "spill" if self.stages[number]["name"] == "spill" else "out"
        return {one for task in self.tasks for one in task if one[0] == place}

    def owed(self, companion):
        """How many chunks the next run has to write by the journal that it finds."""
        noted = set().union(*noted_tasks(companion))
        left = [task for task in self.tasks if not task <= noted]
        if not any(place == "out" for task in left for place, _ in task):
            return 0  # nobody will read what is missing of a spill
        return sum(map(len, left))

    def check_done_again(self, companion, workers):
        noted = set().union(*noted_tasks(companion))
        again = stored_chunks(companion) - noted
        # A spill that has been read is removed, whatever was noted of it.
        assert {one for one in noted if one[0] == "out"} <= stored_chunks(companion)
        tasks = [task for task in self.tasks if task & again]
        assert again <= set().union(*tasks)
        assert len(tasks) <= workers, (len(tasks), workers, sorted(again))

    def check_store(self, out):
        found = hashes(out)
        if out.with_name(f"{out.name}.gridmill").joinpath("manifest").exists():
            assert found == self.tree
        else:  # killed between the rename and the move of the manifest, which came inside the store
            assert {key: found[key] for key in self.tree} == self.tree
            assert len(found) == len(self.tree) + 1


def stages_of(gridmill, plan):
    return json.loads(gridmill("plan", "show", plan, "--json").stdout)["stages"]


class Moments:
    """Random moments of a run, and the tally of those that came before its end."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.usual_s = 0.0
        self.interrupted = self.resumed = 0

    def attempts(self):
        """Numbers of attempts, until as many as were asked for have interrupted something."""
        for attempt in range(4 * KILLS + 8):
            if self.interrupted == KILLS:
                return
            yield attempt

    def wait(self):
        time.sleep(self.usual_s * self.random.uniform(0.02, 0.95))

    def was_late(self):
        self.usual_s *= 0.8  # the machine has become faster than it was

    def check(self):
        assert self.interrupted == KILLS
        assert self.resumed >= max(1, KILLS // 10)  # something had been noted


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("verb", WORDS)
def test_a_killed_run_resumes_to_the_same_tree(gridmill, maps, tmp_path, verb, threads):
    whole = Whole(gridmill, maps, tmp_path, verb, threads)
    total = sum(map(len, whole.tasks))
    words = (*WORDS[verb], "--threads", str(threads))
    moments = Moments(f"{verb} {threads}")
    started = time.monotonic()
    done = gridmill(verb, maps, tmp_path / "usual.zarr", *words, "--json")
    moments.usual_s = time.monotonic() - started
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["chunks_written"] == total
    for attempt in moments.attempts():
        out, companion = tmp_path / f"{attempt}.zarr", tmp_path / f"{attempt}.zarr.gridmill"
        process = subprocess.Popen(
            [BINARY, verb, maps, out, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        moments.wait()
        process.kill()
        process.wait()
        if not out.exists():
            moments.interrupted += 1
            owed = whole.owed(companion)
            whole.check_done_again(companion, workers=threads)
            done = gridmill(verb, maps, out, *words, "--resume", "--json")
            assert done.returncode == 0, done.stderr
            report = json.loads(done.stdout)
            assert report["chunks_written"] == owed <= total
            moments.resumed += owed < total
            assert sorted(os.listdir(companion)) == ["manifest", "runs"]
        else:
            moments.was_late()
            settled = gridmill("verify", out)
            assert settled.returncode == 0, settled.stderr
        whole.check_store(out)
        shutil.rmtree(out)
        shutil.rmtree(companion)
    moments.check()


def test_killed_workers_on_ranges_leave_what_the_next_need_not_do(gridmill, maps, tmp_path):
    whole = Whole(gridmill, maps, tmp_path, "rechunk", 1)
    total = sum(map(len, whole.tasks))
    plan, out, companion = tmp_path / "p.json", tmp_path / "o.zarr", tmp_path / "o.zarr.gridmill"
    made = gridmill("plan", "rechunk", maps, out, *WORDS["rechunk"], "-o", plan)
    assert made.returncode == 0, made.stderr
    moments = Moments("workers")
    moments.usual_s = 0.5
    for attempt in moments.attempts():
        # Of the first stage, or of the second after the first; each by two workers at once.
        number = attempt % 2
        for before in range(number):
            assert gridmill("exec", plan, "--stage", before).returncode == 0
        tasks = whole.stages[number]["tasks"]
        cut = moments.random.randrange(1, tasks)
        ranges = [f"0:{cut}", f"{cut}:{tasks}"]
        commands = [
            [BINARY, "exec", plan, "--stage", str(number), "--tasks", tasks, "--threads", "1"]
            for tasks in ranges
        ]
        workers = [
            subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for words in commands
        ]
        moments.wait()
        victims = moments.random.choice([workers, workers[:1], workers[1:]])
        for victim in victims:
            victim.kill()
        codes = [worker.wait() for worker in workers]
        assert set(codes) <= {0, -9}
        if -9 not in codes:
            moments.was_late()
        else:
            moments.interrupted += 1
            whole.check_done_again(companion, workers=codes.count(-9))
            if moments.random.random() < 0.5:  # by the same commands; else by who publishes
                for command, code in zip(commands, codes):
                    if code != 0:
                        again = subprocess.run(command, capture_output=True, text=True)
                        assert again.returncode == 0, again.stderr
                assert not whole.of_stage(number) - set().union(*noted_tasks(companion))
        owed = whole.owed(companion)
        moments.resumed += -9 in codes and owed < total
        done = gridmill("exec", plan, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["chunks_written"] == owed
        assert hashes(out) == whole.tree, attempt
        assert sorted(os.listdir(companion)) == ["manifest", "runs"]
        shutil.rmtree(out)
        shutil.rmtree(companion)
    moments.check()


def test_a_rank_killed_at_any_moment_ends_the_job_and_the_next_goes_on(gridmill, maps, tmp_path):
    whole = Whole(gridmill, maps, tmp_path, "rechunk", 1)
    total = sum(map(len, whole.tasks))
    plan, out, companion = tmp_path / "p.json", tmp_path / "o.zarr", tmp_path / "o.zarr.gridmill"
    made = gridmill("plan", "rechunk", maps, out, *WORDS["rechunk"], "-o", plan)
    assert made.returncode == 0, made.stderr
    words = ("exec", "--mpi", plan, "--threads", "1", "--json")
    ranks = 3
    moments = Moments("ranks")
    moments.usual_s = 1.5
    victims = []
    for attempt in moments.attempts():
        job = mpirun(ranks, *words, start_new_session=True)
        pids = wait_for_ranks(job, ranks)
        moments.wait()
        # Each rank in turn, whatever kills came too late: rank 0, which deals the tasks out, first.
        victim = len(victims) % ranks
        was_killed = len(pids) == ranks and kill(pids[victim])
        _, err = job.communicate(timeout=120)  # no sibling hangs
        assert still_running([*pids.values()]) == [], "of a job that has ended"
        if out.exists():  # the rank had done its part
            moments.was_late()
            whole.check_store(out)
        else:
            assert was_killed and job.returncode != 0, err
            moments.interrupted += 1
            victims.append(victim)
            whole.check_done_again(companion, workers=ranks)
            owed = whole.owed(companion)
            moments.resumed += owed < total
            again = mpirun(ranks, *words)
            report, err = again.communicate(timeout=300)
            assert again.returncode == 0, err
            assert json.loads(report)["chunks_written"] == owed
            assert hashes(out) == whole.tree, attempt
            assert sorted(os.listdir(companion)) == ["manifest", "runs"]
        shutil.rmtree(out)
        shutil.rmtree(companion)
    moments.check()
    assert 0 in victims and len(set(victims)) > 1
