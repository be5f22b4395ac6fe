"""The same plan makes the same bytes: threads and memory decide how fast, never what."""

import numpy as np
import pytest
import xarray as xr

from fidelity.comparison import convert

RESOURCES = [
    ("--threads", "1", "--memory", "96M"),
    ("--threads", "4", "--memory", "128M"),
    ("--threads", "2", "--memory", "1G"),
    ("--threads", "7", "--memory", "2G"),
]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Fields whose chunks don't divide anything, packed numbers, texts, absent chunks."""
    random = np.random.default_rng(8)
    path = tmp_path_factory.mktemp("source") / "in.nc"
    dims, shape = ("time", "lat", "lon"), (130, 91, 180)
    rain = np.zeros(shape, "f4")
    rain[40:45] = random.gamma(1, 2, (5, *shape[1:]))
    data = xr.Dataset(
        {
            "t": (dims, random.normal(280, 9, shape).astype("f4")),
            "packed": (dims, random.normal(0, 9, shape)),
            "rain": (dims, rain),
            "name": ("station", np.array([f"place {i}" for i in range(500)], object)),
        },
        coords={
            "time": ("time", np.arange(130) * 6, {"units": "hours since 2000-01-01"}),
            "lat": np.linspace(-90, 90, 91),
            "lon": np.arange(180) * 2.0,
        },
    )
    packing = {"dtype": "i2", "scale_factor": 0.01, "_FillValue": -1}
    data.to_netcdf(path, encoding={"t": {"chunksizes": (7, 91, 50)}, "packed": packing})
    return path


def tree(*roots):
    """Everything below, manifests included, but for the records of runs, which hold the hour."""
    return {
        str(path.relative_to(root.parent)): path.read_bytes()
        for root in roots
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.parent.name != "runs"
    }


@pytest.mark.parametrize("zarr_format", [3, 2])
@pytest.mark.parametrize("chunks", [None, "time=20,lat=40,lon=64"])
def test_stores_do_not_depend_on_resources(gridmill, source, tmp_path, zarr_format, chunks):
    layout = ["--chunks", chunks] if chunks else []
    wanted = None
    for i, resources in enumerate(RESOURCES):
        out = tmp_path / str(i) / "out.zarr"
        out.parent.mkdir()
        convert(gridmill, source, out, "--zarr-format", zarr_format, *layout, *resources)
        found = tree(out, out.parent / "out.zarr.gridmill")
        wanted = wanted or found
        assert any("manifest" in name for name in wanted)
        assert found.keys() == wanted.keys()
        assert [name for name in found if found[name] != wanted[name]] == [], resources


def test_several_inputs_too(gridmill, source, tmp_path):
    parts = []
    with xr.open_dataset(source, decode_times=False) as data:
        for i, (begin, end) in enumerate([(0, 50), (50, 51), (51, 130)]):
            parts.append(tmp_path / f"part{i}.nc")
            data[["t", "rain"]].isel(time=slice(begin, end)).to_netcdf(parts[-1])
    trees = []
    for i, resources in enumerate(RESOURCES):
        out = tmp_path / str(i) / "out.zarr"
        out.parent.mkdir()
        done = gridmill("convert", *parts, out, "--chunks", "time=24", *resources)
        assert done.returncode == 0, done.stderr
        trees.append(tree(out, out.parent / "out.zarr.gridmill"))
    assert all(found == trees[0] for found in trees)
