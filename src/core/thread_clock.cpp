#include "core/thread_clock.hpp"

#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <string>

namespace framelane {
namespace {

// How Linux spells the scheduler's clock of one thread: see clock_getcpuclockid(3) and the kernel's posix-timers.h
// (MAKE_THREAD_CPUCLOCK). pthread_getcpuclockid computes the same, but only from a live pthread_t.
clockid_t clock_of(pid_t thread) noexcept {
  constexpr unsigned scheduler_clock_of_thread = 2U | 4U;
  return static_cast<clockid_t>((~static_cast<unsigned>(thread) << 3U) | scheduler_clock_of_thread);
}

std::int64_t nanoseconds(const std::timespec& time) noexcept {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

std::int64_t steady_nanoseconds() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

pid_t this_thread_id() noexcept { return static_cast<pid_t>(syscall(SYS_gettid)); }

std::optional<std::int64_t> thread_cpu_nanoseconds(pid_t thread) noexcept {
  std::timespec used{};
  if (thread <= 0 || clock_gettime(clock_of(thread), &used) != 0) {
    return std::nullopt;
  }
  return nanoseconds(used);
}

bool is_runnable(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string line;
  std::getline(file, line);
  // "tid (name) state ...": the name may hold anything, a parenthesis too.
  const auto end_of_name = line.rfind(')');
  return end_of_name != std::string::npos && line.compare(end_of_name, 3, ") R") == 0;
}

std::vector<pid_t> threads_of_process() {
  std::vector<pid_t> threads;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc/self/task"), &closedir);
  if (!directory) {
    return threads;
  }
  // The stream is this call's own, so readdir has nobody to race with.
  while (const dirent* entry = readdir(directory.get())) {  // NOLINT(concurrency-mt-unsafe)
    const auto thread = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (thread > 0) {
      threads.push_back(thread);
    }
  }
  return threads;
}

void ThreadSet::join() {
  const std::scoped_lock lock(mutex_);
  threads_.push_back(this_thread_id());
}

void ThreadSet::leave() {
  const std::scoped_lock lock(mutex_);
  std::erase(threads_, this_thread_id());
}

std::vector<pid_t> ThreadSet::threads() const {
  const std::scoped_lock lock(mutex_);
  return threads_;
}

}  // namespace framelane
