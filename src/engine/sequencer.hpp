#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "core/ring.hpp"
#include "engine/batcher.hpp"

namespace framelane {

// Puts batches that several threads finish in any order into a ring in the order of their tickets. At most `window`
// batches wait for an earlier one, so that one slow run cannot make results pile up.
class Sequencer {
 public:
  Sequencer(Ring<JobPtr>& output, std::size_t window) : output_(output), waiting_(window) {}

  // Waits until fewer than `window` batches lie between this one and the oldest that is not delivered.
  // Returns false once closed.
  [[nodiscard]] bool admit(std::uint64_t ticket);

  // Hands over an admitted batch. Whoever completes the sequence puts what is ready into the ring, waiting for room;
  // the others return at once.
  void deliver(Batch batch);

  // Nothing is admitted any more. The ring is closed by its owner.
  void close();

  // Jobs that will not be delivered. They are kept, for their passengers may have to die in another thread.
  void lose(std::vector<JobPtr> jobs);
  // All that was not delivered, once no thread uses this any more.
  [[nodiscard]] std::vector<JobPtr> take_lost();

 private:
  [[nodiscard]] std::vector<JobPtr>& slot(std::uint64_t ticket) { return waiting_[ticket % waiting_.size()]; }
  void put(std::vector<JobPtr> jobs);

  Ring<JobPtr>& output_;
  std::mutex mutex_;
  std::condition_variable moved_;
  std::vector<std::vector<JobPtr>> waiting_;
  std::vector<JobPtr> lost_;
  std::uint64_t next_ = 0;   // the oldest ticket that is not delivered
  bool delivering_ = false;  // somebody is putting into the ring
  bool closed_ = false;
};

}  // namespace framelane
