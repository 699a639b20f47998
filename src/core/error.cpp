#include "core/error.hpp"

namespace framelane {

DeviceMemoryError::DeviceMemoryError(const std::string& device, std::size_t asked, std::size_t free, std::size_t total)
    : Error(device + ": " + std::to_string(asked) + " bytes asked, " + std::to_string(free) + " of " +
            std::to_string(total) + " free; use a smaller batch, capacity or number of streams"),
      asked_(asked),
      free_(free),
      total_(total) {}

}  // namespace framelane
