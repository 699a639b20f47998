"""A DLPack producer and consumer written with ctypes: for what no library at hand exports or does."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

CPU, CUDA, EXTENSION = 1, 2, 12
FLOAT, BFLOAT, COMPLEX = 2, 4, 5
READ_ONLY, IS_COPIED = 1, 2


class Device(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int32), ("index", ctypes.c_int32)]


class DataType(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16)]


class View(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device", Device),
        ("ndim", ctypes.c_int32),
        ("dtype", DataType),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


Deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Legacy(ctypes.Structure):
    _fields_ = [("view", View), ("context", ctypes.c_void_p), ("deleter", Deleter)]
    name, used = b"dltensor", b"used_dltensor"


class Versioned(ctypes.Structure):
    _fields_ = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", Deleter),
        ("flags", ctypes.c_uint64),
        ("view", View),
    ]
    name, used = b"dltensor_versioned", b"used_dltensor_versioned"


_api = ctypes.pythonapi
_api.PyCapsule_New.restype = ctypes.py_object
_api.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_api.PyCapsule_IsValid.argtypes = [ctypes.py_object, ctypes.c_char_p]
_api.PyCapsule_GetPointer.restype = ctypes.c_void_p
_api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
_api.PyCapsule_SetName.argtypes = [ctypes.py_object, ctypes.c_char_p]


class Producer:
    """Exports `array` under whatever lies it is told to tell, and counts the deletions of what it exported."""

    def __init__(
        self,
        array: np.ndarray,
        *,
        form: type = Versioned,
        device: tuple[int, int] = (CPU, 0),
        dtype: tuple[int, int, int] | None = None,
        flags: int = 0,
        major: int = 1,
        offset: int = 0,
        takes_max_version: bool = True,
    ) -> None:
        self.array, self.device, self.deleted = array, device, 0
        self.takes_max_version, self.asked = takes_max_version, []
        self._shape = (ctypes.c_int64 * array.ndim)(*array.shape)
        self._strides = (ctypes.c_int64 * array.ndim)(*(s // array.itemsize for s in array.strides))
        self._deleter = Deleter(self._delete)
        self._managed = form(deleter=self._deleter)
        self._managed.view = View(
            array.ctypes.data - offset,
            Device(*device),
            array.ndim,
            DataType(*(dtype or (FLOAT, 8 * array.itemsize, 1))),
            self._shape,
            self._strides,
            offset,
        )
        if form is Versioned:
            self._managed.major, self._managed.flags = major, flags

    def _delete(self, _managed: int) -> None:
        self.deleted += 1

    def __dlpack__(self, **arguments: object) -> object:
        if arguments and not self.takes_max_version:
            raise TypeError("__dlpack__() got an unexpected keyword argument")
        self.asked.append(arguments)
        return _api.PyCapsule_New(ctypes.addressof(self._managed), self._managed.name, None)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device


def is_versioned(capsule: object) -> bool:
    return bool(_api.PyCapsule_IsValid(capsule, Versioned.name))


def consume(capsule: object) -> Versioned | Legacy:
    """Take over what a capsule holds; `delete` it in the end."""
    form = Versioned if is_versioned(capsule) else Legacy
    managed = form.from_address(_api.PyCapsule_GetPointer(capsule, form.name))
    _api.PyCapsule_SetName(capsule, form.used)
    return managed


def delete(managed: Versioned | Legacy) -> None:
    """Run the deleter, without the GIL, which is how ctypes calls a C function."""
    managed.deleter(ctypes.addressof(managed))
