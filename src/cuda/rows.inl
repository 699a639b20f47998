// The functions of the CUDA runtime that we call, one row each: result, name, parameters. They belong to its stable C ABI,
// the same in CUDA 12 and 13; enumerations are ints there. cmake/cuda_stubs.cmake makes the libraries that we link to from these
// rows, and a test compiles them against the headers of both runtimes.
FRAMELANE_CUDA_ROW(int, cudaDriverGetVersion, (int* version))
FRAMELANE_CUDA_ROW(int, cudaRuntimeGetVersion, (int* version))
FRAMELANE_CUDA_ROW(int, cudaGetDeviceCount, (int* count))
FRAMELANE_CUDA_ROW(int, cudaGetDevice, (int* device))
FRAMELANE_CUDA_ROW(int, cudaSetDevice, (int device))
FRAMELANE_CUDA_ROW(int, cudaDeviceGetAttribute, (int* value, int attribute, int device))
FRAMELANE_CUDA_ROW(int, cudaMemGetInfo, (std::size_t * free, std::size_t* total))
FRAMELANE_CUDA_ROW(int, cudaGetLastError, ())
FRAMELANE_CUDA_ROW(const char*, cudaGetErrorName, (int error))
FRAMELANE_CUDA_ROW(const char*, cudaGetErrorString, (int error))
