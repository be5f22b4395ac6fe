#!/usr/bin/env bash
# What Gridmill is for, shown on real data: climatologies that Debian's ferret-datasets ships, and ERA5
# where the tests' data lie. Every step prints its command, so that it can be typed again.
set -euo pipefail
cd "$(dirname "$0")/.."

gridmill=build/release/gridmill
climatologies=/usr/share/ferret-vis/data
real_data=${GRIDMILL_TEST_DATA:-../shared/data}
out=demo-output
rm -rf "$out"
mkdir -p "$out"

title() { printf '\n\033[1m%s\033[0m\n' "$1"; }
tell() { printf '%s\n' "$@"; }
run() {
  printf '  $ gridmill %s\n' "$*"
  "$gridmill" "$@" 2>&1 | sed 's/^/    /'
}

title "1. From netCDF to Zarr"
tell "Each file becomes one Zarr store: a folder of compressed pieces (chunks) that any number of" \
     "programs can read at once, near or far. Awkward calendars, packed numbers and missing values stay" \
     "what they are. 'verify' then reads everything back and compares it with the original."
for name in coads_climatology.cdf levitus_climatology.cdf monthly_navy_winds.cdf ocean_atlas_subset.nc; do
  store=$out/${name%.*}.zarr
  run convert "$climatologies/$name" "$store"
  run verify "$store" --against "$climatologies/$name"
done

title "2. What is inside"
run info "$out/coads_climatology.zarr"

title "3. One place through the year"
tell "The sea surface off Ireland (50 N, 15 W) in COADS, as a table and as a page with charts."
run extract "$out/coads_climatology.zarr" --point "Off Ireland=50,-15" \
  --variables SST,AIRT -o "$out/ireland.csv" --plot "$out/ireland.html"
head -4 "$out/ireland.csv" | sed 's/^/    /'

if [ -d "$real_data" ]; then
  title "4. A month of ERA5, from GRIB"
  tell "744 GRIB messages become one array with named dimensions."
  run convert "$real_data/era5-2mt-2019-03-uk.grib" "$out/era5_uk.zarr"
  run verify "$out/era5_uk.zarr" --against "$real_data/era5-2mt-2019-03-uk.grib"
  run extract "$out/era5_uk.zarr" --point "London=51.5,-0.1" --point "Edinburgh=55.95,-3.2" \
    -o "$out/era5_cities.csv" --plot "$out/era5_cities.html"

  title "5. And back to netCDF"
  run convert "$out/era5_uk.zarr" "$out/era5_uk.nc"
else
  title "4. ERA5 is left out"
  tell "There is no $real_data; set GRIDMILL_TEST_DATA to see a GRIB file converted."
fi

title "Where things are"
tell "  $out/*.zarr   stores: open them with xarray.open_zarr(...) or look with 'gridmill info'" \
     "  $out/*.csv    tables" \
     "  $out/*.html   charts: open them in a browser, no network needed"
