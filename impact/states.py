"""The states that results can be in, each list of them written once; what a state looks like, readers decide.

Every member is its text: it is stored, compared and shown as such.
"""

from __future__ import annotations

from enum import StrEnum


class AttainmentState(StrEnum):
    """Whether a promise was kept; in the order in which readers look at them."""

    REACHED = "reached"
    UNCERTAIN = "uncertain"
    INCOMPLETE = "incomplete"
    SHORT = "short"
    WRONG_WAY = "wrong_way"
    CONTRADICTORY = "contradictory"
    OUT_OF_RANGE = "out_of_range"
    NOT_DUE = "not_due"
    NO_TARGET = "no_target"
    NO_DATA = "no_data"
    SUPPRESSED = "suppressed"
    UNMEASURED = "unmeasured"
    """Of a step of a theory of change on which no indicator hangs: of no finding."""


WORST_FIRST = (
    *(AttainmentState.WRONG_WAY, AttainmentState.SHORT, AttainmentState.CONTRADICTORY, AttainmentState.OUT_OF_RANGE),
    *(AttainmentState.INCOMPLETE, AttainmentState.UNCERTAIN, AttainmentState.NOT_DUE, AttainmentState.NO_DATA),
    *(AttainmentState.SUPPRESSED, AttainmentState.REACHED),
)
"""The states of a promise, in the order in which they weigh on what several promises come to."""
NO_WAY = (AttainmentState.INCOMPLETE, AttainmentState.CONTRADICTORY, AttainmentState.OUT_OF_RANGE)
"""States in which there is no way from baseline to target on which a value could lie."""
UNDECIDED = (AttainmentState.UNCERTAIN, *NO_WAY)
"""States of which nobody can say that the promise was missed."""


class ProgressState(StrEnum):
    """Why there is a progress from baseline to target, or none."""

    MEASURED = "measured"
    WRONG_WAY = "wrong_way"
    NO_GAP = "no_gap"
    NO_BASELINE = "no_baseline"
    NO_TARGET = "no_target"
    NO_DATA = "no_data"
    INCOMPLETE = "incomplete"
    CONTRADICTORY = "contradictory"
    OUT_OF_RANGE = "out_of_range"
    SUPPRESSED = "suppressed"


class ContributionState(StrEnum):
    """Whether the programme caused what happened."""

    IMPROVED = "improved"
    WORSENED = "worsened"
    CHANGED = "changed"
    """Of an indicator that is to be maintained."""
    ASSOCIATED = "associated"
    MOVED = "moved"
    NO_CLEAR_EFFECT = "no_clear_effect"
    NOT_ESTIMABLE = "not_estimable"
    SUPPRESSED = "suppressed"


CLEAR_OF_ZERO = (
    *(ContributionState.IMPROVED, ContributionState.WORSENED, ContributionState.CHANGED),
    *(ContributionState.ASSOCIATED, ContributionState.MOVED),
)
"""What is said where the interval leaves out zero."""


class CheckStatus(StrEnum):
    """What a check of an effect came to."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"


class ClaimState(StrEnum):
    """What records make of a total that a programme reported; in the order in which readers look at them."""

    DIFFERS = "differs"
    NOT_RECOMPUTABLE = "not_recomputable"
    REPRODUCED = "reproduced"


class MapState(StrEnum):
    """How a cell of a map of needs and supply is answered; in the order of its legend."""

    OVERLAP = "overlap"
    COVERED = "covered"
    PARTIAL = "partial"
    GAP = "gap"
    SUPPLY_ONLY = "supply_only"
    UNMAPPED = "unmapped"


class Registration(StrEnum):
    """Whether a plan was registered before its outcome could be known."""

    REGISTERED = "registered"
    AMENDED = "amended"
    EXPLORATORY = "exploratory"


class Arm(StrEnum):
    """Which rows of a design a value is of."""

    ALL = ""
    """Of a design without arms."""
    TREATED = "treated"
    COMPARISON = "comparison"
    EFFECT = "effect"
    """Both arms: what an effect was estimated from; in suppressions only."""


class Reason(StrEnum):
    """Why a cell is hidden."""

    FEW = "few"
    COMPLEMENT = "complement"


class Severity(StrEnum):
    """What became of a row that a check caught: set aside, or kept with the reason recorded."""

    ERROR = "error"
    WARNING = "warning"


class DueState(StrEnum):
    """Whether what was promised for a day has come; in the order in which readers look at them."""

    LATE = "late"
    OPEN = "open"
    DONE = "done"


class ReportState(StrEnum):
    """What became of a report; in the order in which readers look at them."""

    MISSING = "missing"
    LATE = "late"
    OPEN = "open"
    """It has not come, and its last day has not passed."""
    RECEIVED = "received"
    """It came, and nobody knows when."""
    ON_TIME = "on_time"
    UNEXPECTED = "unexpected"
    """It came from a unit that owed none."""


class UnitFate(StrEnum):
    """What became of a unit that reports."""

    STANDS = "stands"
    CLOSED = "closed"
    SUCCEEDED = "succeeded"
    """Closed, and one unit stands in its place: renamed, or merged."""
    SPLIT = "split"
    """Closed, and several units stand in its place."""
    CIRCULAR = "circular"
    """Its successors run in a circle, and none of them stands."""


class PeriodState(StrEnum):
    """What stands behind the number of a period, or why there is none."""

    VALUE = "value"
    ZERO = "zero"
    """No row, which is declared to mean that nothing happened."""
    NO_REPORT = "no_report"
    """No row, which is declared to mean that nobody reported."""
    NOT_DUE = "not_due"
    """No row, and no report was owed: its unit was not open."""
    NO_VALUE = "no_value"
    """Rows, none of which has a value."""
    SUPPRESSED = "suppressed"


class Reading(StrEnum):
    """What a period of a control chart says; in the order in which readers look at them."""

    CONCERN = "concern"
    """A signal to the side that the indicator is not meant to go."""
    CHANGE = "change"
    """A signal of an indicator that is to be maintained."""
    IMPROVEMENT = "improvement"
    COMMON = "common"
    """Variation as it always was."""
    SUPPRESSED = "suppressed"


class CourseState(StrEnum):
    """How a value stands to what was promised for its day; in the order in which readers look at them."""

    BEHIND = "behind"
    OFF_COURSE = "off_course"
    """Of an indicator that is to be maintained: to either side."""
    UNCERTAIN = "uncertain"
    INCOMPLETE = "incomplete"
    ON_COURSE = "on_course"
    """The interval holds the promise; a count without an interval equals it."""
    AHEAD = "ahead"
    NOT_MEASURED = "not_measured"
    """No value of that day or period."""
    NO_PATH = "no_path"
    """Nothing is promised for that day."""
    NOT_DUE = "not_due"
    SUPPRESSED = "suppressed"


class TargetSumState(StrEnum):
    """Whether the targets of parts add up to that of the whole."""

    DIFFERS = "differs"
    SAME = "same"
    NO_WHOLE = "no_whole"
    """The whole is promised nothing for that day."""
    NOT_ADDED = "not_added"
    """Of what does not add up over parts."""


class AttentionKind(StrEnum):
    """Why something is to be looked at; in the order in which readers do."""

    SIGNAL = "signal"
    PROMISE = "promise"
    REPORT = "report"


class ValueSection(StrEnum):
    """What of the value of a programme a line is about; in the order in which they are read."""

    RULES = "rules"
    OUTCOMES = "outcomes"
    POOLS = "pools"
    FORECASTS = "forecasts"
    COSTS = "costs"
    SOCIAL_RETURN = "social_return"
    PAYMENTS = "payments"
    REWARDS = "rewards"


class ValueState(StrEnum):
    """Where a line of value comes from, or that it has no number."""

    MEASURED = "measured"
    """Follows from findings, or from rows of a contract."""
    DECLARED = "declared"
    """Said in ``value.yaml``, with its origin."""
    NOT_COMPUTABLE = "not_computable"
    SUPPRESSED = "suppressed"


class PromiseVerdict(StrEnum):
    """What a promise comes to for who decides; in the order in which a verdict names them."""

    BROKEN = "broken"
    UNDECIDED = "undecided"
    KEPT = "kept"
    WAITING = "waiting"
    """Not due yet."""
    HIDDEN = "hidden"
    NONE = "none"
    """Nothing was promised."""


class EffectVerdict(StrEnum):
    """What is known of the cause for who decides; in the order in which a verdict names them."""

    HARM = "harm"
    CHANGED = "changed"
    """Of an indicator that is to be maintained."""
    CAUSED = "caused"
    INDICATED = "indicated"
    """The right way, by a design that supports it weakly."""
    NOT_SHOWN = "not_shown"
    NO_COMPARISON = "no_comparison"
    HIDDEN = "hidden"
    NONE = "none"
    """Of what was done, and not of what changed for somebody: no effect is looked for."""


class NextEuro(StrEnum):
    """What the next euro should do with a programme, for an outcome; in the order in which it is read."""

    FUND = "fund"
    LEARN = "learn"
    DO_NOT_FUND = "do_not_fund"
    NOT_DECIDED = "not_decided"


class ElementState(StrEnum):
    """What a programme has to say to an element of a checklist; in the order in which readers look at them."""

    MISSING = "missing"
    ANSWERED = "answered"
    NOT_APPLICABLE = "not_applicable"
    NOT_VERIFIED = "not_verified"
    """Nobody has seen the element in its source: nothing is said of whether it is there."""


class SharedState(StrEnum):
    """Whether a programme has a value of what several measure alike; in the order in which readers look at them."""

    MEASURED = "measured"
    INCOMPLETE = "incomplete"
    NO_DATA = "no_data"
    SUPPRESSED = "suppressed"
    NOT_BOUND = "not_bound"
