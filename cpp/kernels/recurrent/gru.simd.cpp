#include "kernels/recurrent/gru.h"

#include "kernels/recurrent/gates.h"
#include "kernels/recurrent/panels.h"

namespace pronghorn::PRONGHORN_ISA_NAMESPACE {
namespace {

// The weights of the gates z and r, and those of the candidate.
template <class T>
struct Weights {
  Panels<T> gates, candidate;

  static Weights pack(const GruProblem& p, const T* weights, bool transposed, T* to) {
    const int64_t units = p.units, stride = 3 * units;
    T* second = to + gates_size(units, transposed);
    return {transposed ? Panels<T>::pack(weights, stride, 2 * units, units, 1, true, to)
                       : Panels<T>::pack(weights, stride, units, units, 2, false, to),
            Panels<T>::pack(weights + 2 * units, stride, units, units, 1, transposed, second)};
  }
  static int64_t gates_size(int64_t units, bool transposed) {
    return transposed ? Panels<T>::size(2 * units, units, 1) : Panels<T>::size(units, units, 2);
  }
  static int64_t size(int64_t units, bool transposed) {
    return gates_size(units, transposed) + Panels<T>::size(units, units, 1);
  }
};

// The packed weights, and for each row of the batch a row of units and the sums of a group.
template <class T>
size_t scratch(const GruProblem& p) {
  const int64_t forward = Weights<T>::size(p.units, false), backward = Weights<T>::size(p.units, true);
  return static_cast<size_t>((forward > backward ? forward : backward) +
                             p.batch * (p.units + Panels<T>::columns)) *
         sizeof(T);
}

// One row, one step: the gates z and r, and with reset before the product, r h.
template <class T, bool hard, bool after>
void open_gates(int64_t units, T* gates, const T* state, T* inner) {
  for (int64_t j = 0; j < units; j += width<T>) {
    const int64_t n = units - j;
    const Vec<T> r = gate<hard>(load_upto(gates + units + j, n));
    store_upto(gates + j, gate<hard>(load_upto(gates + j, n)), n);
    store_upto(gates + units + j, r, n);
    if (!after) store_upto(inner + j, r * load_upto(state + j, n), n);
  }
}

// The candidate of x_c (which with reset before the product holds that too), and whether the state moves to
// it.
template <class T, bool after>
void finish(int64_t units, const T* x_c, T* gates, const T* inner, bool counts, T* state, T* h) {
  for (int64_t j = 0; j < units; j += width<T>) {
    const int64_t n = units - j;
    Vec<T> sum = load_upto(x_c + j, n);
    if (after) sum = fma(load_upto(gates + units + j, n), load_upto(inner + j, n), sum);
    const Vec<T> c = quick_tanh(sum), z = load_upto(gates + j, n);
    store_upto(gates + 2 * units + j, c, n);
    if (!counts) continue;
    const Vec<T> output = fma(z, load_upto(state + j, n), (broadcast<T>(1) - z) * c);
    store_upto(state + j, output, n);
    store_upto(h + j, output, n);
  }
}

template <class T, bool hard, bool after>
void forward_as(const GruProblem& p, const GruForward<T>& a, void* scratch) {
  const auto weights = Weights<T>::pack(p, a.weights, false, static_cast<T*>(scratch));
  T* all_sums = static_cast<T*>(scratch) + Weights<T>::size(p.units, false);
  const int64_t units = p.units, wide = 3 * units, stride = p.time * wide, narrow = p.time * units;
  parallel_for(
      0, p.batch, p.chunk(),
      [&](int64_t begin, int64_t end) {
        T *states = a.h_last + begin * units, *sums = all_sums + begin * Panels<T>::columns;
        copy(states, a.h0 + begin * units, (end - begin) * units);
        for (int64_t t = 0; t < p.time; t++) {
          const int64_t first = begin * p.time + t;
          const T* gates_x = a.gates_x + first * wide;
          T *gates = a.gates + first * wide, *inner = a.inner + first * units;
          weights.gates.add(end - begin, states, units, gates_x, stride, gates, stride, sums);
          if (after) weights.candidate.add(end - begin, states, units, a.inner_bias, 0, inner, narrow, sums);
          for (int64_t row = 0; row < end - begin; row++)
            open_gates<T, hard, after>(units, gates + row * stride, states + row * units,
                                       inner + row * narrow);
          if (!after)
            weights.candidate.add(end - begin, inner, narrow, gates_x + 2 * units, stride, gates + 2 * units,
                                  stride, sums);
          for (int64_t row = 0; row < end - begin; row++) {
            const bool counts = !a.mask || a.mask[first + row * p.time];
            T *own = gates + row * stride, *h = a.h + first * units + row * narrow;
            const T* x_c = after ? gates_x + row * stride + 2 * units : own + 2 * units;
            finish<T, after>(units, x_c, own, inner + row * narrow, counts, states + row * units, h);
            if (!counts) repeat_output(h, t, units);
          }
        }
      },
      p.flops());
}

// One row, one step. With the gates' values z, r, c and the gradient dh:
//   dz = dh (h - c), dc = dh (1 - z), dh_before = dh z + …
// and with reset_after, of the gradient d by the candidate's sum: dr = d inner, d_inner = d r. `waiting`, if
// any, is the gradient of later steps that repeated this output.
template <class T, bool hard, bool after>
void step_back(int64_t units, const T* gates, const T* inner, const T* before, const T* diff_h, T* waiting,
               T* dh, T* diff_gates, T* diff_inner) {
  for (int64_t j = 0; j < units; j += width<T>) {
    const int64_t n = units - j;
    const Vec<T> z = load_upto(gates + j, n), r = load_upto(gates + units + j, n),
                 c = load_upto(gates + 2 * units + j, n);
    Vec<T> diff = load_upto(dh + j, n);
    if (diff_h) diff += load_upto(diff_h + j, n);
    if (waiting) {
      diff += load_upto(waiting + j, n);
      store_upto(waiting + j, zero<T>(), n);
    }
    const Vec<T> sum = through_tanh(diff * (broadcast<T>(1) - z), c);
    store_upto(diff_gates + j, through_gate<hard>(diff * (load_upto(before + j, n) - c), z), n);
    store_upto(diff_gates + 2 * units + j, sum, n);
    store_upto(dh + j, diff * z, n);
    if (after) {
      store_upto(diff_gates + units + j, through_gate<hard>(sum * load_upto(inner + j, n), r), n);
      store_upto(diff_inner + j, sum * r, n);
    } else {
      store_upto(diff_inner + j, zero<T>(), n);
    }
  }
}

// With reset before the product, of the gradient by r h: dr and what the state before gets.
template <class T, bool hard>
void through_reset(int64_t units, const T* gates, const T* before, const T* diff_inner, T* dh,
                   T* diff_gates) {
  for (int64_t j = 0; j < units; j += width<T>) {
    const int64_t n = units - j;
    const Vec<T> r = load_upto(gates + units + j, n), diff = load_upto(diff_inner + j, n);
    store_upto(dh + j, fma(diff, r, load_upto(dh + j, n)), n);
    store_upto(diff_gates + units + j, through_gate<hard>(diff * load_upto(before + j, n), r), n);
  }
}

template <class T, bool hard, bool after>
void backward_as(const GruProblem& p, const GruBackward<T>& a, void* scratch) {
  T *packed = static_cast<T*>(scratch), *waiting = packed + Weights<T>::size(p.units, true),
    *all_sums = waiting + p.batch * p.units;
  const auto weights = Weights<T>::pack(p, a.weights, true, packed);
  const int64_t units = p.units, wide = 3 * units, stride = p.time * wide, narrow = p.time * units;
  parallel_for(
      0, p.batch, p.chunk(),
      [&](int64_t begin, int64_t end) {
        T *dh = a.diff_h0 + begin * units, *sums = all_sums + begin * Panels<T>::columns;
        copy_or_zero<T>(dh, a.diff_h_last ? a.diff_h_last + begin * units : nullptr, (end - begin) * units);
        copy_or_zero<T>(waiting + begin * units, nullptr, (end - begin) * units);
        for (int64_t row = begin; row < end; row++)
          states_before(a.before + row * narrow, a.h + row * narrow, a.h0 + row * units,
                        a.mask ? a.mask + row * p.time : nullptr, p.time, units);
        for (int64_t t = p.time - 1; t >= 0; t--) {
          const auto counts = [&](int64_t row) { return !a.mask || a.mask[row * p.time + t]; };
          for (int64_t row = begin; row < end; row++) {
            const int64_t at = row * p.time + t;
            const T* diff_h = a.diff_h ? a.diff_h + at * units : nullptr;
            T* later = waiting + row * units;
            if (counts(row)) {
              step_back<T, hard, after>(units, a.gates + at * wide, a.inner + at * units,
                                        a.before + at * units, diff_h, a.mask ? later : nullptr,
                                        a.diff_h0 + row * units, a.diff_gates + at * wide,
                                        a.diff_inner + at * units);
            } else {
              copy_or_zero<T>(a.diff_gates + at * wide, nullptr, wide);
              copy_or_zero<T>(a.diff_inner + at * units, nullptr, units);
              for (int64_t j = 0; diff_h && j < units; j++) later[j] += diff_h[j];
            }
          }
          const int64_t first = begin * p.time + t, rows = end - begin;
          T *diff_gates = a.diff_gates + first * wide, *inner = a.diff_inner + first * units;
          if (after) {
            weights.candidate.add(rows, inner, narrow, dh, units, dh, units, sums);
          } else {
            weights.candidate.add(rows, diff_gates + 2 * units, stride, inner, narrow, inner, narrow, sums);
            for (int64_t row = begin; row < end; row++) {
              const int64_t at = row * p.time + t;
              if (counts(row))
                through_reset<T, hard>(units, a.gates + at * wide, a.before + at * units,
                                       a.diff_inner + at * units, a.diff_h0 + row * units,
                                       a.diff_gates + at * wide);
            }
          }
          weights.gates.add(rows, diff_gates, stride, dh, units, dh, units, sums);
        }
      },
      p.flops());
}

template <class T>
void forward(const GruProblem& p, const GruForward<T>& a, void* scratch) {
  const auto run = p.hard ? (p.reset_after ? forward_as<T, true, true> : forward_as<T, true, false>)
                          : (p.reset_after ? forward_as<T, false, true> : forward_as<T, false, false>);
  run(p, a, scratch);
}

template <class T>
void backward(const GruProblem& p, const GruBackward<T>& a, void* scratch) {
  const auto run = p.hard ? (p.reset_after ? backward_as<T, true, true> : backward_as<T, true, false>)
                          : (p.reset_after ? backward_as<T, false, true> : backward_as<T, false, false>);
  run(p, a, scratch);
}

template <class T>
constexpr GruFunctions<T> functions = {scratch<T>, forward<T>, backward<T>};

}  // namespace

extern const GruTable gru_table;
const GruTable gru_table = {functions<float>, functions<double>};

}  // namespace pronghorn::PRONGHORN_ISA_NAMESPACE
