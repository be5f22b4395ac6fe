"""How the tests and the peers' programs hand each other tasks and arrays, as JSON.

A peer runs in an environment of its own (another zarr-python, the system's Python for GDAL), so
that one process gets a list of tasks on its standard input and gives a list of answers on its
standard output. An array goes as the bytes of its elements, little endian and in C order.
"""

import json
import sys
import warnings

import numpy as np


def dtype_of(description):
    """From JSON: "<f4", or a list of members."""
    if isinstance(description, str):
        return np.dtype(description)
    return np.dtype([(name, dtype_of(kind)) for name, kind in description])


def described(dtype):
    if dtype.fields:
        return [[name, described(dtype[name])] for name in dtype.names]
    return dtype.newbyteorder("<").str


def little_endian(array):
    dtype = dtype_of(described(array.dtype))
    return np.ascontiguousarray(array).astype(dtype)


def packed(array):
    array = np.asarray(array)
    document = {"shape": list(array.shape)}
    if array.dtype.kind == "O":
        flat = array.ravel().tolist()
        if flat and isinstance(flat[0], bytes):
            return {**document, "blobs": [one.hex() for one in flat]}
        return {**document, "texts": flat}
    raw = little_endian(array).tobytes().hex()
    return {**document, "dtype": described(array.dtype), "bytes": raw}


def unpacked(document):
    shape = document["shape"]
    if "bytes" in document:
        raw = bytes.fromhex(document["bytes"])
        return np.frombuffer(raw, dtype_of(document["dtype"])).reshape(shape)
    elements = document.get("texts")
    if elements is None:
        elements = [bytes.fromhex(one) for one in document["blobs"]]
    array = np.empty(len(elements), dtype=object)
    array[:] = elements
    return array.reshape(shape)


def serve(**actions):
    """A peer's main function: does the tasks; what one raises or warns of is in its answer."""
    answers = []
    for task in json.load(sys.stdin):
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            try:
                answer = actions[task["do"]](task) or {}
            except Exception as error:  # noqa: BLE001  (a refusal of any type is an answer)
                answer = {"error": f"{type(error).__name__}: {error}"}
        answer["warnings"] = [str(one.message) for one in heard] + answer.get("warnings", [])
        answers.append(answer)
    json.dump(answers, sys.stdout)
