"""E-mail through Apprise that carries the identity of its message.

A message that has to be sent again, since nobody can know whether it arrived, has the same
Message-ID, by which mail systems tell that it is the same.
"""

import email
import smtplib
from collections.abc import Iterable
from email import policy
from typing import Any

from apprise.exception import AppriseImproperlyConfigured
from apprise.plugins.email.base import NotifyEmail
from apprise.plugins.email.common import AppriseEmailException
from apprise.plugins.email.smtp import AppriseSMTPController

PROBLEMS = (OSError, smtplib.SMTPException, AppriseEmailException, AppriseImproperlyConfigured)
DOMAIN = "aicache-analytics"


class IdentifiedEmail(NotifyEmail):  # type: ignore[no-untyped-call]
    """An e-mail of Apprise with a Message-ID of ours, and with what went wrong in its log.

    ``identity`` is that of the message; ``thread`` names what it belongs together with.
    """

    identity: str = ""
    thread: str = ""

    def send(
        self,
        body: str,
        title: str = "",
        notify_type: Any = None,
        attach: Any = None,
        body_format: Any = None,
        **_: Any,
    ) -> bool:
        """Send to each recipient who has not got it; whether all have."""
        messages = NotifyEmail.prepare_emails(
            subject=title, body=body, notify_format=self.resolve_format(body_format),
            from_addr=self.from_addr, to=self.targets, cc=self.cc, bcc=self.bcc,
            reply_to=self.reply_to, smtp_host=self.smtp_host, attach=attach,
            headers={"Auto-Submitted": "auto-generated", **self.headers, **self._identifying()},
            names=self.names, pgp=self.pgp, pgp_mode=self.pgp_mode, inline=self.inline,
            tzinfo=self.tzinfo,
        )  # fmt: skip
        server: Any = AppriseSMTPController
        controller = server(
            host=self.smtp_host, port=self.port, secure_mode=self.secure_mode, user=self.user,
            password=self.password, verify_certificate=self.verify_certificate,
            socket_connect_timeout=self.socket_connect_timeout,
        )  # fmt: skip
        try:
            with controller as smtp:
                return self._send_each(smtp, messages)
        except PROBLEMS as error:
            self.logger.warning(f"{self.smtp_host}:{self.port}: {error or type(error).__name__}")
            return False

    def _send_each(self, smtp: Any, messages: Iterable[Any]) -> bool:
        complete = True
        for message in messages:
            if self.is_delivered(message.recipient):
                continue
            body = self._identified(message.body)
            if smtp.sendmail(self.from_addr[1], message.to_addrs, body):
                self.mark_delivered(message.recipient)
            else:
                self.logger.warning(f"{self.smtp_host} did not take it for {message.recipient}.")
                complete = False
        return complete

    def _identifying(self) -> dict[str, str]:
        thread = {"References": f"<{self.thread}@{DOMAIN}>"} if self.thread else {}
        return {"X-Notification-Id": self.identity, **thread}

    def _identified(self, written: str) -> str:
        message = email.message_from_string(written, policy=policy.compat32)
        del message["Message-ID"]
        message["Message-ID"] = f"<{self.identity}@{DOMAIN}>"
        return message.as_string()
