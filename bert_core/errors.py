"""What can go wrong, as sentences a user can act on.

Every message is written to be shown as it is: what happened, and what to do.
"""


class BertLensError(Exception):
    """Anything this library raises on purpose. `str(error)` is fit to be shown."""


class ModelError(BertLensError):
    """A model could not be loaded."""


class ModelNotFoundError(ModelError):
    """There is no such folder, or the hub knows no such name."""


class ModelUnreachableError(ModelError):
    """The model is not on this machine and the hub cannot be reached."""


class UnsupportedModelError(ModelError):
    """The checkpoint is whole, but is not a BERT this library can read."""


class BrokenModelError(ModelError):
    """The checkpoint is damaged or incomplete."""


class ModelTooLargeError(ModelError):
    """The model does not fit into memory, or is larger than this server allows."""


class DeviceError(ModelError):
    """The device asked for is not on this machine."""


class MissingHeadError(BertLensError):
    """The checkpoint has no masked-word or next-sentence head, so it cannot answer."""


class InputError(BertLensError):
    """The input cannot be read: a position that is not there, no second sentence."""


class EngineError(BertLensError):
    """The engine did not run a request."""


class EngineBusyError(EngineError):
    """Too many requests are waiting; try again in a moment."""


class EngineClosedError(EngineError):
    """The engine was closed while or before the request waited."""


class PretrainingError(BertLensError):
    """A run of pretraining cannot begin, or cannot go on; its last checkpoint is as it was."""


class LabBusyError(BertLensError):
    """Too many runs of the lab wait for their turn."""
