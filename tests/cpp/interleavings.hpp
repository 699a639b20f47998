#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

// A search over all interleavings of a few small programs that share words of memory, with a crash of a program at
// every step. Programs are plain functions over `Cell`, which has the operations of std::atomic that we use.
//
// A program is deterministic in what its accesses return. So where it stands is known from the list of these results,
// and what it does next is found by running it again with them (once: `Course` remembers). A state of the whole
// is then the memory and where each program stands, and no state is visited twice.
namespace interleavings {

using Word = std::uint64_t;

struct Access {
  enum Kind : std::uint8_t { load, exchange, store } kind = load;
  std::size_t index = 0;
  Word expected = 0;
  Word desired = 0;
};

// What runs a program as far as its results are known.
class Replay {
 public:
  struct Stop {};  // thrown at the first access whose result is not known
  explicit Replay(std::vector<Word> results) : results_(std::move(results)) {}
  Word access(const Access& next) {
    if (done_ < results_.size()) {
      return results_[done_++];
    }
    pending = next;
    throw Stop{};
  }
  Access pending;

 private:
  std::vector<Word> results_;
  std::size_t done_ = 0;
};
inline thread_local Replay* replay = nullptr;
inline std::vector<Word>* direct = nullptr;  // without a replay: the memory itself

// One word, as a program sees it.
class Cell {
 public:
  explicit Cell(std::size_t index) : index_(index) {}
  [[nodiscard]] Word load() const {
    return replay != nullptr ? replay->access({Access::load, index_, 0, 0}) : (*direct)[index_];
  }
  // The result is the word that was there.
  bool compare_exchange_strong(Word& expected, Word desired) const {
    Word was = 0;
    if (replay != nullptr) {
      was = replay->access({Access::exchange, index_, expected, desired});
    } else {
      was = (*direct)[index_];
      (*direct)[index_] = was == expected ? desired : was;
    }
    const bool same = was == expected;
    expected = was;
    return same;
  }
  void store(Word desired) const {
    if (replay != nullptr) {
      replay->access({Access::store, index_, 0, desired});
    } else {
      (*direct)[index_] = desired;
    }
  }

 private:
  std::size_t index_;
};

// A program and all the places in which it was found so far.
class Course {
 public:
  static constexpr std::size_t too_long = 400;
  struct Place {
    bool ended = false;
    Access next;
    std::vector<Word> results;
    std::map<Word, std::size_t> after;  // result of `next` -> place
  };
  explicit Course(std::function<void()> program) : program_(std::move(program)) { add({}); }
  [[nodiscard]] const Place& at(std::size_t place) const { return *places_[place]; }
  std::size_t after(std::size_t place, Word result) {
    if (const auto found = places_[place]->after.find(result); found != places_[place]->after.end()) {
      return found->second;
    }
    auto results = places_[place]->results;
    results.push_back(result);
    const std::size_t next = add(std::move(results));
    places_[place]->after[result] = next;
    return next;
  }

 private:
  std::size_t add(std::vector<Word> results) {
    if (results.size() > too_long) {
      throw std::runtime_error("a program does not come to an end");
    }
    auto place = std::make_unique<Place>();
    Replay run(results);
    replay = &run;
    try {
      program_();
      place->ended = true;
    } catch (const Replay::Stop&) {
      place->next = run.pending;
    } catch (...) {
      replay = nullptr;
      throw;
    }
    replay = nullptr;
    place->results = std::move(results);
    places_.push_back(std::move(place));
    return places_.size() - 1;
  }
  std::function<void()> program_;
  std::vector<std::unique_ptr<Place>> places_;
};

// `World` is what the programs must keep true: copyable, with
//   std::vector<Word> memory;
//   void changed(std::size_t program, std::size_t index, Word before, Word after);   throws when it must not be
//   void died(std::size_t program);
//   void ended();                            every program ended or died; may change this copy
//   void add_to(std::vector<Word>& key);     what else distinguishes two states
template <class World>
class Search {
 public:
  Search(World start, std::vector<std::function<void()>> programs, int crashes) : crashes_(crashes) {
    for (auto& program : programs) {
      courses_.emplace_back(std::move(program));
    }
    visit({std::move(start), std::vector<std::size_t>(courses_.size()), std::vector<bool>(courses_.size()), 0});
    while (!open_.empty()) {
      const State state = std::move(open_.back());
      open_.pop_back();
      expand(state);
    }
  }
  [[nodiscard]] std::size_t states() const { return seen_.size(); }
  [[nodiscard]] std::size_t ends() const { return ends_; }

 private:
  struct State {
    World world;
    std::vector<std::size_t> places;
    std::vector<bool> dead;
    int crashes = 0;
  };
  using Key = std::pair<Word, Word>;
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept { return key.first; }
  };

  static Key digest(const std::vector<Word>& words) {
    Key key{0x9E3779B97F4A7C15U, 0xC2B2AE3D27D4EB4FU};
    for (const Word word : words) {
      key.first = (key.first ^ word) * 0xFF51AFD7ED558CCDU;
      key.first ^= key.first >> 32U;
      key.second = (key.second + word) * 0xC4CEB9FE1A85EC53U;
      key.second ^= key.second >> 29U;
    }
    return key;
  }

  void visit(State state) {
    std::vector<Word> words = state.world.memory;
    words.insert(words.end(), state.places.begin(), state.places.end());
    words.insert(words.end(), state.dead.begin(), state.dead.end());
    state.world.add_to(words);
    if (seen_.insert(digest(words)).second) {
      open_.push_back(std::move(state));
    }
  }

  void expand(const State& state) {
    bool over = true;
    for (std::size_t i = 0; i < courses_.size(); ++i) {
      const auto& place = courses_[i].at(state.places[i]);
      if (state.dead[i] || place.ended) {
        continue;
      }
      over = false;
      step(state, i, place.next);
      if (state.crashes < crashes_) {
        State next = state;
        next.dead[i] = true;
        ++next.crashes;
        next.world.died(i);
        visit(std::move(next));
      }
    }
    if (over) {
      ++ends_;
      World last = state.world;
      last.ended();
    }
  }

  void step(const State& state, std::size_t program, const Access& access) {
    State next = state;
    Word& word = next.world.memory[access.index];
    const Word was = word;
    if (access.kind == Access::store || (access.kind == Access::exchange && was == access.expected)) {
      word = access.desired;
      next.world.changed(program, access.index, was, access.desired);
    }
    next.places[program] = courses_[program].after(state.places[program], was);
    visit(std::move(next));
  }

  std::vector<Course> courses_;
  int crashes_;
  std::vector<State> open_;
  std::unordered_set<Key, Hash> seen_;
  std::size_t ends_ = 0;
};

}  // namespace interleavings
