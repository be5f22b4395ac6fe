"""Maps to series and back: as rechunk does it in much memory, in little, and through a spill."""

import json
import shutil

import fields

CODECS = {"our default": (), "zstd-3": ("--codec", "t2m:blosc:zstd:3:shuffle:0")}


def rows(bench):
    """Both directions and both codecs, as they come and through a spill; a row for each. The
    floor decodes the source and encodes the target in memory."""
    layouts = {"maps": "t2m:time=24,lat=all,lon=all", "series": "t2m:time=all,lat=19,lon=36"}
    found = {}
    for codec, spelled in CODECS.items():
        stores = {name: bench.work / f"{name}.zarr" for name in layouts}
        for name, source in (("maps", bench.source), ("series", stores["maps"])):
            verb = "convert" if name == "maps" else "rechunk"
            bench.gridmill(verb, source, stores[name], "--chunks", layouts[name], *spelled)
        for name, target in (("maps", "series"), ("series", "maps")):
            words = ("--chunks", layouts[target], *spelled)
            row = one(bench, stores[name], stores[target], words)
            if target == "series":
                out = bench.work / "rechunked.zarr"
                seconds, peak = bench.peer("rechunk", stores[name], out, min(2, bench.rounds))
                row["seconds"]["xarray + dask"], row["peaks"]["xarray + dask"] = seconds, peak
                shutil.rmtree(out)
            found[f"rechunk, {name} to {target}, {codec}"] = row
        for store in stores.values():
            shutil.rmtree(store)
    return found


def one(bench, source, like, words):
    """`like` holds the target's chunks, for the floor."""
    out = bench.work / "rechunked.zarr"
    sides = {
        "gridmill": ("--memory", "2G"),
        "gridmill, 256 MiB": ("--memory", "256M"),
        "gridmill, 256 MiB, spill": ("--memory", "256M", "--way", "spill"),
    }
    seconds, cpu, ways = {side: [] for side in sides}, {side: [] for side in sides}, {}
    peaks = dict.fromkeys(sides, 0)
    if bench.floors:
        seconds["floor: decode + encode"], cpu["floor: decode + encode"] = [], []
    for _ in range(min(3, bench.rounds)):
        if bench.floors:
            decoded = bench.floor("read", source, "t2m", 1)
            encoded = bench.floor("encode", like, "t2m", 1)
            for kept, suffix in ((seconds, ""), (cpu, "_cpu")):
                kept["floor: decode + encode"].append(
                    min(decoded["floor_own" + suffix]) + min(encoded["encode" + suffix])
                )
        for side, more in sides.items():
            wall, peak, text = bench.gridmill("rechunk", source, out, *words, *more, "--json")
            plan = next(v for v in json.loads(text)["variables"] if v["name"] == "t2m")
            ways[side] = plan["way"]
            seconds[side].append(wall)
            cpu[side].append(bench.cpu_seconds)
            peaks[side] = max(peaks[side], peak)
            shutil.rmtree(out)
    return {"seconds": seconds, "cpu": cpu, "peaks": peaks, "ways": ways}


def large(bench):
    """10 GB under 512 MiB."""
    source, maps, out = (bench.work / name for name in ("long.nc", "maps.zarr", "series.zarr"))
    times = 400 if bench.quick else 9672
    fields.write_repeated(source, bench.source, times)
    size = source.stat().st_size
    bench.gridmill("convert", source, maps, "--chunks", "t2m:time=24,lat=all,lon=all")
    source.unlink()
    layout = ("--chunks", f"t2m:time={min(times, 4836)},lat=19,lon=36")
    seconds, peak, _ = bench.gridmill("rechunk", maps, out, *layout, "--memory", "512M")
    shutil.rmtree(maps)
    shutil.rmtree(out)
    return {"bytes": size, "seconds": {"gridmill": [seconds]}, "peak_bytes": peak}
