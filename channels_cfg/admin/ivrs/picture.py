"""An IVR definition as a picture, and the same in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.ivr.call_flow import ASKING, ASSIGN, DIGITS, HOURS, MENU, TRANSFER, Branch, CallFlow, FlowStep
from channels_cfg.ivr.drawing import Drawing, DrawnBox, draw
from channels_cfg.models import IvrStep

LONGEST_TITLE = 19
LONGEST_DETAIL = 22


@dataclass(frozen=True)
class DrawnStep:
    """A box with what is written in it."""

    box: DrawnBox
    kind: str
    title: str
    kind_in_words: str
    detail: str


@dataclass(frozen=True)
class Picture:
    """What the template draws, and what it says to those who do not see it."""

    drawing: Drawing
    steps: Sequence[DrawnStep]
    in_words: Sequence[tuple[str, str, Sequence[str]]]
    """Of each step its name, its kind and what it leads to."""


def picture_of(flow: CallFlow, *, path: Sequence[str] = ()) -> Picture:
    """The picture; ``path`` is the way that a call took."""
    labels: dict[tuple[str, str], list[str]] = {}
    for name in flow.by_name:
        for branch in flow.branches_from(name):
            if label := _label(flow.by_name[name], branch):
                labels.setdefault((branch.step, branch.target), []).append(label)
    drawing = draw(flow, labels, path=path)
    steps = [_drawn(flow.by_name[box.name], box) for box in drawing.boxes]
    return Picture(drawing, steps, [(step.name, _kind(step), list(_told(step))) for step in flow.steps])


def _drawn(step: FlowStep, box: DrawnBox) -> DrawnStep:
    return DrawnStep(
        box, step.kind, _short(step.name, LONGEST_TITLE), _kind(step), _short(_detail(step), LONGEST_DETAIL)
    )


def _kind(step: FlowStep) -> str:
    return dict(_KINDS).get(step.kind, step.kind)


_KINDS: list[Any] = IvrStep.Kind.choices


def _detail(step: FlowStep) -> str:
    if step.kind == ASSIGN:
        return f"{step.variable} = {step.value}"
    if step.kind in ASKING:
        back = _(" · %(key)s back") % {"key": step.back_key} if step.back_key else ""
        told = f"→ {step.variable}" if step.variable else step.prompt
        return _short(told, LONGEST_DETAIL - len(back)) + back
    if step.kind == HOURS:
        return str(step.opening_hours or "")
    return str(step.queue or "") if step.kind == TRANSFER else step.prompt


def _short(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _label(step: FlowStep, branch: Branch) -> str:
    """What stands at the branch; empty where there is but one way on."""
    if branch.pressed:
        pressed = branch.pressed
        return f"{pressed.key} = {pressed.value}" if pressed.value != pressed.key else pressed.key
    if step.kind == HOURS:
        return _("open") if branch.field == "next_step" else _("closed")
    if branch.field == "other_step":
        return _("%(count)d × wrong") % {"count": step.most_wrong}
    return _digits(step) if step.kind == DIGITS else ""


def _digits(step: FlowStep) -> str:
    if step.pattern and not step.longest:
        return _("matching digits")
    least, most = step.shortest or 1, step.longest
    told = str(least) if least == most else f"{least}–{most}" if most else f"{least}+"
    return _("%(count)s digits") % {"count": told}


def _told(step: FlowStep) -> Iterator[str]:
    """Where the step leads, in sentences."""
    for branch in step.branches:
        label = _label(step, branch)
        told = {"label": label, "target": branch.target}
        yield _("%(label)s: to %(target)s") % told if label else _("Then to %(target)s") % told
    if step.kind in (MENU, DIGITS) and step.back_key:
        yield _("%(key)s: back to what was asked before") % {"key": step.back_key}
    if step.kind == TRANSFER:
        names = ", ".join(step.attached_variables) or _("nothing")
        yield _("The call waits in %(queue)s, with %(names)s") % {"queue": step.queue, "names": names}
