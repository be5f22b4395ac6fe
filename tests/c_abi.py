"""libgridmill.so, the C ABI of capi/gridmill.h, called from Python."""

import ctypes
import json
import os

from killed_runs import BINARY


class ArrowArrayStream(ctypes.Structure):
    """Of Arrow's C stream interface: five pointers, the fourth of them release()."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("get_schema", "get_next", "get_last_error", "release", "private_data")]


def load():
    # Of its own lz4 and zstd, not those that another test's import (hdf5plugin) has put before them.
    loaded = ctypes.CDLL(str(BINARY.with_name("libgridmill.so")), mode=os.RTLD_NOW | os.RTLD_DEEPBIND)
    text = ctypes.POINTER(ctypes.c_char_p)
    loaded.gm_version.restype = ctypes.c_char_p
    loaded.gm_explain.argtypes = [ctypes.c_char_p, text]
    loaded.gm_run_tasks.argtypes = [
        ctypes.c_char_p, ctypes.c_int32, ctypes.c_int64, ctypes.c_int64, ctypes.c_char_p, text,
    ]  # fmt: skip
    loaded.gm_finish.argtypes = [ctypes.c_char_p, ctypes.c_char_p, text]
    loaded.gm_table.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(ArrowArrayStream), text]
    loaded.gm_free.argtypes = [ctypes.c_char_p]
    return loaded


def call(function, *words):
    """The exit code, and the report."""
    report = ctypes.c_char_p()
    code = function(*words, ctypes.byref(report))
    return code, json.loads(report.value)
