"""The hold model in SimPy: each process waits, again and again, for an exponential time.

    python3 hold.py EVENTS PENDING

It prints one line with the processor time that so many events took.
"""

import random
import resource
import sys
import time

import simpy


def wait(env, gaps):
    while True:
        yield env.timeout(next(gaps))


def cycle(times):
    while True:
        yield from times


def main():
    events, pending = int(sys.argv[1]), int(sys.argv[2])
    random.seed(1)
    # Drawn beforehand, so that no draw is measured; the mean is 10 ms.
    gaps = cycle([random.expovariate(100.0) for _ in range(1 << 16)])
    env = simpy.Environment()
    for _ in range(pending):
        env.process(wait(env, gaps))
    # The event that begins a process.
    for _ in range(pending):
        env.step()
    begun = time.process_time_ns()
    for _ in range(events):
        env.step()
    nanos = time.process_time_ns() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"count={events} cpu-ns={nanos} peak-bytes={peak} simpy={simpy.__version__}")


main()
