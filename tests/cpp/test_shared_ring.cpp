#include "core/shared_ring.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <random>
#include <thread>

using namespace std::chrono_literals;
using framelane::GetResult;
using framelane::PutResult;
using framelane::SharedRing;
using framelane::shared::Claim;
using framelane::shared::OnReaderDeath;

namespace {

framelane::Deadline in(std::chrono::milliseconds wait) { return std::chrono::steady_clock::now() + wait; }

// Frames of one number.
void put(SharedRing& ring, std::uint64_t value) {
  Claim claim;
  if (ring.reserve(claim, in(20s)) == PutResult::done) {
    std::memcpy(ring.payload(claim.slot).data(), &value, sizeof value);
    ring.slot(claim.slot).index.store(value);
    ASSERT_TRUE(ring.commit(claim));
  }
}
std::uint64_t value_of(const SharedRing& ring, const Claim& claim) {
  std::uint64_t value = 0;
  std::memcpy(&value, ring.payload(claim.slot).data(), sizeof value);
  return value;
}
std::uint64_t get(SharedRing& ring) {
  Claim claim;
  if (!ring.take(claim, in(20s))) {
    return ~std::uint64_t{0};
  }
  const std::uint64_t value = value_of(ring, claim);
  ring.release(claim);
  return value;
}

void put_index(SharedRing& ring, std::uint64_t value) {
  Claim claim;
  ASSERT_EQ(ring.reserve(claim, in(20s)), PutResult::done);
  ring.slot(claim.slot).index.store(value);
  ASSERT_TRUE(ring.commit(claim));
}
std::uint64_t get_index(SharedRing& ring) {
  Claim claim;
  if (!ring.take(claim, in(20s))) {
    return ~std::uint64_t{0};
  }
  const std::uint64_t value = ring.slot(claim.slot).index.load();
  ring.release(claim);
  return value;
}

std::shared_ptr<SharedRing> make(std::uint64_t capacity, framelane::Overflow overflow = framelane::Overflow::block,
                                 OnReaderDeath on_death = OnReaderDeath::redeliver) {
  framelane::SharedRingOptions options;
  options.capacity = capacity;
  options.payload_bytes = 64;
  options.meta_bytes = 64;
  options.overflow = overflow;
  options.on_reader_death = on_death;
  return SharedRing::create(options);
}

// Runs `work` in a forked process with the ring opened anew; returns its pid.
template <class Work>
pid_t in_child(const SharedRing& ring, Work&& work) {
  const pid_t pid = fork();
  if (pid == 0) {
    const auto mine = SharedRing::open(ring.descriptor());
    work(*mine);
    _exit(0);
  }
  return pid;
}

void wait_for(pid_t pid) {
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
}

}  // namespace

TEST(SharedRing, IsInOrderAndBounded) {
  const auto ring = make(3);
  Claim claim;
  for (std::uint64_t lap = 0; lap < 5; ++lap) {
    for (std::uint64_t i = 0; i < 3; ++i) {
      put(*ring, lap * 3 + i);
    }
    EXPECT_EQ(ring->try_reserve(claim), PutResult::full);
    EXPECT_EQ(ring->size(), 3U);
    for (std::uint64_t i = 0; i < 3; ++i) {
      EXPECT_EQ(get(*ring), lap * 3 + i);
    }
    EXPECT_EQ(ring->try_take(claim), GetResult::empty);
  }
  const auto stats = ring->stats();
  EXPECT_EQ(stats.put, 15U);
  EXPECT_EQ(stats.got, 15U);
  EXPECT_EQ(stats.high_water, 3U);
}

TEST(SharedRing, ASlotThatIsHeldDelaysNobody) {
  const auto ring = make(3);
  Claim held;
  ASSERT_EQ(ring->try_reserve(held), PutResult::done);
  put(*ring, 1);
  put(*ring, 2);
  EXPECT_EQ(get(*ring), 1U);
  EXPECT_EQ(get(*ring), 2U);
  ASSERT_TRUE(ring->commit(held));
  Claim claim;
  EXPECT_EQ(ring->try_take(claim), GetResult::done);
}

TEST(SharedRing, CloseEndsPutsAtOnceAndTakesAfterTheLast) {
  const auto ring = make(3);
  Claim held;
  ASSERT_EQ(ring->try_reserve(held), PutResult::done);
  put(*ring, 1);
  EXPECT_TRUE(ring->close());
  EXPECT_FALSE(ring->close());
  EXPECT_FALSE(ring->commit(held));
  EXPECT_THROW(put(*ring, 2), framelane::RingClosed);
  EXPECT_EQ(get(*ring), 1U);
  Claim claim;
  EXPECT_EQ(ring->try_take(claim), GetResult::closed);
  EXPECT_FALSE(ring->take(claim));
  EXPECT_EQ(ring->stats().free, 3U);
}

TEST(SharedRing, DropsTheOldest) {
  const auto ring = make(2, framelane::Overflow::drop_oldest);
  for (std::uint64_t i = 0; i < 5; ++i) {
    put(*ring, i);
  }
  EXPECT_EQ(get(*ring), 3U);
  EXPECT_EQ(get(*ring), 4U);
  EXPECT_EQ(ring->stats().dropped, 3U);
  EXPECT_EQ(ring->stats().got, 2U);
}

// Two mappings of the same memory, so that nothing depends on an address. ThreadSanitizer knows memory by its address
// and would miss what one mapping does to the other: so the value here is the atomic index.
TEST(SharedRing, ManyProducersAndConsumersOverTwoMappings) {
  constexpr std::uint64_t each = 3000;
  const auto ring = make(4);
  const auto other = SharedRing::open(ring->descriptor());
  std::vector<std::vector<std::uint64_t>> got(2);
  std::vector<std::thread> threads;
  for (std::uint64_t p = 0; p < 2; ++p) {
    threads.emplace_back([&, p] {
      for (std::uint64_t i = 0; i < each; ++i) {
        put_index(p == 0 ? *ring : *other, p * each + i);
      }
    });
    threads.emplace_back([&, p] {
      for (std::uint64_t value = 0; (value = get_index(p == 0 ? *other : *ring)) != ~std::uint64_t{0};) {
        got[p].push_back(value);
      }
    });
  }
  threads[0].join();
  threads[2].join();
  ring->close();
  threads[1].join();
  threads[3].join();
  std::vector<std::uint64_t> all;
  for (const auto& one : got) {
    for (std::uint64_t p = 0; p < 2; ++p) {  // what one consumer got of one producer is in order
      std::vector<std::uint64_t> of_producer;
      std::copy_if(one.begin(), one.end(), std::back_inserter(of_producer), [&](auto v) { return v / each == p; });
      EXPECT_TRUE(std::is_sorted(of_producer.begin(), of_producer.end()));
    }
    all.insert(all.end(), one.begin(), one.end());
  }
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), 2 * each);
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
}

// The same through one mapping, where ThreadSanitizer sees both sides of each access.
TEST(SharedRing, ProducersAndConsumersOverOneMapping) {
  constexpr std::uint64_t each = 5000;
  const auto ring = make(8);
  std::atomic<std::uint64_t> sum{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (std::uint64_t value = 1; value <= each; ++value) {
        put(*ring, value);
      }
    });
    threads.emplace_back([&] {
      for (std::uint64_t taken = 0; taken < each; ++taken) {
        sum += get(*ring);
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(sum.load(), each * (each + 1));
}

TEST(SharedRing, ForeignMemoryIsRefused) {
  EXPECT_THROW((void)SharedRing::open(-1), framelane::RingError);
  const int plain = memfd_create("plain", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  ASSERT_EQ(ftruncate(plain, 1 << 20), 0);
  EXPECT_THROW((void)SharedRing::open(plain), framelane::RingError);
  ASSERT_EQ(fcntl(plain, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
  EXPECT_THROW((void)SharedRing::open(plain), framelane::RingError);
  close(plain);
}

TEST(SharedRing, AnotherVersionIsNamed) {
  const auto ring = make(2);
  reinterpret_cast<framelane::shared::Plan*>(ring->region()->data())->version = 7;
  EXPECT_THROW((void)SharedRing::open(ring->descriptor()), framelane::LibraryVersionError);
}

TEST(SharedRing, EveryByteOfTheHeaderIsCovered) {
  const auto ring = make(2);
  auto* bytes = reinterpret_cast<unsigned char*>(ring->region()->data());
  for (std::size_t i = 0; i < sizeof(framelane::shared::Plan); ++i) {
    bytes[i] ^= 0x10U;
    EXPECT_THROW((void)SharedRing::open(ring->descriptor()), framelane::Error) << "byte " << i;
    bytes[i] ^= 0x10U;
  }
  EXPECT_NE(SharedRing::open(ring->descriptor()), nullptr);
}

// Random words over all that changes: an error or a normal answer, never a crash or a hang.
TEST(SharedRing, DamagedWordsAreAnErrorAndNoCrash) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 3000; ++round) {
    const auto ring = make(1 + random() % 4, framelane::Overflow::drop_oldest);
    auto& header = *reinterpret_cast<framelane::shared::RegionHeader*>(ring->region()->data());
    auto* cells = reinterpret_cast<framelane::shared::AtomicWord*>(ring->region()->data() + header.plan.cells_offset);
    for (std::uint64_t damage = 0; damage < 1 + random() % 3; ++damage) {
      const std::uint64_t word = random() >> (random() % 64);
      switch (random() % 5) {
        case 0:
          header.tail.store(word);
          break;
        case 1:
          header.head.store(word);
          break;
        case 2:
          cells[random() % header.plan.cells].store(word);
          break;
        case 3:
          ring->slot(static_cast<std::uint32_t>(random() % header.plan.slots)).word.store(word);
          break;
        default:
          header.redelivery.store(word);
          break;
      }
    }
    for (int i = 0; i < 6; ++i) {
      try {
        Claim claim;
        if (ring->try_reserve(claim) == PutResult::done) {
          ASSERT_LT(claim.slot, header.plan.slots);
          ring->commit(claim);
        }
        if (ring->try_take(claim) == GetResult::done) {
          ASSERT_LT(claim.slot, header.plan.slots);
          ring->release(claim);
        }
        (void)ring->stats();
      } catch (const framelane::RingError&) {
      }
    }
  }
}

TEST(SharedRingDeath, AFrameOfADeadReaderComesAgainAndIsMarked) {
  const auto ring = make(2);
  put(*ring, 41);
  put(*ring, 42);
  wait_for(in_child(*ring, [](SharedRing& mine) {
    Claim claim;
    (void)mine.try_take(claim);
    raise(SIGKILL);
  }));
  Claim claim;
  ring->look_after_peers();
  ASSERT_EQ(ring->try_take(claim), GetResult::done);
  EXPECT_EQ(value_of(*ring, claim), 41U);
  EXPECT_TRUE(claim.redelivered());
  ring->release(claim);
  EXPECT_EQ(get(*ring), 42U);
  EXPECT_EQ(ring->stats().redelivered, 1U);
  EXPECT_EQ(ring->stats().free, 2U);
}

TEST(SharedRingDeath, AFrameOfADeadReaderFailsWhereAsked) {
  const auto ring = make(2, framelane::Overflow::block, OnReaderDeath::fail);
  put(*ring, 41);
  const pid_t child = in_child(*ring, [](SharedRing& mine) {
    Claim claim;
    (void)mine.try_take(claim);
    raise(SIGKILL);
  });
  wait_for(child);
  ring->look_after_peers();
  Claim claim;
  EXPECT_EQ(ring->try_take(claim), GetResult::empty);
  const auto failures = ring->failures();
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].index, 41U);
  EXPECT_EQ(failures[0].pid, static_cast<std::uint32_t>(child));
  EXPECT_EQ(ring->stats().free, 2U);
}

TEST(SharedRingDeath, ASlotOfADeadWriterIsReclaimedWithinASecond) {
  const auto ring = make(1);
  wait_for(in_child(*ring, [](SharedRing& mine) {
    Claim claim;
    (void)mine.try_reserve(claim);
    raise(SIGKILL);
  }));
  const auto start = std::chrono::steady_clock::now();
  put(*ring, 1);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1s);
  EXPECT_EQ(ring->stats().reclaimed, 1U);
}

TEST(SharedRingDeath, WhoWaitsIsToldWhenTheLastProducerDied) {
  const auto ring = make(4);
  wait_for(in_child(*ring, [](SharedRing& mine) {
    put(mine, 5);
    raise(SIGKILL);
  }));
  EXPECT_EQ(get(*ring), 5U);
  Claim claim;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THROW(ring->take(claim), framelane::PeerDied);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1s);
  const pid_t next = in_child(*ring, [](SharedRing& mine) { put(mine, 6); });
  wait_for(next);
  EXPECT_EQ(get(*ring), 6U);
}

TEST(SharedRingDeath, AStoppedPeerIsNotDead) {
  const auto ring = make(1);
  const pid_t child = in_child(*ring, [](SharedRing& mine) {
    Claim claim;
    (void)mine.try_reserve(claim);
    raise(SIGSTOP);
    mine.commit(claim);
  });
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, WUNTRACED), child);
  Claim claim;
  EXPECT_THROW(ring->reserve(claim, in(300ms)), framelane::RingTimeout);
  EXPECT_EQ(ring->stats().reclaimed, 0U);
  kill(child, SIGCONT);
  EXPECT_TRUE(ring->take(claim, in(5s)));
  wait_for(child);
}

TEST(SharedRingDeath, APlaceInTheTableIsGivenAgain) {
  const auto ring = make(1);
  for (int i = 0; i < 140; ++i) {
    const auto again = SharedRing::open(ring->descriptor());  // the same process: its own place
    EXPECT_EQ(ring->stats().peers, 2U);
  }
  for (int i = 0; i < 3; ++i) {
    wait_for(in_child(*ring, [](SharedRing&) { raise(SIGKILL); }));
    ring->look_after_peers();
    EXPECT_EQ(ring->stats().peers, 1U);
  }
}
