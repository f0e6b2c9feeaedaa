// The parts of fuse().
#pragma once
#include "graph/graph.h"

namespace pronghorn {

// Scales per channel behind a matmul or a convolution into its weights.
Graph fold_scales(const Graph& graph, bool keep);

// Bias, residual and activation behind a matmul or a convolution, where nothing else reads what lies between.
Graph fuse_epilogues(const Graph& graph);

// A relu's derivative into the gradient by a convolution's input.
Graph fuse_relu_gradients(const Graph& graph);

// The gradient by a convolution's bias into that by its weights.
Graph fuse_bias_gradients(const Graph& graph);

// The gradient by an LSTM's bias into the LSTM's, and the states that its steps began with into the LSTM.
Graph fuse_recurrences(const Graph& graph);

// Chains and small graphs of elementwise ops into nodes of the op "fused".
Graph fuse_elementwise(const Graph& graph);

// A relu behind batch normalisation, and its derivative, into the normalisation.
Graph fuse_normalizations(const Graph& graph);

// What gradients need of a maximum over windows: the places, instead of the image.
Graph fuse_max_pools(const Graph& graph);

// A convolution of which only maxima over windows are read writes nothing else.
Graph fuse_pooled_convolutions(const Graph& graph);

// The gradients of such a convolution from the maxima's gradients.
Graph fuse_pooled_gradients(const Graph& graph);

// The products that are gradients of large matrices, and the sums of rows that are those of tables, into the
// optimizer.
Graph fuse_updates(const Graph& graph);

// Products with the rows of an embedding into products with the distinct ones among them.
Graph fuse_embeddings(const Graph& graph);

// What rmsprop and adadelta do to the slots of rows that a step does not touch is put off.
Graph defer_decay(const Graph& graph);

// A number for each column (matmul) or channel (convolution) of `shape`, the same in all rows.
bool is_per_channel(const Shape& operand, const Shape& shape);

}  // namespace pronghorn
