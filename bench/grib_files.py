"""GRIB files for the benchmark: what fields.py makes, as messages."""

from datetime import datetime, timedelta

import eccodes
import numpy as np

import fields

START = datetime(1990, 1, 1)


def template(sample, lats, lons, **keys):
    handle = eccodes.codes_grib_new_from_samples(sample)
    grid = {"Ni": lons, "Nj": lats}
    grid |= {"latitudeOfFirstGridPointInDegrees": 80.0, "longitudeOfFirstGridPointInDegrees": 0.0}
    grid |= {"latitudeOfLastGridPointInDegrees": 80 - (lats - 1) * 0.25}
    grid |= {"longitudeOfLastGridPointInDegrees": (lons - 1) * 0.25}
    grid |= {"iDirectionIncrementInDegrees": 0.25, "jDirectionIncrementInDegrees": 0.25}
    for key, value in {**grid, **keys}.items():
        eccodes.codes_set(handle, key, value)
    return handle


def write_hours(file, handle, hours):
    """The same field again and again, an hour later each time."""
    for i in range(hours):
        time = START + timedelta(hours=i)
        eccodes.codes_set(handle, "dataDate", int(f"{time:%Y%m%d}"))
        eccodes.codes_set(handle, "dataTime", time.hour * 100)
        file.write(eccodes.codes_get_message(handle))


def small(path, count):
    """ERA5-like messages of edition 1: an hour of a small region each."""
    handle = template("GRIB1", 33, 49, bitsPerValue=16, indicatorOfParameter=167)
    eccodes.codes_set_values(handle, next(fields.steps(1, 33, 49)).ravel().astype(float))
    with open(path, "wb") as file:
        write_hours(file, handle, count)


def tiny(path, hours):
    """Ten levels of an hour each, of so few points that headers matter."""
    handle = template("GRIB2", 16, 16, bitsPerValue=16, typeOfLevel="isobaricInhPa", level=500)
    eccodes.codes_set_values(handle, np.linspace(200, 300, 256))
    messages = []
    for level in (1000, 850, 700, 500, 300, 200, 100, 50, 20, 10):
        eccodes.codes_set(handle, "level", level)
        messages.append(bytearray(eccodes.codes_get_message(handle)))
    with open(path, "wb") as file:
        for i in range(hours):
            time = START + timedelta(hours=i)
            when = time.year.to_bytes(2, "big") + bytes([time.month, time.day, time.hour, 0, 0])
            for message in messages:
                message[28:35] = when  # octets 13 to 19 of section 1
                file.write(message)


def large(path, count, lats, lons, packing):
    """Whole maps in edition 2."""
    handle = template("GRIB2", lats, lons, bitsPerValue=16)
    eccodes.codes_set(handle, "packingType", packing)
    with open(path, "wb") as file:
        for i, field in enumerate(fields.steps(count, lats, lons)):
            eccodes.codes_set(handle, "dataDate", int(f"{START + timedelta(days=i):%Y%m%d}"))
            eccodes.codes_set_values(handle, field.ravel().astype(float))
            file.write(eccodes.codes_get_message(handle))


def rows(bench):
    """Messages on one core: small ones whole, large ones decoded, very many opened."""
    if not bench.floors:
        return {}
    maps = (4, 91, 180) if bench.quick else (100, 361, 720)
    few, many = (200, 100) if bench.quick else (37_200, 100_000)
    made = {
        "grib_small": lambda path: small(path, few),
        "grib_simple": lambda path: large(path, *maps, "grid_simple"),
        "grib_ccsds": lambda path: large(path, *maps, "grid_ccsds"),
        "grib_index": lambda path: tiny(path, many),
    }
    sides = {
        "grib_small": {"gridmill": "all", "ecCodes C": "eccodes_all"},
        "grib_simple": {"gridmill": "decode", "ecCodes C": "eccodes"},
        "grib_ccsds": {"gridmill": "decode", "floor: libaec": "libaec", "ecCodes C": "eccodes"},
        "grib_index": {
            "gridmill": "open", "gridmill, kept index": "kept", "floor: headers": "headers",
            "floor: same windows": "windows",
        },
    }
    found = {}
    for name, make in made.items():
        path = bench.work / f"{name}.grib"
        make(path)
        measured = bench.floor("grib", path, bench.rounds)
        path.unlink()
        counts = {key: measured[key] for key in ("messages", "points", "reads", "cores")}
        views = {name: sides[name]}
        if name == "grib_ccsds":
            views["grib_ccsds_cores"] = {"gridmill": "decode_cores", "floor: libaec": "libaec_cores"}
        for row, keys in views.items():
            found[row] = dict(counts)
            for what in ("seconds", "cpu"):
                found[row][what] = {side: measured[what][key] for side, key in keys.items()}
    return found
