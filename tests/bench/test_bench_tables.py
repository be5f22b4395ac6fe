"""What bench/tables.py makes, compares and judges, on small data; no time is measured."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest
import xarray

ROOT = Path(__file__).resolve().parents[2]
SAMPLES, FEATURES, CHUNK = 128, 5, 64
LATS, LONS = 19, 36


@pytest.fixture(scope="module")
def bench():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "bench"))
        import table
        import table_inputs
        import table_peers
        import tables

    return SimpleNamespace(table=table, inputs=table_inputs, peers=table_peers, tables=tables)


@pytest.fixture(scope="module")
def folder(bench, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables") / "batches"
    bench.inputs.write_batches(folder, SAMPLES, FEATURES, CHUNK)
    return folder


def opened(path):
    return xarray.open_zarr(path, chunks=None, consolidated=True)


def test_there_are_95_entries_of_69_ids(bench):
    ids = bench.inputs.batches()
    flat = [file_id for batch in ids for file_id in batch]
    assert (len(ids), len(flat), set(flat)) == (22, 95, set(range(69)))
    assert sorted(map(len, ids)) == [4] * 15 + [5] * 7
    assert all(batch[0] == before[0] for before, batch in zip(ids, ids[1:]))


def test_an_id_has_the_same_values_wherever_it_stands(bench, folder):
    assert len(list(folder.iterdir())) == 44
    for source in ("a", "b"):
        for batch, ids in enumerate(bench.inputs.batches()[:3]):
            store = opened(folder / f"{source}_{batch:02}.zarr")
            assert store["file_id"].values.tolist() == ids
            for at, file_id in enumerate(ids):
                expected = bench.inputs.features(source, file_id, SAMPLES, FEATURES)
                np.testing.assert_array_equal(store["features"][at], expected)
    same = bench.inputs.features("a", 0, SAMPLES, FEATURES) == bench.inputs.features("b", 0, SAMPLES, FEATURES)
    assert same.mean() < 0.5


def test_needed_are_the_chunks_of_each_id_once(bench, folder):
    needed = list(bench.inputs.needed_chunks(folder, SAMPLES, CHUNK))
    assert len(set(needed)) == len(needed) == 2 * 69 * (SAMPLES // CHUNK)
    assert all(path.is_file() for path in needed)
    # The second batch begins with two ids of the first.
    second = {path.name for path in needed if path.parts[-3] == "a_01.zarr"}
    assert second == {f"{at}.{k}.0" for at in (2, 3, 4) for k in (0, 1)}


def test_stores_to_be_opened_have_ids_and_no_chunk(bench, tmp_path):
    bench.inputs.write_batches(tmp_path / "empty", SAMPLES, FEATURES, CHUNK, is_filled=False)
    store = tmp_path / "empty" / "b_21.zarr"
    assert opened(store)["file_id"].values.tolist() == bench.inputs.batches()[21]
    assert opened(store)["features"].shape == (4, SAMPLES, FEATURES)
    assert [path.name for path in (store / "features").iterdir() if not path.name.startswith(".")] == []


@pytest.mark.parametrize("way", ["dask", "loop"])
def test_a_peer_computes_the_means(bench, folder, way):
    found = bench.peers.segment_means(folder, way, "64")
    values = np.array([bench.inputs.features(source, file_id, SAMPLES, FEATURES)
                       for source in ("a", "b") for file_id in range(69)], "f8")  # fmt: skip
    assert found["count"] == 2 * 69 * (SAMPLES // 64) * FEATURES
    assert found["sum"] == values.sum() / 64  # exact: sums of steps
    assert found["seconds"] > 0 and found["peak_bytes"] > 0


@pytest.mark.parametrize("way", ["dask", "plain"])
@pytest.mark.parametrize("count", [1, 7])
def test_a_peer_finds_the_points(bench, tmp_path, way, count):
    store, places = tmp_path / "maps.zarr", tmp_path / "places.csv"
    bench.inputs.write_maps(store, 6, LATS, LONS)
    bench.inputs.write_places(places, LATS, LONS, count)
    found = bench.peers.point_values(store, places, way)
    values, lat, lon = (opened(store)[name].values for name in ("t2m", "lat", "lon"))
    rows = [tuple(map(float, line.split(","))) for line in places.read_text().splitlines()[1:]]
    expected = sum(values[:, lat.tolist().index(y), lon.tolist().index(x)].astype("f8").sum() for y, x in rows)
    assert (found["sum"], found["count"]) == (expected, 6 * count)


def test_places_are_distinct_and_at_no_pole(bench, tmp_path):
    count = (LATS - 2) * LONS  # all there are
    bench.inputs.write_places(tmp_path / "places.csv", LATS, LONS, count)
    rows = (tmp_path / "places.csv").read_text().splitlines()
    assert rows[0] == "lat,lon" and len(set(rows[1:])) == count
    assert max(abs(float(row.split(",")[0])) for row in rows[1:]) < 90


def test_the_sum_of_a_table_is_that_of_its_values(bench, tmp_path):
    values = np.linspace(-3, 4, 8, dtype="f4")
    columns = {"file_id": np.arange(8) + 1000, "a/features_0": values, "b/features_0": values[::-1] * 2}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    pyarrow.csv.write_csv(pyarrow.table(columns), tmp_path / "t.csv")
    for name in ("t.parquet", "t.csv"):
        total, count = bench.tables.total_of(tmp_path / name, lambda column: "/features" in column)
        assert (total, count) == (3 * float(values.astype("f8").sum()), 16)


@pytest.mark.parametrize("other", [(100.001, 8), (100.0, 7), (-100.0, 8)])
def test_another_sum_ends_the_run(bench, other):
    bench.tables.check_same("means", (100.0, 8), (100.0 + 1e-6, 8))
    with pytest.raises(SystemExit, match="means: the sum is 100.0 of 8 values"):
        bench.tables.check_same("means", (100.0, 8), other)


def row(median, **more):
    return {"median": median, "min": median, "chunks_read": 3, "chunks_total": 9, "bytes_read": 1e6,
            "chunk_bytes": 3e6, **more}  # fmt: skip


def means_row(own, peak):
    median = {"gridmill": own, "gridmill, one core": 2.0, "xarray + dask": 5.0, "zarr-python, a loop": 2.5}
    peaks = dict.fromkeys(median, 3e8) | {"gridmill": peak}
    return {"w1": row(median, peaks=peaks, memory="100M")}


def test_means_are_judged(bench):
    [told] = bench.table.means_verdicts(means_row(1.0, 100_000_000))
    assert told.count(": met)") == 4 and "not met" not in told and "3 of 9 chunks, 1 MB read of 3 MB" in told
    [told] = bench.table.means_verdicts(means_row(1.2, 100_100_000))
    assert told.count(": not met)") == 4


def test_points_are_judged(bench):
    def told(own):
        median = {"gridmill": own, "xarray": 12.0, "xarray + dask": 15.0, "floor: read + decode": 0.5,
                  "decoding all chunks once, process": 1.0}  # fmt: skip
        many = row(median, floor="floor: read + decode", peaks={"gridmill": 5e7})
        return list(bench.table.points_verdicts({"w2": row(median), "w2 100 points": many}))

    assert ["not met" in line for line in told(1.0)] == [False, False]
    assert ["not met" in line for line in told(1.25)] == [True, True]


def test_opening_is_judged(bench):
    def told(own):
        median = {"gridmill extract --dry-run, process": 0.05, "gridmill": own, "gridmill, and joined": own,
                  "xarray, one by one": 1.0}  # fmt: skip
        opened_row = {"median": median, "stores": 44, "reads": 88, "lists": 0, "statuses": 44}
        return next(bench.table.opening_many_verdicts({"opening_many": opened_row}))

    assert "(limit 20 ms: met)" in told(0.019) and "(limit 20 ms: not met)" in told(0.021)
