"""Sources, stages and sinks for pipelines under test."""

import numpy as np


def numbers(count):
    for index in range(count):
        yield np.full((2, 2), index)


def add_one(frame):
    return frame.image + 1


def ignore(frame):
    pass


def values(frames):
    return [int(frame.image[0, 0]) for frame in frames]


class Writer:
    """A sink as readers and writers of video are."""

    name = "writer"

    def __init__(self):
        self.frames = []
        self.calls = []

    def open(self, source):
        self.calls.append("open")
        self.source = source

    def __call__(self, frame):
        self.frames.append(frame)

    def close(self):
        self.calls.append("close")

    def abort(self):
        self.calls.append("abort")
        return f"out.partial ({len(self.frames)} frames)"


class Source:
    """A source that can be closed, and raises where it is told to."""

    def __init__(self, count=100, fault=None):
        self.count = count
        self.fault = fault
        self.closed = 0

    def __iter__(self):
        for index in range(self.count):
            if index == self.fault:
                raise ValueError("no more film")
            yield np.full((2, 2), index)

    def close(self):
        self.closed += 1
