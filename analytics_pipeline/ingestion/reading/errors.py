"""Why a file cannot be taken."""


class UnreadableFileError(Exception):
    """A file cannot be taken as a whole; the message says why and what to do."""
