"""Words of the service as people say them: rungs, reasons, questions, roles."""

from __future__ import annotations

from collections.abc import Mapping

from recsys.ladder import Question, Reason, RungName
from recsys.storage.access.accounts import Role


def N_(text: str) -> str:  # noqa: N802 - what gettext calls it
    """Mark a text that is translated where it is shown."""
    return text


RUNGS: Mapping[str, str] = {
    RungName.POPULAR: N_("Popular"),
    RungName.SEGMENT: N_("Segment"),
    RungName.ONE_TO_ONE: N_("1:1"),
    RungName.HYPER: N_("Hyper"),
    "none": N_("none"),
    "": N_("none"),
}
MEANS: Mapping[str, str] = {
    RungName.POPULAR: N_("the same for everybody"),
    RungName.SEGMENT: N_("for people like this one"),
    RungName.ONE_TO_ONE: N_("from this person's own history"),
    RungName.HYPER: N_("own history and what happens right now"),
}
QUESTIONS: Mapping[str, str] = {
    Question.ITEMS: N_("Items"),
    Question.CHANNEL: N_("Channel"),
    Question.CHURN: N_("Churn"),
}
REASONS: Mapping[str, str] = {
    Reason.SERVED: N_("answered"),
    Reason.NOT_SHIPPED: N_("not shipped"),
    Reason.NO_CONSENT: N_("no consent"),
    Reason.STORE_UNAVAILABLE: N_("store unavailable"),
    Reason.UNKNOWN_USER: N_("not known"),
    Reason.NO_SEGMENT: N_("no segment"),
    Reason.TOO_LITTLE_HISTORY: N_("too little history"),
    Reason.NO_LIVE_EVENTS: N_("nothing new"),
    Reason.NOTHING_LEFT: N_("nothing left to say"),
    Reason.FAILED: N_("failed"),
    Reason.FORCED: N_("forced"),
    Reason.STEPPED_DOWN: N_("stepped down"),
    Reason.CEILING: N_("above the ceiling"),
    Reason.HELD_OUT: N_("held out"),
    Reason.TAKEN_OUT: N_("lost online"),
    Reason.ON_TRIAL: N_("on trial"),
}
ROLES: Mapping[str, str] = {
    Role.VIEWER: N_("Viewer"),
    Role.MARKETER: N_("Marketer"),
    Role.ANALYST: N_("Analyst"),
    Role.ADMIN: N_("Admin"),
}
BANDS: Mapping[str, str] = {"low": N_("low"), "medium": N_("medium"), "high": N_("high")}
STATES: Mapping[str, str] = {
    "granted": N_("granted"),
    "denied": N_("denied"),
    "new": N_("new"),
    "current": N_("current"),
    "dormant": N_("dormant"),
    "resurrected": N_("returned"),
    "churned": N_("gone"),
    "at_risk": N_("at risk"),
    "lost": N_("lost"),
    "never": N_("not here yet"),
    "profiling": N_("profiling"),
    "marketing": N_("marketing"),
    "file": N_("file"),
    "webhook": N_("webhook"),
    "planned": N_("planned"),
    "running": N_("running"),
    "stopped": N_("stopped"),
    "decided": N_("decided"),
    "unhealthy": N_("unhealthy"),
    "no_data": N_("no data"),
    "waiting": N_("some days left"),
    "better": N_("better"),
    "worse": N_("worse"),
    "nothing_above_mde": N_("no effect worth it"),
    "yes": N_("yes"),
    "no": N_("no"),
    "shipped": N_("all"),
    "trial": N_("on trial: a half"),
    "out": N_("nobody"),
}
PEOPLE: Mapping[str, str] = {
    "history": N_("with a history"),
    "thin": N_("hardly known"),
    "new_with_events": N_("new, with events"),
    "new": N_("new, nothing known"),
}
KINDS: Mapping[str, str] = {
    "view": N_("looked at"),
    "cart": N_("put into the cart"),
    "remove": N_("taken out of the cart"),
    "purchase": N_("bought"),
    "return": N_("sent back"),
    "dismiss": N_("not interested"),
    "void": N_("order cancelled"),
    "identity": N_("recognised"),
    "message_sent": N_("message sent"),
    "message_opened": N_("message opened"),
    "message_responded": N_("message answered"),
    "message_unsubscribed": N_("unsubscribed"),
    "message_failed": N_("message failed"),
}
ACTS: Mapping[str, str] = {
    "register": N_("registered"),
    "promote": N_("promoted"),
    "rollback": N_("rolled back to"),
    "refuse": N_("refused by the gate"),
    "prune": N_("removed"),
}
ACTIONS: Mapping[str, str] = {
    "erased": N_("erased"),
    "exported": N_("exported"),
    "merged": N_("merged"),
    "unmerged": N_("taken apart"),
    "changed_consents": N_("changed consents"),
    "promoted": N_("promoted"),
    "changed_keys": N_("changed keys"),
    "looked_at": N_("looked at"),
    "changed_accounts": N_("changed accounts"),
    "changed_experiments": N_("changed experiments"),
    "sent_webhooks_again": N_("sent webhooks again"),
    "changed_webhooks": N_("changed webhooks"),
}
TRIES: Mapping[str, str] = {
    "step_down": N_("steps down the ladder"),
    "step_up": N_("a rung not shipped"),
    "items": N_("rungs"),
    "channel": N_("channels"),
    "model": N_("versions"),
    "placement": N_("placements"),
    "interleave": N_("two rankers in one list"),
}
MEASURES: Mapping[str, str] = {
    "conversion": N_("people who did it"),
    "count": N_("how often"),
    "value": N_("money"),
}
PAST: Mapping[str, str] = {
    "agrees": N_("agrees"),
    "contradicts": N_("contradicts"),
    "unclear": N_("unclear"),
}
DELIVERIES: Mapping[str, str] = {
    "waiting": N_("waiting"),
    "running": N_("running"),
    "delivered": N_("delivered"),
    "dead": N_("given up"),
    "done": N_("done"),
    "failed": N_("failed"),
    "cancelled": N_("cancelled"),
    "expired": N_("its files are gone"),
}
METRICS: Mapping[str, str] = {
    "log likelihood": N_("log likelihood"),
    "reward per decision": N_("money per decision"),
}
CHANNELS: Mapping[str, str] = {"none": N_("no message")}
DRIVERS: Mapping[str, str] = {
    "recency": N_("how long ago"),
    "overdue": N_("how overdue"),
    "rhythm": N_("rhythm"),
    "tenure": N_("how long here"),
    "frequency": N_("how often"),
    "lately": N_("lately"),
    "spend": N_("money"),
    "basket": N_("basket"),
    "returns": N_("returns"),
    "visits": N_("visits"),
    "recommends": N_("recommends us"),
    "satisfaction": N_("satisfaction"),
    "tickets": N_("support"),
    "mails": N_("e-mails"),
}
FAMILIES: Mapping[str, str] = {
    "rfm": N_("purchases (RFM)"),
    "lifecycle": N_("stage of life"),
    "cluster": N_("what they buy"),
    "taste": N_("taste"),
}
SEGMENTS: Mapping[str, str] = {
    "champions": N_("champions"),
    "loyal": N_("loyal"),
    "cant_lose": N_("must not be lost"),
    "promising": N_("promising"),
    "potential_loyalist": N_("may become loyal"),
    "need_attention": N_("need attention"),
    "about_to_sleep": N_("about to fall asleep"),
    "hibernating": N_("asleep"),
}
SIMULATED: Mapping[str, str] = {"messages": N_("messages")}
JOBS: Mapping[str, str] = {
    "training": N_("training"),
    "counting": N_("figures counted"),
    "export": N_("export"),
    "webhook": N_("webhook messages"),
}
GROUPS: Mapping[str, str] = {"all": N_("all, weighted by people")}
POLICIES: Mapping[str, str] = {"rung": N_("by rung"), "always": N_("always")}
WORDS: Mapping[str, Mapping[str, str]] = {
    "rung": RUNGS,
    "means": MEANS,
    "question": QUESTIONS,
    "reason": REASONS,
    "role": ROLES,
    "band": BANDS,
    "state": STATES,
    "kind": KINDS,
    "act": ACTS,
    "action": ACTIONS,
    "policy": POLICIES,
    "tries": TRIES,
    "measure": MEASURES,
    "past": PAST,
    "groups": GROUPS,
    "people": PEOPLE,
    "delivery": DELIVERIES,
    "metric": METRICS,
    "channel": CHANNELS,
    "driver": DRIVERS,
    "family": FAMILIES,
    "segment": {**STATES, **SEGMENTS},
    "policy_of": {**RUNGS, **CHANNELS},
    "simulated": SIMULATED,
    "job": JOBS,
    "ended": {**DELIVERIES, **ACTS},
}
