"""Attributes and consolidated metadata go both ways, exactly: order, 1 and 1.0, NaN, all of it."""

import json
import warnings

import pytest
import zarr

from peers.exchange import packed, unpacked
from peers.peer import (CHUNKS, SHAPE, assert_same, gdal, nczarr, read_with_gridmill, run, values,
                        zarr2)

ATTRIBUTES = {
    "zulu": 1, "alpha": 1.0, "negative zero": -0.0, "tenth": 0.1, "tiny": 5e-324, "huge": 1e300,
    "whole": 1e22, "long": 2**63 - 1, "longer": 2**64 - 1, "low": -(2**63), "yes": True,
    "nothing": None, "text": "é \"日本\" \\ \t\n\u0001", "emoji": "🌍", "empty": "", "": "nameless",
    "list": [1, 1.0, "x", None, [2, 2.5]], "none": [], "object": {"b": 1, "a": {"c": [1.0]}},
    "nan": float("nan"), "infinite": [float("inf"), float("-inf")],
}


def spelled(attributes):
    """Order, types and the sign of zero show in JSON; NaN is equal to itself there."""
    return json.dumps(list(map(list, attributes)))


def node(store, name):
    group = zarr.open_group(store, mode="r")
    return group[name] if name else group


def attributes_of_zarr3(store, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return list(node(store, name).attrs.asdict().items())


def attributes_of_zarr2(store, name):
    (answer,) = zarr2.all([{"do": "attributes", "store": str(store), "array": name}])
    return answer["attributes"]


def made_by_zarr2(store):
    node = {"store": str(store), "array": "x"}
    array = {"dtype": "<f4", "codec": None, "chunks": [3], "order": "C", "separator": ".",
             "values": packed(values("f4")[0, 0])}
    zarr2.all([{"do": "begin", **node, "attributes": ATTRIBUTES}, {"do": "write", **node, **array},
               {"do": "set_attributes", **node, "attributes": ATTRIBUTES}])


def made_by_zarr3(store, zarr_format):
    group = zarr.open_group(store, mode="w", zarr_format=zarr_format, attributes=ATTRIBUTES)
    group.create_array("x", shape=(5,), chunks=(3,), dtype="f4", attributes=ATTRIBUTES)


# zarr-python 2 sorts the names when it writes them.
SOURCES = {"zarr2": (made_by_zarr2, json.loads(json.dumps(ATTRIBUTES, sort_keys=True))),
           "zarr3-v2": (lambda store: made_by_zarr3(store, 2), ATTRIBUTES),
           "zarr3-v3": (lambda store: made_by_zarr3(store, 3), ATTRIBUTES)}
# v2 has the dimensions' names there, and v3 a fill value that masks, as v2's does for xarray.
ADDED = {"_ARRAY_DIMENSIONS", "_FillValue"}


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("source", SOURCES)
def test_attributes(gridmill, folder, source, zarr_format):
    store, out = folder / "in.zarr", folder / "out.zarr"
    make, wanted = SOURCES[source]
    make(store)
    run(gridmill, "convert", store, out, "--zarr-format", zarr_format)
    for read in [attributes_of_zarr3, *([attributes_of_zarr2] if zarr_format == 2 else [])]:
        for name in ["", "x"]:
            found = [one for one in read(out, name) if one[0] not in ADDED]
            assert spelled(found) == spelled(wanted.items()), (read, name)


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("consolidated", [False, True])
def test_consolidated(gridmill, folder, consolidated, zarr_format):
    """zarr-python 3 consolidates, in either format; Gridmill reads it, and does so itself."""
    store, out = folder / "in.zarr", folder / "out.zarr"
    arrays = {kind: values(kind) for kind in ["f4", "i8", "b1"]}
    group = zarr.open_group(store, mode="w", zarr_format=zarr_format, attributes={"a": 1.0})
    for name, array in arrays.items():
        group.create_array(name, data=array, chunks=CHUNKS)
    if consolidated:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # v3 has no specification of it
            zarr.consolidate_metadata(store)
        # What is consolidated is what counts: of these one array's own document is gone.
        (store / "i8" / ("zarr.json" if zarr_format == 3 else ".zarray")).unlink()
    assert_same(read_with_gridmill(gridmill, store, arrays), arrays)
    for target in [2, 3]:
        run(gridmill, "convert", store, out, "--zarr-format", target, "--overwrite")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = zarr.open_consolidated(out)
            assert_same({name: found[name][...] for name in arrays}, arrays)
        if target == 2:
            read = {"do": "read_consolidated", "store": str(out)}
            (answer,) = zarr2.all([read])
            assert_same({name: unpacked(answer[name]) for name in arrays}, arrays)


def test_consolidated_by_zarr2(gridmill, folder):
    """.zmetadata of zarr-python 2; that of GDAL is read in test_gdal.py, which always has it."""
    store = folder / "in.zarr"
    arrays = {kind: values(kind) for kind in ["f4", "i8", "b1"]}
    tasks = [{"do": "begin", "store": str(store)}]
    tasks += [{"do": "write", "store": str(store), "array": name, "values": packed(array),
               "dtype": array.dtype.str, "codec": None, "chunks": CHUNKS, "order": "C",
               "separator": "."} for name, array in arrays.items()]
    zarr2.all([*tasks, {"do": "consolidate", "store": str(store)}])
    (store / "i8" / ".zarray").unlink()
    assert_same(read_with_gridmill(gridmill, store, arrays), arrays)


def test_attributes_of_gdal_and_nczarr(gridmill, folder):
    """Both write text and numbers; in both directions they stay what they are."""
    wanted = {"comment": "K", "long_name": "é 日本", "scale": 0.1, "number": 7}
    task = {"array": "x", "values": packed(values("f4")), "chunks": CHUNKS, "order": "C",
            "separator": ".", "attributes": wanted, "options": []}
    for peer, options in [(gdal, []), (nczarr, {})]:
        name = "gdal" if peer is gdal else "nczarr"
        store, out = folder / f"{name}.zarr", folder / f"{name}-out.zarr"
        node = {"store": str(store), "shape": SHAPE}
        peer.all([{"do": "begin", **node}, {"do": "write", **node, **task, "options": options},
                  {"do": "end"}])
        run(gridmill, "convert", store, out, "--zarr-format", 2)
        written = json.loads((store / "x" / ".zattrs").read_text())  # GDAL sorts the names
        assert {name: written[name] for name in wanted} == wanted
        ours = [one for one in attributes_of_zarr3(out, "x") if one[0] not in ADDED]
        theirs = [one for one in written.items() if one[0] not in ADDED]
        assert spelled(ours) == spelled(theirs), name
        (answer,) = peer.all([{"do": "attributes", "store": str(out), "array": "x"}])
        theirs = [one for one in answer["attributes"] if one[0] not in ADDED]
        assert sorted(map(str, theirs)) == sorted(str(list(one)) for one in wanted.items()), name
