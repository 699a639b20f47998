// Codes of CUDA's that say: not on this machine, or not with this driver. The numbers belong to its ABI; the test that
// compiles rows.inl against NVIDIA's headers compares them too.
FRAMELANE_CUDA_CODE(cudaErrorInitializationError, 3)
FRAMELANE_CUDA_CODE(cudaErrorInsufficientDriver, 35)
FRAMELANE_CUDA_CODE(cudaErrorDevicesUnavailable, 46)
FRAMELANE_CUDA_CODE(cudaErrorNoDevice, 100)
FRAMELANE_CUDA_CODE(cudaErrorInvalidDevice, 101)
FRAMELANE_CUDA_CODE(cudaErrorNoKernelImageForDevice, 209)
FRAMELANE_CUDA_CODE(cudaErrorSystemNotReady, 802)
FRAMELANE_CUDA_CODE(cudaErrorSystemDriverMismatch, 803)
FRAMELANE_CUDA_CODE(cudaErrorCompatNotSupportedOnDevice, 804)
