"""`gridmill table compact DIR`: small Parquet files of a table become few, and pyarrow, DuckDB and pandas find the
same rows, bit for bit; also while it works, and after it was killed. `gridmill table ls DIR`."""

import fcntl
import json
import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import xarray as xr
from killed_runs import BINARY, KILLS, hashes

SMALL, TARGET = 20_000, 100_000


def grid(steps=1460, start="2001-01-01", units="K"):
    rng = np.random.default_rng(steps)
    times = pd.date_range(start, periods=steps, freq="12h").values
    lat, lon = np.arange(-80.0, 81, 10), np.arange(0.0, 360, 15)
    shape = (steps, lat.size, lon.size)
    t = rng.normal(280, 9, shape).astype("f4")
    t[3:7, 4:12] = np.nan
    t[8, :, :3] = -0.0
    data = {
        "t": (("time", "lat", "lon"), t, {"units": units, "long_name": "air temperature"}),
        "count": (("time", "lat", "lon"), rng.integers(-9, 9, shape, dtype="i2")),
    }
    coords = {"time": times, "lat": ("lat", lat, {"units": "degrees_north"}), "lon": ("lon", lon, {"units": "degrees_east"})}
    return xr.Dataset(data, coords)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """a.nc, b.nc, c.nc: two years each; stations.csv: 170 points in three regions."""
    folder = tmp_path_factory.mktemp("compact")
    for name, start in [("a", "2001-01-01"), ("b", "2003-01-01"), ("c", "2005-01-01")]:
        grid(start=start).to_netcdf(folder / f"{name}.nc")
    points = [(lat, lon) for lat in range(-80, 81, 10) for lon in range(0, 150, 15)]
    lines = [f"p{i},{lat},{lon},{'south west' if i % 3 else 'north'}" for i, (lat, lon) in enumerate(points)]
    (folder / "stations.csv").write_text("name,lat,lon,region\n" + "\n".join(lines) + "\n")
    return folder


def extract(gridmill, inputs, output, *words, source="a.nc", target=SMALL):
    command = ["extract", inputs / source, "-o", f"{output}/", "--points", inputs / "stations.csv"]
    done = gridmill(*command, "--target-size", str(target), *words)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def made(gridmill, inputs, tmp_path_factory):
    """A table of many small files, with its record."""
    out = tmp_path_factory.mktemp("made") / "table"
    extract(gridmill, inputs, out, "--partition", "region,year")
    return out


@pytest.fixture
def table(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / "table"))


@pytest.fixture(scope="module")
def collected(gridmill, inputs, tmp_path_factory):
    """What three runs have written, in one directory, as users collect it: no record, names of their own."""
    folder = tmp_path_factory.mktemp("collected")
    for number, source in enumerate(["a.nc", "b.nc", "c.nc"]):
        extract(gridmill, inputs, folder / "run", "--partition", "region", source=source)
        for path in (folder / "run").rglob("*.parquet"):
            to = folder / "table" / path.parent.relative_to(folder / "run") / f"run{number}-{path.name}"
            to.parent.mkdir(parents=True, exist_ok=True)
            path.rename(to)
        shutil.rmtree(folder / "run")
        shutil.rmtree(folder / "run.gridmill")
    return folder / "table"


def compact(gridmill, table, *words, target=TARGET, code=0):
    done = gridmill("table", "compact", f"{table}/", "--target-size", str(target), *words, "--json")
    assert done.returncode == code, done.stderr
    return done.stderr if code else json.loads(done.stdout)


def files(table):
    return sorted(str(path.relative_to(table)) for path in Path(table).rglob("*.parquet"))


def folders(table):
    """Folder: its files, in the order of their names."""
    found = {}
    for name in files(table):
        found.setdefault(os.path.dirname(name), []).append(os.path.basename(name))
    return found


def bits(table):
    """Each column of an Arrow table as its name, what is said of it, which rows are null, and raw values."""
    columns = []
    for field in table.schema:
        column = table[field.name]
        if pa.types.is_dictionary(field.type):
            column = column.cast(field.type.value_type)
        null = column.is_null().to_numpy()
        if pa.types.is_floating(field.type):
            raw = column.to_numpy(zero_copy_only=False)
            values = raw.view(f"u{raw.dtype.itemsize}")[~null].tobytes()
        else:
            values = column.to_pylist()
        columns.append((field.name, field.type, field.nullable, field.metadata, null.tobytes(), values))
    return columns


def rows(table, below=""):
    """Of every folder, all that its files hold, one behind the other."""
    return {
        folder: bits(pa.concat_tables([pq.read_table(table / folder / name, partitioning=None) for name in names]))
        for folder, names in folders(table).items()
        if folder.startswith(below)
    }


def as_readers_find_it(table):
    """What DuckDB, pandas and pyarrow make of the directory."""
    listing = f"read_parquet('{table}/**/*.parquet', hive_partitioning=true)"
    by = "order by time, name, region"
    frame = duckdb.sql(f"select * from {listing} {by}").df()
    pandas = pd.read_parquet(table).astype({"name": "str", "region": "str"})
    arrow = ds.dataset(table, partitioning="hive").to_table().to_pandas().astype({"name": "str", "region": "str"})
    order = ["time", "name", "region"]
    return frame, *(one.sort_values(order).reset_index(drop=True) for one in (pandas, arrow))


def check_files(table, target=TARGET):
    """About the target, but for the last of a folder; compressed and encoded as they were, with statistics."""
    for folder, names in folders(table).items():
        sizes = [(table / folder / name).stat().st_size for name in names]
        assert all(0.6 * target < size < 1.4 * target for size in sizes[:-1]), sizes
        for name in names:
            metadata = pq.ParquetFile(table / folder / name).metadata
            groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
            assert all(group.num_rows == groups[0].num_rows for group in groups[:-1])
            for column in (group.column(i) for group in groups for i in range(metadata.num_columns)):
                assert column.compression == "ZSTD" and column.statistics.has_min_max
                is_key = column.path_in_schema not in ("t", "count")
                assert ("RLE_DICTIONARY" in column.encodings) == is_key


def check_record(table):
    record = json.loads((table / "_gridmill.json").read_text())
    assert sorted(part["path"] for part in record["parts"]) == files(table)
    for part in record["parts"]:
        assert part["bytes"] == (table / part["path"]).stat().st_size
        assert part["rows"] == pq.read_metadata(table / part["path"]).num_rows
    assert record["rows"] == sum(part["rows"] for part in record["parts"])
    return record


def test_small_files_become_few_and_every_reader_finds_the_same(gridmill, inputs, table):
    before, found = rows(table), as_readers_find_it(table)
    small = folders(table)
    assert all(len(names) > 5 for names in small.values())
    report = compact(gridmill, table)
    assert rows(table) == before
    for frame, same in zip(as_readers_find_it(table), found, strict=True):
        pd.testing.assert_frame_equal(frame, same)
    check_files(table)
    after = folders(table)
    assert set(after) == set(small) and all(1 < len(after[folder]) < len(small[folder]) / 2 for folder in small)
    assert not any(set(after[folder]) & set(small[folder]) for folder in small)  # never others' rows under a name
    assert (report["files_before"], report["files_after"]) == (sum(map(len, small.values())), len(files(table)))
    assert report["bytes_after"] == sum((table / name).stat().st_size for name in files(table))
    assert {folder["folder"] for folder in report["compacted"]} == set(small)
    count = duckdb.sql(f"select count(*) from read_parquet('{table}/**/*.parquet')").fetchall()[0][0]
    assert sum(folder["rows"] for folder in report["compacted"]) == count
    assert check_record(table)["target_bytes"] == TARGET
    assert not os.path.exists(f"{table}.gridmill")
    # It is a table of ours still: a run may replace it.
    extract(gridmill, inputs, table, "--partition", "year", "--overwrite")
    assert all(name.startswith("year=") for name in files(table))


def test_again_there_is_nothing_to_do(gridmill, table):
    compact(gridmill, table)
    first, times = hashes(table), {name: (table / name).stat().st_mtime_ns for name in files(table)}
    done = gridmill("table", "compact", table, "--target-size", str(TARGET))
    assert done.returncode == 0 and "nothing to do" in done.stdout and done.stderr == ""
    assert hashes(table) == first
    assert {name: (table / name).stat().st_mtime_ns for name in files(table)} == times
    # To a larger target they are merged once more; what was merged gets another name.
    before = rows(table)
    assert compact(gridmill, table, target=40 * TARGET)["files_after"] == len(folders(table))
    assert rows(table) == before
    check_record(table)


def test_what_three_runs_wrote_becomes_one_table(gridmill, inputs, collected, tmp_path):
    table = Path(shutil.copytree(collected, tmp_path / "table"))
    before, found = rows(table), as_readers_find_it(table)
    large = table / "region=north" / "run1-part-00002.parquet"
    (table / "region=north" / "_SUCCESS").write_text("somebody's")
    pq.write_table(pq.read_table(large, partitioning=None), large, compression="none", use_dictionary=False)
    assert large.stat().st_size > TARGET / 2
    kept = large.read_bytes()
    compact(gridmill, table)
    after = folders(table)
    assert large.read_bytes() == kept and (table / "region=north" / "_SUCCESS").read_text() == "somebody's"
    assert rows(table) == before
    for frame, same in zip(as_readers_find_it(table), found, strict=True):
        pd.testing.assert_frame_equal(frame, same)
    # What stands before and behind the large file is merged by itself.
    at = after["region=north"].index(large.name)
    assert 0 < at < len(after["region=north"]) - 1
    assert len(after["region=north"]) < len(folders(collected)["region=north"]) / 2
    # Each merged file says where all of its rows come from.
    sources = {str(inputs / name) for name in ("a.nc", "b.nc", "c.nc")}
    named = set()
    for name in after["region=south%20west"]:
        path = table / "region=south%20west" / name
        named |= set(json.loads(pq.read_schema(path).metadata[b"gridmill"])["inputs"])
    assert named == sources
    assert not os.path.exists(f"{table}.gridmill") and not (table / "_gridmill.json").exists()


def change(path, how):
    table = how(pq.read_table(path, partitioning=None))
    pq.write_table(table, path, compression="zstd")


def with_field(table, name, field):
    at = table.schema.get_field_index(name)
    return table.set_column(at, field, table[name].cast(field.type))


@pytest.mark.parametrize("what, how, says", [
    ("units", lambda t: with_field(t, "t", t.schema.field("t").with_metadata({"units": "degC"})), ["t", "K", "degC"]),
    ("type", lambda t: with_field(t, "count", pa.field("count", pa.int32())), ["count", "int16", "int32"]),
    ("missing", lambda t: t.drop_columns(["count"]), ["count"]),
    ("further", lambda t: t.append_column("more", pa.nulls(len(t), pa.float32())), ["more"]),
    ("order", lambda t: t.select(sorted(t.column_names)), ["order"]),
    ("version", lambda t: t.replace_schema_metadata({"gridmill": '{"version":"none","inputs":[]}'}), ["version"]),
    ("note", lambda t: t.replace_schema_metadata({**t.schema.metadata, "mine": "yes"}), ["mine", "yes"]),
])  # fmt: skip
def test_files_that_differ_in_more_than_rows_are_refused(gridmill, table, what, how, says):
    folder = sorted(folders(table))[-1]
    path = table / folder / folders(table)[folder][2]
    change(path, how)
    before = hashes(table)
    message = compact(gridmill, table, code=3)
    assert path.name in message and "part-00000.parquet" in message and folder in message
    assert all(word in message for word in says), message
    assert hashes(table) == before  # also the folders before it
    assert not os.path.exists(f"{table}.gridmill/swap")
    compact(gridmill, table, "--dry-run", code=3)


def test_a_damaged_file_is_named_and_nothing_is_changed(gridmill, table):
    folder, names = sorted(folders(table).items())[0]
    path = table / folder / names[3]
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    before = hashes(table)
    assert str(path) in compact(gridmill, table, code=3)
    assert hashes(table) == before
    damaged = bytearray(whole)
    damaged[200:3000] = bytes(2800)  # pages; its end is whole
    path.write_bytes(damaged)
    before = hashes(table)
    assert str(path) in compact(gridmill, table, code=3)
    assert hashes(table) == before


def test_a_dry_run_says_what_would_become_of_it(gridmill, table):
    before = hashes(table)
    dry = compact(gridmill, table, "--dry-run")
    assert hashes(table) == before and dry["dry_run"]
    report = compact(gridmill, table)
    assert dry["files_before"] == report["files_before"]
    # The estimate is from the files' bytes, of which small files need more for the same rows.
    assert report["files_after"] - len(dry["compacted"]) <= dry["files_after"] < dry["files_before"]
    assert [one["folder"] for one in dry["compacted"]] == [one["folder"] for one in report["compacted"]]


def test_a_killed_run_leaves_each_row_once_and_the_next_goes_on(gridmill, collected, table, tmp_path):
    for source, clean in [(table, tmp_path / "record"), (collected, tmp_path / "none")]:
        shutil.copytree(source, clean)
        wanted = rows(source)
        command = [str(BINARY), "table", "compact", "--target-size", str(TARGET)]
        started = time.monotonic()
        subprocess.run([*command, str(clean)], check=True, capture_output=True)
        usual_s = time.monotonic() - started
        whole = hashes(clean)
        moments = random.Random(str(clean))
        interrupted = 0
        for number in range(6 * KILLS + 8):
            if interrupted == KILLS:
                break
            victim = tmp_path / f"victim{number}"
            shutil.copytree(source, victim)
            process = subprocess.Popen([*command, str(victim)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(usual_s * moments.uniform(0.2, 0.95))
            process.kill()
            process.wait()
            assert rows(victim) == wanted
            if hashes(victim) == whole:
                usual_s *= 0.9
            else:
                interrupted += 1
            done = gridmill(*command[1:], victim)
            assert done.returncode == 0, done.stderr
            assert hashes(victim) == whole and not list(Path(f"{victim}.gridmill").glob("swap"))
            shutil.rmtree(victim)
        assert interrupted == KILLS


def test_readers_find_every_row_once_while_it_works(gridmill, table):
    listing = f"read_parquet('{table}/**/*.parquet', hive_partitioning=true)"
    count = duckdb.sql(f"select count(*), count(distinct (time, name)) from {listing}").fetchall()
    process = subprocess.Popen([BINARY, "table", "compact", table, "--target-size", str(TARGET)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)  # fmt: skip
    while process.poll() is None:
        try:  # who has listed a folder before finds its files or an error
            assert duckdb.sql(f"select count(*), count(distinct (time, name)) from {listing}").fetchall() == count
        except (duckdb.IOException, duckdb.InvalidInputException):
            pass
    assert process.returncode == 0, process.stderr.read()
    assert duckdb.sql(f"select count(*), count(distinct (time, name)) from {listing}").fetchall() == count


def test_somebody_else_at_work_is_not_disturbed(gridmill, table):
    before = hashes(table)
    companion = Path(f"{table}.gridmill")
    companion.mkdir()
    with open(companion / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert str(table) in compact(gridmill, table, code=5)
        assert hashes(table) == before
    compact(gridmill, table)


def test_what_a_dead_compaction_has_left_is_listed_and_settled(gridmill, inputs, table):
    swap = Path(f"{table}.gridmill") / "swap"
    (swap / "0").mkdir(parents=True)
    (swap / "0" / "part-00000-c00000.parquet").write_bytes(b"half of a file")
    listed = json.loads(gridmill("cache", "ls", table.parent, "--json").stdout)
    assert [place["state"] for place in listed["places"]] == ["unsettled"]
    removed = json.loads(gridmill("cache", "gc", table.parent, "--json").stdout)
    assert removed["removed_bytes"] == 0 and swap.exists()
    assert "table compact" in gridmill("cache", "ls", table.parent).stdout
    extract(gridmill, inputs, table, "--partition", "region,year", "--overwrite")
    assert not swap.exists()


def test_little_memory_is_enough_for_a_large_table(gridmill, tmp_path):
    grid(steps=9000).to_netcdf(tmp_path / "in.nc")
    points = [f"{lat},{lon}" for lat in range(-80, 81, 10) for lon in range(0, 345, 15)]
    (tmp_path / "stations.csv").write_text("lat,lon\n" + "\n".join(points) + "\n")
    table = tmp_path / "table"
    extract(gridmill, tmp_path, table, source="in.nc", target=200_000)
    assert len(files(table)) > 50
    count = sum(pq.read_metadata(table / name).num_rows for name in files(table))
    assert count * 40 > 120 << 20  # decoded it doesn't fit
    command = [gridmill.binary, "table", "compact", table, "--memory", "64M"]
    done = subprocess.run(["/usr/bin/time", "-f", "%M", *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stderr.splitlines()[-1]) * 1024 < (64 << 20) + 100_000_000
    assert len(files(table)) == 1 and pq.read_metadata(table / files(table)[0]).num_rows == count


def test_types_of_others_stay_what_they_are(gridmill, tmp_path):
    table = tmp_path / "table"
    rng = np.random.default_rng(1)
    for number in range(4):
        for key in ("x", "y"):
            n = 200 + number
            data = pa.table({
                "i": pa.array(rng.integers(-9, 9, n), pa.int64(), mask=rng.random(n) < 0.1),
                "u": pa.array(rng.integers(0, 2**32, n, dtype="u4")),
                "f": pa.array([np.nan, np.inf, -np.inf, -0.0] * (n // 4) + [None] * (n % 4), pa.float64()),
                "h": pa.array(rng.normal(size=n).astype("f2")),
                "b": pa.array(rng.random(n) < 0.5, mask=rng.random(n) < 0.1),
                "s": pa.array([None if k % 7 == 0 else f"é{k % 5}" * (k % 3) for k in range(n)]),
                "long": pa.array(["z" * (k % 50) for k in range(n)], pa.large_string()),
                "raw": pa.array([bytes([k % 256, 0]) for k in range(n)]),
                "seconds": pa.array(range(n), pa.timestamp("ms")),
                "nanoseconds": pa.array(range(n), pa.timestamp("ns", tz="Europe/Oslo")),
                "day": pa.array(range(n), pa.date32()),
                "duration": pa.array(range(n), pa.duration("us")),
                "decimal": pa.array(range(n), pa.int64()).cast(pa.decimal128(30, 4)),
                "list": pa.array([None if k % 9 == 0 else list(range(k % 4)) for k in range(n)], pa.list_(pa.int32())),
                "struct": pa.array([{"a": k, "b": None if k % 2 else "t"} for k in range(n)]),
                "category": pa.array([None if k % 11 == 0 else f"{key}{number}{k % 3}" for k in range(n)]).dictionary_encode(),
            }, metadata={"mine": "kept", "binary": "\x01"})  # fmt: skip
            (table / f"k={key}").mkdir(parents=True, exist_ok=True)
            pq.write_table(data, table / f"k={key}" / f"data-{number}.parquet", compression="snappy", row_group_size=64)
    before = rows(table)
    schema = pq.read_schema(table / "k=x" / "data-0.parquet")
    stored = str(pq.ParquetFile(table / "k=x" / "data-0.parquet").schema)
    report = compact(gridmill, table, target=10_000_000)
    assert report["files_after"] == 2 and rows(table) == before
    for name in files(table):
        assert pq.read_schema(table / name).equals(schema, check_metadata=True)
        assert str(pq.ParquetFile(table / name).schema).splitlines()[1:] == stored.splitlines()[1:]
        group = pq.ParquetFile(table / name).metadata.row_group(0)
        assert {group.column(i).compression for i in range(group.num_columns)} == {"SNAPPY"}
    duckdb.sql(f"select k, count(*), sum(i), max(s) from read_parquet('{table}/**/*.parquet') group by k").fetchall()


def test_tables_of_duckdb_and_pandas(gridmill, tmp_path):
    query = "select i as a, i::float as b, 'x' || (i % 3) as c, timestamp '2020-01-01' + interval (i) hour as t, " \
            "date '2020-01-01' as d, (i % 7)::decimal(9, 2) as m, i % 2 as k from range({}, {}) r(i)"  # fmt: skip
    for number in range(3):
        rows_of = query.format(1000 * number, 1000 * (number + 1))
        pattern = f"run{number}_{{i}}"
        duckdb.sql(f"copy ({rows_of}) to '{tmp_path}/duck' (format parquet, partition_by (k), overwrite_or_ignore, "
                   f"filename_pattern '{pattern}')")  # fmt: skip
        frame = duckdb.sql(rows_of).df()
        frame.to_parquet(tmp_path / "pandas", partition_cols=["k"], basename_template=f"run{number}-{{i}}.parquet")
    for table in (tmp_path / "duck", tmp_path / "pandas"):
        assert len(files(table)) == 6
        before = duckdb.sql(f"select * from read_parquet('{table}/**/*.parquet', hive_partitioning=true) order by a").df()
        bitwise = rows(table)
        assert compact(gridmill, table, target=1_000_000)["files_after"] == 2
        after = duckdb.sql(f"select * from read_parquet('{table}/**/*.parquet', hive_partitioning=true) order by a").df()
        pd.testing.assert_frame_equal(after, before)
        assert rows(table) == bitwise


def test_what_arrow_would_store_otherwise_is_refused(gridmill, tmp_path):
    data = pa.table({"a": [1, 2], "when": pa.array([1, 2], pa.timestamp("ns"))})
    (tmp_path / "table").mkdir()
    for number in range(2):
        pq.write_table(data, tmp_path / "table" / f"{number}.parquet", use_deprecated_int96_timestamps=True)
    before = hashes(tmp_path / "table")
    message = compact(gridmill, tmp_path / "table", code=1)
    assert "when" in message and "INT96" in message
    assert hashes(tmp_path / "table") == before


def test_files_without_rows_become_one(gridmill, tmp_path):
    data = pa.table({"a": pa.array([], pa.int64())}, metadata={"mine": "kept"})
    (tmp_path / "table").mkdir()
    for number in range(3):
        pq.write_table(data, tmp_path / "table" / f"{number}.parquet")
    compact(gridmill, tmp_path / "table")
    assert len(files(tmp_path / "table")) == 1
    assert pq.read_table(tmp_path / "table" / files(tmp_path / "table")[0]).equals(data, check_metadata=True)
    pq.write_table(pa.table({"a": pa.array([7], pa.int64())}, metadata={"mine": "kept"}), tmp_path / "table" / "4.parquet")
    compact(gridmill, tmp_path / "table")
    assert pd.read_parquet(tmp_path / "table")["a"].to_list() == [7]


def test_csv_files_are_merged_too(gridmill, tmp_path):
    table, frames = tmp_path / "table", []
    (table / "k=1").mkdir(parents=True)
    for number in range(5):
        frame = pd.DataFrame({"n": range(number, number + 3), "text": ["a,b", 'say "no"\nor', ""]})
        frame.to_csv(table / "k=1" / f"part{number}.csv", index=False)
        frames.append(frame)
    report = compact(gridmill, table)
    (path,) = (table / "k=1").iterdir()
    found = pd.read_csv(path, keep_default_na=False)
    pd.testing.assert_frame_equal(found, pd.concat(frames, ignore_index=True), check_dtype=False)
    assert report["files_after"] == 1 and path.suffix == ".csv"


@pytest.mark.parametrize(
    "lay, below, code, says",
    [
        (lambda t: (t / "_metadata").touch(), "", 5, "index of its own"),
        (lambda t: (t / "_delta_log").mkdir(), "", 5, "index of its own"),
        (lambda t: ((t.parent / "metadata").mkdir(), (t.parent / "metadata" / "v1.metadata.json").touch()), "", 5, "Iceberg"),
        (lambda t: None, "region=north", 2, "is a folder of the table"),
        (lambda t: (t / "_gridmill.json").unlink(), "region=north/year=2001", 2, "named like a partition"),
        (lambda t: shutil.copy(next(t.rglob("*.parquet")), next(t.rglob("*.parquet")).parent / "mine.parquet"), "", 5, "is none of the files"),
        (lambda t: open(os.fsencode(next(t.rglob("*.parquet")).parent) + b"/a\xe9.txt", "w").close(), "", 2, "not UTF-8"),
    ],
)
def test_what_others_list_or_notes_can_t_name_is_refused(gridmill, table, lay, below, code, says):
    lay(table)
    before = sorted(os.walk(os.fsencode(table)))
    done = gridmill("table", "compact", f"{table}/{below}", "--target-size", str(TARGET))
    assert done.returncode == code and says in done.stderr, done.stderr
    assert sorted(os.walk(os.fsencode(table))) == before


def test_nested_units_count_and_merged_files_can_be_merged_again(gridmill, tmp_path):
    inner = pa.struct([pa.field("t", pa.float32(), metadata={"units": "K"})])
    other = pa.struct([pa.field("t", pa.float32(), metadata={"units": "degC"})])
    for name, kind in (("a", inner), ("b", other)):
        (tmp_path / "units").mkdir(exist_ok=True)
        pq.write_table(pa.table({"s": pa.array([{"t": 1.0}], kind)}), tmp_path / "units" / f"{name}.parquet")
    done = gridmill("table", "compact", tmp_path / "units")
    assert done.returncode == 3 and "degC" in done.stderr, done.stderr
    for again in range(2):
        (tmp_path / "duck").mkdir(exist_ok=True)
        for k in range(2):
            duckdb.sql(f"copy (select {again}::int as n, {k}::bigint as k) to '{tmp_path}/duck/{again}{k}.parquet'")
        done = gridmill("table", "compact", tmp_path / "duck")
        assert done.returncode == 0, done.stderr
        assert len(list((tmp_path / "duck").glob("*.parquet"))) == 1
    assert sorted(pq.read_table(tmp_path / "duck").to_pylist(), key=str) == sorted(({"n": n, "k": k} for n in range(2) for k in range(2)), key=str)


@pytest.mark.parametrize("text, says", [("1,2\n3,4\n", "header is missing"), ("# made by\na\n1\n", "a comment"), ("a,b\r1,2\r", "CR alone")])
def test_csv_without_a_header_is_refused(gridmill, tmp_path, text, says):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_bytes(text.encode())
    done = gridmill("table", "compact", tmp_path)
    assert done.returncode == 3 and says in done.stderr, done.stderr


def test_ls_says_what_is_there(gridmill, table, tmp_path):
    done = gridmill("table", "ls", table, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["keys"] == ["region", "year"] and report["differing"] == []
    assert [folder["folder"] for folder in report["folders"]] == sorted(folders(table))
    for folder in report["folders"]:
        names = folders(table)[folder["folder"]]
        assert folder["files"] == len(names)
        assert folder["bytes"] == sum((table / folder["folder"] / name).stat().st_size for name in names)
        assert folder["rows"] == sum(pq.read_metadata(table / folder["folder"] / name).num_rows for name in names)
    assert {folder["keys"]["region"] for folder in report["folders"]} == {"north", "south west"}
    assert report["rows"] == len(pd.read_parquet(table)) and report["files"] == len(files(table))
    columns = {column["name"]: column for column in report["columns"]}
    assert columns["t"] == {"name": "t", "type": "float", "units": "K", "long_name": "air temperature"}
    assert columns["time"]["type"] == "timestamp[us]" and report["about"]["gridmill"]["inputs"]
    path = table / files(table)[-1]
    change(path, lambda t: t.drop_columns(["count"]))
    assert json.loads(gridmill("table", "ls", table, "--json").stdout)["differing"] == [str(path.relative_to(table))]
    text = gridmill("table", "ls", table).stdout
    assert "region=north" in text and "timestamp[us]" in text and "other columns" in text


@pytest.mark.parametrize("words, code, says", [
    (["compcat", "x"], 2, "compact"),
    (["compact", "nowhere"], 2, "nowhere"),
    (["ls", "nowhere"], 2, "nowhere"),
    (["compact", "empty"], 2, ".parquet"),
    (["compact", "file"], 2, "file"),
    (["compact", "empty", "--target-size", "0"], 2, "--target-size"),
    (["compact", "empty", "--target-size", "large"], 2, "--target-size"),
    (["compact", "empty", "--threads", "2"], 2, "--threads"),
    (["ls", "empty", "--memory", "1G"], 2, "--memory"),
    (["ls", "empty", "--target-size", "1MB"], 2, "--target-size"),
])  # fmt: skip
def test_bad_requests_are_refused(gridmill, tmp_path, words, code, says):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("no directory")
    done = gridmill("table", *words, cwd=tmp_path)
    assert done.returncode == code and says in done.stderr, done.stderr
    assert sorted(os.listdir(tmp_path)) == ["empty", "file"]


def test_without_arrow_it_says_so(gridmill, table, tmp_path):
    alone = shutil.copy(gridmill.binary, tmp_path / "gridmill")
    done = subprocess.run([alone, "table", "compact", table], capture_output=True, text=True)
    assert done.returncode == 1 and "libgridmill_parquet.so" in done.stderr
