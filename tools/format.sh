#!/usr/bin/env bash
# clang-format on all of our C++ files, also those that git does not know yet.
#
#   tools/format.sh            rewrite them
#   tools/format.sh --check    change nothing; fail when one would change
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  "") mode=-i ;;
  --check) mode='--dry-run --Werror' ;;
  *) echo "usage: tools/format.sh [--check]" >&2; exit 2 ;;
esac
git ls-files -z --cached --others --exclude-standard -- '*.cc' '*.h' |
  while IFS= read -r -d '' file; do [ -f "$file" ] && printf '%s\0' "$file"; done |
  xargs -0 -r -n 8 -P "$(nproc)" clang-format $mode --style=file
