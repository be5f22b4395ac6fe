"""The packings that Gridmill leaves to ecCodes: the same values, bit for bit, as ecCodes gives in Python.

Each file holds several messages, so that with four threads several are decoded at once. ecCodes 2.28
itself garbles what it writes in edition 2's second order; what it then reads is still the oracle here,
and for all the others the values are also near those that went in.
"""

import eccodes
import numpy as np
import pytest
import zarr

from fidelity.comparison import assert_same_values, convert, open_store

MISSING = 9999.0
DAYS = 5
# Packing, edition, further keys.
PACKINGS = {
    "complex": ("grid_complex", 2, {}),
    "spatial_differencing_1": ("grid_complex_spatial_differencing", 2,
                               {"orderOfSpatialDifferencing": 1}),
    "spatial_differencing_2": ("grid_complex_spatial_differencing", 2,
                               {"orderOfSpatialDifferencing": 2}),
    "second_order_2": ("grid_second_order", 2, {}),
    "second_order": ("grid_second_order", 1, {}),
    "second_order_SPD1": ("grid_second_order_SPD1", 1, {}),
    "second_order_SPD3": ("grid_second_order_SPD3", 1, {}),
    "ieee_32": ("grid_ieee", 2, {"precision": 1}),
    "ieee_64": ("grid_ieee", 2, {"precision": 2}),
}  # fmt: skip
GARBLED = {"second_order_2"}
CASES = [*PACKINGS, "mixed"]
bitmaps = pytest.mark.parametrize("bitmap", [False, True], ids=["whole", "bitmap"])
threads = pytest.mark.parametrize("threads", [1, 4])


def message(name, day, bitmap):
    """A message of the given packing, and the values that went into it."""
    packing, edition, keys = PACKINGS[name]
    handle = eccodes.codes_grib_new_from_samples(f"regular_ll_pl_grib{edition}")
    eccodes.codes_set(handle, "dataDate", 20200101 + day)
    ny, nx = eccodes.codes_get(handle, "Ny"), eccodes.codes_get(handle, "Nx")
    y, x = np.mgrid[:ny, :nx]
    noise = np.random.default_rng(day).random((ny, nx))
    values = (280 + 20 * np.sin(x / 3) + y + day + noise).ravel()
    if bitmap:
        values[day::7] = MISSING
        eccodes.codes_set(handle, "bitmapPresent", 1)
        eccodes.codes_set(handle, "missingValue", MISSING)
    eccodes.codes_set(handle, "bitsPerValue", 16)
    eccodes.codes_set_values(handle, values)
    eccodes.codes_set(handle, "packingType", packing)
    for key, value in keys.items():
        eccodes.codes_set(handle, key, value)
    if keys:
        eccodes.codes_set_values(handle, values)
    assert eccodes.codes_get(handle, "packingType") == packing
    return eccodes.codes_get_message(handle), values.reshape(ny, nx)


def by_eccodes(content):
    """The values of a message as float32, missing ones NaN: what cfgrib makes of ecCodes' doubles."""
    handle = eccodes.codes_new_from_message(content)
    eccodes.codes_set(handle, "missingValue", MISSING)
    shape = eccodes.codes_get(handle, "Ny"), eccodes.codes_get(handle, "Nx")
    values = eccodes.codes_get_values(handle).reshape(shape)
    return np.where(values == MISSING, np.nan, values).astype("f4")


def made(path, case, bitmap):
    """Writes the file; returns what ecCodes reads from it, a (day, lat, lon) array."""
    # All in one hypercube; messages of both editions do not share theirs.
    mixed = [name for name in PACKINGS if PACKINGS[name][1] == 2]
    names = mixed if case == "mixed" else [case] * DAYS
    contents, wanted = [], []
    for day, name in enumerate(names):
        content, values = message(name, day, bitmap)
        contents.append(content)
        wanted.append(by_eccodes(content))
        assert np.isnan(wanted[-1]).sum() == (values == MISSING).sum()
        if name not in GARBLED:
            there = values != MISSING
            np.testing.assert_allclose(wanted[-1][there], values[there], atol=0.5)
    path.write_bytes(b"".join(contents))
    return np.array(wanted)


@threads
@bitmaps
@pytest.mark.parametrize("case", CASES)
def test_as_ecCodes_decodes(gridmill, tmp_path, case, bitmap, threads):
    path, store = tmp_path / "in.grib", tmp_path / "out.zarr"
    wanted = made(path, case, bitmap)
    convert(gridmill, path, store, "--threads", threads)
    data = open_store(store)
    (name,) = data.data_vars
    assert_same_values(data[name].values, wanted, "xarray")
    assert_same_values(zarr.open_group(store, mode="r")[name][...], wanted, "zarr-python")
    run = gridmill("dump", f"{path}#/{name}", "--raw", "--threads", threads, text=False)
    assert run.returncode == 0, run.stderr
    found = np.frombuffer(run.stdout, "<f4").reshape(wanted.shape)
    assert_same_values(found, wanted, "dump")


@bitmaps
@pytest.mark.parametrize("case", CASES)
def test_a_part_is_that_part_of_the_whole(gridmill, tmp_path, case, bitmap):
    path = tmp_path / "in.grib"
    wanted = made(path, case, bitmap)
    name = "t2m" if case in PACKINGS and PACKINGS[case][1] == 1 else "t"  # those of the samples
    run = gridmill("dump", f"{path}#/{name}", "--raw", "--region",
                   "time=1:4,latitude=3:17,longitude=5:6", text=False)
    assert run.returncode == 0, run.stderr
    found = np.frombuffer(run.stdout, "<f4").reshape(3, 14, 1)
    assert_same_values(found, wanted[1:4, 3:17, 5:6], "dump")


@pytest.mark.parametrize("case", ["complex", "second_order", "ieee_32"])
def test_a_damaged_message_is_refused(gridmill, tmp_path, case):
    """Its data section ends early: its own length says so, and ecCodes has too few bytes."""
    path = tmp_path / "in.grib"
    made(path, case, False)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    run = gridmill("convert", path, tmp_path / "out.zarr")
    assert run.returncode == 3 and str(path) in run.stderr and "message" in run.stderr, run.stderr
    assert not (tmp_path / "out.zarr").exists()


# Sections of the message, octets in them (from 1) and what is written there. ecCodes 2.28 ends the
# process on each but the first (an assertion, or memory that is not its own), and makes up the values
# that the groups of the first do not hold: it must not come that far.
FATAL = {
    "groups that hold too few values": ("complex", {(5, 46): 1}),
    "group lengths' reference, 1": ("complex", {(5, 38): 255}),
    "group lengths' reference, 2": ("spatial_differencing_1", {(5, 39): 16}),
    "length of the last group": ("complex", {(5, 43): 132}),
    "groups' reference, differencing": ("spatial_differencing_2", {(5, 41): 4}),
    "a group's length": ("spatial_differencing_2", {(7, 234): 255}),
    "second order, widths": ("second_order", {(4, 14): 144, (4, 72): 0}),
    "second order, sizes": ("second_order",
                            {(4, 11): 0, (4, 22): 255, (4, 117): 0, (4, 187): 10}),
}  # fmt: skip


def section_begin(content, number):
    at, width = (16, 4) if content[7] == 2 else (8, 3)
    expected = iter((1, 2, 4))  # those of the samples of edition 1
    while True:
        here = content[at + 4] if content[7] == 2 else next(expected)
        if here == number:
            return at
        at += int.from_bytes(content[at : at + width], "big")


@pytest.mark.parametrize("verb", ["dump", "convert"])
@pytest.mark.parametrize("damage", FATAL)
def test_damage_that_ecCodes_does_not_survive(gridmill, tmp_path, damage, verb):
    packing, changes = FATAL[damage]
    content = bytearray(message(packing, 0, False)[0])
    for (section, octet), value in changes.items():
        content[section_begin(content, section) + octet - 1] = value
    path, out = tmp_path / "in.grib", tmp_path / "out.zarr"
    path.write_bytes(content)
    name = "t2m" if PACKINGS[packing][1] == 1 else "t"
    words = ("dump", f"{path}#/{name}", "--raw") if verb == "dump" else ("convert", path, out)
    run = gridmill(*words, text=False)
    said = run.stderr.decode()
    assert run.returncode == 3, (run.returncode, said)
    assert str(path) in said and "message 1" in said and not run.stdout
    assert not out.exists()
