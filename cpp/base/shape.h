// The sizes of a tensor, static and at most eight of them.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <string>
#include <vector>

namespace pronghorn {

class Shape {
 public:
  static constexpr int max_rank = 8;

  Shape() = default;
  Shape(std::initializer_list<int64_t> sizes) : Shape(sizes.begin(), static_cast<int>(sizes.size())) {}
  explicit Shape(const std::vector<int64_t>& sizes) : Shape(sizes.data(), static_cast<int>(sizes.size())) {}
  Shape(const int64_t* sizes, int rank);  // throws Error (Value) above max_rank or for a negative size

  int rank() const { return rank_; }
  int64_t operator[](int axis) const { return sizes_[axis]; }
  int64_t& operator[](int axis) { return sizes_[axis]; }
  int64_t back() const { return sizes_[rank_ - 1]; }
  const int64_t* begin() const { return sizes_; }
  const int64_t* end() const { return sizes_ + rank_; }

  int64_t count() const { return count(0, rank_); }  // number of elements
  int64_t count(int from, int to) const;             // product of the sizes of axes [from, to)
  std::vector<int64_t> vector() const { return {begin(), end()}; }
  void push_back(int64_t size);

  bool operator==(const Shape& other) const;

 private:
  int rank_ = 0;
  int64_t sizes_[max_rank] = {};
};

std::string to_string(const Shape& shape);  // as Python writes a tuple: (2, 3), (4,), ()
std::ostream& operator<<(std::ostream& out, const Shape& shape);

Shape strides_of(const Shape& shape);  // in elements, row-major
int normalize_axis(int64_t axis, int rank,
                   const char* who);  // -1 -> rank-1; throws Error (Value) out of range
Shape broadcast(const Shape& a, const Shape& b, const char* who);  // NumPy's rule; throws Error (Value)

}  // namespace pronghorn
