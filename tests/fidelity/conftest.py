"""One set of GRIB parameter tables for both sides."""

import os

# cfgrib would take ecCodes from its own wheel, whose newer tables name some parameters otherwise
# (lambert_grid.grib: nlwrs instead of p3112); gridmill is linked with the system's.
os.environ["ECCODES_PYTHON_USE_FINDLIBS"] = "1"
os.environ["FINDLIBS_DISABLE_PACKAGE"] = "yes"
