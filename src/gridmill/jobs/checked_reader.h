// checked_reader.h: a Zarr array's leaves as verification reads them: a bad chunk is noted and read
// as fill, so that the run goes on to the next. Bad is what the bytes are; that they can't be read
// (no permission, a failing disk, no memory) is an error of the run.
//
// It owns all that it touches: a fetch that had to be given up may return after the run has ended.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "gridmill/codec/leaf.h"
#include "gridmill/store/manifest.h"

namespace gridmill {

class CheckedReader final : public LeafReader {
 public:
  // `manifest` may be null. `report` gets the chunk's key and what is wrong, one call at a time,
  // from any thread.
  CheckedReader(
      std::shared_ptr<const LeafReader> inner, std::shared_ptr<const Manifest> manifest,
      std::function<void(const Index&, const std::string& key, const std::string&)> report)
      : LeafReader(inner->type(), inner->grid()),
        inner_(std::move(inner)),
        manifest_(std::move(manifest)),
        report_(std::move(report)) {}

  bool is_bad(const Index& position) const;

  std::int64_t stored_bound() const override { return inner_->stored_bound(); }
  std::int64_t scratch_bound() const override { return inner_->scratch_bound(); }
  bool fetch(const Index& position, Buffer& stored) const override;
  void decode(const Index& position, ByteView stored, std::span<const Part> parts,
              StringArena& strings, CodecContext& context) const override;
  void fill(std::span<const Part> parts, StringArena& strings) const override {
    inner_->fill(parts, strings);
  }
  std::optional<LeafLocation> locate(const Index& position) const override {
    return inner_->locate(position);
  }
  std::string describe(const Index& position) const override { return inner_->describe(position); }

 private:
  void note(const Index& position, const std::string& what) const;
  std::string key_of(const Index& position) const;
  bool check_presence(const Index& position, bool is_present, ByteView stored) const;

  std::shared_ptr<const LeafReader> inner_;
  std::shared_ptr<const Manifest> manifest_;
  std::function<void(const Index&, const std::string&, const std::string&)> report_;
  mutable std::mutex mutex_;
  mutable std::set<std::int64_t> bad_;
};

}  // namespace gridmill
