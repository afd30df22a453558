import random

from graders.report.exhibits import DrawnNode, NetworkDrawing
from graders.report.layout import lay_out


def drawn(names, edges):
    return NetworkDrawing(
        title="t", nodes=tuple(DrawnNode(id=n, label=n) for n in names), edges=tuple(edges)
    )


def test_a_chain_is_one_column():
    layout = lay_out(drawn("abc", [("a", "b"), ("b", "c")]))
    assert layout.row == {"a": 0, "b": 1, "c": 2}
    assert layout.chain == ("a", "b", "c")
    assert layout.detours == ()


def test_an_identity_skip_is_a_lane_without_nodes():
    layout = lay_out(drawn("abc", [("a", "b"), ("b", "c"), ("a", "c")]))
    (skip,) = layout.detours
    assert (skip.source, skip.nodes, skip.targets) == ("a", (), ("c",))


def test_a_projection_stands_beside_the_chain():
    edges = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "p"), ("p", "d")]
    layout = lay_out(drawn("abcdp", edges))
    assert layout.chain == ("a", "b", "c", "d")
    (way,) = layout.detours
    assert (way.source, way.nodes, way.targets) == ("a", ("p",), ("d",))
    assert way.lane in layout.wide


def test_one_source_of_many_skips_takes_one_lane(dense):
    layout = lay_out(dense)
    assert len({d.source for d in layout.detours}) == len(layout.detours)
    assert max(len(d.targets) for d in layout.detours) >= 3


def test_skips_of_successive_blocks_share_a_lane(residual):
    layout = lay_out(residual)
    assert len(layout.detours) == 3
    assert layout.lanes == 2  # identities in one, the projection in another


def test_a_long_network_is_cut_between_blocks(residual):
    layout = lay_out(residual, rows_per_column=14)
    assert layout.cuts
    block = {node.id: node.block for node in residual.nodes}
    at = {layout.row[name]: block[name] for name in layout.chain}
    for cut in layout.cuts:
        assert at[cut] is None or at[cut] != at[cut - 1]


def test_circles_loops_and_unknown_ends_do_no_harm():
    edges = [("a", "b"), ("b", "a"), ("b", "b"), ("b", "c"), ("z", "c"), ("a", "b")]
    layout = lay_out(drawn("abc", edges))
    assert layout.row == {"a": 0, "b": 1, "c": 2}


def test_nothing_to_draw():
    assert lay_out(drawn("", [])).rows == 0


def test_every_edge_of_random_graphs_is_drawn_once_and_downwards():
    chance = random.Random(7)
    for _trial in range(60):
        n = chance.randint(1, 30)
        names = [f"n{i}" for i in range(n)]
        edges = {
            (names[i], names[j])
            for i in range(n)
            for j in range(i + 1, n)
            if chance.random() < 2 / n
        }
        layout = lay_out(drawn(names, sorted(edges)), rows_per_column=6)
        found = list(zip(layout.chain, layout.chain[1:], strict=False))
        for detour in layout.detours:
            if detour.nodes and detour.source is not None:
                found.append((detour.source, detour.nodes[0]))
            found += zip(detour.nodes, detour.nodes[1:], strict=False)
            last = detour.nodes[-1] if detour.nodes else detour.source
            found += [(last, end) for end in detour.targets]
        assert sorted(found) == sorted(edges)
        assert all(layout.row[start] < layout.row[end] for start, end in found)
        for one in layout.detours:
            for other in layout.detours:
                if one is not other and one.lane == other.lane:
                    assert one.bottom <= other.top or other.bottom <= one.top
