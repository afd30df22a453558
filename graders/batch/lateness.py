"""Was it handed in in time, what does it cost, and how is that said?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from graders.intake.received_list import NAME as RECEIVED_LIST
from graders.intake.submission import Submission
from graders.language import _, ngettext
from graders.rubric.model import Rubric
from graders.scoring import Delivered, Flag, Lateness, Result, with_lateness
from graders.scoring.late import after, lateness, say_moment


def undated(rubric: Rubric) -> Rubric:
    """The rubric without its deadline: for what is not handed in, one's own work or our proofs."""
    return rubric.model_copy(update={"deadline": None, "late": None})


def taken(result: Result, submission: Submission, rubric: Rubric) -> Result:
    """The result with what lateness takes of it, where the moment is known."""
    delivered = _delivered(submission)
    return result if delivered is None else with_lateness(result, rubric, delivered)


def flags(submission: Submission, rubric: Rubric) -> Iterator[Flag]:
    """What a person should know of the moment of delivery; nothing when it was in time."""
    if rubric.deadline is None or not submission.notebooks:
        return
    delivered = _delivered(submission)
    if delivered is None:
        if rubric.late is not None:
            message = _(
                "Nothing says when this was handed in, so nothing is taken for lateness. Moments "
                "can be written in {file}."
            )
            yield Flag(id="delivery_unknown", message=message.format(file=RECEIVED_LIST))
        return
    late = lateness(rubric, delivered, Decimal(0), rubric.max_mark)
    if late.days or late.too_late:
        yield _late(late, rubric)
    elif late.after_soft:
        message = _("Handed in after the soft date, and before the deadline: {moment}.")
        yield Flag(id="after_soft", message=message.format(moment=say_moment(late.delivered)))


def if_now(rubric: Rubric, now: datetime) -> str:
    """What a student should know of the deadline who asks at this moment; "" without one."""
    if rubric.deadline is None:
        return ""
    whole = rubric.max_mark
    late = lateness(rubric, Delivered(now, "list"), whole, whole)
    if not late.days and not late.too_late:
        deadline = datetime.fromisoformat(rubric.deadline).astimezone(late.delivered.tzinfo)
        return _("It can be handed in until {moment}.").format(moment=say_moment(deadline))
    if rubric.late is None:
        return _("The deadline is over: {moment}.").format(moment=say_moment(late.deadline))
    left = after(late, whole)
    message = _("The deadline is over: handed in now, it can get {left} points of {whole} at most.")
    return message.format(left=f"{left.normalize():f}", whole=f"{whole.normalize():f}")


def _delivered(submission: Submission) -> Delivered | None:
    if submission.received is None:
        return None
    return Delivered(submission.received, submission.received_by or "file")


def _late(late: Lateness, rubric: Rubric) -> Flag:
    if rubric.late is None:
        gone = late.delivered - late.deadline - timedelta(minutes=1)
        message = _("Handed in {hours:.1f} hours after the deadline.").format(
            hours=gone.total_seconds() / 3600
        )
    else:
        message = _costs(late)
    if not late.certain:
        message += " " + _(
            "This is only the time of its files, which copying changes: a person has to settle it, "
            "with the moment in {file}."
        ).format(file=RECEIVED_LIST)
    return Flag(id="late", message=message)


def _costs(late: Lateness) -> str:
    when = say_moment(late.delivered)
    if late.too_late:
        return _("Handed in so late that the mark is 0: {moment}.").format(moment=when)
    return ngettext(
        "Handed in late, a day begun since the deadline: {moment}. It costs {points} points.",
        "Handed in late, {n} days begun since the deadline: {moment}. It costs {points} points.",
        late.days,
    ).format(n=late.days, moment=when, points=f"{late.points.normalize():f}")
