// The one op that leaves the program: it calls a function that the host language registered.
#pragma once
#include <cstdint>
#include <vector>

#include "base/tensor.h"

namespace pronghorn {

// Computes the outputs of callback `id` from its inputs. May throw.
using CallbackHandler = void (*)(int64_t id, const std::vector<TensorType>& input_types,
                                 const void* const* src, const std::vector<TensorType>& output_types,
                                 void* const* dst);

void set_callback_handler(CallbackHandler handler);

}  // namespace pronghorn
