"""One kernel: every usual way of asking for CIFAR, MNIST and pretrained weights is answered."""

import json
import pickle

import h5py
import numpy as np
import pytest

from graders.intake import collect
from graders.rubric.model import DataFile, Rubric, Run, Text
from graders.runner import run, workplace
from graders.sandbox import choose
from tests.runner.conftest import notebook

pytestmark = pytest.mark.slow

DATA = (
    DataFile(name="cifar10", files=("cifar10.npz",), kind="images"),
    DataFile(name="cifar100", files=("cifar100.npz", "cifar-100-python"), kind="images"),
    DataFile(name="mnist", files=("mnist.npz", "train-images-idx3-ubyte.gz"), kind="images"),
    DataFile(name="weights", files=("pesos.pkl", "cifar100_weights.pkl"), kind="weights"),
    DataFile(name="more", files=("extra_pesos.h5",), kind="other"),
)
CELLS = {
    "first": """import hashlib, os, pickle, sys
import numpy as np
def shown(*arrays):
    for array in arrays:
        array = np.asarray(array)
        print(array.dtype, array.shape, int(array.astype('int64').sum()))
import tensorflow as tf
gpus = tf.config.experimental.list_physical_devices('GPU')
print(len(gpus), bool(gpus), 'keras' in sys.modules)
tf.config.experimental.set_memory_growth(gpus[0], True)
tf.config.set_visible_devices(gpus[0], 'GPU')
with tf.device('/GPU:0'):
    print(float(tf.reduce_sum(tf.ones(3))))
print(tf.config.threading.get_intra_op_parallelism_threads(), os.environ['KERAS_HOME'][:1])""",
    "keras": """import keras
from keras.datasets import cifar10, cifar100
(a, b), (c, d) = cifar10.load_data()
shown(a, b, c, d)
(a, b), (c, d) = keras.datasets.cifar100.load_data(label_mode='fine')
shown(a, b, c, d)
(_, b), (_, d) = cifar100.load_data('coarse')
shown(b, d)
try:
    cifar100.load_data('otra')
except ValueError:
    print('ValueError')""",
    "tf.keras": """(a, b), (c, d) = tf.keras.datasets.cifar10.load_data()
shown(a, b, c, d)
keras.config.set_image_data_format('channels_first')
print(tf.keras.datasets.cifar10.load_data()[1][0].shape)
keras.config.set_image_data_format('channels_last')
print(tf.random.uniform([1]).numpy() == tf.random.uniform([1]).numpy())""",
    "torchvision": """from torchvision import datasets, transforms
from torchvision.datasets import CIFAR10
train = CIFAR10(root='./data', train=True, download=True, transform=transforms.ToTensor())
test = datasets.CIFAR10('/content/drive/MyDrive/x', train=False)
print(len(train), train[0][0].shape, type(train[0][1]).__name__, test[0][0].size)
shown(train.data, train.targets, test.data, test.targets)
print(train.classes[:2], train.class_to_idx['truck'])
class Mine(datasets.CIFAR100):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return np.asarray(image), label
mine = Mine('~/datos', train=True, download=True)
shown(mine.data, mine.targets, mine[3][0])
print(mine.classes[99], len(mine.classes))""",
    "mnist": """for root in ('/files/', '/content/drive/MyDrive/x'):
    for train in (True, False):
        held = datasets.MNIST(root, train=train, download=True, transform=transforms.ToTensor())
        shown(held.data, held.targets)
print(held[0][0].shape, held.classes[0])
(a, b), (c, d) = keras.datasets.mnist.load_data()
shown(a, b, c, d)
!wget -q http://yann.lecun.com/exdb/mnist/t10k-labels-idx1-ubyte.gz
!gunzip -c t10k-labels-idx1-ubyte.gz | wc -c
try:
    datasets.FashionMNIST('/files/', download=False)
except RuntimeError:
    print('RuntimeError')""",
    "by hand": """DRIVE = '/content/drive/MyDrive/datos/'
for name in ('cifar10.npz', DRIVE + 'cifar10.npz', '../cifar10.npz'):
    with np.load(name) as held:
        shown(held['x_train'])
import tarfile, glob
from pathlib import Path
with tarfile.open('/content/cifar-10-python.tar.gz') as archive:
    print(len(archive.getnames()))
batches = sorted(glob.glob('datos/cifar-10-batches-py/data_batch_*'))
print(len(batches), Path('datos/cifar-10-batches-py').is_dir())
def unpickle(file):
    with open(file, 'rb') as fo:
        return pickle.load(fo, encoding='bytes')
shown(np.concatenate([unpickle(b)[b'data'] for b in batches]))
print(sorted(unpickle('cifar-100-python/train')))
print(len(pickle.load(open('./cifar-100-python/test', 'rb'), encoding='latin1')['fine_labels']))
print(os.listdir('cifar-10-batches-py') == os.listdir('./data/cifar-10-batches-py'))""",
    "shell": """!wget -q https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz
!tar -xzf cifar-10-python.tar.gz
!ls cifar-10-batches-py | wc -l
!mkdir -p d && tar xzf cifar-100-python.tar.gz -C d && ls d/cifar-100-python
!curl -s -L -o c100.tar.gz https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz
print(tarfile.open('c100.tar.gz').getnames()[:1])
!gdown --id 1aBcD -O bajados.pkl
!gdown https://drive.google.com/uc?id=1aBcD
print(os.path.getsize('bajados.pkl') == os.path.getsize('cifar100_weights.pkl'))""",
    "h5py": """import h5py
with h5py.File('red.h5', 'w') as f:
    f['x'] = np.arange(3)
with h5py.File('nueva/carpeta/red.h5', 'w') as f:
    f['x'] = np.arange(4)
with h5py.File('/content/drive/MyDrive/otra.h5', 'w') as f:
    f['x'] = np.arange(5)
print(len(h5py.File('red.h5')['x']), len(h5py.File('/content/drive/MyDrive/otra.h5')['x']))
print(int(h5py.File('/content/drive/MyDrive/AP/extra_pesos.h5')['w'][()].sum()))
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.save_weights('/content/drive/MyDrive/red.weights.h5')
model.load_weights('/content/drive/MyDrive/red.weights.h5')
print('kept')""",
    "python": """import gdown, wget, urllib.request, requests, torch
from torchvision.datasets.utils import download_url, download_and_extract_archive
gdown.download(id='1aBcD', output='g.pkl', quiet=False)
gdown.download('https://drive.google.com/file/d/1aBcD/view', 'g2.pkl', fuzzy=True)
wget.download('https://x.org/pesos.pkl')
urllib.request.urlretrieve('https://upm365.sharepoint.com/:u:/s/AP/EX?e=4', 'u.pkl')
reply = requests.get('https://drive.google.com/uc?export=download&id=1aBcD')
open('r.pkl', 'wb').write(reply.content)
torch.hub.download_url_to_file('https://x.org/cifar100_weights.pkl', 'h.pkl', progress=False)
download_url('https://x.org/cifar100_weights.pkl', 'bajadas', md5='0' * 32)
names = ['g.pkl', 'g2.pkl', 'pesos.pkl', 'u.pkl', 'r.pkl', 'h.pkl', 'bajadas/cifar100_weights.pkl']
print([round(float(pickle.load(open(name, 'rb'))['dense_1/kernel'].sum())) for name in names])
download_and_extract_archive('https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz', 'arch',
                             md5='c58f30108f718f92721af3b95e74349a')
print(len(os.listdir('arch/cifar-10-batches-py')))
path = keras.utils.get_file('cifar100_weights.pkl', 'https://x.org/w.pkl', file_hash='0' * 64)
print(os.path.getsize(path) == os.path.getsize('g.pkl'))
path = tf.keras.utils.get_file('cifar-10', untar=True,
    origin='https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz', md5_hash='0')
print(os.path.isdir(path), os.path.exists(path + '/cifar-10-batches-py/test_batch'))""",
    "weights": """from google.colab import drive, files
drive.mount('/content/drive')
for name in ('pesos.pkl', '/content/drive/MyDrive/AP/Practica2/cifar100_weights.pk1',
             r'C:\\Users\\ana\\Downloads\\pesos (2).pkl', '../../pesos.pickle'):
    with open(name, 'rb') as f:
        print(sorted(pickle.load(f)))
import shutil
os.makedirs('copias', exist_ok=True)
shutil.copy('/content/drive/MyDrive/AP/cifar100_weights.pkl', 'copias')
shutil.copyfile('/content/drive/MyDrive/AP/pesos.pkl', 'copias/pesos.pickle')
print(sorted(os.listdir('copias')))
print(os.path.exists('/content/drive/MyDrive/AP/pesos.pkl'), Path('../pesos.pkl').exists())
print(os.path.exists('mis_pesos_entrenados.pkl'))
print(glob.glob('/content/drive/MyDrive/AP/*.pkl'))""",
}


def image_set(path, classes, seed, form=(32, 32, 3)):
    rng = np.random.default_rng(seed)
    arrays = {}
    for part, count in (("train", 40), ("test", 10)):
        arrays[f"x_{part}"] = rng.integers(0, 256, (count, *form), dtype=np.uint8)
        arrays[f"y_{part}"] = rng.integers(0, classes, count)
    np.savez(path, **arrays)
    return {name: int(array.astype("int64").sum()) for name, array in arrays.items()}


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What each cell printed, its error, and the sums of the images."""
    base = tmp_path_factory.mktemp("images")
    sums = {
        name: image_set(base / f"{name}.npz", classes, seed)
        for seed, (name, classes) in enumerate((("cifar10", 10), ("cifar100", 100)))
    }
    sums["mnist"] = image_set(base / "mnist.npz", 10, 2, (28, 28))
    weights = {"dense_1/kernel": np.ones((3, 3)), "conv2d/kernel": np.zeros(2)}
    (base / "pesos.pkl").write_bytes(pickle.dumps(weights))
    with h5py.File(base / "extra_pesos.h5", "w") as file:
        file["w"] = np.ones(4)
    root = base / "ana"
    root.mkdir()
    (root / "p2.ipynb").write_text(notebook(list(CELLS.values())))
    rubric = Rubric(assignment="p2", title=Text(es="x", en="x"), exercises=(), data=DATA)
    (submission,) = collect([root], rubric)
    data = {file: base / file.files[0] for file in DATA}
    record = run(submission, Run(memory=8 * 2**30), data, base / "out", choose("none"))
    assert record.ended == "finished", (record.ended, record.detail, record.environment)
    cells = dict(zip(CELLS, record.cells, strict=True))
    return (
        record,
        {
            name: (cell.error, "".join(o.text for o in cell.outputs).splitlines())
            for name, cell in cells.items()
        },
        sums,
    )


def lines(seen, name):
    error, printed = seen[1][name]
    assert error is None, json.dumps([error.name, error.message])
    return printed


def set_lines(sums, kind="uint8"):
    return [
        f"uint8 (40, 32, 32, 3) {sums['x_train']}",
        f"{kind} (40, 1) {sums['y_train']}",
        f"uint8 (10, 32, 32, 3) {sums['x_test']}",
        f"{kind} (10, 1) {sums['y_test']}",
    ]


def test_a_gpu_that_is_not_there_harms_nothing(seen):
    assert lines(seen, "first") == ["0 False True", "3.0", "0 /"]


def test_keras_datasets(seen):
    printed = lines(seen, "keras")
    ten, hundred = seen[2]["cifar10"], seen[2]["cifar100"]
    assert printed[:4] == set_lines(ten)
    assert printed[4:8] == set_lines(hundred, "int64")
    assert [line.rpartition(" ")[0] for line in printed[8:10]] == ["int64 (40, 1)", "int64 (10, 1)"]
    assert printed[10] == "ValueError"
    again = lines(seen, "tf.keras")
    assert again[:4] == set_lines(ten)
    assert again[4] == "(10, 3, 32, 32)"


def test_torchvision_datasets(seen):
    ten, hundred = seen[2]["cifar10"], seen[2]["cifar100"]
    printed = lines(seen, "torchvision")
    assert printed[:7] == [
        "40 torch.Size([3, 32, 32]) int (32, 32)",
        f"uint8 (40, 32, 32, 3) {ten['x_train']}",
        f"int64 (40,) {ten['y_train']}",
        f"uint8 (10, 32, 32, 3) {ten['x_test']}",
        f"int64 (10,) {ten['y_test']}",
        "['airplane', 'automobile'] 9",
        f"uint8 (40, 32, 32, 3) {hundred['x_train']}",
    ]
    assert printed[7] == f"int64 (40,) {hundred['y_train']}"
    assert printed[8].startswith("uint8 (32, 32, 3) ")
    assert printed[9] == "worm 100"


def test_mnist(seen):
    sums = seen[2]["mnist"]
    printed = lines(seen, "mnist")
    torchvision = [
        f"uint8 (40, 28, 28) {sums['x_train']}",
        f"int64 (40,) {sums['y_train']}",
        f"uint8 (10, 28, 28) {sums['x_test']}",
        f"int64 (10,) {sums['y_test']}",
    ]
    assert printed[:8] == 2 * torchvision
    assert printed[8] == "torch.Size([1, 28, 28]) 0 - zero"
    assert printed[9:13] == [line.replace("int64", "uint8") for line in torchvision]
    assert printed[13:] == ["18", "RuntimeError"]


def test_archives_and_folders_by_hand(seen):
    ten = seen[2]["cifar10"]
    keys = ["batch_label", "coarse_labels", "data", "filenames", "fine_labels"]
    assert lines(seen, "by hand") == [
        *3 * [f"uint8 (40, 32, 32, 3) {ten['x_train']}"],
        "8",
        "5 True",
        f"uint8 (40, 3072) {ten['x_train']}",
        str([key.encode() for key in keys]),
        "10",
        "True",
    ]


def test_commands(seen):
    assert lines(seen, "shell") == ["7", "meta", "test", "train", "['cifar-100-python']", "True"]


def test_downloads_from_python(seen):
    printed = [line for line in lines(seen, "python") if not line.startswith("Downloading")]
    assert printed[0] == str([9] * 7)
    assert printed[1:] == ["7", "True", "True True"]


def test_files_that_are_opened_in_c(seen):
    assert lines(seen, "h5py") == ["3 5", "4", "kept"]


def test_weights_by_any_path(seen):
    keys = "['conv2d/kernel', 'dense_1/kernel']"
    assert lines(seen, "weights")[-8:] == [
        *4 * [keys],
        "['cifar100_weights.pkl', 'pesos.pickle']",
        "True True",
        "False",
        "['/content/drive/MyDrive/AP/pesos.pkl']",
    ]


def test_nothing_failed_on_our_side(seen):
    assert [notice for notice in seen[0].notices if notice.kind == "fault"] == []


def test_a_large_set_is_read_where_it_lies(tmp_path, sandbox, monkeypatch):
    """Linked, not copied: also inside the sandbox, in its own form and in another."""
    monkeypatch.setattr(workplace, "MAX_IMAGES_COPIED", 1)
    sums = image_set(tmp_path / "cifar10.npz", 10, 0)
    root = tmp_path / "ana"
    root.mkdir()
    cell = """import os, pickle, numpy as np
print(os.path.exists('cifar10.npz'))
print(int(np.load('cifar10.npz')['x_test'].astype('int64').sum()))
batch = pickle.load(open('cifar-10-batches-py/test_batch', 'rb'), encoding='latin1')
print(int(batch['data'].astype('int64').sum()))
try:
    open(os.path.realpath('../../data/cifar10.npz'), 'ab').close()
except OSError:
    print('refused')"""
    (root / "p2.ipynb").write_text(notebook([cell]))
    rubric = Rubric(assignment="p2", title=Text(es="x", en="x"), exercises=(), data=DATA[:1])
    (submission,) = collect([root], rubric)
    before = (tmp_path / "cifar10.npz").read_bytes()
    record = run(submission, Run(), {DATA[0]: tmp_path / "cifar10.npz"}, tmp_path / "out", sandbox)
    (seen,) = record.cells
    assert seen.error is None, seen.error
    printed = "".join(o.text for o in seen.outputs).splitlines()
    assert printed[:3] == ["True", str(sums["x_test"]), str(sums["x_test"])]
    assert printed[3:] == ["refused"] or sandbox.name == "none"
    assert (tmp_path / "cifar10.npz").read_bytes() == before
