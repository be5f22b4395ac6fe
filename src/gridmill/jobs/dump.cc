#include "gridmill/jobs/dump.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/dataset/packing.h"
#include "gridmill/dataset/selection.h"
#include "gridmill/engine/run_memory.h"
#include "gridmill/field/sources.h"
#include "gridmill/field/unpack.h"
#include "gridmill/jobs/dump_format.h"
#include "gridmill/jobs/dump_outline.h"
#include "gridmill/jobs/labels.h"
#include "gridmill/jobs/output_file.h"
#include "gridmill/jobs/row_runs.h"
#include "gridmill/jobs/working_budget.h"

namespace gridmill {
namespace {

// Labels and times of the dataset are needed beside the array: the whole place is opened.
struct Chosen {
  Dataset dataset;
  const Variable* variable = nullptr;
  Box region;
};

const Variable& only_variable(const Dataset& dataset, const std::string& node) {
  std::vector<const Variable*> inside;
  std::vector<std::string> names;
  for (const Variable& variable : dataset.variables) {
    const std::string path = variable.path();
    if (path == node) return variable;
    if (!node.empty() && !path.starts_with(node + "/")) continue;
    inside.push_back(&variable);
    names.push_back(path);
  }
  if (inside.size() == 1) return *inside[0];
  if (inside.empty()) return dataset.at(node);  // throws, with the nearest spelling
  if (names.size() > 12) {
    names.resize(12);
    names.emplace_back("...");
  }
  throw Error(ErrorKind::invalid, fmt::format("{} holds several arrays: name one after '#/' ({})",
                                              dataset.location, join(names, ", ")));
}

void choose(const DumpOptions& options, Files& files, Chosen& chosen) {
  Location location = parse_location(options.location);
  const std::string node = location.node;
  location.node.clear();
  chosen.dataset = open_dataset(files, location, options.grib_index);
  chosen.variable = &only_variable(chosen.dataset, node);
  std::vector<SelectionText> texts;
  for (const std::string& text : options.region) texts.push_back(parse_region(text));
  for (const std::string& text : options.sel) texts.push_back(parse_sel(text));
  Selection selection(chosen.dataset, texts);
  for (const SelectionText& text : texts) {
    if (chosen.variable->dimension_index(text.dimension) < 0) {
      throw Error(ErrorKind::invalid,
                  fmt::format("{} has no dimension {}: it has ({})", chosen.variable->path(),
                              text.dimension, join(chosen.variable->dimensions, ", ")));
    }
  }
  chosen.region = selection.box(*chosen.variable);
}

Shape leaf_shape(const Variable& variable) {
  Shape leaf = Index::filled(variable.shape.rank(), 1);
  for (const Block& block : variable.blocks) {
    for (int d = 0; d < leaf.rank(); ++d) {
      leaf[d] = std::max(leaf[d], block.reader->grid().chunk()[d]);
    }
  }
  return leaf;
}

// What the run of a dump consists of, for one form.
class Dump {
 public:
  Dump(const DumpOptions& options, const Workplace& workplace, const Chosen& chosen)
      : options_(options), workplace_(workplace), chosen_(chosen), variable_(*chosen.variable) {
    if (options.form != DumpForm::raw) {
      packing_ = packing_of(variable_);
      times_ = decodable_times(variable_);
    } else if (variable_.type.is_string()) {
      throw Error(ErrorKind::unsupported,
                  fmt::format("{} holds strings, which have no raw form: use --json or --csv",
                              variable_.path()));
    }
  }

  void run(const std::function<void(ByteView)>& append) const {
    if (options_.form == DumpForm::text) {
      append(as_bytes(outline(variable_, chosen_.region, *packing_, element())));
      return;
    }
    if (options_.form == DumpForm::csv) append(as_bytes(csv_header()));
    if (chosen_.region.is_empty()) {
      if (options_.form == DumpForm::json) {
        append(as_bytes(empty_json(chosen_.region.shape) + "\n"));
      }
      return;
    }
    stream(append);
  }

 private:
  ElementText element() const { return {packing_ ? packing_->unpacked : variable_.type, times_}; }

  std::string csv_header() const {
    std::string header;
    for (const std::string& name : variable_.dimensions) header += csv_quoted(name) + ",";
    return header + csv_quoted(variable_.name) + "\n";
  }

  FieldPtr field() const {
    auto source =
        slice_source(variable_source(variable_, chosen_.dataset.location), chosen_.region);
    return packing_ ? unpack_field(source, *packing_) : source;
  }

  std::vector<std::shared_ptr<const CellTexts>> labels() const {
    std::vector<std::shared_ptr<const CellTexts>> labels;
    for (int d = 0; d < chosen_.region.rank(); ++d) {
      labels.push_back(dimension_labels(chosen_.dataset, variable_.group,
                                        variable_.dimensions[static_cast<std::size_t>(d)],
                                        chosen_.region.begin[d], chosen_.region.shape[d]));
    }
    return labels;
  }

  RowsTarget target(const FieldPtr& field, std::int64_t memory) const {
    RowsTarget target;
    target.name = variable_.path();
    RowColumn column{field->type(), {}};
    for (int d = 0; d < field->shape().rank(); ++d) column.dimensions.push_back(d);
    target.columns.push_back(column);
    const Shape shape = field->shape();
    if (options_.form == DumpForm::raw) {
      target.row_bound = field->type().size;
      target.format = [](const Box&, std::span<const ArrayView> views, Buffer& out) {
        format_raw(views[0], out);
      };
    } else if (options_.form == DumpForm::json) {
      target.row_bound = element().bound() + 2 * shape.rank() + 4;
      target.format = [shape, text = element()](const Box& box, std::span<const ArrayView> views,
                                                Buffer& out) {
        format_json(shape, box, views[0], text, out);
      };
    } else {
      const auto names = labels();
      target.row_bound = element().bound() + 1;
      for (const auto& cells : names) {
        target.row_bound += static_cast<std::int64_t>(cells->longest()) + 1;
      }
      target.format = [names, text = element()](const Box& box, std::span<const ArrayView> views,
                                                Buffer& out) {
        format_csv(box, views[0], text, names, out);
      };
    }
    RunSizes sizes;
    sizes.row_bytes = target.row_bound + field->type().size + variable_.type.size;
    sizes.preferred_bytes = std::min<std::int64_t>(8 << 20, memory / 8);
    sizes.most_bytes = std::max<std::int64_t>(memory / 3, 1);
    target.runs = choose_runs(shape, leaf_shape(variable_), chosen_.region.begin, sizes);
    return target;
  }

  void stream(const std::function<void(ByteView)>& append) const {
    const auto stage = plan_within(options_.resources.memory, [&](std::int64_t memory) {
      Resources planned = options_.resources;
      planned.memory = memory;
      auto made = stage_for(memory, append);
      check_fits(*made, run_options(planned));
      return made;
    });
    Progress progress;
    const Watched watched(workplace_.console, "dumping " + variable_.path(), progress);
    run_stage(stage, 0, TaskGrid(stage->outputs).size(), run_options(options_.resources),
              workplace_.clock, progress, workplace_.stop);
    stage->outputs[0].sink->finish();
  }

  std::shared_ptr<Stage> stage_for(std::int64_t memory,
                                   const std::function<void(ByteView)>& append) const {
    const FieldPtr values = field();
    RowsTarget rows = target(values, memory);
    rows.append = append;
    const int rank = rows.runs.shape.rank();
    auto stage = std::make_shared<Stage>();
    stage->name = "dump";
    stage->outputs.push_back(
        {variable_.path(), {values}, rows_sink(std::move(rows)), Index::filled(rank, 1)});
    return stage;
  }

  const DumpOptions& options_;
  const Workplace& workplace_;
  const Chosen& chosen_;
  const Variable& variable_;
  std::optional<Packing> packing_;  // none: as stored
  std::optional<TimeUnits> times_;
};

}  // namespace

void dump(const DumpOptions& options, const Workplace& workplace,
          const std::function<void(ByteView)>& print) {
  if (!options.output.empty()) {
    check_output_file(workplace.files, options.output, options.overwrite, {options.location});
  }
  Chosen chosen;
  choose(options, workplace.files, chosen);
  warn_of(chosen.dataset.notes, workplace.console);
  const Dump job(options, workplace, chosen);
  if (options.dry_run) {
    const std::string line = fmt::format(
        "would dump {} {} of {}: {} values\n", chosen.variable->path(), to_string(chosen.region),
        options.location, format_count(volume(chosen.region.shape)));
    print(as_bytes(line));
    return;
  }
  if (options.output.empty()) {
    job.run(print);
    return;
  }
  // By value: a lane that had to be given up may be inside append while this function unwinds.
  const std::shared_ptr<ValueWriter> writer = write_file(workplace.files, options.output);
  job.run([writer](ByteView bytes) { writer->append(bytes); });
  (void)writer->commit();
}

}  // namespace gridmill
