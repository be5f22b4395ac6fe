#include "doubles/faulty_store.h"

#include <utility>

namespace gridmill {
namespace {

using Verdict = FaultGate::Verdict;

// Nothing of a torn or crashed write is stored; otherwise as FaultGate::pass.
template <class Action>
auto pass_write(FaultGate& gate, const Call& call, Action&& action) {
  const Verdict verdict = gate.enter(call);
  if (verdict == Verdict::crash_midway) throw CrashError();
  if (verdict == Verdict::tear) FaultGate::throw_io_error(call);
  auto result = action();
  if (verdict == Verdict::lose_reply) FaultGate::throw_io_error(call);
  return result;
}

class FaultyWriter final : public ValueWriter {
 public:
  FaultyWriter(std::unique_ptr<ValueWriter> under, std::string key, std::shared_ptr<FaultGate> gate)
      : under_(std::move(under)), key_(std::move(key)), gate_(std::move(gate)) {}

  void append(ByteView bytes) override {
    pass_write(*gate_, {"append", key_, {}, static_cast<std::int64_t>(bytes.size())}, [&] {
      under_->append(bytes);
      return true;
    });
  }
  Version commit() override {
    return gate_->pass({"commit", key_, {}, 0}, [&] { return under_->commit(); });
  }

 private:
  std::unique_ptr<ValueWriter> under_;
  std::string key_;
  std::shared_ptr<FaultGate> gate_;
};

}  // namespace

std::optional<GetResult> FaultyStore::get(const Key& key, const GetRequest& request, Buffer& into) {
  const Call call{"get", key.text(), {}, 0};
  const Verdict verdict = gate_->enter(call);
  const auto result = under_.get(key, request, into);
  if (verdict == Verdict::shorten && result) into.resize(into.size() / 2);
  if (verdict == Verdict::lose_reply) FaultGate::throw_io_error(call);
  return result;
}

std::optional<GetResult> FaultyStore::stat(const Key& key) {
  return gate_->pass({"stat", key.text(), {}, 0}, [&] { return under_.stat(key); });
}

Version FaultyStore::put(const Key& key, std::span<const ByteView> pieces) {
  std::int64_t bytes = 0;
  for (const ByteView piece : pieces) bytes += static_cast<std::int64_t>(piece.size());
  return pass_write(*gate_, {"put", key.text(), {}, bytes},
                    [&] { return under_.put(key, pieces); });
}

Version FaultyStore::put_if(const Key& key, ByteView value,
                            const std::optional<Version>& expected) {
  return pass_write(*gate_, {"put_if", key.text(), {}, static_cast<std::int64_t>(value.size())},
                    [&] { return under_.put_if(key, value, expected); });
}

std::unique_ptr<ValueWriter> FaultyStore::writer(const Key& key) {
  auto writer = gate_->pass({"writer", key.text(), {}, 0}, [&] { return under_.writer(key); });
  return std::make_unique<FaultyWriter>(std::move(writer), key.text(), gate_);
}

void FaultyStore::list(const Key& prefix, const std::function<void(const ListEntry&)>& visit) {
  gate_->pass({"list", prefix.text(), {}, 0}, [&] {
    under_.list(prefix, visit);
    return true;
  });
}

std::vector<std::string> FaultyStore::children(const Key& prefix) {
  return gate_->pass({"children", prefix.text(), {}, 0}, [&] { return under_.children(prefix); });
}

bool FaultyStore::remove(const Key& key) {
  return gate_->pass({"remove", key.text(), {}, 0}, [&] { return under_.remove(key); });
}

}  // namespace gridmill
