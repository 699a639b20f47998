#pragma once

namespace framelane::bindings::docs {

inline constexpr const char* shared_put = R"(put($self, /, value, timeout=None)
--

Copy a value into the next free slot.

Parameters
----------
value : Frame, array, dict, ...
    A `Frame`, an array (NumPy, PyTorch, `Tensor`), None, bool, int of 64 bits, float, str, bytes, and lists, tuples
    and dicts with keys of str of these.
timeout : float or None
    Seconds to wait for a slot at most, with overflow ``"block"``; None waits for ever, 0 does not wait.

Raises
------
RingClosed
    If the ring is closed, also while this waits.
RingFull
    If no slot is free and overflow is ``"raise"``.
RingTimeout
    If no slot came free in time. Nothing was put.
PeerDied
    If no slot is free, and the last process that took frames out ended without `close`.
ShapeError
    If the value does not fit the slot: its arrays not ``slot_nbytes``, the rest not ``meta_bytes``.
TypeError, ValueError
    If the value is of a kind that is not carried.)";

inline constexpr const char* shared_try_put = R"(try_put($self, value, /)
--

Put a value if that needs no waiting. Tell whether it is in the ring.

False with overflow ``"block"`` or ``"raise"`` leaves the value with the caller; with ``"drop_newest"`` it is
dropped and counted.

Raises
------
RingClosed
    If the ring is closed.)";

inline constexpr const char* shared_get = R"(get($self, /, timeout=None)
--

Take the oldest value out, as a copy. Arrays come as `Tensor`.

Parameters
----------
timeout : float or None
    Seconds to wait for a value at most; None waits for ever, 0 does not wait.

Raises
------
RingClosed
    If the ring is closed and empty, and no other process reads a frame that would come back if it died.
RingTimeout
    If there was no value in time.
PeerDied
    If the ring is empty, and the last process that put something in ended without `close`.)";

inline constexpr const char* shared_try_get = R"(try_get($self, default=None, /)
--

Take the oldest value out if there is one, else return the default.

Raises
------
RingClosed
    If the ring is closed and empty.)";

inline constexpr const char* shared_close = R"(close($self, /)
--

Let nothing in any more, in no process, and wake all that wait. What is in the ring can still be taken. May be called
again. A slot that is reserved cannot be committed after this.)";

}  // namespace framelane::bindings::docs
