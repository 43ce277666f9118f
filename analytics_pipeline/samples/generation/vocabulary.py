"""The names and texts that generated events are made of. All of them are invented."""

from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True)
class Model:
    """A model behind the cache; prices in USD a million tokens, latency in seconds."""

    name: str
    share: float
    prompt_price: float
    completion_price: float
    median_latency: float


@dataclass(frozen=True)
class Language:
    """A programming language with its frameworks (the first is the most used)."""

    name: str
    frameworks: tuple[str, ...]


@dataclass(frozen=True)
class LogTemplate:
    """A log message with two numbers as parameters, and the component that writes it."""

    component: str
    text: str


@dataclass(frozen=True)
class Failure:
    """A way in which a question fails: its words, how often, and after how many seconds."""

    error_class: str
    message: str
    share: float
    share_in_outage: float
    seconds: float


MODELS = (
    Model("atlas-large", 0.34, 3.0, 15.0, 1.5),
    Model("atlas-small", 0.30, 0.25, 1.25, 0.7),
    Model("cedar-code", 0.24, 1.0, 4.0, 1.0),
    Model("cedar-reason", 0.12, 2.5, 10.0, 2.2),
)

LANGUAGES = (
    Language("python", ("fastapi", "django", "pandas")),
    Language("typescript", ("react", "nextjs", "angular")),
    Language("javascript", ("express", "vue")),
    Language("java", ("spring", "quarkus")),
    Language("go", ("gin",)),
    Language("rust", ("axum", "tokio")),
    Language("csharp", ("aspnet",)),
    Language("sql", ()),
)
FRAMEWORKS = tuple(name for language in LANGUAGES for name in language.frameworks)

TEAMS = ("payments", "search", "platform", "mobile", "data", "growth", "security", "research")
CLIENTS = ("vscode", "jetbrains", "cli", "web")
HOSTS = ("cache-1", "cache-2", "gateway-1", "index-1")
REPOSITORIES = tuple(f"{team}-service" for team in TEAMS)
PIPELINES = ("ci", "nightly", "release")
BUILD_STATUSES = ("success", "failure", "cancelled")
DEPLOYMENT_STATUSES = ("success", "failure", "rolled_back")
ENVIRONMENTS = ("staging", "production")

ACTIONS = ("click", "copy", "accept", "dismiss", "scroll", "search")
ELEMENTS = ("answer", "copy-button", "feedback", "history-item", "search-box", "settings-toggle")
PAGES = ("/chat", "/history", "/search", "/settings", "/dashboard")

METRICS = (
    ("cpu_usage", "percent"),
    ("memory_usage", "percent"),
    ("disk_usage", "percent"),
    ("network_throughput", "MB/s"),
    ("cache_size", "MB"),
)

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOG_TEMPLATES = {
    "DEBUG": (
        LogTemplate("index", "Scanned {a} candidates in shard {b}"),
        LogTemplate("store", "Compacted segment {b} to {a} entries"),
    ),
    "INFO": (
        LogTemplate("gateway", "Request {a} answered in {b} ms"),
        LogTemplate("store", "Evicted {a} entries from shard {b}"),
        LogTemplate("index", "Refreshed {a} embeddings of shard {b}"),
        LogTemplate("gateway", "Connection {a} from pool {b} released"),
    ),
    "WARNING": (
        LogTemplate("gateway", "Request {a} is slow: {b} ms"),
        LogTemplate("store", "Shard {b} holds {a} entries past their time to live"),
    ),
    "ERROR": (
        LogTemplate("gateway", "Upstream request {a} timed out after {b} ms"),
        LogTemplate("index", "Embedding of request {a} failed with status {b}"),
        LogTemplate("store", "Write of entry {a} to shard {b} failed: connection reset"),
    ),
    "CRITICAL": (LogTemplate("store", "Shard {b} lost its leader after {a} ms"),),
}

NEW_LOG_TEMPLATES = (
    LogTemplate("gateway", "Certificate of upstream {a} expired {b} hours ago"),
    LogTemplate("store", "Checksum of segment {b} does not match at offset {a}"),
    LogTemplate("index", "Dimension of embedding {a} differs from that of shard {b}"),
    LogTemplate("gateway", "Token of client {a} was signed by unknown key {b}"),
    LogTemplate("store", "No space left for segment {b} after {a} bytes"),
    LogTemplate("index", "Worker {b} was killed while it merged {a} candidates"),
    LogTemplate("gateway", "Name of upstream {a} cannot be resolved, attempt {b}"),
    LogTemplate("store", "Replica {b} rejects entry {a}: schema is newer"),
    LogTemplate("index", "Graph of shard {b} has {a} unreachable nodes"),
    LogTemplate("gateway", "Route {b} has no healthy upstream for request {a}"),
)
"""Errors that are logged only when a new_error_template is planted."""

FAILURES = (
    Failure("RateLimitError", "Rate limit of the model is exceeded", 0.4, 0.0, 0.2),
    Failure("Timeout", "The model gave no answer within 30 seconds", 0.3, 0.3, 30.0),
    Failure("APIConnectionError", "The connection to the model was closed", 0.2, 0.2, 2.0),
    Failure("InternalServerError", "The model answered with status 500", 0.1, 0.0, 1.5),
    Failure("ServiceUnavailableError", "The cache answered with status 503", 0.0, 0.5, 0.05),
)

VERBS = (
    "parse", "validate", "serialize", "stream", "cache", "compare", "merge", "sort", "mock",
    "encrypt", "compress", "paginate",
)  # fmt: skip
OBJECTS = (
    "a JSON document", "a CSV file", "an HTTP response", "a date range", "a list of records",
    "a nested configuration", "a database cursor", "a message queue", "a log file",
    "a binary payload", "an access token", "a dependency graph", "a user session", "a web socket",
    "a directory tree", "a time series", "an environment variable", "a search index",
    "a retry policy", "a feature flag",
)  # fmt: skip
CONDITIONS = (
    "", "without blocking", "with a timeout", "in a background job", "for unit tests",
    "with constant memory", "behind a proxy", "across time zones", "in one transaction",
    "with clear errors",
)  # fmt: skip
PHRASINGS = (
    "{language}: {verb} {object}",
    "{verb} {object} {condition} in {language}",
    "How do I {verb} {object} {condition} in {language}?",
    "I maintain a {language} service. Which way to {verb} {object} {condition} is recommended "
    "today, and why?",
)
PHRASINGS_PER_INTENT = 3
STRIDE = 1_009
MOST_INTENTS_PER_LANGUAGE = len(VERBS) * len(OBJECTS) * len(CONDITIONS)


def new_log_template(number: int) -> LogTemplate:
    """The message that a numbered new_error_template brings."""
    return NEW_LOG_TEMPLATES[number % len(NEW_LOG_TEMPLATES)]


def query_texts(intents_per_language: int) -> list[str]:
    """Texts of all queries: intent by intent, each in three phrasings.

    An intent is what a user wants to know; intents of one language lie next to each other, so
    that intent ``language * intents_per_language + rank`` has the texts from
    ``intent * PHRASINGS_PER_INTENT`` on. Which phrasing comes first changes from intent to
    intent, so that short and long texts occur in every role.
    """
    combinations = list(product(VERBS, OBJECTS, CONDITIONS))
    texts = []
    for language in LANGUAGES:
        for rank in range(intents_per_language):
            # A stride without a common factor with their number visits every combination once.
            verb, subject, condition = combinations[rank * STRIDE % len(combinations)]
            for phrasing in range(PHRASINGS_PER_INTENT):
                text = PHRASINGS[(rank + phrasing) % len(PHRASINGS)].format(
                    verb=verb, object=subject, condition=condition, language=language.name
                )
                texts.append(" ".join(text.replace(" ?", "?").split()))
    return texts
