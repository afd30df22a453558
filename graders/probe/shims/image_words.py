"""What the well-known image sets call their files and classes."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FINE = """apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab
crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard
lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom
oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider
squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout
tulip turtle wardrobe whale willow_tree wolf woman worm"""
_COARSE = """aquatic_mammals fish flowers food_containers fruit_and_vegetables
household_electrical_devices household_furniture insects large_carnivores
large_man-made_outdoor_things large_natural_outdoor_scenes large_omnivores_and_herbivores
medium_mammals non-insect_invertebrates people reptiles small_mammals trees vehicles_1 vehicles_2"""
# The coarse class of each fine one, in the order of their names.
_COARSE_OF_FINE = """4 1 14 8 0 6 7 7 18 3 3 14 9 18 7 11 3 9 7 11 6 11 5 10 7 6 13 15 3 15 0 11 1
10 12 14 16 9 11 5 5 19 8 8 15 13 14 17 18 10 16 4 17 4 2 0 17 4 18 17 10 3 2 12 12 16 12 1 9 19 2
10 0 1 16 12 9 13 15 13 16 19 2 4 6 19 5 5 8 19 18 1 2 15 6 0 17 8 14 13"""


@dataclass(frozen=True)
class KnownSet:
    """An image set as its authors distribute it: an archive that unfolds to a folder of pickles."""

    name: str
    module: str  # of keras.datasets
    npz: str
    archive: str
    folder: str
    train: tuple[str, ...]  # files of training batches
    test: str
    meta: str
    label: str  # key of the labels in a batch
    names: str  # key of the classes' names in the meta file
    classes: tuple[str, ...]
    coarse: tuple[str, ...] = ()
    coarse_of: tuple[int, ...] = ()

    @property
    def members(self) -> tuple[str, ...]:
        """The files in the folder."""
        return (*self.train, self.test, self.meta)


CIFAR10 = KnownSet(
    name="cifar10",
    module="cifar10",
    npz="cifar10.npz",
    archive="cifar-10-python.tar.gz",
    folder="cifar-10-batches-py",
    train=tuple(f"data_batch_{n}" for n in range(1, 6)),
    test="test_batch",
    meta="batches.meta",
    label="labels",
    names="label_names",
    classes=tuple("airplane automobile bird cat deer dog frog horse ship truck".split()),
)
CIFAR100 = KnownSet(
    name="cifar100",
    module="cifar100",
    npz="cifar100.npz",
    archive="cifar-100-python.tar.gz",
    folder="cifar-100-python",
    train=("train",),
    test="test",
    meta="meta",
    label="fine_labels",
    names="fine_label_names",
    classes=tuple(_FINE.split()),
    coarse=tuple(_COARSE.split()),
    coarse_of=tuple(map(int, _COARSE_OF_FINE.split())),
)


def known_set(name: str) -> KnownSet | None:
    """The set that this name of a data file means (`cifar10`, `CIFAR-100`); None if unknown."""
    plain = re.sub(r"[^a-z0-9]", "", name.casefold())
    return next((known for known in (CIFAR10, CIFAR100) if known.name == plain), None)
