"""Reading a layer's calls: ``layer.input``, ``layer.get_output_at(1)`` and their like."""

from __future__ import annotations

from typing import Any

from ..utils.generic_utils import unpack_singleton


class NodeAccess:
    """The part of a layer that answers what it was called on and what came out."""

    name: str
    _inbound_nodes: list

    def get_input_at(self, node_index: int) -> Any:
        """Return the input tensor, or list of them, of the call numbered `node_index`."""
        return self._at(node_index, "input_tensors", "input")

    def get_output_at(self, node_index: int) -> Any:
        """Return the output tensor, or list of them, of the call numbered `node_index`."""
        return self._at(node_index, "output_tensors", "output")

    def get_input_shape_at(self, node_index: int) -> Any:
        """Return the input shape, or list of them, of the call numbered `node_index`."""
        return self._at(node_index, "input_shapes", "input shape")

    def get_output_shape_at(self, node_index: int) -> Any:
        """Return the output shape, or list of them, of the call numbered `node_index`."""
        return self._at(node_index, "output_shapes", "output shape")

    def get_input_mask_at(self, node_index: int) -> Any:
        """Return the input mask, or list of them, of the call numbered `node_index`."""
        return self._at(node_index, "input_masks", "input mask")

    def get_output_mask_at(self, node_index: int) -> Any:
        """Return the output mask, or list of them, of the call numbered `node_index`."""
        return self._at(node_index, "output_masks", "output mask")

    @property
    def input(self) -> Any:
        """The input tensor, or list of them; an AttributeError unless the layer was called once."""
        if not self._inbound_nodes:
            raise AttributeError(f"Layer {self.name} is not connected, no input to return.")
        return self._only("input_tensors", "input")

    @property
    def output(self) -> Any:
        """The output tensor, or list of them; an AttributeError unless the layer was called once."""
        if not self._inbound_nodes:
            raise AttributeError(f"Layer {self.name} has no inbound nodes.")
        return self._only("output_tensors", "output")

    @property
    def input_mask(self) -> Any:
        """The mask that came with the input; an AttributeError unless the layer was called once."""
        return self._only("input_masks", "input mask")

    @property
    def output_mask(self) -> Any:
        """The mask that goes with the output; an AttributeError unless the layer was called once."""
        return self._only("output_masks", "output mask")

    @property
    def input_shape(self) -> Any:
        """Shape of the input, or list of shapes; an AttributeError unless all calls agree on it."""
        return self._agreed("input_shapes", "input shape")

    @property
    def output_shape(self) -> Any:
        """Shape of the output, or list of shapes; an AttributeError unless all calls agree on it."""
        return self._agreed("output_shapes", "output shape")

    def _at(self, node_index: int, attribute: str, what: str) -> Any:
        if not self._inbound_nodes:
            raise RuntimeError(f"The layer has never been called and thus has no defined {what}.")
        if not len(self._inbound_nodes) > node_index:
            raise ValueError(
                f"Asked to get {what} at node {node_index}, "
                f"but the layer has only {len(self._inbound_nodes)} inbound nodes."
            )
        return unpack_singleton(getattr(self._inbound_nodes[node_index], attribute))

    def _only(self, attribute: str, what: str) -> Any:
        if len(self._inbound_nodes) != 1:
            raise AttributeError(
                f'Layer {self.name} has multiple inbound nodes, hence the notion of "layer {what}" is '
                f"ill-defined. Use `get_{what.replace(' ', '_')}_at(node_index)` instead."
            )
        return self._at(0, attribute, what)

    def _agreed(self, attribute: str, what: str) -> Any:
        if not self._inbound_nodes:
            raise AttributeError(f"The layer has never been called and thus has no defined {what}.")
        found = [getattr(node, attribute) for node in self._inbound_nodes]
        if any(str(shapes) != str(found[0]) for shapes in found):
            raise AttributeError(
                f'The layer "{self.name}" has multiple inbound nodes, with different {what}s. Hence the '
                f'notion of "{what}" is ill-defined for the layer. '
                f"Use `get_{what.replace(' ', '_')}_at(node_index)` instead."
            )
        return unpack_singleton(found[0])
