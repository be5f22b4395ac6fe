// field.h: an array that can be asked for any region, without being one.
//
// A field is a node of a lazy graph. A Source lists the leaves that hold a region and says where
// their elements go; an Operator says which regions of its inputs it needs and computes. Fields are
// immutable and may be used from any thread; they keep what they read from alive. Nothing here
// reads a byte: the engine does, leaf by leaf.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gridmill/array/view.h"
#include "gridmill/base/json.h"
#include "gridmill/codec/leaf.h"
#include "gridmill/dataset/missing_value.h"

namespace gridmill {

class Field {
 public:
  virtual ~Field() = default;

  const std::vector<std::string>& dimensions() const noexcept { return dimensions_; }
  const Shape& shape() const noexcept { return shape_; }
  DataType type() const noexcept { return type_; }

  // The node and its inputs, enough to build it again: {"source": ...} or {"operator": ...}.
  virtual Json to_json() const = 0;

 protected:
  Field(std::vector<std::string> dimensions, Shape shape, DataType type)
      : dimensions_(std::move(dimensions)), shape_(shape), type_(type) {}

 private:
  std::vector<std::string> dimensions_;
  Shape shape_;
  DataType type_;
};

using FieldPtr = std::shared_ptr<const Field>;

// One leaf of a source. (reader, position) names it: equal leaves are the same bytes.
struct Leaf {
  const LeafReader* reader = nullptr;
  Index position;  // in the reader's grid
  Index offset;    // of the reader's first element, in the source that made the leaf
  friend bool operator==(const Leaf& a, const Leaf& b) noexcept {
    return a.reader == b.reader && a.position == b.position;
  }
};

// The most that any leaf costs: what credit for a lane's work in flight is computed from.
struct LeafCost {
  std::int64_t stored = 0;   // bytes fetched
  std::int64_t scratch = 0;  // decoder's working memory, per thread
  std::int64_t whole = 0;    // bytes decoded; 0 of leaves that are streamed
};

// How a source lies in leaves.
struct LeafLayout {
  // Where leaves begin and end along each dimension: Source::cuts(), but where elements are
  // gathered from anywhere, as at points, nothing is cut.
  std::vector<std::vector<std::int64_t>> cuts;
  Shape leaf;                    // of a whole one, in the source's dimensions
  std::int64_t piece_bytes = 0;  // LeafReader::piece_bytes()
};

class Source : public Field {
 public:
  // Every leaf that holds an element of `region`, each once, in a fixed order.
  virtual void leaves(const Box& region, const std::function<void(const Leaf&)>& visit) const = 0;
  // The parts of `leaf` that belong into `into`, a view of `region`; appended to `parts`. A view
  // without data gives parts without data: their boxes count.
  virtual void scatter(const Leaf& leaf, const Box& region, const MutableArrayView& into,
                       std::vector<Part>& parts) const = 0;
  // Where `leaf` lies in this source: its first element at box.begin, whatever part of it the
  // source takes, so that the box may reach beyond the source's ends. None where the elements of a
  // leaf don't lie side by side, as at points. Costs next to nothing.
  virtual std::optional<Box> box_of(const Leaf& leaf) const = 0;
  // Positions along dimension d between which no leaf begins or ends, whatever the positions along
  // the others: 0 = first < ... < last = extent (0 alone, if that is 0). A box from one to the next
  // along every dimension lies in one leaf. Unlike layout(), this looks into no chunk.
  virtual std::vector<std::int64_t> cuts(int d) const = 0;
  virtual LeafCost leaf_cost() const = 0;
  virtual LeafLayout layout() const = 0;
  // What stands for elements of a leaf that is left out because it is damaged. Without an element
  // and a reason: what a run reads of its own is never left out.
  virtual MissingValue missing_value() const = 0;
  // Of cells that elements are folded into: their planes are the first dimension, and whoever gives
  // the source memory begins the fold there (array/fold.h) before the first leaf comes.
  virtual Folding folding() const { return Folding::none; }

 protected:
  using Field::Field;
};

class Operator : public Field {
 public:
  const std::vector<FieldPtr>& inputs() const noexcept { return inputs_; }
  // The region of input `i` that computing `region` takes.
  virtual Box needs(int input, const Box& region) const = 0;
  // The same operator over other inputs, of the same dimensions, shapes and types.
  virtual FieldPtr with_inputs(std::vector<FieldPtr> inputs) const = 0;
  // Working memory beside inputs and output.
  virtual std::int64_t scratch_bytes(const Box& /*region*/) const { return 0; }
  // `inputs[i]` views needs(i, region), `out` views `region`. Pure; any number of threads.
  virtual void compute(std::span<const ArrayView> inputs, const Box& region,
                       const MutableArrayView& out) const = 0;

 protected:
  Operator(std::vector<FieldPtr> inputs, std::vector<std::string> dimensions, Shape shape,
           DataType type)
      : Field(std::move(dimensions), shape, type), inputs_(std::move(inputs)) {}

 private:
  std::vector<FieldPtr> inputs_;
};

}  // namespace gridmill
