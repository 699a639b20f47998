#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <thread>
#include <vector>

namespace framelane {

// Bytes that a thread has to move for its start (some 30 us) to be worth it.
inline constexpr std::size_t bytes_worth_a_thread = std::size_t{4} << 20;

// Calls rows(first, last) for parts of 0..height, on up to `threads` threads, the calling one included; on fewer when
// there is too little to do. `rows` must not throw. Threads are started and joined here: a pool that waits between
// frames would have to be stopped before a fork and at the end of the process, to save some microseconds of a call
// that takes milliseconds.
template <class Rows>
void for_rows(std::int64_t height, std::size_t bytes, int threads, const Rows& rows) {
  const auto worth = static_cast<std::int64_t>(bytes / bytes_worth_a_thread);
  const std::int64_t parts = std::max<std::int64_t>(std::min<std::int64_t>({threads, worth, height}), 1);
  std::vector<std::thread> helpers;
  helpers.reserve(static_cast<std::size_t>(parts - 1));
  std::int64_t begun = height / parts;
  for (std::int64_t part = 1; part < parts; ++part) {
    const std::int64_t last = height * (part + 1) / parts;
    try {
      helpers.emplace_back([&rows, begun, last] { rows(begun, last); });
    } catch (const std::system_error&) {  // no thread to be had: the caller does it
      rows(begun, last);
    }
    begun = last;
  }
  rows(0, height / parts);
  for (std::thread& helper : helpers) {
    helper.join();
  }
}

}  // namespace framelane
