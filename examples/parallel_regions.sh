#!/usr/bin/env bash
# Many processes fill one archive: a template first, then every file into its place, several at a
# time, in any order.
#
#   examples/parallel_regions.sh OUT.zarr START END FILE...
#
#   PROCESSES  how many at a time (4)
#   GRIDMILL   the command; in containers, with the data under the same path inside:
#              GRIDMILL="podman run --rm -v $PWD:$PWD -w $PWD gridmill"
#
# A process that dies harms nobody: the same command again finishes the archive. Each writes one
# line of JSON to OUT.zarr.log when it begins, when something is worth knowing, and when it ends.
set -euo pipefail

out=$1 start=$2 end=$3
shift 3
gridmill=${GRIDMILL:-gridmill}
log=$out.log

[ -e "$out" ] || $gridmill template "$1" "$out" --start "$start" --end "$end"

# --threads 1: the processes share the cores. xargs ends with 123 if one of them failed.
printf '%s\0' "$@" | xargs -0 -P "${PROCESSES:-4}" -I FILE \
  sh -c "$gridmill write-region \"\$1\" \"\$2\" --threads 1 --memory 512M --log json 2>>\"\$3\" >/dev/null" \
  write-region FILE "$out" "$log"

$gridmill verify "$out"
