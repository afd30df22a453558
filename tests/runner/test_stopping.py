import asyncio
import threading
import time

import pytest

from graders.runner.stopping import Stopping


async def sleep(seconds, said):
    try:
        await asyncio.sleep(seconds)
    finally:
        said.append("closed")
    return "done"


def test_work_that_nobody_stops_is_done():
    assert asyncio.run(Stopping().during(sleep(0, []))) == "done"


def test_another_thread_ends_it_and_it_closes_what_it_opened():
    stopping, said = Stopping(), []

    def run():
        try:
            asyncio.run(stopping.during(sleep(60, said)))
        except asyncio.CancelledError:
            said.append("ended")

    thread = threading.Thread(target=run)
    thread.start()
    while not stopping._running:
        time.sleep(0.001)
    stopping.stop()
    thread.join(timeout=5)
    assert said == ["closed", "ended"]


def test_what_begins_later_does_not_begin():
    stopping = Stopping()
    stopping.stop()
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(stopping.during(sleep(60, [])))
