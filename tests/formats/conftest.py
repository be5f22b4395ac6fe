"""netCDF4 points HDF5_PLUGIN_PATH at filters that are linked with its own libhdf5, and h5py, whose
libhdf5 is another, fails in them: whatever was imported first, h5py takes those of hdf5plugin."""

import hdf5plugin

hdf5plugin.register(force=True)
