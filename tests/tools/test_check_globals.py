"""tools/check_globals.py finds planted globals, and takes constants for what they are."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHECK = ROOT / "tools" / "check_globals.py"


def check(tmp_path, text):
    source, planted = tmp_path / "planted.cc", tmp_path / "planted.o"
    source.write_text(text)
    subprocess.run(["g++", "-std=c++20", "-c", source, "-o", planted], check=True)
    return subprocess.run([sys.executable, CHECK, planted], capture_output=True, text=True)


def test_a_counter_is_found_wherever_it_hides(tmp_path):
    run = check(
        tmp_path,
        """
        namespace gridmill {
        int open_files = 0;
        namespace { long seen = 1; }
        int next() { static int calls = 0; return static_cast<int>(++calls + ++seen); }
        }
        """,
    )
    assert run.returncode == 1
    for name in ("gridmill::open_files", "::seen", "gridmill::next()::calls"):
        assert name in run.stdout


def test_constants_are_no_finding(tmp_path):
    run = check(
        tmp_path,
        """
        namespace gridmill {
        struct Row { const char* name; };
        extern const Row kRows[];
        const Row kRows[] = {{"a"}};
        constexpr int kMost = 3;
        int first() { static const Row kFirst = kRows[kMost - 3]; return kFirst.name[0]; }
        }
        """,
    )
    assert run.returncode == 0, run.stdout


def test_the_library_has_none():
    run = subprocess.run([sys.executable, CHECK], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
