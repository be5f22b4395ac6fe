"""`gridmill analyze`: its figures against numcodecs and arithmetic, its advice against what convert makes of it."""

import json
import math

import numcodecs
import numpy as np
import pytest
import xarray as xr
import yaml
import zarr

PATTERNS = ("temporal", "spatial", "balanced")
CODECS = ["none", "blosc:lz4:5:shuffle:512KiB", "blosc:zstd:1:shuffle:512KiB", "blosc:zstd:2:shuffle:256KiB",
          "blosc:zstd:3:shuffle:512KiB", "zstd:3"]  # fmt: skip


@pytest.fixture(scope="module")
def ocean(tmp_path_factory):
    """Smooth temperatures in double precision, packed salt without depth, and the coordinates."""
    path = tmp_path_factory.mktemp("analyze") / "ocean.nc"
    rng = np.random.default_rng(11)
    t, z, y, x = 200, 3, 40, 60
    season = np.sin(np.arange(t) / 30)[:, None, None, None]
    place = np.cos(np.linspace(-1.5, 1.5, y))[None, None, :, None] * np.ones(x)
    temp = 10 + 8 * place + 3 * season * place + rng.normal(0, 0.1, (t, z, y, x))
    file = xr.Dataset(
        {
            "temp": (("valid_time", "deptht", "lat", "lon"), np.round(temp, 2), {"units": "degC"}),
            "salt": (("valid_time", "lat", "lon"), 30 + 3 * place[0] + rng.normal(0, 0.1, (t, y, x))),
            "crs": ((), np.int32(1)),
        },
        coords={
            "valid_time": ("valid_time", np.datetime64("2001-01-01", "ns") + np.arange(t) * np.timedelta64(1, "D")),
            "deptht": ("deptht", np.array([0.0, 10, 50]), {"positive": "down"}),
            "lat": ("lat", np.linspace(-60, 60, y), {"units": "degrees_north"}),
            "lon": ("lon", np.arange(x) * 6.0, {"units": "degrees_east"}),
        },
    )
    packing = {"dtype": "i2", "scale_factor": 0.001, "add_offset": 30.0, "_FillValue": np.int16(-32768)}
    file.to_netcdf(path, encoding={"salt": packing, "temp": {"_FillValue": None}})
    return path


def analyzed(gridmill, *words):
    run = gridmill("analyze", *words, "--json")
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def report(gridmill, ocean):
    return analyzed(gridmill, ocean, "--target-chunk-size", "256KiB")


def by_name(report):
    return {variable["name"]: variable for variable in report["variables"]}


def test_what_is_analyzed(report):
    variables = by_name(report)
    assert set(variables) == {"temp", "salt"}
    assert {s["name"] for s in report["skipped"]} == {"valid_time", "deptht", "lat", "lon", "crs"}
    assert variables["temp"]["roles"] == ["time", "vertical", "latitude", "longitude"]
    # The true baseline: the values as they are stored, packed ones packed.
    assert variables["temp"]["bytes"] == 200 * 3 * 40 * 60 * 8 and variables["temp"]["packed"] is None
    assert variables["salt"]["bytes"] == 200 * 40 * 60 * 2
    packed = variables["salt"]["packed"]
    assert packed == {"type": "int16", "unpacked_type": "float64", "unpacked_bytes": 200 * 40 * 60 * 8}
    assert report["bytes"] == sum(v["bytes"] for v in variables.values())


def test_each_pattern_is_good_at_its_own(report):
    for variable in report["variables"]:
        patterns = variable["patterns"]
        assert list(patterns) == sorted(PATTERNS) or list(patterns) == list(PATTERNS)
        assert patterns["temporal"]["reads"]["series"]["chunks"] == 1
        assert patterns["spatial"]["reads"]["map"]["chunks"] == 1
        for advice in patterns.values():
            extents = dict(zip(variable["roles"], zip(variable["shape"], advice["chunks"], strict=True), strict=True))
            pieces = {role: math.ceil(n / c) for role, (n, c) in extents.items()}
            assert advice["chunk_bytes"] == math.prod(advice["chunks"]) * (8 if variable["name"] == "temp" else 2)
            assert abs(advice["chunk_bytes"] / 262144 - 1) <= 0.25
            for reading, count in {"series": pieces["time"], "map": pieces["latitude"] * pieces["longitude"],
                                   "point": 1}.items():  # fmt: skip
                assert advice["reads"][reading] == {"chunks": count, "bytes": count * advice["chunk_bytes"]}


def encoded(codec, values):
    """What numcodecs makes of one chunk."""
    if codec == "none":
        return values.nbytes
    if codec == "zstd:3":
        return len(numcodecs.Zstd(level=3).encode(values))
    _, cname, level, _, block = codec.split(":")
    blosc = numcodecs.Blosc(cname, int(level), numcodecs.Blosc.SHUFFLE, int(block.removesuffix("KiB")) << 10)
    return len(blosc.encode(values))


def test_bytes_are_those_of_the_codecs(gridmill, ocean, report):
    """The sample is all of the array here: every chunk is cut out and encoded by numcodecs."""
    with xr.open_dataset(ocean, decode_cf=False) as file:
        for variable in report["variables"]:
            values = file[variable["name"]].values
            assert variable["sample"] == {"begin": [0] * values.ndim, "shape": list(values.shape),
                                          "bytes": values.nbytes}  # fmt: skip
            for advice in variable["patterns"].values():
                chunks = advice["sample_chunks"]
                assert chunks == advice["chunks"]
                assert [trial["codec"] for trial in advice["codecs"]] == CODECS
                parts = [
                    np.ascontiguousarray(values[tuple(slice(i * c, (i + 1) * c) for i, c in zip(at, chunks, strict=True))])
                    for at in np.ndindex(*(math.ceil(n / c) for n, c in zip(values.shape, chunks, strict=True)))
                ]
                for trial in advice["codecs"]:
                    theirs = sum(encoded(trial["codec"], part) for part in parts)
                    assert trial["bytes"] == pytest.approx(theirs, rel=0.02), trial["codec"]
                    assert trial["ratio"] == pytest.approx(values.nbytes / trial["bytes"])
                    assert trial["encode_mb_per_s"] > 0 and trial["decode_mb_per_s"] > 0


def test_the_advised_codec_is_the_least_work_near_the_fewest_bytes(report):
    for variable in report["variables"]:
        for advice in variable["patterns"].values():
            fewest = min(trial["bytes"] for trial in advice["codecs"])
            first = next(trial for trial in advice["codecs"] if trial["bytes"] <= 1.05 * fewest)
            assert advice["codec"] == first["codec"] and advice["ratio"] == first["ratio"]
            assert advice["expected_bytes"] == pytest.approx(variable["bytes"] / advice["ratio"], abs=1)
            assert set(advice["measured"]) == {"series", "map", "point"}
            for reading, measured in advice["measured"].items():
                assert measured["seconds"] > 0 and measured["chunks"] == advice["reads"][reading]["chunks"]


def without_rates(report):
    text = json.loads(json.dumps(report))
    for variable in text["variables"]:
        for advice in variable["patterns"].values():
            advice.pop("measured")
            for trial in advice["codecs"]:
                trial.pop("encode_mb_per_s"), trial.pop("decode_mb_per_s")
    return text


def test_only_rates_differ_from_run_to_run(gridmill, ocean, report):
    again = analyzed(gridmill, ocean, "--target-chunk-size", "256KiB", "--threads", "1")
    assert without_rates(again) == without_rates(report)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("zarr_format", [3, 2])
def test_advice_comes_back_through_a_config_file(gridmill, ocean, tmp_path, pattern, zarr_format):
    advice = tmp_path / "advice.yaml"
    report = analyzed(gridmill, ocean, "--access-pattern", pattern, "--target-chunk-size", "128KiB", "-o", advice)
    assert set(yaml.safe_load(advice.read_text())) == {"chunks", "codec"}
    out = tmp_path / "out.zarr"
    run = gridmill("convert", ocean, out, "--config", advice, "--zarr-format", zarr_format)
    assert run.returncode == 0, run.stderr
    group = zarr.open_group(out, mode="r")
    for variable in report["variables"]:
        wanted = variable["patterns"][pattern]
        array = group[variable["name"]]
        assert list(array.chunks) == wanted["chunks"]
        stored = codec_text(array)
        assert stored == wanted["codec"]
    with xr.open_zarr(out, consolidated=None, chunks=None) as back, xr.open_dataset(ocean) as file:
        xr.testing.assert_equal(back, file)


def codec_text(array):
    """As --codec has it, out of what zarr-python read."""
    if not array.compressors:
        return "none"
    (codec,) = array.compressors
    config = codec.get_config() if hasattr(codec, "get_config") else codec.to_dict()
    name = config.get("id", config.get("name"))
    config = config.get("configuration", config)
    if name == "zstd":
        return f"zstd:{config['level']}"
    shuffle = {1: "shuffle", "shuffle": "shuffle"}[config["shuffle"]]
    return f"blosc:{config['cname']}:{config['clevel']}:{shuffle}:{config['blocksize'] >> 10}KiB"


def test_a_sample_is_a_part_in_the_middle(gridmill, tmp_path):
    """Of whole chunks of the source, and no larger than asked for; the array is as large as it is."""
    path = tmp_path / "s.zarr"
    values = np.random.default_rng(2).normal(size=(512, 128, 128)).astype("f4")
    group = zarr.open_group(path, mode="w")
    group.create_array("t", data=values, chunks=(16, 64, 64), dimension_names=("time", "lat", "lon"))
    report = analyzed(gridmill, path, "--sample-size", "4MiB")
    (variable,) = report["variables"]
    begin, shape = variable["sample"]["begin"], variable["sample"]["shape"]
    assert 2 << 20 < variable["sample"]["bytes"] <= 4 << 20
    assert all(b % c == 0 and n % c == 0 for b, n, c in zip(begin, shape, (16, 64, 64), strict=True))
    assert variable["bytes"] == values.nbytes
    advice = variable["patterns"]["balanced"]
    none = advice["codecs"][0]
    assert none["codec"] == "none" and none["bytes"] == variable["sample"]["bytes"] and none["ratio"] == 1
    box = tuple(slice(b, b + n) for b, n in zip(begin, shape, strict=True))
    whole = numcodecs.Zstd(level=3).encode(np.ascontiguousarray(values[box]))
    assert advice["codecs"][-1]["bytes"] == pytest.approx(len(whole), rel=0.05)


def test_coordinates_are_left_alone(gridmill, tmp_path):
    """Auxiliary ones and bounds, too: what people read of them is all."""
    places, times = (("cell",), ("time",))
    xr.Dataset(
        {"v": (("time", "cell"), np.ones((20, 9), "f4")), "time_bnds": (("time", "nv"), np.ones((20, 2)))},
        coords={"time": (times, np.arange(20.0), {"units": "days since 2000-01-01", "bounds": "time_bnds"}),
                "a": (places, np.arange(9.0), {"units": "degrees_north"}),
                "b": (places, np.arange(9.0), {"units": "degrees_east"}), "height": ((), 2.0)},
    ).to_netcdf(tmp_path / "a.nc")  # fmt: skip
    report = analyzed(gridmill, tmp_path / "a.nc")
    assert set(by_name(report)) == {"v"}
    assert {s["name"] for s in report["skipped"]} == {"time", "time_bnds", "a", "b", "height"}


def test_memory_bounds_the_sample(gridmill, tmp_path):
    path = tmp_path / "s.zarr"
    group = zarr.open_group(path, mode="w")
    group.create_array("t", shape=(2048, 128, 128), dtype="f4", chunks=(64, 128, 128), fill_value=1.5,
                       dimension_names=("time", "lat", "lon"))  # fmt: skip
    group["t"][:] = np.arange(2048, dtype="f4")[:, None, None]
    report = analyzed(gridmill, path, "--sample-size", "1GiB", "--memory", "128MiB")
    assert report["variables"][0]["sample"]["bytes"] == 32 << 20


def test_joined_files_are_one_array(gridmill, tmp_path):
    for i in range(3):
        xr.Dataset({"v": (("time", "cell"), np.full((30, 500), i, "f4"))},
                   coords={"time": np.arange(i * 30, i * 30 + 30)}).to_netcdf(tmp_path / f"{i}.nc")  # fmt: skip
    report = analyzed(gridmill, *(tmp_path / f"{i}.nc" for i in range(3)), "--target-chunk-size", "30000")
    (variable,) = report["variables"]
    assert variable["shape"] == [90, 500] and variable["roles"] == ["time", "longitude"]
    assert "map" in variable["patterns"]["temporal"]["reads"]


def test_a_dry_run_reads_nothing(gridmill, ocean, tmp_path):
    report = analyzed(gridmill, ocean, "--dry-run", "-o", tmp_path / "a.yaml")
    for variable in report["variables"]:
        assert variable["sample"] is None and "codecs" not in variable["patterns"]["temporal"]
        assert variable["patterns"]["temporal"]["reads"]["series"]["chunks"] == 1
    assert not (tmp_path / "a.yaml").exists() and report["expected_bytes"] is None


def test_nothing_is_left_behind(gridmill, ocean, tmp_path):
    before = sorted(ocean.parent.iterdir())
    run = gridmill("analyze", ocean, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert sorted(ocean.parent.iterdir()) == before and list(tmp_path.iterdir()) == []
    for word in ("temp: float64", "temporal", "spatial", "balanced", "decode MB/s", "zstd:3", "uncompressed"):
        assert word in run.stdout


def test_questions(gridmill, ocean, tmp_path):
    advice = tmp_path / "mine.yaml"
    answers = f"temporal\n64KiB\nzstd:5\n{advice}\n"
    run = gridmill("analyze", ocean, "--interactive", "--json", input=answers)
    assert run.returncode == 0, run.stderr
    for question in ("balanced [balanced]: ", "chunk [16 MiB]: ", "Codec [as advised]: ", "file [advice.yaml]: "):
        assert question in run.stderr
    report = json.loads(run.stdout)
    assert report["access_pattern"] == "temporal" and report["target_chunk_bytes"] == 65536
    run = gridmill("convert", ocean, tmp_path / "o.zarr", "--config", advice)
    assert run.returncode == 0, run.stderr
    group = zarr.open_group(tmp_path / "o.zarr", mode="r")
    for variable in report["variables"]:
        assert list(group[variable["name"]].chunks) == variable["patterns"]["temporal"]["chunks"]
        assert codec_text(group[variable["name"]]) == "zstd:5"


def test_the_end_of_input_is_every_default(gridmill, ocean, tmp_path):
    run = gridmill("analyze", ocean, "-i", "--access-pattern", "spatial", cwd=tmp_path, input="")
    assert run.returncode == 0, run.stderr
    report = analyzed(gridmill, ocean, "--access-pattern", "spatial", "-o", tmp_path / "same.yaml")
    assert (tmp_path / "advice.yaml").read_text() == (tmp_path / "same.yaml").read_text()
    assert report["variables"][0]["patterns"]["spatial"]["codec"] in (tmp_path / "advice.yaml").read_text()


def test_a_file_that_exists_stays(gridmill, ocean, tmp_path):
    (tmp_path / "a.yaml").write_text("mine")
    run = gridmill("analyze", ocean, "-o", tmp_path / "a.yaml")
    assert run.returncode == 5 and "--overwrite" in run.stderr
    assert (tmp_path / "a.yaml").read_text() == "mine"
    run = gridmill("analyze", ocean, "-o", tmp_path / "a.yaml", "--overwrite")
    assert run.returncode == 0, run.stderr
    assert "chunks:" in (tmp_path / "a.yaml").read_text()


@pytest.mark.parametrize(("options", "code", "words"), [
    (["--access-pattern", "tempral"], 2, ["tempral", "temporal"]),
    (["--sample-size", "0"], 2, ["--sample-size"]),
    (["--target-chunk-size", "9GiB"], 2, ["--target-chunk-size"]),
    (["--variables", "tmp"], 2, ["tmp", "temp"]),
    (["--variables", "lat"], 2, ["no variable"]),
    (["-o", "/nowhere/a.yaml"], 2, ["/nowhere"]),
])  # fmt: skip
def test_what_cannot_be_is_refused(gridmill, ocean, options, code, words):
    run = gridmill("analyze", ocean, *options)
    assert run.returncode == code, run.stdout + run.stderr
    for word in words:
        assert word in run.stderr


def test_damage_is_an_error_and_no_figure(gridmill, tmp_path):
    path = tmp_path / "bad.zarr"
    zarr.open_group(path, mode="w").create_array("x", data=np.ones((8, 8), "f4"), chunks=(4, 4),
                                                 dimension_names=("y", "x"))  # fmt: skip
    (path / "x/c/1/0").write_bytes(b"nothing")
    run = gridmill("analyze", path)
    assert run.returncode == 3 and "c/1/0" in run.stderr and not run.stdout
