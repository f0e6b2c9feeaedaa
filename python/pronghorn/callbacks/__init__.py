"""Callbacks: objects that `fit`, `evaluate` and `predict` call as they go."""

from .backup import BackupAndRestore
from .base import BatchLogs, Callback, CallbackList
from .checkpoint import ModelCheckpoint
from .control import EarlyStopping, LearningRateScheduler, ReduceLROnPlateau, TerminateOnNaN
from .loggers import BaseLogger, CSVLogger, History, LambdaCallback, ProgbarLogger
from .remote import RemoteMonitor
from .tensorboard import TensorBoard

__all__ = [
    "BackupAndRestore",
    "BaseLogger",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "TensorBoard",
    "TerminateOnNaN",
]
