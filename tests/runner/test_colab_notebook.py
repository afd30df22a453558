"""One notebook that leans on everything Colab has."""

import pytest

pytestmark = pytest.mark.slow

CELLS = {
    "install": """!pip install torchmetrics -q
%pip install lightning
!apt-get install -y foo && pip install bar; echo hola
%load_ext tensorboard
%tensorboard --logdir logs
%nada_de_nada
%matplotlib notebook
import sys
print('google.colab' in sys.modules)""",
    "colab": """from google.colab import drive, files
import google.colab
from google.colab import userdata, output
from google.colab.patches import cv2_imshow
drive.mount('/content/drive', force_remount=True)
up = files.upload()
print(list(up), len(up['higgs_train (1).pk1']) > 0)
files.download('x.zip')""",
    "read": r"""import os, glob, pickle
import pandas as pd
from pathlib import Path
BASE = '/content/drive/MyDrive/AP/P3/'
print([os.path.exists(BASE + name) for name in ('', 'higgs_train.pk1', 'no.csv')])
print(sorted(os.listdir(BASE)))
print(len(glob.glob(BASE + '*.pkl')), len(list(Path(BASE).glob('*_train*'))))
print(pd.read_pickle(BASE + 'higgs_train.pk1'))
print(pickle.load(open('../data/HIGGS_test.pickle', 'rb')))
print(pd.read_pickle('https://example.org/data/higgs_test.pkl?raw=1'))
print(Path(r'C:\Users\ana\higgs_train (1).pkl').read_bytes()[:1] == b'\x80')""",
    "download": """import urllib.request, subprocess
urllib.request.urlretrieve('https://x.org/higgs_train.pkl', 'bajado.pkl')
!wget -q https://x.org/higgs_test.pk1 -O prueba.pkl
!unzip datos.zip
!cp /content/drive/MyDrive/higgs_train.pkl ./copia.pkl
print([os.path.getsize(f) > 0 for f in ('bajado.pkl', 'prueba.pkl', 'copia.pkl')])
print(subprocess.run([sys.executable, '-m', 'pip', 'install', 'x']).returncode)
x = !echo uno dos
print(x)""",
    "bash": "%%bash\npip install algo\necho desde bash",
    "magic": "%%no_existe\nprint('dentro')",
    "write": """os.makedirs('/content/drive/MyDrive/modelos', exist_ok=True)
%cd /content/drive/MyDrive/AP
for path in ('/content/drive/MyDrive/modelos/a.txt', 'salidas/b.txt'):
    with open(path, 'w') as stream:
        stream.write('hola')
    print(open(path).read(), os.path.getsize(path))
pd.DataFrame({'a': [1]}).to_csv('/content/drive/MyDrive/preds.csv')
print(pd.read_csv('/content/drive/MyDrive/preds.csv').shape)""",
    "torch": """import torch, torch.nn as nn
net = nn.Linear(3, 2).to('cuda')
print(net(torch.randn(4, 3, device='cuda:0')).device)
torch.save(net.state_dict(), '/content/drive/MyDrive/red.pt')
print(list(torch.load('/content/drive/MyDrive/red.pt', map_location='cuda')))
from torchvision import transforms""",
    "plot": """import matplotlib
matplotlib.use('TkAgg')
import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.show()""",
}
EXPECTED = {
    "install": "hola\nFalse\n",
    "read": "[True, True, False]\n['higgs_test.pkl', 'higgs_train.pkl']\n2 1\n"
    "[0, 1, 2]\n[1, 1, 2]\n[1, 1, 2]\nTrue\n",
    "download": "[True, True, True]\n0\n['uno dos']\n",
    "bash": "desde bash\n",
    "magic": "dentro\n",
    "torch": "cpu\n['weight', 'bias']\n",
}


def test_everything_is_harmless_and_noted(execute, sandbox):
    record, out = execute(list(CELLS.values()), sandbox=sandbox)
    assert record.ended == "finished"
    cells = dict(zip(CELLS, record.cells, strict=True))
    assert {name: cell.error for name, cell in cells.items() if cell.error} == {}
    for name, text in EXPECTED.items():
        assert cells[name].outputs[0].text == text, name
    assert "hola 4\nhola 4\n(1, 2)\n" in cells["write"].outputs[0].text
    assert cells["plot"].outputs[0].picture
    kinds = {notice.kind for notice in record.notices}
    wanted = {"pip", "magic", "colab", "upload", "data", "download", "shell", "path", "plot"}
    assert wanted <= kinds
    assert "fault" not in kinds
    details = [notice.detail for notice in record.notices]
    assert len(details) == len(set(details))
    assert (out / "notices.jsonl").exists()
