"""Ring against collections.deque: whatever one thread does to it, in any order, for each overflow."""

from collections import deque

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import framelane as fl


class RingModel(RuleBasedStateMachine):
    overflow: fl.Overflow

    @initialize(capacity=st.integers(1, 6))
    def create(self, capacity):
        self.dropped = []
        self.ring = fl.Ring(capacity, self.overflow, on_drop=self.dropped.append)
        self.model = deque()
        self.expected_drops = []
        self.next_item = self.put = self.got = 0
        self.closed = False
        self.high_water = 0

    def new_item(self):
        self.next_item += 1
        return self.next_item

    def full(self):
        return len(self.model) == self.ring.capacity

    def accept(self, item):
        self.put += 1
        if self.full():
            loser = self.model.popleft() if self.overflow is fl.Overflow.DROP_OLDEST else item
            self.expected_drops.append(loser)
            if loser is item:
                return
        self.model.append(item)
        self.high_water = max(self.high_water, len(self.model))

    @rule(timeout=st.sampled_from([0, 0.0005]))
    def do_put(self, timeout):
        item = self.new_item()
        if self.closed:
            with pytest.raises(fl.RingClosed):
                self.ring.put(item, timeout)
        elif self.full() and self.overflow is fl.Overflow.BLOCK:
            with pytest.raises(fl.RingTimeout):
                self.ring.put(item, timeout)
        elif self.full() and self.overflow is fl.Overflow.RAISE:
            with pytest.raises(fl.RingFull):
                self.ring.put(item, timeout)
        else:
            assert self.ring.put(item, timeout) is None
            self.accept(item)

    @rule()
    def try_put(self):
        item = self.new_item()
        if self.closed:
            with pytest.raises(fl.RingClosed):
                self.ring.try_put(item)
        elif self.full() and self.overflow in (fl.Overflow.BLOCK, fl.Overflow.RAISE):
            assert not self.ring.try_put(item)
        else:
            fits = not self.full() or self.overflow is fl.Overflow.DROP_OLDEST
            assert self.ring.try_put(item) is fits
            self.accept(item)

    @rule(how=st.sampled_from(["get", "get(0)", "try_get", "next"]))
    def take(self, how):
        if self.model:
            item = {
                "get": self.ring.get,
                "get(0)": lambda: self.ring.get(0),
                "try_get": self.ring.try_get,
                "next": lambda: next(self.ring),
            }[how]()
            assert item == self.model.popleft()
            self.got += 1
        elif self.closed:
            with pytest.raises(StopIteration if how == "next" else fl.RingClosed):
                next(self.ring) if how == "next" else self.ring.try_get() if how == "try_get" else self.ring.get()
        elif how == "try_get":
            assert self.ring.try_get("none") == "none"
        else:
            with pytest.raises(fl.RingTimeout):
                self.ring.get(0.0005)

    @rule(how=st.sampled_from(["close", "with"]))
    def close(self, how):
        if how == "close":
            self.ring.close()
        else:
            with self.ring as same:
                assert same is self.ring
        self.closed = True

    @invariant()
    def agrees(self):
        assert len(self.ring) == len(self.model)
        assert self.ring.closed is self.closed
        assert self.dropped == self.expected_drops
        stats = self.ring.stats()
        assert (stats.put, stats.got, stats.dropped) == (self.put, self.got, len(self.dropped))
        assert stats.high_water == self.high_water


def case(overflow):
    machine = type(f"{overflow.name}_model", (RingModel,), {"overflow": overflow})
    machine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
    return machine.TestCase


TestBlock = case(fl.Overflow.BLOCK)
TestDropOldest = case(fl.Overflow.DROP_OLDEST)
TestDropNewest = case(fl.Overflow.DROP_NEWEST)
TestRaise = case(fl.Overflow.RAISE)
