"""What can go wrong and was foreseen. Each message is one sentence for the user: what, which file, what to do."""


class GroundworkError(Exception):
    """A failure that is told to the user in a sentence, never as a trace."""


class UsageError(GroundworkError):
    """The request itself cannot be served as worded."""


class MediaError(GroundworkError):
    """A picture, clip or sound cannot be read."""


class StoreError(GroundworkError):
    """The project file cannot be opened, read or written."""


class ExchangeError(GroundworkError):
    """A file to import or export is not what it should be."""


class ModelError(GroundworkError):
    """A model folder or file is refused."""


class EngineUnavailable(GroundworkError):
    """The grounding process is not there to answer."""


class OutOfMemory(GroundworkError):
    """The device has too little memory; the message names what to change."""


class TrainingFailed(GroundworkError):
    """A training run cannot go on; what it had learned is kept."""


class Cancelled(GroundworkError):
    """The user stopped it."""


class StaleEdit(GroundworkError):
    """An edit was made against a state that the project no longer holds."""
