"""In a process of its own: torch's functions are replaced."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MAPPED = """
import copy, io, pickle, torch, torch.nn as nn
if torch.cuda.is_available():
    print("cuda"); raise SystemExit
from graders.probe.shims import devices
devices.map_to_cpu(torch)
cuda = torch.device("cuda:0")
net = nn.Sequential(nn.Linear(3, 3, device="cuda"), nn.BatchNorm1d(3)).cuda().to(cuda).to("mps")
x = torch.randn(4, 3, device=cuda, requires_grad=True)
for y in (x.to(cuda), x.cuda(), x.cuda(0, non_blocking=True), x.to(0), x.to(device="cuda"),
          x.to("cuda", torch.float64), torch.tensor([1.0], device="cuda"),
          x.new_zeros(2, device=cuda),
          torch.zeros_like(x, device=cuda), x.pin_memory(), x.to(x), x.to(torch.float16)):
    assert y.device.type == "cpu"
assert x.to("cuda", torch.float64).dtype == torch.float64
assert x.to(torch.float16).dtype == torch.float16
net(x).sum().backward()
assert x.grad is not None
assert copy.deepcopy(net)(x).shape == (4, 3)
pickle.loads(pickle.dumps(net))
buffer = io.BytesIO(); torch.save(net.state_dict(), buffer)
for where in ("cuda", cuda, None, {"cuda:0": "cuda:1"}, lambda storage, location: storage):
    buffer.seek(0); torch.load(buffer, map_location=where)
torch.cuda.synchronize(); torch.cuda.manual_seed_all(1); torch.cuda.empty_cache()
torch.cuda.reset_peak_memory_stats(); torch.cuda.memory_allocated(); torch.cuda.get_device_name(0)
a, b = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
a.record(); b.record(); assert a.elapsed_time(b) >= 0
torch.set_default_device("cuda"); torch.set_default_tensor_type("torch.cuda.FloatTensor")
assert torch.ones(1).device.type == "cpu"
with torch.autocast("cuda", dtype=torch.float16): net(x)
torch.amp.GradScaler("cuda")
class Mine(torch.Tensor): pass
assert type(torch.ones(2).as_subclass(Mine).to("cuda")) is Mine
torch.export.export(net.eval(), (x.detach(),), strict=False)
print("ok")
"""


@pytest.mark.slow
def test_every_way_to_ask_for_a_gpu_gives_the_cpu():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MAPPED],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.stdout.strip() in ("ok", "cuda"), done.stderr[-2000:]
