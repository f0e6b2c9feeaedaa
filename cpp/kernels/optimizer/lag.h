// Multiplications that are put off. Where the gradient is 0, a slot of rmsprop or adadelta is only multiplied
// by rho, and the parameter stays. For the many rows of a table that a step does not touch it is kept on
// record how far each has come; a row makes up for its multiplications, one after the other, when it is
// touched or looked at: the bits are those of doing so at each step.
#pragma once
#include <cstddef>
#include <cstdint>

namespace pronghorn {

// The record of one slot: the factor, the clock, which counts the optimizer's steps, and for each row the
// clock's time up to which it has been multiplied.
template <class T>
class Lag {
 public:
  static constexpr int64_t size(int64_t rows) { return rows + 2; }
  static constexpr size_t bytes(int64_t rows) { return static_cast<size_t>(size(rows)) * sizeof(double); }
  // By such a factor numbers never grow and keep their sign, until nothing changes any more.
  static bool may_wait(T factor) { return factor >= 0 && factor <= 1; }

  Lag(double* record, int64_t rows, int64_t columns)
      : factor_(record[0]), clock_(record[1]), times_(record + 2), rows_(rows), columns_(columns) {}

  // A step that multiplies rows it does not touch by `factor`, which may wait: begin, touch, end. Several
  // threads may touch rows at once.
  void begin(T factor, T* slot);
  void touch(T* slot, int64_t row) {
    make_up(slot, row);
    times_[row] = clock_ + 1;
  }
  void end() { clock_ += 1; }

  void settle(T* slot);             // makes up for everything
  void make_up_all(T* copy) const;  // the same for a copy of the slot
  void forget();                    // the slot has been written anew

 private:
  void make_up(T* slot, int64_t row) const;

  double &factor_, &clock_;
  double* const times_;
  const int64_t rows_, columns_;
};

}  // namespace pronghorn
