#include "passes/fuse.h"

#include "passes/passes.h"

namespace pronghorn {

Graph fuse(const Graph& graph, bool keep) {
  Graph result = fold_scales(fuse_recurrences(fuse_normalizations(graph)), keep);
  for (const auto pass :
       {fuse_epilogues, fuse_max_pools, fuse_pooled_convolutions, fuse_relu_gradients, fuse_bias_gradients,
        fuse_pooled_gradients, fuse_updates, fuse_embeddings, defer_decay, fuse_elementwise})
    result = pass(result);
  return result;
}

}  // namespace pronghorn
