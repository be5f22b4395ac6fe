#!/usr/bin/env bash
# Builds the fuzz targets of fuzz/ and runs each of them for a while, at low priority.
#
#   tools/fuzz.sh [TARGET...]      hdf5, classic, grib, zarr, chunk, shard, zip, blosc, feature; all of them without a word
#
# Each begins with its seeds, fuzz/corpus/TARGET, which fuzz/seeds.py has made.
# GRIDMILL_FUZZ_SECONDS: per target (30). What was found interesting stays in build/fuzz/corpus for
# the next run; an input that fails is kept in build/fuzz/failures, and the script fails.
set -euo pipefail
cd "$(dirname "$0")/.."

probe='extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }'
if ! clang++ -fsanitize=fuzzer,address -x c++ -o /dev/null - <<<"$probe" 2>/dev/null; then
  echo 'fuzz: clang or its libFuzzer is missing; on Debian 12: apt-get install clang libclang-rt-14-dev' >&2
  exit 1
fi

cmake --preset fuzz >/dev/null
echo 'building: fuzz'
nice cmake --build --preset fuzz --parallel "${JOBS:-$(nproc)}" --target fuzzers
folder=$PWD/build/fuzz
mkdir -p "$folder/failures"

[ $# -gt 0 ] || set -- hdf5 classic grib zarr chunk shard zip blosc feature

fuzz() {
  local target=$1 log=$folder/$1.log more=
  [ "$target" = grib ] && more='-fork=1 -ignore_ooms=0 -ignore_timeouts=0'  # ecCodes ends programs: fuzz/grib_fuzz.cc
  mkdir -p "$folder/corpus/$target"
  if nice "$folder/fuzz/fuzz_$target" -max_total_time="${GRIDMILL_FUZZ_SECONDS:-30}" \
    -timeout=20 -rss_limit_mb=1024 -malloc_limit_mb=336 -max_len=65536 \
    -print_final_stats=1 $more -artifact_prefix="$folder/failures/$target-" \
    "$folder/corpus/$target" "$PWD/fuzz/corpus/$target" >"$log" 2>&1
  then
    echo "fuzzed: $target, $(grep -oE '^#[0-9]+' "$log" | tail -n 1 | tr -d '#') executions"
  else
    tail -n 40 "$log" >&2
    echo "fuzz: $target has found an input that fails; its name is above, all of it in $log" >&2
    return 1
  fi
}

echo "fuzzing: $*, ${GRIDMILL_FUZZ_SECONDS:-30} seconds each"
export -f fuzz
export folder
printf '%s\n' "$@" | xargs -P "${JOBS:-$(nproc)}" -I {} bash -c 'fuzz {}'
