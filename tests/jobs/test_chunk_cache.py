"""extract --cache against xarray: what is kept is right, proved, bounded and never in the way."""

import json
import os
import re
import subprocess
import time

import numpy as np
import pytest
import xarray as xr
from csv_tables import column, table

CHUNKS = 5  # of t
LATS, LONS = np.linspace(60, -60, 13), np.arange(0, 360, 30.0)


@pytest.fixture(params=[2, 3], ids=["v2", "v3"])
def archive(request, tmp_path):
    """Noise, so that chunks are as large as they look: five of 100 KB."""
    random = np.random.default_rng(5)
    data = xr.Dataset(
        {"t": (("time", "lat", "lon"), random.normal(280, 10, size=(400, 13, 12)), {"units": "K"})},
        coords={
            "time": np.datetime64("2001-01-01") + np.arange(400) * np.timedelta64(6, "h"),
            "lat": ("lat", LATS, {"units": "degrees_north"}),
            "lon": ("lon", LONS, {"units": "degrees_east"}),
        },
    )
    path = tmp_path / "far" / "a.zarr"
    path.parent.mkdir()
    encoding = {"t": {"chunks": (400 // CHUNKS, 13, 12)}}
    data.to_zarr(path, encoding=encoding, zarr_format=request.param, consolidated=True)
    return path


@pytest.fixture
def extract(gridmill, archive, tmp_path):
    """extract(lat, lon, *words) -> report; the table is at out.csv."""

    def run(lat, lon, *words, cache=tmp_path / "cache", out=tmp_path / "out.csv", ok=True):
        got = gridmill("extract", archive, "--point", f"{lat},{lon}", "-o", out, "--overwrite",
                       "--cache", cache, "--json", "--memory", "64M", *words)  # fmt: skip
        if not ok:
            return got
        assert got.returncode == 0, got.stderr
        report = json.loads(got.stdout)
        report["warnings"] = re.findall("warning: (.*)", got.stderr)
        check(archive, lat, lon, out)
        return report

    return run


def check(archive, lat, lon, out):
    with xr.open_zarr(archive) as data:
        wanted = data["t"].sel(lat=lat, lon=lon, method="nearest").to_numpy()
    np.testing.assert_array_equal(column(table(out), "t"), wanted)


def chunk_files(archive):
    return [p for p in (archive / "t").rglob("*") if p.is_file() and p.name[-1].isdigit()]


def spoil_unseen(path):
    """Other bytes in the file that is there, which nobody can tell by its inode, size or date."""
    status = path.stat()
    with path.open("r+b") as file:
        file.write(os.urandom(status.st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def entries(cache, kind="chunks"):
    return [path for path in (cache / kind).rglob("*") if path.is_file()]


@pytest.mark.parametrize("trust", ["value", "store"])
def test_a_new_coordinate_reads_no_chunk_of_the_source(gridmill, extract, archive, tmp_path, trust):
    cold = extract(60, 0, "--cache-trust", trust)
    assert cold["cache"]["misses"] >= CHUNKS and cold["cache"]["bytes_fetched"] > 400_000
    with xr.open_zarr(archive) as data:
        wanted = data["t"].sel(lat=-30, lon=90).to_numpy()
    files = chunk_files(archive)
    assert len(files) == CHUNKS
    for path in files:
        spoil_unseen(path)
    out = tmp_path / "new.csv"
    got = gridmill("extract", archive, "--point", "-30,90", "-o", out, "--cache", tmp_path / "cache",
                   "--cache-trust", trust, "--json")  # fmt: skip
    assert got.returncode == 0, got.stderr
    np.testing.assert_array_equal(column(table(out), "t"), wanted)
    report = json.loads(got.stdout)
    assert report["cache"]["bytes_fetched"] == 0 and "from_cache" not in report
    assert report["cache"]["bytes_from_cache"] > 400_000
    # Not by the cache's leave, the same is an error.
    bad = gridmill("extract", archive, "--point", "-30,90", "-o", tmp_path / "no.csv")
    assert bad.returncode == 3, bad.stderr


def test_what_is_kept_are_the_stored_bytes(extract, archive, tmp_path):
    extract(60, 0)
    kept = [path.read_bytes() for path in entries(tmp_path / "cache")]
    for path in chunk_files(archive):
        stored = path.read_bytes()
        (entry,) = [content for content in kept if content.endswith(stored)]
        head = json.loads(entry[: -len(stored)].split(b"\n")[1])
        assert head["bytes"] == len(stored) and head["source"] == str(archive)
        assert head["key"] == str(path.relative_to(archive))
    assert (tmp_path / "cache" / "CACHEDIR.TAG").read_text().startswith(
        "Signature: 8a477f597d28d172789f06886806bc55"
    )


@pytest.mark.parametrize("name", ["o.csv", "o.parquet"])
def test_the_same_request_again_is_copied(gridmill, archive, tmp_path, name):
    words = ["extract", archive, "--point", "30,30", "--cache", tmp_path / "cache", "--json"]
    first = gridmill(*words, "-o", tmp_path / name)
    if first.returncode == 1 and name.endswith("parquet"):
        pytest.skip(f"no Parquet in this build: {first.stderr}")
    assert first.returncode == 0, first.stderr
    again = gridmill(*words, "-o", tmp_path / ("again-" + name), "--threads", "1")
    report = json.loads(again.stdout)
    assert report["from_cache"] is True and report["bytes_read"] == 0
    assert report["output"] == str(tmp_path / ("again-" + name))
    assert (tmp_path / name).read_bytes() == (tmp_path / ("again-" + name)).read_bytes()
    assert report["points"] == json.loads(first.stdout)["points"]
    told = gridmill(*words[:-1], "-o", tmp_path / ("told-" + name))
    assert "the result was in the cache" in told.stdout


def test_a_chunk_that_changed_makes_another_table(extract, archive):
    extract(60, 0)
    first, second = sorted(chunk_files(archive))[:2]
    first.write_bytes(second.read_bytes())
    report = extract(60, 0)
    assert "from_cache" not in report
    assert report["cache"]["misses"] == report["cache"]["stale"] == 1
    assert extract(60, 0)["from_cache"]


def test_another_store_in_its_place_is_another_store(extract, archive):
    extract(60, 0, "--cache-trust", "store")
    with xr.open_zarr(archive) as data:
        data = data.load()
    zarr_format = 3 if (archive / "zarr.json").exists() else 2
    data["t"] += 1
    subprocess.run(["rm", "-r", archive], check=True)
    data.to_zarr(archive, zarr_format=zarr_format, consolidated=True)
    assert "from_cache" not in extract(60, 0, "--cache-trust", "store")


@pytest.mark.parametrize("damage", ["flip", "truncate", "append", "exchange"])
def test_damaged_entries_are_found_and_fetched_again(gridmill, extract, tmp_path, damage):
    cache = tmp_path / "cache"
    extract(60, 0)
    chunks = sorted(entries(cache))
    contents = [path.read_bytes() for path in chunks]
    for i, path in enumerate(chunks):
        content = contents[i]
        if damage == "flip":
            at = len(content) // 2
            content = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        elif damage == "truncate":
            content = content[: len(content) - 1 - i]
        elif damage == "append":
            content += b"x"
        else:
            content = contents[i - 1]
        path.write_bytes(content)
    verify = gridmill("cache", "verify", cache, "--json")
    report = json.loads(verify.stdout)
    assert verify.returncode == 3
    assert {bad["path"] for bad in report["bad"]} == {str(path) for path in chunks}
    told = gridmill("cache", "verify", cache)
    assert told.returncode == 3 and f"cache gc {cache} --bad" in told.stdout
    mended = extract(-60, 0)  # another place: the same chunks
    assert mended["cache"]["dropped"] == len(chunks)
    assert mended["cache"]["misses"] == len(chunks) - 1  # one holds what was answered to the first run
    assert len(mended["warnings"]) == 2
    assert gridmill("cache", "verify", cache).returncode == 0
    assert extract(30, 0)["cache"]["misses"] == 0


def test_bad_entries_can_be_removed(gridmill, extract, tmp_path):
    cache = tmp_path / "cache"
    extract(60, 0)
    count = len(entries(cache)) + len(entries(cache, "steps"))
    victim = sorted(entries(cache))[1]
    victim.write_bytes(victim.read_bytes()[:-1])
    gone = json.loads(gridmill("cache", "gc", cache, "--bad", "--json").stdout)
    assert gone["removed"] == 1 and not victim.exists()
    assert len(entries(cache)) + len(entries(cache, "steps")) == count - 1


def test_the_cap_holds_and_the_oldest_go_first(extract, archive, tmp_path):
    cache = tmp_path / "cache"
    report = extract(60, 0, "--cache-size", "1MB")
    assert report["cache"]["evicted"] == 0
    sizes = sum(path.stat().st_size for path in (*entries(cache), *entries(cache, "steps")))
    assert sizes < 1_000_000
    tables = []
    for lat in LATS[1:]:  # a table each, of the same chunks, until there is no room
        tables.append(extract(lat, 30, "--cache-size", "1MB", "--features", make_features(tmp_path)))
        sizes = sum(path.stat().st_size for path in (*entries(cache), *entries(cache, "steps")))
        assert sizes <= 1_000_000
    assert sum(report["cache"]["evicted"] for report in tables) > 0
    # Chunks were used by every run, and old tables by none.
    assert all(report["cache"]["misses"] == 0 for report in tables)


def make_features(tmp_path):
    """Columns enough to make a table of 100 KB of 400 rows."""
    path = tmp_path / "features.yaml"
    path.write_text("t: t\n" + "".join(f"x{i}: t * {i + 1}.123456789\n" for i in range(8)))
    return path


def test_two_processes_share_a_cache(gridmill, archive, tmp_path):
    cache, runs = tmp_path / "cache", []
    for i, lat in enumerate([60, 50, 40, 30]):
        command = ["extract", archive, "--point", f"{lat},0", "-o", tmp_path / f"{i}.csv",
                   "--cache", cache, "--cache-size", "1MB", "--threads", "2"]  # fmt: skip
        runs.append(subprocess.Popen([gridmill.binary, *command], stderr=subprocess.PIPE, text=True,
                                     stdout=subprocess.DEVNULL))  # fmt: skip
    for i, (lat, run) in enumerate(zip([60, 50, 40, 30], runs)):
        said = run.communicate(timeout=120)[1]
        assert run.returncode == 0 and "warning" not in said, said
        check(archive, lat, 0, tmp_path / f"{i}.csv")
    assert gridmill("cache", "verify", cache).returncode == 0


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 KiB; without the right to mount, C++ tests stand in."""
    where = tmp_path / "disk"
    where.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", where],
                             capture_output=True, text=True)  # fmt: skip
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small tmpfs ({mounted.stderr.strip()}); a cache whose disk is full "
                    "at the n-th write, for every n, is ExtractCache.AFullCacheDiskLosesNothing in "
                    "tests/jobs/extract_cache_test.cc")  # fmt: skip
    yield where
    subprocess.run(["umount", where], check=True)


def test_a_full_cache_disk_is_one_warning(gridmill, extract, small_disk):
    cache = small_disk / "cache"
    report = extract(60, 0, cache=cache)
    (warning,) = report["warnings"]
    assert str(cache) in warning and "free" in warning and "--cache-size" in warning
    assert not list(cache.rglob("*.partial"))
    assert gridmill("cache", "verify", cache).returncode == 0
    assert extract(30, 0, cache=cache)["cache"]["hits"] > 0  # what was kept is of use


def test_a_cache_that_may_only_be_read_is_of_use(gridmill, unprivileged, archive, open_folder):
    source, cache = open_folder / "a.zarr", open_folder / "cache"
    subprocess.run(["cp", "-r", archive, source], check=True)
    made = gridmill("extract", source, "--point", "60,0", "-o", open_folder / "o.csv", "--cache", cache)
    assert made.returncode == 0, made.stderr
    subprocess.run(["chmod", "-R", "a+rX,a-w", source, cache], check=True)
    (open_folder / "out").mkdir()
    (open_folder / "out").chmod(0o777)
    out = open_folder / "out" / "o.csv"
    got = unprivileged("extract", source, "--point", "0,0", "-o", out, "--cache", cache, "--json")
    assert got.returncode == 0, got.stderr
    check(source, 0, 0, out)
    counts = json.loads(got.stdout)["cache"]
    assert counts["bytes_fetched"] == 0 and counts["hits"] > CHUNKS
    assert got.stderr.count("warning: ") == 1 and "nothing more is kept" in got.stderr


@pytest.mark.parametrize("make, said", [
    (lambda path: (path / "thesis").mkdir(parents=True), "is no cache of gridmill's"),
    (lambda path: path.write_text("x"), "this is a file"),
])  # fmt: skip
def test_somebody_elses_folder_is_refused(extract, tmp_path, make, said):
    make(tmp_path / "mine")
    got = extract(0, 0, cache=tmp_path / "mine", ok=False)
    assert got.returncode == 5 and said in got.stderr
    assert not (tmp_path / "out.csv").exists()


def test_refusals(gridmill, archive, tmp_path):
    words = ["extract", archive, "--point", "0,0", "-o", tmp_path / "o.csv", "--cache", tmp_path / "c"]
    for more, said in [(["--cache-size", "10"], "at least 1MB"), (["--cache-trust", "me"], "is not one of")]:
        got = gridmill(*words, *more)
        assert got.returncode == 2 and said in got.stderr, got.stderr
    for more, said in [
        (["ls", archive, "--kind", "chunks"], "there is no cache at"),
        (["verify", archive], "there is no cache at"),
        (["gc", tmp_path / "c", "--kind", "chunks"], "say what goes"),
        (["ls", tmp_path / "c", "--to-size", "1GB"], "are of `cache gc`"),
        (["gc", tmp_path, "--kind", "spill", "--bad"], "of the entries of a cache"),
    ]:
        got = gridmill("cache", *more)
        assert got.returncode == 2 and said in got.stderr, (more, got.stderr)


def test_ls_tells_what_there_is_of_each_source(gridmill, extract, archive, tmp_path):
    cache = tmp_path / "cache"
    extract(60, 0)
    extract(0, 0)
    report = json.loads(gridmill("cache", "ls", cache, "--json").stdout)
    sources = {(source["kind"], source["source"]): source for source in report["sources"]}
    assert set(sources) == {("chunks", str(archive)), ("steps", f"extract of {archive}")}
    chunks, steps = sources["chunks", str(archive)], sources["steps", f"extract of {archive}"]
    assert chunks["entries"] == len(entries(cache)) and steps["entries"] == 2
    assert chunks["bytes"] == sum(path.stat().st_size for path in entries(cache))
    assert 0 <= chunks["age_seconds"] < 300
    only = json.loads(gridmill("cache", "ls", cache, "--kind", "steps", "--json").stdout)
    assert only["entries"] == 2 and only["bytes"] == steps["bytes"]
    told = gridmill("cache", "ls", "--kind", "chunks", env={"GRIDMILL_CACHE": str(cache)})
    assert told.returncode == 0 and str(archive) in told.stdout


def test_gc_by_age_and_size(gridmill, extract, tmp_path):
    cache = tmp_path / "cache"
    extract(60, 0)
    chunks = sorted(entries(cache))
    week_ago = time.time() - 8 * 86400
    os.utime(chunks[0], (week_ago, week_ago))
    dry = json.loads(gridmill("cache", "gc", cache, "--older-than", "7d", "--dry-run", "--json").stdout)
    assert dry["removed"] == 1 and chunks[0].exists()
    gone = json.loads(gridmill("cache", "gc", cache, "--older-than", "7d", "--json").stdout)
    assert gone["removed"] == 1 and not chunks[0].exists()
    gone = json.loads(gridmill("cache", "gc", cache, "--kind", "chunks", "--to-size", "0", "--json").stdout)
    assert gone["removed"] == len(chunks) - 1 and not entries(cache)
    assert len(entries(cache, "steps")) == 1
    assert extract(60, 0)["from_cache"]


def test_the_environment_names_the_cache(gridmill, archive, tmp_path):
    env = {"GRIDMILL_CACHE": str(tmp_path / "named")}
    for expected in (None, True):
        got = gridmill("extract", archive, "--point", "0,0", "-o", tmp_path / "o.csv", "--overwrite",
                       "--json", env=env)  # fmt: skip
        assert got.returncode == 0, got.stderr
        assert json.loads(got.stdout).get("from_cache") is expected


def test_shards_are_kept_by_their_chunks(gridmill, archive, tmp_path):
    sharded, cache = tmp_path / "s.zarr", tmp_path / "cache"
    made = gridmill("convert", archive, sharded, "--zarr-format", "3", "--chunks", "time=20,lat=13,lon=12",
                    "--shards", "time=80,lat=13,lon=12")  # fmt: skip
    assert made.returncode == 0, made.stderr
    for lat, is_warm in ((60, False), (-60, True)):
        out = tmp_path / f"{lat}.csv"
        got = gridmill("extract", sharded, "--point", f"{lat},0", "-o", out, "--cache", cache, "--json")
        assert got.returncode == 0, got.stderr
        check(archive, lat, 0, out)
        counts = json.loads(got.stdout)["cache"]
        assert (counts["bytes_fetched"] == 0) == is_warm, counts
