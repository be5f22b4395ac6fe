"""Plans that a test has changed, with the digest of what they say now."""

import ctypes
import json


class Hash128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


def sealed(document):
    """The plan as if it had been made so: with the digest of what it says now."""
    rest = {name: value for name, value in document.items() if name != "digest"}
    text = json.dumps(rest, separators=(",", ":"), ensure_ascii=False).encode()
    hash128 = ctypes.CDLL("libxxhash.so.0").XXH3_128bits
    hash128.restype, hash128.argtypes = Hash128, [ctypes.c_char_p, ctypes.c_size_t]
    found = hash128(text, len(text))
    return {**rest, "digest": f"{found.high:016x}{found.low:016x}"}
