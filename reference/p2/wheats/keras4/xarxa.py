"""La xarxa de la pràctica 2: el bloc residual, la xarxa i el carregador de pesos."""
import pickle

import keras
from keras import layers


class ResidualBlock(keras.Model):
    def __init__(self, input_channels, output_channels, strides=(1, 1)):
        super().__init__()
        self.norma1 = layers.BatchNormalization()
        self.conv1 = layers.Conv2D(output_channels, 3, strides=strides, padding="same", use_bias=False)
        self.norma2 = layers.BatchNormalization()
        self.conv2 = layers.Conv2D(output_channels, 3, padding="same", use_bias=False)
        self.drecera = (
            layers.Conv2D(output_channels, 1, strides=strides, use_bias=False)
            if input_channels != output_channels
            else layers.Identity()
        )

    def call(self, x):
        y = self.conv1(keras.activations.silu(self.norma1(x)))
        y = self.conv2(keras.activations.silu(self.norma2(y)))
        return keras.ops.add(self.drecera(x), y)


class ResidualNetwork(keras.Model):
    """Tres parts: entrada, blocs i classificador. `tronc` és tot menys l'última capa."""

    def __init__(self, num_classes=100):
        super().__init__()
        self.entrada = keras.Sequential([layers.Conv2D(16, 3, padding="same", use_bias=False)])
        self.blocs = [
            ResidualBlock(16, 64), ResidualBlock(64, 64), ResidualBlock(64, 64),
            ResidualBlock(64, 128, (2, 2)), ResidualBlock(128, 128), ResidualBlock(128, 128),
            ResidualBlock(128, 256, (2, 2)), ResidualBlock(256, 256), ResidualBlock(256, 256),
        ]
        self.final = keras.Sequential([
            layers.BatchNormalization(), layers.Activation("silu"), layers.GlobalAveragePooling2D(),
        ])
        self.sortida = keras.Sequential([layers.Dense(num_classes)])

    def tronc(self, x):
        x = self.entrada(x)
        for bloc in self.blocs:
            x = bloc(x)
        return self.final(x)

    def call(self, x):
        return self.sortida(self.tronc(x))


def load_weights(model, weight_file):
    with open(weight_file, 'rb') as f:
        weights = pickle.load(f)

    all_vars = model.trainable_weights + model.non_trainable_weights
    weight_list = [(x, weights[x]) for x in sorted(weights.keys())]
    weights = {}
    for i, var in enumerate(all_vars):
        aux = var.path.split('/')[2:]
        classname = '_'.join(aux[0].split('_')[:-1])
        name = aux[1]
        assigned = False
        for j, (key, value) in enumerate(weight_list):
            if classname in key and name in key:
                try:
                    all_vars[i].assign(value)
                except:
                    continue
                del weight_list[j]
                assigned = True
                break
    if not assigned:
        raise Exception(var.path + ' cannot be loaded')


def congela_bn(capa):
    """Congela totes les BatchNormalization que hi hagi dins d'una capa."""
    for c in capa._flatten_layers():
        if isinstance(c, layers.BatchNormalization):
            c.trainable = False
