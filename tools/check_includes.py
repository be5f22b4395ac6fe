#!/usr/bin/env python3
"""Checks that the tree keeps to the architecture: who may include whom, and how files are laid out.

The rooms and their order stand in src/gridmill/rooms.txt. What is checked:

- a room includes itself and rooms above it in that list, always as "gridmill/<room>/<file>";
- leaves (cli, capi, ...) are included by nobody but their own tests (tests/cli may include cli/),
  save that cli may use mpi and web;
- only system/ includes headers of the operating system, only store/ and formats/ open files;
- every folder of src/gridmill is a room, and none is called util, common, misc or helpers;
- no two headers define a class of the same name: no compiler sees both, and the linker takes
  either's members for the other's (a struct Unit here and a class Unit there end in a crash);
- a room's header opens with a comment that says what it is, and no file exceeds 800 lines.

Prints one line per finding and exits 1; needs nothing but Python.
"""

import argparse
import re
import sys
from pathlib import Path

LEAVES = {"cli", "capi", "mpi", "parquet", "python", "web", "tests", "fuzz", "bench", "examples"}
LEAF_MAY_USE = {"cli": {"mpi", "web"}}

# Doors: header -> the rooms that may include it. (Clock, memory, threads and randomness are open to
# every room below system/: they are asked for by reference, so tests can replace them too.)
DOORS = {"gridmill/system/files.h": {"system", "store", "formats"}}

# Headers that reach the operating system, and the only room that may include them. Threads and
# locks of the standard library are free: <thread>, <mutex>, <atomic>, <condition_variable>.
OS_ROOM = "system"
OS_HEADER = re.compile(
    r"(sys|linux|asm|arpa|net|netinet)/.*"
    r"|(unistd|fcntl|dirent|signal|pthread|sched|poll|dlfcn|netdb|termios|syslog|spawn|ucontext"
    r"|pwd|grp|aio|semaphore|ftw|glob|utime|execinfo|malloc)\.h"
    r"|csignal|fstream|filesystem|random"
)

# Named exceptions: (file, header) -> why. Keep it short; each one is a hole in a door.
EXCEPTIONS: dict[tuple[str, str], str] = {}

FORBIDDEN_FOLDERS = {"util", "utils", "common", "misc", "helper", "helpers"}
MAX_LINES = 800
CODE = {".cc", ".h", ".py", ".sh", ".cmake", ".js", ".ts"}
SKIPPED_FOLDERS = {"node_modules", "__pycache__", "build", "demo-output"}
DEFINITION = re.compile(r"^(?:class|struct|enum class|enum) (\w+)(?: final)?(?: : [^;]*)? \{")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def code_files(root):
    """Our code below the top-level folders, in a stable order."""
    for top in ["src", "tools", "cmake", "docs", *sorted(LEAVES)]:
        for path in sorted((root / top).rglob("*")):
            parts = path.relative_to(root).parts
            ours = not any(p in SKIPPED_FOLDERS or p.startswith(".") for p in parts)
            if ours and path.is_file() and path.suffix in CODE:
                yield path


def place_of(path, rooms):
    """('room', name), ('leaf', name) or (None, None) for a path relative to the root."""
    if path.parts[:2] == ("src", "gridmill") and len(path.parts) > 3:
        return ("room", path.parts[2]) if path.parts[2] in rooms else (None, None)
    return ("leaf", path.parts[0]) if path.parts[0] in LEAVES else (None, None)


def check_include(path, header, rooms):
    """What is wrong with this file including that header, or None."""
    if (path.as_posix(), header) in EXCEPTIONS:
        return None
    kind, name = place_of(path, rooms)
    if kind is None:
        return None
    # Tests, fuzzers and benchmarks prepare files and look behind the doors; the product does not.
    product = kind == "room" or name in {"cli", "capi", "mpi", "python", "web"}
    if product and OS_HEADER.fullmatch(header) and name != OS_ROOM:
        return f"includes <{header}>: only {OS_ROOM}/ reaches the operating system"
    if product and header in DOORS and name not in DOORS[header]:
        return f'includes "{header}": only {", ".join(sorted(DOORS[header]))} may'
    target = header.split("/")
    if target[0] == "gridmill":
        if len(target) < 3 or target[1] not in rooms:
            return f'includes "{header}": not a room of src/gridmill/rooms.txt'
        if kind == "room" and rooms.index(target[1]) > rooms.index(name):
            return f'includes "{header}": {target[1]}/ stands below {name}/ in rooms.txt'
    elif target[0] in LEAVES and len(target) > 1 and target[0] != name:
        own_test = path.parts[:2] == ("tests", target[0])
        if not own_test and target[0] not in LEAF_MAY_USE.get(name, set()):
            return f'includes "{header}": {target[0]}/ is a leaf, nothing includes it'
    return None


def check_file(root, path, rooms):
    """Yields (line, finding) for one file."""
    relative = path.relative_to(root)
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    if len(lines) > MAX_LINES:
        yield len(lines), f"has {len(lines)} lines; split it (at most {MAX_LINES})"
    if path.suffix not in {".cc", ".h"}:
        return
    in_room = place_of(relative, rooms)[0] == "room"
    if in_room and path.suffix == ".h" and not "".join(lines[:1]).startswith(("//", "/*")):
        yield 1, "does not open with a comment that says what it is"
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, header = match.groups()
        finding = check_include(relative, header, rooms)
        if finding:
            yield number, finding
        elif in_room and quote == '"' and not header.startswith("gridmill/"):
            yield number, f'includes "{header}": write the path from src, "gridmill/<room>/<file>"'


def check_folders(root, rooms):
    """Yields (folder, finding) for folders that are no room or have a name that says nothing."""
    source = root / "src" / "gridmill"
    for folder in sorted(source.iterdir()):
        if folder.is_dir() and folder.name not in rooms | FORBIDDEN_FOLDERS:
            yield folder.relative_to(root), "is not a room of src/gridmill/rooms.txt"
    tops = [root / "src", *(root / leaf for leaf in sorted(LEAVES))]
    for folder in sorted(f for top in tops for f in top.rglob("*") if f.is_dir()):
        relative = folder.relative_to(root)
        if SKIPPED_FOLDERS.isdisjoint(relative.parts) and folder.name in FORBIDDEN_FOLDERS:
            yield relative, "says nothing about its content; name it after the thing"


def check_names(root):
    """Yields (file, finding) for classes that two headers define."""
    seen = {}
    for path in code_files(root):
        relative = path.relative_to(root)
        if path.suffix != ".h" or relative.parts[0] != "src":  # a leaf has a namespace of its own
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            match = DEFINITION.match(line)
            name = match and match[1]
            if name and seen.setdefault(name, relative) != relative:
                yield relative, f"defines {name}, as {seen[name]} does: give one another name"


def check_tree(root):
    """All findings of the tree at root, as printable lines."""
    rooms = (root / "src" / "gridmill" / "rooms.txt").read_text().split()
    findings = [f"{folder}: {finding}" for folder, finding in check_folders(root, set(rooms))]
    for path in code_files(root):
        name = path.relative_to(root)
        findings += [f"{name}:{line}: {text}" for line, text in check_file(root, path, rooms)]
    findings += [f"{file}: {finding}" for file, finding in check_names(root)]
    for file, header in EXCEPTIONS:
        if not (root / file).is_file() or header not in (root / file).read_text():
            findings.append(f"{file}: needs no exception for {header} (tools/check_includes.py)")
    return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = Path(__file__).resolve().parent.parent
    parser.add_argument("--root", type=Path, default=here, help="the checkout (default: this one)")
    findings = check_tree(parser.parse_args().root)
    print("\n".join(findings) if findings else "includes: nothing found")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
