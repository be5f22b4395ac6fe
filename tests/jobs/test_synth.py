"""`gridmill synth`: archives that xarray opens, the same bytes whatever the run, and defects that are
where the report says, found by those whose work it is to find them."""

import json
import random
import subprocess
import time

import numpy as np
import pytest
import xarray as xr
from killed_runs import BINARY, KILLS, hashes

formats = pytest.mark.parametrize("zarr_format", [3, 2])


def synth(gridmill, out, *words):
    run = gridmill("synth", out, *words, "--json")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def opened(store, **options):
    return xr.open_zarr(store, consolidated=False, chunks=None, **options)


def of_kind(report, kind):
    found = [defect for defect in report["planted"] if defect["kind"] == kind]
    assert found, kind
    return found


# ---- what is in it


@pytest.fixture(scope="module")
def grid(gridmill, tmp_path_factory):
    """More than a year of hours, on 30 or 15 degrees."""
    out = tmp_path_factory.mktemp("synth") / "grid.zarr"
    synth(gridmill, out, "--size", "24MB", "--seed", 7)
    return out


def test_a_grid_is_a_cf_dataset(grid):
    with opened(grid) as archive:
        assert set(archive.data_vars) == {"t2m", "tp", "u10", "v10"}
        for name, units in (("t2m", "K"), ("tp", "kg m-2"), ("u10", "m s-1"), ("v10", "m s-1")):
            assert archive[name].dims == ("time", "lat", "lon") and archive[name].dtype == np.float32
            assert archive[name].attrs["units"] == units and archive[name].attrs["standard_name"]
        times = archive.time.values
        assert times[0] == np.datetime64("2001-01-01T00") and times.size >= 8760
        assert (np.diff(times) == np.timedelta64(1, "h")).all()
        assert archive.lat.attrs["units"] == "degrees_north" and archive.lon.attrs["units"] == "degrees_east"
        assert archive.lat.values[0] == 90 and archive.lat.values[-1] == -90
        assert archive.lon.values[0] == 0 and archive.lon.values[-1] < 360
        for variable in archive.data_vars.values():
            assert np.isfinite(variable.values).all()
        rain = archive.tp.values
        assert rain.min() == 0 and 0.5 < (rain == 0).mean() < 0.97 and rain.max() > 1
        assert 200 < archive.t2m.values.min() and archive.t2m.values.max() < 350


def test_it_has_seasons_and_days(grid):
    """By least squares on the cosines and sines of the year and of the local hour."""
    with opened(grid) as archive:
        year = archive.isel(time=slice(0, 8760))
        hours = np.arange(8760)
        annual = 2 * np.pi * hours / (24 * 365.2425)
        for latitude, sign in ((60, 1), (-60, -1)):
            series = year.t2m.sel(lat=latitude).mean("lon").values.astype("f8")
            basis = np.stack([np.ones(8760), np.cos(annual), np.sin(annual)], axis=1)
            _, cosine, sine = np.linalg.lstsq(basis, series, rcond=None)[0]
            assert np.hypot(cosine, sine) == pytest.approx(12 * np.sin(np.pi / 3), abs=1.5)
            warmest = np.arctan2(sign * sine, sign * cosine) / (2 * np.pi) * 365.2425 % 365.2425
            assert warmest == pytest.approx(196, abs=10)
        equator = year.t2m.sel(lat=0).values.astype("f8")
        angle = 2 * np.pi * (hours[:, None] / 24 + year.lon.values[None, :] / 360)
        anomaly = equator - equator.mean()
        cosine, sine = 2 * (anomaly * np.cos(angle)).mean(), 2 * (anomaly * np.sin(angle)).mean()
        assert np.hypot(cosine, sine) == pytest.approx(5, abs=0.7)
        assert np.arctan2(sine, cosine) / (2 * np.pi) * 24 % 24 == pytest.approx(14, abs=0.7)


def test_noise_is_correlated(grid):
    """An hour later the wind is nearly what it was; a month later it is another."""
    with opened(grid) as archive:
        wind = archive.v10.values[:, 1:-1].astype("f8")
    spread = wind.var()
    assert np.mean((wind[1:] - wind[:-1]) ** 2) < 0.1 * 2 * spread
    assert np.mean((wind[720:] - wind[:-720]) ** 2) > 0.5 * 2 * spread


@pytest.mark.parametrize("calendar", ["noleap", "360_day", "standard"])
def test_calendars(gridmill, tmp_path, calendar):
    out = tmp_path / "out.zarr"
    synth(gridmill, out, "--size", "2MB", "--calendar", calendar)
    coder = xr.coders.CFDatetimeCoder(use_cftime=True)
    with opened(out, decode_times=coder) as archive:
        first, second = archive.time.values[:2]
        assert first.calendar == calendar and (second - first).total_seconds() == 3600


@formats
def test_stations(gridmill, tmp_path, zarr_format):
    out = tmp_path / "out.zarr"
    synth(gridmill, out, "--layout", "stations", "--size", "4MB", "--zarr-format", zarr_format)
    with opened(out) as archive:
        t2m = archive.t2m
        assert t2m.dims == ("time", "station") and t2m.attrs["units"] == "K"
        assert {"lat", "lon", "name"} <= set(archive.variables)
        assert archive["name"].values.tolist() == [f"S{i:05}" for i in range(t2m.sizes["station"])]
        assert (np.abs(archive.lat) <= 90).all() and (archive.lon >= 0).all() and (archive.lon < 360).all()
        missing = np.isnan(t2m.values)
        assert 0.005 < missing.mean() < 0.08
        # Outages last: where something is missing, the hours around it mostly are, too.
        assert (missing[1:] & missing[:-1]).sum() > 0.9 * missing[1:].sum()
    run = gridmill("verify", out)
    assert run.returncode == 0, run.stdout


@formats
def test_features(gridmill, tmp_path, zarr_format):
    out = tmp_path / "w1"
    report = synth(gridmill, out, "--layout", "features", "--size", "6MB", "--zarr-format", zarr_format)
    stores = sorted(path.name for path in out.iterdir() if path.is_dir())
    assert stores == [f"{source}_{batch:02}.zarr" for source in "ab" for batch in range(22)]
    ids = {"a": [], "b": []}
    for name in stores:
        with opened(out / name) as store:  # each opens by itself
            assert store.features.dims == ("file_id", "sample", "feature")
            values = store.features.values
            assert values.dtype == np.float32 and (values * 64 == np.round(values * 64)).all()
            ids[name[0]] += store.file_id.values.tolist()
    assert ids["a"] == ids["b"] == list(range(len(ids["a"])))
    assert [v["chunks"][0] for v in report["variables"] if v["name"].endswith("/features")] == [1] * 44


def test_w1_has_the_extents_of_the_recipe(gridmill, tmp_path):
    report = synth(gridmill, tmp_path / "w1", "--layout", "features", "--size", "2.45GB", "--dry-run")
    shapes = [v["shape"] for v in report["variables"] if v["name"].endswith("/features")]
    assert [shape[0] for shape in shapes] == 2 * (7 * [5] + 15 * [4])
    assert all(shape[1:] == [8192, 393] for shape in shapes)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("layout", ["grid", "stations", "features"])
@pytest.mark.parametrize("size", ["1MiB", "3MB", "50MB", "1GB", "10GB", "2TB"])
def test_the_size_is_within_a_tenth(gridmill, tmp_path, layout, size):
    report = synth(gridmill, tmp_path / "out", "--layout", layout, "--size", size, "--dry-run")
    wanted = {"1MiB": 2**20, "3MB": 3e6, "50MB": 5e7, "1GB": 1e9, "10GB": 1e10, "2TB": 2e12}[size]
    assert report["logical_bytes"] == pytest.approx(wanted, rel=0.1)


# ---- the same, whatever the run


WORDS = ("--size", "24MB", "--chunks", "time=700,lat=5,lon=5", "--plant", "nan,skew")


@pytest.mark.parametrize("layout", ["grid", "stations", "features"])
def test_the_same_bytes_whatever_threads_and_memory(gridmill, tmp_path, layout):
    words = ("--layout", layout, "--size", "8MB", "--chunks", "1MiB", "--plant", "duplicates,gaps,nan,skew")
    runs = [("1", "64M"), ("2", "64M"), ("1", "1G"), ("2", "1G")]
    for i, (threads, memory) in enumerate(runs):
        synth(gridmill, tmp_path / str(i), *words, "--threads", threads, "--memory", memory)
    trees = [hashes(tmp_path / str(i)) for i in range(len(runs))]
    for i, tree in enumerate(trees):  # the root's attributes and all else but its place
        assert tree == trees[0], runs[i]
    lists = {(tmp_path / f"{i}.planted.json").read_text() for i in range(len(runs))}
    assert len(lists) == 1


def test_the_same_values_whatever_the_chunks(gridmill, tmp_path):
    synth(gridmill, tmp_path / "maps", "--size", "4MB", "--chunks", "time=1,lat=all,lon=all")
    synth(gridmill, tmp_path / "series", "--size", "4MB", "--chunks", "time=all,lat=2,lon=5")
    with opened(tmp_path / "maps") as maps, opened(tmp_path / "series") as series:
        for name in maps.data_vars:
            assert (maps[name].values.view("u4") == series[name].values.view("u4")).all(), name


def test_another_seed_gives_other_values(gridmill, tmp_path):
    for seed in (1, 2):
        synth(gridmill, tmp_path / str(seed), "--size", "2MB", "--seed", seed)
    with opened(tmp_path / "1") as one, opened(tmp_path / "2") as two:
        for name in ("t2m", "u10", "v10"):
            assert (one[name].values != two[name].values).mean() > 0.9, name
        assert (one.time.values == two.time.values).all()


def test_a_killed_run_is_resumed(gridmill, tmp_path):
    whole = tmp_path / "whole"
    started = time.monotonic()
    synth(gridmill, whole, *WORDS)
    usual_s = time.monotonic() - started
    tree = hashes(whole)
    moments = random.Random(3)
    for number in range(KILLS):
        out = tmp_path / f"killed-{number}"
        command = [BINARY, "synth", out, *WORDS]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(usual_s * moments.uniform(0.1, 0.9))
        process.kill()
        process.wait()
        if not out.exists():
            synth(gridmill, out, *WORDS, "--resume")
        found = hashes(out)
        found.pop(".gridmill-manifest", None)  # killed right behind the rename
        assert found == tree


def test_a_sample_leaves_nothing(gridmill, tmp_path):
    report = synth(gridmill, tmp_path / "out", *WORDS, "--sample", "0.1")
    assert report["sample"]["tasks"] < report["sample"]["of"] and report["estimate"]["bytes_written"] > 0
    assert list(tmp_path.iterdir()) == []


# ---- defects


def planted(gridmill, folder, kinds, *words):
    out = folder / "out"
    report = synth(gridmill, out, "--plant", kinds, *words)
    assert json.loads((folder / "out.planted.json").read_text()) == report["planted"]
    return out, report


def test_duplicates_and_gaps_in_time(gridmill, tmp_path):
    out, report = planted(gridmill, tmp_path, "duplicates,gaps", "--size", "4MB")
    with opened(out) as archive:
        times = archive.time.values
        values = archive.t2m.values
        steps = np.diff(times)
        found = {int(at) + 1 for at in np.flatnonzero(steps == np.timedelta64(0, "h"))}
        assert found == {one["where"]["position"] for one in of_kind(report, "duplicates")}
        for one in of_kind(report, "duplicates"):
            at, before = one["where"]["position"], one["where"]["same_as"]
            assert times[at] == times[before] == np.datetime64(one["where"]["value"])
            assert (values[at] == values[before]).all()
        gaps = {int(at) + 1 for at in np.flatnonzero(steps > np.timedelta64(1, "h"))}
        assert gaps == {one["where"]["before"] for one in of_kind(report, "gaps")}
        for one in of_kind(report, "gaps"):
            missing = np.array(one["where"]["missing"], "M8[ns]")
            assert not np.isin(missing, times).any()
            at = one["where"]["before"]
            expected = np.arange(times[at - 1] + np.timedelta64(1, "h"), times[at], np.timedelta64(1, "h"))
            assert (missing == expected).all()
    run = gridmill("verify", out)
    assert run.returncode == 3 and "not unique" in run.stdout
    run = gridmill("convert", out, tmp_path / "copy")
    assert run.returncode == 3 and "not unique" in run.stderr
    first = min(one["where"]["position"] for one in of_kind(report, "duplicates"))
    assert f"positions {first - 1} and {first}" in run.stderr


def test_duplicates_and_gaps_of_ids(gridmill, tmp_path):
    """As in the pipeline that these archives stand for: 26 of 95 ids are there twice."""
    words = ("--layout", "features", "--size", "5MB")
    out, report = planted(gridmill, tmp_path, "duplicates,gaps", *words)
    ids = {}
    for path in sorted(out.glob("*.zarr")):
        with opened(path) as store:
            ids[path.name] = store.file_id.values.tolist()
            assert len(set(ids[path.name])) == len(ids[path.name])
    a = [one for name, some in ids.items() if name[0] == "a" for one in some]
    assert (len(a) - len(set(a))) / len(a) == pytest.approx(26 / 95, abs=0.03)
    told = of_kind(report, "duplicates")
    assert sum(one["variable"].startswith("a_") for one in told) == len(a) - len(set(a))
    for one in told:
        own, other = (path.split("/")[0] for path in (one["variable"], one["where"]["same_as"]))
        if one["where"]["position"] < len(ids[own]):
            assert ids[own][one["where"]["position"]] == one["where"]["value"]
        with opened(out / own) as here, opened(out / other) as there:
            if one["where"]["value"] in ids[own] and one["where"]["value"] in ids[other]:
                same = [s.features.sel(file_id=one["where"]["value"]).values for s in (here, there)]
                assert (same[0] == same[1]).all()
    (gap,) = of_kind(report, "gaps")
    name = gap["variable"].split("/")[0]
    (missing,) = gap["where"]["missing"]
    assert missing not in ids[name] and missing in ids[name.replace("b_", "a_")]


@pytest.mark.parametrize("layout", ["grid", "stations", "features"])
def test_missing_values_are_where_they_were_planted(gridmill, tmp_path, layout):
    out, report = planted(gridmill, tmp_path, "nan", "--size", "3MB", "--layout", layout)
    for one in of_kind(report, "nan"):
        group, _, name = one["variable"].rpartition("/")
        with opened(out / group) as archive:
            part = archive[name].isel({d: slice(*ends) for d, ends in one["where"].items()})
            assert part.size == one["count"] and np.isnan(part.values).all()
    (variable,) = {one["variable"] for one in of_kind(report, "nan")}
    group, _, name = variable.rpartition("/")
    with opened(out / group) as archive:
        missing = int(np.isnan(archive[name].values).sum())
    count = sum(one["count"] for one in of_kind(report, "nan"))
    assert missing >= count if layout == "stations" else missing == count


def test_what_compresses_badly(gridmill, tmp_path):
    words = ("--size", "8MB", "--chunks", "time=100")
    out, report = planted(gridmill, tmp_path, "skew", *words)
    (one,) = of_kind(report, "skew")
    first, last = one["where"]["time"]
    sizes = {int(path.parent.parent.name): path.stat().st_size
             for path in (out / one["variable"] / "c").rglob("*") if path.is_file()}  # fmt: skip
    inside = [size for at, size in sizes.items() if first <= 100 * at and 100 * (at + 1) <= last]
    outside = [size for at, size in sizes.items()
               if (100 * (at + 1) <= first or 100 * at >= last) and at + 1 < len(sizes)]  # fmt: skip
    assert np.mean(inside) > 1.3 * np.mean(outside)


@formats
@pytest.mark.parametrize("codec", ["blosc:zstd:1:shuffle:512KiB", "zstd:1"])
def test_corrupt_chunks_are_named(gridmill, tmp_path, codec, zarr_format):
    words = ("--size", "8MB", "--chunks", "time=1000", "--codec", codec, "--zarr-format", zarr_format)
    out, report = planted(gridmill, tmp_path, "corrupt", *words)
    sound = tmp_path / "sound"
    synth(gridmill, sound, *words)
    changed = {key for key, hash_ in hashes(sound).items() if hashes(out)[key] != hash_}
    assert changed == {one["where"]["key"] for one in of_kind(report, "corrupt")}
    for one in of_kind(report, "corrupt"):
        key, byte = one["where"]["key"], one["where"]["byte"]
        before, after = (sound / key).read_bytes(), (out / key).read_bytes()
        assert [i for i in range(len(before)) if before[i] != after[i]] == [byte]
    run = gridmill("verify", out)
    assert run.returncode == 3
    for key in changed:
        assert key in run.stdout
    run = gridmill("convert", out, tmp_path / "copy", "--variables", "t2m")
    assert run.returncode == 3 and any(key in run.stderr for key in changed), run.stderr
    run = gridmill("convert", out, tmp_path / "copy", "--variables", "tp")
    assert run.returncode == 0, run.stderr


def test_a_list_of_defects_replaces_only_another(gridmill, tmp_path):
    (tmp_path / "out.planted.json").write_text("mine")
    run = gridmill("synth", tmp_path / "out", "--size", "1MiB", "--plant", "nan")
    assert run.returncode == 5 and "out.planted.json" in run.stderr
    (tmp_path / "out.planted.json").unlink()
    for _ in range(2):
        synth(gridmill, tmp_path / "out", "--size", "1MiB", "--plant", "nan", "--overwrite")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--size", "1kB"], "1 MiB at least"),
        (["--size", "much"], "much"),
        (["--size", "10MB", "--grid", "0.25"], "coarser --grid"),
        (["--grid", "7"], "divide 180"),
        (["--grid", "-1"], "--grid"),
        (["--layout", "grod"], "grid"),
        (["--calendar", "mayan"], "mayan"),
        (["--plant", "nans"], "did you mean nan"),
        (["--seed", "-1"], "--seed"),
        (["--chunks", "level=1"], "level"),
    ],
)
def test_what_cant_be(gridmill, tmp_path, words, said):
    run = gridmill("synth", tmp_path / "out", *words)
    assert run.returncode in (1, 2) and said in run.stderr, run.stderr
    assert list(tmp_path.iterdir()) == []


def test_corrupt_is_not_for_zip_files(gridmill, tmp_path):
    run = gridmill("synth", tmp_path / "out.zarr.zip", "--size", "1MiB", "--plant", "corrupt")
    assert run.returncode == 2 and "zip" in run.stderr
    synth(gridmill, tmp_path / "out.zarr.zip", "--size", "1MiB", "--plant", "nan")
