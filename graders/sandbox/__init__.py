"""Where may untrusted code run, and with how much?"""

from graders.sandbox.choice import choose
from graders.sandbox.protocol import Sandbox, SandboxUnavailable

__all__ = ["Sandbox", "SandboxUnavailable", "choose"]
