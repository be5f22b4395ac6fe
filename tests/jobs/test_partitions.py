"""`gridmill extract -o OUT/ --partition KEY,...`: directories of Parquet files that pyarrow, DuckDB and pandas read
as one table, beside the same table in one file; runs that are killed and go on."""

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

NAMES = ["a", 'b,"c"', "å", "x/y=1", "100%", "sp ace", "*?.[z]", ".."]
REGIONS = ["north", "south west", "north", "æ:ø", "south west", "north", "a+b", "north"]


def grid(steps=120, start="2001-11-27", levels=None, calendar=None):
    rng = np.random.default_rng(steps)
    times = pd.date_range(start, periods=steps, freq="12h").values
    if calendar is not None:
        times = xr.date_range(start, periods=steps, freq="12h", calendar=calendar, use_cftime=True)
    lat, lon = np.arange(-80.0, 81, 10), np.arange(0.0, 360, 15)
    shape = (steps, lat.size, lon.size)
    t = rng.normal(280, 9, shape).astype("f4")
    t[3:7, 4:12] = np.nan
    data = {
        "t": (("time", "lat", "lon"), t, {"units": "K", "long_name": "air temperature"}),
        "count": (("time", "lat", "lon"), rng.integers(-9, 9, shape, dtype="i2")),
    }
    coords = {"time": times, "lat": ("lat", lat, {"units": "degrees_north"}), "lon": ("lon", lon, {"units": "degrees_east"})}
    if levels is not None:
        data["z"] = (("time", "level", "lat", "lon"), rng.normal(size=(steps, len(levels), *shape[1:])), {"units": "m"})
        coords["level"] = ("level", np.array(levels), {"units": "hPa"})
    return xr.Dataset(data, coords)


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """in.nc: two variables over two months; stations.csv: eight points of four regions."""
    folder = tmp_path_factory.mktemp("partitions")
    grid().to_netcdf(folder / "in.nc")
    lines = [f"{quoted(name)},{-70 + 20 * i},{15 * i},{quoted(REGIONS[i])},{i}" for i, name in enumerate(NAMES)]
    (folder / "stations.csv").write_text("name,lat,lon,region,height\n" + "\n".join(lines) + "\n")
    return folder


def run(gridmill, inputs, output, *words, code=0, source="in.nc"):
    command = ["extract", inputs / source, "-o", str(output), "--points", inputs / "stations.csv", *words]
    done = gridmill(*command, "--json")
    assert done.returncode == code, done.stderr
    return done.stderr if code else json.loads(done.stdout)


def slash(path):
    return f"{path}/"


def parts(out):
    return sorted(str(path.relative_to(out)) for path in Path(out).rglob("*.parquet"))


def read(out, types):
    """The table as pyarrow finds it, with the folders' keys as `types`; and its rows in any order."""
    keys = ds.partitioning(pa.schema(types), flavor="hive")
    return ds.dataset(out, partitioning=keys).to_table().to_pandas()


def in_order(frame, columns, by=("time", "name")):
    frame = frame[list(columns)].copy()
    for column in columns:
        if isinstance(frame[column].dtype, pd.CategoricalDtype) or frame[column].dtype == object:
            frame[column] = frame[column].astype("str")
    return frame.sort_values(list(by)).reset_index(drop=True)


def single(gridmill, inputs, tmp_path, *words, source="in.nc"):
    run(gridmill, inputs, tmp_path / "single.parquet", *words, source=source)
    frame = pd.read_parquet(tmp_path / "single.parquet")
    return frame.astype({column: "str" for column in frame if isinstance(frame[column].dtype, pd.CategoricalDtype)})


def same(found, wanted, by=("time", "name")):
    pd.testing.assert_frame_equal(in_order(found, list(wanted), by), in_order(wanted, list(wanted), by),
                                  check_dtype=False)  # fmt: skip


def test_months_are_folders_and_the_rows_those_of_one_file(gridmill, inputs, tmp_path):
    out = tmp_path / "out"
    report = run(gridmill, inputs, slash(out), "--partition", "year,month")
    folders = [f"year={y}/month={m:02}" for y, m in [(2001, 11), (2001, 12), (2002, 1)]]
    assert parts(out) == [f"{folder}/part-00000.parquet" for folder in folders]
    assert report["partitions"] == report["parts"] == 3 and report["partition_keys"] == ["year", "month"]
    assert report["bytes_written"] == sum((out / part).stat().st_size for part in parts(out))
    wanted = single(gridmill, inputs, tmp_path)
    frame = read(out, [("year", pa.int32()), ("month", pa.int32())])
    same(frame, wanted)
    assert (frame["year"] == frame["time"].dt.year).all() and (frame["month"] == frame["time"].dt.month).all()
    # Each file holds its rows in the order of the table, with what one file would say of its columns.
    for part in parts(out):
        table = pq.read_table(out / part, partitioning=None)
        own = table.to_pandas()
        months = wanted[wanted["time"].dt.month == int(part[16:18])].reset_index(drop=True)
        pd.testing.assert_frame_equal(own.astype({"name": "str"}), months, check_dtype=False)
        assert table.schema.field("t").metadata == {b"units": b"K", b"long_name": b"air temperature"}
        assert json.loads(table.schema.metadata[b"gridmill"])["inputs"] == [str(inputs / "in.nc")]
        metadata = pq.ParquetFile(out / part).metadata
        for group in range(metadata.num_row_groups):
            for column in range(metadata.num_columns):
                assert metadata.row_group(group).column(column).statistics.has_min_max
    assert sorted(os.listdir(tmp_path / "out.gridmill")) == ["runs"]


def test_duckdb_and_pandas_read_the_directory(gridmill, inputs, tmp_path):
    out = tmp_path / "out"
    run(gridmill, inputs, slash(out), "--partition", "year,region")
    wanted = single(gridmill, inputs, tmp_path, "--keep", "region")
    files = f"read_parquet('{out}/**/*.parquet', hive_partitioning=true)"
    same(duckdb.sql(f"select * from {files}").df(), wanted)
    mean = duckdb.sql(f"select avg(t) from {files} where region = 'south west' and year = 2001").fetchall()[0][0]
    rows = wanted[(wanted["region"] == "south west") & (wanted["time"].dt.year == 2001)]
    assert np.isclose(mean, rows["t"].astype("f8").mean())
    same(pd.read_parquet(out).astype({"name": "str", "region": "str"}), wanted)


@pytest.mark.parametrize("keys", ["name", "region", "month,name", "name,year", "region,name,day"])
def test_rows_that_are_not_contiguous_are_sorted_out(gridmill, inputs, tmp_path, keys):
    out = tmp_path / "out"
    report = run(gridmill, inputs, slash(out), "--partition", keys)
    wanted = single(gridmill, inputs, tmp_path, *(["--keep", "region"] if "region" in keys else []))
    types = [(key, pa.int32() if key in ("year", "month", "day") else pa.string()) for key in keys.split(",")]
    frame = read(out, types)
    same(frame, wanted)
    keyed = wanted.assign(year=wanted["time"].dt.year, month=wanted["time"].dt.month, day=wanted["time"].dt.day)
    assert report["partitions"] == len(keyed.groupby(keys.split(","))) == len(parts(out))
    for key in ("year", "month", "day"):
        if key in keys:
            assert (frame[key] == getattr(frame["time"].dt, key)).all()
    # In the order of the table, in every file: times outermost.
    for part in parts(out):
        rows = pq.read_table(out / part, partitioning=None).to_pandas()
        assert rows["time"].is_monotonic_increasing and not set(rows) & set(keys.split(","))


def test_each_chunk_is_decoded_once_however_rows_are_partitioned(gridmill, inputs, tmp_path):
    whole = run(gridmill, inputs, tmp_path / "o.parquet")
    for keys in ("month", "name"):
        report = run(gridmill, inputs, slash(tmp_path / keys), "--partition", keys)
        assert report["chunks_read"] == whole["chunks_read"] and report["read_amplification"] == 1
        assert report["bytes_read"] == whole["bytes_read"]


def test_levels_are_keys_as_the_csv_table_has_them(gridmill, inputs, tmp_path):
    grid(steps=20, levels=[850.0, 92.5]).to_netcdf(tmp_path / "in.nc")
    source = tmp_path / "in.nc"
    run(gridmill, inputs, slash(tmp_path / "out"), "--partition", "level", "--variables", "z", source=source)
    wanted = single(gridmill, inputs, tmp_path, "--variables", "z", source=source)
    found = read(tmp_path / "out", [("level", pa.float64())])
    same(found, wanted, by=("time", "level", "name"))
    assert len(parts(tmp_path / "out")) == 2


def test_dates_of_other_calendars_have_years_and_months(gridmill, inputs, tmp_path):
    grid(steps=130, start="2001-01-27", calendar="360_day").to_netcdf(tmp_path / "in.nc")
    run(gridmill, inputs, slash(tmp_path / "out"), "--partition", "month,day", source=tmp_path / "in.nc")
    frame = read(tmp_path / "out", [("month", pa.int32()), ("day", pa.int32())])
    times = frame["time"].astype("str")
    assert (times.str[5:7].astype(int) == frame["month"]).all() and (times.str[8:10].astype(int) == frame["day"]).all()
    assert (frame[frame["month"] == 2]["day"].max() == 30) and len(frame) == 130 * len(NAMES)


def test_kept_columns_stand_in_every_table(gridmill, inputs, tmp_path):
    wanted = dict(zip(NAMES, REGIONS))
    run(gridmill, inputs, tmp_path / "o.csv", "--keep", "region,height")
    run(gridmill, inputs, tmp_path / "o.parquet", "--keep", "region,height")
    for frame in (pd.read_csv(tmp_path / "o.csv", dtype={"height": "str"}), pd.read_parquet(tmp_path / "o.parquet")):
        assert [wanted[name] for name in frame["name"].astype("str")] == list(frame["region"].astype("str"))
        assert [str(NAMES.index(name)) for name in frame["name"].astype("str")] == list(frame["height"].astype("str"))
    run(gridmill, inputs, slash(tmp_path / "out"), "--partition", "name", "--keep", "region")
    frame = read(tmp_path / "out", [("name", pa.string())])
    assert [wanted[name] for name in frame["name"]] == list(frame["region"].astype("str"))


def test_kept_columns_of_numbers_are_numbers_in_parquet(gridmill, inputs, tmp_path):
    """As pandas has them; but a code keeps its zeros, and a column with an empty cell is texts."""
    (tmp_path / "p.csv").write_text("name,lat,lon,height,elev,code,gap\na,10,20,-7,1e2,01384,1\nb,30,40,+15,2.50,15,\n")
    words = ["--points", tmp_path / "p.csv", "--keep", "height,elev,code,gap"]
    for out in ("o.parquet", "o.csv"):
        done = gridmill("extract", inputs / "in.nc", "-o", tmp_path / out, *words)
        assert done.returncode == 0, done.stderr
    schema = pq.read_schema(tmp_path / "o.parquet")
    assert schema.field("height").type == pa.int64() and schema.field("elev").type == pa.float64()
    assert pa.types.is_dictionary(schema.field("code").type) and pa.types.is_dictionary(schema.field("gap").type)
    frame = pd.read_parquet(tmp_path / "o.parquet")[["height", "elev", "code"]].drop_duplicates()
    assert frame.astype({"code": "str"}).to_numpy().tolist() == [[-7, 100.0, "01384"], [15, 2.5, "15"]]
    cells = pd.read_csv(tmp_path / "o.csv", dtype="str")[["height", "elev", "code"]].drop_duplicates()
    assert cells.to_numpy().tolist() == [["-7", "1e2", "01384"], ["+15", "2.50", "15"]]
    out = tmp_path / "out"
    done = gridmill("extract", inputs / "in.nc", "-o", slash(out), *words, "--partition", "height")
    assert done.returncode == 0, done.stderr
    assert parts(out) == ["height=%2B15/part-00000.parquet", "height=-7/part-00000.parquet"]


def test_an_empty_key_names_its_point_and_line(gridmill, inputs, tmp_path):
    (tmp_path / "p.csv").write_text("name,lat,lon,region\na,10,20,north\nb,30,40,\n")
    done = gridmill("extract", inputs / "in.nc", "-o", slash(tmp_path / "out"), "--points", tmp_path / "p.csv",
                    "--partition", "region")  # fmt: skip
    assert done.returncode == 2
    assert f"the point b (line 3 of {tmp_path / 'p.csv'}) has no value in the column region" in done.stderr
    assert not (tmp_path / "out").exists()


def test_without_keys_a_directory_holds_files_of_the_target_size(gridmill, inputs, tmp_path):
    grid(steps=12000).to_netcdf(tmp_path / "in.nc")
    out, target = tmp_path / "out", 100_000
    run(gridmill, inputs, slash(out), "--target-size", str(target), source=tmp_path / "in.nc")
    sizes = [(out / part).stat().st_size for part in parts(out)]
    assert parts(out) == [f"part-{i:05}.parquet" for i in range(len(sizes))] and len(sizes) > 3
    assert all(0.6 * target < size < 1.4 * target for size in sizes[:-1]) and sizes[-1] > 0.2 * target
    wanted = single(gridmill, inputs, tmp_path, source=tmp_path / "in.nc")
    found = pd.concat(pd.read_parquet(out / part) for part in parts(out)).astype({"name": "str"})
    pd.testing.assert_frame_equal(found.reset_index(drop=True), wanted, check_dtype=False)
    record = json.loads((out / "_gridmill.json").read_text())
    assert [part["path"] for part in record["parts"]] == parts(out) and record["rows"] == len(wanted)
    assert [part["bytes"] for part in record["parts"]] == sizes
    assert [part["rows"] for part in record["parts"]] == [pq.read_metadata(out / part).num_rows for part in parts(out)]


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Enough rows for several spilled runs: 170 points, 3000 steps."""
    folder = tmp_path_factory.mktemp("many")
    grid(steps=3000).to_netcdf(folder / "in.nc")
    points = [(lat, lon) for lat in range(-80, 81, 10) for lon in range(0, 150, 15)]
    lines = [f"p{i},{lat},{lon},r{i % 7}" for i, (lat, lon) in enumerate(points)]
    (folder / "stations.csv").write_text("name,lat,lon,region\n" + "\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize("keys", ["year,month", "name", "region,year"])
def test_the_same_bytes_for_any_threads_and_memory(gridmill, many, tmp_path, keys):
    found = []
    for threads, memory in [("1", "1G"), ("2", "1G"), ("2", "64M"), ("1", "90M")]:
        run(gridmill, many, slash(tmp_path / "out"), "--partition", keys, "--threads", threads, "--memory", memory,
            "--target-size", "300000", "--overwrite")  # fmt: skip
        found.append(hashes(tmp_path / "out"))
    assert all(other == found[0] for other in found)
    assert len(found[0]) > (170 if keys == "name" else 20)


def test_many_partitions_in_little_memory(gridmill, many, tmp_path):
    command = [gridmill.binary, "extract", many / "in.nc", "-o", "out/", "--points", many / "stations.csv",
               "--partition", "name,year", "--memory", "64M"]  # fmt: skip
    done = subprocess.run(["/usr/bin/time", "-f", "%M", *command], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stderr.splitlines()[-1]) * 1024 < (64 << 20) + 100_000_000
    frame = read(tmp_path / "out", [("name", pa.string()), ("year", pa.int32())])
    assert len(parts(tmp_path / "out")) == 170 * frame["year"].nunique() > 170
    same(frame, single(gridmill, many, tmp_path))


KEYS = {"contiguous": "year,month,day", "sorted": "name,year"}


@pytest.mark.parametrize("kind", KEYS)
def test_a_killed_run_goes_on_to_the_same_files(gridmill, many, tmp_path, kind):
    words = ["--points", str(many / "stations.csv"), "--partition", KEYS[kind], "--memory", "64M", "--threads", "2"]
    command = [str(BINARY), "extract", str(many / "in.nc"), *words]
    started = time.monotonic()
    subprocess.run([*command, "-o", slash(tmp_path / "whole")], check=True, capture_output=True)
    usual_s = time.monotonic() - started
    whole = hashes(tmp_path / "whole")
    out, companion = tmp_path / "out", tmp_path / "out.gridmill"
    moments = random.Random(kind)
    interrupted = resumed = 0
    for _ in range(4 * KILLS + 8):
        if interrupted == KILLS:
            break
        kills = moments.randrange(1, 3)  # the run that goes on may be killed, too
        for number in range(kills):
            process = subprocess.Popen([*command, "-o", slash(out), *(["--resume"] if number else [])],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
            time.sleep(usual_s * moments.uniform(0.1, 0.95))
            process.kill()
            process.wait()
            if out.exists():
                break
        if out.exists():
            usual_s *= 0.8
        else:
            interrupted += 1
            report = json.loads(gridmill(*command[1:], "-o", slash(out), "--resume", "--json").stdout)
            assert report["parts"] == len(whole) - 1
            resumed += report["rows_resumed"] > 0
            assert os.listdir(companion) == ["runs"]
        assert hashes(out) == whole
        shutil.rmtree(out)
        shutil.rmtree(companion)
    assert interrupted == KILLS and resumed >= 1


def test_an_interrupted_run_keeps_its_rows_and_another_request_is_refused(gridmill, many, tmp_path):
    words = ["extract", str(many / "in.nc"), "--points", str(many / "stations.csv"), "-o", slash(tmp_path / "out")]
    companion = tmp_path / "out.gridmill"
    for _ in range(20):
        process = subprocess.Popen([BINARY, *words, "--partition", "name,year", "--memory", "64M"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)  # fmt: skip
        while process.poll() is None and not list(companion.glob("run/spill/rows-*")):
            time.sleep(0.002)
        process.terminate()
        _, err = process.communicate()
        if process.returncode == 130:
            break
        shutil.rmtree(tmp_path / "out")
    assert process.returncode == 130 and "--resume" in err
    assert not (tmp_path / "out").exists() and list(companion.glob("run/spill/rows-*"))
    other = gridmill(*words, "--partition", "name", "--resume")
    assert other.returncode == 5 and "partition" in other.stderr
    changed = gridmill(*words, "--partition", "name,year", "--target-size", "1MB", "--resume")
    assert changed.returncode == 5 and "target_size" in changed.stderr
    done = gridmill(*words, "--partition", "name,year", "--memory", "90M", "--threads", "1", "--resume", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows_resumed"] > 0
    run(gridmill, many, slash(tmp_path / "whole"), "--partition", "name,year")
    assert hashes(tmp_path / "out") == hashes(tmp_path / "whole")


def test_what_lies_there_without_a_plan_is_not_published(gridmill, inputs, tmp_path):
    strange = tmp_path / "out.gridmill" / "incoming" / "month=07"
    strange.mkdir(parents=True)
    (strange / "part-00000.parquet").write_text("nobody's")
    report = run(gridmill, inputs, slash(tmp_path / "out"), "--partition", "month", "--resume")
    assert report["rows_resumed"] == 0
    run(gridmill, inputs, slash(tmp_path / "whole"), "--partition", "month")
    assert hashes(tmp_path / "out") == hashes(tmp_path / "whole")


def test_inputs_that_have_changed_are_not_resumed(gridmill, many, tmp_path):
    source = Path(shutil.copy(many / "in.nc", tmp_path / "in.nc"))
    words = ["extract", source, "--points", many / "stations.csv", "-o", slash(tmp_path / "out"), "--partition", "month,day"]
    companion = tmp_path / "out.gridmill"
    for _ in range(20):
        process = subprocess.Popen([BINARY, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and not (companion / "run" / "plan.json").exists():
            time.sleep(0.002)
        process.kill()
        process.wait()
        if not (tmp_path / "out").exists():
            break
        shutil.rmtree(tmp_path / "out")
    assert (companion / "run" / "plan.json").exists()
    os.utime(source, (1, 1))
    refused = gridmill(*words, "--resume")
    assert refused.returncode == 5 and "modified_ns" in refused.stderr and "rm -r" in refused.stderr
    assert f"{source}: identity.inputs[0].modified_ns was" in refused.stderr
    assert gridmill(*words).returncode == 0
    assert os.listdir(companion) == ["runs"]


def test_a_full_disk_keeps_what_is_there_and_goes_on(gridmill, many, tmp_path):
    where = tmp_path / "disk"
    where.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", where], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small tmpfs ({mounted.stderr.strip()})")
    try:
        out = where / "out"
        message = run(gridmill, many, slash(out), "--partition", "name,year", "--memory", "64M", code=4)
        assert "space" in message and "--resume" in message and not out.exists()
        subprocess.run(["mount", "-o", "remount,size=200m", where], check=True)
        report = run(gridmill, many, slash(out), "--partition", "name,year", "--resume")
        assert report["rows_resumed"] > 0
        run(gridmill, many, slash(tmp_path / "whole"), "--partition", "name,year")
        assert hashes(out) == hashes(tmp_path / "whole")
    finally:
        subprocess.run(["umount", where], check=True)


def test_a_file_that_is_too_large_leaves_nothing(gridmill, inputs, tmp_path):
    command = f"ulimit -f 1; trap '' XFSZ; exec '{gridmill.binary}' extract '{inputs}/in.nc' -o new/ --point 10,20"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 4, done.stderr
    assert not (tmp_path / "new").exists()
    assert not any(path.is_file() for path in tmp_path.glob("new.gridmill/incoming/**/*"))


def test_only_a_table_of_ours_is_replaced(gridmill, inputs, tmp_path):
    out = tmp_path / "out"
    run(gridmill, inputs, slash(out), "--partition", "month")
    first = hashes(out)
    assert "--overwrite" in run(gridmill, inputs, slash(out), "--partition", "year", code=5)
    (out / "month=11" / "notes.txt").write_text("mine")
    assert "notes.txt" in run(gridmill, inputs, slash(out), "--partition", "year", "--overwrite", code=5)
    (out / "month=11" / "notes.txt").unlink()
    assert hashes(out) == first
    run(gridmill, inputs, slash(out), "--partition", "year", "--overwrite")
    assert parts(out) == ["year=2001/part-00000.parquet", "year=2002/part-00000.parquet"]
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "a.parquet").write_text("mine")
    assert "foreign" in run(gridmill, inputs, slash(foreign), "--partition", "year", "--overwrite", code=5)
    assert (foreign / "a.parquet").read_text() == "mine"
    (tmp_path / "file").write_text("mine")
    run(gridmill, inputs, slash(tmp_path / "file"), "--overwrite", code=5)
    run(gridmill, inputs, slash(inputs), "--overwrite", code=5)
    assert (inputs / "in.nc").exists()


def test_a_file_that_appears_while_the_table_is_made_is_not_lost(gridmill, many, tmp_path):
    out, mine = tmp_path / "out", tmp_path / "out" / "notes.txt"
    words = ["--points", str(many / "stations.csv"), "--partition", "name,year", "--overwrite", "--memory", "64M"]
    command = [str(BINARY), "extract", str(many / "in.nc"), "-o", slash(out), *words]
    subprocess.run(command, check=True, capture_output=True)
    first = hashes(out)
    for _ in range(20):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while process.poll() is None and not (tmp_path / "out.gridmill" / "run" / "plan.json").exists():
            time.sleep(0.002)
        mine.write_text("mine")
        _, err = process.communicate()
        assert mine.read_text() == "mine"  # in the old table, or, if it came too late, in the new one
        if process.returncode != 0:
            break
        mine.unlink()
    assert process.returncode == 5 and "notes.txt" in err and "--resume" in err
    mine.unlink()
    assert hashes(out) == first
    done = gridmill(*command[1:], "--resume")
    assert done.returncode == 0, done.stderr
    assert hashes(out) == first and os.listdir(tmp_path / "out.gridmill") == ["runs"]


@pytest.mark.parametrize("words, code, says", [
    (["-o", "out/", "--partition", "mnoth"], 2, "mnoth"),
    (["-o", "out/", "--partition", "nam"], 2, "name"),
    (["-o", "out/", "--partition", "yeer"], 2, "(did you mean year?)"),
    (["-o", "out/", "--partition", "latitude"], 2, "(did you mean lat?)"),
    (["-o", "out/", "--partition", "t"], 2, "column of values"),
    (["-o", "out/", "--partition", "year,year"], 2, "twice"),
    (["-o", "out/", "--partition", "year", "--feature", "Year=t"], 2, "case"),
    (["-o", "out/", "--partition", "name", "--feature", "NAME=t"], 2, "case"),
    (["-o", "out/", "--keep", "hieght"], 2, "height"),
    (["-o", "out.csv", "--partition", "year"], 2, "CSV"),
    (["-o", "out.zip/"], 2, "zip"),
    (["-o", "out/", "--target-size", "0"], 2, "--target-size"),
    (["-o", "out/", "--target-size", "large"], 2, "--target-size"),
    (["-o", "out.parquet", "--target-size", "1MB"], 2, "--target-size"),
    (["-o", "out.parquet", "--resume"], 2, "--resume"),
    (["-o", "out/", "--plot", "p.html"], 1, "--plot"),
    (["-o", "nowhere/out/"], 2, "does not exist"),
])  # fmt: skip
def test_bad_requests_are_refused_before_anything_is_read(gridmill, inputs, tmp_path, words, code, says):
    done = gridmill("extract", inputs / "in.nc", "--points", inputs / "stations.csv", *words, cwd=tmp_path)
    assert done.returncode == code and says in done.stderr, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_rows_without_times_have_no_months_and_points_without_regions_no_folder(gridmill, inputs, tmp_path):
    grid(steps=3).isel(time=0, drop=True).to_netcdf(tmp_path / "still.nc")
    message = run(gridmill, inputs, slash(tmp_path / "out"), "--partition", "month", code=2, source=tmp_path / "still.nc")
    assert "times" in message
    message = run(gridmill, inputs, slash(tmp_path / "out"), "--partition", "region", "--point", "5,5", code=2)
    assert "region" in message and "no value" in message
    assert not (tmp_path / "out").exists() and not (tmp_path / "out.gridmill").exists()


def test_no_times_are_no_rows_whatever_the_partition(gridmill, inputs, tmp_path):
    grid(steps=3).isel(time=slice(0, 0)).to_netcdf(tmp_path / "none.nc")
    for k, keys in enumerate((["--partition", "year,month"], ["--partition", "time"], [])):
        done = gridmill("extract", tmp_path / "none.nc", "--point", "5,5", "-o", slash(tmp_path / f"{k}"), *keys, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["rows"] == 0 and parts(tmp_path / f"{k}") == []


def test_a_plan_and_a_dry_run(gridmill, inputs, tmp_path):
    points = ["--points", inputs / "stations.csv", "--partition", "region,month"]
    dry = gridmill("extract", inputs / "in.nc", "-o", slash(tmp_path / "dry"), *points, "--dry-run", "--json")
    assert dry.returncode == 0 and json.loads(dry.stdout)["partitions"] == 4 * 3
    made = gridmill("plan", "extract", inputs / "in.nc", slash(tmp_path / "out"), *points, "-o", tmp_path / "plan.json")
    assert made.returncode == 0, made.stderr
    assert sorted(os.listdir(tmp_path)) == ["plan.json"]
    done = gridmill("exec", tmp_path / "plan.json")
    assert done.returncode == 0, done.stderr
    run(gridmill, inputs, slash(tmp_path / "direct"), "--partition", "region,month")
    assert hashes(tmp_path / "out") == hashes(tmp_path / "direct")
