"""GDAL's Zarr driver (Debian's python3-gdal, the system's Python) as a peer: Zarr v2 arrays."""

import numpy as np
from exchange import packed, serve, unpacked
from osgeo import gdal

gdal.UseExceptions()
heard = []


@gdal.PushErrorHandler
def keep(level, number, message):
    if level == gdal.CE_Warning:
        heard.append(message)


TYPES = {"u1": gdal.GDT_Byte, "u2": gdal.GDT_UInt16, "i2": gdal.GDT_Int16, "u4": gdal.GDT_UInt32,
         "i4": gdal.GDT_Int32, "u8": gdal.GDT_UInt64, "i8": gdal.GDT_Int64,
         "f4": gdal.GDT_Float32, "f8": gdal.GDT_Float64, "c8": gdal.GDT_CFloat32,
         "c16": gdal.GDT_CFloat64}
stores = {}  # being written
opened = {}  # being read


def type_of(dtype):
    if dtype.kind in "SU":
        return gdal.ExtendedDataType.CreateString(dtype.itemsize // (4 if dtype.kind == "U" else 1))
    return gdal.ExtendedDataType.Create(TYPES[dtype.str[1:]])


def begin(task):
    stores.clear()  # closes, and so writes, what was begun before
    dataset = gdal.GetDriverByName("Zarr").CreateMultiDimensional(task["store"])
    group = dataset.GetRootGroup()
    dimensions = [group.CreateDimension(f"d{number}", None, None, length)
                  for number, length in enumerate(task["shape"])]
    stores[task["store"]] = dataset, group, dimensions


def write(task):
    heard.clear()
    _, group, dimensions = stores[task["store"]]
    values = unpacked(task["values"])
    options = [f"BLOCKSIZE={','.join(map(str, task['chunks']))}",
               f"CHUNK_MEMORY_LAYOUT={task['order']}", f"DIM_SEPARATOR={task['separator']}",
               *task["options"]]
    if values.dtype.kind == "U":
        options.append("STRING_FORMAT=UNICODE")
    array = group.CreateMDArray(task["array"], dimensions, type_of(values.dtype), options)
    for name, value in (task.get("attributes") or {}).items():
        put_attribute(array, name, value)
    if values.dtype.kind in "SU":
        texts = values.astype(str).ravel().tolist()
        array.Write(texts)
    else:
        array.Write(np.ascontiguousarray(values))
    return {"warnings": list(heard)}


def put_attribute(array, name, value):
    number = gdal.GDT_Int32 if isinstance(value, int) else gdal.GDT_Float64
    is_text = isinstance(value, str)
    kind = (gdal.ExtendedDataType.CreateString() if is_text
            else gdal.ExtendedDataType.Create(number))
    array.CreateAttribute(name, [], kind).Write(value)


def end(task):
    stores.clear()


def array_of(task):
    store = task["store"]
    if store not in opened:
        opened[store] = gdal.OpenEx(f'ZARR:"{store}"', gdal.OF_MULTIDIM_RASTER)
    return opened[store].GetRootGroup().OpenMDArray(task["array"])


def read(task):
    heard.clear()
    array = array_of(task)
    if array is None:
        raise ValueError("; ".join(heard) or gdal.GetLastErrorMsg())
    shape = [dimension.GetSize() for dimension in array.GetDimensions()]
    if array.GetDataType().GetClass() == gdal.GEDTC_STRING:
        values = np.array(array.Read(), dtype=object).reshape(shape)
    else:
        values = array.ReadAsArray()
    return {**packed(values), "warnings": list(heard)}


def attributes(task):
    return {"attributes": [[one.GetName(), one.Read()] for one in array_of(task).GetAttributes()]}


serve(begin=begin, write=write, end=end, read=read, attributes=attributes)
