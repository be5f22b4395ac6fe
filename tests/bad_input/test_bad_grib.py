"""Damaged and unknown GRIB messages among good ones: exit code, file, message number, offset, way out.

Every case has a good message before and one behind the bad one; neither is taken for the whole.
"""

import eccodes
import numpy as np
import pytest

GRID = {
    "Ni": 4, "Nj": 3,
    "latitudeOfFirstGridPointInDegrees": 20.0, "latitudeOfLastGridPointInDegrees": 0.0,
    "longitudeOfFirstGridPointInDegrees": 0.0, "longitudeOfLastGridPointInDegrees": 30.0,
    "iDirectionIncrementInDegrees": 10.0, "jDirectionIncrementInDegrees": 10.0,
}  # fmt: skip
EDITIONS = pytest.mark.parametrize("edition", [1, 2])


def message(edition, level, **keys):
    handle = eccodes.codes_grib_new_from_samples(f"GRIB{edition}")
    keys = {**GRID, "bitsPerValue": 8, "typeOfLevel": "isobaricInhPa", "level": level, **keys}
    for key, value in keys.items():
        eccodes.codes_set(handle, key, value)
    eccodes.codes_set_values(handle, np.arange(12.0) + level)
    return bytearray(eccodes.codes_get_message(handle))


def section(bytes_, number):
    """Where a section begins: edition 2 by its number, edition 1 by the order 1, 2, 4."""
    at = 16
    if bytes_[7] == 1:
        at = 8
        for here in (1, 2, 4):
            if here == number:
                return at
            at += int.from_bytes(bytes_[at : at + 3], "big")
    while bytes_[at + 4] != number:
        at += int.from_bytes(bytes_[at : at + 4], "big")
    return at


def put(bytes_, at, value, size):
    bytes_[at : at + size] = value.to_bytes(size, "big")


def joined(messages):
    """One message of edition 2 with the fields of all."""
    whole = messages[0][:-4]
    for other in messages[1:]:
        whole += other[section(other, 4) : -4]
    whole += b"7777"
    put(whole, 8, len(whole), 8)
    return whole


@pytest.fixture
def refuses(gridmill, tmp_path):
    """Puts bad bytes between two good messages; every verb that opens them must refuse the file."""

    def check(edition, bad, code, *words):
        good = bytes(message(edition, 500))
        path, out = tmp_path / "some.grib", tmp_path / "out.zarr"
        path.write_bytes(good + bytes(bad) + bytes(message(edition, 1000)))
        verbs = [("info", path), ("convert", path, out), ("dump", f"{path}#/t"),
                 ("extract", path, "--point", "10,10", "-o", tmp_path / "out.csv")]  # fmt: skip
        for verb in verbs:
            run = gridmill(*verb)
            assert run.returncode == code, (verb, run.stdout, run.stderr)
            for word in ("some.grib", "message 2", f"byte {len(good)}", "message 1 before it is good",
                         *words):  # fmt: skip
                assert word in run.stderr, (word, run.stderr)
        assert not out.exists() and not (tmp_path / "out.csv").exists()
        return run.stderr

    return check


# The samples have no section 3 (edition 1: a bitmap) and no section 2 (edition 2: local use).
@pytest.mark.parametrize(("edition", "number"), [(1, 1), (1, 2), (1, 4), (2, 1), (2, 3), (2, 4)])
@pytest.mark.parametrize("wrong", ["zero", "one", "too long", "largest"])
def test_broken_section_length(refuses, edition, number, wrong):
    bad = message(edition, 850)
    size, at = (3 if edition == 1 else 4), section(bad, number)
    length = int.from_bytes(bad[at : at + size], "big")
    values = {"zero": 0, "one": 1, "too long": len(bad), "largest": 256**size - 1}
    if edition == 1 and number == 2:
        values["one"] = length + 12  # leads behind the beginning of section 4
    put(bad, at, values[wrong], size)
    refuses(edition, bad, 3, "section ", "impossible length", "1 good message comes after it")


@pytest.mark.parametrize("number", [5, 6, 7])
@pytest.mark.parametrize("length", [0, 4, 10**6, 2**32 - 1])
def test_broken_length_of_a_data_section(refuses, number, length):
    bad = message(2, 850)
    put(bad, section(bad, number), length, 4)
    refuses(2, bad, 3, f"section {number}", "1 good message comes after it")


@EDITIONS
@pytest.mark.parametrize("mark", [b"7778", b"\0\0\0\0", b"GRIB"])
def test_end_mark_missing(refuses, edition, mark):
    bad = message(edition, 850)
    bad[-4:] = mark
    refuses(edition, bad, 3, "7777", "1 good message comes after it")


@EDITIONS
def test_stated_length_that_is_wrong(refuses, edition):
    for length in (8, 31, 10**6):
        bad = message(edition, 850)
        put(bad, 4 if edition == 1 else 8, length, 3 if edition == 1 else 8)
        refuses(edition, bad, 3, "1 good message comes after it")


@EDITIONS
def test_rubbish_between_messages(refuses, edition):
    refuses(edition, b"\x80rubbish", 3, "neither a GRIB message nor padding")


@EDITIONS
def test_truncated_anywhere(gridmill, tmp_path, edition):
    """Whether in the header, in the values or in the end mark; a cut at the edge is a shorter file."""
    one, two = message(edition, 500), message(edition, 850)
    path, out = tmp_path / "some.grib", tmp_path / "out.zarr"
    for kept in (1, 3, 4, 8, 20, 60, len(two) - 20, len(two) - 4, len(two) - 1):
        for tail in (b"", bytes(3), bytes(4096)):  # and what a crash leaves behind
            path.write_bytes(bytes(one + two[:kept]) + tail)
            run = gridmill("convert", path, out)
            assert run.returncode == 3, (kept, run.stderr)
            for word in ("some.grib", "message 2", f"byte {len(one)}", "message 1 before it is good"):
                assert word in run.stderr, (kept, run.stderr)
            assert not out.exists()


TEMPLATES = {
    "gridDefinitionTemplateNumber": (3, 12, "grid definition template 999"),
    "productDefinitionTemplateNumber": (4, 7, "product definition template 999"),
    "dataRepresentationTemplateNumber": (5, 9, "data representation template 999"),
}


@pytest.mark.parametrize("key", TEMPLATES)
def test_unknown_template(refuses, key):
    """Fields without a grid, a level or values were made of these."""
    number, offset, words = TEMPLATES[key]
    bad = message(2, 850)
    put(bad, section(bad, number) + offset, 999, 2)
    refuses(2, bad, 1, words, f"grib_copy -w {key}!=999", "1 good message comes after it")
    # Also as the second field of a message.
    refuses(2, joined([message(2, 300), message(2, 250), bad]) if number > 3 else bad, 1, words)


def test_unknown_grid_of_edition_1(refuses):
    bad = message(1, 850)
    bad[section(bad, 2) + 5] = 77
    refuses(1, bad, 1, "data representation type 77", "grib_copy -w dataRepresentationType!=77")


@pytest.mark.parametrize("before", [[], ["without"], ["with", "without"]])
def test_bitmap_that_was_not_defined_before(refuses, before):
    """Indicator 254: the bitmap of an earlier field. It was taken for no bitmap."""
    bad = message(2, 850)
    bad[section(bad, 6) + 5] = 254
    fields = [message(2, 100 + i, bitmapPresent=int(b == "with")) for i, b in enumerate(before)]
    refuses(2, joined([*fields, bad]), 3, "indicator 254", "1 good message comes after it")


def test_zeros_in_the_place_of_messages_are_told(gridmill, tmp_path):
    path, out = tmp_path / "some.grib", tmp_path / "out.zarr"
    one, two = message(2, 500), message(2, 850)
    path.write_bytes(bytes(one) + bytes(5000) + bytes(two) + bytes(7))
    word = f"from byte {len(one)} on there are 5000 zero bytes before message 2"
    verbs = [("info", path), ("convert", path, out), ("verify", out, "--against", path),
             ("dump", f"{path}#/t"), ("rechunk", path, tmp_path / "other.zarr"),
             ("extract", path, "--point", "10,10", "-o", tmp_path / "out.csv")]  # fmt: skip
    for verb in verbs:
        run = gridmill(*verb)
        assert run.returncode == 0, run.stderr
        assert word in run.stderr + run.stdout, (verb, run.stdout, run.stderr)
        assert "7 zero bytes" not in run.stderr + run.stdout


def packed(packing, **keys):
    """20 x 12 values of edition 2; in PNG ecCodes writes only what shrinks."""
    handle = eccodes.codes_grib_new_from_samples("GRIB2")
    keys = {**GRID, "Ni": 20, "Nj": 12, "latitudeOfLastGridPointInDegrees": -90.0, "bitsPerValue": 16,
            "longitudeOfLastGridPointInDegrees": 190.0, "typeOfLevel": "isobaricInhPa", "level": 850,
            **keys}  # fmt: skip
    for key, value in keys.items():
        eccodes.codes_set(handle, key, value)
    values = np.arange(240) // 120 if packing == "grid_png" else np.arange(240) ** 2 % 997
    eccodes.codes_set_values(handle, values.astype(float))
    eccodes.codes_set(handle, "packingType", packing)
    return bytearray(eccodes.codes_get_message(handle))


@pytest.fixture
def second_is_refused(gridmill, tmp_path):
    """Behind a message that is good: whoever needs the values of the second must refuse the file."""

    def check(bad, *words):
        good = bytes(packed("grid_simple", level=500))
        path, out = tmp_path / "some.grib", tmp_path / "out.zarr"
        path.write_bytes(good + bytes(bad))
        for verb in [("convert", path, out, "--memory", "256M"), ("dump", f"{path}#/t")]:
            run = gridmill(*verb)
            assert run.returncode == 3, (verb, run.stdout, run.stderr)
            for word in ("some.grib", "message 2", f"byte {len(good)}", *words):
                assert word in run.stderr, (word, run.stderr)
        assert not out.exists()
        # As the first message its places are asked for; that decoded its values.
        path.write_bytes(bytes(bad))
        run = gridmill("info", path)
        assert run.returncode in (0, 3), run.stderr
        run = gridmill("convert", path, out)
        assert run.returncode == 3 and "message 1 at byte 0" in run.stderr, run.stderr
        assert not out.exists()

    return check


@pytest.mark.parametrize("rows", [140, 4096, 65535])
def test_image_that_is_larger_than_its_grid(second_is_refused, rows):
    """ecCodes wrote all that the image says it has into the room of the grid."""
    bad = packed("grid_jpeg")
    put(bad, bad.index(b"\xff\x51") + 10, rows, 4)
    second_is_refused(bad, f"20 x {rows} pixels for 240 values")


@pytest.mark.parametrize("packing", ["grid_simple", "grid_jpeg", "grid_png", "grid_ccsds"])
def test_more_values_than_points(second_is_refused, packing):
    """17 GB of memory were asked for."""
    bad = packed(packing)
    put(bad, section(bad, 5) + 5, 2**31 + 240, 4)
    second_is_refused(bad, "2147483888 values, but its grid has 240 points")


@pytest.mark.parametrize("points", [241, 2**31 + 240])
def test_more_points_than_rows_and_columns(gridmill, tmp_path, points):
    bad = packed("grid_simple")
    put(bad, section(bad, 3) + 6, points, 4)
    path = tmp_path / "some.grib"
    path.write_bytes(bytes(bad))
    run = gridmill("info", path)
    assert run.returncode == 3
    for word in ("some.grib", "message 1 at byte 0", f"{points} latitudes where 240 are expected"):
        assert word in run.stderr, run.stderr


def test_more_points_than_a_small_message_can_mean(gridmill, tmp_path):
    """Found by fuzzing: 828 bytes that claim 210 million points asked for 1.7 GB."""
    import base64
    import zlib

    packed_file = (
        "eNpzD/J0YmC2YWRgMGlIavjf4A7kszOL8zAARUBAlAEOGkAEI+O/n4wGBgaGYCEFhv8MCiIpPAzXboAUNFy7wfTMQF1AXQCig+kO"
        "R4MwiCEBxBwMDAJglgIDgwYDgwEDgwUDQwADgweYjGBgSGBgyGBgKGBgqIDahV2LA2VaUojWsuP/f3o6bFTLENLCYA4EAL5oUTg="
    )
    path = tmp_path / "points.grib"
    path.write_bytes(zlib.decompress(base64.b64decode(packed_file)))
    run = gridmill("info", path)
    assert run.returncode == 3 and "message 1 at byte 0" in run.stderr and "210325744 points" in run.stderr, run.stderr
