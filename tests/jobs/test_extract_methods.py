"""extract --method bilinear and box, and masks, against numpy.

Oracles: numpy's linear interpolation, axis by axis, on axes that are closed at the seam; overlaps of cells and
boxes on the sphere, cell by cell; the nearest valid cell among all, by great circle.
"""

import json

import numpy as np
import pytest
import xarray as xr
from csv_tables import column, table

EARTH_KM = 6371.229


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """10 degrees, latitudes fall; a packed variable with levels, a static one, a mask, an axis's own."""
    random = np.random.default_rng(8)
    lat, lon = np.linspace(90, -90, 19), np.arange(0, 360, 10.0)
    values = random.normal(280, 10, size=(12, 2, 19, 36))
    gaps = values.copy()
    gaps[random.random(values.shape) < 0.2] = np.nan
    sea = (random.random((19, 36)) < 0.5).astype("f4")
    sea[4, 3] = np.nan
    sea[0] = 1  # one place 36 times: which is nearest is rounding
    dims = ("time", "level", "lat", "lon")
    data = xr.Dataset(
        {
            "t": (dims, values.astype("f4"), {"units": "K"}),
            "gaps": (dims, gaps),
            "counts": (("time", "lon", "lat"), random.integers(0, 900, (12, 36, 19)).astype("i4")),
            "sea": (("lat", "lon"), sea),
            "dated": (("time", "lat", "lon"), np.broadcast_to(sea, (12, 19, 36))),
            "zonal": (("time", "lat"), random.normal(size=(12, 19))),
        },
        coords={
            "time": np.datetime64("2001-02-27", "ns") + np.arange(12) * np.timedelta64(6, "h"),
            "level": ("level", [850.0, 500.0], {"units": "hPa"}),
            "lat": ("lat", lat, {"units": "degrees_north"}),
            "lon": ("lon", lon, {"units": "degrees_east"}),
        },
    )
    path = tmp_path_factory.mktemp("methods") / "world.zarr"
    chunks = {"t": (5, 1, 7, 10), "gaps": (4, 2, 10, 36), "counts": (12, 9, 9)}
    packing = {"dtype": "i2", "scale_factor": 0.01, "add_offset": 280.0, "_FillValue": -32767}
    encoding = {name: {"chunks": chunk} for name, chunk in chunks.items()}
    encoding["gaps"].update(packing)
    data.to_zarr(path, encoding=encoding)
    return path


PLACES = {
    "Oslo": (59.9, 10.8), "Sydney": (-33.9, 151.2), "Hilo": (19.7, -155.1), "seam": (12.5, 357.0),
    "date line": (-7.0, 180.0), "cell": (50.0, 20.0), "far north": (87.5, 33.0),
}  # fmt: skip
POINTS = [x for name, (a, b) in PLACES.items() for x in ("--point", f"{name}={a},{b}")]


def run(gridmill, *arguments, status=0):
    got = gridmill("extract", *arguments)
    assert got.returncode == status, got.stderr
    return got


def extracted(gridmill, source, out, *options):
    """The table, and what the report says of its points."""
    got = run(gridmill, source, *options, "-o", out, "--overwrite", "--json")
    return table(out), json.loads(got.stdout)["points"]


def closed(data):
    """With the first longitude once more, behind the last."""
    first = data.isel(lon=[0])
    return xr.concat([data, first.assign_coords(lon=first.lon + 360)], dim="lon", data_vars="minimal")


def linearly(data, **place):
    """Along one dimension, at one place; the dimension is gone."""
    (dim, at), = place.items()  # fmt: skip
    data = data.sortby(dim)
    one = xr.apply_ufunc(lambda series: np.apply_along_axis(lambda y: np.interp(at, data[dim], y), -1, series),
                         data, input_core_dims=[[dim]])  # fmt: skip
    return one.drop_vars(dim, errors="ignore")


def interpolated(data):
    """At PLACES, the points last."""
    data = closed(data.to_dataset(name="x"))["x"]
    found = [linearly(linearly(data, lon=lon % 360), lat=lat) for lat, lon in PLACES.values()]
    return xr.concat(found, dim="point")


def values_like(rows, name, expected):
    """A column in the order of the rows; `expected` is repeated along the rows' dimensions it lacks."""
    np.testing.assert_allclose(column(rows, name), np.asarray(expected).ravel(), rtol=1e-12, atol=1e-9)


def great_circle_km(a, b):
    """From one (lat, lon) to arrays of such. Differences first: equally far is equal."""
    north, east = (np.radians(np.asarray(y, "f8") - x) / 2 for x, y in zip(a, b, strict=True))
    p, q = np.radians(a[0]), np.radians(np.asarray(b[0], "f8"))
    h = np.sin(north) ** 2 + np.cos(p) * np.cos(q) * np.sin(east) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(h))


# --- bilinear


@pytest.mark.parametrize("name", ["t", "counts", "zonal"])
def test_bilinear_equals_numpy(gridmill, world, tmp_path, name):
    # What lies on no grid of its own is read by features.
    columns = ["--feature", "zonal=zonal", "--feature", "t=t"] if name == "zonal" else []
    chosen = columns or ["--variables", f"t,{name}"]
    rows, points = extracted(gridmill, world, tmp_path / "o.csv", *POINTS, *chosen, "--method", "bilinear")
    with xr.open_zarr(world) as data:
        values = data[name].load().astype("f8")
    if name == "zonal":
        wanted = xr.concat([linearly(values, lat=lat) for lat, _ in PLACES.values()], dim="point")
    else:
        wanted = interpolated(values)
    if "level" not in wanted.dims:
        wanted = wanted.expand_dims(level=2)
    values_like(rows, name, wanted.transpose("time", "level", "point"))
    np.testing.assert_array_equal(column(rows, "grid_lat")[: len(PLACES)], [p[0] for p in PLACES.values()])
    assert all(point["distance_km"] == 0 for point in points)


def test_bilinear_names_its_cells(gridmill, world, tmp_path):
    _, points = extracted(gridmill, world, tmp_path / "o.csv", *POINTS, "--variables", "t",
                          "--method", "bilinear")  # fmt: skip
    for point, (lat, lon) in zip(points, PLACES.values(), strict=True):
        corners = point["corners"]
        assert point["cells"] == len(corners) <= 4
        weights = np.array([c["weight"] for c in corners])
        near = [lon + (c["lon"] - lon + 180) % 360 - 180 for c in corners]
        assert weights.sum() == pytest.approx(1)
        assert weights @ [c["lat"] for c in corners] == pytest.approx(lat)
        assert weights @ near == pytest.approx(lon)
    by_name = {point["name"]: point for point in points}
    assert by_name["cell"]["cells"] == 1
    assert {c["lon"] for c in by_name["seam"]["corners"]} == {350, 0}


def test_bilinear_is_nan_where_a_neighbour_is(gridmill, world, tmp_path):
    rows, _ = extracted(gridmill, world, tmp_path / "o.csv", *POINTS, "--variables", "gaps",
                        "--method", "bilinear")  # fmt: skip
    with xr.open_zarr(world) as data:
        gaps = closed(data[["gaps"]].load())["gaps"]
    got = column(rows, "gaps").reshape(12, 2, len(PLACES))
    assert 0.1 < np.isnan(got).mean() < 0.9
    for i, (lat, lon) in enumerate(PLACES.values()):
        around = gaps.where(
            (abs(gaps.lat - lat) < 10) & (abs(gaps.lon - lon % 360) < 10), drop=True
        ).transpose("time", "level", "lat", "lon")
        weights = np.outer(1 - abs(around.lat - lat) / 10, 1 - abs(around.lon - lon % 360) / 10)
        values = (around.to_numpy() * weights).sum(axis=(2, 3))
        np.testing.assert_allclose(got[:, :, i], values, rtol=1e-12)


def test_the_pole_is_the_mean_of_the_last_row(gridmill, tmp_path):
    lat, lon = np.arange(-85, 86, 10.0), np.arange(0, 360, 30.0)
    values = np.random.default_rng(2).normal(size=(18, 12))
    coords = {"lat": ("lat", lat, {"units": "degrees_north"}),
              "lon": ("lon", lon, {"units": "degrees_east"})}  # fmt: skip
    xr.Dataset({"t": (("lat", "lon"), values)}, coords=coords).to_netcdf(tmp_path / "in.nc")
    rows, points = extracted(gridmill, tmp_path / "in.nc", tmp_path / "o.csv", "--point", "90,5",
                             "--point", "-88,60", "--method", "bilinear")  # fmt: skip
    south = values[0].mean() * 3 / 5 + values[0, 2] * 2 / 5
    np.testing.assert_allclose(column(rows, "t"), [values[-1].mean(), south], rtol=1e-12)
    assert points[0]["cells"] == 12 and "corners" not in points[0]


def test_bilinear_on_a_curvilinear_grid(gridmill, data, tmp_path):
    """The ocean's grid: its columns close at 79 E, its rows bend around Asia and Canada."""
    places = [(30.3, -40.7), (-20.0, 78.9), (-55.0, 79.0), (5.2, 179.9), (62.0, -5.0), (-40.0, -179.5)]
    options = [x for a, b in places for x in ("--point", f"{a},{b}")]
    path = data / "orca2_votemper.nc"
    rows, points = extracted(gridmill, path, tmp_path / "o.csv", *options, "--method", "bilinear")
    with xr.open_dataset(path) as ocean:
        lat, lon = ocean["nav_lat"].to_numpy(), ocean["nav_lon"].to_numpy()
        values = ocean["votemper"].to_numpy().astype("f8")
    for row, point, place in zip(rows, points, places, strict=True):
        mean = 0.0
        inside = np.zeros(2)
        for corner in point["corners"]:
            r, c = np.argwhere((lat == np.float32(corner["lat"])) & (lon == np.float32(corner["lon"])))[0]
            east = (corner["lon"] - place[1] + 180) % 360 - 180
            inside += corner["weight"] * np.array([corner["lat"] - place[0], east])
            mean += corner["weight"] * values[r, c]
            assert great_circle_km(place, (lat[r, c], lon[r, c])) < 400
        np.testing.assert_allclose(inside, 0, atol=1e-4)  # the quadrilateral holds the point
        got = float(row["votemper"]) if row["votemper"] else np.nan
        np.testing.assert_allclose(got, mean, rtol=1e-9)
    assert sum(bool(row["votemper"]) for row in rows) == len(places)
    far = run(gridmill, path, "--point", "Tibet=37.06,103.35", "--method", "bilinear", "-o",
              tmp_path / "f.csv", status=2)  # fmt: skip
    assert "Tibet" in far.stderr


@pytest.mark.parametrize("shape", [(4, 3), (3, 4)])
def test_bilinear_on_three_columns_or_rows(gridmill, tmp_path, shape):
    """Three in a row are no ring, though the third is but two steps from the first."""
    lat, lon = np.meshgrid(40.0 + np.arange(shape[0]), 10.0 + np.arange(shape[1]), indexing="ij")
    short, place = (lon - 11, (41.5, 10.25)) if shape[1] == 3 else (lat - 41, (40.25, 11.5))
    dims = ("y", "x")
    coords = {"lat": (dims, lat, {"units": "degrees_north"}), "lon": (dims, lon, {"units": "degrees_east"})}
    xr.Dataset({"v": (dims, short**2)}, coords=coords).to_netcdf(tmp_path / "in.nc")
    rows, _ = extracted(gridmill, tmp_path / "in.nc", tmp_path / "o.csv", "--point",
                        f"{place[0]},{place[1]}", "--method", "bilinear")  # fmt: skip
    np.testing.assert_allclose(column(rows, "v"), [0.75], rtol=1e-9)


# --- box


def overlaps(lat, lon, size, axes):
    """Weights of cells of 10 degrees on axes `axes`, by areas."""
    (lats, lons), half = axes, (size[0] / 2, size[1] / 2)
    edges = np.clip([lats - 5, lats + 5], -90, 90)
    low, high = max(-90, lat - half[0]), min(90, lat + half[0])
    part = np.clip(edges, low, high)
    rows = np.sin(np.radians(part[1])) - np.sin(np.radians(part[0]))
    columns = np.zeros(len(lons))
    for turn in (-720, -360, 0, 360, 720):
        left, right = np.maximum(lons - 5 + turn, lon - half[1]), np.minimum(lons + 5 + turn, lon + half[1])
        columns += np.maximum(0, right - left)
    return np.outer(rows, columns)


@pytest.mark.parametrize(("text", "size"), [("2", (2, 2)), ("25", (25, 25)), ("40x170.5", (40, 170.5)),
                                            ("180x360", (180, 360))])  # fmt: skip
def test_box_is_the_mean_by_area(gridmill, world, tmp_path, text, size):
    rows, points = extracted(gridmill, world, tmp_path / "o.csv", *POINTS, "--variables", "t,gaps,counts",
                             "--method", "box", "--box", text)  # fmt: skip
    with xr.open_zarr(world) as data:
        data = data.load().transpose("time", "level", "lat", "lon")
        axes = data.lat.to_numpy(), data.lon.to_numpy()
        for i, (lat, lon) in enumerate(PLACES.values()):
            weights = overlaps(lat, lon, size, axes)
            assert points[i]["cells"] == (weights > 1e-9).sum()
            for name in ["t", "gaps", "counts"]:
                values = data[name].to_numpy().astype("f8")
                there = ~np.isnan(values) * weights
                with np.errstate(invalid="ignore"):
                    means = (np.nan_to_num(values) * weights).sum(axis=(-2, -1)) / there.sum(axis=(-2, -1))
                got = column(rows, name).reshape(12, 2, len(PLACES))[:, :, i]
                wanted = means if means.ndim == 2 else np.repeat(means[:, None], 2, axis=1)
                np.testing.assert_allclose(got, wanted, rtol=1e-11)


def test_a_constant_stays_one_and_points_do_not_depend_on_each_other(gridmill, tmp_path):
    lat, lon = np.linspace(-89.5, 89.5, 180), np.linspace(-179.5, 179.5, 360)
    coords = {"lat": ("lat", lat, {"units": "degrees_north"}),
              "lon": ("lon", lon, {"units": "degrees_east"})}  # fmt: skip
    grid = xr.Dataset({"one": (("lat", "lon"), np.full((180, 360), 7.0))}, coords=coords)
    grid.to_netcdf(tmp_path / "in.nc")
    points = [(90, 0), (-90, 120), (0.3, 179.9), (45.1, -180)]
    options = [x for a, b in points for x in ("--point", f"{a},{b}")]
    for method in (["--method", "box", "--box", "7x13"], ["--method", "bilinear"]):
        rows, _ = extracted(gridmill, tmp_path / "in.nc", tmp_path / "o.csv", *options, *method)
        np.testing.assert_allclose(column(rows, "one"), 7, rtol=1e-14)


def test_bytes_do_not_depend_on_threads_or_memory(gridmill, world, tmp_path):
    texts = []
    for i, options in enumerate([("--threads", "1"), ("--threads", "4", "--memory", "64M")]):
        out = tmp_path / f"{i}.csv"
        run(gridmill, world, *POINTS, "--method", "box", "--box", "33", "-o", out, *options)
        texts.append(out.read_bytes())
    assert texts[0] == texts[1]


def test_features_are_of_the_means(gridmill, world, tmp_path):
    way = ["--method", "box", "--box", "30"]
    plain, _ = extracted(gridmill, world, tmp_path / "p.csv", *POINTS, "--variables", "t", *way)
    rows, _ = extracted(gridmill, world, tmp_path / "f.csv", *POINTS, *way, "--feature",
                        "change=t - lag(t, 12h)")  # fmt: skip
    mean = column(plain, "t").reshape(12, -1)
    wanted = np.full_like(mean, np.nan)
    wanted[2:] = mean[2:] - mean[:-2]
    np.testing.assert_allclose(column(rows, "change"), wanted.ravel(), rtol=1e-12, atol=1e-12)


def test_only_chunks_with_cells_are_read(gridmill, world, tmp_path):
    got = run(gridmill, world, "--point", "40,20", "--variables", "t", "--method", "box", "--box", "30",
              "-o", tmp_path / "o.csv", "--json")  # fmt: skip
    report = json.loads(got.stdout)
    # Latitudes 3 to 6, longitudes 1 to 3: one chunk of the grid, at 3 x 2 of times and levels.
    assert report["chunks_read"] == 3 * 2
    assert report["read_amplification"] == 1


# --- masks


def nearest_valid(place, lat, lon, valid):
    """Position of the nearest valid cell of a grid, and how far it is."""
    away = great_circle_km(place, np.meshgrid(lat, lon, indexing="ij"))
    away[~valid] = np.inf
    at = np.unravel_index(np.argmin(away), away.shape)
    return at, away[at]


@pytest.mark.parametrize("mask", ["sea", "sea > 0.5", "sea == 1 and lat < 100"])
def test_a_mask_moves_points_to_the_nearest_valid_cell(gridmill, world, tmp_path, mask):
    rows, points = extracted(gridmill, world, tmp_path / "o.csv", *POINTS, "--variables", "t",
                             "--mask", mask, "--mask-radius", "9000")  # fmt: skip
    with xr.open_zarr(world) as data:
        data = data.load()
    valid = data["sea"].to_numpy() == 1
    moved = 0
    for i, place in enumerate(PLACES.values()):
        east = np.abs((data.lon - place[1] + 180) % 360 - 180).argmin()  # modulo 360
        own = data["t"].sel(lat=place[0], method="nearest").isel(lon=int(east))
        is_own = data["sea"].sel(lat=own.lat, lon=own.lon) == 1
        at, away = nearest_valid(place, data.lat.to_numpy(), data.lon.to_numpy(), valid)
        wanted = own if is_own else data["t"][:, :, at[0], at[1]]
        got = column(rows, "t").reshape(12, 2, len(PLACES))[:, :, i]
        np.testing.assert_array_equal(got.astype("f4"), wanted.to_numpy())
        assert points[i]["grid_lat"] == wanted.lat and points[i]["grid_lon"] == wanted.lon
        if not is_own:
            assert points[i]["distance_km"] == pytest.approx(away)
        moved += not is_own
    assert moved > 0


def test_a_mask_leaves_cells_out_of_means(gridmill, world, tmp_path):
    with xr.open_zarr(world) as data:
        data = data.load()
    valid = data["sea"].to_numpy() == 1
    axes = data.lat.to_numpy(), data.lon.to_numpy()
    rows, points = extracted(gridmill, world, tmp_path / "o.csv", *POINTS, "--variables", "t",
                             "--mask", "sea", "--method", "box", "--box", "45")  # fmt: skip
    for i, place in enumerate(PLACES.values()):
        weights = overlaps(*place, (45, 45), axes) * valid
        assert points[i]["cells"] == (weights > 1e-9).sum()
        wanted = (data["t"].to_numpy().astype("f8") * weights).sum(axis=(2, 3)) / weights.sum()
        got = column(rows, "t").reshape(12, 2, len(PLACES))[:, :, i]
        np.testing.assert_allclose(got, wanted, rtol=1e-11)


def test_bilinear_takes_the_valid_neighbours(gridmill, world, tmp_path):
    _, all_points = extracted(gridmill, world, tmp_path / "o.csv", *POINTS, "--variables", "t",
                              "--method", "bilinear")  # fmt: skip
    with xr.open_zarr(world) as data:
        data = data.load()
    tried = 0
    for point in all_points:
        where = f"{point['lat']},{point['lon']}"
        corners = [c for c in point["corners"] if data["sea"].sel(lat=c["lat"], lon=c["lon"]) == 1]
        command = [world, "--point", where, "--variables", "t", "--mask", "sea", "--method", "bilinear",
                   "-o", tmp_path / "b.csv", "--overwrite"]  # fmt: skip
        if not corners:
            got = run(gridmill, *command, status=2)
            assert "valid" in got.stderr and "--method nearest" in got.stderr
            continue
        run(gridmill, *command)
        weights = np.array([c["weight"] for c in corners])
        values = [data["t"].sel(lat=c["lat"], lon=c["lon"]).to_numpy().astype("f8") for c in corners]
        wanted = np.tensordot(weights, values, axes=1) / weights.sum()
        np.testing.assert_allclose(column(table(tmp_path / "b.csv"), "t"), wanted.ravel(), rtol=1e-12)
        tried += len(corners) < len(point["corners"])
    assert tried > 0


def test_sea_points_of_a_real_grid(gridmill, data, tmp_path):
    """Monthly sea surface temperatures around the equator: land is missing, and has no mask file."""
    path = data / "ostia_monthly.nc"
    places = [(0.1, 9.3), (-3.0, 39.0), (1.0, 103.0), (-1.0, -48.0), (4.3, 7.0)]
    options = [x for a, b in places for x in ("--point", f"{a},{b}")]
    rows, points = extracted(gridmill, path, tmp_path / "o.csv", *options, "--mask-valid",
                             "surface_temperature", "--mask-radius", "600")  # fmt: skip
    with xr.open_dataset(path) as sea:
        sst = sea["surface_temperature"].load()
    valid = ~np.isnan(sst[0].to_numpy())
    assert not np.isnan(column(rows, "surface_temperature")).any()
    moved = 0
    for i, (lat, lon) in enumerate(places):
        own = sst.sel(latitude=lat, method="nearest").sel(longitude=lon % 360, method="nearest")
        (r, c), away = nearest_valid((lat, lon), sst.latitude.to_numpy(), sst.longitude.to_numpy(), valid)
        wanted = sst[:, r, c] if np.isnan(own[0]) else own
        moved += bool(np.isnan(own[0]))
        np.testing.assert_array_equal(
            column(rows, "surface_temperature").reshape(-1, len(places))[:, i].astype("f4"), wanted.to_numpy()
        )
        if np.isnan(own[0]):
            assert points[i]["distance_km"] == pytest.approx(away, rel=1e-6)
    assert moved > 0


def test_no_valid_cell_within_the_radius(gridmill, world, tmp_path):
    with xr.open_zarr(world) as data:
        dry = data["sea"].load()
    r, c = np.argwhere(dry.to_numpy()[5:14] == 0)[0] + (5, 0)
    place = f"{float(dry.lat[r])},{float(dry.lon[c])}"
    got = run(gridmill, world, "--point", f"here={place}", "--mask", "sea", "--mask-radius", "5",
              "--variables", "t", "-o", tmp_path / "o.csv", status=2)  # fmt: skip
    for words in ["here", "5.0 km", "--mask sea", "--mask-radius", f"{float(dry.lat[r]):g}"]:
        assert words in got.stderr
    assert not (tmp_path / "o.csv").exists()


# --- plans, Parquet, what is refused


def test_a_plan_keeps_the_method(gridmill, world, tmp_path):
    way = [*POINTS, "--variables", "t", "--mask", "sea", "--method", "box", "--box", "45x30"]
    run(gridmill, world, *way, "-o", tmp_path / "now.csv")
    plan = tmp_path / "plan.json"
    got = gridmill("plan", "extract", world, tmp_path / "later.csv", *way, "-o", plan)
    assert got.returncode == 0, got.stderr
    got = gridmill("exec", plan)
    assert got.returncode == 0, got.stderr
    assert (tmp_path / "later.csv").read_bytes() == (tmp_path / "now.csv").read_bytes()
    got = gridmill("plan", "convert", world, tmp_path / "x.zarr", "--mask", "sea")
    assert got.returncode == 2 and "convert has no --mask" in got.stderr


BOX = ["--method", "box"]


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (["--method", "bilinaer"], 2, "did you mean bilinear?"),
        (BOX, 2, "--box"),
        (["--box", "2"], 2, "--method box"),
        ([*BOX, "--box", "0"], 2, "more than 0"),
        ([*BOX, "--box", "2x400"], 2, "360"),
        ([*BOX, "--box", "181"], 2, "180"),
        ([*BOX, "--box", "nan"], 2, "more than 0"),
        ([*BOX, "--box", "1x2x3"], 2, "LATxLON"),
        ([*BOX, "--box", "two"], 2, "--box two"),
        (["--mask", "see"], 2, "sea"),
        (["--mask", "sea >"], 2, "column"),
        (["--mask", "dated"], 2, "12 positions along time"),
        (["--mask-valid", "sae"], 2, "sea"),
        (["--mask", "sea", "--mask-valid", "sea"], 2, "exclude"),
        (["--mask-radius", "5"], 2, "--mask"),
        (["--mask", "sea", "--mask-radius", "-5"], 2, "--mask-radius"),
        (["--mask", "sea", "--mask-radius", "far"], 2, "--mask-radius"),
        (["--mask", "sea", "--mask-radius", "9", "--method", "bilinear"], 2, "nearest"),
        (["--mask", "lat > 100"], 2, "valid"),
    ],
)
def test_what_makes_no_sense_is_refused(gridmill, world, tmp_path, options, status, words):
    out = tmp_path / "o.csv"
    got = run(gridmill, world, "--point", "50,7", "--variables", "t", *options, "-o", out, status=status)
    assert words in got.stderr
    assert not out.exists()


def test_a_mask_of_one_time_may_be_chosen(gridmill, world, tmp_path):
    way = ["--point", "40,33", "--variables", "t", "--sel", "time=2001-02-27T06:00:00",
           "--mask-radius", "9000"]  # fmt: skip
    first, _ = extracted(gridmill, world, tmp_path / "a.csv", *way, "--mask", "dated")
    second, _ = extracted(gridmill, world, tmp_path / "b.csv", *way, "--mask", "sea")
    assert first == second


@pytest.mark.parametrize("method", [["--method", "bilinear"], [*BOX, "--box", "2"], []])
def test_points_outside_a_region_are_refused(gridmill, data, tmp_path, method):
    path = data / "ostia_monthly.nc"
    got = run(gridmill, path, "--point", "far=51.5,0", *method, "-o", tmp_path / "o.csv", status=2)
    assert "far" in got.stderr and "outside the grid" in got.stderr


def test_lists_have_no_neighbours(gridmill, tmp_path):
    stations = xr.Dataset(
        {"t": (("time", "station"), np.arange(12.0).reshape(3, 4))},
        coords={
            "lat": ("station", [50.0, 50.5, 51.0, 60.0], {"units": "degrees_north"}),
            "lon": ("station", [7.0, 7.5, 8.0, 10.0], {"units": "degrees_east"}),
        },
    )
    stations.to_netcdf(tmp_path / "s.nc")
    out = tmp_path / "o.csv"
    got = run(gridmill, tmp_path / "s.nc", "--point", "50.2,7.1", "--method", "bilinear", "-o", out, status=1)
    assert "list of places" in got.stderr and "--method nearest" in got.stderr
    rows, points = extracted(gridmill, tmp_path / "s.nc", out, "--point", "50.4,7.4", *BOX, "--box", "2")
    np.testing.assert_allclose(column(rows, "t"), [1, 5, 9])
    assert points[0]["cells"] == 3
    got = run(gridmill, tmp_path / "s.nc", "--point", "55,20", *BOX, "--box", "1", "-o", out,
              "--overwrite", status=2)  # fmt: skip
    assert "no cell" in got.stderr and "--box" in got.stderr


@pytest.mark.parametrize("options", [[*BOX, "--box", "2"], ["--method", "bilinear"], ["--mask", "t"]])
def test_without_points_there_is_no_method(gridmill, tmp_path, options):
    table_like = xr.Dataset({"t": ("file_id", np.arange(4.0))}, coords={"file_id": np.arange(4)})
    table_like.to_netcdf(tmp_path / "t.nc")
    out = tmp_path / "o.csv"
    got = run(gridmill, tmp_path / "t.nc", *options, "-o", out, status=2)
    assert "no point is given" in got.stderr and not out.exists()
