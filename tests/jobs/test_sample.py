"""--sample: a part of the tasks tells what the whole takes, and nothing is left of it."""

import json

import numpy as np
import pytest
import zarr


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    """48 MB of float32 in 48 maps of one chunk each, which don't compress."""
    place = tmp_path_factory.mktemp("sample") / "maps.zarr"
    values = np.random.default_rng(3).random((48, 500, 500), dtype="f4")
    root = zarr.open_group(str(place), mode="w", zarr_format=3)
    root.create_array(
        "t",
        data=values,
        chunks=(1, 500, 500),
        compressors=None,
        dimension_names=("time", "lat", "lon"),
    )
    return place


@pytest.mark.parametrize(
    "words",
    [
        ("convert", ("--chunks", "time=4", "--memory", "64M")),
        ("rechunk", ("--chunks", "time=all,lat=25,lon=25", "--way", "direct", "--memory", "64M")),
        ("rechunk", ("--chunks", "time=all,lat=25,lon=25", "--way", "spill", "--memory", "64M")),
    ],
    ids=["convert", "direct", "spill"],
)
def test_a_sample_tells_what_the_whole_takes(gridmill, maps, tmp_path, words):
    verb, options = words
    out = tmp_path / "out.zarr"
    prices = ("--prices", "read-gb=2,written-gb=1")
    run = gridmill(verb, maps, out, *options, *prices, "--sample", "0.25", "--json")
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert list(tmp_path.iterdir()) == []  # nor a spill, nor a record
    sample, estimate = report["sample"], report["estimate"]
    assert 1 <= sample["tasks"] < sample["of"]

    run = gridmill(verb, maps, out, *options, *prices, "--json")
    assert run.returncode == 0, run.stderr
    whole = json.loads(run.stdout)["run"]
    for name in ("bytes_read", "bytes_written"):
        stages = sum(
            stage["work"].get("read" if name == "bytes_read" else "write", {}).get("bytes", 0)
            for stage in whole["stages"]
        )
        # Of bands the middle ones are sampled, which read pieces at both edges; the outer ones don't.
        near = 0.2 if "direct" in options else 0.1
        assert estimate[name] == pytest.approx(stages, rel=near), name
    cost = estimate["bytes_read"] * 2e-9 + estimate["bytes_written"] * 1e-9
    assert estimate["cost"]["total"] == pytest.approx(cost)
    assert whole["peak_memory"] / 2 <= estimate["peak_memory"] <= 2 * whole["peak_memory"]

    # Each stage takes as many times longer as it has more tasks; what is beside the stages, once.
    own = report["run"]
    pairs = list(zip(own["stages"], whole["stages"], strict=True))
    assert sum(one["tasks"] for one, _ in pairs) == sample["tasks"]
    assert sum(all_of_it["tasks"] for _, all_of_it in pairs) == sample["of"]
    times = [all_of_it["tasks"] / one["tasks"] for one, all_of_it in pairs]
    stages = sum(n * one["seconds"] for n, (one, _) in zip(times, pairs))
    beside = own["seconds"] - sum(one["seconds"] for one, _ in pairs)
    assert 0 < stages <= estimate["seconds"] <= stages + beside
    # Against the whole run: by the CPU's time, which is the same on a busy machine, but for its caches.
    assert whole["cpu_seconds"] / 5 < estimate["cpu_seconds"] < 5 * whole["cpu_seconds"]


def test_a_sample_tells_the_memory_of_the_whole(gridmill, tmp_path):
    """Memory for all tasks at once is there: the whole holds many more of them than the sample."""
    root = zarr.open_group(str(tmp_path / "in.zarr"), mode="w", zarr_format=3)
    values = np.random.default_rng(3).random((60, 1000, 1000), dtype="f4")
    root.create_array("t", data=values, chunks=(1, 1000, 1000), compressors=None,
                      dimension_names=("time", "lat", "lon"))  # fmt: skip
    words = ("rechunk", tmp_path / "in.zarr", tmp_path / "out.zarr", "--chunks",
             "time=all,lat=100,lon=100", "--memory", "1G", "--json")  # fmt: skip
    sample = gridmill(*words, "--sample", "0.1")
    assert sample.returncode == 0, sample.stderr
    estimate = json.loads(sample.stdout)["estimate"]
    run = gridmill(*words)
    assert run.returncode == 0, run.stderr
    whole = json.loads(run.stdout)["run"]
    assert whole["peak_memory"] / 2 <= estimate["peak_memory"] <= 2 * whole["peak_memory"]


def test_a_plan_can_be_sampled_and_says_so_in_words(gridmill, maps, tmp_path):
    plan = tmp_path / "plan.json"
    out = tmp_path / "out.zarr"
    assert gridmill("plan", "convert", maps, out, "-o", plan).returncode == 0
    run = gridmill("exec", plan, "--sample", "0.5")
    assert run.returncode == 0, run.stderr
    assert "was run, and thrown away" in run.stdout and "the whole would take about" in run.stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == ["plan.json"]
    # What a sample wrote is not resumed.
    run = gridmill("exec", plan, "--json")
    assert run.returncode == 0 and json.loads(run.stdout)["chunks_resumed"] == 0


def test_a_sample_of_few_tasks_is_not_the_one_at_the_edge(gridmill, tmp_path):
    root = zarr.open_group(str(tmp_path / "in.zarr"), mode="w", zarr_format=3)
    values = np.random.default_rng(4).random(5_000_010, dtype="f4")
    root.create_array("t", data=values, chunks=(1_000_000,), dimension_names=("x",))
    words = ("--chunks", "x=1000000", "--sample", "0.1", "--json")
    run = gridmill("convert", tmp_path / "in.zarr", tmp_path / "out.zarr", *words)
    assert run.returncode == 0, run.stderr
    estimate = json.loads(run.stdout)["estimate"]
    assert estimate["bytes_read"] > 10_000_000


@pytest.mark.parametrize("share", ["0", "1", "0.7", "1e-300", "-0.1", "nan", "much"])
def test_what_is_no_share_is_refused(gridmill, maps, tmp_path, share):
    run = gridmill("convert", maps, tmp_path / "out.zarr", "--sample", share)
    assert run.returncode == 2 and "--sample" in run.stderr


def test_a_netcdf_file_is_not_sampled(gridmill, maps, tmp_path):
    run = gridmill("convert", maps, tmp_path / "out.nc", "--sample", "0.1")
    assert run.returncode == 2 and "Zarr store" in run.stderr


def test_threads_of_other_libraries_beside_ours_are_warned_of(gridmill, maps, tmp_path):
    out = tmp_path / "out.zarr"
    run = gridmill("convert", maps, out, "--dry-run", env={"OMP_NUM_THREADS": "4096"})
    assert "OMP_NUM_THREADS=4096 beside --threads" in run.stderr
    run = gridmill("convert", maps, out, "--dry-run", env={"OMP_NUM_THREADS": "1"})
    assert "OMP_NUM_THREADS" not in run.stderr


def test_slurm_says_how_many_threads(gridmill, maps, tmp_path):
    words = ("convert", maps, tmp_path / "out.zarr", "--show-config", "--json")
    run = gridmill(*words, env={"SLURM_CPUS_PER_TASK": "1"})
    assert json.loads(run.stdout)["threads"]["value"] == "1"
