from __future__ import annotations

import os
import signal
import threading
from time import sleep

import pytest

from framelane.cli._exit import Terminated
from framelane.cli._signals import orderly_termination


def wait_for_it():
    os.kill(os.getpid(), signal.SIGTERM)
    sleep(5)


def test_sigterm_interrupts():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated), orderly_termination():
        wait_for_it()
    assert signal.getsignal(signal.SIGTERM) is before


def test_other_threads_cannot_and_do_not_set_a_handler():
    seen = []

    def body():
        with orderly_termination():
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert seen == [before]
