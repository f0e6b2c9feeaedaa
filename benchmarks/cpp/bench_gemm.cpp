// Products of the sizes that dense and recurrent layers make: a·b, a·bᵀ and aᵀ·b.
#include "op_benchmark.h"

using namespace pronghorn;

int main(int argc, char** argv) {
  const int64_t sizes[][3] = {{1, 64, 64},        {32, 64, 10},     {128, 20, 64},    {128, 64, 1},
                              {128, 64, 10},      {128, 64, 64},    {8, 512, 512},    {32, 128, 512},
                              {64, 64, 64},       {128, 128, 128},  {256, 256, 256},  {128, 784, 512},
                              {128, 512, 512},    {512, 512, 512},  {512, 512, 16},   {1024, 1024, 1024},
                              {2048, 2048, 2048}, {3200, 512, 128}, {2560, 128, 512}, {64, 16384, 64},
                              {512, 3200, 128},   {1, 1024, 1024}};
  for (const auto& [m, k, n] : sizes)
    for (const auto& [transpose_a, transpose_b] : {std::pair{false, false}, {false, true}, {true, false}}) {
      const OpCase c = {
          "matmul",
          {f32(transpose_a ? Shape{k, m} : Shape{m, k}), f32(transpose_b ? Shape{n, k} : Shape{k, n})},
          {{"transpose_a", transpose_a}, {"transpose_b", transpose_b}}};
      add_benchmark("gemm/" + std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n) + "/" +
                        (transpose_a ? "T" : "N") + (transpose_b ? "T" : "N"),
                    c);
    }
  return run_benchmarks(argc, argv);
}
