"""Neurons, layers, nets and their training, from Values, with the habits of PyTorch.

>>> from nn import MLP, SGD, fit
>>> model = MLP(2, [4, 1], activation="tanh", seed=0)
>>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [-1, 1, 1, -1]
>>> sgd = SGD(model.parameters(), lr=0.5)
>>> history = fit(model, X, y, loss="hinge", optimizer=sgd, epochs=100, metrics=["accuracy"], progress=False)
>>> history["accuracy"][-1]
1.0
"""

from . import _autograd  # noqa: F401  # first
from .confusion import ConfusionMatrix, confusion_matrix
from .data import DataLoader
from .elsewhere import from_jax, from_torch, to_jax, to_torch
from .evaluation import evaluate, predict
from .gates import (
    AddLayer,
    Affine,
    Gate,
    MulLayer,
    ReluLayer,
    SigmoidLayer,
    SoftmaxWithLoss,
    TwoLayerNet,
    numerical_gradient,
)
from .history import History
from .layers import (
    ELU,
    GELU,
    MLP,
    Activation,
    Dropout,
    Embedding,
    Identity,
    Layer,
    LayerNorm,
    LeakyReLU,
    Linear,
    Neuron,
    ReLU,
    RMSNorm,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from .losses import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HingeLoss,
    HuberLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge,
    huber,
    mean_absolute_error,
    mean_squared_error,
    negative_log_likelihood,
)
from .module import Module
from .optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop, clip_grad_norm_
from .plots import plot_decision_boundary
from .restoring import load
from .schedules import CosineAnnealingLR, ExponentialLR, LinearLR, Schedule, StepLR, WarmUp
from .training import TrainingError, fit

__all__ = [
    "ELU", "GELU", "MLP", "SGD", "Activation", "Adagrad", "Adam", "AdamW", "AddLayer", "Affine", "BCEWithLogitsLoss",
    "ConfusionMatrix", "CosineAnnealingLR", "CrossEntropyLoss", "DataLoader", "Dropout", "Embedding", "ExponentialLR",
    "Gate", "HingeLoss", "History", "HuberLoss", "Identity", "L1Loss", "Layer", "LayerNorm", "LeakyReLU", "Linear",
    "LinearLR", "MSELoss", "Module", "MulLayer", "NLLLoss", "Neuron", "Optimizer", "RMSNorm", "RMSprop", "ReLU",
    "ReluLayer", "Schedule", "Sequential", "SiLU", "Sigmoid", "SigmoidLayer", "Softmax", "SoftmaxWithLoss", "Softplus",
    "StepLR", "Tanh", "TrainingError", "TwoLayerNet", "WarmUp", "binary_cross_entropy_with_logits", "clip_grad_norm_",
    "confusion_matrix", "cross_entropy", "evaluate", "fit", "from_jax", "from_torch", "hinge", "huber", "load",
    "mean_absolute_error", "mean_squared_error", "negative_log_likelihood", "numerical_gradient", "plot_decision_boundary",
    "predict", "to_jax", "to_torch",
]  # fmt: skip
