#include "ort/gate.hpp"

#include <map>
#include <memory>

namespace framelane::ort {

Gate& gate_of(const std::string& provider) {
  static std::mutex mutex;
  // Sessions may be released up to the end of the process, so the gates stay.
  static auto& gates = *new std::map<std::string, std::unique_ptr<Gate>>;
  const std::scoped_lock lock(mutex);
  std::unique_ptr<Gate>& gate = gates[provider];
  if (!gate) {
    gate = std::make_unique<Gate>();
  }
  return *gate;
}

}  // namespace framelane::ort
