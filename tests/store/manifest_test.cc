// The manifest: what was noted comes back, and nothing else is taken for one.
#include "gridmill/store/manifest.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "doubles/assertions.h"
#include "gridmill/store/memory_store.h"

namespace gridmill {
namespace {

class ManifestTest : public testing::Test {
 protected:
  std::optional<Manifest> load(std::string_view text) {
    companion_->put(Key(kManifestKey), as_bytes(text));
    return Manifest::load(*store_, *companion_);
  }

  std::unique_ptr<Store> store_ = memory_store();
  std::unique_ptr<Store> companion_ = memory_store();
};

constexpr std::string_view kHash = "0123456789abcdef0123456789abcdef";

std::string text_of(std::string_view present, std::string_view absent, std::string_view lines) {
  return fmt::format(
      "{{\"gridmill_manifest\": 1, \"hash\": \"xxh3-128\", \"present\": {}, "
      "\"absent\": {}}}\n{}",
      present, absent, lines);
}

TEST_F(ManifestTest, GivesBackEveryKey) {
  Manifest manifest;
  const std::vector<std::string> keys{"t2m/c/0",      "new\nline/c/0", "back\\slash\\n", "a b  c/0",
                                      "- - x\n- - y", "\xff\xfe",      "\"quoted\""};
  for (const std::string& key : keys) manifest.add(record_of(Key(key), as_bytes(key)));
  manifest.add({"gone\n/c/0", std::nullopt});
  manifest.save(*store_);
  const auto loaded = Manifest::load(*store_, *companion_);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->entries().size(), keys.size() + 1);
  for (const std::string& key : keys) {
    const auto found = loaded->entries().find(key);
    ASSERT_NE(found, loaded->entries().end()) << key;
    EXPECT_EQ(found->second->size, static_cast<std::int64_t>(key.size()));
    EXPECT_EQ(found->second->hash, hash_bytes(as_bytes(key)));
  }
  ASSERT_TRUE(loaded->entries().contains("gone\n/c/0"));
  EXPECT_FALSE(loaded->entries().at("gone\n/c/0"));
}

TEST_F(ManifestTest, WhatIsDamagedIsCorrupt) {
  const auto line = [](std::string_view size, std::string_view hash, std::string_view key) {
    return fmt::format("{} {} {}\n", size, hash, key);
  };
  EXPECT_EQ(load(text_of("1", "1", line("4", kHash, "a") + "- - b\n"))->entries().size(), 2U);
  const std::string good = line("4", kHash, "a");
  for (const std::string& bad : {text_of("1", "0", line("4x", kHash, "a")),
                                 text_of("1", "0", line("-4", kHash, "a")),
                                 text_of("1", "0", line("99999999999999999999", kHash, "a")),
                                 text_of("1", "0", line("", kHash, "a")),
                                 text_of("1", "0", line("4", "12", "a")),
                                 text_of("1", "0", line("-", kHash, "a")),
                                 text_of("0", "1", line("-", kHash, "a")),
                                 text_of("1", "0", line("4", kHash, "../a")),
                                 text_of("1", "0", line("4", kHash, "a\\t")),
                                 text_of("1", "0", line("4", kHash, "a\\")),
                                 text_of("1", "0", "4 " + std::string(kHash)),
                                 text_of("2", "0", good),
                                 text_of("1", "0", good + good),
                                 text_of("0", "1", good),
                                 text_of("9223372036854775807", "-9223372036854775806", good),
                                 text_of("9223372036854775807", "9223372036854775807", good),
                                 text_of("\"1\"", "0", good),
                                 std::string("{}\n"),
                                 std::string("\n"),
                                 std::string()}) {
    EXPECT_EQ(kind_thrown([&] { (void)load(bad); }), ErrorKind::corrupt) << bad;
  }
}

}  // namespace
}  // namespace gridmill
