"""Every event type there is. To add one, add a declaration to EVENT_TYPES."""

from analytics_pipeline.events.declaration import Case, EventType, Field, FieldType

TEXT, INTEGER, NUMBER = FieldType.TEXT, FieldType.INTEGER, FieldType.NUMBER
BOOLEAN, TIMESTAMP = FieldType.BOOLEAN, FieldType.TIMESTAMP

COMMON_FIELDS = (
    Field("event_id", TEXT, "Identity of the event; derived from its content where absent."),
    Field("event_type", TEXT, "One of the names below.", required=True),
    Field(
        "timestamp", TIMESTAMP, "When it happened: ISO 8601; without an offset it is UTC. "
        "Where absent, started_at stands for it.", required=True,
    ),
    Field("user_id", TEXT, "Who caused it."),
    Field("session_id", TEXT, "The session that the source assigned."),
    Field("team", TEXT, "Team or tenant of the user."),
    Field("language", TEXT, "Programming language worked in.", path="context.language",
          case=Case.LOWER),
    Field("framework", TEXT, "Framework worked with.", path="context.framework",
          case=Case.LOWER),
)  # fmt: skip

EVENT_TYPES = (
    EventType(
        "cache_query",
        "A question put to the cache, answered from it (hit) or by the model (miss).",
        (
            Field("query", TEXT, "Text of the question."),
            Field("cache_hit", BOOLEAN, "True where the cache answered.", required=True),
            Field("response_time", NUMBER, "Time to the answer.", unit="s", minimum=0),
            Field("model", TEXT, "Model that answered, or whose answer was cached."),
            Field("prompt_tokens", INTEGER, "Tokens of the prompt.", unit="tokens", minimum=0),
            Field("completion_tokens", INTEGER, "Tokens of the answer.", unit="tokens", minimum=0),
            Field("cost", NUMBER, "What the call cost.", unit="USD", minimum=0),
            Field("provider_cache_read_tokens", INTEGER, "Tokens of the prompt that the provider "
                  "of the model read from its own prompt cache; that is no cache hit.",
                  unit="tokens", minimum=0),
            Field("provider_cache_write_tokens", INTEGER, "Tokens of the prompt that the provider "
                  "of the model wrote to its own prompt cache.", unit="tokens", minimum=0),
            Field("tokens_saved", INTEGER, "Tokens that the cache spared, as the source reports "
                  "them.", unit="tokens"),
            Field("cost_saved", NUMBER, "What the cache spared, as the source reports it.",
                  unit="USD"),
            Field("match_type", TEXT, "How the cache matched the question.",
                  accepted=("exact", "semantic", "intent", "none"), case=Case.LOWER),
            Field("cache_key", TEXT, "Key of the cache entry."),
        ),
    ),
    EventType(
        "failed_query",
        "A question that got no answer, because the cache or the model failed.",
        (
            Field("query", TEXT, "Text of the question."),
            Field("error", TEXT, "What went wrong, in the words of the source.", required=True),
            Field("error_class", TEXT, "Kind of error, such as RateLimitError."),
            Field("response_time", NUMBER, "Time to the failure.", unit="s", minimum=0),
            Field("model", TEXT, "Model that was asked."),
            Field("prompt_tokens", INTEGER, "Tokens of the prompt.", unit="tokens", minimum=0),
            Field("completion_tokens", INTEGER, "Tokens of the answer, up to the failure.",
                  unit="tokens", minimum=0),
            Field("cost", NUMBER, "What the call cost.", unit="USD", minimum=0),
        ),
    ),
    EventType(
        "cache_store",
        "An answer stored in the cache.",
        (
            Field("query", TEXT, "Text of the question."),
            Field("response_size", INTEGER, "Size of the answer.", unit="bytes", minimum=0),
            Field("cache_key", TEXT, "Key of the cache entry.", required=True),
        ),
    ),
    EventType(
        "ui_interaction",
        "Something a user did in the user interface.",
        (
            Field("action", TEXT, "What was done, such as click.", required=True),
            Field("element", TEXT, "On which element."),
            Field("page", TEXT, "On which page."),
        ),
    ),
    EventType(
        "system_metric",
        "A measurement of a machine or a service.",
        (
            Field("metric_name", TEXT, "What was measured, such as cpu_usage.", required=True),
            Field("value", NUMBER, "The measured value.", required=True),
            Field("unit", TEXT, "Unit of the value."),
            Field("host", TEXT, "Machine or service measured."),
        ),
    ),
    EventType(
        "log_entry",
        "A line of a log.",
        (
            Field("level", TEXT, "Severity, such as INFO or ERROR.", required=True,
                  case=Case.UPPER),
            Field("message", TEXT, "The message.", required=True),
            Field("component", TEXT, "The part of the system that wrote it."),
        ),
    ),
    EventType(
        "span",
        "An operation of a service as a trace records it, that is no call of a language model.",
        (
            Field("operation", TEXT, "Name of the operation, such as POST /orders."),
            Field("duration", NUMBER, "From its start to its end.", unit="s", minimum=0),
            Field("status", TEXT, "Outcome, such as ok or error; unset where none was recorded.",
                  case=Case.LOWER),
            Field("error", TEXT, "What went wrong, in the words of the source."),
            Field("service", TEXT, "Service that did it."),
            Field("span_kind", TEXT, "Part in a remote call: internal, server, client, producer "
                  "or consumer.", case=Case.LOWER),
            Field("trace_id", TEXT, "Trace that it belongs to."),
            Field("span_id", TEXT, "Identity within the trace."),
            Field("parent_span_id", TEXT, "The span that it is a part of."),
        ),
    ),
    EventType(
        "build",
        "A run of a build pipeline (continuous integration).",
        (
            Field("repository", TEXT, "Repository that was built.", required=True),
            Field("pipeline", TEXT, "Name of the pipeline or workflow."),
            Field("commit", TEXT, "Commit that was built."),
            Field("status", TEXT, "Outcome, such as success or failure.", required=True,
                  case=Case.LOWER),
            Field("started_at", TIMESTAMP, "Start of the run."),
            Field("finished_at", TIMESTAMP, "End of the run."),
        ),
    ),
    EventType(
        "build_job",
        "A job within a run of a build pipeline; the run itself is a build.",
        (
            Field("repository", TEXT, "Repository that was built.", required=True),
            Field("pipeline", TEXT, "Name of the pipeline or workflow."),
            Field("job", TEXT, "Name of the job.", required=True),
            Field("commit", TEXT, "Commit that was built."),
            Field("status", TEXT, "Outcome, such as success or failure.", required=True,
                  case=Case.LOWER),
            Field("started_at", TIMESTAMP, "Start of the job."),
            Field("finished_at", TIMESTAMP, "End of the job."),
        ),
    ),
    EventType(
        "deployment",
        "A deployment to an environment (continuous delivery).",
        (
            Field("repository", TEXT, "Repository that was deployed.", required=True),
            Field("pipeline", TEXT, "Name of the pipeline or workflow."),
            Field("commit", TEXT, "Commit that was deployed."),
            Field("status", TEXT, "Outcome, such as success or failure.", required=True,
                  case=Case.LOWER),
            Field("started_at", TIMESTAMP, "Start of the deployment."),
            Field("finished_at", TIMESTAMP, "End of the deployment."),
            Field("environment", TEXT, "Environment deployed to.", required=True),
        ),
    ),
)  # fmt: skip
