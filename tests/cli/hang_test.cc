// A call that never returns, wherever it is made, becomes an error that names it, by its deadline.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "cli/command_line.h"
#include "doubles/faulty_files.h"
#include "doubles/temporary_directory.h"
#include "gridmill/array/array.h"
#include "gridmill/store/file_store.h"
#include "gridmill/zarr/writer.h"

namespace gridmill::cli {
namespace {

using ::testing::HasSubstr;

class Hang : public testing::Test {
 protected:
  Hang() {
    const auto store = file_store(directory_.files(), in_);
    ArrayMetadata metadata = new_array_metadata(3, types::float32, {4}, {4});
    metadata.fill = FillValue::zero(types::float32);
    metadata.codecs = default_chain(types::float32);
    metadata.dimension_names = {"x"};
    Array values(types::float32, {4});
    std::fill_n(values.values<float>(), 4, 2.5F);
    CodecContext context;
    Buffer encoded;
    metadata.codecs.encode(values.view(), encoded, context);
    store->put(Key("v/c/0"), encoded);
    write_array(*store, Key("v"), metadata);
    write_group(*store, Key(), 3, {});
  }

  struct Outcome {
    int code = 0;
    int left = -1;  // what leave() was called with
    std::string said;
  };

  Outcome run(FaultyFiles& files, const std::vector<std::string>& words) {
    Outcome outcome;
    Printer out([](ByteView) { return true; });
    Printer err([&](ByteView bytes) {
      outcome.said += as_text(bytes);
      return true;
    });
    std::atomic<int> left = -1;
    const Surroundings surroundings{
        .files = files,
        .clock = *clock_,
        .environment = [](const std::string&) { return std::nullopt; },
        .out = out,
        .err = err,
        .is_terminal = false,
        .error_width = [] { return 100; },
        .help_width = 100,
        .stop = {},
        .leave =
            [&](int code) {  // the process would be gone; here the call comes back
              left = code;
              files.release();
              std::this_thread::sleep_for(std::chrono::milliseconds(50));
            },
    };
    outcome.code = run_command_line(words, surroundings);
    outcome.left = left;
    return outcome;
  }

  TemporaryDirectory directory_;
  const std::string in_ = directory_ / "in.zarr";
  const std::string out_ = directory_ / "out.zarr";
  std::unique_ptr<Clock> clock_ = system_clock();
};

TEST_F(Hang, EveryCallOfConvertHasADeadline) {
  int hung = 0;
  for (std::int64_t n = 1;; ++n) {
    remove_tree(directory_.files(), out_);
    remove_tree(directory_.files(), out_ + ".gridmill");
    FaultyFiles files(directory_.files(), {n, Failure::hang});
    const Outcome outcome = run(files, {"convert", in_, out_, "--timeout", "40ms"});
    if (!files.fired()) break;
    ++hung;
    EXPECT_EQ(outcome.left, 4) << "call " << n << ": " << outcome.said;
    EXPECT_THAT(outcome.said, HasSubstr("--timeout sets how long to wait")) << "call " << n;
  }
  EXPECT_GT(hung, 20);
}

}  // namespace
}  // namespace gridmill::cli
