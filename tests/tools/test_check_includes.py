"""tools/check_includes.py finds each kind of planted violation, and nothing in the real tree."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECK = ROOT / "tools" / "check_includes.py"


def check(root):
    return subprocess.run([sys.executable, CHECK, "--root", root], capture_output=True, text=True)


@pytest.fixture
def tree(tmp_path):
    """A small tree without a finding; returns a function that plants a file in it."""

    def plant(path, text):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return tmp_path

    plant("src/gridmill/rooms.txt", "base\nsystem\nstore\nformats\nengine\n")
    plant("src/gridmill/base/error.h", "// Errors.\n#pragma once\n#include <string>\n")
    plant("src/gridmill/system/files.h", '// Files.\n#include "gridmill/base/error.h"\n')
    plant("src/gridmill/system/files.cc", "#include <fcntl.h>\n#include <sys/stat.h>\n")
    plant("src/gridmill/store/file.cc", '#include "gridmill/system/files.h"\n#include <mutex>\n')
    plant("src/gridmill/formats/netcdf.cc", '#include "gridmill/system/files.h"\n')
    plant("src/gridmill/engine/lanes.cc", '#include "gridmill/store/file.h"\n#include <thread>\n')
    plant("cli/main.cc", '#include "gridmill/engine/plan.h"\n#include "mpi/run.h"\n')
    plant("cli/options.cc", '#include "cli/options.h"\n')
    plant("tests/cli/options_test.cc", '#include "cli/options.h"\n')
    plant("tests/store/file_test.cc", '#include "doubles/files.h"\n#include <filesystem>\n')
    return plant


def test_the_real_tree_is_clean():
    result = check(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_one_name_is_one_class(tree):
    tree("src/gridmill/base/unit.h", "// Units.\nclass Unit {\n};\nclass Task;\n")
    tree("cli/task.h", "class Task {};\nclass Unit {\n};\n")
    assert check(tree("src/gridmill/base/text.h", "// Text.\n")).returncode == 0
    result = check(tree("src/gridmill/engine/task.h", "// Tasks.\nstruct Unit final : public Base {\n};\n"))
    assert result.returncode == 1 and "defines Unit, as src/gridmill/base/unit.h does" in result.stdout


def test_a_clean_tree_has_no_findings(tree):
    result = check(tree("src/gridmill/base/text.h", "// Text.\n"))
    assert (result.returncode, result.stdout) == (0, "includes: nothing found\n")


HEADER = "// A header.\n"
VIOLATIONS = {
    "upwards": (
        "src/gridmill/store/a.cc", '#include "gridmill/engine/plan.h"\n',
        ":1: ", "stands below",
    ),
    "angle brackets": (
        "src/gridmill/base/a.cc", "#  include <gridmill/store/file.h>\n",
        ":1: ", "stands below",
    ),
    "no such room": (
        "src/gridmill/store/a.cc", '\n#include "gridmill/oven/a.h"\n',
        ":2: ", "not a room",
    ),
    "relative": ("src/gridmill/store/a.cc", '#include "file.h"\n', ":1: ", "path from src"),
    "leaf from room": (
        "src/gridmill/engine/a.cc", '#include "cli/options.h"\n',
        ":1: ", "is a leaf",
    ),
    "leaf from leaf": ("capi/a.cc", '#include "cli/options.h"\n', ":1: ", "is a leaf"),
    "leaf from a test": ("tests/store/a.cc", '#include "cli/options.h"\n', ":1: ", "is a leaf"),
    "os header": (
        "src/gridmill/engine/a.h", HEADER + "#include <sys/stat.h>\n",
        ":2: ", "operating system",
    ),
    "file stream": (
        "src/gridmill/store/a.cc", "#include <fstream>\n",
        ":1: ", "operating system",
    ),
    "os header in cli": ("cli/a.cc", "#include <unistd.h>\n", ":1: ", "operating system"),
    "door": (
        "src/gridmill/engine/a.cc", '#include "gridmill/system/files.h"\n',
        ":1: ", "only formats, store",
    ),
    "no comment": ("src/gridmill/base/a.h", "#pragma once\n", ":1: ", "open with a comment"),
    "empty header": ("src/gridmill/base/a.h", "", ":1: ", "open with a comment"),
    "too long": ("tools/a.py", "pass\n" * 801, ":801: ", "801 lines"),
    "folder name": (
        "src/gridmill/base/util/a.cc", "",
        "src/gridmill/base/util: ", "says nothing",
    ),
    "folder name in tests": ("tests/helpers/a.cc", "", "tests/helpers: ", "says nothing"),
    "unknown room": ("src/gridmill/oven/a.cc", "", "src/gridmill/oven: ", "is not a room"),
}




@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_planted_violation_is_found(tree, name):
    path, text, place, reason = VIOLATIONS[name]
    result = check(tree(path, text))
    findings = result.stdout.splitlines()
    assert result.returncode == 1
    assert len(findings) == 1, findings
    assert findings[0].startswith(place if not place.startswith(":") else path + place)
    assert reason in findings[0]


def test_eight_hundred_lines_are_allowed(tree):
    assert check(tree("tools/a.py", "pass\n" * 800)).returncode == 0
