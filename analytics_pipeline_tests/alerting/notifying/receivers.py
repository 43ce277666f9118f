"""Real receivers on this machine: a web server and a mail server that keep what they accepted."""

import email
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Posted:
    """A request that a web server accepted."""

    path: str
    headers: dict[str, str]
    content: Any

    @property
    def identity(self) -> str:
        return self.headers["x-notification-id"]


@dataclass
class Webhook:
    """A web server; ``answer`` gives the status of the n-th request to a path, from 1."""

    answer: Callable[[str, int], int] = lambda _path, _number: 200
    accepted: list[Posted] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    port: int = 0

    def url(self, path: str = "hook") -> str:
        return f"json://{HOST}:{self.port}/{path}"

    def identities(self) -> Counter[str]:
        return Counter(posted.identity for posted in self.accepted)


@contextmanager
def webhook(answer: Callable[[str, int], int] | None = None) -> Iterator[Webhook]:
    """Run a web server until the block ends."""
    kept = Webhook() if answer is None else Webhook(answer)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with lock:
                kept.requests[self.path] += 1
                status = kept.answer(self.path, kept.requests[self.path])
                if status < 300:
                    kept.accepted.append(Posted(self.path, headers, content))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    kept.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Mailbox:
    """A mail server; ``refused`` are the addresses that it takes nothing for."""

    accepted: list[tuple[str, EmailMessage]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    port: int = 0

    def url(self, *recipients: str) -> str:
        to = ",".join(recipients or ("oncall@example.org",))
        return f"mailto://{HOST}:{self.port}/?from=alerts@example.org&to={to}"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return "451 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=policy.default)
        for recipient in envelope.rcpt_tos:
            self.accepted.append((recipient, message))
        return "250 Message accepted for delivery"


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Run a mail server until the block ends."""
    box = Mailbox()
    # The port is known once the server is there; 0 would make it look for itself at port 0.
    controller = Controller(box, hostname=HOST, port=_free_port())
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        controller.stop()


def _free_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])
