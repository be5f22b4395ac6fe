"""netCDF-C's NCZarr, as the wheel of netCDF4 carries it, as a peer: Zarr v2 arrays."""

import netCDF4
import numpy as np
from exchange import packed, serve, unpacked

stores = {}  # being written
opened = {}  # being read


def url(task):
    return f"file://{task['store']}#mode={task.get('mode', 'zarr')},file"


def begin(task):
    end(task)
    dataset = netCDF4.Dataset(url(task), "w")
    for number, length in enumerate(task["shape"]):
        dataset.createDimension(f"d{number}", length)
    stores[task["store"]] = dataset


def write(task):
    dataset = stores[task["store"]]
    values = unpacked(task["values"])
    options = {name: (tuple(value) if isinstance(value, list) else value)
               for name, value in task["options"].items()}
    order = ">" if options.get("endian") == "big" else "="
    kind = str if values.dtype == object else values.dtype.newbyteorder(order)
    variable = dataset.createVariable(
        task["array"], kind, [f"d{number}" for number in range(values.ndim)],
        chunksizes=tuple(task["chunks"]), **options)
    variable.set_auto_maskandscale(False)
    variable.set_auto_chartostring(False)
    variable[...] = values
    for name, value in (task.get("attributes") or {}).items():
        variable.setncattr(name, value)
    return {}


def end(_task):
    while stores:  # what can't be closed doesn't stay, either
        stores.popitem()[1].close()


def variable_of(task):
    store = task["store"]
    if store not in opened:
        opened[store] = netCDF4.Dataset(url(task), "r")
    variable = opened[store].variables[task["array"]]
    variable.set_auto_maskandscale(False)
    variable.set_auto_chartostring(False)
    return variable


def read(task):
    return packed(np.asarray(variable_of(task)[...]))


def attributes(task):
    variable = variable_of(task)
    found = [[name, variable.getncattr(name)] for name in variable.ncattrs()]
    return {"attributes": [[name, value.tolist() if hasattr(value, "tolist") else value]
                           for name, value in found]}


serve(begin=begin, write=write, end=end, read=read, attributes=attributes)
