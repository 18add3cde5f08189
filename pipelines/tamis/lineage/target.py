"""Where lineage goes: as the command line says, or the environment of every OpenLineage program."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tamis.errors import UsageError
from tamis.language import _

CONFIGURING = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG")
"""Variables that say where lineage goes."""


def is_configured(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment says where lineage goes, as for every program of OpenLineage.

    Example:
        >>> is_configured({"OPENLINEAGE_URL": "https://lineage.example"}), is_configured({})
        (True, False)
    """
    if environment.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    return any(
        name in CONFIGURING or name.startswith("OPENLINEAGE__TRANSPORT")
        for name, value in environment.items()
        if value
    )


def shown_target(target: str) -> str:
    """What a message may show of where lineage goes: no credentials.

    Example:
        >>> shown_target("https://user:secret@lineage.example/api?key=1")
        'https://lineage.example'
        >>> shown_target("file:lineage.jsonl")
        'file:lineage.jsonl'
    """
    if not target:
        url = os.environ.get("OPENLINEAGE_URL")
        return shown_target(url) if url else "OPENLINEAGE_CONFIG"
    if target.startswith("file:"):
        return target
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def client_config(target: str) -> dict[str, Any] | None:
    """The client's configuration for a target; None for that of the environment.

    Raises:
        UsageError: it is neither a file nor an address of HTTP.

    Example:
        >>> client_config("file:lineage.jsonl")["transport"]["log_file_path"]
        'lineage.jsonl'
    """
    if not target:
        return None
    scheme, _colon, rest = target.partition(":")
    if scheme == "file" and rest.strip("/"):
        path = rest.removeprefix("//")
        return {"transport": {"type": "file", "log_file_path": path, "append": True}}
    parts = urlsplit(target)
    if scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            _("--lineage: expected file:PATH or an address of http or https, got another")
        )
    transport: dict[str, Any] = {
        "type": "http",
        "url": f"{scheme}://{parts.netloc}",
        "retry": {"total": 3, "connect": 3, "read": 3},
    }
    if path := parts.path.strip("/"):
        transport["endpoint"] = path
    if key := os.environ.get("OPENLINEAGE_API_KEY"):
        transport["auth"] = {"type": "api_key", "apiKey": key}
    return {"transport": transport}
