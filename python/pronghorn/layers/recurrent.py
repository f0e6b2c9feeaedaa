"""The recurrent layers and their cells, under the module name that Keras 2 has for them."""

from .gru import GRU, GRUCell
from .lstm import LSTM, LSTMCell
from .rnn import RNN, StackedRNNCells
from .simple_rnn import SimpleRNN, SimpleRNNCell

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "SimpleRNN", "SimpleRNNCell", "StackedRNNCells"]
