#!/usr/bin/env python3
"""No mutable globals: looks at what the linker sees in our libraries (default: build/release/*.a).

Everything that is in a writable section and belongs to namespace gridmill is either a constant, by
its name (kName), or one of ALLOWED, each with its reason. Fails with the list of what is neither,
and of what is allowed and no longer there.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = {
    r"gridmill::types::\w+": "constants with the field's own names, initialised at compile time",
    r"gridmill::\(anonymous namespace\)::library\(\)::the_one": "the lock of libnetcdf, which is one per process",
    r"gridmill::\(anonymous namespace\)::library_lock\(\)::lock": "the lock of UDUNITS, which is one per process",
    r"gridmill::\(anonymous namespace\)::silence_once\(\)::done": "what ecCodes prints is switched off once per process",
}
WRITABLE = re.compile(r"^[0-9a-f]+ [dDbBu] (gridmill::.*)$")
CONSTANT = re.compile(r"(^|::)k[A-Z]\w*(\[.*\])?$")


def writable_symbols(libraries):
    """Names in namespace gridmill that lie in a writable section."""
    listing = subprocess.run(["nm", "--demangle", *libraries], capture_output=True, text=True, check=True)
    return sorted({m[1] for line in listing.stdout.splitlines() if (m := WRITABLE.match(line))})


def main():
    libraries = sys.argv[1:] or sorted(str(path) for path in (ROOT / "build" / "release").glob("*.a"))
    if not libraries:
        sys.exit("check-globals: no library in build/release: run `make build`")
    symbols = writable_symbols(libraries)
    mutable = [s for s in symbols if not CONSTANT.search(s) and not any(re.fullmatch(a, s) for a in ALLOWED)]
    for symbol in mutable:
        print(f"check-globals: {symbol} is writable and no kConstant: hand it to who needs it")
    unused = [a for a in ALLOWED if not sys.argv[1:] and not any(re.fullmatch(a, s) for s in symbols)]
    for pattern in unused:
        print(f"check-globals: {pattern} is allowed and does not exist")
    if mutable or unused:
        sys.exit(1)
    print(f"check-globals: {len(symbols)} names in writable sections, all of them constants or known")


if __name__ == "__main__":
    main()
