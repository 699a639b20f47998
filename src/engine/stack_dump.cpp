#include "engine/stack_dump.hpp"

#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace framelane {

std::string StackDump::take() const {
  // pthread_kill to oneself delivers the signal before it returns, if it is not blocked.
  sigset_t just_this;
  sigemptyset(&just_this);
  sigaddset(&just_this, signal_number_);
  pthread_sigmask(SIG_UNBLOCK, &just_this, nullptr);
  pthread_kill(pthread_self(), signal_number_);

  const off_t written = lseek(memory_file_, 0, SEEK_END);
  std::string text(written > 0 ? static_cast<std::size_t>(written) : 0, '\0');
  const ssize_t got = pread(memory_file_, text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  if (ftruncate(memory_file_, 0) == 0) {
    lseek(memory_file_, 0, SEEK_SET);
  }
  return text;
}

void write_to_stderr(const std::string& text) noexcept {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = write(STDERR_FILENO, text.data() + done, text.size() - done);
    if (count < 0 && errno != EINTR) {
      return;
    }
    done += count > 0 ? static_cast<std::size_t>(count) : 0;
  }
}

}  // namespace framelane
