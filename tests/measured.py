"""What a run of the command takes, by somebody else's measure."""

import os
import subprocess
from pathlib import Path

BINARY = Path(os.environ.get("GRIDMILL_BINARY", "build/release/gridmill"))


def peak_memory(folder, *words, code=0):
    """Runs the command; the peak of its resident set in bytes."""
    # By a small program between: what this process holds when it forks would count, too.
    told = folder / "peak"
    run = subprocess.run(
        ["/usr/bin/time", "-q", "-f", "%M", "-o", told, BINARY, *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.returncode == code, run.stderr
    return int(told.read_text()) * 1024
