"""Mutated files of models are loaded: each is read, or refused by an exception of ours.

    python tests/saving/fuzz_files.py --seconds 600          # mutants of files that this package writes
    TF_PY=/path/to/python python tests/saving/fuzz_files.py  # and of files by tf-keras and Keras 3
    python tests/saving/fuzz_files.py --only 1234            # one mutant again, with its error

Mutants are numbered: the number is the seed. They are loaded in a child process, so that one that crashes it
is found; one that takes longer than ten seconds or a gigabyte counts as a failure too.
"""

import argparse
import collections
import io
import json
import mmap
import os
import pathlib
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
import zipfile

import h5py
import numpy as np

from pronghorn import layers, models
from pronghorn.saving.guarded import open_hdf5

SECONDS, MEMORY = 10, 1 << 30  # that one file may take
PEERS = pathlib.Path(__file__).parent / "peer_corpus.py"
NUMBERS = [0, 1, -1, 2, 7, 64, 255, 1 << 15, 1 << 16, 1 << 31, (1 << 31) - 1, 1 << 32, 10**9, 1 << 63, 10**30]
VALUES = [
    None,
    True,
    False,
    "",
    "a",
    "relu",
    "/etc/passwd",
    [],
    {},
    [None],
    [[]],
    [0],
    {"class_name": "Dense"},
]
VALUES += [1e308, float("nan"), float("inf"), 0.5, "\0", "x" * 1000, {"class_name": "Dense", "config": {}}]


def own_corpus():
    """Return files that this package writes, by name."""
    x = layers.Input((6, 3), name="x")
    y = layers.Conv1D(4, 3, padding="same", activation="relu", kernel_regularizer="l2")(x)
    y = layers.BatchNormalization()(y)
    y = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(y)
    inner = models.Sequential([layers.Dense(3), layers.ReLU(6.0)], name="inner")
    y = layers.GRU(2)(layers.Add()([layers.TimeDistributed(inner)(y), layers.Dense(3)(y)]))
    graph = models.Model(x, layers.Dense(2, activation="softmax")(y) * 2.0)
    stack = models.Sequential(
        [layers.Embedding(9, 4, mask_zero=True, input_length=5), layers.SimpleRNN(3), layers.Dense(2)]
    )
    found = {}
    for name, model, data in (
        ("graph", graph, np.ones((4, 6, 3))),
        ("stack", stack, np.ones((4, 5))),
    ):
        model.compile("adam", "mse", metrics=["accuracy", "AUC"] if name == "stack" else None)
        model.fit(data, np.ones((4, 2)), verbose=0)
        with tempfile.TemporaryDirectory() as folder:
            for ending in ("h5", "keras"):
                model.save(f"{folder}/{name}.{ending}")
            model.save_weights(f"{folder}/{name}.weights.h5")
            model.save_weights(f"{folder}/{name}.safetensors")
            found.update((path.name, path.read_bytes()) for path in pathlib.Path(folder).iterdir())
    file = io.BytesIO()
    with h5py.File(file, "w", libver="latest") as new, h5py.File(io.BytesIO(found["graph.h5"])) as old:
        for name in old:
            old.copy(name, new)
        for name, value in old.attrs.items():
            new.attrs[name] = value
        new.create_dataset("packed", data=np.arange(99).reshape(9, 11), chunks=(2, 3), compression="gzip")
    found["new.h5"] = file.getvalue()
    return found, {"graph": graph, "stack": stack}


def peers_corpus(python):
    """Return files that tf-keras and Keras 3 write, by name."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, str(PEERS), folder], check=True, capture_output=True, timeout=600)
        return {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}


# --- mutations


def bytes_changed(data, others, rng):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        # The structure of a file is mostly at its beginning and around its end.
        here = rng.randrange(len(data)) if rng.random() < 0.5 else rng.randrange(min(len(data), 6000))
        kind = rng.randrange(7)
        if kind == 0:
            data[here] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[here] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
        elif kind == 2:
            size = rng.choice([2, 4, 8])
            data[here : here + size] = (rng.choice(NUMBERS) % (1 << 8 * size)).to_bytes(size, "little")
        elif kind == 3:
            del data[here : here + rng.choice([1, 8, 64, 1000])]
        elif kind == 4:
            data[here:here] = bytes(rng.choice([1, 8, 64]))
        elif kind == 5:
            other = rng.choice(others)
            size, there = rng.choice([8, 64, 512, 2048]), rng.randrange(len(other))
            data[here : here + size] = other[there : there + size]
        else:
            # Pointers to elsewhere in the file.
            data[here : here + 8] = (rng.randrange(len(data) + 64) & ~7).to_bytes(8, "little")
        if not data:
            return b""
    return bytes(data[: rng.randrange(len(data) + 1)]) if rng.random() < 0.05 else bytes(data)


def places(value, path=()):
    """Yield the paths to all values within JSON."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from places(item, (*path, i))


def json_changed(value, rng):
    for _ in range(rng.choice([1, 1, 2, 4])):
        every = [path for path in places(value) if path]
        if not every:
            return value
        path = rng.choice(every)
        holder = value
        for step in path[:-1]:
            holder = holder[step]
        kind = rng.randrange(6)
        if kind == 0:
            holder[path[-1]] = rng.choice(NUMBERS)
        elif kind == 1:
            holder[path[-1]] = json.loads(json.dumps(rng.choice(VALUES)))
        elif kind == 2:
            del holder[path[-1]]
        elif kind == 3:
            source = value
            for step in rng.choice(every):
                source = source[step]
            holder[path[-1]] = json.loads(json.dumps(source))
        elif kind == 4 and isinstance(holder[path[-1]], str):
            names = [
                "Dense",
                "LSTM",
                "Model",
                "Sequential",
                "Lambda",
                "OpLayer",
                "RNN",
                "AUC",
                "Adam",
                "function",
            ]
            holder[path[-1]] = rng.choice(names)
        elif isinstance(holder, dict):
            holder[rng.choice(["units", "axis", "name", "layers", "class_name", "module", "x"])] = rng.choice(
                NUMBERS
            )
        else:
            holder.insert(rng.randrange(len(holder) + 1), rng.choice(NUMBERS))
    return value


def archive_changed(data, others, rng):
    """Change what is inside an archive, and pack it again."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json" and rng.random() < 0.8:
                content = json.dumps(json_changed(json.loads(content), rng)).encode()
            elif name.endswith(".h5") and rng.random() < 0.5:
                content = (h5_changed if rng.random() < 0.5 else bytes_changed)(content, others, rng)
            packing = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
            new.writestr(name, content, packing)
    return out.getvalue()


def h5_changed(data, others, rng):
    """Change attributes and data sets of a file, and write it again."""
    file = io.BytesIO(data)
    with h5py.File(file, "r+") as group:
        members = [group]
        group.visititems(lambda name, member: members.append(member))
        for _ in range(rng.choice([1, 1, 2, 4])):
            member = rng.choice([group, rng.choice(members)])
            if member.attrs and rng.random() < 0.7:
                attribute_changed(member, rng.choice(list(member.attrs)), rng)
            elif isinstance(member, h5py.Group) and member.name != "/" and len(member):
                name = rng.choice(list(member))
                if isinstance(member[name], h5py.Dataset):
                    dtype = rng.choice(["f4", "f2", "i8", "S3", ">f8", "?"])
                    shape = rng.choice(
                        [(), (0,), (3, 4), (1 << 40,), member[name].shape, member[name].shape[::-1]]
                    )
                    del member[name]
                    member.create_dataset(name, shape, dtype)
                elif rng.random() < 0.5:
                    del member[name]
                else:
                    member[name + "_"] = rng.choice([group, h5py.SoftLink("/"), h5py.ExternalLink("a", "/")])
            members = [member for member in members if member]
    return file.getvalue()


def attribute_changed(member, name, rng):
    value = member.attrs[name]
    if name in ("model_config", "training_config") and rng.random() < 0.9:
        text = value if isinstance(value, str) else bytes(value).decode()
        if text.startswith("{"):
            member.attrs[name] = json.dumps(json_changed(json.loads(text), rng))
    elif rng.random() < 0.2:
        del member.attrs[name]
    elif isinstance(value, np.ndarray) and value.size and rng.random() < 0.7:
        items = list(value)
        rng.shuffle(items)
        items = items[: rng.randrange(len(items) + 1)] + rng.choices(items, k=1)
        member.attrs[name] = [item.encode() if isinstance(item, str) else item for item in items]
    else:
        member.attrs[name] = rng.choice(
            [b"", "x" * 2000, 1, np.arange(9), np.zeros((0,)), b"\xff", ["a", "b"]]
        )


def mutant(seed, corpus):
    """Return the name and content of mutant number `seed`."""
    rng = random.Random(seed)
    names = sorted(corpus)
    name = rng.choice(names)
    data, others = corpus[name], [corpus[other] for other in names]
    try:
        if name.endswith(".keras") and rng.random() < 0.7:
            return name, archive_changed(data, others, rng)
        if name.endswith(".h5") and rng.random() < 0.5:
            return name, h5_changed(data, others, rng)
    except Exception:  # changes upon changes that json or h5py do not write
        pass
    return name, bytes_changed(data, others, rng)


# --- loading


class _Hang(BaseException):
    pass


def load(name, data, path, takers):
    """Load a file as its name says; raise what went wrong."""
    if not name.endswith((".weights.h5", ".safetensors")):
        if len(data) % 2:  # by way of a stream, which has no name
            models.load_model(io.BytesIO(data))
            return
        path.write_bytes(data)
        if name.endswith(".h5") and len(data) % 8 == 0:
            for taker in takers.values():
                taker.load_weights(path, by_name=True, skip_mismatch=True)
        models.load_model(path)
        return
    path = path.with_name("mutant." + name.split(".", 1)[1])
    path.write_bytes(data)
    if name.endswith(".weights.h5"):
        with open_hdf5(path) as group:
            waiting = [group]
            while waiting:  # whatever is there is read, wanted or not
                member = waiting.pop()
                dict(member.attrs)
                if hasattr(member, "shape"):
                    np.asarray(member)
                else:
                    waiting += member.values()
    takers[name.split(".")[0] if name.split(".")[0] in takers else "stack"].load_weights(path)


def attempt(seed, corpus, path, takers):
    """Return what became of a mutant ("read", "refused", or what went wrong), and the memory it took."""
    name, data = mutant(seed, corpus)

    def ring(*_):
        raise _Hang

    signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    try:
        load(name, data, path, takers)
        result = "read"
    except ValueError as error:
        result = "refused" if str(error) else f"{name}: an exception without a message: {error!r}"
    except _Hang:
        result = f"{name}: more than {SECONDS} s\n{traceback.format_exc()}"
    except Exception:
        result = f"{name}: not one of our exceptions\n{traceback.format_exc()}"
    finally:
        signal.alarm(0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return (f"{name}: {peak >> 20} MB" if peak > MEMORY else result), peak


def _child(numbers, corpus, takers, writing, shared, end):
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder, os.fdopen(writing, "w") as out:
        for number in numbers:
            shared[:] = number.to_bytes(8, "little")
            result, peak = attempt(number, corpus, pathlib.Path(folder) / "mutant.h5", takers)
            out.write(json.dumps([number, result, peak]) + "\n")
            out.flush()
            if time.monotonic() > end:
                break


def run(corpus, takers, seconds, first_seed=0, batch=200, report=print):
    """Load mutants for some time; return how often each result was, the failures, the highest memory."""
    counts, failures, highest = collections.Counter(), {}, 0
    shared = mmap.mmap(-1, 8)
    seed, end = first_seed, time.monotonic() + seconds
    while time.monotonic() < end:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            try:
                _child(range(seed, seed + batch), corpus, takers, writing, shared, end)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as results:
            for line in results:
                number, result, peak = json.loads(line)
                highest = max(highest, peak)
                counts[result if result in ("read", "refused") else "failed"] += 1
                if result not in ("read", "refused"):
                    failures[number] = result
                    report(f"mutant {number}: {result}")
        _, status = os.waitpid(child, 0)
        last = int.from_bytes(shared[:], "little")
        if status:
            counts["failed"] += 1
            failures[last] = f"the process ended with status {status}"
            report(f"mutant {last}: {failures[last]}")
        seed = last + 1
    return counts, failures, highest


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int)
    arguments = parser.parse_args()
    corpus, takers = own_corpus()
    if os.environ.get("TF_PY"):
        corpus.update(peers_corpus(os.environ["TF_PY"]))
    print(f"{len(corpus)} files, {sum(map(len, corpus.values())) >> 10} KB: {', '.join(sorted(corpus))}")
    if arguments.only is not None:
        name, data = mutant(arguments.only, corpus)
        with tempfile.TemporaryDirectory() as folder:
            load(name, data, pathlib.Path(folder) / "mutant.h5", takers)
        return 0
    start = time.monotonic()
    counts, failures, highest = run(corpus, takers, arguments.seconds, arguments.seed)
    took = time.monotonic() - start
    print(
        f"{sum(counts.values())} mutants in {took:.0f} s, highest memory {highest >> 20} MB: {dict(counts)}"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
