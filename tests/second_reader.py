#!/usr/bin/env python3
"""A second reader, written from docs/FORMAT.md alone: prints what a board file says as JSON.

usage: second_reader.py BOARD
"""

import json
import struct
import sys

MAGIC = 0x53434F5245424431
TRIES = 3


class Board:
    def __init__(self, path):
        self.file = open(path, "rb")
        header = self.words(0, 32)
        if header[0] != MAGIC:
            raise SystemExit(f"{path}: not a board")
        if header[1] >> 32 != 1:
            raise SystemExit(f"{path}: layout {header[1] >> 32}, this reads 1")
        self.header = header
        self.toc = [self.words(header[5] + 64 * i, 8) for i in range(min(header[6], 64))]
        if header[26] and header[26] != self.check():
            raise SystemExit(f"{path}: damaged, the check word does not fit")

    def check(self):
        words = [w for i, w in enumerate(self.header) if i not in (0, 26)]
        words += [w for entry in self.toc for w in entry[:6]]
        digest = 0x53434F524543484B
        for word in words:
            digest = (digest ^ word) * 0x100000001B3 % 2**64
            digest ^= digest >> 29
        return digest or 1

    def words(self, offset, count):
        self.file.seek(offset)
        data = self.file.read(count * 8)
        data += bytes(count * 8 - len(data))
        return struct.unpack(f"={count}Q", data)

    def sections(self, kind):
        return [entry for entry in self.toc if entry[0] == kind]

    def record(self, kind, index, count, at=0):
        """`count` words of record `index`, from byte `at` of it on."""
        section = self.sections(kind)[0]
        if index >= section[5]:
            return (0,) * count
        return self.words(section[2] + index * section[4] + at, count)

    def text(self, reference):
        offset, length = reference >> 32, reference & 0xFFFFFFFF
        section = self.sections(1)[0]
        if reference == 0 or offset + length > section[3]:
            return None
        self.file.seek(section[2] + offset)
        return self.file.read(length).decode(errors="replace")

    def doubled(self, kind, index, even, odd, count, at=0):
        for _ in range(TRIES):
            (sequence,) = self.record(kind, index, 1, at)
            copy = self.record(kind, index, count, odd if sequence & 1 else even)
            if self.record(kind, index, 1, at) == (sequence,):
                return sequence, copy
        return 0, (0,) * count


def packed(words):
    return b"".join(word.to_bytes(8, "little") for word in words)


def zero_ended(words):
    return packed(words).split(b"\0")[0].decode(errors="replace")


def sites(board):
    table = {}
    section = board.sections(2)[0]
    for index in range(min(section[6], section[5])):
        site = board.record(2, index, 8)
        table[site[0]] = {
            "file": board.text(site[1]),
            "line": site[2] >> 32,
            "function": board.text(site[3]),
            "label": board.text(site[4]),
            "class": ["work", "wait", "idle"][site[5] & 3] if site[5] & 0xFF < 3 else None,
            "argument": bool(site[5] & 1 << 8),
        }
    return table


def stack(board, slot, block):
    at = 1024 * (block & 1)
    for _ in range(TRIES):
        pushes, _ = board.record(6, slot, 2, at)
        frames = []
        for frame in range(1, 32):
            scope, line, argument, scope_argument = board.record(6, slot, 4, at + 32 * frame)
            if frame > 1 and scope == 0:
                break
            flux = bool(line & 1)
            scope, line = 0 if frame == 1 else scope, line & ~1
            frames.append((scope, 0 if line == scope else line, None if flux else argument))
        _, last, _, _ = board.record(6, slot, 4, at + 64)
        if board.record(6, slot, 1, at)[0] == pushes:
            return frames, last & ~1 if len(frames) == 1 and frames[0][1] == 0 else 0
    return None


def threads(board, table):
    found = []
    for slot in range(board.sections(5)[0][5]):
        for _ in range(TRIES):
            state, tid, name0, name1, _, block, _ = board.record(5, slot, 7)
            if state & 0xFF != 2:
                break
            frames, last = stack(board, slot, block) or ([], 0)
            if board.record(5, slot, 1)[0] != state:
                continue
            thread = {"tid": tid, "name": zero_ended((name0, name1))}
            scope, line, argument = frames[-1] if frames else (0, 0, None)
            site = table.get(line or scope or last)
            if site:
                thread.update(site)
                if not line and not scope:
                    thread["class"] = None
                thread["argument"] = argument if site["argument"] and line else None
            found.append(thread)
            break
    return found


def party(slot, generation):
    return generation << 16 & (1 << 48) - 1 | slot + 1 & 0xFFFF


def waiting(board):
    """Slot, generation, and what its thread waits for."""
    found = []
    for slot in range(board.sections(5)[0][5]):
        state = board.record(5, slot, 1)[0]
        for _ in range(TRIES):
            number, target, how, since = board.record(5, slot, 4, 0x38)
            if state & 0xFF != 2 or number & 1 == 0:
                break
            if board.record(5, slot, 1, 0x38)[0] == number:
                found.append((slot, state >> 8, number, target, how))
                break
    return found


def waits(board, table):
    if not board.sections(21):
        return []
    before = waiting(board)
    said = []
    for slot, generation, number, target, how in before:
        state, _, site, identity, holder = board.record(21, (target & 0xFFFF) - 1, 5)
        wait = {"slot": slot, "how": how & 0xFF, "limited": bool(how & 1 << 8), "held_by": []}
        if target and state == target >> 16 << 8 | 2:
            wait["name"] = table.get(site, {}).get("label")
            for other in range(board.sections(5)[0][5]):
                live = board.record(5, other, 1)[0]
                alone = party(other, live >> 8) | (state >> 8 & 0x7FFF) << 48
                shared = board.record(5, other, 4, 0x60)
                if live & 0xFF == 2 and (holder == alone or identity in shared):
                    wait["held_by"].append(other)
        said.append(((slot, generation, number, target, how), wait))
    after = waiting(board)
    return [wait for key, wait in said if key in after]


def quantile(counts, q, highest):
    total, seen = sum(counts), 0
    for bucket, count in enumerate(counts):
        seen += count
        if count and seen >= q * total:
            if bucket < 16:
                return bucket
            if bucket >= 656:
                width = 1 << ((bucket - 656) // 4 + 44 - 2)
                return min((4 + bucket % 4) * width + (width - 1) // 2, highest)
            width = 1 << (bucket // 16 + 3 - 4)
            return min((16 + bucket % 16) * width + (width - 1) // 2, highest)
    return None


def histogram(board, metric, role):
    words = board.sections(11)[0][4] // 8 - 8
    counts, total, highest = [0] * words, 0, 0
    for index in range(board.sections(11)[0][5]):
        head = board.record(11, index, 4)
        if head[0] == metric + 1 and head[1] == role:
            block = board.record(11, index, words, 64)
            counts = [a + b for a, b in zip(counts, block)]
            total += head[2]
            highest = max(highest, head[3])
    result = {"count": sum(counts), "sum": total, "max": highest}
    result.update({f"p{q}": quantile(counts, q / 100, highest) for q in (50, 90, 99)})
    return result


def signed(word):
    return word - (1 << 64) if word >> 63 else word


def metrics(board):
    shown = {"counters": {}, "gauges": {}, "histograms": {}, "queues": {}, "ratios": {}}
    ratios = []
    rows = board.sections(7)[0][5]
    for index in range(board.sections(3)[0][5]):
        record = board.record(3, index, 16)
        if record[0] & 0xFF != 2:
            continue
        kind, name, place = record[1] & 0xFF, board.text(record[2]), record[5]
        labels = zero_ended(record[8:16])
        name = f"{name}{{{labels}}}" if labels else name
        cell = board.record(4, index, 3)
        if board.record(3, index, 1)[0] != record[0]:
            continue
        if kind == 1:
            own = [board.record(7, row, 1, 8 * place)[0] for row in range(rows)]
            value = cell[0] if record[1] & 1 << 8 else sum(own)
            shown["counters"][name] = shown["counters"].get(name, 0) + value
        elif kind == 2:
            shown["gauges"][name] = {"value": signed(cell[0]), "max": signed(cell[1])}
        elif kind == 3:
            shown["histograms"][name] = histogram(board, index, 0)
        elif kind == 4:
            ratios.append((name, board.text(record[6]), board.text(record[7])))
        elif kind == 7:
            arrivals, _ = board.record(10, place, 2)
            starts, removed = board.record(10, place, 2, 64)
            (completions,) = board.record(10, place, 1, 128)
            shown["queues"][name] = {
                "depth": max(arrivals - starts - removed, 0),
                "arrivals": arrivals,
                "completions": completions,
            }
    for name, over, under in ratios:
        add = lambda names: sum(shown["counters"].get(n, 0) for n in (names or "").split("\n"))
        shown["ratios"][name] = add(over) / add(under) if add(under) else None
    return shown


def traces(board):
    """Operations in use or left to be read of which a trace is said: id, trace, span, whether it is sampled."""
    found = []
    if not board.sections(22):
        return found
    for index in range(board.sections(15)[0][5]):
        state = board.record(15, index, 1)[0]
        said, high, low, span = board.record(22, index, 4)
        if state & 0xFF >= 2 and said & 0xFF >= 2 and said >> 8 == state >> 8:
            trace = f"{high:016x}{low:016x}"
            found.append({"id": f"{index}-{state >> 8}", "trace": trace, "span": f"{span:016x}", "sampled": said & 1 == 1})
    return found


def facts(board):
    found = {}
    for index in range(board.sections(14)[0][5]):
        key = board.text(board.record(14, index, 2)[1])
        sequence, copy = board.doubled(14, index, 16, 136, 15)
        if key and sequence:
            found[key] = packed(copy[1:])[: min(copy[0], 112)].decode(errors="replace")
    return found


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__.strip())
    board = Board(sys.argv[1])
    header = board.header
    sequence, panic = board.doubled(19, 0, 64, 416, 44, at=32)
    exited, code = board.record(19, 0, 2)
    print(
        json.dumps(
            {
                "name": board.text(header[20]),
                "build": board.text(header[21]),
                "pid": header[7],
                "threads": threads(board, sites(board)),
                "waits": waits(board, sites(board)),
                "traces": traces(board),
                "facts": facts(board),
                "exit_code": code if exited else None,
                "panic": packed(panic[4:])[: min(panic[3], 320)].decode() if sequence else None,
                **metrics(board),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
