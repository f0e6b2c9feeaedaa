// What the directions of minimal filtering share: where the tiles lie, patches of images that may reach
// beyond their edge, and scratch memory for each thread at work.
#pragma once
#include "kernels/conv/conv.h"
#include "kernels/conv/lender.h"
#include "kernels/conv/winograd_product.h"
#include "kernels/conv/winograd_tiling.h"
#include "kernels/pool/places.h"
#include "simd/upto.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// A tile's first result, in rows and columns of the images joined to `image`.
struct TilePlace {
  int64_t image, y, x;

  TilePlace(const Tiling& tiling, int64_t tile)
      : image(tile / (tiling.rows * tiling.columns) * (tiling.joined_y * tiling.joined_x)),
        y(tile / tiling.columns % tiling.rows * tiling.m),
        x(tile % tiling.columns * tiling.m) {}
  void next(const Tiling& tiling) {
    x += tiling.m;
    if (x < tiling.columns * tiling.m) return;
    x = 0, y += tiling.m;
    if (y < tiling.rows * tiling.m) return;
    y = 0, image += tiling.joined_y * tiling.joined_x;
  }
};

struct Plane {
  const float* data;
  int64_t height, width, channels;
  // Where places are given `data` holds one number for each window × window pixels; it stands at its place,
  // and the others are zero.
  int64_t window = 1;
  const uint8_t* places = nullptr;
  int64_t phases_y = 1, phases_x = 1;  // which count as images, and have neither places nor neighbours
};

struct Patch {
  const float* data;
  int64_t row, pixel;  // floats from one row, one pixel to the next
};

// Rows and columns of one phase, and where it begins: floats from the first image on.
struct Phase {
  int64_t first, height, width, row, pixel;

  Phase(int64_t phases_y, int64_t phases_x, int64_t height, int64_t width, int64_t channels, int64_t image)
      : row(phases_y * width * channels), pixel(phases_x * channels) {
    const int64_t x = image % phases_x, y = image / phases_x % phases_y, n = image / phases_x / phases_y;
    first = ((n * height + y) * width + x) * channels;
    this->height = ceil_div(greater(height - y, 0), phases_y);
    this->width = ceil_div(greater(width - x, 0), phases_x);
  }
};

// What a plane with places has of the n × n patch from (y, x) on.
template <int n>
void spread_patch(const Plane& plane, int64_t image, int64_t y, int64_t x, float* copy) {
  const int64_t w = plane.window, channels = plane.channels, row = n * channels;
  const int64_t high = plane.height / w, wide = plane.width / w;  // in windows
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

// What a plane without places has of the n × n patch from (y, x) on.
template <int n>
void copy_patch(const Plane& plane, int64_t image, int64_t y, int64_t x, float* copy) {
  const int64_t channels = plane.channels, begin = greater(-x, 0), end = lesser(plane.width - x, n);
  if (begin >= end) return;
  for (int64_t i = greater(-y, 0); i < lesser(plane.height - y, n); i++)
    __builtin_memcpy(copy + (i * n + begin) * channels,
                     plane.data + ((image * plane.height + y + i) * plane.width + x + begin) * channels,
                     static_cast<size_t>((end - begin) * channels) * sizeof(float));
}

// The n × n patch from (y, x) on of a phase.
template <int n>
Patch patch_of_phase(const Plane& plane, int64_t image, int64_t y, int64_t x, float* copy) {
  const Phase phase(plane.phases_y, plane.phases_x, plane.height, plane.width, plane.channels, image);
  const int64_t channels = plane.channels, first = phase.first + y * phase.row + x * phase.pixel;
  if (y >= 0 && x >= 0 && y + n <= phase.height && x + n <= phase.width)
    return {plane.data + first, phase.row, phase.pixel};
  __builtin_memset(copy, 0, static_cast<size_t>(n * n * channels) * sizeof(float));
  for (int64_t i = greater(-y, 0); i < lesser(phase.height - y, n); i++)
    for (int64_t j = greater(-x, 0); j < lesser(phase.width - x, n); j++)
      __builtin_memcpy(copy + (i * n + j) * channels, plane.data + first + i * phase.row + j * phase.pixel,
                       static_cast<size_t>(channels) * sizeof(float));
  return {copy, n * channels, channels};
}

// The n × n patch from (y, x) on, in rows and columns of the images joined to `image`. Where it reaches
// beyond an image it is copied, with zeros there.
template <int n>
PRONGHORN_INLINE Patch patch_at(const Plane& plane, const Tiling& tiling, int64_t image, int64_t y, int64_t x,
                                float* copy) {
  if (plane.phases_y * plane.phases_x > 1) return patch_of_phase<n>(plane, image, y, x, copy);
  const int64_t channels = plane.channels;
  const int64_t last_y = tiling.joined_y - 1, last_x = tiling.joined_x - 1;
  int64_t v = 0, u = 0;  // the image that it begins in
  while (v < last_y && y >= tiling.pitch_y) v++, y -= tiling.pitch_y;
  while (u < last_x && x >= tiling.pitch_x) u++, x -= tiling.pitch_x;
  const bool inside = y >= 0 && x >= 0 && y + n <= plane.height && x + n <= plane.width;
  if (inside && !plane.places)
    return {
        plane.data + (((image + v * tiling.joined_x + u) * plane.height + y) * plane.width + x) * channels,
        plane.width * channels, channels};
  const int64_t window = plane.window;
  if (!inside || y + n > plane.height / window * window || x + n > plane.width / window * window)
    __builtin_memset(copy, 0, static_cast<size_t>(n * n * channels) * sizeof(float));
  const auto take = plane.places ? spread_patch<n> : copy_patch<n>;
  for (int64_t top = y; v <= last_y && top > -n; v++, top -= tiling.pitch_y)
    for (int64_t i = u, left = x; i <= last_x && left > -n; i++, left -= tiling.pitch_x)
      take(plane, image + v * tiling.joined_x + i, top, left, copy);
  return {copy, n * channels, channels};
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
    const Patch patch = patch_at<a>(image, tiling, place.image, place.y - pad_y, place.x - pad_x, copy);
    const auto transform = [&](int64_t c, const auto& read) __attribute__((always_inline)) {
      float* const at = to(t, c);
      both_axes<a, a>([](const auto& d, auto& o) __attribute__((always_inline)) { input_axis(d, o); },
                      [&](int64_t i, int64_t j) __attribute__((always_inline)) {
                        return read(patch.data + i * patch.row + j * patch.pixel + c);
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
