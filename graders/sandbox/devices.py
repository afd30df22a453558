"""Which devices make a GPU of this machine usable?"""

from __future__ import annotations

from pathlib import Path

# Both makers' nodes; the driver's libraries lie in /usr, which every run can read.
PATTERNS = ("nvidia*", "kfd", "dri", "dxg")
LIBRARIES = ("/opt/rocm", "/usr/lib/wsl", "/etc/OpenCL", "/sys/module/nvidia", "/sys/class/kfd")


def gpu_devices(folder: Path = Path("/dev")) -> tuple[str, ...]:
    """Device nodes of the GPUs here, in order; empty when there is none."""
    found = {path for pattern in PATTERNS for path in folder.glob(pattern)}
    return tuple(sorted(str(path) for path in found))


def gpu_libraries() -> tuple[Path, ...]:
    """What the driver reads outside /usr."""
    return tuple(path for path in map(Path, LIBRARIES) if path.exists())
