#pragma once

// What help(framelane.Tensor) says.
namespace framelane::bindings::docs {

inline constexpr const char* tensor =
    R"(A view of memory: shape, strides, element type, device, and a share in what keeps the memory alive.

That is a slot of a `FramePool`, a result of a `Session`, or an array of another library. Tensors, NumPy arrays and
torch tensors become each other without a copy: ``numpy.asarray(tensor)``, ``torch.from_dlpack(tensor)``,
``Tensor.wrap(array)``. The memory lives until the last of them is gone, in whatever thread that happens. What is
read-only stays so on the way.

A tensor has no arithmetic: use `numpy` for that.

Notes
-----
A tensor never changes which memory it shows and may be used from any thread; its elements are as safe to write from
several threads as those of a NumPy array.)";

inline constexpr const char* wrap = R"(wrap(array)
--

A tensor over the memory of an array, without a copy.

Parameters
----------
array : Tensor, or an object with the buffer protocol or DLPack
    NumPy arrays of any strides (transposed, reversed, every second column), also those of `ml_dtypes.bfloat16`;
    torch tensors; bytearray, memoryview, array.array.

Returns
-------
Tensor
    Read-only if the array is.

Raises
------
ShapeError
    If the array is none that a tensor can show: another byte order, an address or a stride that is no multiple of the
    item's size, records, strings, objects, complex numbers. The text says what to pass instead.
TypeError
    If it is no array.)";

inline constexpr const char* from_dlpack = R"(from_dlpack(array)
--

A tensor over the memory of an object with ``__dlpack__``, or of a capsule that such a method returned.

Parameters
----------
array : object
    Read-only only if its library says so, which DLPack can since version 1.0.

Raises
------
ShapeError
    If it is none that a tensor can show.
BufferError
    If its library refuses, or the capsule was taken already.)";

inline constexpr const char* shape = "Size of each axis.";
inline constexpr const char* strides = "Elements (not bytes) from one index to the next along each axis.";
inline constexpr const char* ndim = "Number of axes.";
inline constexpr const char* size = "Number of elements.";
inline constexpr const char* dtype = "Name of the element type: NumPy's (\"float32\", \"bool\", ...), or \"bfloat16\".";
inline constexpr const char* device = "Where the memory is: \"cpu\", \"cuda:0\", ...";
inline constexpr const char* nbytes = "Bytes of the elements, the gaps between them not counted.";
inline constexpr const char* read_only = "Whether the memory may only be read.";
inline constexpr const char* contiguous = "Whether the elements lie one after the other, the last axis fastest.";
inline constexpr const char* address = "Address of the first element.";

inline constexpr const char* numpy = R"(numpy(self)
--

A NumPy array over the same memory.

Raises
------
BufferError
    For bfloat16, which NumPy lacks, and for memory that the CPU cannot read. The text says what to do.)";

inline constexpr const char* copy = R"(copy(self)
--

A contiguous, writable copy in memory of its own, aligned to 64 bytes, on the CPU.)";

inline constexpr const char* to = R"(to(self, device)
--

The tensor on a device: itself if it is there already, else a copy.

Parameters
----------
device : str
    ``"cpu"``.

Raises
------
NoDeviceError
    If this build cannot copy from where the tensor is, or to the device.)";

inline constexpr const char* reshape = R"(reshape(self, shape)
--

The same memory under another shape of as many elements.

Raises
------
ShapeError
    If the number of elements differs, or the tensor is not contiguous.)";

inline constexpr const char* view = R"(view(self, dtype)
--

The same memory as another element type of the same size: bfloat16 as uint16, for instance.

Raises
------
ShapeError
    If the item sizes differ, or there is no such type.)";

inline constexpr const char* dlpack = R"(__dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None)
--

A DLPack capsule over the same memory, as the Python array API standard has it.

Parameters
----------
stream : int or None
    None (or -1) for memory of the CPU, which has no streams.
max_version : tuple of int or None
    From (1, 0) on the capsule is versioned, and says when the memory is read-only (torch does not listen).
dl_device : tuple of int or None
    The tensor's own, if given.
copy : bool or None
    Whether to export a copy.

Raises
------
BufferError
    For memory that no array library knows, for another device, for read-only memory without a versioned capsule, and
    for reversed axes, on which torch ends the process.)";

inline constexpr const char* dlpack_device = R"(__dlpack_device__(self)
--

DLPack's kind of device and its index.)";

inline constexpr const char* array_interface =
    "NumPy's array interface, version 3. AttributeError for bfloat16 and for memory that the CPU cannot read.";

inline constexpr const char* array = R"(__array__(self, dtype=None, copy=None)
--

A NumPy array over the same memory, or a copy where `dtype` or `copy` ask for one.)";

}  // namespace framelane::bindings::docs
