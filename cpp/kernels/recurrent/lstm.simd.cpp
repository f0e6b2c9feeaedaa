#include "kernels/recurrent/lstm.h"

#include "kernels/recurrent/gates.h"
#include "kernels/recurrent/panels.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// The packed weights, and a row of units for each row of the batch.
template <class T>
size_t scratch(const LstmProblem& p) {
  const int64_t forward = Panels<T>::size(p.units, 4 * p.units),
                backward = Panels<T>::size(4 * p.units, p.units);
  return static_cast<size_t>((forward > backward ? forward : backward) + p.batch * p.units) * sizeof(T);
}

// One row of the batch, one step: z becomes the gates.
template <class T, bool hard>
void step(int64_t units, T* z, T* c_state, T* h_state, T* c, T* h) {
  for (int64_t j = 0; j < units; j += width<T>) {
    const int64_t n = units - j;
    const Vec<T> i = gate<hard>(load_upto(z + j, n)), f = gate<hard>(load_upto(z + units + j, n)),
                 g = quick_tanh(load_upto(z + 2 * units + j, n)),
                 o = gate<hard>(load_upto(z + 3 * units + j, n));
    const Vec<T> cell = fma(f, load_upto(c_state + j, n), i * g), output = o * quick_tanh(cell);
    store_upto(z + j, i, n);
    store_upto(z + units + j, f, n);
    store_upto(z + 2 * units + j, g, n);
    store_upto(z + 3 * units + j, o, n);
    store_upto(c_state + j, cell, n);
    store_upto(h_state + j, output, n);
    store_upto(c + j, cell, n);
    store_upto(h + j, output, n);
  }
}

template <class T, bool hard>
void forward_as(const LstmProblem& p, const LstmForward<T>& a, const Panels<T>& weights) {
  const int64_t units = p.units, wide = 4 * units;
  parallel_for(
      0, p.batch, p.chunk(),
      [&](int64_t begin, int64_t end) {
        copy(a.h_last + begin * units, a.h0 + begin * units, (end - begin) * units);
        copy(a.c_last + begin * units, a.c0 + begin * units, (end - begin) * units);
        for (int64_t t = 0; t < p.time; t++) {
          const int64_t first = (begin * p.time + t) * wide, stride = p.time * wide;
          weights.multiply(end - begin, a.h_last + begin * units, units, a.gates_x + first, stride,
                           a.gates + first, stride);
          for (int64_t row = begin; row < end; row++) {
            const int64_t at = row * p.time + t;
            T *c = a.c + at * units, *h = a.h + at * units;
            if (!a.mask || a.mask[at]) {
              step<T, hard>(units, a.gates + at * wide, a.c_last + row * units, a.h_last + row * units, c, h);
            } else {
              copy(c, a.c_last + row * units, units);
              repeat_output(h, t, units);
            }
          }
        }
      },
      p.flops());
}

template <class T>
void forward(const LstmProblem& p, const LstmForward<T>& a, void* scratch) {
  const auto weights =
      Panels<T>::pack(a.weights, 4 * p.units, p.units, 4 * p.units, false, static_cast<T*>(scratch));
  p.hard ? forward_as<T, true>(p, a, weights) : forward_as<T, false>(p, a, weights);
}

// One row of the batch, one step. With the gates' values i, f, g, o and the gradients dh and dc:
//   dc += dh o (1 - tanh(c)²);  di = dc g, df = dc c_before, dg = dc i, do = dh tanh(c);  dc_before = dc f
// The gradients by z follow through the activations. `waiting`, if any, is that of later steps that repeated
// this output.
template <class T, bool hard>
void step_back(int64_t units, const T* gates, const T* c, const T* c_before, const T* diff_h, T* waiting,
               T* dh, T* dc, T* dz) {
  for (int64_t j = 0; j < units; j += width<T>) {
    const int64_t n = units - j;
    const Vec<T> i = load_upto(gates + j, n), f = load_upto(gates + units + j, n),
                 g = load_upto(gates + 2 * units + j, n), o = load_upto(gates + 3 * units + j, n);
    Vec<T> diff = load_upto(dh + j, n);
    if (diff_h) diff += load_upto(diff_h + j, n);
    if (waiting) {
      diff += load_upto(waiting + j, n);
      store_upto(waiting + j, zero<T>(), n);
    }
    const Vec<T> squashed = quick_tanh(load_upto(c + j, n));
    const Vec<T> cell = load_upto(dc + j, n) + through_tanh(diff * o, squashed);
    store_upto(dz + j, through_gate<hard>(cell * g, i), n);
    store_upto(dz + units + j, through_gate<hard>(cell * load_upto(c_before + j, n), f), n);
    store_upto(dz + 2 * units + j, through_tanh(cell * i, g), n);
    store_upto(dz + 3 * units + j, through_gate<hard>(diff * squashed, o), n);
    store_upto(dc + j, cell * f, n);
    store_upto(dh + j, zero<T>(), n);
  }
}

template <class T, bool hard>
void backward_as(const LstmProblem& p, const LstmBackward<T>& a, const Panels<T>& weights, T* waiting) {
  const int64_t units = p.units, wide = 4 * units;
  parallel_for(
      0, p.batch, p.chunk(),
      [&](int64_t begin, int64_t end) {
        const int64_t first = begin * units, size = (end - begin) * units;
        copy_or_zero<T>(a.diff_h0 + first, a.diff_h_last ? a.diff_h_last + first : nullptr, size);
        copy_or_zero<T>(a.diff_c0 + first, a.diff_c_last ? a.diff_c_last + first : nullptr, size);
        copy_or_zero<T>(waiting + first, nullptr, size);
        for (int64_t t = p.time - 1; t >= 0; t--) {
          for (int64_t row = begin; row < end; row++) {
            const int64_t at = row * p.time + t, state = row * units;
            const T *c = a.c + at * units, *diff_h = a.diff_h ? a.diff_h + at * units : nullptr;
            if (!a.mask || a.mask[at]) {
              step_back<T, hard>(units, a.gates + at * wide, c, t > 0 ? c - units : a.c0 + state, diff_h,
                                 a.mask ? waiting + state : nullptr, a.diff_h0 + state, a.diff_c0 + state,
                                 a.diff_gates + at * wide);
            } else {
              copy_or_zero<T>(a.diff_gates + at * wide, nullptr, wide);
              for (int64_t j = 0; diff_h && j < units; j++) waiting[state + j] += diff_h[j];
            }
          }
          weights.multiply(end - begin, a.diff_gates + (begin * p.time + t) * wide, p.time * wide,
                           a.diff_h0 + first, units, a.diff_h0 + first, units);
        }
        for (int64_t row = begin; row < end; row++)
          states_before(a.before + row * p.time * units, a.h + row * p.time * units, a.h0 + row * units,
                        a.mask ? a.mask + row * p.time : nullptr, p.time, units);
      },
      p.flops());
}

template <class T>
void backward(const LstmProblem& p, const LstmBackward<T>& a, void* scratch) {
  T *packed = static_cast<T*>(scratch), *waiting = packed + Panels<T>::size(4 * p.units, p.units);
  const auto weights = Panels<T>::pack(a.weights, 4 * p.units, 4 * p.units, p.units, true, packed);
  p.hard ? backward_as<T, true>(p, a, weights, waiting) : backward_as<T, false>(p, a, weights, waiting);
}

template <class T>
constexpr LstmFunctions<T> functions = {scratch<T>, forward<T>, backward<T>};

}  // namespace

extern const LstmTable lstm_table;
const LstmTable lstm_table = {functions<float>, functions<double>};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
