"""Classic netCDF (CDF-1, CDF-2, CDF-5), byte for byte what netCDF-C reads: every type as a fixed and a
record variable, padded or alone, no records, streams, and values beyond 2 and 4 GiB (sparse files)."""

import netCDF4
import numpy as np
import pytest

CLASSIC = ["i1", "S1", "i2", "i4", "f4", "f8"]
MODELS = {
    "NETCDF3_CLASSIC": CLASSIC,
    "NETCDF3_64BIT_OFFSET": CLASSIC,
    "NETCDF3_64BIT_DATA": [*CLASSIC, "u1", "u2", "u4", "i8", "u8"],
}
CASES = [(model, kind) for model, kinds in MODELS.items() for kind in kinds]
GIB = 1 << 30


def random_values(kind, shape, seed):
    kind = np.dtype(kind)
    count = int(np.prod(shape)) * kind.itemsize
    bits = np.random.default_rng(seed).integers(1, 256, count, dtype="u1")  # no NUL: S1 drops it
    return bits.view(kind).reshape(shape)


def raw(values):
    values = np.asarray(values)
    return values.astype(values.dtype.newbyteorder("<")).tobytes()


def oracle(path, name, region=...):
    with netCDF4.Dataset(path) as file:
        file.set_auto_mask(False)
        file.set_auto_scale(False)
        file.set_auto_chartostring(False)
        return raw(file[name][region])


def dumped(gridmill, path, name, *options):
    run = gridmill("dump", f"{path}#/{name}", "--raw", *options, text=False)
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


@pytest.mark.parametrize(("model", "kind"), CASES)
def test_records_and_padding(gridmill, tmp_path, model, kind):
    """One record variable has no padding, two have; odd sizes, no records, one, and several."""
    path = tmp_path / "in.nc"
    for width, partners, records in ((3, 0, 3), (3, 1, 3), (1, 0, 4), (1, 2, 1), (5, 1, 0), (3, 0, 0)):
        wanted = {}
        with netCDF4.Dataset(path, "w", format=model) as file:
            file.set_auto_maskandscale(False)
            file.createDimension("t", None)
            file.createDimension("x", width)
            names = {"before": ("x",), "v": ("t", "x"), "alone": ()}
            names |= {f"odd{i}": ("t", "x") for i in range(partners)}
            for name, dimensions in names.items():
                file.createVariable(name, "i1" if name.startswith("odd") else kind, dimensions)
            for seed, (name, dimensions) in enumerate(names.items()):
                shape = [records if d == "t" else width for d in dimensions]
                variable = file[name]
                if 0 not in shape:
                    wanted[name] = random_values(variable.dtype, shape, seed)
                    variable[tuple(slice(0, n) for n in shape)] = wanted[name]
        for name in names:
            found = dumped(gridmill, path, name)
            assert found == oracle(path, name), (width, partners, records, name)
            assert found == (raw(wanted[name]) if name in wanted else b"")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("partners", [0, 1])
def test_stream(gridmill, tmp_path, model, partners):
    """The number of records of a program that died: all ones. The oracle is the file before that."""
    path = tmp_path / "in.nc"
    with netCDF4.Dataset(path, "w", format=model) as file:
        file.createDimension("t", None)
        file.createDimension("x", 3)
        for name, kind in [("v", "i1"), ("w", "i2")][: partners + 1]:
            file.createVariable(name, kind, ("t", "x"))[0:5] = random_values(kind, (5, 3), 1)
    whole = path.read_bytes()
    names = ["v", "w"][: partners + 1]
    wanted = {name: oracle(path, name) for name in names}
    size = 8 if model == "NETCDF3_64BIT_DATA" else 4
    # Whole, and cut inside of the last record, which then does not count.
    for cut, records in ((0, 5), (1, 4)):
        stream = whole[:4] + b"\xff" * size + whole[4 + size :]
        path.write_bytes(stream[: len(stream) - cut])
        for name in names:
            assert dumped(gridmill, path, name) == wanted[name][: len(wanted[name]) // 5 * records]


def sparse(path, model, fill):
    with netCDF4.Dataset(path, "w", format=model) as file:
        file.set_fill_off()
        file.set_auto_maskandscale(False)
        fill(file)
    assert path.stat().st_blocks * 512 < 64 << 20, "the file is not sparse"


FAR = [("NETCDF3_CLASSIC", 2 * GIB - 4096), ("NETCDF3_64BIT_OFFSET", 2 * GIB - 8),
       ("NETCDF3_64BIT_OFFSET", 4 * GIB - 8), ("NETCDF3_64BIT_DATA", 5 * GIB)]  # fmt: skip


@pytest.mark.parametrize(("model", "size"), FAR)
def test_records_behind_a_large_variable(gridmill, tmp_path, model, size):
    path = tmp_path / "far.nc"

    def fill(file):
        file.createDimension("t", None)
        file.createDimension("x", 5)
        file.createDimension("far", size)
        file.createVariable("near", "f8", ("x",))
        file.createVariable("v", "f8", ("t", "x"))
        # The last, so that nothing is moved; records lie behind it all the same.
        large = file.createVariable("large", "i1", ("far",))
        large[0:3] = [4, 5, 6]
        large[size - 3 :] = [1, 2, 3]
        file["near"][:] = random_values("f8", 5, 1)
        file["v"][0:3] = random_values("f8", (3, 5), 2)

    sparse(path, model, fill)
    assert path.stat().st_size > size
    for name in ("near", "v"):
        assert dumped(gridmill, path, name) == oracle(path, name)
    for begin, end in ((0, 4), (size - 4, size)):
        found = dumped(gridmill, path, "large", "--region", f"far={begin}:{end}")
        assert found == oracle(path, "large", slice(begin, end))
        assert found != bytes(4)


@pytest.mark.parametrize("model", ["NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"])
@pytest.mark.parametrize("partners", [0, 1])
def test_records_beyond_4_gib(gridmill, tmp_path, model, partners):
    """Records of 1.5 GiB and an odd byte, padded where there is another record variable."""
    path, width = tmp_path / "far.nc", 3 * GIB // 2 + 1

    def fill(file):
        file.createDimension("t", None)
        file.createDimension("x", width)
        v = file.createVariable("v", "i1", ("t", "x"))
        if partners:
            file.createVariable("w", "i2", ("t",))
        for t in range(4):
            v[t, 0:2] = [10 + t, 20 + t]
            v[t, width - 2 :] = [30 + t, 40 + t]
            if partners:
                file["w"][t] = 1000 + t

    sparse(path, model, fill)
    assert path.stat().st_size > 6 * GIB
    for t in (0, 2, 3):
        for begin, end in ((0, 3), (width - 3, width)):
            region = f"t={t}:{t + 1},x={begin}:{end}"
            found = dumped(gridmill, path, "v", "--region", region)
            assert found == oracle(path, "v", (slice(t, t + 1), slice(begin, end))), region
            assert found != bytes(3)
    if partners:
        assert dumped(gridmill, path, "w") == oracle(path, "w")


def test_one_variable_of_more_than_4_gib(gridmill, tmp_path):
    """The size that its header states does not hold it (CDF-2) or does (CDF-5); it is not believed."""
    for model, kind in (("NETCDF3_64BIT_OFFSET", "f8"), ("NETCDF3_64BIT_DATA", "f8")):
        path, width = tmp_path / "far.nc", 5 * GIB // 8 + 3

        def fill(file, width=width, kind=kind):
            file.createDimension("x", width)
            v = file.createVariable("v", kind, ("x",))
            v[0:2] = [1.5, 2.5]
            v[width - 2 :] = [3.5, 4.5]

        sparse(path, model, fill)
        for begin, end in ((0, 3), (width - 3, width)):
            found = dumped(gridmill, path, "v", "--region", f"x={begin}:{end}")
            assert found == oracle(path, "v", slice(begin, end))
            assert found != bytes(24)
