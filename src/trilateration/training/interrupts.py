"""Ctrl-C between steps, not inside one."""

import signal
import threading


class DeferredInterrupt:
    """Hold Ctrl-C back while a step runs; a second one acts at once.

    Attributes
    ----------
    asked
        Whether Ctrl-C was pressed since the block began.
    """

    def __init__(self):
        self.asked = False
        self._before = None

    def __enter__(self):
        # Only the main thread can set handlers; elsewhere nothing can interrupt anyway.
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_):
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _note(self, *_):
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
