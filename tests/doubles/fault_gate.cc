#include "doubles/fault_gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace gridmill {
namespace {

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool changes_something(const std::string& name) {
  static constexpr std::array<std::string_view, 14> kNames{
      "append",   "create", "make_directories", "sync",     "close", "rename", "rename_new",
      "exchange", "link",   "sync_directory",   "sync_all", "put",   "put_if", "commit"};
  return is_one_of(kNames, name);
}

bool needs_space(const std::string& name) {
  static constexpr std::array<std::string_view, 6> kNames{"append", "create", "make_directories",
                                                          "put",    "put_if", "commit"};
  return is_one_of(kNames, name);
}

bool writes_bytes(const std::string& name) {
  static constexpr std::array<std::string_view, 3> kNames{"append", "put", "put_if"};
  return is_one_of(kNames, name);
}

bool reads_bytes(const std::string& name) { return name == "read_at" || name == "get"; }

bool removes_something(const std::string& name) {
  return name == "remove_file" || name == "remove_directory" || name == "remove" || name == "lock";
}

// Whether the failure can happen to this call, and leaves something there that an error does not.
bool applies(Failure failure, const Call& call) {
  switch (failure) {
    case Failure::full_disk:
      return changes_something(call.name);
    case Failure::lost_reply:
    case Failure::crash:
      return changes_something(call.name) || removes_something(call.name);
    case Failure::torn_write:
      return writes_bytes(call.name);
    case Failure::short_read:
      return reads_bytes(call.name);
    default:
      return true;
  }
}

[[noreturn]] void throw_full(const Call& call) {
  throw Error(ErrorKind::out_of_space,
              fmt::format("{} {}: no space left on the pretended disk", call.name, call.subject));
}

}  // namespace

void FaultGate::set_fault(Fault fault) {
  const std::lock_guard lock(mutex_);
  fault_ = std::move(fault);
  calls_ = matching_ = fired_at_ = 0;
  fired_ = is_released_ = false;
  stuck_.clear();
  log_.clear();
}

void FaultGate::release() {
  const std::lock_guard lock(mutex_);
  is_released_ = true;
  released_.notify_all();
}

std::int64_t FaultGate::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

bool FaultGate::fired() const {
  const std::lock_guard lock(mutex_);
  return fired_;
}

std::int64_t FaultGate::fired_at() const {
  const std::lock_guard lock(mutex_);
  return fired_at_;
}

std::vector<Call> FaultGate::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

std::int64_t FaultGate::count(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  return std::count_if(log_.begin(), log_.end(), [&](const Call& c) { return c.name == name; });
}

void FaultGate::throw_io_error(const Call& call) {
  throw Error(ErrorKind::unavailable,
              fmt::format("{} {}: pretended input/output error", call.name, call.subject));
}

FaultGate::Verdict FaultGate::enter(Call call) {
  std::unique_lock lock(mutex_);
  ++calls_;
  log_.push_back(call);
  if (fired_ && fault_.failure == Failure::crash) throw CrashError();
  if (fired_ && fault_.failure == Failure::sticky && call.name == stuck_) throw_io_error(call);
  if (fired_ && fault_.failure == Failure::full_disk && needs_space(call.name)) throw_full(call);
  const bool matches = (fault_.name.empty() || call.name == fault_.name) &&
                       call.subject.find(fault_.subject) != std::string::npos;
  if (matches) ++matching_;
  const bool is_due = matches && fault_.at_call > 0 && matching_ >= fault_.at_call && !fired_;
  if (!is_due || !applies(fault_.failure, call)) return Verdict::proceed;
  fired_ = true;
  fired_at_ = matching_;
  switch (fault_.failure) {
    case Failure::error:
      throw Error(fault_.kind, fmt::format("{} {}: pretended failure ({})", call.name, call.subject,
                                           to_string(fault_.kind)));
    case Failure::sticky:
      stuck_ = call.name;
      throw_io_error(call);
    case Failure::full_disk:
      throw_full(call);
    case Failure::torn_write:
      return Verdict::tear;
    case Failure::short_read:
      return Verdict::shorten;
    case Failure::lost_reply:
      return Verdict::lose_reply;
    case Failure::hang:
      return hang(lock, call);
    case Failure::crash:
      if (writes_bytes(call.name)) return Verdict::crash_midway;
      throw CrashError();
  }
  return Verdict::proceed;
}

FaultGate::Verdict FaultGate::hang(std::unique_lock<std::mutex>& lock, const Call& call) {
  if (!released_.wait_for(lock, std::chrono::seconds(5), [&] { return is_released_; })) {
    throw Error(ErrorKind::timeout,
                fmt::format("{} {}: hung for five seconds", call.name, call.subject));
  }
  return Verdict::proceed;
}

}  // namespace gridmill
