"""What the errors have in common that a user can mend."""


class PipelineError(Exception):
    """Something a user can mend; the message says what happened, to what, and what to do."""
