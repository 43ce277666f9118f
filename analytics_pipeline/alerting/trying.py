"""Trying receivers: whether their URLs are there, and whether a message reaches them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from analytics_pipeline.alerting.notifying.configuration import NotifyingConfiguration, url_of
from analytics_pipeline.alerting.notifying.entries import NotifyingError
from analytics_pipeline.alerting.notifying.sending import problem_of, send, shown
from analytics_pipeline.alerting.notifying.wording import word_test


@dataclass(frozen=True)
class Trial:
    """What became of one URL of a receiver; ``url`` is shown without its secrets."""

    receiver: str
    variable: str
    url: str
    reached: bool
    error: str


def send_tests(configuration: NotifyingConfiguration, names: tuple[str, ...]) -> Iterator[Trial]:
    """Send a message that says that it is a test to each URL of some receivers, one by one."""
    for name in names:
        receiver = configuration.receivers[name]
        message = word_test(name, receiver.description, datetime.now(UTC))
        for variable in receiver.url_env:
            try:
                url = url_of(variable, name)
            except NotifyingError as error:
                yield Trial(name, variable, "", False, str(error))
                continue
            outcome = send(url, message)
            yield Trial(name, variable, shown(url), outcome.taken, outcome.error)


def problems_of(configuration: NotifyingConfiguration) -> list[str]:
    """What is wrong with the URLs of the receivers, as far as can be told without sending."""
    problems = []
    for name, receiver in configuration.receivers.items():
        for variable in receiver.url_env:
            try:
                problem = problem_of(url_of(variable, name))
            except NotifyingError as error:
                problems.append(str(error))
                continue
            if problem is not None:
                problems.append(f"receiver {name}: what {variable} holds: {problem}.")
    return problems
