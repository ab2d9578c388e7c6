"""What whoever runs the server may set, as environment variables that begin with BERT_LENS_."""

from functools import lru_cache

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bert_core.errors import BertLensError
from bert_core.lab.server import PREFIX as LAB
from bert_core.model.checkpoints import EMBEDDED, cached_checkpoints


class Settings(BaseSettings):
    """Limits of this server.

    models: names that may be chosen beside the embedded one, separated by commas; empty for any.
    other_models: whether visitors may type a folder or a hub name.
    max_parameters: the largest model that is loaded, in millions of parameters; 0 for no limit.
    device: where models run. cache_mb: cache of runs for each model. memory_mb: models and
        caches together. waiting: requests that may wait at once. lab_runs: how many BERTs of the
        pretraining lab may train at once; 0 switches it off. tails: whether a page's run goes on
        until all that comes late is drawn; off for tests that look at a page on its way.
    """

    model_config = SettingsConfigDict(env_prefix="BERT_LENS_")

    models: str = ""
    other_models: bool = True
    max_parameters: int = Field(default=0, ge=0)
    device: str = "auto"
    cache_mb: int = Field(default=512, ge=1)
    memory_mb: int = Field(default=8_000, ge=100)
    waiting: int = Field(default=256, ge=1)
    lab_runs: int = Field(default=2, ge=0, le=64)
    tails: bool = True

    @property
    def named_models(self) -> list[str]:
        """The names in `models`."""
        return [name.strip() for name in self.models.split(",") if name.strip()]

    def allows(self, source: str) -> bool:
        """Whether this server loads `source`; what is in the hub cache its owner put there."""
        if source == EMBEDDED or source in self.named_models or source.startswith(LAB):
            return True
        return not self.named_models and (self.other_models or source in cached_checkpoints())


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process.

    Raises:
        BertLensError: a variable has a value that makes no sense.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "BERT_LENS_" + "_".join(str(part) for part in first["loc"]).upper()
        raise BertLensError(f"The setting {name} cannot be read: {first['msg']}.") from error
