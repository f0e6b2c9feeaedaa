#include "passes/fuse.h"

#include "passes/passes.h"

namespace pronghorn {

Graph fuse(const Graph& graph) {
  return fuse_elementwise(fuse_embeddings(fuse_updates(fuse_bias_gradients(
      fuse_relu_gradients(fuse_max_pools(fuse_epilogues(fold_scales(fuse_normalizations(graph)))))))));
}

}  // namespace pronghorn
