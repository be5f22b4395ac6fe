#include "capi/gridmill.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/base/error_report.h"
#include "gridmill/base/exact_json.h"
#include "gridmill/base/text.h"
#include "gridmill/base/version.h"
#include "gridmill/jobs/arrow_table.h"
#include "gridmill/jobs/plan_file.h"
#include "gridmill/jobs/plan_session.h"
#include "gridmill/jobs/table_request.h"

namespace gridmill {
namespace {

// The caller reads the report; nobody listens meanwhile.
class Silence final : public Console {
 public:
  void say(const std::string&) override {}
  void warn(const std::string&) override {}
  void begin(const std::string&, const Progress&) override {}
  void done() override {}
};

char* copied(const std::string& text) {
  char* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy != nullptr) std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

PlanDocument plan_of(const char* plan, Files& files) {
  if (plan == nullptr) throw Error(ErrorKind::invalid, "no plan is given");
  const std::string text = plan;
  return trim(text).starts_with("{") ? store_plan(parse_exact_json(text)) : load_plan(text, files);
}

// What nobody means; beyond it arithmetic overflows.
std::int64_t most_of(const std::string& option) {
  if (option == "threads") return 4096;
  return option == "timeout_s" ? 1'000'000'000 : INT64_MAX;
}

Resources resources_of(const char* options, Resources resources) {
  if (options == nullptr) return resources;
  const Json json = parse_json(options);
  if (!json.is_object()) throw Error(ErrorKind::invalid, "the options are not a JSON object");
  for (const auto& [name, value] : json.items()) {
    const bool is_sound = value.is_number_integer() && value.get<std::int64_t>() > 0 &&
                          value.get<std::int64_t>() <= most_of(name);
    const bool is_known = name == "memory" || name == "threads" || name == "timeout_s";
    if (!is_known || !is_sound) {
      throw Error(ErrorKind::invalid,
                  "options are memory, threads (at most 4096) and timeout_s (at most 10^9), each a "
                  "whole number above 0; not " +
                      name + ": " + dump_json(value, -1));
    }
    if (name == "memory") resources.memory = value.get<std::int64_t>();
    if (name == "threads") resources.threads = value.get<int>();
    if (name == "timeout_s") resources.timeout_ns = value.get<std::int64_t>() * 1'000'000'000;
  }
  return resources;
}

Resources resources_of(const char* options, const PlanDocument& plan) {
  Resources resources = default_resources();
  resources.memory = plan.memory;
  return resources_of(options, std::move(resources));
}

// A thread that was given up at its deadline may return long after the call that started it: what
// it uses then lives as long as the process.
Files& lasting_files() {
  static Files& files = *posix_files().release();
  return files;
}

const Clock& lasting_clock() {
  static const Clock& clock = *system_clock().release();
  return clock;
}

// The border: nothing is thrown across it.
template <class Work>
int guarded(char** report, Work&& work) noexcept {
  if (report != nullptr) *report = nullptr;
  try {
    try {
      Silence console;
      const Workplace workplace{lasting_files(), lasting_clock(), console, {}};
      const Json result = work(workplace);
      if (report != nullptr) *report = copied(dump_json(result));
      return 0;
    } catch (...) {
      const Error error = current_error();
      if (report != nullptr) *report = copied(dump_json(error_report(error)));
      return exit_code(error.kind());
    }
  } catch (...) {
    return exit_code(ErrorKind::out_of_memory);
  }
}

}  // namespace
}  // namespace gridmill

extern "C" {

const char* gm_version(void) { return gridmill::kVersion.data(); }

int gm_explain(const char* plan, char** report) {
  return gridmill::guarded(report, [&](const gridmill::Workplace& workplace) {
    return gridmill::explain_plan(gridmill::plan_of(plan, workplace.files));
  });
}

int gm_run_tasks(const char* plan, int32_t stage, int64_t first, int64_t last, const char* options,
                 char** report) {
  return gridmill::guarded(report, [&](const gridmill::Workplace& workplace) {
    const gridmill::PlanDocument document = gridmill::plan_of(plan, workplace.files);
    gridmill::PlanSession session(document, gridmill::resources_of(options, document), workplace);
    return session.run(stage, first, last);
  });
}

int gm_finish(const char* plan, const char* options, char** report) {
  return gridmill::guarded(report, [&](const gridmill::Workplace& workplace) {
    const gridmill::PlanDocument document = gridmill::plan_of(plan, workplace.files);
    gridmill::ExecOptions exec;
    exec.resources = gridmill::resources_of(options, document);
    return gridmill::exec_plan(exec, document, workplace);
  });
}

int gm_table(const char* request, const char* options, struct ArrowArrayStream* out,
             char** report) {
  if (out != nullptr) out->release = nullptr;  // as long as it is no stream
  const int code = gridmill::guarded(report, [&](const gridmill::Workplace& workplace) {
    if (request == nullptr || out == nullptr) {
      throw gridmill::Error(gridmill::ErrorKind::invalid,
                            "no request is given, or no place for the stream");
    }
    gridmill::ExtractOptions table = gridmill::table_request(gridmill::parse_json(request));
    table.resources = gridmill::resources_of(options, std::move(table.resources));
    return gridmill::open_arrow_table(std::move(table), workplace.files, workplace.clock, out);
  });
  if (code != 0 && out != nullptr && out->release != nullptr) out->release(out);
  return code;
}

void gm_free(char* report) { std::free(report); }
}
