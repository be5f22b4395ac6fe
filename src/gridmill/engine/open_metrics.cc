#include "gridmill/engine/open_metrics.h"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "gridmill/base/text.h"

namespace gridmill {
namespace {

struct Label {
  std::string name;
  std::string value;
};
using Labels = std::vector<Label>;

// Inside quotes: backslash, quote and line feed are escaped.
std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\n') {
      text += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') text += '\\';
    text += c;
  }
  return text;
}

std::string braces(const Labels& labels) {
  std::vector<std::string> parts;
  for (const Label& label : labels) {
    parts.push_back(fmt::format("{}=\"{}\"", label.name, escaped(label.value)));
  }
  return "{" + join(parts, ",") + "}";
}

// Letters, digits and underscores; whatever else a tag's name has becomes one.
std::string label_name(std::string_view text) {
  std::string name = "tag_";
  for (const char c : text) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += fits ? c : '_';
  }
  return name;
}

class Text {
 public:
  explicit Text(Labels common) : common_(std::move(common)) {}

  void info(const std::string& name, const std::string& help, const Labels& labels) {
    head(name, "info", "", help);
    text_ += name + "_info" + braces(with(labels)) + " 1\n";
  }

  // A name's samples must follow each other: gauge() once, then its samples.
  void gauge(const std::string& name, const std::string& unit, const std::string& help) {
    head(name, "gauge", unit, help);
    name_ = name;
  }
  void sample(const Json& value, const Labels& labels = {}) {
    if (!value.is_number()) return;
    text_ += fmt::format("{}{} {}\n", name_, braces(with(labels)), format_double(value));
  }

  std::string end() && { return std::move(text_) + "# EOF\n"; }

 private:
  void head(const std::string& name, const char* type, const std::string& unit,
            const std::string& help) {
    text_ += fmt::format("# TYPE {} {}\n", name, type);
    if (!unit.empty()) text_ += fmt::format("# UNIT {} {}\n", name, unit);
    text_ += fmt::format("# HELP {} {}\n", name, help);
  }

  Labels with(const Labels& labels) const {
    Labels all = common_;
    all.insert(all.end(), labels.begin(), labels.end());
    return all;
  }

  const Labels common_;
  std::string text_;
  std::string name_;
};

struct Gauge {
  const char* member;  // of the report
  const char* name;
  const char* unit;
  const char* help;
};

constexpr Gauge kRunGauges[] = {
    {"seconds", "gridmill_run_duration_seconds", "seconds", "Wall time of the run."},
    {"cpu_seconds", "gridmill_run_cpu_seconds", "seconds", "Processor time of the process."},
    {"peak_memory", "gridmill_run_peak_memory_bytes", "bytes", "Most resident memory."},
    {"memory", "gridmill_run_memory_budget_bytes", "bytes", "What --memory allowed."},
    {"bytes_read", "gridmill_run_read_bytes", "bytes", "Stored bytes read from the inputs."},
    {"bytes_written", "gridmill_run_written_bytes", "bytes", "Stored bytes written."},
    {"threads", "gridmill_run_threads", "", "CPU threads."},
};

constexpr Gauge kWorkGauges[] = {
    {"busy_seconds", "gridmill_work_busy_seconds", "seconds", "Time spent on it over all lanes."},
    {"cpu_seconds", "gridmill_work_cpu_seconds", "seconds", "Processor time spent on it."},
    {"bytes", "gridmill_work_bytes", "bytes", "Bytes that went through it."},
    {"items", "gridmill_work_items", "", "Leaves or chunks that went through it."},
};

void add_run(Text& text, const Json& record) {
  for (const Gauge& gauge : kRunGauges) {
    text.gauge(gauge.name, gauge.unit, gauge.help);
    if (record.contains(gauge.member)) text.sample(record[gauge.member]);
  }
  text.gauge("gridmill_run_success", "", "1 if the run ended well, else 0.");
  text.sample(record.value("state", "done") == "done" ? 1 : 0);
  text.gauge("gridmill_run_bottleneck", "", "How busy what held the run back was, from 0 to 1.");
  const Json& found = record["bottleneck"];
  text.sample(found["use"], {{"what", found.value("what", "")}});
  if (!record.contains("cost")) return;
  text.gauge("gridmill_run_cost", "", "Cost at the price table.");
  text.sample(record["cost"]["total"], {{"currency", record["cost"].value("currency", "")}});
}

constexpr Gauge kWorkerGauges[] = {
    {"tasks", "gridmill_worker_tasks", "", "Tasks done by one process of the run."},
    {"cpu_seconds", "gridmill_worker_cpu_seconds", "seconds", "Its processor time."},
    {"bytes_read", "gridmill_worker_read_bytes", "bytes", "Stored bytes that it read."},
    {"bytes_written", "gridmill_worker_written_bytes", "bytes", "Stored bytes that it wrote."},
    {"peak_memory", "gridmill_worker_peak_memory_bytes", "bytes", "Its most resident memory."},
};

void add_workers(Text& text, const Json& each) {
  for (const Gauge& gauge : kWorkerGauges) {
    text.gauge(gauge.name, gauge.unit, gauge.help);
    // Ranks of an earlier attempt have the names of the later ones'.
    std::size_t number = 0;
    for (const Json& worker : each) {
      text.sample(worker[gauge.member],
                  {{"worker", std::to_string(number++)}, {"name", worker.value("name", "")}});
    }
  }
}

void add_stages(Text& text, const Json& stages) {
  // A run may have several stages of one name, one for each variable.
  const auto each = [&](const auto& visit) {
    std::size_t number = 0;
    for (const Json& stage : stages) {
      visit(stage, Labels{{"stage", std::to_string(number++)}, {"name", stage.value("name", "")}});
    }
  };
  text.gauge("gridmill_stage_duration_seconds", "seconds", "Wall time of the stage.");
  each([&](const Json& stage, const Labels& labels) { text.sample(stage["seconds"], labels); });
  text.gauge("gridmill_stage_tasks", "", "Tasks done.");
  each([&](const Json& stage, const Labels& labels) { text.sample(stage["tasks"], labels); });
  text.gauge("gridmill_stage_credit_bytes", "bytes", "Most memory that tasks held.");
  each([&](const Json& stage, const Labels& labels) {
    text.sample(stage["credit"]["most"], labels);
  });
  const auto members = [&](const char* group, const char* label, const Gauge& gauge) {
    text.gauge(gauge.name, gauge.unit, gauge.help);
    each([&](const Json& stage, const Labels& labels) {
      for (const auto& [name, figures] : stage[group].items()) {
        Labels all = labels;
        all.push_back({label, name});
        text.sample(figures[gauge.member], all);
      }
    });
  };
  for (const Gauge& gauge : kWorkGauges) members("work", "work", gauge);
  members("lanes", "lane",
          {"use", "gridmill_lane_use", "", "Busy time over wall time, from 0 to 1."});
  members("queues", "queue",
          {"mean", "gridmill_queue_depth", "", "How many waited when one was taken, on average."});
}

Labels common_labels(const Json& record) {
  return {{"verb", record.value("verb", "")}, {"output", record.value("output", "")}};
}

Labels about(const Json& record) {
  Labels labels{{"version", record.value("gridmill", "")}, {"run", record.value("id", "")}};
  std::set<std::string> names;
  const Json tags = record.value("tags", Json::object());
  for (const auto& [name, value] : tags.items()) {
    const std::string label = label_name(name);
    if (names.insert(label).second) labels.push_back({label, value.get<std::string>()});
  }
  return labels;
}

struct Count {
  std::atomic<std::int64_t> Progress::*member;
  const char* name;
  const char* unit;
  const char* help;
};

constexpr Count kCounts[] = {
    {&Progress::tasks_total, "gridmill_run_tasks", "", "Tasks of the stages that have begun."},
    {&Progress::tasks_done, "gridmill_run_tasks_done", "", "Those that are done."},
    {&Progress::bytes_fetched, "gridmill_run_read_bytes", "bytes", "Stored bytes read so far."},
    {&Progress::bytes_decoded, "gridmill_run_decoded_bytes", "bytes", "Bytes decoded so far."},
    {&Progress::units_written, "gridmill_run_chunks_written", "", "Chunks written so far."},
    {&Progress::bytes_written, "gridmill_run_written_bytes", "bytes",
     "Stored bytes written so far."},
    {&Progress::memory_held, "gridmill_run_held_bytes", "bytes", "Memory that tasks hold now."},
};

}  // namespace

std::string live_metrics(const Json& record, const Progress* progress) {
  Text text(common_labels(record));
  text.info("gridmill_run", "What runs now.", about(record));
  for (const Gauge& gauge : kRunGauges) {
    if (!record.contains(gauge.member)) continue;
    text.gauge(gauge.name, gauge.unit, gauge.help);
    text.sample(record[gauge.member]);
  }
  for (const Count& count : kCounts) {
    text.gauge(count.name, count.unit, count.help);
    text.sample(progress == nullptr ? 0 : (progress->*count.member).load());
  }
  return std::move(text).end();
}

std::string open_metrics(const Json& record) {
  Text text(common_labels(record));
  text.info("gridmill_run", "What ran: the run that ended last.", about(record));
  add_run(text, record);
  add_stages(text, record.value("stages", Json::array()));
  if (record.contains("workers")) add_workers(text, record["workers"]["each"]);
  return std::move(text).end();
}

}  // namespace gridmill
