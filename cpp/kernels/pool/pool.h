// Max and average pooling of channels-last images of one to three dimensions, and their derivatives. Padding
// never takes part: the maximum is of real elements, the average is divided by how many there are.
#pragma once
#include <cstdint>

namespace pronghorn {

// One spatial axis.
struct PoolAxis {
  int64_t src = 1, dst = 1, kernel = 1, stride = 1, pad = 0;  // pad: in front
};

// Which element of its window, counted in row-major order of the real ones, is the maximum: a byte for each
// window. A window that holds NaN has no place.
constexpr uint8_t no_place = 255;

// Images use h and w, sequences h, so that work can always be cut along h.
struct PoolProblem {
  int64_t batch = 1, channels = 1;
  PoolAxis d, h, w;

  int64_t src_image() const { return d.src * h.src * w.src * channels; }
  int64_t dst_image() const { return d.dst * h.dst * w.dst * channels; }
  bool has_room_for_places() const { return d.kernel * h.kernel * w.kernel <= no_place; }
  // Whether no source element is in two windows.
  bool disjoint() const { return d.kernel <= d.stride && h.kernel <= h.stride && w.kernel <= w.stride; }
  // Whether every source element is in exactly one.
  bool tiles() const {
    const auto exact = [](const PoolAxis& axis) {
      return axis.kernel == axis.stride && axis.pad == 0 && axis.dst * axis.kernel == axis.src;
    };
    return exact(d) && exact(h) && exact(w);
  }
};

template <class T>
struct PoolFunctions {
  // Destination rows [begin, end) of the batch * d.dst * h.dst there are.
  using Forward = void (*)(const PoolProblem&, const T* src, T* dst, int64_t begin, int64_t end);
  Forward max, average;
  // The maxima and their places.
  void (*max_places)(const PoolProblem&, const T* src, T* dst, uint8_t* places, int64_t begin, int64_t end);
  // dst = the elements of `values` (of the source's shape) where the source has its windows' first maxima.
  void (*max_gather)(const PoolProblem&, const T* src, const T* max, const T* values, T* dst, int64_t begin,
                     int64_t end);

  // Rows [begin, end) of h of the source's gradient, of one image: src, dst and their gradients point to that
  // image.
  void (*max_grad)(const PoolProblem&, const T* src, const T* dst, const T* diff_dst, T* diff_src,
                   int64_t begin, int64_t end);
  // The same by the places alone.
  void (*max_scatter)(const PoolProblem&, const uint8_t* places, const T* diff_dst, T* diff_src,
                      int64_t begin, int64_t end);
  void (*average_grad)(const PoolProblem&, const T* diff_dst, T* diff_src, int64_t begin, int64_t end);
};

struct PoolTable {
  PoolFunctions<float> f32;
  PoolFunctions<double> f64;
};

const PoolTable& pool_table();

template <class T>
const PoolFunctions<T>& pool_functions() {
  if constexpr (sizeof(T) == sizeof(float))
    return pool_table().f32;
  else
    return pool_table().f64;
}

// The host part: all of a problem, in parallel.
template <class T>
void run_max_pool(const PoolFunctions<T>& table, const PoolProblem& problem, const T* src, T* dst);
template <class T>
void run_max_pool_places(const PoolFunctions<T>& table, const PoolProblem& problem, const T* src, T* dst,
                         uint8_t* places);
template <class T>
void run_average_pool(const PoolFunctions<T>& table, const PoolProblem& problem, const T* src, T* dst);
template <class T>
void run_max_gather(const PoolFunctions<T>& table, const PoolProblem& problem, const T* src, const T* max,
                    const T* values, T* dst);
template <class T>
void run_max_pool_grad(const PoolFunctions<T>& table, const PoolProblem& problem, const T* src, const T* dst,
                       const T* diff_dst, T* diff_src);
template <class T>
void run_max_pool_scatter(const PoolFunctions<T>& table, const PoolProblem& problem, const uint8_t* places,
                          const T* diff_dst, T* diff_src);
template <class T>
void run_average_pool_grad(const PoolFunctions<T>& table, const PoolProblem& problem, const T* diff_dst,
                           T* diff_src);

}  // namespace pronghorn
