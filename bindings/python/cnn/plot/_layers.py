"""Places boxes of an acyclic graph in ranks: each below all that lead to it, lines that pass a rank beside its boxes.

Coordinates are across the ranks and down them, in the unit of the sizes.
"""
from __future__ import annotations

from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

SWEEPS = 12       # down and up again: of order and of places
GAP, LANE = 24.0, 12.0  # between neighbours; width that a passing line takes
FALL = 36.0       # from one rank to the next


class Placed(NamedTuple):
    """Centres of the boxes, lines as points, and the size of all."""

    centres: List[Tuple[float, float]]
    lines: List[List[Tuple[float, float]]]
    size: Tuple[float, float]


def place(sizes: Sequence[Tuple[float, float]], edges: Sequence[Tuple[int, int]]) -> Placed:
    """Boxes of sizes (across, down), joined by edges (from, to)."""
    ranks = _ranks(len(sizes), edges)
    widths = [size[0] for size in sizes]
    chains = []  # of each edge: the box, a lane in every rank between, the box
    for start, end in edges:
        lanes = list(range(len(widths), len(widths) + ranks[end] - ranks[start] - 1))
        widths += [LANE] * len(lanes)
        ranks += range(ranks[start] + 1, ranks[end])
        chains.append([start, *lanes, end])
    rows: List[List[int]] = [[] for _ in range(max(ranks) + 1)]
    for i, rank in enumerate(ranks):
        rows[rank].append(i)
    before: Dict[int, List[int]] = {i: [] for i in range(len(widths))}
    after: Dict[int, List[int]] = {i: [] for i in range(len(widths))}
    for chain in chains:
        for a, b in zip(chain, chain[1:]):
            after[a].append(b)
            before[b].append(a)
    across = _places(rows, widths, before, after)
    depths = [max([sizes[i][1] for i in row if i < len(sizes)], default=0.0) for row in rows]
    tops = [float(top) for top in np.concatenate([[0.0], np.cumsum(np.array(depths) + FALL)[:-1]])]
    centres = [(across[i], tops[ranks[i]] + depths[ranks[i]] / 2) for i in range(len(sizes))]
    lines = [_line(chain, ranks, across, tops, depths, sizes) for chain in chains]
    return Placed(centres, lines, (max(across[i] + widths[i] / 2 for i in range(len(widths))), tops[-1] + depths[-1]))


def _ranks(count: int, edges: Sequence[Tuple[int, int]]) -> List[int]:
    """The longest way to each box."""
    ranks = [0] * count
    for _ in range(count + 1):
        changed = False
        for start, end in edges:
            if ranks[end] <= ranks[start]:
                ranks[end], changed = ranks[start] + 1, True
        if not changed:
            return ranks
    raise ValueError("model_diagram 'model': its layers lead back to themselves")


def _places(rows: List[List[int]], widths: Sequence[float], before: Dict[int, List[int]],
            after: Dict[int, List[int]]) -> List[float]:
    """Where each stands across: near the middle of what it is joined to, in an order of few crossings."""
    across = [0.0] * len(widths)
    for row in rows:
        _settle(row, [0.0] * len(row), widths, across)
    for sweep in range(2 * SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else rows[::-1]:
            joined = before if down else after
            wanted = [float(np.mean([across[j] for j in joined[i]])) if joined[i] else across[i] for i in row]
            if sweep < SWEEPS:  # afterwards the order stays, and only places are mended
                order = sorted(range(len(row)), key=lambda k: wanted[k])
                row[:] = [row[k] for k in order]
                wanted = [wanted[k] for k in order]
            _settle(row, wanted, widths, across)
    left = min(across[i] - widths[i] / 2 for i in range(len(widths)))
    return [x - left for x in across]


def _settle(row: Sequence[int], wanted: Sequence[float], widths: Sequence[float], across: List[float]) -> None:
    """Places in the given order, apart as they must be, by least squares nearest to those wanted: neighbours that push
    each other move as one block."""
    offsets = [0.0]
    for a, b in zip(row, row[1:]):
        offsets.append(offsets[-1] + (widths[a] + widths[b]) / 2 + GAP)
    blocks: List[Tuple[float, int]] = []  # mean and number
    for place_wanted, offset in zip(wanted, offsets):
        mean, count = place_wanted - offset, 1
        while blocks and blocks[-1][0] > mean:
            other, more = blocks.pop()
            mean, count = (mean * count + other * more) / (count + more), count + more
        blocks.append((mean, count))
    means = [mean for mean, count in blocks for _ in range(count)]
    for i, mean, offset in zip(row, means, offsets):
        across[i] = mean + offset


def _line(chain: Sequence[int], ranks: Sequence[int], across: Sequence[float], tops: Sequence[float],
          depths: Sequence[float], sizes: Sequence[Tuple[float, float]]) -> List[Tuple[float, float]]:
    """From the bottom of the first box to the top of the last; through ranks straight down."""
    points = []
    for i in chain:
        top, bottom = tops[ranks[i]], tops[ranks[i]] + depths[ranks[i]]
        middle, half = (top + bottom) / 2, sizes[i][1] / 2 if i < len(sizes) else 0.0
        if i == chain[0]:
            points += [(across[i], middle + half), (across[i], bottom)]
        elif i == chain[-1]:
            points += [(across[i], top), (across[i], middle - half)]
        else:
            points += [(across[i], top), (across[i], bottom)]
    return [a for a, b in zip(points, points[1:]) if abs(a[0] - b[0]) + abs(a[1] - b[1]) > 1e-3] + points[-1:]
