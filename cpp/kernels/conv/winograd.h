// Winograd's minimal filtering (Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015)
// for convolutions with stride 1; dilated ones phase by phase. Tiles of m × m results of an r × r kernel are
// computed from a × a numbers, a = m + r - 1: with U = G g Gᵀ of the weights and V = Bᵀ d B of the image, the
// tile is Aᵀ (Σ U ∘ V) A, and the sums over the channels are a² products of matrices.
//
// The gradient by the image is the same convolution with the kernel turned round; the one by the weights is
// Gᵀ (Σ V ∘ A y Aᵀ) G, summed over tiles.
#pragma once
#include "kernels/conv/conv.h"

namespace pronghorn {

enum class WinogradTile { F4x3, F2x3, F2x5, F4x5, F6x3 };  // m and r
constexpr int winograd_tiles = 5;

// By tile. Float only: the functions for double are null, as are all of an instruction set without it.
struct WinogradTable {
  ConvKernel forward[winograd_tiles], backward_data[winograd_tiles];
};
struct WinogradWeightsTable {
  ConvKernel backward_weights[winograd_tiles];
};
const WinogradTable& winograd_table();
const WinogradWeightsTable& winograd_weights_table();

}  // namespace pronghorn
