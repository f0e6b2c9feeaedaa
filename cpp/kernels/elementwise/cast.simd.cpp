// Conversions between element types: exact per element, so the compiler may vectorise them as it likes.
#include <utility>

#include "kernels/elementwise/cast.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {

extern constexpr CastTable cast_table = make_cast_table();

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
