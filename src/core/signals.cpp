#include "core/signals.hpp"

#include <pthread.h>

#include <csignal>

namespace framelane {

void block_signals() noexcept {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace framelane
