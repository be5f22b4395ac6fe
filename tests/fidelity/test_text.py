"""Texts from before UTF-8: as netCDF4-python shows them, and the store can be verified."""

import netCDF4
import pytest

from fidelity.comparison import convert, open_store


@pytest.mark.parametrize("kind", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_DATA"])
def test_latin_1_attributes(gridmill, tmp_path, kind):
    path, store = tmp_path / "latin.nc", tmp_path / "out.zarr"
    with netCDF4.Dataset(path, "w", format=kind) as file:
        file.title = "caf@ au lait"
        file.createDimension("x", 2)
        variable = file.createVariable("t", "f4", ("x",))
        variable.units = "@C"
        variable[:] = [1, 2]
    raw = path.read_bytes()
    assert raw.count(b"caf@") == 1 and raw.count(b"@C") == 1
    path.write_bytes(raw.replace(b"caf@", b"caf\xe9").replace(b"@C", b"\xb0C"))
    with netCDF4.Dataset(path) as file:
        title, units = file.title, file["t"].units
    assert title == "caf\ufffd au lait" and units == "\ufffdC"
    convert(gridmill, path, store)
    found = open_store(store)
    assert found.attrs["title"] == title and found["t"].attrs["units"] == units
    run = gridmill("verify", store, "--against", path)
    assert run.returncode == 0, run.stdout + run.stderr
    back = tmp_path / "back.nc"
    convert(gridmill, store, back)
    with netCDF4.Dataset(back) as file:
        assert file.title == title and file["t"].units == units
