// What the directions of minimal filtering share: where the tiles lie, patches of images that may reach
// beyond their edge, and scratch memory for each thread at work.
#pragma once
#include "kernels/conv/conv.h"
#include "kernels/conv/lender.h"
#include "kernels/conv/winograd_product.h"
#include "kernels/pool/places.h"
#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// Tiles of m × m results cover every image of the batch.
struct Tiling {
  int64_t m, rows, columns, count;

  Tiling(int64_t m, int64_t batch, int64_t height, int64_t width)
      : m(m), rows(ceil_div(height, m)), columns(ceil_div(width, m)), count(batch * rows * columns) {}
};

struct TilePlace {
  int64_t image, y, x;  // of the tile's first result

  TilePlace(const Tiling& tiling, int64_t tile)
      : image(tile / (tiling.rows * tiling.columns)),
        y(tile / tiling.columns % tiling.rows * tiling.m),
        x(tile % tiling.columns * tiling.m) {}
  void next(const Tiling& tiling) {
    x += tiling.m;
    if (x < tiling.columns * tiling.m) return;
    x = 0, y += tiling.m;
    if (y < tiling.rows * tiling.m) return;
    y = 0, image++;
  }
};

struct Plane {
  const float* data;
  int64_t height, width, channels;
  // Where places are given `data` holds one number for each window × window pixels; it stands at its place,
  // and the others are zero.
  int64_t window = 1;
  const uint8_t* places = nullptr;
};

struct Patch {
  const float* data;
  int64_t row;  // floats from one row to the next
};

// The n × n patch from (y, x) on of a plane with places.
template <int n>
void spread_patch(const Plane& plane, int64_t image, int64_t y, int64_t x, float* copy) {
  const int64_t w = plane.window, channels = plane.channels, row = n * channels;
  const int64_t high = plane.height / w, wide = plane.width / w;  // in windows
  if (y < 0 || x < 0 || y + n > high * w || x + n > wide * w)
    __builtin_memset(copy, 0, static_cast<size_t>(n * row) * sizeof(float));
  const auto first = [&](int64_t at) { return at < 0 ? 0 : at / w; };
  const int64_t end_y = lesser(ceil_div(y + n, w), high), end_x = lesser(ceil_div(x + n, w), wide);
  for (int64_t v = first(y); v < end_y; v++)
    for (int64_t u = first(x); u < end_x; u++) {
      const int64_t from = ((image * high + v) * wide + u) * channels, top = v * w - y, left = u * w - x;
      float* const to = copy + top * row + left * channels;
      const auto spread = [&](const auto& put) __attribute__((always_inline)) {
        for (int64_t c = 0; c < channels; c += lanes) {
          const Floats value = load_upto(plane.data + from + c, channels - c);
          const Mask<float> place = load_places<float>(plane.places + from + c, channels - c);
          put([&](int64_t i, int64_t j) __attribute__((always_inline)) {
            const Mask<float> here = place == broadcast(static_cast<int32_t>(i * w + j));
            store_upto(to + i * row + j * channels + c, here ? value : zero<float>(), channels - c);
          });
        }
      };
      const int64_t i0 = greater(-top, 0), i1 = lesser(w, n - top), j0 = greater(-left, 0),
                    j1 = lesser(w, n - left);
      if (w == 2 && i1 - i0 == 2 && j1 - j0 == 2)
        spread([](const auto& put)
                   __attribute__((always_inline)) { put(0, 0), put(0, 1), put(1, 0), put(1, 1); });
      else
        spread([&](const auto& put) __attribute__((always_inline)) {
          for (int64_t i = i0; i < i1; i++)
            for (int64_t j = j0; j < j1; j++) put(i, j);
        });
    }
}

// The n × n patch from (y, x) on. Where it reaches beyond the image it is copied, with zeros there.
template <int n>
PRONGHORN_INLINE Patch patch_at(const Plane& plane, int64_t image, int64_t y, int64_t x, float* copy) {
  const int64_t channels = plane.channels;
  if (plane.places) {
    spread_patch<n>(plane, image, y, x, copy);
    return {copy, n * channels};
  }
  const float* data = plane.data + ((image * plane.height + y) * plane.width + x) * channels;
  if (y >= 0 && x >= 0 && y + n <= plane.height && x + n <= plane.width)
    return {data, plane.width * channels};
  const int64_t from = x < 0 ? (x < -n ? n : -x) : 0;
  const int64_t room = plane.width - x < n ? (plane.width - x > from ? plane.width - x : from) : n;
  for (int64_t i = 0; i < n; i++, data += plane.width * channels) {
    float* row = copy + i * n * channels;
    const bool inside = y + i >= 0 && y + i < plane.height && from < room;
    const int64_t begin = inside ? from : n, end = inside ? room : n;
    const auto bytes = [&](int64_t pixels) { return static_cast<size_t>(pixels * channels) * sizeof(float); };
    __builtin_memset(row, 0, bytes(begin));
    if (inside) __builtin_memcpy(row + begin * channels, data + begin * channels, bytes(end - begin));
    __builtin_memset(row + end * channels, 0, bytes(n - end));
  }
  return {copy, n * channels};
}

// V of `count` tiles' a × a patches: the first of the a² numbers of tile t and channels from c on is at to(t,
// c), the others `point` floats apart.
template <int a, class To>
PRONGHORN_INLINE void transform_patches(const Tiling& tiling, const Plane& image, int64_t pad_y,
                                        int64_t pad_x, int64_t first, int64_t count, int64_t point,
                                        float* copy, const To& to) {
  const int64_t channels = image.channels;
  TilePlace place(tiling, first);
  for (int64_t t = 0; t < count; t++, place.next(tiling)) {
    const Patch patch = patch_at<a>(image, place.image, place.y - pad_y, place.x - pad_x, copy);
    const auto transform = [&](int64_t c, const auto& read) __attribute__((always_inline)) {
      float* const at = to(t, c);
      both_axes<a, a>([](const auto& d, auto& o) __attribute__((always_inline)) { input_axis(d, o); },
                      [&](int64_t i, int64_t j) __attribute__((always_inline)) {
                        return read(patch.data + i * patch.row + j * channels + c);
                      },
                      [&](int64_t i, int64_t j, Floats value)
                          __attribute__((always_inline)) { store(at + (i * a + j) * point, value); });
    };
    int64_t c = 0;
    for (; c + lanes <= channels; c += lanes)
      transform(c, [](const float* p) __attribute__((always_inline)) { return load(p); });
    if (c < channels)
      transform(c, [&](const float* p) __attribute__((always_inline)) {
        return load_part(p, static_cast<int>(channels - c));
      });
  }
}

// Of the products in the middle.
PRONGHORN_INLINE double flops(int64_t points, int64_t tiles, int64_t ic, int64_t oc) {
  return 2.0 * static_cast<double>(points * tiles) * static_cast<double>(ic * oc);
}

// Tiles that are worked on together: as many as fit `block_bytes`, few enough for `least_blocks` blocks.
PRONGHORN_INLINE int64_t tiles_together(int64_t tiles, int64_t bytes_per_tile, int64_t least_blocks,
                                        int64_t multiple) {
  const int64_t most = greater(1, lesser(block_bytes / bytes_per_tile, ceil_div(tiles, least_blocks)));
  const int64_t blocks = ceil_div(tiles, round_up(most, multiple));
  return round_up(ceil_div(tiles, greater(blocks, 1)), multiple);
}

}  // namespace
}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
