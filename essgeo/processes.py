"""Work done in a process of its own beside the one that asks for it."""

from __future__ import annotations

import ctypes
import mmap
import multiprocessing
import os
import signal
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np

from essgeo.messages import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from numpy.typing import NDArray

Result = TypeVar("Result")

_PR_SET_PDEATHSIG = 1
"""Of Linux: the signal that a process gets when the one that started it ends."""


def shared_zeros(*shape: int) -> NDArray[np.float32]:
    """Return an array of zeros into which work beside may write, too.

    >>> shared_zeros(2, 3).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    size = int(np.prod(shape))
    memory = mmap.mmap(-1, max(4 * size, 1))  # given back when the last view of it is gone
    return np.frombuffer(memory, dtype=np.float32, count=size).reshape(shape)


@contextmanager
def side_by_side(work: Callable[[], Result], *, when: bool = True) -> Iterator[Callable[[], Result]]:
    """Do some work in a process of its own while the block runs; what is given waits for it and returns its result.

    The process is a copy of this one (a fork), so that nothing is imported or sent twice. Where a system has no safe
    fork, or one core only, or but for ``when``, the work is done when it is asked for.
    """
    alone = not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) == 1  # Linux alone has it
    if (
        not when or alone or multiprocessing.current_process().daemon
    ):  # such as a worker of Dask, which may not start another
        yield work
        return
    context = multiprocessing.get_context("fork")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_send_result, args=(work, theirs, os.getpid()), daemon=True)
    with warnings.catch_warnings():
        # Python 3.12 warns of threads at a fork: those of numpy and Arrow are idle then, and made anew in the copy.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    theirs.close()

    def result() -> Result:
        try:
            found = mine.recv()
        except EOFError:
            process.join()
            message = tell("process_ended", exitcode=process.exitcode)
            # A system that runs out of memory kills the largest process.
            killed = process.exitcode == -signal.SIGKILL
            raise (MemoryError if killed else RuntimeError)(message) from None
        if isinstance(found, BaseException):
            raise found
        return cast("Result", found)

    try:
        yield result
    finally:
        process.kill()  # it has sent its result, or nobody waits for that any more
        process.join()
        mine.close()


def _send_result(work: Callable[[], object], to: Connection, parent: int) -> None:
    # It dies with the process that waits for it, so that none is left to write into the folder of a later run.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return
    try:
        to.send(work())
    except BaseException as error:  # noqa: BLE001 (whatever it is, it is raised where the result is waited for)
        to.send(error)
