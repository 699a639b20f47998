#include "ort/session_log.hpp"

#include <cstdio>
#include <string_view>
#include <utility>

namespace framelane::ort {
namespace {

constexpr int verbose = 0;

// The rewriting of the graph says much and nothing about placement.
bool is_of_interest(std::string_view place) { return place.find("graph_transformer") == std::string_view::npos; }

}  // namespace

void SessionLog::attach(const Environment& environment, abi::SessionOptions* options) {
  const Api& api = environment.api();
  environment.check(api.SetUserLoggingFunction(options, &receive, this));
  environment.check(api.SetSessionLogSeverityLevel(options, verbose));
}

std::vector<std::string> SessionLog::take() {
  const std::scoped_lock lock(mutex_);
  keeping_ = false;
  return std::exchange(lines_, {});
}

void SessionLog::receive(void* log, int severity, const char* /*category*/, const char* /*id*/, const char* place,
                         const char* text) {
  auto* self = static_cast<SessionLog*>(log);
  if (severity >= self->print_from_) {
    std::fprintf(stderr, "[%c:onnxruntime:, %s] %s\n", "VIWEF"[severity], place, text);
  }
  self->keep(place, text);
}

void SessionLog::keep(const char* place, const char* text) {
  const std::scoped_lock lock(mutex_);
  if (keeping_ && is_of_interest(place)) {
    lines_.emplace_back(text);
  }
}

}  // namespace framelane::ort
