#include "core/process_identity.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <string>
#include <string_view>

namespace framelane {
namespace {

// The fields of /proc/PID/stat that follow the name, which may itself hold spaces and parentheses.
struct Stat {
  char state = '?';
  std::uint64_t threads = 0;
  std::uint64_t start_time = 0;
};

std::optional<Stat> parse_stat(std::string_view text) {
  const auto name_end = text.rfind(')');
  if (name_end == std::string_view::npos || name_end + 2 >= text.size()) {
    return std::nullopt;
  }
  text.remove_prefix(name_end + 2);
  Stat stat{.state = text.front()};
  constexpr int threads_field = 17;  // counted from the state
  constexpr int start_time_field = 19;
  for (int field = 0; field <= start_time_field; ++field) {
    const auto end = std::min(text.find(' '), text.size());
    if (field == threads_field || field == start_time_field) {
      auto& value = field == threads_field ? stat.threads : stat.start_time;
      if (std::from_chars(text.begin(), text.begin() + end, value).ec != std::errc()) {
        return std::nullopt;
      }
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return stat;
}

std::optional<Stat> read_stat(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return std::nullopt;
  }
  std::array<char, 1024> buffer{};
  const ssize_t size = read(file, buffer.data(), buffer.size());
  close(file);
  return size > 0 ? parse_stat({buffer.data(), static_cast<std::size_t>(size)}) : std::nullopt;
}

}  // namespace

ProcessIdentity this_process() {
  const pid_t pid = getpid();
  const auto stat = read_stat(pid);
  return {.pid = pid, .start_time = stat ? stat->start_time : 0};
}

std::uint64_t pid_namespace() {
  struct stat status{};
  return stat("/proc/self/ns/pid", &status) == 0 ? static_cast<std::uint64_t>(status.st_ino) : 0;
}

Liveness liveness_of(pid_t pid) {
  if (const auto stat = read_stat(pid)) {
    // A leader that ended before its threads is a zombie too, but the process goes on.
    const bool ended = stat->state == 'X' || stat->state == 'x' || (stat->state == 'Z' && stat->threads <= 1);
    return {.runs = !ended, .start_time = stat->start_time};
  }
  // No descriptor left, or a /proc that hides others: the number alone must do.
  return {.runs = kill(pid, 0) == 0 || errno == EPERM, .start_time = std::nullopt};
}

}  // namespace framelane
