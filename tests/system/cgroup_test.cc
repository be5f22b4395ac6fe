#include "gridmill/system/cgroup.h"

#include <gtest/gtest.h>

#include "doubles/temporary_directory.h"
#include "gridmill/base/bytes.h"

namespace gridmill {
namespace {

constexpr std::int64_t kGiB = std::int64_t{1} << 30;

// A tree of files as below /sys/fs/cgroup.
class CgroupTest : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) {
    const std::string whole = directory_ / path;
    directory_.files().make_directories(whole.substr(0, whole.rfind('/')));
    directory_.files().remove_file(whole);
    const auto file = directory_.files().create(whole);
    file->append(as_bytes(text));
    file->close();
  }
  CgroupLimits limits(const std::string& groups) {
    return cgroup_limits(groups, directory_.path());
  }

  TemporaryDirectory directory_;
};

TEST_F(CgroupTest, WithoutGroupsThereAreNoLimits) {
  for (const char* text : {"", "0::/\n", "0::/gone/away\n", "nonsense", "1:2", "0::", "0::x\n"}) {
    EXPECT_FALSE(limits(text).memory) << text;
    EXPECT_FALSE(limits(text).cores) << text;
  }
}

TEST_F(CgroupTest, Version2IsAskedFromTheOwnGroupUpToTheRoot) {
  write("job/step/memory.max", "max\n");
  write("job/step/cpu.max", "300000 100000\n");
  write("job/memory.max", "2147483648\n");
  write("job/cpu.max", "max 100000\n");
  write("memory.max", "4294967296\n");
  write("cpu.max", "150000 100000\n");
  write("other/memory.max", "1\n");
  EXPECT_EQ(limits("0::/job/step\n").memory, 2 * kGiB);
  EXPECT_EQ(limits("0::/job/step\n").cores, 1.5);
  EXPECT_EQ(limits("0::/\n").memory, 4 * kGiB);
  EXPECT_EQ(limits("0::/job\n").memory, 2 * kGiB);
  write("job/step/memory.max", "1073741824\n");
  EXPECT_EQ(limits("0::/job/step\n").memory, kGiB);
  write("job/step/memory.high", "536870912\n");  // above it the kernel takes pages back
  EXPECT_EQ(limits("0::/job/step\n").memory, kGiB / 2);
}

TEST_F(CgroupTest, AGroupThatIsNotMountedHereHasTheMountedRoot) {
  write("memory.max", "1073741824\n");
  write("cpu.max", "50000 100000\n");
  EXPECT_EQ(limits("0::/docker/0123\n").memory, kGiB);
  EXPECT_EQ(limits("0::/docker/0123\n").cores, 0.5);
}

TEST_F(CgroupTest, Version1HasATreeForEachController) {
  const std::string groups =
      "12:cpuset:/docker/1\n4:memory:/docker/1\n3:cpu,cpuacct:/docker/1\n1:name=systemd:/x\n";
  write("memory/docker/1/memory.limit_in_bytes", "1073741824\n");
  write("memory/docker/memory.limit_in_bytes", "9223372036854771712\n");
  write("cpu,cpuacct/docker/1/cpu.cfs_quota_us", "-1\n");
  write("cpu,cpuacct/docker/1/cpu.cfs_period_us", "100000\n");
  write("cpu,cpuacct/docker/cpu.cfs_quota_us", "250000\n");
  write("cpu,cpuacct/docker/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(limits(groups).memory, kGiB);
  EXPECT_EQ(limits(groups).cores, 2.5);
  write("cpu/docker/1/cpu.cfs_quota_us", "100000\n");  // the same tree by another name
  write("cpu/docker/1/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(limits(groups).cores, 1.0);
}

TEST_F(CgroupTest, BothVersionsMayBeMounted) {
  write("unified/job/cpu.max", "200000 100000\n");
  write("memory/job/memory.limit_in_bytes", "1073741824\n");
  const CgroupLimits found = limits("5:memory:/job\n0::/job\n");
  EXPECT_EQ(found.memory, kGiB);
  EXPECT_EQ(found.cores, 2.0);
}

TEST(Cgroup, OfThisProcessLeavesItSomething) {
  const CgroupLimits own = own_cgroup_limits();
  EXPECT_GT(own.memory.value_or(1 << 30), 16 << 20);
  EXPECT_GT(own.cores.value_or(1), 0);
}

}  // namespace
}  // namespace gridmill
