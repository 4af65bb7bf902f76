"""The API."""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, field_validator, model_validator

from recsys.config.section import Section, Words

MIN_SECRET_CHARACTERS = 32

_KEYS = tuple(f"{scope}_keys_sha256" for scope in ("read", "write", "export", "admin"))


class ServingSection(Section):
    """The API."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on")
    tls_certificate: str = Field(
        "", description="file of the certificate chain (PEM): then the service speaks TLS itself"
    )
    tls_key: str = Field("", description="file of the key of that certificate (PEM)")
    workers: int = Field(1, ge=1, description="processes")
    poll_seconds: float = Field(1.0, gt=0, description="how often to look for a new champion")
    default_limit: int = Field(10, ge=1, description="items in an answer that names no limit")
    max_limit: int = Field(100, ge=1, description="most items in one answer")
    max_batch: int = Field(1_000, ge=1, description="most users or events in one request")
    read_keys_sha256: Words = Field(
        (),
        description="SHA-256 of keys that may ask, besides those of `recsys keys`; with any key "
        "anywhere all but the health of the process asks for one",
        repr=False,
    )
    write_keys_sha256: Words = Field(
        (), description="SHA-256 of keys that may send events and take decisions", repr=False
    )
    export_keys_sha256: Words = Field(
        (),
        description="SHA-256 of keys that may ask for churn and value of users and export lists",
        repr=False,
    )
    admin_keys_sha256: Words = Field(
        (),
        description="SHA-256 of keys that may do everything: erase, hand over, merge, consents",
        repr=False,
    )
    allowed_hosts: Words = Field(
        (),
        description="names under which the service is reached without keys, besides addresses and "
        "names without a dot",
    )
    accept_other_store: bool = Field(
        default=False,
        description="whether a model answers from a store that it was not trained on; then nobody "
        "is profiled who did not grant it in that store",
    )
    user_hash_secret: str = Field(
        "",
        description="proves by user_hash that a known user may be made one with another; "
        "from the environment only; empty: nothing does",
        repr=False,
        json_schema_extra={"environment_only": True},
    )
    hook_secrets: Words = Field(
        (),
        description="of tools that call by themselves, as tool:secret (sendgrid:PUBLIC_KEY); from "
        "the environment only; others are refused, and all without privacy.email_key",
        repr=False,
        json_schema_extra={"environment_only": True},
    )
    webhook_hosts: Words = Field(
        (),
        description="names within that webhooks may call, without TLS too; others must be public",
    )
    churn_watch_hours: float = Field(
        24.0,
        gt=0,
        description="between looks at everybody's churn and audiences, where a webhook is told",
    )
    allowed_origins: Words = Field(
        (), description="pages of others that may read answers (https://shop.example); empty: none"
    )
    public_url: str = Field(
        "", description="where mails reach the service (https://…); empty: as it was asked"
    )
    shop_url: str = Field("", description="what relative addresses of items start from in mails")
    max_body_bytes: int = Field(512_000, ge=1_000, description="largest request body")
    max_query_bytes: int = Field(16_384, ge=1_000, description="longest query string")
    max_header_bytes: int = Field(32_768, ge=4_096, description="address and headers of a request")
    max_exclude: int = Field(1_000, ge=1, description="most items to leave out of one answer")
    max_cart: int = Field(200, ge=1, description="most items in the cart of one request")
    max_batch_items: int = Field(
        100_000,
        ge=1,
        description="users of a batch, times the items in its cart and those to leave out",
    )
    header_seconds: float = Field(10.0, gt=0, description="for the headers of a request to arrive")
    body_seconds: float = Field(20.0, gt=0, description="for the body of a request to arrive")
    idle_seconds: float = Field(30.0, gt=0, description="before an idle connection is closed")
    requests_per_minute: int = Field(
        0,
        ge=0,
        description="of each key, or of each address where there is none, by each worker; 0: any",
    )
    failed_keys_per_minute: int = Field(
        60,
        ge=1,
        description="of each address, by each worker; each waits longer",
    )
    trusted_proxies: Words = Field(
        (), description="addresses whose X-Forwarded-For says who asks; only requests are counted"
    )
    live_events: int = Field(500, ge=1, description="most events since training looked at")
    recall: int = Field(
        200_000,
        ge=0,
        description="users, events, messages and quarter kilobytes of answers in a worker's memory",
    )
    live_seconds: float = Field(
        10.0,
        ge=0,
        description="for which an answer that weighs what happened since training is given again, "
        "while nothing new is known of the user; 0: it is weighed anew for every request",
    )
    export_hours: float = Field(24.0, gt=0, description="that files of exports stay")
    export_part_users: int = Field(
        50_000, ge=1, description="users looked at for one file of an export"
    )
    max_exports: int = Field(10, ge=1, description="most exports that wait or are being made")
    log_requests: bool = Field(
        default=False,
        description="whether each request is a JSON line in the log",
    )
    shutdown_seconds: int = Field(20, ge=1, description="for requests to finish when told to stop")
    clock_start: str = Field("", description="pretend that serving began at this time (demos)")

    @field_validator("hook_secrets")
    @classmethod
    def _name_tools(cls, secrets: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"[a-z0-9_]+ *: *\S{16,}", one) for one in secrets):
            raise ValueError("tool:secret each, the secret of 16 characters or more")
        return secrets

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"https?://[^/?#\s*]+", one) for one in origins):
            raise ValueError("scheme and host each, as browsers say it: https://shop.example")
        return origins

    @field_validator("public_url", "shop_url")
    @classmethod
    def _is_web_address(cls, url: str) -> str:
        if url and not re.fullmatch(r"https?://[^/?#\s]+(/[^?#\s]*)?", url):
            raise ValueError("an address such as https://shop.example, or empty")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("tls_certificate and tls_key together, or neither")
        return self

    @field_validator("user_hash_secret")
    @classmethod
    def _is_long(cls, secret: str) -> str:
        if secret and len(secret) < MIN_SECRET_CHARACTERS:
            raise ValueError(f"at least {MIN_SECRET_CHARACTERS} characters: `openssl rand -hex 32`")
        return secret

    @field_validator(*_KEYS, mode="before")
    @classmethod
    def _are_said(cls, given: object) -> object:
        if isinstance(given, str) and not given.strip():
            raise ValueError("a SHA-256, or no such setting at all: empty would let anybody in")
        return given

    @field_validator(*_KEYS)
    @classmethod
    def _are_hashes(cls, hashes: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch("[0-9a-f]{64}", one) for one in hashes):
            raise ValueError("64 hexadecimal digits each: `printf %s KEY | sha256sum`")
        return hashes
