"""extract of batches from several sources: joined along a coordinate, cut into segments, spread into columns; beside numpy and xarray."""

import json
import shutil

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import xarray as xr
import zarr
from csv_tables import column, table

SAMPLES, FEATURES = 96, 5
BATCHES = [[0, 1, 2], [2, 3, 4], [0, 5], [6]]  # 2 and 0 stand twice
UNIQUE = [0, 1, 2, 3, 4, 5, 6]


def block(source, file_id):
    rng = np.random.default_rng(1000 * source + file_id)
    values = rng.normal(size=(SAMPLES, FEATURES)).astype("f4")
    values[rng.random(values.shape) < 0.05] = np.nan
    values[:8, 2] = np.nan  # a segment without any
    return values


def write_batch(path, source, ids, change=None, units="K", features=FEATURES):
    values = np.stack([block(source, i) for i in ids])[:, :, :features]
    if change is not None:
        values[change] += 1
    store = xr.Dataset(
        {"features": (("file_id", "sample", "feature"), values, {"units": units})},
        {"file_id": np.array(ids, dtype="i8")},
    )
    store.to_zarr(path, encoding={"features": {"chunks": (1, 32, FEATURES)}})


@pytest.fixture
def batches(tmp_path):
    for source, name in enumerate("ab"):
        for k, ids in enumerate(BATCHES):
            write_batch(tmp_path / f"{name}_{k}.zarr", source, ids)
    return tmp_path


def sources(folder, names="ab"):
    return [word for name in names for word in ("--source", f"{name}={folder}/{name}_*.zarr")]


def extract(gridmill, *words, code=0):
    done = gridmill("extract", *words)
    assert done.returncode == code, done.stderr
    return done


def means(source, ids=UNIQUE, length=8):
    """Of segments, in float64, without what is missing."""
    values = np.stack([block(source, i) for i in ids]).astype("f8")
    with np.errstate(invalid="ignore", divide="ignore"):
        cut = values.reshape(len(ids), SAMPLES // length, length, FEATURES)
        return np.nansum(cut, 2) / (~np.isnan(cut)).sum(2)


SHAPE = ("--segments", "sample=8", "--spread", "feature")


@pytest.mark.parametrize("memory, threads", [("64M", 1), ("64M", 2), ("1G", 2)])
def test_two_sources_in_batches_become_rows_of_means_and_a_column_per_feature(gridmill, batches, tmp_path, memory, threads):
    out = tmp_path / "t.parquet"
    done = extract(gridmill, *sources(batches), *SHAPE, "--duplicates", "first", "-o", out, "--memory", memory, "--threads", threads)
    assert "3 of 9 entries" not in done.stderr  # two are doubled
    assert "2 of 9 entries of file_id of source a stand there already: 0 (" in done.stderr
    frame = pq.read_table(out).to_pandas()
    names = [f"{s}/features_{k}" for s in "ab" for k in range(FEATURES)]
    assert list(frame.columns) == ["file_id", "sample", *names]
    assert frame["file_id"].tolist() == np.repeat(UNIQUE, SAMPLES // 8).tolist()
    assert frame["sample"].tolist() == list(range(0, SAMPLES, 8)) * len(UNIQUE)  # the first of each
    expected = np.concatenate([means(0), means(1)], 2).reshape(-1, 2 * FEATURES)
    assert np.isnan(expected).sum() > 0
    # Sums in float64, rounded once.
    np.testing.assert_array_equal(frame[names].to_numpy(), expected.astype("f4"))
    assert pq.read_schema(out).field("a/features_3").metadata == {b"units": b"K"}


def test_csv_has_the_same_cells(gridmill, batches, tmp_path):
    words = (*sources(batches), *SHAPE, "--duplicates", "first")
    extract(gridmill, *words, "-o", tmp_path / "t.csv")
    extract(gridmill, *words, "-o", tmp_path / "t.parquet")
    frame = pq.read_table(tmp_path / "t.parquet").to_pandas()
    text = pd.read_csv(tmp_path / "t.csv", dtype={name: "f4" for name in frame.columns[2:]})
    assert list(text.columns) == list(frame.columns)
    pd.testing.assert_frame_equal(text, frame, check_exact=True)


def layouts(folder):
    """The same values in every way in which chunks are laid out and decoded."""
    values = np.stack([block(0, i) for i in range(4)])
    names = ("file_id", "sample", "feature")
    blosc = zarr.codecs.BloscCodec(cname="zstd", shuffle="bitshuffle", typesize=4, blocksize=1 << 10)

    def store(name, **how):
        path = folder / f"{name}.zarr"
        group = zarr.open_group(path, mode="w", zarr_format=how.pop("zarr_format", 3))
        chunks = how.pop("chunks", (2, 32, FEATURES))
        named = {"dimension_names": names} if group.metadata.zarr_format == 3 else {}
        array = group.create_array("features", shape=values.shape, chunks=chunks, fill_value=np.nan, **named, **({"dtype": "f4"} | how))
        if not named:
            array.attrs["_ARRAY_DIMENSIONS"] = names
        array[:] = values
        return path

    yield store("raw", compressors=None)
    yield store("zstd", compressors=zarr.codecs.ZstdCodec())
    yield store("gzip", compressors=zarr.codecs.GzipCodec())
    yield store("blosc", compressors=blosc)
    yield store("one_block", compressors=zarr.codecs.BloscCodec(cname="lz4", typesize=4))
    yield store("shards", shards=(4, 96, FEATURES), chunks=(1, 16, FEATURES))
    yield store("shards_of_raw", shards=(2, 48, FEATURES), chunks=(1, 8, FEATURES), compressors=None)
    yield store("turned", filters=[zarr.codecs.TransposeCodec(order=(2, 0, 1))], compressors=blosc)
    yield store("other_order", zarr_format=2, dtype=">f4")
    yield store("fortran", zarr_format=2, order="F")
    yield store("odd", chunks=(3, 20, 3))  # segments reach over chunks
    data = xr.Dataset({"features": (names, values)})
    for name, how in {
        "chunked": {"zlib": True, "shuffle": True, "chunksizes": (1, 32, FEATURES)},
        "contiguous": {"contiguous": True},
        "plain": {"chunksizes": (2, 16, 3)},
    }.items():
        data.to_netcdf(folder / f"{name}.nc", encoding={"features": how})
        yield folder / f"{name}.nc"
    data.to_netcdf(folder / "classic.nc", format="NETCDF3_64BIT")
    yield folder / "classic.nc"


@pytest.mark.parametrize("length", [8, 32, 96])
def test_means_don_t_depend_on_how_chunks_are_stored(gridmill, tmp_path, length):
    expected = means(0, range(4), length).reshape(-1, FEATURES).astype("f4")
    seen = 0
    for path in layouts(tmp_path):
        extract(gridmill, path, "--segments", f"sample={length}", "--spread", "feature", "-o", tmp_path / "t.parquet", "--overwrite")
        frame = pq.read_table(tmp_path / "t.parquet").to_pandas()
        got = frame[[f"features_{k}" for k in range(FEATURES)]].to_numpy()
        np.testing.assert_array_equal(got, expected, err_msg=path.name)
        seen += 1
    assert seen == 15


@pytest.mark.parametrize("statistic", ["mean", "sum", "min", "max", "std"])
def test_segments_are_xarray_s_coarsen(gridmill, tmp_path, statistic):
    times = pd.date_range("2001-01-01", periods=48, freq="1h")
    rng = np.random.default_rng(1)
    values = rng.normal(280, 5, (48, 3, 7))
    values[10:14, 1] = np.nan
    data = xr.Dataset({"t": (("time", "level", "station"), values)}, {"time": times, "level": [850, 500, 250]})
    data["n"] = (("time", "station"), rng.integers(-99, 99, (48, 7)).astype("i2"))
    data.to_netcdf(tmp_path / "in.nc")
    extract(gridmill, tmp_path / "in.nc", "--segments", f"time=6:{statistic}", "--spread", "level", "-o", tmp_path / "t.csv")
    rows = table(tmp_path / "t.csv")
    assert len(rows) == 8 * 7
    assert [row["time"] for row in rows[::7]] == [f"2001-01-{1 + h // 24:02}T{h % 24:02}:00:00" for h in range(0, 48, 6)]
    coarse = getattr(data.coarsen(time=6), statistic)()
    for level in (850, 500, 250):
        expected = coarse["t"].sel(level=level).values.ravel()
        if statistic == "sum":  # xarray's sum of nothing is 0
            expected = np.where(np.isnan(data["t"].sel(level=level)).coarsen(time=6).all().values.ravel(), np.nan, expected)
        np.testing.assert_allclose(column(rows, f"t_{level}"), expected, rtol=1e-13)
    np.testing.assert_allclose(column(rows, "n"), coarse["n"].values.ravel(), rtol=1e-13, atol=1e-13)


def test_duplicates_are_refused_before_any_chunk_is_read(gridmill, batches, tmp_path):
    for path in batches.glob("*.zarr"):  # no data are needed to find them
        for chunk in (path / "features" / "c").rglob("*") if (path / "features" / "c").exists() else []:
            if chunk.is_file():
                chunk.write_bytes(b"damaged")
    done = extract(gridmill, *sources(batches), "-o", tmp_path / "t.csv", code=3)
    assert "2 of 9 entries of file_id of source a" in done.stderr
    assert f"2 ({batches}/a_0.zarr, {batches}/a_1.zarr)" in done.stderr
    assert "--duplicates first" in done.stderr and "verify-identical" in done.stderr
    assert not (tmp_path / "t.csv").exists()


def test_verify_identical_reads_them(gridmill, batches, tmp_path):
    words = (*sources(batches), "--duplicates", "verify-identical", "-o", tmp_path / "t.csv", "--overwrite")
    assert "they are identical" in extract(gridmill, *words).stderr
    same = table(tmp_path / "t.csv")
    extract(gridmill, *sources(batches), "--duplicates", "first", "-o", tmp_path / "u.csv")
    assert same == table(tmp_path / "u.csv")
    shutil.rmtree(batches / "b_1.zarr")
    write_batch(batches / "b_1.zarr", 1, BATCHES[1], change=(0, 90, 4))
    done = extract(gridmill, *words, code=3)
    assert "file_id 2" in done.stderr and "variable features: differs" in done.stderr and "b_1.zarr" in done.stderr


def test_entries_that_a_source_lacks(gridmill, tmp_path):
    write_batch(tmp_path / "a_0.zarr", 0, [0, 1])
    write_batch(tmp_path / "a_1.zarr", 0, [2, 3])
    write_batch(tmp_path / "b_0.zarr", 1, [0, 2, 3])
    words = (*sources(tmp_path), *SHAPE, "-o", tmp_path / "t.parquet")
    done = extract(gridmill, *words, code=3)
    assert "the sources don't have the same file_id" in done.stderr
    assert "1 of 4 entries of file_id in source a are not in all others: 1" in done.stderr
    extract(gridmill, *words, "--join", "inner")
    frame = pq.read_table(tmp_path / "t.parquet").to_pandas()
    assert sorted(set(frame["file_id"])) == [0, 2, 3]
    expected = np.concatenate([means(s, [0, 2, 3]) for s in (0, 1)], 2).reshape(-1, 2 * FEATURES)
    np.testing.assert_array_equal(frame.iloc[:, 2:].to_numpy(), expected.astype("f4"))
    write_batch(tmp_path / "c_0.zarr", 2, [9])
    done = extract(gridmill, *sources(tmp_path, "ac"), "--join", "inner", "-o", tmp_path / "u.csv", code=3)
    assert "no file_id in common" in done.stderr


def test_entries_in_any_order_stand_in_that_of_the_coordinate(gridmill, tmp_path):
    for k, ids in enumerate([[5, 1, 3], [4, 0, 2]]):
        write_batch(tmp_path / f"a_{k}.zarr", 0, ids)
    extract(gridmill, tmp_path / "a_0.zarr", tmp_path / "a_1.zarr", "--spread", "feature", "-o", tmp_path / "t.parquet")
    frame = pq.read_table(tmp_path / "t.parquet").to_pandas()
    assert frame["file_id"].tolist() == np.repeat(range(6), SAMPLES).tolist()
    expected = np.concatenate([block(0, i) for i in range(6)])
    np.testing.assert_array_equal(frame.filter(like="features_").to_numpy(), expected)


def test_texts_join_in_the_order_of_the_inputs(gridmill, tmp_path):
    for k, names in enumerate([["oslo", "lima"], ["lima", "bern"]]):
        values = np.array([[len(n), ord(n[0])] for n in names], dtype="f4")
        xr.Dataset({"x": (("station", "k"), values)}, {"station": names}).to_zarr(tmp_path / f"{k}.zarr")
    inputs = (tmp_path / "0.zarr", tmp_path / "1.zarr")
    assert "lima" in extract(gridmill, *inputs, "-o", tmp_path / "t.csv", code=3).stderr
    extract(gridmill, *inputs, "--duplicates", "verify-identical", "--spread", "k", "-o", tmp_path / "t.csv")
    rows = table(tmp_path / "t.csv")
    assert [row["station"] for row in rows] == ["oslo", "lima", "bern"]
    assert column(rows, "x_1").tolist() == [ord("o"), ord("l"), ord("b")]


def test_overlapping_times_of_forecasts(gridmill, tmp_path):
    """In other units, too: instants are compared."""
    times = pd.date_range("2001-01-01", periods=12, freq="6h")
    values = np.arange(12.0)
    for k, (part, units) in enumerate([(slice(0, 8), "hours since 2001-01-01"), (slice(5, 12), "minutes since 1999-01-01")]):
        part_of = xr.Dataset({"t": ("time", values[part])}, {"time": times[part]})
        part_of.to_netcdf(tmp_path / f"{k}.nc", encoding={"time": {"units": units, "dtype": "i4"}})
    inputs = (tmp_path / "0.nc", tmp_path / "1.nc")
    done = extract(gridmill, *inputs, "-o", tmp_path / "t.csv", code=3)
    assert "3 of 15 entries of time of the inputs stand there already: 2001-01-02T06:00:00" in done.stderr
    extract(gridmill, *inputs, "--duplicates", "verify-identical", "-o", tmp_path / "t.csv")
    assert column(table(tmp_path / "t.csv"), "t").tolist() == values.tolist()


def test_gaps_are_told(gridmill, tmp_path):
    times = pd.date_range("2001-01-01", periods=40, freq="6h").delete([17, 18, 30])
    for k, part in enumerate([slice(0, 20), slice(20, 40)]):
        xr.Dataset({"t": ("time", np.arange(37.0)[part])}, {"time": times[part]}).to_netcdf(tmp_path / f"{k}.nc")
    done = extract(gridmill, tmp_path / "0.nc", tmp_path / "1.nc", "-o", tmp_path / "t.csv")
    assert "time has 2 gaps: 2001-01-05T00:00:00 to 2001-01-05T18:00:00, 2001-01-08T06:00:00 to 2001-01-08T18:00:00" in done.stderr


def test_features_over_sources(gridmill, batches, tmp_path):
    feature = 'gap="a/features" - "b/features"'
    extract(gridmill, *sources(batches), *SHAPE, "--duplicates", "first", "--feature", feature, "-o", tmp_path / "t.parquet")
    frame = pq.read_table(tmp_path / "t.parquet").to_pandas()
    assert list(frame.columns[2:]) == [f"gap_{k}" for k in range(FEATURES)]
    expected = means(0).astype("f4").astype("f8") - means(1).astype("f4")
    np.testing.assert_array_equal(frame.iloc[:, 2:].to_numpy(), expected.reshape(-1, FEATURES))


def test_a_plan_gives_the_same_table(gridmill, batches, tmp_path):
    words = (*sources(batches), *SHAPE, "--duplicates", "first")
    extract(gridmill, *words, "-o", tmp_path / "t.parquet")
    planned = gridmill("plan", "extract", tmp_path / "p.parquet", *words, "-o", tmp_path / "plan.json")
    assert planned.returncode == 0, planned.stderr
    done = gridmill("exec", tmp_path / "plan.json")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "t.parquet").read_bytes() == (tmp_path / "p.parquet").read_bytes() or (
        pq.read_table(tmp_path / "t.parquet").equals(pq.read_table(tmp_path / "p.parquet"))
    )


def test_memory_holds(gridmill, tmp_path):
    """268 MB of features in 64 MB of memory, chunk by chunk."""
    rng = np.random.default_rng(2)
    for k in range(2):
        values = np.broadcast_to(rng.normal(size=(2, 256, 256, 1)).astype("f4"), (2, 256, 256, 256))
        group = zarr.open_group(tmp_path / f"a_{k}.zarr", mode="w", zarr_format=2)
        array = group.create_array("v", shape=values.shape, chunks=(1, 16, 256, 256), dtype="f4", fill_value=None)
        array[...] = values
        array.attrs["_ARRAY_DIMENSIONS"] = ["file_id", "sample", "y", "x"]
        ids = group.create_array("file_id", shape=(2,), chunks=(2,), dtype="i8")
        ids[...] = [2 * k, 2 * k + 1]
        ids.attrs["_ARRAY_DIMENSIONS"] = ["file_id"]
        zarr.consolidate_metadata(tmp_path / f"a_{k}.zarr", zarr_format=2)
    words = ("--source", f"a={tmp_path}/a_*.zarr", "--segments", "sample=16", "--segments", "y=256", "--segments", "x=256:max")
    done = extract(gridmill, *words, "-o", tmp_path / "t.csv", "--memory", "64M", "--json")
    report = json.loads(done.stdout)
    assert report["rows"] == 4 * 16 and report["peak_memory"] < 100 << 20


def two_levels(path, values, level, units="hPa", **more):
    data = xr.Dataset({"t": (("time", "level"), values)}, {"time": np.arange(len(values)), "level": ("level", level, {"units": units})})
    data.assign(more).to_zarr(path)


def test_sets_of_a_glob_have_ranges_and_negation(gridmill, tmp_path):
    for k in range(4):
        write_batch(tmp_path / f"s_{k}.zarr", 0, [k])
    for glob, ids in (("s_[0-3]", [0, 1, 2, 3]), ("s_[!0]", [1, 2, 3]), ("s_[02]", [0, 2]), ("s_[^1-2]", [0, 3])):
        extract(gridmill, "--source", f"a={tmp_path}/{glob}.zarr", "-o", tmp_path / "t.csv", "--overwrite")
        assert sorted({int(row["file_id"]) for row in table(tmp_path / "t.csv")}) == ids
    (tmp_path / "s_0.zarr").rename(tmp_path / "s[0].zarr")
    extract(gridmill, "--source", f"a={tmp_path}/s[0].zarr", "-o", tmp_path / "t.csv", "--overwrite")


def test_inputs_of_other_variables_are_no_series(gridmill, tmp_path):
    """Joined along a dimension that was named, variables were lost."""
    times = pd.date_range("2001-01-01", periods=3)
    for name in "tu":
        xr.Dataset({name: ("time", [1.0, 2, 3])}, {"time": times}).to_netcdf(tmp_path / f"{name}.nc")
    inputs = (tmp_path / "t.nc", tmp_path / "u.nc")
    done = extract(gridmill, *inputs, "--along", "time", "--duplicates", "first", "-o", tmp_path / "o.csv", code=2)
    says = f"--along time: the inputs must hold the same variables: {inputs[1]} has u, and {inputs[0]} has not; name those"
    assert says in done.stderr
    done = extract(gridmill, "--source", f"a={tmp_path}/*.nc", "--along", "time", "--duplicates", "first", "-o", tmp_path / "o.csv", code=2)
    assert f"the inputs of source a must hold the same variables: {inputs[1]} has u, and" in done.stderr
    extract(gridmill, *inputs, "-o", tmp_path / "o.csv")
    assert set(table(tmp_path / "o.csv")[0]) == {"time", "t", "u"}


@pytest.mark.parametrize("policy", ["first", "verify-identical"])
def test_what_is_left_out_must_agree_too(gridmill, tmp_path, policy):
    """An input whose entries all stand in others was not looked at; so the order of the inputs decided."""
    for k, (size, constant, units) in enumerate([(10, 1.0, "K"), (5, 2.0, "K"), (5, 1.0, "degC")]):
        data = xr.Dataset({"t": ("time", np.arange(float(size)), {"units": units}), "c": ("p", [constant])}, {"time": np.arange(size)})
        data.to_zarr(tmp_path / f"{k}.zarr")
    for other, message in ((1, "variable c"), (2, "units")):
        for order in ((0, other), (other, 0)):
            inputs = [tmp_path / f"{k}.zarr" for k in order]
            done = extract(gridmill, *inputs, "--along", "time", "--duplicates", policy, "--spread", "p", "-o", tmp_path / "o.csv", code=3)
            assert message in done.stderr, done.stderr


def test_an_input_that_stands_there_twice(gridmill, tmp_path):
    write_batch(tmp_path / "a.zarr", 0, [0, 1])
    inputs = (tmp_path / "a.zarr", tmp_path / "a.zarr")
    extract(gridmill, *inputs, "-o", tmp_path / "o.csv", code=3)
    extract(gridmill, *inputs, "--duplicates", "verify-identical", "-o", tmp_path / "o.csv")
    assert len(table(tmp_path / "o.csv")) == 2 * SAMPLES * FEATURES


def test_columns_of_one_name_are_refused(gridmill, tmp_path):
    values = np.arange(6.0).reshape(3, 2)
    two_levels(tmp_path / "a.zarr", values, [850, 500], t_850=("time", [7.0, 8, 9]))
    for output in ("o.csv", "o.parquet"):
        done = extract(gridmill, tmp_path / "a.zarr", "--spread", "level", "-o", tmp_path / output, code=2)
        assert "two columns called t_850" in done.stderr


def test_spread_dimensions_of_sources_agree_on_units(gridmill, tmp_path):
    two_levels(tmp_path / "a.zarr", np.ones((3, 2)), [1, 2])
    two_levels(tmp_path / "b.zarr", np.ones((3, 2)), [1, 2], units="Pa")
    words = ("--source", f"a={tmp_path}/a.zarr", "--source", f"b={tmp_path}/b.zarr", "--feature", 'g="a/t" - "b/t"')
    done = extract(gridmill, *words, "--spread", "level", "-o", tmp_path / "o.csv", code=2)
    assert '"hPa"' in done.stderr and '"Pa"' in done.stderr


def test_sources_may_have_other_numbers_of_features(gridmill, tmp_path):
    write_batch(tmp_path / "a.zarr", 0, [0, 1])
    write_batch(tmp_path / "b.zarr", 1, [0, 1], features=3)
    both = ("--source", f"a={tmp_path}/a.zarr", "--source", f"b={tmp_path}/b.zarr", *SHAPE)
    extract(gridmill, *both, "-o", tmp_path / "t.csv")
    found = table(tmp_path / "t.csv")
    for source, (name, count) in enumerate([("a", FEATURES), ("b", 3)]):
        expected = means(source, [0, 1])
        assert sum(header.startswith(f"{name}/features_") for header in found[0]) == count
        for k in range(count):
            cells = column(found, f"{name}/features_{k}").astype("f8").reshape(2, -1)
            np.testing.assert_allclose(cells, expected[:, :, k], rtol=1e-6)
    done = extract(gridmill, *both, "--feature", 'x="a/features" - "b/features"', "-o", tmp_path / "t.csv", "--overwrite", code=2)
    assert "has 3 positions there, and others have 5 positions" in done.stderr


def test_points_on_the_grid_of_all_sources(gridmill, tmp_path):
    rng = np.random.default_rng(3)
    grids = {}
    for name, shift in (("a", 0), ("b", 0), ("c", 0.25)):
        lat, lon = np.arange(50.0, 60) + shift, np.arange(0.0, 20)
        coords = {"time": np.arange(4), "lat": ("lat", lat, {"units": "degrees_north"}), "lon": ("lon", lon, {"units": "degrees_east"})}
        grids[name] = xr.Dataset({"t": (("time", "lat", "lon"), rng.normal(size=(4, 10, 20)))}, coords)
        grids[name].to_zarr(tmp_path / f"{name}_0.zarr")
    words = ("--point", "x=53.1,7.2", "--feature", 'gap="a/t" - "b/t"', "-o", tmp_path / "o.csv")
    extract(gridmill, *sources(tmp_path), *words)
    expected = [grids[n]["t"].sel(lat=53, lon=7).values for n in "ab"]
    np.testing.assert_array_equal(column(table(tmp_path / "o.csv"), "gap"), expected[0] - expected[1])
    done = extract(gridmill, *sources(tmp_path, "ac"), "--point", "53.1,7.2", "-o", tmp_path / "p.csv", code=2)
    assert "different grids" in done.stderr


def test_falling_coordinates_that_alternate(gridmill, tmp_path):
    for name, ids in (("a_0", range(10, 4, -1)), ("b_0", [10, 8, 6]), ("b_1", [9, 7, 5])):
        xr.Dataset({"t": ("level", np.array(list(ids)) * 1.5)}, {"level": np.array(list(ids), dtype="f8")}).to_zarr(tmp_path / f"{name}.zarr")
    extract(gridmill, *sources(tmp_path), "-o", tmp_path / "o.csv")
    rows = table(tmp_path / "o.csv")
    assert column(rows, "level").tolist() == [10, 9, 8, 7, 6, 5]
    assert column(rows, "a/t").tolist() == column(rows, "b/t").tolist() == [15, 13.5, 12, 10.5, 9, 7.5]


def test_a_coordinate_that_one_source_lacks_decides_nothing(gridmill, tmp_path):
    times = pd.date_range("2001-01-01", periods=6)
    for name, part in (("p_0", slice(0, 4)), ("p_1", slice(2, 6))):
        xr.Dataset({"t": ("time", np.arange(6.0)[part])}, {"time": times[part]}).to_zarr(tmp_path / f"{name}.zarr")
    xr.Dataset({"q": (("time", "level"), np.ones((6, 2)))}, {"time": times, "level": [1, 2]}).to_zarr(tmp_path / "q_0.zarr")
    for names in ("pq", "qp"):
        words = (*sources(tmp_path, names), "--duplicates", "first", "--spread", "level", "-o", tmp_path / "o.csv", "--overwrite")
        extract(gridmill, *words)
        assert column(table(tmp_path / "o.csv"), "p/t" if "p/t" in table(tmp_path / "o.csv")[0] else "t").tolist() == list(range(6))


def test_files_of_one_time_each_may_overlap(gridmill, tmp_path):
    times = pd.to_datetime(["2001-01-01", "2001-01-02", "2001-01-02", "2001-01-03"])
    for k, time in enumerate(times):
        xr.Dataset({"t": ("x", [float(time.day)] * 2)}, {"time": time}).to_netcdf(tmp_path / f"{k}.nc")
    inputs = sorted(tmp_path.glob("*.nc"))
    extract(gridmill, *inputs, "--duplicates", "verify-identical", "--along", "time", "--spread", "x", "-o", tmp_path / "o.csv")
    assert column(table(tmp_path / "o.csv"), "t_0").tolist() == [1, 2, 3]


BAD = [
    (("--segments", "sample=7"), 2, "96 positions of sample don't make whole segments of 7"),
    (("--segments", "sample=7"), 2, "--region sample=0:91"),
    (("--segments", "sample=97"), 2, "96 positions of sample don't make one whole segment of 97: make segments of 96 or fewer"),
    (("--segments", "sample=0"), 2, "a segment has one position at least"),
    (("--segments", "sample"), 2, "write DIM=N"),
    (("--segments", "sample=8:median"), 2, "mean, sum, min, max and std"),
    (("--segments", "samples=8"), 2, "did you mean sample?"),
    (("--segments", "sample=8", "--segments", "sample=4"), 2, "has segments already"),
    (("--segments", "feature=5", "--spread", "feature"), 2, "both spread and cut"),
    (("--spread", "featur"), 2, "did you mean feature?"),
    (("--spread", "file_id,sample,feature"), 2, "no dimension is left for the rows"),
    (("--along", "sample"), 2, "joined along sample"),
    (("--along", "file_ids"), 2, "did you mean file_id?"),
    (("--plot", "p.html"), 2, "--plot draws what places have"),
    (("--source", "x"), 2, "write NAME=GLOB"),
    (("--source", "x=nothing_*.zarr"), 2, "nothing is called nothing_*.zarr"),
    (("--source", "a/b=x.zarr"), 2, "can't be a source's name"),
]


@pytest.mark.parametrize("words, code, message", BAD)
def test_requests_that_make_no_sense(gridmill, tmp_path, words, code, message):
    write_batch(tmp_path / "a_0.zarr", 0, [0, 1])
    inputs = () if "--source" in words else (tmp_path / "a_0.zarr",)
    done = gridmill("extract", *inputs, *words, "-o", tmp_path / "t.csv", cwd=tmp_path)
    assert done.returncode == code and message in done.stderr, done.stderr
    assert not (tmp_path / "t.csv").exists()


def test_sources_and_other_inputs_are_not_mixed(gridmill, batches, tmp_path):
    done = extract(gridmill, batches / "a_0.zarr", *sources(batches), "-o", tmp_path / "t.csv", code=2)
    assert "belongs to no source" in done.stderr
    assert "no input is named" in extract(gridmill, "-o", tmp_path / "t.csv", code=2).stderr


def test_a_dense_grid_wants_points(gridmill, tmp_path):
    grid = xr.Dataset({"t": (("lat", "lon"), np.zeros((3, 4)))}, {"lat": [0.0, 1, 2], "lon": [0.0, 1, 2, 3]})
    grid.lat.attrs["units"], grid.lon.attrs["units"] = "degrees_north", "degrees_east"
    grid.to_netcdf(tmp_path / "g.nc")
    done = extract(gridmill, tmp_path / "g.nc", "-o", tmp_path / "t.csv", code=2)
    assert "t lies on a grid" in done.stderr and "--point LAT,LON" in done.stderr


@pytest.mark.parametrize(
    "change, message",
    [({"units": "degC"}, "units"), ({"features": FEATURES - 1}, "feature")],
)
def test_batches_that_disagree(gridmill, tmp_path, change, message):
    write_batch(tmp_path / "a_0.zarr", 0, [0, 1])
    write_batch(tmp_path / "a_1.zarr", 0, [2, 3], **change)
    done = extract(gridmill, tmp_path / "a_0.zarr", tmp_path / "a_1.zarr", "-o", tmp_path / "t.csv", code=3)
    assert message in done.stderr and "a_0.zarr" in done.stderr and "a_1.zarr" in done.stderr


def test_a_store_with_times_that_stand_twice(gridmill, tmp_path):
    times = pd.to_datetime(["2001-01-01", "2001-01-02", "2001-01-02", "2001-01-03"])
    xr.Dataset({"t": ("time", [1.0, 2, 2, 3])}, {"time": times}).to_zarr(tmp_path / "a.zarr")
    refused = extract(gridmill, tmp_path / "a.zarr", "-o", tmp_path / "t.csv", code=3).stderr
    assert "1 of 4 entries of time" in refused and "2001-01-02" in refused and "--duplicates first" in refused
    extract(gridmill, tmp_path / "a.zarr", "--duplicates", "verify-identical", "-o", tmp_path / "t.csv")
    assert column(table(tmp_path / "t.csv"), "t").tolist() == [1, 2, 3]


def test_gaps_of_one_store_are_told_too(gridmill, tmp_path):
    times = pd.date_range("2001-01-01", periods=30, freq="h").delete(slice(10, 15))
    xr.Dataset({"t": ("time", np.arange(25.0))}, {"time": times}).to_zarr(tmp_path / "a.zarr")
    done = extract(gridmill, tmp_path / "a.zarr", "-o", tmp_path / "t.csv")
    assert "time has 1 gap: 2001-01-01T09:00:00 to 2001-01-01T15:00:00" in done.stderr
    assert column(table(tmp_path / "t.csv"), "t").tolist() == list(range(25))


def hours(first, count):
    """Maps on a small grid; t is the number of the hour, tp and lsm are there to disagree."""
    grid = {"time": pd.Timestamp("2001-01-01") + pd.to_timedelta(np.arange(first, first + count), "h"), "lat": [20.0, 10.0], "lon": [0.0, 10.0, 20.0]}
    data = xr.Dataset(coords=grid)
    data.lat.attrs["units"], data.lon.attrs["units"] = "degrees_north", "degrees_east"
    values = np.broadcast_to(np.arange(first, first + count, dtype="f4")[:, None, None], (count, 2, 3))
    data["t"] = ("time", "lat", "lon"), values, {"units": "K"}
    data["tp"] = ("time", "lat", "lon"), values, {"units": "m"}
    data["lsm"] = ("lat", "lon"), np.ones((2, 3), "f4")
    return data


def other_hours(how):
    data = hours(5, 7)
    if how == "lacks one":
        return data.drop_vars("tp")
    if how == "other units":
        data.tp.attrs["units"] = "mm"
    elif how == "other type":
        data["tp"] = data.tp.astype("f8")
    elif how == "another mask":
        data["lsm"][0, 0] = 0
    else:
        data["more"] = ("p", [1.0])
    return data


DISAGREEING = ["lacks one", "other units", "other type", "another mask", "has one more"]


@pytest.mark.parametrize("how", DISAGREEING)
@pytest.mark.parametrize("asked", [("--variables", "t"), ("--feature", "x=t"), ("--variables", "t", "--duplicates", "verify-identical")], ids=["variables", "feature", "verified"])
def test_only_what_the_table_reads_must_agree(gridmill, tmp_path, how, asked):
    """Variables that nobody asked for stopped a join, and --variables, which the message named, didn't help."""
    first = 2 if "--duplicates" in asked else 0
    hours(0, 5 + first).to_zarr(tmp_path / "a.zarr")
    other_hours(how).to_zarr(tmp_path / "b.zarr")
    stores = (tmp_path / "a.zarr", tmp_path / "b.zarr")
    extract(gridmill, *stores, *asked, "--point", "20,10", "-o", tmp_path / "t.csv")
    assert column(table(tmp_path / "t.csv"), "x" if "--feature" in asked else "t").tolist() == list(range(12))
    named = ("--source", f"s={stores[0]}", "--source", f"s={stores[1]}")
    path = [word.replace("x=t", 'x="s/t"') if word.startswith("x=") else "s/t" if word == "t" else word for word in asked]
    extract(gridmill, *named, *path, "--point", "20,10", "-o", tmp_path / "s.csv")
    assert len(table(tmp_path / "s.csv")) == 12


@pytest.mark.parametrize("how", DISAGREEING)
def test_a_mask_that_is_asked_for_must_agree(gridmill, tmp_path, how):
    hours(0, 5).to_zarr(tmp_path / "a.zarr")
    other_hours(how).to_zarr(tmp_path / "b.zarr")
    words = (tmp_path / "a.zarr", tmp_path / "b.zarr", "--variables", "t", "--mask", "lsm", "--point", "20,10", "-o", tmp_path / "t.csv")
    done = extract(gridmill, *words, code=3 if how == "another mask" else 0)
    assert how != "another mask" or "variable lsm" in done.stderr


def test_a_name_that_no_input_has_is_told_beside_all_that_there_are(gridmill, tmp_path):
    hours(0, 5).to_zarr(tmp_path / "a.zarr")
    hours(5, 7).to_zarr(tmp_path / "b.zarr")
    words = ("--variables", "t,lsn", "--point", "20,10", "-o", tmp_path / "t.csv")
    done = extract(gridmill, tmp_path / "a.zarr", tmp_path / "b.zarr", *words, code=2)
    assert "no variable lsn (did you mean lon or lsm?)" in done.stderr


@pytest.mark.parametrize("how", DISAGREEING)
@pytest.mark.parametrize("words", [("--variables", "t"), ("--drop", "tp,lsm,more")], ids=["variables", "drop"])
def test_a_conversion_joins_what_it_keeps(gridmill, tmp_path, how, words):
    hours(0, 5).to_zarr(tmp_path / "a.zarr")
    other_hours(how).to_zarr(tmp_path / "b.zarr")
    if words[0] == "--drop" and how != "has one more":
        words = ("--drop", "tp,lsm")
    done = gridmill("convert", tmp_path / "a.zarr", tmp_path / "b.zarr", tmp_path / "c.zarr", *words)
    assert done.returncode == 0, done.stderr
    with xr.open_zarr(tmp_path / "c.zarr") as made:
        assert list(made.data_vars) == ["t"]
        assert made.t[:, 1, 2].values.tolist() == list(range(12))


@pytest.mark.parametrize("words", [("--variables", "lsm"), ("--feature", "lsm=lsm"), ("--variables", "lsm", "--duplicates", "first")], ids=["variables", "feature", "first"])
def test_a_constant_of_joined_inputs(gridmill, tmp_path, words):
    """They are joined along the time that it hasn't."""
    hours(0, 5).to_zarr(tmp_path / "a.zarr")
    hours(5, 7).to_zarr(tmp_path / "b.zarr")
    extract(gridmill, tmp_path / "a.zarr", tmp_path / "b.zarr", *words, "--point", "20,10", "-o", tmp_path / "t.csv")
    assert column(table(tmp_path / "t.csv"), "lsm").tolist() == [1]
    if words[0] == "--variables" and len(words) == 2:
        done = gridmill("convert", tmp_path / "a.zarr", tmp_path / "b.zarr", tmp_path / "c.zarr", *words)
        assert done.returncode == 0, done.stderr
        with xr.open_zarr(tmp_path / "c.zarr") as made:
            assert set(made.variables) == {"lsm", "lat", "lon"}


@pytest.mark.parametrize("drop, kept", [("tp", {"t", "lsm", "time", "lat", "lon"}), ("time", {"t", "tp", "lsm", "lat", "lon"}), ("t*", {"lsm", "lat", "lon"}), ("lat", {"t", "tp", "lsm", "time", "lon"})])
def test_a_conversion_of_several_inputs_leaves_out(gridmill, tmp_path, drop, kept):
    hours(0, 5).to_zarr(tmp_path / "a.zarr")
    hours(5, 7).to_zarr(tmp_path / "b.zarr")
    done = gridmill("convert", tmp_path / "a.zarr", tmp_path / "b.zarr", tmp_path / "c.zarr", "--drop", drop)
    assert done.returncode == 0, done.stderr
    with xr.open_zarr(tmp_path / "c.zarr") as made:
        assert set(made.variables) == kept
        if "t" in kept:
            assert made.t.shape == (12, 2, 3) and made.t[:, 0, 0].values.tolist() == list(range(12))


def test_what_is_dropped_must_be_there(gridmill, tmp_path):
    hours(0, 5).to_zarr(tmp_path / "a.zarr")
    hours(5, 7).to_zarr(tmp_path / "b.zarr")
    done = gridmill("convert", tmp_path / "a.zarr", tmp_path / "b.zarr", tmp_path / "c.zarr", "--drop", "tp,lsn")
    assert done.returncode == 2 and "no variable lsn (did you mean lon or lsm?)" in done.stderr


def test_selections_along_what_no_asked_variable_has(gridmill, tmp_path):
    for k, (first, count) in enumerate([(0, 5), (5, 7)]):
        data = hours(first, count)
        data["u"] = (("time", "level"), np.zeros((count, 2)))
        data["level"] = [850.0, 500.0]
        data.to_zarr(tmp_path / f"{k}.zarr")
    stores = (tmp_path / "0.zarr", tmp_path / "1.zarr")
    words = ("--variables", "t", "--sel", "level=850", "--point", "20,10", "-o", tmp_path / "t.csv")
    extract(gridmill, *stores, *words)
    assert column(table(tmp_path / "t.csv"), "t").tolist() == list(range(12))


@pytest.mark.parametrize("change, message", [("nan", "position 2 is nan"), ("martian", "martian"), ("days since yesterday", "yesterday")])
def test_what_is_wrong_with_the_times_of_one_input(gridmill, tmp_path, change, message):
    """Told as ever, with the file's name: a join has nothing to do with it."""
    times = np.array([0.0, 1, np.nan if change == "nan" else 2, 5])
    attributes = {"units": change if "since" in change else "days since 2001-01-01", "calendar": "martian" if change == "martian" else "standard"}
    data = xr.Dataset({"t": ("time", np.arange(4.0)), "time": ("time", times, attributes)})
    data.time.encoding["_FillValue"] = None
    data.to_netcdf(tmp_path / "a.nc")
    done = extract(gridmill, tmp_path / "a.nc", "-o", tmp_path / "t.csv", code=3)
    assert "a.nc" in done.stderr and message in done.stderr


def test_a_plan_of_a_constant_with_a_schema_can_be_run(gridmill, tmp_path):
    hours(0, 5).to_zarr(tmp_path / "a.zarr")
    hours(5, 7).to_zarr(tmp_path / "b.zarr")
    (tmp_path / "s.yaml").write_text("variables:\n  tp:\n    units: m\n")
    stores = (tmp_path / "a.zarr", tmp_path / "b.zarr")
    plan = gridmill("plan", "convert", *stores, tmp_path / "c.zarr", "--variables", "lsm", "--schema", tmp_path / "s.yaml", "-o", tmp_path / "p.json")
    assert plan.returncode == 0, plan.stderr
    done = gridmill("exec", tmp_path / "p.json")
    assert done.returncode == 0, done.stderr
    with xr.open_zarr(tmp_path / "c.zarr") as made:
        assert made.lsm.values.tolist() == [[1, 1, 1], [1, 1, 1]]


def test_what_was_kept_of_several_inputs_is_verified_against_them(gridmill, tmp_path):
    hours(0, 5).to_zarr(tmp_path / "a.zarr")
    other_hours("lacks one").to_zarr(tmp_path / "b.zarr")
    inputs = (tmp_path / "a.zarr", tmp_path / "b.zarr")
    done = gridmill("convert", *inputs, tmp_path / "c.zarr", "--variables", "t")
    assert done.returncode == 0, done.stderr
    against = [word for one in inputs for word in ("--against", one)]
    done = gridmill("verify", tmp_path / "c.zarr", *against, "--variables", "t")
    assert done.returncode == 0, done.stderr
    data = zarr.open_group(tmp_path / "c.zarr", mode="r+")
    data["t"][3, 0, 0] = -1
    done = gridmill("verify", tmp_path / "c.zarr", *against, "--variables", "t")
    assert done.returncode == 3, done.stdout


def test_globs_mean_data_beside_coordinates_too(gridmill, tmp_path):
    """height along a track is a coordinate by name, and data; time is not meant by a glob."""
    data = xr.Dataset({"tas": ("time", [1.0, 2, 3])}, {"time": [0, 1, 2], "height": ("time", [5.0, 6, 7])})
    data.to_zarr(tmp_path / "a.zarr")
    extract(gridmill, tmp_path / "a.zarr", "--variables", "tas,heigh*", "-o", tmp_path / "t.csv")
    assert column(table(tmp_path / "t.csv"), "height").tolist() == [5, 6, 7]
    done = extract(gridmill, tmp_path / "a.zarr", "--variables", "tim*", "-o", tmp_path / "u.csv", code=2)
    assert "coordinates only (time)" in done.stderr
