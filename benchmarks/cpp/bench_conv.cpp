// bench_conv [threads]: convolutions of common networks in all three directions.
#include "kernels/conv/conv.h"
#include "kernels/conv/depthwise.h"
#include "timing.h"

using namespace pronghorn;

struct Case {
  int64_t batch, size, ic, oc, kernel, stride, pad;
};

void run(const char* direction, const Case& c, const ConvProblem& p, const ConvKernel& kernel, int64_t a,
         int64_t b, int64_t result, double flops) {
  const Array<float> x(a), y(b), z(result);
  const Buffer scratch(kernel.scratch_float(p) + 64);
  const Timing t = measure(
      [&] { kernel.run_float(p, ConvOperands<float>{x.data(), y.data(), z.data()}, scratch.data()); });
  char name[80];
  std::snprintf(name, sizeof name, "%-8s %ldx%ldx%ldx%ld->%ld %ldx%ld/%ld pad %ld", direction, long(c.batch),
                long(c.size), long(c.size), long(c.ic), long(c.oc), long(c.kernel), long(c.kernel),
                long(c.stride), long(c.pad));
  report(name, kernel.implementation, flops, t);
}

int main(int argc, char** argv) {
  if (argc > 1) set_thread_count(std::atoi(argv[1]));
  std::printf("instruction set: %s\n", name_of(active_isa()));
  const Case cases[] = {{32, 28, 1, 32, 3, 1, 0},  {32, 100, 3, 32, 3, 1, 0},  {32, 98, 32, 32, 3, 1, 0},
                        {32, 48, 32, 64, 3, 1, 0}, {32, 46, 64, 64, 3, 1, 0},  {1, 224, 64, 64, 3, 1, 1},
                        {8, 56, 64, 64, 1, 1, 0},  {8, 14, 256, 256, 3, 1, 1}, {32, 32, 16, 16, 3, 1, 1},
                        {32, 32, 16, 32, 3, 2, 1}, {32, 16, 32, 32, 3, 1, 1},  {32, 8, 64, 64, 3, 1, 1},
                        {8, 224, 3, 64, 7, 2, 3},  {32, 28, 32, 64, 5, 1, 2}};
  for (const Case& c : cases) {
    ConvProblem p;
    p.batch = c.batch, p.ic = c.ic, p.oc = c.oc;
    for (int axis = 1; axis < 3; axis++) {
      p.src[axis] = c.size, p.kernel[axis] = c.kernel, p.stride[axis] = c.stride, p.pad[axis] = c.pad;
      p.dst[axis] = (c.size + 2 * c.pad - c.kernel) / c.stride + 1;
    }
    const int64_t src = p.batch * p.src_pixels() * p.ic, dst = p.batch * p.dst_pixels() * p.oc,
                  weights = p.taps() * p.ic * p.oc;
    const double flops = 2.0 * double(p.batch * p.dst_pixels()) * double(weights);
    run("forward", c, p, conv_table().forward, src, weights, dst, flops);
    run("data", c, p, conv_table().backward_data, dst, weights, src, flops);
    run("weights", c, p, conv_weights_table().backward_weights, src, dst, weights, flops);
  }
  ConvProblem p;
  p.batch = 8, p.ic = p.oc = 64;
  for (int axis = 1; axis < 3; axis++) p.src[axis] = p.dst[axis] = 56, p.kernel[axis] = 3, p.pad[axis] = 1;
  const Case c = {8, 56, 64, 64, 3, 1, 1};
  const int64_t pixels = p.batch * p.src_pixels() * p.ic;
  const double flops = 18.0 * double(pixels);
  run("dw fwd", c, p, depthwise_table().forward, pixels, 9 * 64, pixels, flops);
  run("dw data", c, p, depthwise_table().backward_data, pixels, 9 * 64, pixels, flops);
  run("dw wgt", c, p, depthwise_table().backward_weights, pixels, pixels, 9 * 64, flops);
}
