"""What a run says about itself: report, metrics, trace, and the records beside the store."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import netCDF4
import numpy as np
import pytest
import zarr
from prometheus_client.openmetrics.parser import text_string_to_metric_families


@pytest.fixture
def relief(ferret):
    return ferret / "etopo5.cdf"


SLOW = ["--codec", "gzip:9", "--chunks", "1MiB", "--memory", "128M", "--threads", "1"]


def records(store):
    return sorted((store.parent / f"{store.name}.gridmill" / "runs").glob("*.json"))


def test_report_metrics_and_trace_agree(gridmill, relief, tmp_path):
    out = tmp_path / "relief.zarr"
    relief.read_bytes()  # a disk that is asked for the first time may be slower than gzip
    run = gridmill("convert", relief, out, *SLOW, "--json", "--report", tmp_path / "r.json",
                   "--metrics", tmp_path / "m.prom", "--trace", tmp_path / "t.json",
                   "--tags", 'team=ocean "deep",site-id=7', "--prices", "written-gb=2,currency=EUR")
    assert run.returncode == 0, run.stderr
    summary = json.loads(run.stdout)
    report = json.loads((tmp_path / "r.json").read_text())
    assert summary["run"] == report == json.loads(records(out)[0].read_text())
    assert report["tags"] == {"team": 'ocean "deep"', "site-id": "7"}
    stage = report["stages"][0]

    # The oracle: the files themselves.
    written = sum(f.stat().st_size for f in out.rglob("*") if f.is_file() and f.name != "zarr.json")
    assert stage["work"]["write"]["bytes"] == report["bytes_written"] == written
    chunks = sum(1 for f in out.rglob("*") if f.is_file() and f.name != "zarr.json")
    assert stage["work"]["write"]["items"] == chunks
    assert report["cost"]["total"] == pytest.approx(2e-9 * written)
    # gzip 9 on one thread: nothing else comes near it.
    assert report["bottleneck"]["what"] == "encode"
    assert summary["bottleneck"].startswith("encoding: the CPU thread was busy")
    assert 0 < stage["cpu_seconds"] <= report["cpu_seconds"]
    assert stage["seconds"] <= report["seconds"]

    families = {f.name: f for f in text_string_to_metric_families((tmp_path / "m.prom").read_text())}
    info = families["gridmill_run"].samples[0]
    assert info.labels["tag_team"] == 'ocean "deep"' and info.labels["tag_site_id"] == "7"
    assert info.labels["run"] == report["id"]

    def value(name, **labels):
        found = [s.value for s in families[name].samples if labels.items() <= s.labels.items()]
        assert len(found) == 1, (name, found)
        return found[0]

    assert value("gridmill_run_success") == 1
    assert value("gridmill_run_written_bytes") == written
    assert value("gridmill_work_items", work="write", stage="0") == chunks
    assert value("gridmill_work_bytes", work="read") == stage["work"]["read"]["bytes"]
    assert value("gridmill_queue_depth", queue="reads") == stage["queues"]["reads"]["mean"]
    assert value("gridmill_run_duration_seconds") == report["seconds"]

    events = json.loads((tmp_path / "t.json").read_text())
    for work, figures in stage["work"].items():
        own = [e for e in events if e["ph"] == "X" and e["name"] == work]
        assert len(own) == figures["items"]
        assert sum(e["args"]["bytes"] for e in own) == figures["bytes"]
        assert sum(e["dur"] for e in own) == pytest.approx(figures["busy_seconds"] * 1e6, abs=len(own))
    lanes = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    # Spare readers are seen only where a read of a loaded machine took longer than it should.
    always = [name for name in lanes.values() if not name.startswith("spare ")]
    assert sorted(always) == ["CPU thread 0", "reader 0", "reader 1", "writer 0"]
    for lane in lanes:  # one lane does one thing at a time
        own = sorted((e["ts"], e["dur"]) for e in events if e["ph"] == "X" and e["tid"] == lane)
        assert all(a[0] + a[1] <= b[0] + 0.002 for a, b in zip(own, own[1:]))


def test_runs_are_listed_shown_and_compared(gridmill, ferret, tmp_path):
    out = tmp_path / "c.zarr"
    source = ferret / "coads_climatology.cdf"
    for n in range(3):
        assert gridmill("convert", source, out, "--overwrite").returncode == 0
    assert gridmill("convert", source, out, "--overwrite", "--codec", "zstd:1").returncode == 0
    assert gridmill("verify", out, "--against", source).returncode == 0
    rows = json.loads(gridmill("runs", "ls", out, "--json").stdout)["runs"]
    assert [row["runs"] for row in rows] == [0, 1, 2, 0]  # the last has another plan
    assert len({row["plan"] for row in rows}) == 2
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    assert rows[1]["times_median"] == pytest.approx(rows[1]["seconds"] / rows[0]["seconds"])
    median = (rows[0]["seconds"] + rows[1]["seconds"]) / 2
    assert rows[2]["times_median"] == pytest.approx(rows[2]["seconds"] / median)
    text = gridmill("runs", "ls", out).stdout.splitlines()
    assert [line.split()[0] for line in text[1:]] == [row["id"] for row in rows]
    last = json.loads(gridmill("runs", "show", out, "--json").stdout)
    assert last["id"] == rows[3]["id"]
    shown = gridmill("runs", "show", out, rows[2]["id"]).stdout
    assert "2 earlier runs of this plan" in shown and last["id"] not in shown
    several = gridmill("runs", "show", out, "20")
    assert several.returncode == 2 and "several runs begin with" in several.stderr
    assert gridmill("runs", "show", out, "x").returncode == 2


def test_a_slow_run_is_told(gridmill, ferret, tmp_path):
    out = tmp_path / "c.zarr"
    source = ferret / "coads_climatology.cdf"
    assert gridmill("convert", source, out).returncode == 0
    path = records(out)[0]
    # As if the machine had been a thousand times faster, and this run slower than by a second.
    before = json.loads(path.read_text())
    slow = dict(before, id="2999" + before["id"][4:], seconds=before["seconds"] + 3)
    (path.parent / f"{slow['id']}.json").write_text(json.dumps(slow))
    row = json.loads(gridmill("runs", "ls", out, "--json").stdout)["runs"][1]
    assert "x the median of 1 earlier run" in row["warnings"][0]
    assert "warning: took" in gridmill("runs", "show", out).stdout


def test_an_interrupted_run_leaves_a_record(gridmill, tmp_path):
    relief = tmp_path / "noise.nc"  # slow to compress, and more than memory holds at once
    with netCDF4.Dataset(relief, "w", format="NETCDF3_64BIT_OFFSET") as file:
        file.createDimension("time", 80)
        file.createDimension("x", 200_000)
        values = np.random.default_rng(1).integers(0, 4096, (80, 200_000)).astype("f4")
        file.createVariable("noise", "f4", ("time", "x"))[:] = values
    out = tmp_path / "relief.zarr"
    slow = ["--codec", "gzip:9", "--chunks", "1MiB", "--memory", "64M", "--threads", "1"]
    binary = gridmill("--version").args[0]
    metrics = tmp_path / "m.prom"
    process = subprocess.Popen([binary, "convert", relief, out, *slow, "--metrics", metrics],
                               stderr=subprocess.PIPE, text=True)
    journal = tmp_path / "relief.zarr.gridmill" / "run" / "journal"
    while process.poll() is None and not any(f.stat().st_size > 300 for f in journal.glob("*")):
        time.sleep(0.002)
    process.send_signal(signal.SIGTERM)
    errors = process.communicate(timeout=120)[1]
    assert process.returncode == 130, errors
    record = json.loads(records(out)[0].read_text())
    assert record["state"] == "interrupted" and "interrupted" in record["error"]
    assert record["stages"][0]["work"]["write"]["bytes"] > 0
    families = text_string_to_metric_families(metrics.read_text())
    assert {f.name: f for f in families}["gridmill_run_success"].samples[0].value == 0
    assert gridmill("convert", relief, out, *slow, "--resume").returncode == 0
    states = [r["state"] for r in json.loads(gridmill("runs", "ls", out, "--json").stdout)["runs"]]
    assert states == ["interrupted", "done"]


def test_a_failed_run_that_leaves_nothing_leaves_no_record(gridmill, ferret, tmp_path):
    broken = tmp_path / "broken.nc"
    shutil.copy(ferret / "coads_climatology.cdf", broken)
    with broken.open("r+b") as file:
        file.truncate(broken.stat().st_size // 2)
    assert gridmill("convert", broken, tmp_path / "out.zarr").returncode == 3
    assert [p.name for p in tmp_path.iterdir()] == ["broken.nc"]


def test_other_peoples_files_are_not_replaced(gridmill, ferret, tmp_path):
    source = ferret / "coads_climatology.cdf"
    foreign = tmp_path / "precious.json"
    foreign.write_text('{"a": 1}')
    for option in ["--report", "--metrics", "--trace"]:
        run = gridmill("convert", source, tmp_path / "c.zarr", option, foreign)
        assert run.returncode == 5 and option in run.stderr and "something else" in run.stderr
    run = gridmill("convert", source, tmp_path / "c.zarr", "--report", tmp_path / "c.zarr" / "r")
    assert run.returncode in (2, 5)
    assert foreign.read_text() == '{"a": 1}' and not (tmp_path / "c.zarr").exists()
    for n in range(2):  # one's own are
        run = gridmill("convert", source, tmp_path / "c.zarr", "--overwrite", "--report",
                       tmp_path / "r.txt", "--metrics", tmp_path / "m", "--trace", tmp_path / "t")
        assert run.returncode == 0, run.stderr
    assert re.match(r"gridmill convert .*\n  run ", (tmp_path / "r.txt").read_text())


@pytest.mark.parametrize("words, said", [
    (["--prices", "cpu=1"], 'there is no price of "cpu"'),
    (["--prices", "cpu-hour=much"], "--prices"),
    (["--tags", "ocean"], '"ocean" is not NAME=VALUE'),
    (["--report", "x", "--trace", "x"], "is named for two"),
])
def test_bad_options_are_named_before_any_work(gridmill, ferret, tmp_path, words, said):
    run = gridmill("convert", ferret / "coads_climatology.cdf", "c.zarr", *words, cwd=tmp_path)
    assert run.returncode == 2 and said in run.stderr
    assert list(tmp_path.iterdir()) == []


def test_prices_and_tags_from_a_config_file(gridmill, ferret, tmp_path):
    config = tmp_path / "run.yaml"
    config.write_text("prices: {machine_hour: 36, currency: USD}\ntags: {team: ocean}\n")
    run = gridmill("convert", ferret / "coads_climatology.cdf", tmp_path / "c.nc", "--json",
                   "--config", config)
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)["run"]
    assert report["tags"] == {"team": "ocean"}
    assert report["cost"]["total"] == pytest.approx(report["seconds"] / 100)
    assert not (tmp_path / "c.nc.gridmill").exists()  # beside a file no records are kept


def test_rechunk_tells_its_stages(gridmill, relief, tmp_path):
    maps = tmp_path / "maps.zarr"
    assert gridmill("convert", relief, maps, "--chunks", "ROSE:ETOPO05_Y=90,ETOPO05_X=4320").returncode == 0
    run = gridmill("rechunk", maps, tmp_path / "s.zarr", "--chunks", "ROSE:ETOPO05_Y=2160,ETOPO05_X=90",
                   "--json", "--memory", "64M")
    assert run.returncode == 0, run.stderr
    summary = json.loads(run.stdout)
    stages = summary["run"]["stages"]
    ways = {v["name"]: v["way"] for v in summary["variables"]}
    assert len(stages) == 1 + 2 * sum(way == "spill" for way in ways.values())
    spilled = sum(s["work"]["write"]["bytes"] for s in stages if s["name"] == "spill")
    assert spilled == summary["bytes_spilled"]
    assert sum(s["work"]["write"]["bytes"] for s in stages) == summary["bytes_written"] + spilled
    verb = json.loads(gridmill("runs", "ls", tmp_path / "s.zarr", "--json").stdout)["runs"][0]["verb"]
    assert verb == "rechunk"


@pytest.mark.parametrize("largest, skewed", [(2200, True), (400, True), (40, False)])
def test_tasks_that_differ_by_more_than_ten_times_are_told(gridmill, tmp_path, largest, skewed):
    """Twelve variables of 80 kB and one of `largest` x 8 kB; each is a task, and read as it is."""
    root = zarr.open_group(str(tmp_path / "in.zarr"), mode="w", zarr_format=3)
    for name, rows in [*((f"s{n}", 10) for n in range(12)), ("big", largest)]:
        root.create_array(name, data=np.random.default_rng(1).random((rows, 1000)), compressors=None,
                          chunks=(rows, 1000), dimension_names=(f"rows_{rows}", "x"))
    out = tmp_path / "out.zarr"
    run = gridmill("convert", tmp_path / "in.zarr", out, "--json", "--report", tmp_path / "r.txt")
    assert run.returncode == 0, run.stderr
    (stage,) = json.loads(run.stdout)["run"]["stages"]
    assert stage["tasks"] == 13
    skew = stage["skew"]
    assert skew["tasks"] == (1 if skewed else 0)
    assert skew["median_bytes"] == pytest.approx(80_000, rel=0.05)
    assert skew["largest_bytes"] == largest * 8000 and skew["largest_of"] == "big"
    shown = json.loads(gridmill("runs", "show", out, "--json").stdout)
    assert shown["stages"][0]["skew"] == skew
    told = gridmill("convert", tmp_path / "in.zarr", out, "--overwrite").stdout
    assert ("skew" in told) == (largest == 2200)  # where it may hold the run up: 16 MiB
    for text in [(tmp_path / "r.txt").read_text(), gridmill("runs", "show", out).stdout]:
        said = re.search(r"skew: 1 task reads more than 10 x the median of (.*) KiB, up to (.*) MiB "
                         r"\(of big\)", text)
        assert bool(said) == skewed and ("skew" in text) == skewed, text
        assert not said or float(said[2]) == pytest.approx(largest * 8000 / 2**20, abs=0.05)
        assert not said or float(said[1]) == pytest.approx(80_000 / 1024, rel=0.05)


# ---- figures while a run goes on


def test_metrics_are_served_while_the_run_goes_on(gridmill_process, relief, tmp_path):
    process = gridmill_process("convert", relief, tmp_path / "o.zarr", *SLOW, "--metrics-port", "0",
                               "--tags", "team=ocean")
    line = process.stderr.readline()  # comes before any work
    port = int(re.search(r"port (\d+)", line)[1])
    place = f"http://127.0.0.1:{port}/metrics"
    seen = []
    while process.poll() is None:
        try:
            with urllib.request.urlopen(place, timeout=10) as answer:
                assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
                text = answer.read().decode()
        except OSError:  # the run is over
            break
        families = {f.name: f for f in text_string_to_metric_families(text)}
        sample = {name: f.samples[0] for name, f in families.items()}
        assert sample["gridmill_run"].labels["tag_team"] == "ocean"
        assert sample["gridmill_run_threads"].value == 1
        if sample["gridmill_run_tasks"].value > 0:
            seen.append({name: s.value for name, s in sample.items()})
        if len(seen) > 1 and seen[-1]["gridmill_run_written_bytes"] > 0:
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(place.replace("metrics", "other"), timeout=10)
            break
    assert process.wait(timeout=300) == 0
    written = sum(f.stat().st_size for f in (tmp_path / "o.zarr").rglob("c/**/*") if f.is_file())
    assert seen and 0 < seen[-1]["gridmill_run_written_bytes"] <= written
    for name in ("gridmill_run_tasks_done", "gridmill_run_read_bytes", "gridmill_run_written_bytes"):
        values = [one[name] for one in seen]
        assert values == sorted(values)
    assert seen[-1]["gridmill_run_tasks_done"] <= seen[-1]["gridmill_run_tasks"]
    with pytest.raises(OSError):  # it went with the run
        urllib.request.urlopen(place, timeout=10)


def test_a_port_that_is_taken_is_refused_before_any_work(gridmill, relief, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        run = gridmill("convert", relief, tmp_path / "o.zarr", "--metrics-port", port)
    assert run.returncode == 2 and "another port" in run.stderr
    assert not list(tmp_path.iterdir())
    run = gridmill("convert", relief, tmp_path / "o.zarr", "--metrics-port", "localhost:http")
    assert run.returncode == 2 and "0.0.0.0:9464" in run.stderr


@pytest.fixture
def gridmill_process():
    running = []

    def start(*words):
        binary = os.environ.get("GRIDMILL_BINARY", "build/release/gridmill")
        running.append(subprocess.Popen([binary, *map(str, words)], stderr=subprocess.PIPE, text=True))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()
