"""What tests of killed runs share: trees, journals, processes and their ends, MPI."""

import hashlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

BINARY = Path(os.environ.get("GRIDMILL_BINARY", "build/release/gridmill"))
# How many kills each case of test_kills.py takes; `make torture` sets it.
KILLS = int(os.environ.get("GRIDMILL_KILLS", "3"))


def hashes(store):
    """Every file of a store, with its content's hash."""
    return {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(store).rglob("*"))
        if path.is_file()
    }


def noted_tasks(companion):
    """The tasks that the journals of OUT.gridmill hold: sets of (place, key)."""
    tasks = []
    for path in (companion / "run" / "journal").glob("*.jsonl"):
        try:
            text = path.read_text()
        except FileNotFoundError:  # of a run that has just published
            continue
        for line in text.split("\n")[:-1]:  # what follows the last \n is torn
            record = json.loads(line)
            if "keys" in record:
                tasks.append(frozenset((record["in"], key[0]) for key in record["keys"]))
    return tasks


def stored_chunks(companion):
    """(place, key) of every chunk that is complete, of the output and of spills."""
    found = set()
    for place, folder in [("out", companion / "incoming"), ("spill", companion / "run" / "spill")]:
        for path in folder.rglob("*"):
            if path.is_file() and not path.name.startswith(".") and path.suffix != ".json":
                found.add((place, str(path.relative_to(folder))))
    return found


def status_of(pid):
    """The letter of its state; None if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None


def stop(pids, timeout_s=30):
    """SIGSTOP, until every thread of theirs stands still: one may be in the middle of a call."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGSTOP)
        except ProcessLookupError:
            pass
    deadline = time.monotonic() + timeout_s
    while any(status_of(thread) in ("R", "S", "D") for pid in pids for thread in threads_of(pid)):
        assert time.monotonic() < deadline, f"some of {pids} can't be stopped"
        time.sleep(0.001)


def threads_of(pid):
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []


def still_running(pids, timeout_s=30):
    """Those of the processes that have not ended by then."""
    deadline = time.monotonic() + timeout_s
    while True:
        left = [pid for pid in pids if status_of(pid) not in (None, "Z", "X")]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.01)


def mpirun(ranks, *words, **options):
    command = ["mpirun", "--oversubscribe", "-n", str(ranks), str(BINARY), *map(str, words)]
    allowed = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    env = {**os.environ, **allowed}
    return subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def ranks_of(job):
    """Process ids of the ranks of an mpirun that have started, by rank."""
    ranks = {}
    children = Path(f"/proc/{job.pid}/task/{job.pid}/children")
    try:
        for pid in map(int, children.read_text().split()):
            words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
            for word in words:
                if word.startswith(b"OMPI_COMM_WORLD_RANK=") and command == bytes(BINARY):
                    ranks[int(word.partition(b"=")[2])] = pid
    except OSError:  # one ended meanwhile
        pass
    return ranks


def wait_for_ranks(job, count, timeout_s=60):
    """Their process ids by rank; fewer if the job ended before."""
    deadline = time.monotonic() + timeout_s
    while len(found := ranks_of(job)) < count and job.poll() is None:
        assert time.monotonic() < deadline, f"only {len(found)} of {count} ranks have started"
        time.sleep(0.002)
    return found


def kill(pid):
    """SIGKILL; False if there was nobody to kill."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
