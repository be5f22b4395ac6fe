"""fuzz/corpus: the seeds of every fuzz target, as fuzz/seeds.py makes them with the pinned peers."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "fuzz" / "corpus"


def seeds(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def test_every_target_has_seeds():
    targets = {path.name.removesuffix("_fuzz.cc") for path in (ROOT / "fuzz").glob("*_fuzz.cc")}
    assert targets == {folder.name for folder in CORPUS.iterdir() if any(folder.iterdir())}


def test_the_seeds_are_made_again_bit_for_bit(tmp_path):
    # hdf5plugin, which other tests import, leaves its folder there, and filters of another build.
    environment = {name: value for name, value in os.environ.items() if name != "HDF5_PLUGIN_PATH"}
    subprocess.run([sys.executable, "-W", "ignore", ROOT / "fuzz" / "seeds.py", tmp_path],
                   check=True, timeout=300, env=environment)
    made, kept = seeds(tmp_path), seeds(CORPUS)
    assert sorted(made) == sorted(kept)
    assert [name for name in made if made[name] != kept[name]] == []


def test_the_seeds_are_small():
    sizes = {name: len(content) for name, content in seeds(CORPUS).items()}
    assert sum(sizes.values()) < 300_000
    assert max(sizes.values()) <= 65536  # longer ones would be cut by -max_len
