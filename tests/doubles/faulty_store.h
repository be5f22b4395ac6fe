// faulty_store.h: a Store whose n-th call fails.
//
// Decorates another Store. Counted calls: get, stat, put, put_if, writer, append and commit (of a
// writer), list, children, remove. A torn put throws and stores nothing, because stores are atomic;
// a short read gives half of the bytes while the result still claims the whole size; a lost reply
// does the put and then throws.
#pragma once

#include <memory>
#include <utility>

#include "doubles/fault_gate.h"
#include "gridmill/store/store.h"

namespace gridmill {

class FaultyStore final : public Store {
 public:
  using Store::get;
  using Store::put;

  // `under` must outlive this and its writers.
  explicit FaultyStore(Store& under, Fault fault = {})
      : under_(under), gate_(std::make_shared<FaultGate>(std::move(fault))) {}

  FaultGate& gate() noexcept { return *gate_; }
  void set_fault(Fault fault) { gate_->set_fault(std::move(fault)); }
  void release() { gate_->release(); }
  std::int64_t calls() const { return gate_->calls(); }
  bool fired() const { return gate_->fired(); }
  std::vector<Call> log() const { return gate_->log(); }

  std::optional<GetResult> get(const Key& key, const GetRequest& request, Buffer& into) override;
  std::optional<GetResult> stat(const Key& key) override;
  Version put(const Key& key, std::span<const ByteView> pieces) override;
  Version put_if(const Key& key, ByteView value, const std::optional<Version>& expected) override;
  std::unique_ptr<ValueWriter> writer(const Key& key) override;
  void list(const Key& prefix, const std::function<void(const ListEntry&)>& visit) override;
  std::vector<std::string> children(const Key& prefix) override;
  bool remove(const Key& key) override;
  std::string describe() const override { return under_.describe(); }

 private:
  Store& under_;
  std::shared_ptr<FaultGate> gate_;  // shared with the writers
};

}  // namespace gridmill
