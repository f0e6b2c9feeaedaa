// bench_gemm [threads]: products of the sizes that dense layers make.
#include "kernels/gemm/gemm.h"
#include "timing.h"

using namespace pronghorn;

template <class T>
void run(int64_t m, int64_t k, int64_t n, bool transpose_a, bool transpose_b) {
  const GemmTable& table = gemm_table();
  const GemmProblem p = dense_gemm(m, n, k, transpose_a, transpose_b);
  const Array<T> a(m * k), b(k * n), c(m * n);
  const Buffer scratch(gemm_scratch(table, p, T{}) + 64);
  const Timing t =
      measure([&] { gemm(table, p, GemmOperands<T>{a.data(), b.data(), c.data()}, scratch.data()); });
  const std::string name = std::string(sizeof(T) == 4 ? "float " : "double ") + std::to_string(m) + "x" +
                           std::to_string(k) + "x" + std::to_string(n) + (transpose_a ? " T" : " N") +
                           (transpose_b ? "T" : "N");
  report(name, table.implementation(p), 2.0 * m * n * k, t);
}

int main(int argc, char** argv) {
  if (argc > 1) set_thread_count(std::atoi(argv[1]));
  std::printf("instruction set: %s\n", name_of(active_isa()));
  const int64_t sizes[][3] = {{1, 64, 64},     {32, 64, 10},       {128, 20, 64},      {128, 64, 1},
                              {128, 64, 10},   {128, 64, 64},      {32, 128, 512},     {64, 64, 64},
                              {128, 128, 128}, {256, 256, 256},    {128, 784, 512},    {128, 512, 512},
                              {512, 512, 512}, {1024, 1024, 1024}, {2048, 2048, 2048}, {64, 16384, 64},
                              {1, 1024, 1024}};
  for (const auto& s : sizes) run<float>(s[0], s[1], s[2], false, false);
  for (const auto& s : sizes)
    if (s[0] <= 512) run<float>(s[0], s[1], s[2], false, true);
  for (const auto& s : sizes)
    if (s[0] <= 512) run<float>(s[0], s[1], s[2], true, false);
  run<double>(512, 512, 512, false, false);
}
