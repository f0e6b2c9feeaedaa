#include "base/shape.h"

#include <algorithm>

#include "base/error.h"

namespace pronghorn {

Shape::Shape(const int64_t* sizes, int rank) : rank_(rank) {
  require(rank <= max_rank, "a tensor has at most ", max_rank, " axes, but ", rank, " were given");
  for (int axis = 0; axis < rank; axis++) {
    require(sizes[axis] >= 0, "the size of axis ", axis, " is negative: ", sizes[axis]);
    sizes_[axis] = sizes[axis];
  }
}

int64_t Shape::count(int from, int to) const {
  int64_t product = 1;
  for (int axis = from; axis < to; axis++) product *= sizes_[axis];
  return product;
}

void Shape::push_back(int64_t size) {
  require(rank_ < max_rank, "a tensor has at most ", max_rank, " axes");
  sizes_[rank_++] = size;
}

bool Shape::operator==(const Shape& other) const {
  return rank_ == other.rank_ && std::equal(begin(), end(), other.begin());
}

std::string to_string(const Shape& shape) {
  std::string text = "(";
  for (int axis = 0; axis < shape.rank(); axis++) text += (axis ? ", " : "") + std::to_string(shape[axis]);
  return text + (shape.rank() == 1 ? ",)" : ")");
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  return out << to_string(shape);
}

Shape strides_of(const Shape& shape) {
  Shape strides = shape;
  int64_t stride = 1;
  for (int axis = shape.rank() - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

int normalize_axis(int64_t axis, int rank, const char* who) {
  require(-rank <= axis && axis < rank, who, ": axis ", axis, " is out of range for a tensor with ", rank,
          " axes");
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

Shape broadcast(const Shape& a, const Shape& b, const char* who) {
  const Shape& longer = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  Shape result = longer;
  const int offset = longer.rank() - shorter.rank();
  for (int axis = 0; axis < shorter.rank(); axis++) {
    const int64_t size = shorter[axis];
    int64_t& joint = result[axis + offset];
    require(joint == size || joint == 1 || size == 1, who, ": shapes ", a, " and ", b,
            " cannot be broadcast together");
    if (joint == 1) joint = size;
  }
  return result;
}

}  // namespace pronghorn
