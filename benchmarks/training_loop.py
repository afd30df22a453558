"""One small training loop in a shell like the kernel's; prints its seconds of processor time.

python training_loop.py            as the student runs it
python training_loop.py OUT        with the probe watching, its facts in OUT
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell

PREPARE = """
import time, torch
from torch import nn
torch.manual_seed(0)
torch.set_num_threads(1)
class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
    def forward(self, x):
        return torch.relu(x + self.f(x))
x = torch.randn(5120, 30)
y = (x[:, :3].sum(1, keepdim=True) > 0).float()
data = torch.utils.data.TensorDataset(x, y)
loader = torch.utils.data.DataLoader(data, batch_size=128, shuffle=True)
net = nn.Sequential(nn.Linear(30, 128), Block(128), Block(128), nn.Linear(128, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
loss_function = nn.BCEWithLogitsLoss()
"""

TRAIN = """
def epochs(n):
    for epoch in range(n):
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = loss_function(net(xb), yb)
            loss.backward()
            optimizer.step()
epochs(2)
began = time.process_time()
epochs(60)
seconds = time.process_time() - began
"""


def watch(out: Path) -> None:
    """Start the probe in this shell, its facts in `out`."""
    probe = Path(__file__).resolve().parents[1] / "graders" / "probe"
    shutil.copytree(probe, out / "code" / "corrige_probe")
    sys.path.insert(0, str(out / "code"))
    from corrige_probe import start  # type: ignore[import-not-found]  # copied just now

    for name in ("facts", "work", "data"):
        (out / name).mkdir()
    start.start(
        {
            "out_dir": str(out / "facts"),
            "workdir": str(out / "work"),
            "data_dir": str(out / "data"),
            "data": [],
            "output_limit": 2**20,
            "seed": 0,
            "shell_timeout": 10.0,
        }
    )


def main() -> None:
    shell = InteractiveShell.instance()
    if len(sys.argv) > 1:
        watch(Path(sys.argv[1]))
    for cell in (PREPARE, TRAIN):
        done = shell.run_cell(cell, store_history=True)
        done.raise_error()
    print(f"seconds {shell.user_ns['seconds']:.4f}", flush=True)


if __name__ == "__main__":
    main()
