"""Where does the probe touch Keras' optimizers, when torch computes for them?

Gradients are torch's own, and watched as such; the steps are not made by an optimizer of torch's.
"""

from __future__ import annotations

import functools
import threading
from typing import Any

from .frameworks.keras_layers import backing
from .optimizers import KerasStepper, Steppers
from .training import Training
from .watch import Watch


def watch_steps(watch: Watch) -> None:
    """Steps of Keras' optimizers belong to the training runs of torch."""
    from keras.src.optimizers.base_optimizer import BaseOptimizer

    training = next((t for t in watch.trainings if isinstance(t, Training)), None)
    if training is None:
        return
    steppers = Steppers()
    original = BaseOptimizer.apply

    @functools.wraps(original)
    def apply(optimizer: Any, grads: Any, trainable_variables: Any = None) -> Any:
        if watch.ours or threading.get_ident() != watch.thread:
            return original(optimizer, grads, trainable_variables)
        stepper = steppers.of(optimizer, KerasStepper, backing)
        watch.guard("before_step", training.before_step_of, stepper)
        done = original(optimizer, grads, trainable_variables)
        watch.guard("after_step", training.after_step, stepper)
        return done

    BaseOptimizer.apply = apply
