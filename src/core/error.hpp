#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

namespace framelane {

// The tree of framelane's errors; framelane/_errors.py has the same one, class by class.
//
//   Error
//     LoadError
//       MissingLibraryError, LibraryVersionError, NoDeviceError, RuntimeNotInstalledError, ModelError
//     PlacementError
//     RingError
//       RingClosed, RingFull, RingTimeout, PeerDied
//     StageError
//     StallError
//     ShapeError
//     VideoError
//     DeviceMemoryError
//
// The text names the fix, not only the fault. `class_name` is how the bindings find the Python class.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  [[nodiscard]] virtual const char* class_name() const noexcept { return "FramelaneError"; }
};

// Declares one class of the tree: its name is the only thing in which it differs from its base.
#define FRAMELANE_ERROR(Name, Base)                                                  \
  class Name : public Base {                                                         \
   public:                                                                           \
    using Base::Base;                                                                \
    [[nodiscard]] const char* class_name() const noexcept override { return #Name; } \
  }

FRAMELANE_ERROR(LoadError, Error);
FRAMELANE_ERROR(MissingLibraryError, LoadError);
FRAMELANE_ERROR(LibraryVersionError, LoadError);
FRAMELANE_ERROR(NoDeviceError, LoadError);
FRAMELANE_ERROR(RuntimeNotInstalledError, LoadError);
FRAMELANE_ERROR(ModelError, LoadError);
FRAMELANE_ERROR(PlacementError, Error);
FRAMELANE_ERROR(RingError, Error);
FRAMELANE_ERROR(RingClosed, RingError);
FRAMELANE_ERROR(RingFull, RingError);
FRAMELANE_ERROR(RingTimeout, RingError);
FRAMELANE_ERROR(PeerDied, RingError);
FRAMELANE_ERROR(StageError, Error);
FRAMELANE_ERROR(StallError, Error);
FRAMELANE_ERROR(ShapeError, Error);
FRAMELANE_ERROR(VideoError, Error);

#undef FRAMELANE_ERROR

class DeviceMemoryError : public Error {
 public:
  DeviceMemoryError(const std::string& device, std::size_t asked, std::size_t free, std::size_t total);
  [[nodiscard]] const char* class_name() const noexcept override { return "DeviceMemoryError"; }
  [[nodiscard]] std::size_t asked() const noexcept { return asked_; }
  [[nodiscard]] std::size_t free() const noexcept { return free_; }
  [[nodiscard]] std::size_t total() const noexcept { return total_; }

 private:
  std::size_t asked_;
  std::size_t free_;
  std::size_t total_;
};

}  // namespace framelane
