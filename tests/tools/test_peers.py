"""The pinned peers open the real data: without this, a comparison with them proves nothing."""

import cfgrib  # noqa: F401  (registers xarray's engine)
import xarray


def test_cfgrib_reads_a_hypercube(data):
    source = data / "era5-levels-members.grib"
    with xarray.open_dataset(source, engine="cfgrib", backend_kwargs={"indexpath": ""}) as dataset:
        assert dict(dataset.sizes) == {
            "number": 10, "time": 4, "isobaricInhPa": 2, "latitude": 61, "longitude": 120,
        }
        assert 200 < float(dataset.t.mean()) < 320


def test_xarray_reads_every_netcdf_file(data):
    files = sorted(data.glob("*.nc"))
    assert files
    for file in files:
        with xarray.open_dataset(file) as dataset:
            assert dataset.variables, file


def test_xarray_reads_every_climatology(ferret):
    files = sorted(file for file in ferret.iterdir() if file.suffix in {".nc", ".cdf"})
    assert len(files) == 10
    for file in files:
        with xarray.open_dataset(file, decode_times=False) as dataset:
            assert dataset.variables, file
