"""Every way in which a GRIB message may order its points: against ecCodes' own iterator.

ecCodes 2.28 does not follow every mode: rows that alternate (in regular grids) and columns first
(in Gaussian ones) it lists as if they were not so. There the oracle is the iterator of the same grid
in plain order, and numpy's idea of the order that WMO's code table 3.4 prescribes.
"""

import eccodes
import numpy as np
import pytest

from fidelity.comparison import convert, open_store

NX, NY = 4, 3
MODES = [(i, j, c, a) for i in (0, 1) for j in (0, 1) for c in (0, 1) for a in (0, 1)]
MODE_KEYS = (
    "iScansNegatively",
    "jScansPositively",
    "jPointsAreConsecutive",
    "alternativeRowScanning",
)
PROJECTIONS = {
    "lambert": {"LaDInDegrees": 45.0, "LoVInDegrees": 12.0, "Latin1InDegrees": 45.0,
                "Latin2InDegrees": 45.0, "DxInMetres": 100000, "DyInMetres": 100000},
    "polar_stereographic": {"LaDInDegrees": 60.0, "orientationOfTheGridInDegrees": 12.0,
                            "DxInMetres": 100000, "DyInMetres": 100000},
    "lambert_azimuthal_equal_area": {"standardParallelInDegrees": 52.0,
                                     "centralLongitudeInDegrees": 10.0,
                                     "xDirectionGridLengthInMetres": 100000,
                                     "yDirectionGridLengthInMetres": 100000},
}  # fmt: skip
SAMPLES = {
    "regular_ll": "regular_ll_pl_grib2",
    "regular_gg": "regular_gg_pl_grib2",
    "rotated_ll": "rotated_ll_pl_grib2",
}


def message(grid, mode, west=10.0, step=2.0):
    """A handle whose values are 0, 1, 2, ... in file order."""
    handle = eccodes.codes_grib_new_from_samples(SAMPLES.get(grid, "GRIB2"))
    keys = {}
    i, j = mode[:2]
    if grid in PROJECTIONS:
        keys = {"gridType": grid, "Nx": NX, "Ny": NY}
        keys |= {"latitudeOfFirstGridPointInDegrees": 40.0}
        keys |= {"longitudeOfFirstGridPointInDegrees": 10.0, **PROJECTIONS[grid]}
    else:
        east, north, south = (west + step * (NX - 1)) % 360, 50.0, 40.0
        if grid == "regular_gg":
            west, east = 0.0, eccodes.codes_get(handle, "longitudeOfLastGridPointInDegrees")
            north = eccodes.codes_get(handle, "latitudeOfFirstGridPointInDegrees")
            south = -north
        else:
            keys = {"Nx": NX, "Ny": NY, "iDirectionIncrementInDegrees": step}
            keys |= {"jDirectionIncrementInDegrees": (north - south) / (NY - 1)}
        keys["longitudeOfFirstGridPointInDegrees"] = east if i else west
        keys["longitudeOfLastGridPointInDegrees"] = west if i else east
        keys["latitudeOfFirstGridPointInDegrees"] = south if j else north
        keys["latitudeOfLastGridPointInDegrees"] = north if j else south
    for key, value in {**keys, **dict(zip(MODE_KEYS, mode))}.items():
        eccodes.codes_set(handle, key, value)
    count = eccodes.codes_get(handle, "Nx") * eccodes.codes_get(handle, "Ny")
    eccodes.codes_set(handle, "bitsPerValue", 16)
    eccodes.codes_set_values(handle, np.arange(count, dtype=float))
    return handle


def iterated(handle):
    """(lat, lon, value) of every point as ecCodes lists them."""
    iterator, points = eccodes.codes_grib_iterator_new(handle, 0), []
    while point := eccodes.codes_grib_iterator_next(iterator):
        points.append(point)
    eccodes.codes_grib_iterator_delete(iterator)
    return np.array(points)


def placed(lats, lons, values):
    """Which value stands where, whatever the order."""
    lats, lons, values = (np.asarray(x, float).ravel() for x in (lats, lons, values))
    return {(round(a, 5), round(b % 360, 5)): round(v) for a, b, v in zip(lats, lons, values)}


def written(gridmill, folder, handle):
    path, store = folder / "in.grib", folder / "out.zarr"
    path.write_bytes(eccodes.codes_get_message(handle))
    convert(gridmill, path, store)
    data = open_store(store)
    (name,) = data.data_vars
    return data, data[name].values


def stored(gridmill, folder, handle):
    data, values = written(gridmill, folder, handle)
    lats, lons = data["latitude"].values, data["longitude"].values
    if lats.ndim == 1:
        lats, lons = np.meshgrid(lats, lons, indexing="ij")
    assert lats.shape == values.shape
    return placed(lats, lons, values)


def in_file_order(mode, nx, ny):
    """Where the k-th value of a message belongs: an (ny, nx) array of k."""
    _, _, by_columns, alternate = mode
    runs = np.arange(nx * ny).reshape((nx, ny) if by_columns else (ny, nx))
    if alternate:
        runs[1::2] = runs[1::2, ::-1]
    return runs.T if by_columns else runs


def points_in_plain_order(grid, mode, **keys):
    handle = message(grid, (*mode[:2], 0, 0), **keys)
    points = iterated(handle)
    shape = eccodes.codes_get(handle, "Ny"), eccodes.codes_get(handle, "Nx")
    return points[:, 0].reshape(shape), points[:, 1].reshape(shape)


@pytest.mark.parametrize("mode", [mode for mode in MODES if not mode[3]])
@pytest.mark.parametrize("grid", ["regular_ll", "rotated_ll", "lambert_azimuthal_equal_area"])
def test_as_ecCodes_iterates(gridmill, tmp_path, grid, mode):
    handle = message(grid, mode)
    assert stored(gridmill, tmp_path, handle) == placed(*iterated(handle).T)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "grid", ["regular_ll", "regular_gg", "rotated_ll", "lambert_azimuthal_equal_area"]
)
def test_as_code_table_3_4_says(gridmill, tmp_path, grid, mode):
    lats, lons = points_in_plain_order(grid, mode)
    wanted = placed(lats, lons, in_file_order(mode, *lats.shape[::-1]))
    assert stored(gridmill, tmp_path, message(grid, mode)) == wanted


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("grid", ["lambert", "polar_stereographic"])
def test_projections_have_no_coordinates_rather_than_wrong_ones(gridmill, tmp_path, grid, mode):
    """ecCodes 2.28 takes the first point for the south-western corner even where it is not."""
    handle = message(grid, mode)
    if mode[:2] == (0, 1):
        found = stored(gridmill, tmp_path, handle)
        lats, lons = points_in_plain_order(grid, mode)
        assert found == placed(lats, lons, in_file_order(mode, NX, NY))
        # Where columns alternate ecCodes turns every other row around.
        assert mode[2:] == (1, 1) or found == placed(*iterated(handle).T)
        return
    data, values = written(gridmill, tmp_path, handle)
    assert not {"latitude", "longitude"} & set(data.variables)
    assert np.array_equal(values, in_file_order(mode, NX, NY))
    run = gridmill("info", tmp_path / "in.grib")
    assert "are left out" in run.stdout + run.stderr


@pytest.mark.parametrize("i", [0, 1])
def test_a_grid_across_the_meridian_is_one_axis(gridmill, tmp_path, i):
    """350 to 20 degrees: ecCodes' distinctLongitudes are 0, 10, 20, 350."""
    handle = message("regular_ll", (i, 0, 0, 0), west=350.0, step=10.0)
    assert stored(gridmill, tmp_path, handle) == placed(*iterated(handle).T)
    lons = open_store(tmp_path / "out.zarr")["longitude"].values
    assert np.diff(lons).tolist() == [-10.0 if i else 10.0] * (NX - 1)
