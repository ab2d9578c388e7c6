"""The engines of one server: each model loaded once, all of them within a limit of bytes."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from bert_core.errors import EngineClosedError, ModelTooLargeError
from bert_core.model.bert import Bert, load_bert, pick_device
from bert_core.model.checkpoints import EMBEDDED
from bert_core.serving.engine import CACHE_BYTES, MAX_WAITING, Engine

_Key = tuple[str, str]


class EngineRegistry:
    """Engines by model and device, the one asked for last at the end.

    max_bytes: memory for all of them, each counted with its weights and the bound of its cache.
    load: loads a model, called as `load_bert` is. cache_bytes: the bound of each engine's cache.
    max_waiting: how many inputs may wait in each.
    """

    def __init__(
        self,
        max_bytes: int,
        load: Callable[..., Bert] = load_bert,
        *,
        cache_bytes: int = CACHE_BYTES,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self.max_bytes = max_bytes
        self._load = load
        self._cache_bytes = cache_bytes
        self._max_waiting = max_waiting
        self._lock = threading.Lock()
        self._engines: OrderedDict[_Key, Future[Engine]] = OrderedDict()
        self._closed = False

    @property
    def bytes(self) -> int:
        """Memory that the loaded engines may take."""
        with self._lock:
            return sum(engine.bytes for engine in self._loaded().values())

    def get(self, source: str = EMBEDDED, device: str = "auto", **options: Any) -> Engine:
        """The engine of a model; loads it unless it is there, once for all who ask meanwhile.

        Engines that were not asked for lately and have nothing to do are ended where memory is
        needed: get the engine anew for each use, and again after an EngineClosedError.

        options: handed to `load`; they do not tell one engine from another.

        Raises:
            ModelError: it cannot be loaded, or the models in use leave no room.
            EngineClosedError: the registry was closed.
        """
        key = (source.strip(), str(pick_device(device)))
        with self._lock:
            if self._closed:
                raise EngineClosedError("The server is shutting down.")
            if key in self._engines and key not in self._pending() | self._loaded().keys():
                del self._engines[key]  # its worker broke down, or somebody closed it
            known = self._engines.get(key)
            future = known or self._engines.setdefault(key, Future())
            self._engines.move_to_end(key)
        if known is None:
            self._fulfil(key, future, options)
        return future.result()

    def close(self) -> None:
        """End all engines, those that work too."""
        with self._lock:
            self._closed = True
            engines = self._loaded().values()
            self._engines.clear()
        for engine in engines:
            engine.close()

    def _fulfil(self, key: _Key, future: "Future[Engine]", options: dict[str, Any]) -> None:
        """Load, and tell those who wait; a failure is forgotten, and the next one tries anew."""
        try:
            bert = self._load(key[0], key[1], **options)
            with self._lock:
                self._make_room(key[0], bert.bytes + self._cache_bytes)
                if self._closed:
                    raise EngineClosedError("The server is shutting down.")
                engine = Engine(bert, cache_bytes=self._cache_bytes, max_waiting=self._max_waiting)
                future.set_result(engine)
        except BaseException as error:  # a KeyboardInterrupt too: others wait for this future
            with self._lock:
                self._engines.pop(key, None)
            future.set_exception(error)

    def _make_room(self, source: str, needed: int) -> None:
        """End engines that have nothing to do, the longest unused first, until `needed` fits."""
        loaded = self._loaded()
        room = self.max_bytes - sum(engine.bytes for engine in loaded.values())
        for key, engine in loaded.items():
            if needed <= room:
                return
            if engine.close_if_idle():
                room += engine.bytes
                del self._engines[key]
        if needed > room:
            raise ModelTooLargeError(_no_room(source, needed, self.max_bytes))

    def _pending(self) -> set[_Key]:
        return {key for key, future in self._engines.items() if not future.done()}

    def _loaded(self) -> dict[_Key, Engine]:
        """The engines that are there and open; a failed load is never left among the futures."""
        done = {key: future for key, future in self._engines.items() if future.done()}
        engines = {key: future.result() for key, future in done.items()}
        return {key: engine for key, engine in engines.items() if not engine.closed}


def _no_room(source: str, needed: int, limit: int) -> str:
    sizes = f"“{source}” needs {needed / 1e9:.1f} GB with its cache"
    if needed > limit:
        return f"{sizes}; this server allows {limit / 1e9:.1f} GB. Choose a smaller model."
    return (
        f"{sizes}, and the models that others use at this moment leave too little of this server's "
        f"{limit / 1e9:.1f} GB. Try again in a moment, or choose a smaller model."
    )
