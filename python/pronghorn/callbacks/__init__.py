"""Callbacks: objects that `fit`, `evaluate` and `predict` call as they go."""

from .base import Callback, CallbackList
from .control import EarlyStopping, LearningRateScheduler, ReduceLROnPlateau, TerminateOnNaN
from .loggers import BaseLogger, CSVLogger, History, LambdaCallback, ProgbarLogger

__all__ = [
    "BaseLogger",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]
