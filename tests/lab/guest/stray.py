"""Finds the moment of a switch from the arrays' side: from the first write that reaches the destination LUN on,
every write that the host sends to the source LUN is stray, also while the switch's job is still running."""
import threading

INTERVAL_S = 0.05


class SwitchWatch:
    """Watches pairs of LUNs while they are switched to the destination."""

    def __init__(self, pairs):
        self.pairs = pairs                  # index -> (source LUN, destination LUN)
        self.written = {index: destination.write_stat()[1] for index, (_, destination) in pairs.items()}
        self.baseline = {}
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopped.wait(INTERVAL_S):
            self.sample()

    def sample(self):
        for index, (source, destination) in self.pairs.items():
            # in this order: what the source counts now was written before the destination was seen written to
            if index not in self.baseline and destination.write_stat()[1] != self.written[index]:
                self.baseline[index] = source.write_stat()

    def stop(self):
        """Gives what each source LUN had counted when its host had just begun to write to the destination;
        for a LUN that nobody wrote to, what it counts now."""
        self.stopped.set()
        self.thread.join()
        return {index: self.baseline.get(index) or source.write_stat()
                for index, (source, _) in self.pairs.items()}
