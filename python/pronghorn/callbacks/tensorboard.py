"""The callback that writes what TensorBoard shows."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import backend as K
from ..engine.resuming import variables_of
from .base import Callback, per_slice


class TensorBoard(Callback):
    """Writes the results of a training, and what happens to its weights, for TensorBoard.

    Needs the package `tensorboard`, which also shows them: `tensorboard --logdir logs`.

    Parameters
    ----------
    log_dir : str or path
        Folder for the files.
    histogram_freq : int
        After how many epochs to write histograms of all weights and of the outputs of all layers for the
        validation data, which has to be arrays; 0 for never.
    batch_size : int, optional
        How many rows of the validation data are computed at once, 32 by default.
    write_graph : bool
        Whether to write the graph of the layers.
    write_grads : bool
        Whether to write histograms of the gradients of the validation loss too.
    write_images : bool
        Whether to write the weights as images too.
    embeddings_freq : int
        After how many epochs to write, for the projector, what the layers of `embeddings_layer_names` make of
        `embeddings_data`; 0 for never.
    embeddings_layer_names : list of str, optional
        Names of these layers; by default all of class `Embedding`.
    embeddings_metadata : dict or str, optional
        Files that say what the rows of the data are, by the layers' names, or one for all.
    embeddings_data : array or list of array, optional
        The data, an array per input of the model.
    update_freq : "epoch", "batch" or int
        When to write losses and metrics: after each epoch, each batch, or so many samples.

    Examples
    --------
    >>> TensorBoard("logs", update_freq="batch").update_freq
    1
    """

    def __init__(
        self,
        log_dir: Any = "./logs",
        histogram_freq: int = 0,
        batch_size: int | None = None,
        write_graph: bool = True,
        write_grads: bool = False,
        write_images: bool = False,
        embeddings_freq: int = 0,
        embeddings_layer_names: list[str] | None = None,
        embeddings_metadata: Any = None,
        embeddings_data: Any = None,
        update_freq: str | int = "epoch",
    ) -> None:
        super().__init__()
        from . import event_files  # says what to install where TensorBoard is missing

        self._files = event_files
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.batch_size = batch_size or 32
        self.write_graph = write_graph
        self.write_grads = write_grads
        self.write_images = write_images
        self.embeddings_freq = embeddings_freq
        self.embeddings_layer_names = embeddings_layer_names
        self.embeddings_metadata = embeddings_metadata or {}
        self.embeddings_data = embeddings_data
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self.samples_seen = 0
        self.samples_seen_at_last_write = 0
        self.writer = None
        self._epoch = 0
        if update_freq != "epoch":
            # As an attribute, so that a training without it runs its batches in the core.
            self.on_train_batch_end = self._after_each_batch

    # --- hooks

    def set_model(self, model: Any) -> None:
        """Receives the model; the file is opened when there is something to write."""
        super().set_model(model)
        self._functions = {}
        self.writer = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Opens a file and writes the graph."""
        self._epoch = 0
        self._open()

    def _open(self):
        if self.writer is not None:
            return
        self.writer = self._files.EventFile(self.log_dir)
        if self.write_graph:
            from .event_graph import graph_of

            self.writer.graph(graph_of(self.model))
            self.writer.flush()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Writes all that is due after the epoch."""
        self._open()
        if self.histogram_freq and not self.validation_data:
            raise ValueError(
                "TensorBoard writes histograms (histogram_freq > 0) where validation data is given to `fit` "
                "as arrays: validation_data must be provided, and cannot be a generator."
            )
        if self.embeddings_freq and self.embeddings_data is None:
            raise ValueError("To visualize embeddings, embeddings_data must be provided.")
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
            self._write_outputs(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            self._write_embeddings()
        self._epoch = epoch + 1
        self._write_logs(logs, epoch if self.update_freq == "epoch" else self.samples_seen)

    def _after_each_batch(self, batch, logs=None):
        self.on_batch_end(batch, logs)

    @per_slice
    def on_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Writes the results of a batch, where it is time to."""
        if self.update_freq == "epoch":
            return
        self._open()
        self.samples_seen += logs["size"]
        if self.samples_seen - self.samples_seen_at_last_write >= self.update_freq:
            self._write_logs(logs, self.samples_seen)
            self.samples_seen_at_last_write = self.samples_seen

    def on_train_end(self, logs: dict | None = None) -> None:
        """Closes the file."""
        if self.writer is not None:
            self.writer.close()
            self.writer = None

    def get_state(self) -> dict:
        """How many epochs and samples have been seen."""
        return {
            "epoch": self._epoch,
            "samples_seen": self.samples_seen,
            "samples_seen_at_last_write": self.samples_seen_at_last_write,
        }

    def set_state(self, state: dict) -> None:
        """Takes what `get_state` returned; what was written after the backup will not be shown."""
        self._epoch = state["epoch"]
        self.samples_seen = state["samples_seen"]
        self.samples_seen_at_last_write = state["samples_seen_at_last_write"]
        self.writer.restarted(self._epoch if self.update_freq == "epoch" else self.samples_seen + 1)

    # --- what is written

    def _write_logs(self, logs, step):
        for name, value in (logs or {}).items():
            if name not in ("batch", "size"):
                self.writer.scalar(name, np.asarray(value).item(), step)
        self.writer.flush()

    def _write_weights(self, epoch):
        for layer in self.model.layers:
            for weight in layer.weights:
                name = weight.name.replace(":", "_")
                value = weight.numpy()
                self._write_histogram(name, [value], epoch)
                images = weight_images(value) if self.write_images else None
                if images is not None:
                    self.writer.images(name, images, epoch)

    def _write_histogram(self, name, arrays, epoch):
        counts = self._files.Histogram()
        for array in arrays:
            counts.add(array)
        self.writer.histogram(name, counts, epoch)

    def _write_outputs(self, epoch):
        """Histograms of the layers' outputs for the validation data, and of the gradients of its loss."""
        model = self.model
        outputs, weights = _outputs_of_layers(model), list(model.trainable_weights)
        feeds = model._feed_inputs + model._feed_targets + model._feed_sample_weights
        gradients = []
        if self.write_grads:
            if "outputs" not in self._functions:
                self._gradients = model.optimizer.get_gradients(model.total_loss, weights)
            gradients = self._gradients
        function = self._function("outputs", feeds, [*outputs.values(), *gradients])
        counts = {name: self._files.Histogram() for name in outputs}
        sums = [0.0] * len(gradients)
        rows = len(self.validation_data[0])
        with _states_kept(model):
            for batch in self._batches(self.validation_data):
                found = function(batch)
                for name, values in zip(outputs, found):
                    counts[name].add(values)
                share = len(batch[0]) / rows
                sums = [total + share * values for total, values in zip(sums, found[len(outputs) :])]
        for name, histogram in counts.items():
            self.writer.histogram(name, histogram, epoch)
        for weight, value in zip(weights, sums):
            self._write_histogram(f"{weight.name.replace(':', '_')}_grad", [value], epoch)

    def _write_embeddings(self):
        from google.protobuf import text_format
        from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

        names = self.embeddings_layer_names
        layers = [
            layer
            for layer in self.model.layers
            if (layer.name in names if names else type(layer).__name__ == "Embedding")
        ]
        function = self._function("embeddings", self.model.inputs, [layer.output for layer in layers])
        data = self.embeddings_data if isinstance(self.embeddings_data, list) else [self.embeddings_data]
        with _states_kept(self.model):
            parts = [function(batch) for batch in self._batches(data)]
        config = ProjectorConfig()
        for layer, arrays in zip(layers, zip(*parts)):
            values = np.concatenate(arrays)
            file = f"{layer.name}_embedding.tsv"
            np.savetxt(os.path.join(self.log_dir, file), values.reshape(len(values), -1), delimiter="\t")
            entry = config.embeddings.add(tensor_name=f"{layer.name}_embedding", tensor_path=file)
            metadata = self.embeddings_metadata
            metadata = metadata if isinstance(metadata, str) else metadata.get(layer.name)
            if metadata:
                entry.metadata_path = metadata
        with open(os.path.join(self.log_dir, "projector_config.pbtxt"), "w") as file:
            file.write(text_format.MessageToString(config))

    def _batches(self, arrays):
        for start in range(0, len(arrays[0]), self.batch_size):
            yield [np.asarray(array[start : start + self.batch_size]) for array in arrays]

    def _function(self, name, inputs, outputs):
        if name not in self._functions:
            self._functions[name] = K.function(inputs, outputs)
        return self._functions[name]


@contextmanager
def _states_kept(model):
    """Leaves the states of stateful layers, which every pass changes, as they were."""
    variables = list(variables_of(model).values()) if model.stateful else []
    before = [variable.numpy() for variable in variables]
    yield
    for variable, value in zip(variables, before):
        variable.assign(value)


def _outputs_of_layers(model):
    """The symbolic outputs of the layers by the names of their histograms."""
    found = {}
    for layer in model.layers:
        try:
            output = layer.output
        except AttributeError:  # called several times, or never
            continue
        if isinstance(output, (list, tuple)):
            found.update({f"{layer.name}_out_{i}": each for i, each in enumerate(output)})
        else:
            found[f"{layer.name}_out"] = output
    return found


def weight_images(value: Any) -> Any:
    """A weight as images (images, rows, columns); None where it has too many axes.

    Kernels of two-dimensional convolutions are one image: a row of tiles per input channel, a column per
    output channel.

    Examples
    --------
    >>> weight_images(np.zeros((5, 3))).shape, weight_images(np.zeros((3, 3, 4, 8))).shape
    ((1, 3, 5), (1, 15, 31))
    """
    value = np.squeeze(value)
    if value.ndim == 1:
        return value[None, None]
    if value.ndim == 2:
        return (value.T if value.shape[0] > value.shape[1] else value)[None]
    if value.ndim == 3:
        return np.moveaxis(value, -1, 0) if K.image_data_format() == "channels_last" else value
    if value.ndim == 4:
        return _tiles(value)[None]
    return None


def _tiles(kernels):
    rows, columns, inputs, outputs = kernels.shape
    spaced = np.zeros((inputs, rows + 1, outputs, columns + 1), kernels.dtype)
    spaced[:, :rows, :, :columns] = kernels.transpose(2, 0, 3, 1)
    return spaced.reshape(inputs * (rows + 1), -1)[:-1, :-1]
