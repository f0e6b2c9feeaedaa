"""From the sentences of the two documents that this library was asked to be true to, to the tests of them.

A row holds the document, the method, the argument, what is written there, and the tests that show it. "guide" is
the guide to Keras (its chapters on Sequential models, the functional API and the methods of a model), "api" the
page on the methods of a model. Where both describe an argument, one row stands for both.
"""

# A row is a line, however long.
# ruff: noqa: E501

import ast
import functools
import inspect
import pathlib

import pytest

from pronghorn.models import Model, Sequential

TESTS = pathlib.Path(__file__).parent
COMPILE, FIT = "engine/test_arguments_compile.py", "engine/test_arguments_fit.py"
EVALUATE, GENERATORS = "engine/test_arguments_evaluate.py", "engine/test_arguments_generators.py"
HDF5, ENQUEUERS = "utils/test_hdf5_matrix.py", "utils/test_enqueuers.py"
LAYER, NODES = "engine/test_layer.py", "engine/test_nodes.py"
SEQUENTIAL, NETWORK, TRAINING = (f"engine/test_{name}.py" for name in ("sequential", "network", "training"))

BOTH, GUIDE, API = "guide, api", "guide", "api"

# fmt: off
TABLE = [
    # compile
    (BOTH, "compile", "optimizer", "a name or an Optimizer", COMPILE, "test_optimizer"),
    (BOTH, "compile", "loss", "a name, a function or a Loss", COMPILE, "test_loss"),
    (API, "compile", "loss", "a list or dictionary, one per output; the total is their sum", COMPILE, "test_loss_per_output"),
    (BOTH, "compile", "metrics", "a list; a dictionary by output; a list of lists; names beside lists", COMPILE, "test_metrics"),
    (GUIDE, "compile", "metrics", "a function of one's own", COMPILE, "test_metrics"),
    (BOTH, "compile", "loss_weights", "a list or dictionary of numbers that weigh the outputs' losses", COMPILE, "test_loss_weights"),
    (BOTH, "compile", "sample_weight_mode", "'temporal' for weights per time step, None for weights per sample", COMPILE, "test_sample_weight_mode"),
    (API, "compile", "sample_weight_mode", "a list or dictionary for a mode per output", COMPILE, "test_sample_weight_mode_per_output"),
    (BOTH, "compile", "weighted_metrics", "metrics weighted by sample_weight or class_weight", COMPILE, "test_weighted_metrics"),
    (BOTH, "compile", "target_tensors", "own tensors instead of data: one, a list or a dictionary", COMPILE, "test_target_tensors"),
    (GUIDE, "compile", "optimizer", "ValueError where it is not valid", COMPILE, "test_optimizer_that_is_none"),
    (GUIDE, "compile", "loss", "ValueError where it is not valid", COMPILE, "test_loss_that_is_none"),
    (GUIDE, "compile", "metrics", "an error where they are not valid", COMPILE, "test_metrics_that_are_none"),
    (GUIDE, "compile", "sample_weight_mode", "ValueError where it is not valid", COMPILE, "test_sample_weight_mode_that_does_not_fit"),
    # fit
    (BOTH, "fit", "x", "an array", FIT, "test_x"),
    (BOTH, "fit", "x", "a list where there are several inputs, a dictionary by input name", FIT, "test_x_and_y_of_several_inputs_and_outputs"),
    (API, "fit", "x", "a generator of (inputs, targets) or with sample weights", GENERATORS, "test_weights_are_the_third_of_a_batch"),
    (API, "fit", "x", "a Sequence", GENERATORS, "test_sequences_come_in_order_whatever_the_workers"),
    (BOTH, "fit", "x", "None where the model has its own tensors", FIT, "test_x_none_where_the_model_has_its_own_tensors"),
    (BOTH, "fit", "y", "an array", FIT, "test_y"),
    (BOTH, "fit", "y", "a list for several outputs, a dictionary by output name", FIT, "test_x_and_y_of_several_inputs_and_outputs"),
    (BOTH, "fit", "y", "None where the targets are tensors", FIT, "test_x_none_where_the_model_has_its_own_tensors"),
    (BOTH, "fit", "batch_size", "samples per gradient update", FIT, "test_batch_size"),
    (BOTH, "fit", "batch_size", "32 by default", FIT, "test_batch_size_is_32"),
    (API, "fit", "batch_size", "not to be given with a generator or Sequence", FIT, "test_what_excludes_sequences"),
    (BOTH, "fit", "epochs", "the epoch at which to end, not the number of them", FIT, "test_epochs_and_initial_epoch"),
    (BOTH, "fit", "verbose", "0 silent, 1 a bar, 2 a line per epoch", FIT, "test_verbose"),
    (BOTH, "fit", "callbacks", "called in training and validation", FIT, "test_callbacks"),
    (BOTH, "fit", "validation_split", "the last share of the rows, before shuffling", FIT, "test_validation_split_takes_the_last_rows_before_shuffling"),
    (API, "fit", "validation_split", "not with a generator or Sequence", FIT, "test_what_excludes_sequences"),
    (BOTH, "fit", "validation_data", "(x, y) or (x, y, weights); it comes before validation_split", FIT, "test_validation_data"),
    (API, "fit", "validation_data", "an iterator over a data set, with validation_steps", FIT, "test_validation_data"),
    (BOTH, "fit", "shuffle", "whether to shuffle the rows before each epoch", FIT, "test_shuffle"),
    (BOTH, "fit", "shuffle", "'batch' for the limits of HDF5 data", FIT, "test_shuffle_of_whole_batches"),
    (BOTH, "fit", "shuffle", "'batch' for the limits of HDF5 data", HDF5, "test_training_is_that_on_arrays"),
    (GUIDE, "fit", "shuffle", "without effect where steps_per_epoch is given", FIT, "test_steps_per_epoch"),
    (BOTH, "fit", "class_weight", "class index to weight of the loss, in training only", FIT, "test_class_weight"),
    (BOTH, "fit", "class_weight", "per output", FIT, "test_class_weight_per_output"),
    (BOTH, "fit", "sample_weight", "one per sample", FIT, "test_sample_weight"),
    (BOTH, "fit", "sample_weight", "(samples, steps) with sample_weight_mode='temporal'", FIT, "test_sample_weight_per_time_step"),
    (API, "fit", "sample_weight", "not with a generator or Sequence, which give them as the third", FIT, "test_what_excludes_sequences"),
    (BOTH, "fit", "initial_epoch", "the epoch at which to begin", FIT, "test_epochs_and_initial_epoch"),
    (BOTH, "fit", "steps_per_epoch", "batches until an epoch is over; by default all", FIT, "test_steps_per_epoch"),
    (BOTH, "fit", "validation_steps", "batches to validate on, with steps_per_epoch only", FIT, "test_validation_steps"),
    (API, "fit", "validation_freq", "every so many epochs, or the epochs in a list, tuple or set", FIT, "test_validation_freq"),
    (API, "fit", "max_queue_size", "of a generator's queue, 10 by default", GENERATORS, "test_max_queue_size_is_how_many_are_made_ahead"),
    (API, "fit", "max_queue_size", "for generators and sequences only", FIT, "test_queue_arguments_do_nothing_with_arrays"),
    (API, "fit", "workers", "how many make batches; with 0 the main thread", GENERATORS, "test_workers_make_batches_at_a_time"),
    (API, "fit", "workers", "for generators and sequences only", FIT, "test_queue_arguments_do_nothing_with_arrays"),
    (API, "fit", "use_multiprocessing", "processes, for generators and sequences only", GENERATORS, "test_use_multiprocessing"),
    (API, "fit", "use_multiprocessing", "for generators and sequences only", FIT, "test_queue_arguments_do_nothing_with_arrays"),
    (API, "fit", "return", "a History of losses and metrics per epoch", FIT, "test_history"),
    # evaluate
    (API, "evaluate", "x", "as for fit", EVALUATE, "test_evaluate_x_and_y"),
    (API, "evaluate", "y", "as for fit", EVALUATE, "test_evaluate_x_and_y"),
    (API, "evaluate", "batch_size", "as for fit", EVALUATE, "test_evaluate_batch_size_and_callbacks"),
    (API, "evaluate", "verbose", "as for fit", EVALUATE, "test_evaluate_verbose"),
    (API, "evaluate", "sample_weight", "as for fit", EVALUATE, "test_evaluate_sample_weight"),
    (API, "evaluate", "steps", "as for fit", EVALUATE, "test_evaluate_steps"),
    (API, "evaluate", "callbacks", "as for fit", EVALUATE, "test_evaluate_batch_size_and_callbacks"),
    (API, "evaluate", "max_queue_size", "as for fit", EVALUATE, "test_evaluate_queue_arguments"),
    (API, "evaluate", "workers", "as for fit", EVALUATE, "test_evaluate_queue_arguments"),
    (API, "evaluate", "use_multiprocessing", "as for fit", EVALUATE, "test_evaluate_queue_arguments"),
    # predict
    (API, "predict", "x", "as for fit", EVALUATE, "test_predict_x"),
    (API, "predict", "batch_size", "as for fit", EVALUATE, "test_predict_batch_size_and_callbacks"),
    (API, "predict", "verbose", "as for fit", EVALUATE, "test_predict_verbose"),
    (API, "predict", "steps", "as for fit", EVALUATE, "test_predict_steps"),
    (API, "predict", "callbacks", "as for fit", EVALUATE, "test_predict_batch_size_and_callbacks"),
    (API, "predict", "max_queue_size", "as for fit", EVALUATE, "test_predict_queue_arguments"),
    (API, "predict", "workers", "as for fit", EVALUATE, "test_predict_queue_arguments"),
    (API, "predict", "use_multiprocessing", "as for fit", EVALUATE, "test_predict_queue_arguments"),
    # single batches
    (API, "train_on_batch", "x", "one gradient update on one batch", EVALUATE, "test_train_on_batch_x_and_y"),
    (API, "train_on_batch", "y", "one gradient update on one batch", EVALUATE, "test_train_on_batch_x_and_y"),
    (API, "train_on_batch", "sample_weight", "as for fit", EVALUATE, "test_train_on_batch_weights"),
    (API, "train_on_batch", "class_weight", "as for fit", EVALUATE, "test_train_on_batch_weights"),
    (API, "train_on_batch", "reset_metrics", "metrics of this batch alone", EVALUATE, "test_metrics_of_single_batches_are_kept_on_request"),
    (API, "test_on_batch", "x", "tests on one batch", EVALUATE, "test_test_on_batch_arguments"),
    (API, "test_on_batch", "y", "tests on one batch", EVALUATE, "test_test_on_batch_arguments"),
    (API, "test_on_batch", "sample_weight", "as for fit", EVALUATE, "test_test_on_batch_arguments"),
    (API, "test_on_batch", "reset_metrics", "metrics of this batch alone", EVALUATE, "test_metrics_of_single_batches_are_kept_on_request"),
    (API, "predict_on_batch", "x", "predicts for one batch", EVALUATE, "test_predict_on_batch"),
    # generators
    (API, "fit_generator", "generator", "a generator", GENERATORS, "test_generators_are_taken_from_in_order_and_no_further_than_needed"),
    (API, "fit_generator", "generator", "a Sequence", GENERATORS, "test_sequences_come_in_order_whatever_the_workers"),
    (API, "fit_generator", "steps_per_epoch", "batches per epoch", GENERATORS, "test_steps_per_epoch"),
    (API, "fit_generator", "epochs", "as for fit", GENERATORS, "test_epochs_and_initial_epoch"),
    (API, "fit_generator", "verbose", "as for fit", GENERATORS, "test_verbose"),
    (API, "fit_generator", "callbacks", "as for fit", GENERATORS, "test_nothing_is_left_running"),
    (API, "fit_generator", "validation_data", "tuples, a generator or a Sequence", GENERATORS, "test_validation_data"),
    (API, "fit_generator", "validation_steps", "batches to validate on", GENERATORS, "test_validation_steps"),
    (API, "fit_generator", "validation_freq", "as for fit", GENERATORS, "test_validation_freq"),
    (API, "fit_generator", "class_weight", "as for fit", GENERATORS, "test_class_weight"),
    (API, "fit_generator", "max_queue_size", "of the queue", GENERATORS, "test_max_queue_size_is_how_many_are_made_ahead"),
    (API, "fit_generator", "workers", "how many make batches", GENERATORS, "test_workers_make_batches_at_a_time"),
    (API, "fit_generator", "use_multiprocessing", "processes instead of threads", GENERATORS, "test_use_multiprocessing"),
    (API, "fit_generator", "shuffle", "the order of a Sequence's batches", GENERATORS, "test_shuffle"),
    (API, "fit_generator", "initial_epoch", "as for fit", GENERATORS, "test_epochs_and_initial_epoch"),
    *(
        (API, method, argument, "as for fit_generator", GENERATORS, test)
        for method in ("evaluate_generator", "predict_generator")
        for argument, test in {
            "generator": "test_sequences_come_in_order_whatever_the_workers",
            "steps": "test_weights_are_the_third_of_a_batch",
            "callbacks": "test_callbacks_of_evaluation_and_prediction",
            "max_queue_size": "test_sequences_come_in_order_whatever_the_workers",
            "workers": "test_sequences_come_in_order_whatever_the_workers",
            "use_multiprocessing": "test_use_multiprocessing",
            "verbose": "test_verbose",
        }.items()
    ),
    # layers and models
    (API, "get_layer", "name", "the layer of a name", EVALUATE, "test_get_layer_by_name_and_index"),
    (API, "get_layer", "index", "the layer at an index, which comes before the name", EVALUATE, "test_get_layer_by_name_and_index"),
    (GUIDE, "Sequential", "layers", "a list of layers", SEQUENTIAL, "test_built_as_layers_are_added"),
    (GUIDE, "add", "layer", "one layer after the other", SEQUENTIAL, "test_built_as_layers_are_added"),
    (GUIDE, "add", "layer", "what cannot be added", SEQUENTIAL, "test_what_can_not_be_added"),
    (GUIDE, "pop", "", "the last layer is taken off", SEQUENTIAL, "test_pop"),
    *(
        (GUIDE, method, argument, "as for predict", EVALUATE, "test_predict_classes_and_probabilities")
        for method in ("predict_classes", "predict_proba")
        for argument in ("x", "batch_size", "verbose")
    ),
    (GUIDE, "Layer", "input_shape", "the shape of an input without the batch; None for any length", LAYER, "test_shape_arguments"),
    (GUIDE, "Layer", "input_dim", "the size of an input, for layers of two axes", LAYER, "test_shape_arguments"),
    (GUIDE, "Layer", "input_length", "the length of an input, for layers of three axes", LAYER, "test_shape_arguments"),
    (GUIDE, "Layer", "batch_size", "a fixed batch beside input_shape", LAYER, "test_shape_arguments"),
    (GUIDE, "Layer", "output", "the output, and an error where there are several", NODES, "test_shared_layer_has_a_node_per_call"),
    (GUIDE, "Layer", "get_output_at", "the output of a node", NODES, "test_shared_layer_has_a_node_per_call"),
    (GUIDE, "Layer", "input_shape", "of a layer with one node, or nodes of one shape", NODES, "test_shapes_that_differ_between_calls_are_ambiguous"),
    (GUIDE, "Layer", "output_shape", "of a layer with one node, or nodes of one shape", NODES, "test_shapes_that_differ_between_calls_are_ambiguous"),
    (GUIDE, "Layer", "get_input_shape_at", "the shape of a node's input", NODES, "test_shapes_that_differ_between_calls_are_ambiguous"),
    (GUIDE, "Model", "inputs, outputs", "models are called as layers are", NETWORK, "test_models_run_on_arrays_and_on_new_inputs"),
    (GUIDE, "fit", "x", "lists and dictionaries of a model with several inputs", TRAINING, "test_lists_and_dictionaries"),
    # What the queues promise beyond the sentences.
    (API, "fit", "workers", "an error reaches the caller with its traceback", GENERATORS, "test_errors_of_workers_reach_the_caller_with_their_traceback"),
    (API, "fit", "workers", "nothing is left running", GENERATORS, "test_nothing_is_left_running"),
    (API, "fit", "workers", "nothing outlives the interpreter", ENQUEUERS, "test_no_worker_outlives_the_interpreter"),
]
# fmt: on

# As the page on the methods writes them.
SIGNATURES = {
    "compile": "optimizer, loss=None, metrics=None, loss_weights=None, sample_weight_mode=None, "
    "weighted_metrics=None, target_tensors=None",
    "fit": "x=None, y=None, batch_size=None, epochs=1, verbose=1, callbacks=None, validation_split=0.0, "
    "validation_data=None, shuffle=True, class_weight=None, sample_weight=None, initial_epoch=0, "
    "steps_per_epoch=None, validation_steps=None, validation_freq=1, max_queue_size=10, workers=1, "
    "use_multiprocessing=False",
    "evaluate": "x=None, y=None, batch_size=None, verbose=1, sample_weight=None, steps=None, callbacks=None, "
    "max_queue_size=10, workers=1, use_multiprocessing=False",
    "predict": "x, batch_size=None, verbose=0, steps=None, callbacks=None, max_queue_size=10, workers=1, "
    "use_multiprocessing=False",
    "fit_generator": "generator, steps_per_epoch=None, epochs=1, verbose=1, callbacks=None, "
    "validation_data=None, validation_steps=None, validation_freq=1, class_weight=None, max_queue_size=10, "
    "workers=1, use_multiprocessing=False, shuffle=True, initial_epoch=0",
    "get_layer": "name=None, index=None",
}

METHODS = [
    *("compile", "fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch"),
    *("fit_generator", "evaluate_generator", "predict_generator", "get_layer"),
    *("add", "pop", "predict_classes", "predict_proba"),
]


@functools.cache
def names_in(path):
    tree = ast.parse((TESTS / path).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: "-".join(row[1:3]))
def test_the_named_tests_exist(row):
    assert len(row) == 6 and row[3]
    assert row[5] in names_in(row[4])


@pytest.mark.parametrize("method", METHODS)
def test_each_argument_has_a_row(method):
    parameters = inspect.signature(getattr(Sequential, method)).parameters.values()
    names = {p.name for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD} - {"self"}
    assert names <= {argument for _, of, argument, *_ in TABLE if of == method}


@pytest.mark.parametrize("method", SIGNATURES)
def test_signatures_are_those_written(method):
    parameters = list(inspect.signature(getattr(Model, method)).parameters.values())[1:]
    found = [
        p.name if p.default is p.empty else f"{p.name}={p.default}"
        for p in parameters
        if p.kind is not p.VAR_KEYWORD
    ]
    assert ", ".join(found) == SIGNATURES[method]
