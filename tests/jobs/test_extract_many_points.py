"""extract of thousands of points, in no order, out of every layout, against xarray and numpy."""

import numpy as np
import pytest
import xarray as xr
from csv_tables import column, table

TIMES, LATS, LONS, POINTS = 12, 91, 180, 2500


@pytest.fixture(scope="module")
def world():
    """Values at which one cell can't pass for another."""
    random = np.random.default_rng(11)
    values = random.permutation(TIMES * LATS * LONS).reshape(TIMES, LATS, LONS).astype("f4")
    return xr.Dataset(
        {"t": (("time", "lat", "lon"), values)},
        coords={
            "time": np.datetime64("2001-01-01", "ns") + np.arange(TIMES) * np.timedelta64(6, "h"),
            "lat": ("lat", np.linspace(90, -90, LATS), {"units": "degrees_north"}),
            "lon": ("lon", np.arange(0, 360, 2.0), {"units": "degrees_east"}),
        },
    )


def zarr_of(**layout):
    """Written with zarr-python, which has shards and small Blosc blocks."""

    def write(world, folder):
        import zarr

        path = folder / "a.zarr"
        world.drop_vars("t").to_zarr(path, consolidated=False, zarr_format=3)
        array = zarr.open_group(path, mode="a").create_array(
            "t", shape=world.t.shape, dtype="f4", dimension_names=world.t.dims, **layout)  # fmt: skip
        array[...] = world.t.values
        return [path]

    return write


def blosc(**options):
    from zarr.codecs import BloscCodec

    return BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle", typesize=4, **options)


def netcdf_of(*parts, **encoding):
    """One file for each (times, chunks), each with chunks of its own."""

    def write(world, folder):
        paths, start = [], 0
        for times, chunks in parts:
            paths.append(folder / f"{start:02}.nc")
            own = {"chunksizes": chunks, **encoding} if chunks else encoding
            world.isel(time=slice(start, start + times)).to_netcdf(paths[-1], encoding={"t": own})
            start += times
        return paths

    return write


LAYOUTS = {
    "maps in small blocks": zarr_of(chunks=(1, LATS, LONS), compressors=[blosc(blocksize=4096)]),
    "maps in one block": zarr_of(chunks=(1, LATS, LONS), compressors=[blosc(blocksize=1 << 20)]),
    "series": zarr_of(chunks=(8, 7, 9)),
    "uncoded": zarr_of(chunks=(3, 60, 100), compressors=None),
    "shards": zarr_of(chunks=(2, 9, 10), shards=(6, 90, 90)),
    "hdf5 maps": netcdf_of((TIMES, (1, LATS, LONS)), zlib=True, shuffle=True),
    "hdf5 small chunks": netcdf_of((TIMES, (2, 5, 6)), zlib=True, shuffle=True),
    "files of other chunks": netcdf_of((4, (4, 20, 25)), (3, None), (5, (1, LATS, LONS))),
}


@pytest.fixture(scope="module", params=LAYOUTS)
def inputs(request, world, tmp_path_factory):
    return LAYOUTS[request.param](world, tmp_path_factory.mktemp("layout"))


@pytest.fixture(scope="module")
def cells():
    """Rows and columns, many of them more than once, and how far beyond their centres points lie."""
    random = np.random.default_rng(12)
    rows, columns = random.integers(1, LATS - 2, POINTS), random.integers(0, LONS - 1, POINTS)
    rows[::10], columns[::10] = rows[0], columns[0]
    return rows, columns, random.uniform(0.01, 0.49, (2, POINTS))


@pytest.fixture(scope="module")
def places(world, cells, tmp_path_factory):
    path = tmp_path_factory.mktemp("places") / "places.csv"
    rows, columns, beyond = cells
    lats = world.lat.values[rows] - 2 * beyond[0]  # they fall
    lons = world.lon.values[columns] + 2 * beyond[1]
    lines = [f"p{i},{lat!r},{lon!r}" for i, (lat, lon) in enumerate(zip(lats.tolist(), lons.tolist()))]
    path.write_text("\n".join(["name,lat,lon", *lines, ""]))
    return path


def extracted(gridmill, inputs, places, out, *options):
    got = gridmill("extract", *inputs, "--points", places, "--variables", "t", "-o", out, *options)
    assert got.returncode == 0, got.stderr
    rows = table(out)
    assert [row["name"] for row in rows[:POINTS]] == [f"p{i}" for i in range(POINTS)]
    return column(rows, "t").reshape(-1, POINTS)


def at_cells(data, cells):
    at = {name: xr.DataArray(index, dims="point") for name, index in zip(("lat", "lon"), cells[:2])}
    return data.t.isel(at).transpose("time", "point").values


def test_each_point_has_its_cell(gridmill, inputs, world, cells, places, tmp_path):
    expected = at_cells(world, cells)
    for threads in ("1", "4"):
        got = extracted(gridmill, inputs, places, tmp_path / f"{threads}.csv", "--threads", threads)
        np.testing.assert_array_equal(got, expected)


def test_a_selection_has_its_rows(gridmill, inputs, world, cells, places, tmp_path):
    got = extracted(gridmill, inputs, places, tmp_path / "o.csv", "--sel", "time=2001-01-02:2001-01-03")
    chosen = world.sel(time=slice("2001-01-02", "2001-01-03"))
    np.testing.assert_array_equal(got, at_cells(chosen, cells))


def test_means_of_four_cells(gridmill, inputs, world, cells, places, tmp_path):
    got = extracted(gridmill, inputs, places, tmp_path / "o.csv", "--method", "bilinear")
    rows, columns, (down, right) = cells
    values = world.t.values.astype("f8")
    expected = sum(
        values[:, rows + i, columns + j] * (down if i else 1 - down) * (right if j else 1 - right)
        for i in (0, 1)
        for j in (0, 1)
    )
    np.testing.assert_allclose(got, expected, rtol=1e-9)
