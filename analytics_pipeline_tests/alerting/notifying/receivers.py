"""Real receivers on this machine: a web server and a mail server that keep what they accepted."""

import email
import json
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
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
    with socket.socket() as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])


@dataclass(frozen=True)
class Apart:
    """Receivers in a process of their own, which note in a file what they accept."""

    log: Path
    hook_port: int
    mail_port: int

    def hook_url(self, path: str) -> str:
        return f"json://{HOST}:{self.hook_port}/{path}"

    def mail_url(self, recipient: str) -> str:
        return f"mailto://{HOST}:{self.mail_port}/?from=alerts@example.org&to={recipient}"

    def accepted(self) -> list[tuple[str, str, str]]:
        """The receiver, the identity and the subject of each message, in their order."""
        return [tuple(json.loads(line)) for line in self.log.read_text().splitlines()]


@contextmanager
def receivers_apart(folder: Path, failing: float = 0.0, slow: float = 0.0) -> Iterator[Apart]:
    """Run a web server and a mail server in another process until the block ends.

    A share ``failing`` of what comes is refused; each takes up to ``slow`` seconds before and
    after it accepts.
    """
    log = folder / "accepted.jsonl"
    log.touch()
    module = "analytics_pipeline_tests.alerting.notifying.receivers"
    command = [sys.executable, "-m", module, str(log), str(failing), str(slow)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield Apart(log, *json.loads(process.stdout.readline()))
        finally:
            process.kill()


def _serve(log: Path, failing: float, slow: float) -> None:
    chance = random.Random(1)
    lock = threading.Lock()

    def accepts(name: str, identity: str, subject: str) -> bool:
        time.sleep(chance.random() * slow)
        if chance.random() < failing:
            return False
        with lock, log.open("a") as file:
            file.write(json.dumps([name, identity, subject]) + "\n")
        time.sleep(chance.random() * slow)
        return True

    class Box(Mailbox):
        async def handle_DATA(  # noqa: N802
            self, server: SMTP, session: Session, envelope: Envelope
        ) -> str:
            message = email.message_from_bytes(envelope.content or b"", policy=policy.default)
            name, subject = envelope.rcpt_tos[0], str(message["Subject"])
            accepted = accepts(name, message["X-Notification-Id"], subject)
            return "250 OK" if accepted else "451 come back later"

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            identity = self.headers["X-Notification-Id"]
            accepted = accepts(self.path[1:], identity, content["title"])
            self.send_response(200 if accepted else 503)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    controller = Controller(Box(), hostname=HOST, port=_free_port())
    controller.start()
    print(json.dumps([server.server_address[1], controller.port]), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
