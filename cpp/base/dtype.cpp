#include "base/dtype.h"

#include "base/error.h"

namespace pronghorn {
namespace {
struct Row {
  const char* name;
  size_t size;
};
constexpr Row rows[] = {{"float32", 4}, {"float64", 8}, {"int32", 4},
                        {"int64", 8},   {"uint8", 1},   {"bool", 1}};
}  // namespace

size_t size_of(DType dtype) {
  return rows[static_cast<int>(dtype)].size;
}
const char* name_of(DType dtype) {
  return rows[static_cast<int>(dtype)].name;
}

DType dtype_from_name(const std::string& name) {
  for (size_t i = 0; i < std::size(rows); i++)
    if (name == rows[i].name) return static_cast<DType>(i);
  fail(ErrorKind::Type, "unknown dtype \"", name,
       "\"; expected float32, float64, int32, int64, uint8 or bool");
}

}  // namespace pronghorn
