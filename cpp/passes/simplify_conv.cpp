// Zeros put round an image before a convolution become the convolution's own padding, in all three
// directions.
#include <optional>

#include "passes/simplify.h"

namespace pronghorn {
namespace {

using Integers = std::vector<int64_t>;

// `attributes` of a convolution with `before` and `after` (a number for every axis of the image)
// added to its paddings. Nothing where batch or channels are padded too.
std::optional<Attributes> with_pads(Attributes attributes, const Integers& before, const Integers& after) {
  if (before.front() || before.back() || after.front() || after.back()) return {};
  for (const auto& [name, pads] : {std::pair{"pads_before", &before}, std::pair{"pads_after", &after}}) {
    Integers sum = attributes.get<Integers>(name);
    for (size_t i = 0; i < sum.size(); i++) sum[i] += (*pads)[i + 1];
    attributes.set(name, sum);
  }
  return attributes;
}

// Forward and backward weights: the image is the first input.
Value padded_image(Rewriter& r, const Node& node) {
  if (!r.is(node.inputs[0], "pad")) return {};
  const Node pad = r.node(node.inputs[0]);
  if (pad.attributes.get<std::string>("mode", "constant") != "constant" ||
      pad.attributes.get<double>("value", 0) != 0)
    return {};
  const auto attributes = with_pads(node.attributes, pad.attributes.get<Integers>("before"),
                                    pad.attributes.get<Integers>("after"));
  if (!attributes) return {};
  std::vector<Value> inputs = node.inputs;
  inputs[0] = pad.inputs[0];
  return r.emit(*node.op, inputs, *attributes);
}

// Backward data: the derivative of a padding is the slice of what lies inside.
Value sliced_image(Rewriter& r, const Node& node) {
  const Value image = node.inputs[0];
  if (!r.is(image, "conv_backward_data") && !r.is(image, "depthwise_conv_backward_data")) return {};
  const Node backward = r.node(image);
  const Integers begin = node.attributes.get<Integers>("begin"), size = node.attributes.get<Integers>("size");
  for (int64_t stride : node.attributes.get<Integers>("stride", Integers(begin.size(), 1)))
    if (stride != 1) return {};
  Integers after = r.shape(image).vector();
  for (size_t i = 0; i < after.size(); i++) after[i] -= begin[i] + size[i];
  auto attributes = with_pads(backward.attributes, begin, after);
  if (!attributes) return {};
  attributes->set("src_size", Integers(size.begin() + 1, size.end() - 1));
  return r.emit(*backward.op, backward.inputs, *attributes);
}

}  // namespace

std::vector<RuleRow> conv_rules() {
  std::vector<RuleRow> rows = {{"slice", sliced_image}};
  for (const char* op :
       {"conv", "conv_backward_weights", "depthwise_conv", "depthwise_conv_backward_weights"})
    rows.push_back({op, padded_image});
  return rows;
}

}  // namespace pronghorn
