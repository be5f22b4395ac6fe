// Every section and key of zarrio's config files, as options of ours; the words are zarrio 0.1.3's.
#include "cli/zarrio_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gridmill/base/error.h"

namespace gridmill::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> texts(const YAML::Node& node) {
  if (node.IsScalar()) return {node.Scalar()};
  return node.as<std::vector<std::string>>();
}

TranslatedConfig translated(const std::string& yaml) {
  const YAML::Node document = YAML::Load(yaml);
  EXPECT_TRUE(is_zarrio_config(document)) << yaml;
  return from_zarrio_config(document);
}

std::vector<std::string> option(const std::string& yaml, const std::string& name) {
  const YAML::Node node = translated(yaml).document[name];
  return node.IsDefined() ? texts(node) : std::vector<std::string>{};
}

std::string refusal(const std::string& yaml) {
  try {
    (void)translated(yaml);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid);
    return error.what();
  }
  ADD_FAILURE() << "taken: " << yaml;
  return "";
}

TEST(ZarrioConfig, OurOwnFilesAreNotTakenForOne) {
  for (const char* yaml : {"chunks: 16MiB", "memory: 2GiB\nconvert: {codec: zstd:3}", "pack: 16",
                           "variables: [t, u]", "attrs: ['a=b']", ""}) {
    EXPECT_FALSE(is_zarrio_config(YAML::Load(yaml))) << yaml;
  }
  EXPECT_TRUE(is_zarrio_config(YAML::Load("variables: {include: [t]}")));
}

TEST(ZarrioConfig, ChunksOfEveryDimensionCount) {
  EXPECT_THAT(option("chunking: {time: 24, depth: 5, lat: -1}", "chunks"),
              ElementsAre("time=24,depth=5,lat=all"));
  EXPECT_THAT(option("chunking: {time: null}", "chunks"), IsEmpty());
}

TEST(ZarrioConfig, Compression) {
  const auto codec = [](const std::string& yaml) { return option(yaml, "codec"); };
  EXPECT_THAT(codec("compression: {method: 'blosc:zstd:3'}"), ElementsAre("blosc:zstd:3"));
  EXPECT_THAT(codec("compression: 'blosc:lz4:5'"), ElementsAre("blosc:lz4:5"));
  EXPECT_THAT(codec("compression: {method: blosc}"), ElementsAre("blosc:zstd:1:shuffle"));
  EXPECT_THAT(codec("compression: {method: blosc, cname: lz4, clevel: 7, shuffle: 2}"),
              ElementsAre("blosc:lz4:7:bitshuffle"));
  EXPECT_THAT(codec("compression: {method: blosc, shuffle: false}"),
              ElementsAre("blosc:zstd:1:noshuffle"));
  EXPECT_THAT(codec("compression: {cname: lz4}"), IsEmpty());
}

TEST(ZarrioConfig, Packing) {
  const std::string yaml =
      "packing: {enabled: true, bits: 8, manual_ranges: {t: {min: -5, max: 40.5}},\n"
      "  auto_buffer_factor: 0.05, range_exceeded_action: error, exclude: [mask, hs]}";
  EXPECT_THAT(option(yaml, "pack"), ElementsAre("8", "mask:none", "hs:none"));
  EXPECT_THAT(option(yaml, "pack-range"), ElementsAre("t:-5:40.5"));
  EXPECT_THAT(option(yaml, "pack-buffer"), ElementsAre("0.05"));
  EXPECT_THAT(option(yaml, "out-of-range"), ElementsAre("error"));
  EXPECT_THAT(translated(yaml).notes, IsEmpty());
  EXPECT_THAT(option("packing: {enabled: true}", "pack"), ElementsAre("16"));
  EXPECT_THAT(option("packing: {enabled: true, exclude: hs}", "pack"),
              ElementsAre("16", "hs:none"));
  EXPECT_THAT(option("packing: {enabled: false, bits: 8}", "pack"), IsEmpty());
  EXPECT_THAT(option("packing: {bits: 8}", "pack"), IsEmpty()) << "not enabled is not packed";
}

TEST(ZarrioConfig, WhatWouldWrapThereIsAnErrorHere) {
  for (const char* more : {"", ", range_exceeded_action: warn", ", range_exceeded_action: ignore",
                           ", range_exceeded_action: error, check_range_exceeded: false"}) {
    const std::string yaml = std::string("packing: {enabled: true") + more + "}";
    EXPECT_THAT(option(yaml, "out-of-range"), ElementsAre("error"));
    EXPECT_THAT(translated(yaml).notes, ElementsAre(HasSubstr("are an error here"))) << yaml;
  }
}

TEST(ZarrioConfig, TimesAreTheVerbsThatHaveThem) {
  const TranslatedConfig made = translated(
      "time: {dim: t, append_dim: valid_time, global_start: '2020', global_end: '2021', freq: 6h}");
  EXPECT_EQ(made.document["template"]["dim"].Scalar(), "t");
  EXPECT_EQ(made.document["template"]["start"].Scalar(), "2020");
  EXPECT_EQ(made.document["template"]["end"].Scalar(), "2021");
  EXPECT_EQ(made.document["template"]["freq"].Scalar(), "6h");
  EXPECT_EQ(made.document["append"]["dim"].Scalar(), "valid_time");
  EXPECT_EQ(translated("time: {dim: t}").document["append"]["dim"].Scalar(), "t");
}

TEST(ZarrioConfig, VariablesAndAttributes) {
  const std::string yaml = "variables: {include: [t, u], exclude: [crs]}\nattrs: {title: A, n: 3}";
  EXPECT_THAT(option(yaml, "variables"), ElementsAre("t", "u"));
  EXPECT_THAT(option(yaml, "drop"), ElementsAre("crs"));
  EXPECT_THAT(option(yaml, "attrs"), ElementsAre("title=\"A\"", "n=3"));
  EXPECT_THAT(option("chunking: {}\nattrs: {version: '1.10', flag: 'true', levels: [1, 2.5, 'x']}",
                     "attrs"),
              ElementsAre("version=\"1.10\"", "flag=\"true\"", "levels=[1,2.5,\"x\"]"))
      << "what is in quotes is a text";
}

TEST(ZarrioConfig, RetriesComeWithAReadingBack) {
  const std::string section = "missing_data: {retries_on_missing: 2, missing_check_vars: [t]}";
  EXPECT_THAT(option(section, "retries"), ElementsAre("2"));
  EXPECT_THAT(option(section, "check-vars"), ElementsAre("t"));
  EXPECT_THAT(option("retries_on_missing: 2", "check-vars"), ElementsAre("all"))
      << "documented there, and not read";
  EXPECT_THAT(option("retries_on_missing: 0", "check-vars"), IsEmpty());
  EXPECT_THAT(option("missing_check_vars: all\nretries_on_missing: 1", "check-vars"),
              ElementsAre("all"));
}

TEST(ZarrioConfig, ChunkAdviceAndRollingArchives) {
  const std::string yaml =
      "target_chunk_size_mb: 20\naccess_pattern: temporal\n"
      "rolling_archive: {enabled: true, retention_window: 24h, min_groups_to_keep: 2,\n"
      "  time_reference_attr: cycle_time, auto_cleanup: true}";
  const TranslatedConfig made = translated(yaml);
  EXPECT_EQ(made.document["target-chunk-size"].Scalar(), "20MiB");
  EXPECT_EQ(made.document["access-pattern"].Scalar(), "temporal");
  EXPECT_EQ(made.document["archive"]["keep"].Scalar(), "24h");
  EXPECT_EQ(made.document["archive"]["min-groups"].Scalar(), "2");
  EXPECT_EQ(made.document["archive"]["time-attribute"].Scalar(), "cycle_time");
  EXPECT_THAT(made.notes, ElementsAre(HasSubstr("gridmill archive")));
}

TEST(ZarrioConfig, DatameshIsRefusedAndItsDefaultsAreNot) {
  EXPECT_THAT(refusal("datamesh: {datasource: {id: x}}"), HasSubstr("does not write to Datamesh"));
  EXPECT_THAT(translated("datamesh: {service: 'https://x', use_zarr_client: true}").notes,
              IsEmpty());
  EXPECT_THAT(translated("remote_files: {engine: h5netcdf}").notes,
              ElementsAre(HasSubstr("has no meaning here")));
}

TEST(ZarrioConfig, SlipsAreRefusedWithTheirLine) {
  EXPECT_THAT(refusal("chunking: {time: 1}\npacking:\n  enabled: true\n  bit: 8\n"),
              testing::AllOf(HasSubstr("line 4"), HasSubstr("packing.bit"),
                             HasSubstr("did you mean bits")));
  EXPECT_THAT(refusal("packing: {enabled: maybe}"), HasSubstr("neither true nor false"));
  EXPECT_THAT(refusal("packing: {enabled: true, manual_ranges: {t: {min: 1}}}"),
              HasSubstr("needs min and max"));
  EXPECT_THAT(refusal("packing: {enabled: true, range_exceeded_action: shout}"),
              HasSubstr("shout is not one of"));
  EXPECT_THAT(refusal("chunking: 24"), HasSubstr("is a section"));
  EXPECT_THAT(refusal("chunking: {time: 1}\nchunking: {time: 2}"),
              testing::AllOf(HasSubstr("line 2"), HasSubstr("a second time")));
  EXPECT_THAT(refusal("packing: {enabled: true, exclude: {t: 1}}"), HasSubstr("a list of names"));
}

TEST(ZarrioConfig, OurKeysMayStandBesideItsOwn) {
  EXPECT_THAT(option("chunking: {time: 1}\nmemory: 2GiB", "memory"), ElementsAre("2GiB"));
}

}  // namespace
}  // namespace gridmill::cli
