#include "ort/session_threads.hpp"

#include <pthread.h>

#include <memory>
#include <thread>

#include "core/signals.hpp"

namespace framelane::ort {
namespace {

void* create_thread(void* threads, void (*worker)(void*), void* argument) {
  try {
    return std::make_unique<std::thread>([set = static_cast<ThreadSet*>(threads), worker, argument] {
             block_signals();
             pthread_setname_np(pthread_self(), "framelane-ort");
             set->join();
             worker(argument);
             set->leave();
           })
        .release();
  } catch (...) {
    return nullptr;  // ONNX Runtime makes an error of it
  }
}

void join_thread(void* handle) {
  const std::unique_ptr<std::thread> thread(static_cast<std::thread*>(handle));
  thread->join();
}

}  // namespace

void make_threads_known(const Environment& environment, abi::SessionOptions* options, ThreadSet& threads) {
  const Api& api = environment.api();
  environment.check(api.SessionOptionsSetCustomCreateThreadFn(options, &create_thread));
  environment.check(api.SessionOptionsSetCustomThreadCreationOptions(options, &threads));
  environment.check(api.SessionOptionsSetCustomJoinThreadFn(options, &join_thread));
}

}  // namespace framelane::ort
