"""One small training loop of Keras on TensorFlow; prints its seconds of processor time.

python keras_loop.py eager|compiled            as the student runs it
python keras_loop.py eager|compiled OUT        with the probe watching, its facts in OUT
"""

from __future__ import annotations

import sys
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell

PREPARE = """
import os
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import time
import numpy as np, keras, tensorflow as tf
from keras import layers
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
keras.utils.set_random_seed(0)
class Block(keras.Model):
    def __init__(self, inputs, outputs, strides=1):
        super().__init__()
        self.norms = [layers.BatchNormalization(), layers.BatchNormalization()]
        self.one = layers.Conv2D(outputs, 3, strides, padding="same", use_bias=False)
        self.two = layers.Conv2D(outputs, 3, padding="same", use_bias=False)
        self.skip = None
        if inputs != outputs:
            self.skip = layers.Conv2D(outputs, 1, strides, use_bias=False)
    def call(self, x, training=None):
        h = self.one(keras.activations.silu(self.norms[0](x, training=training)))
        h = self.two(keras.activations.silu(self.norms[1](h, training=training)))
        return h + (x if self.skip is None else self.skip(x))
net = keras.Sequential([
    layers.Input((16, 16, 3)), layers.Conv2D(16, 3, padding="same", use_bias=False),
    Block(16, 32), Block(32, 32), Block(32, 64, 2), layers.BatchNormalization(),
    layers.Activation("silu"), layers.GlobalAveragePooling2D(), layers.Dense(10),
])
x = np.random.normal(size=(640, 16, 16, 3)).astype("float32")
y = np.random.randint(0, 10, 640)
optimizer = keras.optimizers.Adam(1e-3)
loss_function = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
"""

TRAIN = """
def step(xb, yb):
    with tf.GradientTape() as tape:
        loss = loss_function(yb, net(xb, training=True))
    gradients = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    return loss
if "MODE" == "compiled":
    step = tf.function(step)
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(640).batch(32)
def epochs(n):
    for epoch in range(n):
        for xb, yb in data:
            loss = step(xb, yb)
epochs(1)
began = time.process_time()
epochs(EPOCHS)
seconds = time.process_time() - began
"""


def main() -> None:
    mode, *rest = sys.argv[1:]
    shell = InteractiveShell.instance()
    if rest:
        from training_loop import watch  # beside this file

        watch(Path(rest[0]))
    for cell in (PREPARE, TRAIN.replace("MODE", mode).replace("EPOCHS", "3")):
        shell.run_cell(cell, store_history=True).raise_error()
    print(f"seconds {shell.user_ns['seconds']:.4f}", flush=True)


if __name__ == "__main__":
    main()
