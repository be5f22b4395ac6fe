"""The documents tell the truth: README's tour prints what it shows, and what files are named exist.

The commands of the tour run in a temporary folder, in their order, on the data that they name. Not
compared are what differs from run to run and from machine to machine: times, rates, peak memory,
ports, identities of runs and plans, and the line that says what held a run back.
"""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from killed_runs import noted_tasks

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]
# Lines that are not compared: progress, which the README leaves out, and what held a run back.
LEFT_OUT = re.compile(
    r"^(?!\s*\$ ).*(: \d+ tasks? in .*, in .* out .*\)$"
    r"|threads would not help|(cores|threads) help(s|\b)|more --memory would help"
    r"|smaller chunks would help|they waited for each other).*$"
)
SIZE = r"[\d.]+ (B|KiB|MiB|GiB)"
MASKS = [
    (r"took [\d.]+ (us|ms|s|min)( [\d.]+ s)?", "took TIME"),
    (r"CPU [\d.]+ (us|ms|s)", "CPU TIME"),
    (rf"peak memory {SIZE}", "peak memory SIZE"),
    (r"at most [\d.]+ x as fast", "at most N x as fast"),
    (r"run \d{8}T\d{6}\.\d{3}Z-[0-9a-f]{4}", "run ID"),
    (r"plan [0-9a-f]{32}", "plan ID"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
]
# How far a run came before it was killed, and so what is left for the next one.
CUT_SHORT = [
    (r"^\d+ chunks? (is|are) there", "N chunks are there"),
    (rf"read {SIZE}, wrote {SIZE}", "read SIZE, wrote SIZE"),
]


def tour():
    """[command, the lines shown below it] of every command of the tour."""
    text = (ROOT / "README.md").read_text()
    section = text.split("## A tour in five minutes\n")[1].split("\n## ")[0]
    steps = []
    for line in section.splitlines():
        if line.startswith("    $ "):
            steps.append((line[6:], []))
        elif line.startswith("    "):
            steps[-1][1].append(line[4:])
    return steps


def masked(lines, here, command):
    found = []
    for line in lines:
        if LEFT_OUT.match(line):
            continue
        line = line.replace(str(here), "/home/you")
        for pattern, name in MASKS + (CUT_SHORT if "relief" in command else []):
            line = re.sub(pattern, name, line)
        found.append(line)
    return found


def killed_in_the_middle(command, environment, here):
    """The command of the tour that a kill ends: here when its first task is noted, not by a clock."""
    words = command.split()
    assert words[:4] == ["timeout", "-s", "KILL", "0.2"], command
    companion = here / "relief.zarr.gridmill"
    for _ in range(10):
        process = subprocess.Popen(words[4:], env=environment, cwd=here, stderr=subprocess.DEVNULL)
        while process.poll() is None and not noted_tasks(companion):
            time.sleep(0.001)
        process.kill()
        process.wait()
        if process.returncode == -signal.SIGKILL:
            return ["Killed"]
        # It was done before it was seen: the next attempt replaces what it made.
        subprocess.run(["rm", "-r", "relief.zarr", "relief.zarr.gridmill"], cwd=here, check=True)
    pytest.fail("ten runs ended before they could be killed")


def test_the_tour_prints_what_the_README_shows(gridmill, ferret, tmp_path):
    binary = Path(gridmill("--version").args[0]).absolute()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gridmill").symlink_to(binary)
    here = tmp_path / "you"
    here.mkdir()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GRIDMILL_")}
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    # What the machine of the README has.
    environment = {**clean, "PATH": path, "GRIDMILL_THREADS": "2", "GRIDMILL_MEMORY": "8GiB"}
    steps = tour()
    assert steps.pop(0) == ("export PATH=$PWD/build/release:$PATH", [])
    assert len(steps) > 15
    for command, shown in steps:
        if command.startswith("timeout "):
            found = killed_in_the_middle(command, environment, here)
        else:
            run = subprocess.run(["bash", "-c", command], env=environment, cwd=here, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
            found = run.stdout.splitlines()
        assert masked(found, here, command) == masked(shown, here, command), command


def test_the_masks_leave_what_matters():
    """A wrong word, value or count in the README is seen."""
    shown = ["coads.zarr: 10 variables", "  read 5.19 MiB, wrote 2.36 MiB, took 9 ms, peak memory 3 MiB"]
    assert masked(shown, "/", "") == [shown[0], "  read 5.19 MiB, wrote 2.36 MiB, took TIME, peak memory SIZE"]
    left_out = [line for _, lines in tour() for line in lines if LEFT_OUT.match(line)]
    assert 0 < len(left_out) < 10
    assert all(" of the time" in line for line in left_out), left_out


# ---- files that are named

SUFFIXES = "cc|h|py|sh|md|txt|json|ini|csv"
PATH = re.compile(rf"`([\w./-]+\.(?:{SUFFIXES})|[\w.-]+(?:/[\w.-]+)*/|\.ci/run)`")
# What runs make, the name that stands for any, and data outside the tree.
NOT_OF_THE_TREE = re.compile(r"^(OUT\b.*|STORE\b.*|run/.*|runs/|workers/|incoming/|swap/|x\.cc|compile_commands\.json|\.\./.*)$")


def files():
    """Every file and folder of the tree, without what builds and set-ups make."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    known = {path for path in listed if path and (ROOT / path).is_file()}
    return known | {f"{parent}/" for path in known for parent in Path(path).parents}


def is_there(name, known, line):
    """As written, below src/gridmill, or, a bare name, in the room that the line speaks of."""
    if name in known or f"src/gridmill/{name}" in known or f"docs/{name}" in known:
        return True
    if "/" in name.rstrip("/"):
        return False
    rooms = re.findall(r"`((?:\w+/)+)(?:[\w.]*)`", line)
    return any(f"{prefix}{room}{name}" in known for room in rooms for prefix in ("", "src/gridmill/"))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_is_named_exists(document):
    known, text = files(), (ROOT / document).read_text()
    paragraphs = re.split(r"\n\n|\n(?=\||- |\d+\. )", text)
    named = [(name, part) for part in paragraphs for name in PATH.findall(part)]
    named = [(name, part) for name, part in named if not NOT_OF_THE_TREE.match(name)]
    assert named
    missing = sorted({name for name, part in named if not is_there(name, known, part)})
    assert missing == []
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]
    assert [link for link in links if link not in known] == []


@pytest.mark.parametrize("document", DOCUMENTS[1:])
def test_functions_are_in_the_files_that_are_named_for_them(document):
    text = " ".join((ROOT / document).read_text().split())
    pairs = re.findall(r"`([\w:]+)\(\)` (?:in |\()`([\w/]+\.(?:cc|h))`", text)
    assert pairs or document != "ARCHITECTURE.md"
    wrong = []
    for function, path in pairs:
        place = next(p for p in (ROOT / path, ROOT / "src" / "gridmill" / path) if p.is_file())
        if not re.search(rf"\b{function.split('::')[-1]}\(", place.read_text()):
            wrong.append((function, path))
    assert wrong == []
