"""`gridmill convert IN... STORE#/GROUP`: a new group of a store that exists, as xarray writes it."""

import fcntl
import json
import signal
import subprocess
import time

import numpy as np
import pytest
import xarray as xr
import zarr
from killed_runs import BINARY, hashes


def fields(seed, size=6):
    times = np.array([f"2026-03-01T{hour:02}" for hour in range(4)], "M8[ns]")
    values = np.random.default_rng(seed).normal(280, 9, (4, size)).astype("f4")
    return xr.Dataset({"t2m": (("time", "x"), values, {"units": "K"})}, {"time": times, "x": np.arange(float(size))})


def netcdf(folder, seed, size=6):
    path = folder / f"{seed}.nc"
    fields(seed, size).to_netcdf(path, encoding={"time": {"units": "hours since 2026-01-01", "dtype": "i4"}})
    return path


def foreign(path, zarr_format=3, consolidated=True):
    """A store that zarr-python has made."""
    root = zarr.open_group(path, mode="w", zarr_format=zarr_format, attributes={"title": "forecasts"})
    root.create_group("old").create_array("v", data=np.arange(5.0))
    root.create_array("orography", data=np.arange(6.0))
    if consolidated:
        zarr.consolidate_metadata(path, zarr_format=zarr_format)


def convert(gridmill, *words, code=0, **options):
    done = gridmill("convert", *words, **options)
    assert done.returncode == code, done.stderr
    return done.stderr if code else done.stdout


def check_group(path, group, seed, consolidated=True, size=6):
    for use in {consolidated, False}:
        with xr.open_zarr(path, group=group, consolidated=use) as found:
            xr.testing.assert_identical(found.load(), fields(seed, size))


def members(path, consolidated):
    root = zarr.open_consolidated(path) if consolidated else zarr.open_group(path, mode="r", use_consolidated=False)
    return {key for key, _ in root.members(max_depth=None)}


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("consolidated", [False, True])
@pytest.mark.parametrize("group", ["20260301T00", "fc/global/20260301T00"])
def test_a_new_group_is_found_by_readers_and_nothing_else_changes(gridmill, tmp_path, zarr_format, consolidated, group):
    store = tmp_path / "fc.zarr"
    foreign(store, zarr_format, consolidated)
    before = hashes(store)
    convert(gridmill, netcdf(tmp_path, 1), f"{store}#/{group}")
    check_group(store, group, 1, consolidated)
    found = members(store, False)
    parents = {group.rsplit("/", n)[0] for n in range(group.count("/") + 1)}
    assert found == {"old", "old/v", "orography", *parents, f"{group}/t2m", f"{group}/time", f"{group}/x"}
    if consolidated:
        assert members(store, True) == found
    documents = {"zarr.json", ".zmetadata"}
    kept = {key: value for key, value in before.items() if key not in documents}
    assert kept.items() <= hashes(store).items()
    root = zarr.open_group(store, mode="r")
    assert dict(root.attrs) == {"title": "forecasts"} and np.array_equal(root["orography"][:], np.arange(6.0))
    assert root.metadata.zarr_format == zarr_format


def test_a_new_store_begins_with_its_first_group(gridmill, tmp_path):
    store = tmp_path / "fc.zarr"
    for seed in (1, 2):
        convert(gridmill, netcdf(tmp_path, seed), f"{store}#/d{seed}")
    for seed in (1, 2):
        check_group(store, f"d{seed}", seed)
    assert members(store, True) == members(store, False)
    # The manifest knows the chunks of both: a changed byte is found.
    assert gridmill("verify", store).returncode == 0
    chunk = next(path for path in (store / "d2" / "t2m" / "c").rglob("*") if path.is_file())
    raw = bytearray(chunk.read_bytes())
    raw[-1] ^= 1
    chunk.write_bytes(raw)
    bad = gridmill("verify", store)
    assert bad.returncode == 3 and "d2/t2m" in bad.stdout + bad.stderr
    assert list((tmp_path / "fc.zarr.gridmill" / "groups").iterdir()) == []


def test_rolling_archive_as_zarrio_has_it(gridmill, tmp_path):
    store = tmp_path / "fc.zarr"
    for seed, day in enumerate(["20260301", "20260302", "20260303"]):
        convert(gridmill, netcdf(tmp_path, seed), f"{store}#/{day}")
        done = gridmill("archive", store, "--format", "%Y%m%d", "--keep", "24h", "--now", f"2026-03-0{seed + 1}T00:00:00Z")
        assert done.returncode == 0, done.stderr
    assert members(store, True) == members(store, False) >= {"20260302", "20260303"}
    assert "20260301" not in members(store, False)
    check_group(store, "20260302", 1)
    check_group(store, "20260303", 2)
    assert gridmill("verify", store).returncode == 0


def test_an_existing_group_is_replaced_only_on_request(gridmill, tmp_path):
    store = tmp_path / "fc.zarr"
    foreign(store)
    convert(gridmill, netcdf(tmp_path, 1), f"{store}#/a")
    before = hashes(store)
    text = convert(gridmill, netcdf(tmp_path, 2, size=7), f"{store}#/a", code=5)
    assert f"{store}#/a exists" in text and "--overwrite" in text and hashes(store) == before
    convert(gridmill, netcdf(tmp_path, 2, size=7), f"{store}#/a", "--overwrite")
    check_group(store, "a", 2, size=7)
    assert members(store, True) == members(store, False)


def test_from_one_group_to_another_of_the_same_store(gridmill, tmp_path):
    store = tmp_path / "fc.zarr"
    convert(gridmill, netcdf(tmp_path, 1), f"{store}#/a")
    assert gridmill("rechunk", f"{store}#/a", f"{store}#/b", "--chunks", "time=1").returncode == 0
    check_group(store, "b", 1)
    assert zarr.open_array(store, path="b/t2m").chunks == (1, 6)
    for output in (f"{store}#/a", f"{store}#/a/b"):
        text = convert(gridmill, f"{store}#/a", output, "--overwrite", code=5)
        assert "lie in each other" in text
    assert "lie in each other" in convert(gridmill, store, f"{store}#/c", code=5)


REFUSED = [
    ("orography", 5, "an array"),
    ("orography/new", 5, "an array"),
    ("old/v", 5, "an array"),
    ("stray", 5, "is no group"),
    ("__x", 2, "no node may be called"),
    ("zarr.json", 2, "no node may be called"),
]


@pytest.mark.parametrize("group, code, words", REFUSED)
def test_places_where_no_group_can_be_are_refused_before_anything_is_read(gridmill, tmp_path, group, code, words):
    store = tmp_path / "fc.zarr"
    foreign(store)
    (store / "stray").mkdir()
    (store / "stray" / "file").write_text("mine")
    before = hashes(store)
    text = convert(gridmill, netcdf(tmp_path, 1), f"{store}#/{group}", "--overwrite", code=code)
    assert words in text
    assert hashes(store) == before and not (tmp_path / "fc.zarr.gridmill").exists()


def test_stores_that_take_no_group_are_refused(gridmill, tmp_path):
    source = netcdf(tmp_path, 1)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    assert "is no Zarr store" in convert(gridmill, source, f"{tmp_path}/notes#/g", code=5)
    (tmp_path / "file").write_text("mine")
    assert "is no Zarr store" in convert(gridmill, source, f"{tmp_path}/file#/g", code=5)
    convert(gridmill, source, tmp_path / "a.zip")
    assert "written once" in convert(gridmill, source, f"{tmp_path}/a.zip#/g", code=1)
    foreign(tmp_path / "two.zarr", zarr_format=2)
    assert "is Zarr v2" in convert(gridmill, source, f"{tmp_path}/two.zarr#/g", "--zarr-format", "3", code=2)
    # A path into a store is a group of it, whose documents must name it.
    text = convert(gridmill, source, tmp_path / "two.zarr" / "g", code=2)
    assert f"{tmp_path}/two.zarr#/g" in text
    assert not (tmp_path / "two.zarr" / "g").exists() and not (tmp_path / "two.zarr" / "g.gridmill").exists()


def test_dry_run_and_sample_leave_no_trace(gridmill, tmp_path):
    store = tmp_path / "fc.zarr"
    foreign(store)
    before = hashes(store)
    report = json.loads(convert(gridmill, netcdf(tmp_path, 1), f"{store}#/g", "--dry-run", "--json"))
    assert report["output"] == f"{store}#/g" and report["format"] == "Zarr v3"
    convert(gridmill, netcdf(tmp_path, 1), f"{store}#/g", "--sample", "0.5")
    assert hashes(store) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.nc", "fc.zarr"]


def test_a_plan_writes_a_group(gridmill, tmp_path):
    store = tmp_path / "fc.zarr"
    foreign(store)
    source = netcdf(tmp_path, 1)
    made = gridmill("plan", "convert", source, f"{store}#/g", "-o", tmp_path / "plan.json")
    assert made.returncode == 0, made.stderr
    part = gridmill("exec", tmp_path / "plan.json", "--stage", "0", "--tasks", "0:1")
    assert part.returncode == 0 and not (store / "g").exists(), part.stderr
    done = gridmill("exec", tmp_path / "plan.json")
    assert done.returncode == 0, done.stderr
    check_group(store, "g", 1)
    assert f"{store}#/g exists" in gridmill("exec", tmp_path / "plan.json").stderr
    listed = gridmill("runs", "ls", store)
    assert listed.returncode == 0 and "convert" in listed.stdout


def test_who_writes_the_store_is_waited_for_and_the_work_is_kept(gridmill, tmp_path):
    store = tmp_path / "fc.zarr"
    convert(gridmill, netcdf(tmp_path, 1), f"{store}#/a")
    companion = tmp_path / "fc.zarr.gridmill"
    with open(companion / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [BINARY, "convert", netcdf(tmp_path, 2), f"{store}#/b"]
        run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(1.5)
        assert run.poll() is None and not (store / "b").exists()
    assert run.wait(60) == 0, run.stderr.read()
    check_group(store, "b", 2)


def test_many_groups_are_written_at_once(gridmill, tmp_path):
    store = tmp_path / "fc.zarr"
    sources = [netcdf(tmp_path, seed) for seed in range(8)]
    runs = [subprocess.Popen([BINARY, "convert", source, f"{store}#/fc/g{seed}", "--threads", "1"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            for seed, source in enumerate(sources)]  # fmt: skip
    for run in runs:
        assert run.wait(120) == 0, run.stderr.read()
    for seed in range(8):
        check_group(store, f"fc/g{seed}", seed)
    assert members(store, True) == members(store, False)
    assert gridmill("verify", store).returncode == 0
    assert list((tmp_path / "fc.zarr.gridmill" / "groups").iterdir()) == []


def test_kills_leave_all_of_a_group_or_nothing_and_the_same_command_goes_on(gridmill, tmp_path):
    store = tmp_path / "fc.zarr"
    source = netcdf(tmp_path, 1, size=40_000)
    convert(gridmill, netcdf(tmp_path, 2), f"{store}#/old")
    command = [BINARY, "convert", source, f"{store}#/new", "--resume", "--chunks", "time=1,x=100", "--threads", "1"]
    kills, seconds, seen = 0, 0.02, set()
    while True:
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            assert run.wait(seconds) == 0, run.stderr.read()
            break
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            run.wait()
            kills += 1
        if (store / "new").exists():
            break
        assert "new" not in members(store, True)
        left = json.loads(gridmill("cache", "ls", "--kind", "spill", tmp_path, "--json").stdout)["places"]
        seen |= {(place["output"].removeprefix(str(tmp_path)), place["state"]) for place in left}
        check_group(store, "old", 2)
        seconds *= 1.15
    if run.returncode != 0:
        again = subprocess.run(command, capture_output=True, text=True)
        assert again.returncode == 0 or "exists" in again.stderr or "it is complete now" in again.stderr
    assert kills > 2 and ("/fc.zarr.gridmill/groups/new", "resumable") in seen
    check_group(store, "new", 1, size=40_000)
    check_group(store, "old", 2)
    assert members(store, True) == members(store, False)
    assert gridmill("verify", store).returncode == 0
