#!/usr/bin/env python3
"""clang-tidy on the C++ files that changed, within a time limit.

Which files: those that differ from GRIDMILL_LINT_BASE, a commit, or every file when it is `all`.
Without it the base is where this branch left origin/main, or, on main itself, the newest commit at
least four hours older than HEAD (one piece of work is several commits); where there is none, every
file. A changed header is checked through a source that includes it, itself or through other headers.
The largest changes go first; what the limit (GRIDMILL_LINT_SECONDS, default 500) left out is named at
the end, in one line. Fails on a finding, and when the limit left out more than half of the changed
lines.

Needs the configured preset lint (`make lint` sees to that): g++'s commands for each file by itself,
without precompiled headers, so that a file which uses what it doesn't include is found, too.
"""

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLANG_TIDY = ["clang-tidy", "-p", "build/lint", "--quiet"]
# The compile commands are g++'s: clang does not know each of its warnings.
CLANG_TIDY += ["--extra-arg=-Wno-unknown-warning-option"]


def git(*arguments):
    """git's output, or None when it fails (no such branch, no commit yet)."""
    result = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return result.stdout.strip() if result.returncode == 0 else None


def our_files(*which):
    """The C++ files that git lists as --cached or --others."""
    return git("ls-files", *which, "--exclude-standard", "--", "*.cc", "*.h").splitlines()


def lint_base():
    """The commit to compare with, or None for every file."""
    named = os.environ.get("GRIDMILL_LINT_BASE")
    if named:
        if named == "all":
            return None
        commit = git("rev-parse", "--verify", "--quiet", named + "^{commit}")
        return commit or sys.exit(f"lint: GRIDMILL_LINT_BASE={named} is no commit")
    head = git("rev-parse", "HEAD")
    fork = git("merge-base", "HEAD", "origin/main")
    if fork and fork != head:
        return fork
    seconds = git("log", "-1", "--format=%ct")
    return git("rev-list", "-1", f"--before={int(seconds) - 4 * 3600}", "HEAD") if seconds else None


def changed_files(base):
    """{path: changed lines} of C++ files that differ from base, also those unknown to git."""
    sizes = {}
    if base:
        difference = git("diff", "--numstat", "--no-renames", base, "--", "*.cc", "*.h")
        for line in difference.splitlines():
            added, _, path = line.split("\t")
            sizes[path] = int(added) if added.isdigit() else 0
        fresh = our_files("--others")
    else:
        fresh = our_files("--cached", "--others")
    for path in fresh:
        if (ROOT / path).is_file():
            sizes[path] = len((ROOT / path).read_text(errors="replace").splitlines())
    return {path: size for path, size in sizes.items() if (ROOT / path).is_file()}


def included_by(files):
    """{header: the files that include it: by its path from src/, tests/ or the root, or from theirs}."""
    names = {re.sub(r"^(src|tests)/", "", path): path for path in files if path.endswith(".h")}
    users = {}
    for path in files:
        text = (ROOT / path).read_text(errors="replace")
        for name in re.findall(r'^\s*#\s*include\s*"([^"]+)"', text, re.M):
            beside = str(Path(path).parent / name)
            header = beside if beside in names.values() else names.get(name)
            if header:
                users.setdefault(header, []).append(path)
    return users


def source_of(header, sources, users):
    """A source through which clang-tidy sees this header: its own, else the nearest that includes it."""
    own = re.sub(r"\.h$", ".cc", header)
    if own in sources:
        return own
    seen, near = {header}, [header]
    while near:
        near = [user for path in near for user in users.get(path, []) if user not in seen]
        for user in near:
            if user in sources:
                return user
        seen.update(near)
    return None


def left_out(work, late):
    """The line that says what the time did not suffice for; whether that is too much."""
    lines = sum(work[source] for source in late)
    share = lines / max(1, sum(work.values()))
    text = (f"lint: left out, the time was up: {len(late)} of {len(work)} sources, "
            f"{share:.0%} of the changed lines: {' '.join(late)}")  # fmt: skip
    if share > 0.5:
        text += "\nlint: more than half is not checked: give more GRIDMILL_LINT_SECONDS"
    return text, share > 0.5


def main():
    limit = time.monotonic() + float(os.environ.get("GRIDMILL_LINT_SECONDS", "500"))
    commands = (ROOT / "build" / "lint" / "compile_commands.json").read_text()
    known = [path for path in our_files("--cached", "--others") if (ROOT / path).is_file()]
    sources = [path for path in known if f'"{ROOT / path}"' in commands]
    base, users = lint_base(), included_by(known)
    work, unseen = {}, []
    for path, size in changed_files(base).items():
        source = path if path in sources else None
        if path.endswith(".h"):
            source = source_of(path, sources, users)
        if source:
            work[source] = work.get(source, 0) + size
        else:
            unseen.append(path)

    def check(source):
        if time.monotonic() > limit:
            return source, None, ""
        result = subprocess.run([*CLANG_TIDY, source], cwd=ROOT, capture_output=True, text=True)
        if result.returncode:  # clang's own errors go to stderr
            return source, False, result.stdout + result.stderr
        return source, True, ""

    since = f"changed since {base[:10]}" if base else "in the tree"
    print(f"lint: {len(work)} sources {since}", flush=True)
    bad, late, shown = [], [], set()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for source, good, output in pool.map(check, sorted(work, key=work.get, reverse=True)):
            if good is None:
                late.append(source)
            elif not good:
                bad.append(source)
                # A finding in a header comes back through every source that includes it.
                for finding in re.split(r"^(?=/.*: (?:error|warning): )", output, flags=re.M):
                    if finding not in shown:
                        print(finding, end="", flush=True)
                        shown.add(finding)
    clean = len(work) - len(bad) - len(late)
    print(f"lint: {clean} clean, {len(bad)} with findings, {len(late)} left out")
    if unseen:
        print(f"lint: not checked, the preset lint has no source that includes it: {' '.join(unseen)}")
    too_much = False
    if late:
        text, too_much = left_out(work, late)
        print(text)
    return 1 if bad or too_much else 0


if __name__ == "__main__":
    sys.exit(main())
