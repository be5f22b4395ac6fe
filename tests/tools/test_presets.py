"""Everything but `exec --mpi` is built without MPI; capi/gridmill.h is C."""

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("GRIDMILL_BINARY", ROOT / "build" / "release" / "gridmill"))


def configured(preset, folder):
    """The compiler's command for each file, by its path in the tree."""
    command = ["cmake", "--preset", preset, "-DCMAKE_UNITY_BUILD=OFF", "-S", ROOT, "-B", folder]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    entries = json.loads((folder / "compile_commands.json").read_text())
    commands = {}
    for entry in entries:
        path = Path(entry["file"])
        if path.is_relative_to(ROOT):
            commands[str(path.relative_to(ROOT))] = entry
    return commands


def speaks_mpi(path, entry):
    # Include folders and definitions; the tree's own place and the build's may be called anything.
    words = [word for word in shlex.split(entry["command"]) if word.startswith(("-I", "-D", "-isystem"))]
    words += [path for path in shlex.split(entry["command"]) if "/openmpi" in path or "/mpich" in path]
    return path.startswith("mpi/") or "-DGRIDMILL_WITH_MPI" in words or any(
        "/openmpi" in word or "/mpich" in word for word in words
    )


def checks_out(entry):
    """Whether the compiler takes the file (it makes no code)."""
    words = [word for word in shlex.split(entry["command"]) if not word.endswith("ccache")]
    at = words.index("-o")
    words[at : at + 2] = ["-fsyntax-only"]
    run = subprocess.run(words, cwd=entry["directory"], capture_output=True, text=True)
    return run.returncode == 0, run.stderr


def test_without_mpi_nothing_of_it_is_built(tmp_path):
    without = configured("no-mpi", tmp_path / "no-mpi")
    assert [path for path, entry in without.items() if speaks_mpi(path, entry)] == []
    whole = configured("release", tmp_path / "release")
    # The oracle can fail: with MPI there is something to find.
    assert {"mpi/mpi_exec.cc", "cli/verb_exec.cc"} <= {
        path for path, entry in whole.items() if speaks_mpi(path, entry)
    }
    assert set(whole) - set(without) == {"mpi/mpi_exec.cc", "mpi/versions.cc"}
    # The two that use it where it is there.
    for path in ["cli/verb_exec.cc", "cli/version.cc"]:
        ok, errors = checks_out(without[path])
        assert ok, errors


C_PROGRAM = r"""
#include "gridmill.h"
#include "gridmill.h"
#include <stdio.h>
#include <string.h>

int main(void) {
  char* report = NULL;
  int code = gm_explain("{\"gridmill_plan\": 1}", &report);
  printf("%s %d %d\n", gm_version(), code, report != NULL && strstr(report, "error") != NULL);
  gm_free(report);
  code = gm_run_tasks("/no/such/plan", 0, (int64_t)0, (int64_t)1, NULL, NULL);
  printf("%d\n", code);
  return gm_finish("/no/such/plan", NULL, NULL) == code ? 0 : 1;
}
"""


@pytest.mark.parametrize("standard", ["c99", "c11", "c17"])
def test_the_header_is_c(tmp_path, standard):
    source = tmp_path / "program.c"
    source.write_text(C_PROGRAM)
    words = ["cc", f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Wstrict-prototypes"]
    words += ["-Werror", f"-I{ROOT / 'capi'}", "-c", source, "-o", tmp_path / "program.o"]
    run = subprocess.run(words, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_a_c_program_calls_the_library(tmp_path, gridmill):
    source, program = tmp_path / "program.c", tmp_path / "program"
    source.write_text(C_PROGRAM)
    folder = BINARY.parent
    words = ["cc", "-std=c99", f"-I{ROOT / 'capi'}", source, "-o", program, f"-L{folder}"]
    words += ["-lgridmill", f"-Wl,-rpath,{folder}"]
    run = subprocess.run(words, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    run = subprocess.run([program], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    version, code, has_error, missing = run.stdout.split()
    assert version in gridmill("--version").stdout
    assert int(code) != 0 and has_error == "1" and int(missing) == 2
