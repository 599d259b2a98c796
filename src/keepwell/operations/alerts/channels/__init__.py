"""Channels: how a message reaches somebody. One file a kind.

Webhook, e-mail and log need nothing installed; `apprise` brings some hundred services with the extra
`notify`.
"""

from keepwell.operations.alerts.channels.base import Channel
from keepwell.operations.alerts.channels.opening import open_channel

__all__ = ["Channel", "open_channel"]
