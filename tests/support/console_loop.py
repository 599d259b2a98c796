"""What the console's loop page has to show: a proposal, something in force, and what was done before."""

from console_customers import NAME
from console_traffic import HOUR
from console_world import Told

from keepwell.core.events import acting_as
from keepwell.core.records import Decision, Effect, Intervention
from keepwell.core.spec.looping import LoopRuleSpec
from keepwell.operations.loop.interventions.status import LimitLine, LoopStatus, RuleLine

BUSY = LoopRuleSpec(name="busy", when="latency & load.high & ~recent_deploy", do="scale")


def tell_loop(told: Told) -> None:
    """Leave what the loop leaves."""
    workspace, now = told.workspace, told.clock.now()
    scaled = Intervention(
        id=f"busy-{int(now) - 1200}",
        endpoint=NAME,
        playbook="scale",
        options={"workers": 4},
        reason="busy: the monitor reports latency; the load is high",
        status="watching",
        rule="busy",
        steps=("from 2 to 4 workers",),
        temporary=True,
        predicted=Effect(measure="latency_p95_ms", before=312.0, after=160.0),
        measured=Effect(
            measure="latency_p95_ms",
            before=312.0,
            after=118.0,
            reason="latency_p95_ms went from 312 to 118: better (chance explains 31.2)",
        ),
        decided=now - 1200,
        began=now - 1200,
        settled=now - 1100,
    )
    asked = Intervention(
        id=f"broken-column-{int(now) - 300}",
        endpoint=NAME,
        playbook="quarantine",
        options={"column": "charges"},
        reason="broken-column: the monitor reports quality; the monitor reports performance",
        rule="broken-column",
        steps=("take the column charges as missing", "until its values are whole again"),
        temporary=True,
        predicted=Effect(measure="metric:roc_auc", before=0.71, after=0.79),
        approval="anyone",
        decided=now - 300,
    )
    before = Intervention(
        id=f"bad-deployment-{int(now) - 50000}",
        endpoint=NAME,
        playbook="roll_back",
        reason="bad-deployment: the monitor reports errors; the routes changed just before",
        status="kept",
        rule="bad-deployment",
        measured=Effect(
            measure="error_rate", before=0.4, after=0.0, reason="error_rate went from 0.4 to 0"
        ),
        decided=now - 9 * 24 * HOUR,
        began=now - 9 * 24 * HOUR,
        ended=now - 9 * 24 * HOUR + 300,
        outcome="error_rate went from 0.4 to 0: better",
    )
    decision = Decision(
        id="01KLOOP0000000000000000000",
        time=now - 300,
        endpoint=NAME,
        action="propose",
        reason=asked.reason,
        outcome="done",
    )
    workspace.incidents.write(decision, interventions=(before, scaled, asked))
    with acting_as("loop"):
        workspace.looping.statuses.tell(_status(now, scaled, asked))


def _status(now: float, *in_force: Intervention) -> LoopStatus:
    return LoopStatus(
        endpoint=NAME,
        time=now - 5,
        champion=2,
        sees=("charges is missing in 18% of the rows",),
        load="normal",
        waits="anyone must agree before charges is left out",
        rules=(
            RuleLine(
                name="busy",
                when=BUSY.when,
                do="scale",
                builtin=False,
                holds=False,
                why="the monitor reports no latency",
            ),
            RuleLine(
                name="broken-column",
                when="quality & performance",
                do="quarantine",
                builtin=True,
                holds=True,
                why="the monitor reports quality",
                waits="it waits for somebody to agree",
                approval="anyone",
            ),
        ),
        limits=(
            LimitLine(name="hours", holds=True, why="it may begin at any time", allowed="always"),
            LimitLine(
                name="training",
                holds=False,
                why="another retraining would exceed the budget of 2h per 1d",
                used="1h 58m",
                allowed="2h per 1d",
            ),
        ),
        interventions=in_force,
    )
