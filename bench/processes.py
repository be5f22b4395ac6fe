"""Processes of the benchmark: measured one by one, and the peers, each in one of its own."""

import itertools
import json
import subprocess
import sys
import time
from pathlib import Path

PEERS = Path(__file__).with_name("peers.py")


class Processes:
    """Runs processes and measures them; `cpu_seconds` is of the one that ended last."""

    def __init__(self, work):
        self.work = work
        self.numbers = itertools.count()
        self.cpu_seconds = 0.0

    def run(self, *words):
        """Runs a process; returns its wall time, peak memory in bytes and standard output."""
        return self.end(self.begin(*words))

    def begin(self, *words):
        """Starts a process; several may run, each is for end()."""
        # A child's peak begins with what its forked parent held; `time` holds next to nothing.
        figures = self.work / f"figures-{next(self.numbers)}"
        wrapped = [str(w) for w in ("/usr/bin/time", "-q", "-f", "%M %U %S", "-o", figures, *words)]
        start = time.perf_counter()
        return start, figures, subprocess.Popen(wrapped, stdout=subprocess.PIPE, text=True)

    def end(self, started):
        start, figures, process = started
        text = process.communicate()[0]
        seconds = time.perf_counter() - start
        if process.returncode != 0:
            sys.exit(f"{' '.join(process.args[6:])}: exit {process.returncode}\n{text}")
        peak_kib, user, system = figures.read_text().split()
        figures.unlink()
        self.cpu_seconds = float(user) + float(system)
        return seconds, int(peak_kib) * 1024, text


class Peers:
    """What peers.py does. `shared`: by one process, which imports the peers once; for figures that mean
    nothing. The first call has a process of its own in any case."""

    def __init__(self, processes, shared):
        self.processes = processes
        self.shared = shared
        self.calls = 0
        self.server = None

    def __call__(self, *words):
        self.calls += 1
        if not self.shared or self.calls == 1:
            return json.loads(self.processes.run(sys.executable, PEERS, *words)[2])
        if self.server is None:
            pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.server = subprocess.Popen([sys.executable, PEERS, "serve"], **pipes)
        print(json.dumps([str(word) for word in words]), file=self.server.stdin, flush=True)
        answer = self.server.stdout.readline()
        if not answer:
            sys.exit(f"peers.py {' '.join(map(str, words))}: exit {self.server.wait()}")
        return json.loads(answer)

    def close(self):
        if self.server is not None:
            self.server.stdin.close()
            self.server.wait()
