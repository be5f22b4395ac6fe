# Every library that Gridmill links, and the room that may use it.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(ZLIB REQUIRED)
find_package(zstd CONFIG REQUIRED)
find_package(BZip2 REQUIRED)
find_package(LibLZMA REQUIRED)
find_package(zfp CONFIG REQUIRED)
find_package(eccodes CONFIG REQUIRED)  # its pkg-config file has a wrong include path
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(BLOSC REQUIRED IMPORTED_TARGET blosc)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(DEFLATE REQUIRED IMPORTED_TARGET libdeflate)
pkg_check_modules(HDF5 REQUIRED IMPORTED_TARGET hdf5-serial)
pkg_check_modules(NETCDF REQUIRED IMPORTED_TARGET netcdf)
pkg_check_modules(OPENJPEG REQUIRED IMPORTED_TARGET libopenjp2)
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)
find_library(AEC_LIBRARY aec REQUIRED)  # it comes without a configuration
find_path(AEC_INCLUDE libaec.h REQUIRED)
file(REAL_PATH ${AEC_LIBRARY} aec_file)
string(REGEX REPLACE "^.*libaec" "" AEC_FILE_VERSION ${aec_file})  # ".so.0.0.12"
find_library(UDUNITS_LIBRARY udunits2 REQUIRED)
file(REAL_PATH ${UDUNITS_LIBRARY} udunits_file)
string(REGEX REPLACE "^.*[.]so[.]" "" UDUNITS_FILE_VERSION ${udunits_file})
find_path(UDUNITS_INCLUDE udunits2.h REQUIRED)
find_library(SZ_LIBRARY sz REQUIRED)  # libaec's, for the szip streams of HDF5

set(GRIDMILL_base_LIBRARIES fmt::fmt nlohmann_json::nlohmann_json PkgConfig::XXHASH)
set(GRIDMILL_system_LIBRARIES Threads::Threads ${CMAKE_DL_LIBS})
set(GRIDMILL_store_LIBRARIES PkgConfig::DEFLATE)
set(GRIDMILL_codec_LIBRARIES
    PkgConfig::BLOSC zstd::libzstd_shared PkgConfig::LZ4 PkgConfig::DEFLATE ZLIB::ZLIB
    BZip2::BZip2 LibLZMA::LibLZMA zfp::zfp)
set(GRIDMILL_formats_LIBRARIES
    PkgConfig::NETCDF PkgConfig::HDF5 eccodes PkgConfig::OPENJPEG PkgConfig::PNG ${AEC_LIBRARY}
    ${SZ_LIBRARY})
set(GRIDMILL_dataset_LIBRARIES ${UDUNITS_LIBRARY})
set(GRIDMILL_jobs_LIBRARIES yaml-cpp)
