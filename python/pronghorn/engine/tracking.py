"""What belongs to a layer: weights, layers within it, losses, updates and metrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import ops
from ..utils.generic_utils import object_list_uid, to_list
from .registry import registered


class Tracked:
    """The part of a layer that finds what was given to it as attributes or by ``add_…``.

    Layers, variables and metrics that are set as attributes belong to the layer from then on; so do layers in
    lists, tuples and dictionaries that are public attributes.
    """

    trainable: bool
    stateful: bool
    _changes = 0  # of all layers, to what programs depend on

    def __setattr__(self, name: str, value: Any) -> None:
        if _is_metric(value):
            _append(self._own("_metrics"), value)
        elif isinstance(value, Tracked):
            _append(self._own("_layers"), value)
        elif isinstance(value, ops.Variable) and not getattr(value, "_tracked", False):
            _append(self._own("_trainable_weights" if value.trainable else "_non_trainable_weights"), value)
        if name in ("trainable", "built") or not name.startswith("_"):
            self.__dict__["_version"] = self.__dict__.get("_version", 0) + 1
            Tracked._changes += 1
        object.__setattr__(self, name, value)

    def _own(self, name: str) -> list:
        return self.__dict__.setdefault(name, [])

    def _sublayers(self) -> list:
        """Return the layers that this one owns, each once, those set as attributes first."""
        found = list(self.__dict__.get("_layers", ()))
        for name, value in self.__dict__.items():
            if not name.startswith("_") and isinstance(value, (list, tuple, dict)):
                for item in value.values() if isinstance(value, dict) else value:
                    if isinstance(item, Tracked) and not _is_metric(item):
                        _append(found, item)
        return found

    # --- weights

    @property
    def trainable_weights(self) -> list:
        """Weights that training changes; none where the layer is frozen."""
        if not self.__dict__.get("trainable", True):
            return []
        weights = list(self._own("_trainable_weights"))
        for layer in self._sublayers():
            weights += layer.trainable_weights
        return weights

    @trainable_weights.setter
    def trainable_weights(self, weights: list) -> None:
        self._trainable_weights = weights

    @property
    def non_trainable_weights(self) -> list:
        """Weights that training leaves alone; all of them where the layer is frozen."""
        if self.__dict__.get("trainable", True):
            weights = list(self._own("_non_trainable_weights"))
            for layer in self._sublayers():
                weights += layer.non_trainable_weights
            return weights
        weights = self._own("_trainable_weights") + self._own("_non_trainable_weights")
        for layer in self._sublayers():
            weights += layer.weights
        return weights

    @non_trainable_weights.setter
    def non_trainable_weights(self, weights: list) -> None:
        self._non_trainable_weights = weights

    @property
    def weights(self) -> list:
        """All weights, the trainable ones first."""
        return self.trainable_weights + self.non_trainable_weights

    @property
    def trainable_variables(self) -> list:
        """Keras 3's name of ``trainable_weights``."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list:
        """Keras 3's name of ``non_trainable_weights``."""
        return self.non_trainable_weights

    @property
    def variables(self) -> list:
        """Keras 3's name of ``weights``."""
        return self.weights

    # --- losses

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Add one or several scalars to what training minimises.

        Parameters
        ----------
        losses
            Tensors made of the layer's inputs or weights.
        inputs
            The tensors that the losses depend on; None for losses that follow from weights alone.
        """
        from .call_context import current_context

        if losses is None:
            return
        context = current_context()
        for loss in to_list(losses):
            if isinstance(loss, ops.Tensor):
                if context is None:
                    raise ValueError(
                        f"`add_loss` of layer {self.name} was given a tensor of a finished trace"
                    )
                context.losses.append(loss)
            else:
                self._own("_losses").append(loss)
                self._filed("_per_input_losses", inputs).append(loss)

    @property
    def losses(self) -> list:
        """Losses that this layer and those within it add, as symbolic tensors."""
        losses = list(self._own("_losses"))
        for layer in self._sublayers():
            losses += layer.losses
        return losses

    def get_losses_for(self, inputs: Any = None) -> list:
        """Return the losses that depend on `inputs`; for None, those that depend on no input."""
        losses = list(self._filed("_per_input_losses", inputs))
        for layer in self._sublayers():
            losses += layer.get_losses_for(inputs)
        return losses

    # --- updates

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Add variable updates that training makes; inside a call they take effect with the running program.

        Parameters
        ----------
        updates
            What ``K.update`` and its like return, or pairs of a variable and its new value.
        inputs
            The tensors that the updates depend on, or None.
        """
        from .call_context import current_context

        context = current_context()
        for update in to_list(updates):
            pair = _pair(update)
            if context is not None and pair and isinstance(pair[1], ops.Tensor):
                if context.updates_allowed:
                    pair[0].assign(pair[1])
            elif update is not None and not isinstance(update, ops.Tensor):
                self._own("_updates").append(update)
                self._filed("_per_input_updates", inputs).append(update)

    @property
    def updates(self) -> list:
        """Updates that this layer and those within it make; none where it is frozen."""
        if not self.trainable and not self.stateful:
            return []
        updates = list(self._own("_updates"))
        for node in self._inbound_nodes:
            updates += node.updates()
        if not self._inbound_nodes:
            for layer in self._sublayers():
                updates += layer.updates
        return updates

    def get_updates_for(self, inputs: Any = None) -> list:
        """Return the updates that depend on `inputs`; for None, those that depend on no input."""
        if not self.trainable and not self.stateful:
            return []
        updates = list(self._filed("_per_input_updates", inputs))
        if inputs is not None:
            uid = object_list_uid(inputs)
            for node in self._inbound_nodes:
                if object_list_uid(node.input_tensors) == uid:
                    updates += node.updates()
        for layer in self._sublayers():
            updates += layer.get_updates_for(inputs)
        return updates

    def _filed(self, attribute: str, inputs: Any) -> list:
        key = None if inputs is None or (isinstance(inputs, list) and not inputs) else object_list_uid(inputs)
        return self.__dict__.setdefault(attribute, {}).setdefault(key, [])

    # --- metrics

    @property
    def metrics(self) -> list:
        """Metrics that this layer and those within it report."""
        metrics = list(self._own("_metrics"))
        for layer in self._sublayers():
            metrics += layer.metrics
        return metrics

    def add_metric(self, value: Any, name: str | None = None) -> None:
        """Report the mean of a tensor over the batches of an epoch.

        Parameters
        ----------
        value
            A tensor, or what a metric object gave when it was called.
        name
            Name under which it is reported.
        """
        from .call_context import current_context

        named = self._metric_named(name) if name is not None else None
        metric = getattr(value, "_metric_obj", None) or named or self._new_metric(name)
        _append(self._own("_metrics"), metric)
        context = current_context()
        if isinstance(value, ops.Tensor) and context is not None:
            context.metrics.append((metric, value))
        else:
            self._own("_metric_tensors").append((metric, value))

    def _metric_named(self, name: str | None) -> Any:
        matches = [metric for metric in self._own("_metrics") if metric.name == name]
        if len(matches) > 1:
            raise ValueError(
                "Please provide different names for the metrics you have added. "
                f'We found {len(matches)} metrics with the name: "{name}"'
            )
        return matches[0] if matches else None

    def _new_metric(self, name: str | None) -> Any:
        return registered("Mean")(name=name)


def flatten_layers(layer: Any) -> Iterator[Any]:
    """Yield a layer and all layers within it, each once, from the outside in."""
    seen: set[int] = set()
    waiting = [layer]
    while waiting:
        current = waiting.pop(0)
        if id(current) not in seen:
            seen.add(id(current))
            yield current
            waiting += current._sublayers()


def _is_metric(value: Any) -> bool:
    return hasattr(value, "update_state") and hasattr(value, "result")


def _append(items: list, item: Any) -> None:
    # By identity: == on variables and tensors makes a tensor.
    if not any(item is other for other in items):
        items.append(item)


def _pair(update: Any) -> tuple[Any, Any] | None:
    if isinstance(update, tuple) and len(update) == 2 and isinstance(update[0], ops.Variable):
        return update
    if isinstance(getattr(update, "variable", None), ops.Variable):
        return update.variable, update.value
    return None
