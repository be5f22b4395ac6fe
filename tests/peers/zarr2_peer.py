"""zarr-python 2 (.venv-zarr2) as a peer: arrays, attributes, consolidated metadata."""

import numcodecs
import zarr
from exchange import dtype_of, packed, serve, unpacked


def codec_of(configuration):
    return numcodecs.get_codec(dict(configuration)) if configuration else None


def write(task):
    """An array at the path `array` in the store; with `echo`, what is read back of it."""
    values = unpacked(task["values"])
    filters = [codec_of(one) for one in task.get("filters") or []]
    dtype, options = task["dtype"], {}
    if values.dtype == object:
        dtype, options = object, {"object_codec": filters.pop()}
    array = zarr.create(
        shape=values.shape, chunks=tuple(task["chunks"]),
        dtype=object if dtype is object else dtype_of(dtype), compressor=codec_of(task["codec"]),
        fill_value=task.get("fill"), order=task["order"], store=task["store"], path=task["array"],
        filters=filters or None, dimension_separator=task["separator"], write_empty_chunks=False,
        **options)
    array[...] = values
    return packed(array[...]) if task.get("echo") else {}


def begin(task):
    zarr.open_group(task["store"], mode="w").attrs.put(task.get("attributes", {}))


def read(task):
    return packed(zarr.open(f"{task['store']}/{task['array']}", mode="r")[...])


def consolidate(task):
    zarr.consolidate_metadata(task["store"])


def read_consolidated(task):
    group = zarr.open_consolidated(task["store"], mode="r")
    arrays = {}
    group.visititems(lambda name, node: arrays.update({name: node}))
    return {name: packed(node[...]) for name, node in arrays.items() if hasattr(node, "shape")}


def set_attributes(task):
    zarr.open(f"{task['store']}/{task['array']}", mode="r+").attrs.put(task["attributes"])


def attributes(task):
    node = zarr.open(f"{task['store']}/{task['array']}", mode="r")
    return {"attributes": list(node.attrs.items())}


serve(begin=begin, write=write, read=read, consolidate=consolidate,
      read_consolidated=read_consolidated, set_attributes=set_attributes, attributes=attributes)
