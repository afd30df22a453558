"""Which worker takes which submission?"""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadScopeScheduling


class BySubmission(LoadScopeScheduling):  # type: ignore[misc]  # xdist is not typed for mypy here
    """A scope is a submission, since node ids are `p3::ana::e2.compiles`."""

    def remove_node(self, node: Any) -> str | None:
        """A worker is gone: what it had finished is not handed out again.

        The scheduler of xdist hands finished scopes out as empty ones, for which the next worker
        waits for ever.
        """
        assigned = self.assigned_work.get(node, {})
        for scope in [scope for scope, unit in assigned.items() if all(unit.values())]:
            del assigned[scope]
        crashed: str | None = super().remove_node(node)
        return crashed

    def _reschedule(self, node: Any) -> None:
        """Give the worker more to do, but not before it has said what its tests are.

        After a crash the scheduler of xdist asks this for workers that are still starting.
        """
        if node in self.registered_collections:
            super()._reschedule(node)
