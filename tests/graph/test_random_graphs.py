"""Random graphs give the same numbers with the passes and without them."""

import numpy as np
import pytest
from graphs import Builder

UNARY = [
    "negative",
    "abs",
    "square",
    "tanh",
    "sigmoid",
    "relu",
    "sin",
    "cos",
    "softplus",
    "erf",
    "stop_gradient",
]
BINARY = ["add", "subtract", "multiply", "maximum", "minimum"]
REDUCE = ["sum", "mean", "max", "min"]
CONSTANTS = [0.0, 1.0, -1.0, 2.0, 0.5, 3.0]


class Fuzzer(Builder):
    """Appends random nodes to a growing list of values."""

    def __init__(self, seed):
        super().__init__(seed)
        self.values = [self.feed(shape) for shape in ((3, 4), (4,), (2, 3, 4), (1, 4), (4, 4))]
        self.values.append(self.state((4, 5)))
        self.values.append(self.constant(self.random.uniform(-1, 1, (3, 4))))
        self.sources = self.values[:5]

    def choose(self, options):
        return options[self.random.integers(len(options))]

    def value(self):
        recent = self.values[-8:]
        return self.choose(recent if self.random.random() < 0.7 else self.values)

    def step(self):
        kinds = [
            self.unary,
            self.binary,
            self.scalar,
            self.reduce,
            self.reshape_,
            self.transpose_,
            self.matmul_,
        ]
        kinds += [self.broadcast, self.concatenate_, self.slice_, self.select, self.pad_, self.guarded]
        value = self.choose(kinds)()
        if value is not None and np.prod(self.shape(value)) <= 2000:
            self.values.append(value)

    def unary(self):
        return self.emit(self.choose(UNARY), self.value())

    def guarded(self):
        x = self.value()
        return self.choose(
            [
                lambda: self.exp(self.tanh(x)),
                lambda: self.log(self.add(self.square(x), self.constant(1.0))),
                lambda: self.sqrt(self.add(self.abs(x), self.constant(1.0))),
                lambda: self.divide(x, self.add(self.square(x), self.constant(1.0))),
                lambda: self.softmax(x) if self.shape(x) else x,
                lambda: self.log(self.softmax(x)) if self.shape(x) else x,
                lambda: self.cast(self.cast(x, dtype="float64"), dtype="float64"),
                lambda: self.power(x, self.constant(self.choose([1.0, 2.0]))),
            ]
        )()

    def binary(self):
        a, b = self.value(), self.value()
        try:
            np.broadcast_shapes(self.shape(a), self.shape(b))
        except ValueError:
            b = a
        return self.emit(self.choose(BINARY), *self.choose([(a, b), (b, a)]))

    def scalar(self):
        constant = self.constant(self.choose(CONSTANTS))
        op = self.choose(["add", "subtract", "multiply", "divide"])
        if op == "divide":
            return self.divide(self.value(), self.constant(self.choose(CONSTANTS[1:])))
        pair = (self.value(), constant)
        return self.emit(op, *self.choose([pair, pair[::-1]]))

    def axes(self, rank):
        return [axis for axis in range(rank) if self.random.random() < 0.5]

    def reduce(self):
        x = self.value()
        axes = self.axes(len(self.shape(x)))
        return self.emit(self.choose(REDUCE), x, axes=axes, keepdims=bool(self.random.integers(2)))

    def reshape_(self):
        x = self.value()
        shape = list(self.shape(x))
        self.random.shuffle(shape)
        kind = self.random.integers(3)
        if kind == 0 and len(shape) > 1:
            shape = [shape[0] * shape[1], *shape[2:]]
        elif kind == 1 and len(shape) < 5:
            shape.insert(self.random.integers(len(shape) + 1), 1)
        return self.reshape(x, shape=shape)

    def transpose_(self):
        x = self.value()
        return self.transpose(x, axes=[int(a) for a in self.random.permutation(len(self.shape(x)))])

    def matmul_(self):
        x, y = self.value(), self.value()
        a, b = self.shape(x), self.shape(y)
        if len(a) < 2 or len(b) != 2:
            return None
        flags = bool(self.random.integers(2)) and len(a) == 2, bool(self.random.integers(2))
        if a[-2 if flags[0] else -1] != b[-1 if flags[1] else -2]:
            return None
        return self.matmul(x, y, transpose_a=flags[0], transpose_b=flags[1])

    def broadcast(self):
        x = self.value()
        shape = [n if n != 1 else self.choose([1, 3]) for n in self.shape(x)]
        if len(shape) < 4:
            shape.insert(0, 2)
        return self.broadcast_to(x, shape=shape)

    def concatenate_(self):
        x = self.value()
        alike = [v for v in self.values if self.shape(v) == self.shape(x)]
        if not self.shape(x):
            return None
        parts = [x] + [self.choose(alike) for _ in range(self.random.integers(3))]
        return self.concatenate(*parts, axis=int(self.random.integers(len(self.shape(x)))))

    def slice_(self):
        x = self.value()
        begin, size = [], []
        for n in self.shape(x):
            start = int(self.random.integers(n)) if self.random.random() < 0.4 else 0
            begin.append(start)
            size.append(
                int(self.random.integers(1, n - start + 1)) if self.random.random() < 0.4 else n - start
            )
        return self.slice(x, begin=begin, size=size)

    def pad_(self):
        x = self.value()
        rank = len(self.shape(x))
        numbers = [[int(n) for n in self.random.integers(0, 2, rank)] for _ in range(2)]
        return self.pad(x, before=numbers[0], after=numbers[1])

    def select(self):
        x = self.value()
        return self.where(self.greater(x, self.constant(0.3)), self.tanh(x), self.constant(0.5))


class ImageFuzzer(Fuzzer):
    """Networks on images: channels first or last as it comes, with a skip connection now and then."""

    def __init__(self, seed):
        super().__init__(seed)
        self.sources = [self.feed((2, 6, 5, 3))]
        self.values = self.sources[:]

    def step(self):
        x = self.values[-1]
        layers = [self.conv_, self.conv_, self.depthwise, self.pool, self.normalize, self.activate]
        layers += [self.bias, self.skip, self.pad_image]
        if (
            self.random.random() < 0.4
        ):  # as a layer for channels first, the layer itself between its transposes
            x = self.transpose(x, axes=[0, 3, 1, 2])
            x = self.choose([self.relu, self.tanh, lambda v: self.multiply(v, self.constant(2.0))])(x)
            x = self.add(x, self.reshape(self.state((self.shape(x)[1],)), shape=[1, self.shape(x)[1], 1, 1]))
            x = self.transpose(x, axes=[0, 2, 3, 1])
        x = self.choose(layers)(x)
        if np.prod(self.shape(x)) <= 2000:
            self.values.append(x)

    def sizes(self, x):
        strides = [int(n) for n in self.random.integers(1, 3, 2)]
        return {"strides": strides, "pads_before": [1, 1], "pads_after": [1, 1]}

    def conv_(self, x):
        weights = self.state((3, int(self.random.integers(1, 4)), self.shape(x)[-1], 4))
        return self.conv(x, weights, dilations=[1, 1], **self.sizes(x))

    def depthwise(self, x):
        weights = self.state((2, 3, self.shape(x)[-1], 1))
        return self.depthwise_conv(x, weights, dilations=[1, 1], **self.sizes(x))

    def pool(self, x):
        return self.emit(self.choose(["max_pool", "average_pool"]), x, kernel=[2, 3], **self.sizes(x))

    def normalize(self, x):
        vectors = [self.state((self.shape(x)[-1],)) for _ in range(4)]
        if self.random.random() < 0.5:
            return self.batch_norm_train(x, *vectors[:2], epsilon=1e-2)[0]
        scale = self.multiply(self.rsqrt(self.add(self.square(vectors[0]), self.constant(0.1))), vectors[1])
        return self.add(self.multiply(self.subtract(x, vectors[2]), scale), vectors[3])

    def activate(self, x):
        return self.emit(self.choose(["relu", "sigmoid", "tanh", "softplus"]), x)

    def bias(self, x):
        return self.add(x, self.state((self.shape(x)[-1],)))

    def skip(self, x):
        alike = [v for v in self.values if self.shape(v) == self.shape(x)]
        return self.add(self.choose(alike), x)

    def pad_image(self, x):
        return self.pad(x, before=[0, 1, 0, 0], after=[0, 0, 2, 0])


def check(b, steps):
    for _ in range(steps):
        b.step()
    results = b.values[-6:]
    total = None
    for value in results:
        # Kept small, so that rounding stays comparable.
        mean = b.mean(b.tanh(value), axes=list(range(len(b.shape(value)))), keepdims=False)
        total = mean if total is None else b.add(total, mean)
    gradients = [g for g in b.gradients(total, b.sources) if g >= 0]
    b.fetch(total, *results, *gradients)
    simplified = b.graph.simplified()
    simplified.verify()
    simplified.fused().verify()
    plain = b.run(simplify=False, fuse=False)
    for options in ({"simplify": True, "fuse": False}, {"simplify": False, "fuse": True}, {}):
        for expected, actual in zip(plain, b.run(**options)):
            scale = max(1.0, float(np.abs(expected).max(initial=0)))
            np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-6 * scale, err_msg=str(options))


@pytest.mark.parametrize("seed", range(60))
def test_random_graph(seed):
    check(Fuzzer(seed), 40)


@pytest.mark.parametrize("seed", range(40))
def test_random_image_graph(seed):
    check(ImageFuzzer(seed), 12)
