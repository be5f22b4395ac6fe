"""How two readings of the same data are compared: by the bytes of their values, never by tolerance."""

import warnings

import numpy as np
import xarray as xr

RAW = {"mask_and_scale": False, "decode_times": False, "decode_coords": False}


def open_store(path, group=None, raw=False, **options):
    """The store as a user of xarray opens it. Every warning is an error, without exception."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        options = {**(RAW if raw else {}), **options}
        return xr.open_zarr(path, group=group, consolidated=True, chunks=None, **options).load()


def open_original(path, group=None, raw=False, **options):
    """A netCDF file as xarray reads it through netCDF4; what the original deserves is its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {**(RAW if raw else {}), **options}
        return xr.open_dataset(path, engine="netcdf4", group=group, **options).load()


def native(values):
    """Byte order is storage, not value."""
    values = np.asarray(values)
    return values.astype(values.dtype.newbyteorder("=")) if values.dtype.kind in "iufcMm" else values


def is_text(values):
    return values.dtype.kind in "OTU"


def assert_same_values(found, wanted, where):
    found, wanted = native(found), native(wanted)
    assert found.shape == wanted.shape, f"{where}: shape {found.shape} instead of {wanted.shape}"
    if is_text(wanted) or is_text(found):
        assert is_text(found) and is_text(wanted), f"{where}: {found.dtype}, not {wanted.dtype}"
        assert found.ravel().tolist() == wanted.ravel().tolist(), f"{where}: texts or dates differ"
        return
    assert found.dtype == wanted.dtype, f"{where}: type {found.dtype} instead of {wanted.dtype}"
    if found.tobytes() != wanted.tobytes():  # NaN payloads and the sign of zero count
        bits = f"V{found.dtype.itemsize}"
        differs = np.ascontiguousarray(found).view(bits) != np.ascontiguousarray(wanted).view(bits)
        at = tuple(int(i) for i in np.argwhere(differs.reshape(found.shape))[0])
        raise AssertionError(
            f"{where}: {int(differs.sum())} values differ, the first at {at}: "
            f"{found[at]!r} instead of {wanted[at]!r}"
        )


def same_attribute(found, wanted):
    """JSON has one kind of number and no numpy types; the value must survive in the type that it had."""
    if isinstance(wanted, str) or isinstance(found, str):
        return isinstance(wanted, str) and found == wanted
    wanted = np.atleast_1d(np.asarray(wanted))
    if wanted.dtype.kind in "OUST":
        return [str(text) for text in np.atleast_1d(np.asarray(found))] == [
            str(text) for text in wanted
        ]
    values = np.atleast_1d(np.asarray(found))
    if values.shape != wanted.shape or values.dtype.kind not in "iufb":
        return False
    if wanted.dtype.kind in "iu" and values.dtype.kind == "f":
        return False
    return np.array_equal(values.astype(wanted.dtype), wanted, equal_nan=wanted.dtype.kind == "f")


def assert_same_attributes(found, wanted, where):
    assert set(found) == set(wanted), (
        f"{where}: attributes {sorted(set(found) ^ set(wanted))} are in one of the two only"
    )
    for name, value in wanted.items():
        assert same_attribute(found[name], value), (
            f"{where}: attribute {name} is {found[name]!r} instead of {value!r}"
        )


def assert_same_dataset(found, wanted, where="", order=False):
    """Variables, which of them are coordinates, dimensions, types, attributes, values bit for bit."""
    assert set(found.variables) == set(wanted.variables), where
    assert set(found.coords) == set(wanted.coords), where
    assert dict(found.sizes) == dict(wanted.sizes), where
    assert_same_attributes(found.attrs, wanted.attrs, f"{where} (the dataset)")
    for name, variable in wanted.variables.items():
        place = f"{where}: {name}"
        assert found[name].dims == variable.dims, place
        assert_same_values(found[name].variable.values, variable.values, place)
        assert_same_attributes(found[name].attrs, variable.attrs, place)


def assert_same_encoding(found, wanted, where=""):
    """What xarray needs to write the same file again: packing, fill value, units of time."""
    for name, variable in wanted.variables.items():
        for key in ("_FillValue", "scale_factor", "add_offset", "units", "calendar"):
            own, other = found[name].encoding.get(key), variable.encoding.get(key)
            place = f"{where}: {name}.encoding[{key}]"
            assert (own is None) == (other is None), f"{place} is {own!r} instead of {other!r}"
            assert other is None or same_attribute(own, other), f"{place}: {own!r}, {other!r}"


def convert(gridmill, *arguments, **options):
    """Converts, and fails the test with the command's own words if it could not."""
    run = gridmill("convert", *arguments, **options)
    assert run.returncode == 0, f"exit {run.returncode}: {run.stderr}"
    return run
