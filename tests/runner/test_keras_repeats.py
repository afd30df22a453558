"""A Keras notebook that seeds nothing trains to the same weights twice.

Not so when TensorFlow draws at random in several calls of a `map` at once: they race.
"""

import pytest

pytestmark = pytest.mark.slow

CELL = """import hashlib, os
import numpy as np
import tensorflow as tf
import keras
x = np.random.rand(64, 16, 16, 3).astype('float32')
y = np.random.randint(0, 4, 64)
rows = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(64).batch(16)
rows = rows.map(lambda a, b: (tf.image.random_flip_left_right(a), b))
model = keras.Sequential([
    keras.layers.RandomTranslation(0.1, 0.1),
    keras.layers.Conv2D(8, 3, activation='silu'),
    keras.layers.BatchNormalization(),
    keras.layers.GlobalAveragePooling2D(),
    keras.layers.Dropout(0.3),
    keras.layers.Dense(4),
])
optimizer = keras.optimizers.Adam(1e-2)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
for epoch in range(2):
    for a, b in rows:
        with tf.GradientTape() as tape:
            value = loss(b, model(a, training=True))
        variables = model.trainable_variables
        optimizer.apply(tape.gradient(value, variables), variables)
whole = b''.join(np.asarray(w).tobytes() for w in model.get_weights())
print(hashlib.sha256(whole).hexdigest(), os.environ['TF_NUM_INTRAOP_THREADS'])"""


def test_twice_alike(execute):
    said = []
    for _ in range(2):
        record, _out = execute([CELL], budget=300, cell_timeout=200)
        (cell,) = record.cells
        assert cell.error is None, cell.error
        said.append("".join(output.text for output in cell.outputs))
    assert said[0] == said[1]
