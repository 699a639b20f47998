// All interleavings of producers, consumers and recoverers over the slots of a SharedRing, with crashes at each step.
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/shared_slots.hpp"
#include "interleavings.hpp"

namespace {

using namespace framelane::shared;
using interleavings::Cell;

// Where the words lie: head, tail, hint, one "is dead" a program, cells, slots, sequences.
struct Layout {
  std::uint32_t slots = 1;
  std::uint32_t cells = 2;
  std::uint32_t programs = 1;
  [[nodiscard]] std::size_t dead(std::size_t program) const { return 3 + program; }
  [[nodiscard]] std::size_t cell(std::size_t i) const { return 3 + programs + i; }
  [[nodiscard]] std::size_t slot(std::size_t i) const { return cell(cells) + i; }
  [[nodiscard]] std::size_t sequence(std::size_t i) const { return slot(slots) + i; }
  [[nodiscard]] std::size_t size() const { return sequence(slots); }
};

class ModelMemory {
 public:
  explicit ModelMemory(Layout layout) : layout_(layout) {
    for (std::size_t i = 0; i < layout.size(); ++i) {
      words_.emplace_back(i);
    }
  }
  [[nodiscard]] std::uint32_t slot_count() const { return layout_.slots; }
  [[nodiscard]] std::uint32_t cell_count() const { return layout_.cells; }
  [[nodiscard]] const Cell& head() const { return words_[0]; }
  [[nodiscard]] const Cell& tail() const { return words_[1]; }
  [[nodiscard]] const Cell& redelivery() const { return words_[2]; }
  [[nodiscard]] const Cell& dead(std::size_t program) const { return words_[layout_.dead(program)]; }
  [[nodiscard]] const Cell& cell(std::uint32_t i) const { return words_[layout_.cell(i)]; }
  [[nodiscard]] const Cell& slot(std::uint32_t i) const { return words_[layout_.slot(i)]; }
  [[nodiscard]] const Cell& sequence(std::uint32_t i) const { return words_[layout_.sequence(i)]; }

 private:
  Layout layout_;
  std::vector<Cell> words_;
};

using Slots = SharedSlots<ModelMemory>;

Owner owner_of(std::size_t program) { return {.index = static_cast<std::uint32_t>(program), .generation = 1}; }

// What must stay true. A frame is a slot and a generation of it.
struct World {
  enum class Fate : std::uint8_t { written, waiting, read, released, dropped, failed, given_up };
  struct Frame {
    std::uint32_t slot;
    Word generation;
    Fate fate;
  };

  Layout layout;
  OnReaderDeath on_reader_death = OnReaderDeath::redeliver;
  std::vector<Word> memory;
  std::vector<Frame> frames;           // in order of reservation
  std::vector<std::size_t> committed;  // frames in order of commit that were not taken yet
  bool closed = false;
  std::vector<std::size_t> recoverers;  // programs; when one of them dies, an announcement may be left undone

  World(Layout where, OnReaderDeath on_death, int waiting, int again) : layout(where), on_reader_death(on_death) {
    memory.resize(where.size());
    interleavings::direct = &memory;
    Slots slots{ModelMemory(layout)};
    for (int i = 0; i < waiting; ++i) {
      const auto claim = slots.reserve({}, 0);
      slots.commit(claim->slot);
      committed.push_back(frames.size());
      frames.push_back({claim->slot, SlotWord::unpack(claim->word).generation, Fate::waiting});
    }
    for (int i = 0; i < again; ++i) {
      const Owner gone{.index = 100, .generation = 1};
      Claim claim;
      slots.take(gone, claim);
      slots.recover(claim.slot, gone, OnReaderDeath::redeliver);
      frames[committed.front()].fate = Fate::read;
      committed.erase(committed.begin());
    }
  }

  static void require(bool holds, const char* what) {
    if (!holds) {
      throw std::logic_error(what);
    }
  }
  [[nodiscard]] bool dead(Owner owner) const {
    return owner.index < layout.programs && memory[layout.dead(owner.index)] != 0;
  }
  std::size_t frame_in(std::uint32_t slot) {
    const Word generation = SlotWord::unpack(memory[layout.slot(slot)]).generation;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      if (frames[i].slot == slot && frames[i].generation == generation) {
        return i;
      }
    }
    throw std::logic_error("a slot is used that nobody reserved");
  }

  void changed(std::size_t program, std::size_t index, Word before, Word after) {
    if (index >= layout.slot(0) && index < layout.sequence(0)) {
      slot_changed(program, static_cast<std::uint32_t>(index - layout.slot(0)), SlotWord::unpack(before),
                   SlotWord::unpack(after));
    } else if (index >= layout.cell(0) && index < layout.slot(0)) {
      cell_changed(program, CellWord::unpack(before), CellWord::unpack(after));
    }
  }
  void cell_changed(std::size_t program, const CellWord& before, const CellWord& after) {
    if (after.kind == CellKind::full) {
      require(!closed, "a commit after close");
      const SlotWord slot = SlotWord::unpack(memory[layout.slot(after.slot)]);
      require(slot.held_by(owner_of(program)) && slot.state == SlotState::writing, "a commit of what is not one's own");
      const std::size_t frame = frame_in(after.slot);
      require(frames[frame].fate == Fate::written, "a frame is committed twice");
      frames[frame].fate = Fate::waiting;
      committed.push_back(frame);
    } else if (after.kind == CellKind::closed) {
      require(before.kind == CellKind::empty && !closed, "closed twice");
      closed = true;
    } else {
      require(frames[frame_in(before.slot)].fate != Fate::waiting, "a frame is lost from the queue");
    }
  }
  void slot_changed(std::size_t program, std::uint32_t slot, const SlotWord& before, const SlotWord& after) {
    const bool own = before.owner == owner_of(program);
    if (before.state == SlotState::free) {
      require(after.state == SlotState::writing && after.generation == before.generation + 1, "from free");
      frames.push_back({slot, after.generation, Fate::written});
      return;
    }
    if (before.state == SlotState::reading && after.state == SlotState::writing) {
      require(own && after.owner == before.owner, "a frame is dropped that another has");
      end(slot, before.generation, Fate::read, Fate::dropped);
      frames.push_back({slot, after.generation, Fate::written});
      return;
    }
    require(after.generation == before.generation, "a generation is skipped");
    const std::size_t frame = frame_in(slot);
    Fate& fate = frames[frame].fate;
    if (after.state == SlotState::reading) {
      take(frame, before, after);
    } else if (before.state == SlotState::writing) {
      require(own || dead(before.owner), "a slot is taken from a writer that lives");
      if (after.state == SlotState::free) {
        require(fate == Fate::written, "a committed frame is thrown away");
        fate = Fate::given_up;
      }
    } else {
      require(before.state == SlotState::reading && (own || dead(before.owner)), "a frame is taken from its reader");
      if (after.state == SlotState::free) {
        const bool by_reader = own && !dead(before.owner);
        end(slot, before.generation, Fate::read, by_reader ? Fate::released : Fate::failed);
      } else {
        require(after.state == SlotState::again && after.deliveries > before.deliveries, "delivered again, unmarked");
      }
    }
  }
  void take(std::size_t frame, const SlotWord& before, const SlotWord& after) {
    if (before.state == SlotState::again) {
      require(frames[frame].fate == Fate::read && after.deliveries > 0, "redelivered what was not read");
      return;
    }
    require(frames[frame].fate == Fate::waiting, "taken before it was committed, or twice");
    require(committed.front() == frame, "not in the order of commit");
    committed.erase(committed.begin());
    frames[frame].fate = Fate::read;
  }
  void end(std::uint32_t slot, Word generation, Fate from, Fate to) {
    for (Frame& frame : frames) {
      if (frame.slot == slot && frame.generation == generation) {
        require(frame.fate == from, "a frame ends twice");
        frame.fate = to;
        return;
      }
    }
    throw std::logic_error("an unknown frame ends");
  }
  void died(std::size_t program) { memory[layout.dead(program)] = 1; }

  // A survivor that comes last finds everything that was committed and not finished, and every slot free at the end.
  void ended() {
    interleavings::direct = &memory;
    Slots slots{ModelMemory(layout)};
    const std::size_t survivor = layout.programs;
    for (std::size_t program = 0; program < layout.programs; ++program) {
      for (std::uint32_t slot = 0; slot < layout.slots && memory[layout.dead(program)] != 0; ++slot) {
        slots.recover(slot, owner_of(program), on_reader_death);
      }
    }
    if (std::any_of(recoverers.begin(), recoverers.end(), [&](auto who) { return memory[layout.dead(who)] != 0; })) {
      slots.repair_announcement();
    }
    std::size_t left = 0;
    for (const Frame& frame : frames) {
      left += frame.fate == Fate::waiting || (frame.fate == Fate::read && again(frame)) ? 1 : 0;
    }
    Claim claim;
    std::size_t found = 0;
    while (slots.take(owner_of(survivor), claim) == TakeResult::done) {
      require(slots.release(claim), "the survivor cannot release");
      ++found;
    }
    require(found == left, "the survivor does not find what is left");
    for (std::uint32_t slot = 0; slot < layout.slots; ++slot) {
      require(slots.state_of(slot).state == SlotState::free, "a slot is lost for good");
    }
    require((slots.take(owner_of(survivor), claim) == TakeResult::closed) == closed, "closed is not seen");
  }
  [[nodiscard]] bool again(const Frame& frame) const {
    const SlotWord now = SlotWord::unpack(memory[layout.slot(frame.slot)]);
    return now.generation == frame.generation && now.state == SlotState::again;
  }

  void add_to(std::vector<Word>& key) const {
    for (const Frame& frame : frames) {
      key.push_back(frame.generation << 16U | Word{frame.slot} << 8U | static_cast<Word>(frame.fate));
    }
    key.push_back(~Word{0});
    key.insert(key.end(), committed.begin(), committed.end());
  }
};

// The programs.
using Program = std::function<void()>;

Program producer(Layout layout, std::size_t me, int frames) {
  return [=] {
    Slots slots{ModelMemory(layout)};
    for (int i = 0; i < frames; ++i) {
      if (const auto claim = slots.reserve(owner_of(me), 0); claim && !slots.commit(claim->slot)) {
        slots.abandon(*claim);
      }
    }
  };
}
Program consumer(Layout layout, std::size_t me, int tries) {
  return [=] {
    Slots slots{ModelMemory(layout)};
    Claim claim;
    for (int i = 0; i < tries; ++i) {
      if (slots.take(owner_of(me), claim) == TakeResult::done && !slots.release(claim)) {
        throw std::logic_error("a reader that lives cannot release");
      }
    }
  };
}
Program dropping_producer(Layout layout, std::size_t me, int frames) {
  return [=] {
    Slots slots{ModelMemory(layout)};
    for (int i = 0; i < frames; ++i) {
      auto claim = slots.reserve(owner_of(me), 0);
      Claim oldest;
      if (!claim && slots.take(owner_of(me), oldest) == TakeResult::done) {
        claim = slots.reuse(oldest);
      }
      if (claim && !slots.commit(claim->slot)) {
        slots.abandon(*claim);
      }
    }
  };
}
Program closer(Layout layout) {
  return [=] {
    Slots slots{ModelMemory(layout)};
    slots.close();
    if (slots.close()) {
      throw std::logic_error("closed twice");
    }
  };
}
Program recoverer(Layout layout, std::size_t others, OnReaderDeath on_death) {
  return [=] {
    const ModelMemory memory(layout);
    Slots slots{memory};
    for (std::size_t program = 0; program < others; ++program) {
      for (std::uint32_t slot = 0; slot < layout.slots && memory.dead(program).load() != 0; ++slot) {
        slots.recover(slot, owner_of(program), on_death);
      }
    }
  };
}

struct Scene {
  int crashes = 1;
  int waiting = 0;  // frames that are committed beforehand
  int again = 0;    // of these, how many had a reader that died
  OnReaderDeath on_death = OnReaderDeath::redeliver;
  std::vector<std::size_t> recoverers = {};
};

void search(Layout layout, const std::vector<Program>& programs, const Scene& scene) {
  World world(layout, scene.on_death, scene.waiting, scene.again);
  world.recoverers = scene.recoverers;
  const interleavings::Search<World> found(std::move(world), programs, scene.crashes);
  ::testing::Test::RecordProperty("states", std::to_string(found.states()));
  EXPECT_GT(found.ends(), 1U);
}

constexpr OnReaderDeath redeliver = OnReaderDeath::redeliver;

}  // namespace

TEST(SharedSlotsSearch, AProducerAConsumerAndARecoverer) {
  const Layout layout{.slots = 2, .cells = 4, .programs = 3};
  search(layout, {producer(layout, 0, 3), consumer(layout, 1, 3), recoverer(layout, 2, redeliver)},
         {.recoverers = {2}});
}

TEST(SharedSlotsSearch, TwoProducersAndAConsumer) {
  const Layout layout{.slots = 2, .cells = 4, .programs = 3};
  search(layout, {producer(layout, 0, 1), producer(layout, 1, 1), consumer(layout, 2, 2)}, {.crashes = 2});
}

TEST(SharedSlotsSearch, ManyLapsWhileAProducerStandsStill) {
  const Layout layout{.slots = 1, .cells = 2, .programs = 3};
  search(layout, {producer(layout, 0, 1), producer(layout, 1, 4), consumer(layout, 2, 5)}, {.crashes = 0});
}

TEST(SharedSlotsSearch, ManyLapsWhileAConsumerStandsStill) {
  const Layout layout{.slots = 1, .cells = 2, .programs = 3};
  search(layout, {consumer(layout, 0, 1), producer(layout, 1, 2), consumer(layout, 2, 2)}, {.crashes = 0});
}

TEST(SharedSlotsSearch, TwoConsumersOfOneSlotAndARecoverer) {
  const Layout layout{.slots = 1, .cells = 2, .programs = 4};
  search(layout,
         {producer(layout, 0, 1), consumer(layout, 1, 1), consumer(layout, 2, 2), recoverer(layout, 3, redeliver)},
         {.recoverers = {3}});
}

TEST(SharedSlotsSearch, TwoRecoverersOfWhichOneMayDie) {
  const Layout layout{.slots = 1, .cells = 2, .programs = 4};
  search(layout,
         {producer(layout, 0, 1), consumer(layout, 1, 2), recoverer(layout, 2, redeliver),
          recoverer(layout, 3, redeliver)},
         {.crashes = 2, .recoverers = {2, 3}});
}

TEST(SharedSlotsSearch, ASlowRecovererAndALaterUseOfTheSlot) {
  const Layout layout{.slots = 1, .cells = 2, .programs = 5};
  search(layout,
         {consumer(layout, 0, 1), recoverer(layout, 1, redeliver), recoverer(layout, 2, redeliver),
          consumer(layout, 3, 1), producer(layout, 4, 1)},
         {.waiting = 1, .recoverers = {1, 2}});
}

TEST(SharedSlotsSearch, ASecondReaderOfTheSameFrameDies) {
  const Layout layout{.slots = 1, .cells = 2, .programs = 3};
  search(layout, {consumer(layout, 0, 1), recoverer(layout, 1, redeliver), consumer(layout, 2, 2)},
         {.waiting = 1, .again = 1, .recoverers = {1}});
}

TEST(SharedSlotsSearch, AReaderThatDiesFailsItsFrame) {
  const Layout layout{.slots = 1, .cells = 2, .programs = 4};
  search(layout,
         {producer(layout, 0, 2), consumer(layout, 1, 1), consumer(layout, 2, 1),
          recoverer(layout, 3, OnReaderDeath::fail)},
         {.on_death = OnReaderDeath::fail, .recoverers = {3}});
}

TEST(SharedSlotsSearch, AProducerThatDropsTheOldest) {
  const Layout layout{.slots = 1, .cells = 2, .programs = 3};
  search(layout, {dropping_producer(layout, 0, 2), consumer(layout, 1, 2), recoverer(layout, 2, redeliver)},
         {.recoverers = {2}});
}

TEST(SharedSlotsSearch, CloseAgainstCommits) {
  const Layout layout{.slots = 2, .cells = 4, .programs = 3};
  search(layout, {producer(layout, 0, 2), consumer(layout, 1, 2), closer(layout)}, {.crashes = 2});
}
