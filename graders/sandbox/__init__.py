"""Where may untrusted code run, and with how much?"""

from graders.sandbox.choice import choose
from graders.sandbox.protocol import Bounds, Sandbox, SandboxUnavailable, Shared

__all__ = ["Bounds", "Sandbox", "SandboxUnavailable", "Shared", "choose"]
