"""Asks NVIDIA's driver what it has: a program of its own, so that a driver that hangs or dies takes no one along.

Its argument is the file of libcuda; it prints one JSON object. Function names are those of the CUDA driver API.
"""

import ctypes
import json
import sys


def main() -> None:
    """Print what the driver says."""
    said = {"word": "", "code": 0, "version": 0, "devices": []}
    try:
        _ask(ctypes.CDLL(sys.argv[1]), said)
    except (OSError, AttributeError) as error:
        said["word"] = str(error)
    sys.stdout.write(json.dumps(said))


def _ask(cuda: ctypes.CDLL, said: dict) -> None:  # type: ignore[type-arg]
    number = ctypes.c_int()
    if cuda.cuDriverGetVersion(ctypes.byref(number)) == 0:
        said["version"] = number.value
    code = cuda.cuInit(0)
    if code == 0:
        code = cuda.cuDeviceGetCount(ctypes.byref(number))
    if code:
        text = ctypes.c_char_p()
        cuda.cuGetErrorString(code, ctypes.byref(text))
        said["code"] = code
        said["word"] = (text.value or b"unknown error").decode("utf-8", "replace")
        return
    for index in range(number.value):
        name = ctypes.create_string_buffer(100)
        cuda.cuDeviceGetName(name, 100, index)
        said["devices"].append(name.value.decode("utf-8", "replace"))


if __name__ == "__main__":
    main()
