"""Reasons as people read them: each a code with parameters, and its text from one catalogue.

A reason is a text in English that knows its code and its parameters, so that whoever answers can
say it in another language. No reason is worded anywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

Text = str | tuple[str, str]
"""One text, or that of one ``n`` and that of all others."""


class Words(str):
    """A reason in English, which knows its code and its parameters.

    Attributes
    ----------
    code : str
        A key of ``ENGLISH``.
    params : mapping of str to Any
        Numbers, names, other reasons, or lists of those.
    told : Any
        What an answer makes of it, kept by whoever answers: many reasons are given again and again.
    """

    __slots__ = ("code", "params", "told")

    code: str
    params: Mapping[str, Any]
    told: Any

    def __new__(cls, text: str, code: str, params: Mapping[str, Any]) -> Words:
        """Return a text as the reason of a code."""
        made = super().__new__(cls, text)
        made.code, made.params, made.told = code, params, None
        return made

    def __getnewargs__(self) -> tuple[str, str, Mapping[str, Any]]:  # type: ignore[override]
        """Return what makes a copy."""
        return str(self), self.code, self.params

    def __getstate__(self) -> None:
        """Return nothing more: what was made of a reason is no part of it."""


def say(code: str, **params: Any) -> Words:
    """Return the reason of a code: its text in English with its parameters."""
    text = ENGLISH[code]
    if not isinstance(text, str):
        text = text[params["n"] != 1]
    return Words(text.format_map(params) if params else text, code, params)


once = lru_cache(8_192, typed=True)(say)
"""As :func:`say`, and the same reason is made once. Not for a reason in a reason, whose code two
that read alike do not share, nor for measured numbers, which do not come again."""


def listed(parts: list[Words]) -> Words:
    """Return several reasons as one, with commas between."""
    return Words(", ".join(parts), "list", {"parts": parts})


def joined(parts: list[Words]) -> Words:
    """Return one or two reasons as one."""
    return parts[0] if len(parts) == 1 else say("both", first=parts[0], second=parts[1])


ENGLISH: Mapping[str, Text] = MappingProxyType(
    {
        "list": "{parts}",
        "both": "{first} and {second}",
        # The ladder: why a rung served or did not.
        "rung.taken_out": "an experiment showed that it does worse",
        "rung.held_out": "this user is in the permanent holdout",
        "rung.ceiling": "experiment {experiment}: no rung above {ceiling}",
        "rung.stepped_down": "experiment {experiment}: one rung lower this week",
        "rung.failed": "this rung failed; it was logged",
        "rung.all_failed": "every rung failed",
        "rung.nothing_left": "nothing left to offer after exclusions and filters",
        "rung.forced": "the request forces {forced}",
        "rung.consents_unread": "consents cannot be read now",
        "rung.no_profiling": "this user denied profiling",
        "rung.no_segment": "this user is in no segment",
        "rung.unknown_user": "this user is not in the model",
        "rung.not_better": (
            "not shipped: does not clearly beat {below}: {lift:+.4f} [{low:+.4f}, {high:+.4f}] "
            "over {n:,} users"
        ),
        "rung.not_measured": "not shipped: could not be compared with {below}",
        "rung.not_fitted": "the data were too few for it",
        "rung.on_trial_elsewhere": (
            "not in the half of such people that it is on trial for: {verdict}"
        ),
        "rung.on_trial": "{because}; on trial for a random half of such people",
        "rung.better_online": "{because}; shown online to do better for such people",
        # Items: what a list stands on.
        "items.popular": "what most users took lately",
        "items.segment": "what the {n:,} users of segment {segment} took lately",
        "items.empty_segment": "segment {segment} has no users",
        "items.unlisted_segment": (
            "lists are made for segments of {of} and {trait}, not for {segment}"
        ),
        "items.instead": "what is popular, for {because}",
        "items.unknown_user": "training has not seen this user",
        "items.short_history": "{n} different items in this user's history, {needed} needed",
        "items.history": "{n:,} different items in this user's history",
        "items.nothing_since": "nothing known happened since training",
        "items.live": (
            "{n:,} event since the model was trained, after {past:,} before",
            "{n:,} events since the model was trained, after {past:,} before",
        ),
        "items.live_session": (
            "{n:,} event since the model was trained, {session:,} in this session, "
            "after {past:,} before",
            "{n:,} events since the model was trained, {session:,} in this session, "
            "after {past:,} before",
        ),
        "items.live_cart": (
            "{n:,} event since the model was trained, {cart:,} in the cart, after {past:,} before",
            "{n:,} events since the model was trained, {cart:,} in the cart, after {past:,} before",
        ),
        "items.live_session_cart": (
            "{n:,} event since the model was trained, {session:,} in this session, "
            "{cart:,} in the cart, after {past:,} before",
            "{n:,} events since the model was trained, {session:,} in this session, "
            "{cart:,} in the cart, after {past:,} before",
        ),
        "items.like_users": "what similar users took",
        "items.own": "what this user took before",
        "items.similar": "what is like the item at hand, the same for everyone",
        "items.none_similar": "no item at hand that others are like",
        "items.together": "what goes with the items at hand, the same for everyone",
        "items.none_together": "no items at hand that others go with",
        "items.recent": "what this user looked at or took last, latest first",
        "items.none_recent": "this user did nothing that is known, or may not be profiled",
        "items.not_in_force": "no version of this placement is in force now",
        # One item: why it is in a list.
        "item.purchase": "because you bought {item}",
        "item.purchase_again": "you bought this before",
        "item.cart": "because you chose {item}",
        "item.cart_again": "you chose this before",
        "item.view": "because you looked at {item}",
        "item.view_again": "you looked at this before",
        "item.any": "because you took an interest in {item}",
        "item.any_again": "you took an interest in this before",
        "item.bought": "bought by {n} users in the last {days} days",
        "item.new": "new: nobody has taken it yet, and it is described like what you took",
        "item.moment": "popular {where}",
        "moment.device": "on {name}",
        "moment.placement": "in the placement {name}",
        "moment.time": "{part}",
        "part.at night": "at night",
        "part.in the morning": "in the morning",
        "part.in the afternoon": "in the afternoon",
        "part.in the evening": "in the evening",
        "part.at night at weekends": "at night at weekends",
        "part.in the morning at weekends": "in the morning at weekends",
        "part.in the afternoon at weekends": "in the afternoon at weekends",
        "part.in the evening at weekends": "in the evening at weekends",
        # Channels: what a choice stands on, and why each arm is or is not the answer.
        "channel.no_messages": "no messages logged: prior response rates, not measured ones",
        "channel.everybody": "how everybody responded to {n:,} messages",
        "channel.uplift": (
            "uplift over sending nothing: {outcome}, {n:,} randomised decisions"
        ),
        "channel.segment": "how segment {segment} responded",
        "channel.uplift_segment": "uplift over sending nothing: {outcome}, in segment {segment}",
        "channel.own": "how this user responded to {n:,} messages, shrunk to the segment",
        "channel.own_now": (
            "how this user responded to {n:,} messages, shrunk to the segment, "
            "at this hour and after the week's messages"
        ),
        "channel.no_message": "this user never got a message",
        "arm.drawn": "drawn among all that may be used, to learn how people respond",
        "arm.kept": "kept: nothing is clearly worth more",
        "arm.best": "worth most of what may be used",
        "arm.not_clearly_more": "not clearly worth more than {best}",
        "arm.not_more": "not worth more than {best}",
        "arm.cap": "weekly cap of {cap} reached",
        "arm.not_offered": "the caller does not offer it",
        "arm.no_consent": "no consent",
        "hour.own": "from own activity in all channels",
        "hour.everybody": "from everybody's activity",
        "hour.channel": "from everybody's responses to {channel}",
        "hour.channel_own": "from everybody's responses to {channel} and own activity",
        "hour.responses": (
            "from {n} own response to {channel}",
            "from {n} own responses to {channel}",
        ),
        # Churn: what a risk stands on, and what moves it.
        "churn.unknown": "nothing is known of churn yet: no closed window with active users",
        "churn.everybody": "{p:.0%} of {n:,} active users did not come back in time",
        "churn.rule": (
            "{status} by rule, not by measurement: {days:,.0f} days since the last {kind}, "
            "usually {usual:,.0f}"
        ),
        "churn.segment": "rate of {n:,} active users in {segment}",
        "churn.small_segment": "fewer than {least} active users in {segment}",
        "churn.unknown_user": "this user is not in the serving model",
        "churn.none_then": "no {kind} before the last snapshot",
        "churn.no_contract_then": (
            "no contract was running before the last snapshot: nothing left to end"
        ),
        "churn.own": (
            "own propensity at the snapshot of {day}, from {days:,.0f} days with a {kind}"
        ),
        "churn.own_by": (
            "own propensity by {model} at the snapshot of {day}, "
            "from {days:,.0f} days with a {kind}"
        ),
        "churn.lapsed": (
            "{because}; inactive for {days:,.0f} days already, the model learnt from users "
            "inactive for at most {learnt}"
        ),
        "churn.nothing_since": "nothing happened since the last snapshot",
        "churn.none_yet": "no {kind} so far",
        "churn.contract_over": "the contract has ended: nothing left to end",
        "churn.live": (
            "re-scored now with {told} since training, the last one {days:,.1f} days ago"
        ),
        "churn.events": ("{n:,} event", "{n:,} events"),
        "churn.signals": ("{n:,} signal beside events", "{n:,} signals beside events"),
        "band.rank": "by rank among users: no rate is known to compare with",
        "band.rate": (
            "{p:.0%} against {base:.0%} of all active users; an offer pays from {pays_from:.0%}"
        ),
        "risk.recency": "{value:,.0f} days since the last {kind}",
        "risk.overdue": "{value:,.1f} times the usual gap since the last {kind}",
        "risk.rhythm": "usually {value:,.0f} days between one {kind} and the next",
        "risk.tenure": "{value:,.0f} days since the first {kind}",
        "risk.frequency": "{value:,.0f} days with a {kind} in all",
        "risk.lately": "{value:,.0f} days with a {kind} in the last 90 days",
        "risk.spend": "{value:,.2f} spent per day with a {kind}",
        "risk.basket": "{value:,.0f} lines per day with a {kind}",
        "risk.returns": "{value:.0%} of the money taken back by returns",
        "risk.visits": "{value:,.0f} days since anything else was seen of them",
        "risk.recommends": "the last answer to how likely they recommend: {value:.0f} of 10",
        "risk.no_recommends": "no answer to how likely they recommend",
        "risk.satisfaction": "the last rating of the support: {value:.0%} good",
        "risk.no_satisfaction": "no rating of the support",
        "risk.tickets": "support tickets in the last 90 days: {value:,.0f}",
        "risk.no_tickets": "no support tickets known",
        "risk.mails": "{value:,.0f} days since an e-mail was opened or clicked",
        "risk.no_mails": "no e-mail opened or clicked in the last 90 days",
        "risk.none": "no {kind} yet",
        "risk.no_gap": "one day with a {kind} so far: no usual gap yet",
        "risk.no_visits": "no visits seen, only each {kind}",
        "kind.purchase": "purchase",
        "kind.cart": "cart",
        "kind.view": "view",
        "kind.visit": "visit",
        "kind.renewal": "renewal",
        "status.active": "active",
        "status.at risk": "at risk",
        "status.lapsed": "lapsed",
        # Value.
        "value.not_profiled": "this user denied profiling, or nothing is known of the consent",
        "value.none": "no {kind} so far: nothing to say",
        "value.own": (
            "{n:,} day with a {kind}; expected at the snapshot of {day}, own history",
            "{n:,} days with a {kind}; expected at the snapshot of {day}, own history",
        ),
        "value.first": (
            "{n:,} day with a {kind}; expected at the snapshot of {day}, "
            "as of anybody with a first order",
            "{n:,} days with a {kind}; expected at the snapshot of {day}, "
            "as of anybody with a first order",
        ),
    }
)  # fmt: skip
"""Each code's text. A parameter whose name and value are a code (``kind``, ``purchase``) is one."""
