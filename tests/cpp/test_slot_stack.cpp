#include <gtest/gtest.h>

#include "core/slot_stack.hpp"

using framelane::SlotStack;

TEST(SlotStack, PopsWhatWasPushedLast) {
  SlotStack stack(3);
  EXPECT_EQ(stack.pop(), 0U);
  EXPECT_EQ(stack.pop(), 1U);
  stack.push(0);
  EXPECT_EQ(stack.pop(), 0U);
  EXPECT_EQ(stack.pop(), 2U);
  EXPECT_EQ(stack.pop(), SlotStack::none);
  stack.push(2);
  EXPECT_EQ(stack.pop(), 2U);
}

// The classic fault of such a stack: between a pop's reading and its writing another thread takes the two upper slots
// and gives the first back. The first is on top again, but what was below it is still out.
TEST(SlotStack, APopThatWasOvertakenNoticesIt) {
  SlotStack stack(3);
  int calls = 0;
  const SlotStack::Slot got = stack.pop([&] {
    if (calls++ == 0) {
      EXPECT_EQ(stack.pop(), 0U);
      EXPECT_EQ(stack.pop(), 1U);
      stack.push(0);
    }
  });
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(got, 0U);
  EXPECT_EQ(stack.pop(), 2U);  // not 1, which is out
  EXPECT_EQ(stack.pop(), SlotStack::none);
}
