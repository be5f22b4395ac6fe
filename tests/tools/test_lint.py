"""tools/lint.py looks at every changed file that a build sees, and says what it left out."""

import importlib.util
import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Stands in for clang-tidy: notes what it is given; a source or header with BAD in it has a finding.
CLANG_TIDY = """#!/bin/sh
for source; do :; done
echo "$source" >>checked
if grep -q BAD "$source"; then echo "$PWD/$source:1:1: warning: bad [name]"; exit 1; fi
"""
TREE = {
    "src/gridmill/codec/leaf.h": "// A leaf.\n",
    "src/gridmill/codec/chain.h": '#include "gridmill/codec/leaf.h"\n',
    "src/gridmill/codec/lonely.h": "// Nobody includes it.\n",
    "src/gridmill/codec/round.h": '#include "gridmill/codec/trip.h"\n',
    "src/gridmill/codec/trip.h": '#include "gridmill/codec/round.h"\n',
    "src/gridmill/zarr/reader.h": '#  include "gridmill/codec/chain.h"\n',
    "src/gridmill/zarr/reader.cc": '#include "gridmill/zarr/reader.h"\n',
    "src/gridmill/zarr/writer.cc": "int written;\n",
    "tests/doubles/files.h": "// A double.\n",
    "tests/zarr/made.h": "// What a test makes.\n",
    "tests/zarr/reader_test.cc": '#include "doubles/files.h"\n#include "made.h"\n',
    "fuzz/fuzz.cc": "int not_of_this_preset;\n",
}


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A small repository, a base commit in it, and lint.py that looks at it."""
    root = tmp_path / "tree"
    for path, text in TREE.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    sources = [path for path in TREE if path.endswith(".cc") and not path.startswith("fuzz/")]
    commands = [{"file": str(root / path), "command": f"g++ -c {path}"} for path in sources]
    (root / "build" / "lint").mkdir(parents=True)
    (root / "build" / "lint" / "compile_commands.json").write_text(json.dumps(commands))
    (root / ".gitignore").write_text("build\nchecked\n")
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "clang-tidy").write_text(CLANG_TIDY)
    (tools / "clang-tidy").chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("GRIDMILL_LINT_BASE", "HEAD")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    who = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "base"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    return root


@pytest.fixture
def lint(tree, monkeypatch, capsys):
    """Runs lint.py in the tree; the clock stands still but for the n-th source, where time is up."""
    spec = importlib.util.spec_from_file_location("lint", ROOT / "tools" / "lint.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(time_for=1000):
        calls = iter(range(1000))  # the first call sets the limit
        monkeypatch.setattr(module, "ROOT", tree)
        monkeypatch.setattr(module.time, "monotonic", lambda: 0 if next(calls) <= time_for else 1e9)
        monkeypatch.setattr(module.os, "cpu_count", lambda: 1)
        code = module.main()
        checked = tree / "checked"
        files = checked.read_text().split() if checked.exists() else []
        return code, files, capsys.readouterr().out

    return run


def change(tree, path, lines=1, text="int more;\n"):
    with open(tree / path, "a") as file:
        file.write(text * lines)


def test_nothing_has_changed(lint):
    code, checked, said = lint()
    assert (code, checked) == (0, [])
    assert "0 clean, 0 with findings, 0 left out" in said


@pytest.mark.parametrize("header, source", [
    ("src/gridmill/zarr/reader.h", "src/gridmill/zarr/reader.cc"),
    ("src/gridmill/codec/chain.h", "src/gridmill/zarr/reader.cc"),
    ("src/gridmill/codec/leaf.h", "src/gridmill/zarr/reader.cc"),  # through two headers
    ("tests/doubles/files.h", "tests/zarr/reader_test.cc"),
    ("tests/zarr/made.h", "tests/zarr/reader_test.cc"),
])
def test_a_header_is_seen_through_who_includes_it(tree, lint, header, source):
    change(tree, header)
    code, checked, said = lint()
    assert (code, checked) == (0, [source])
    assert "not checked" not in said and "1 clean" in said


@pytest.mark.parametrize("path", ["src/gridmill/codec/lonely.h", "src/gridmill/codec/round.h",
                                  "fuzz/fuzz.cc"])
def test_what_no_build_sees_is_named(tree, lint, path):
    change(tree, path)
    code, checked, said = lint()
    assert (code, checked) == (0, [])
    assert f"lint: not checked, the preset lint has no source that includes it: {path}\n" in said


def test_a_finding_fails(tree, lint):
    change(tree, "src/gridmill/zarr/writer.cc", text="BAD\n")
    code, _, said = lint()
    assert code == 1 and "writer.cc:1:1: warning: bad" in said and "1 with findings" in said


def changed_three(tree):
    change(tree, "src/gridmill/zarr/writer.cc", 6)
    change(tree, "src/gridmill/zarr/reader.cc", 3)
    change(tree, "tests/zarr/reader_test.cc", 1)


def test_a_small_rest_is_named_in_one_line(tree, lint):
    changed_three(tree)
    code, checked, said = lint(time_for=1)
    assert (code, checked) == (0, ["src/gridmill/zarr/writer.cc"])  # the largest change first
    assert ("lint: left out, the time was up: 2 of 3 sources, 40% of the changed lines: "
            "src/gridmill/zarr/reader.cc tests/zarr/reader_test.cc\n") in said


def test_a_large_rest_fails(tree, lint):
    changed_three(tree)
    code, checked, said = lint(time_for=0)
    assert (code, checked) == (1, [])
    assert "3 of 3 sources, 100% of the changed lines" in said
    assert "more than half is not checked" in said


def test_a_finding_fails_though_the_time_is_up(tree, lint):
    changed_three(tree)
    change(tree, "src/gridmill/zarr/writer.cc", text="BAD\n")
    assert lint(time_for=1)[0] == 1


def test_the_summary_of_ci_repeats_it(tmp_path):
    """.ci/run says in its last lines what lint left out, though every step was well."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / "tools").mkdir()
    (tmp_path / ".ci" / "run").write_bytes((ROOT / ".ci" / "run").read_bytes())
    for path in (".ci/run", "tools/format.sh"):
        (tmp_path / path).touch()
        (tmp_path / path).chmod(stat.S_IRWXU)
    (tmp_path / "Makefile").write_text(
        "test check-includes check-globals fuzz demo:\n\t@echo done\n"
        "lint:\n\t@echo 'lint: 1 clean, 0 with findings, 1 left out'\n"
        "\t@echo 'lint: left out, the time was up: 1 of 2 sources, 9% of the changed lines: a.cc'\n")
    run = subprocess.run([".ci/run"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    summary = run.stdout.split("==> summary\n")[1]
    assert "left out, the time was up: 1 of 2 sources, 9% of the changed lines: a.cc" in summary
    (tmp_path / "Makefile").write_text("test check-includes check-globals fuzz demo:\n\t@echo done\nlint:\n\t@exit 1\n")
    run = subprocess.run([".ci/run"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 1 and "lint           FAILED" in run.stdout
