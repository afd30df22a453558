import random
from decimal import Decimal
from xml.etree import ElementTree as Xml

from graders.language import speaking
from graders.report.charts import bar, curve, histogram, thinned, ticks
from graders.report.exhibits import Curve, DrawnNode, NetworkDrawing
from graders.report.network import network

SVG = "{http://www.w3.org/2000/svg}"


def parts(markup, css):
    return [e for e in Xml.fromstring(str(markup)).iter() if e.get("class") == css]


def test_a_residual_network_shows_each_node_and_each_block(residual):
    with speaking("en"):
        columns = network(residual)
    shapes = [shape for column in columns for shape in parts(column, "shape")]
    assert len(shapes) == len(residual.nodes)
    frames = [frame for column in columns for frame in parts(column, "block")]
    assert len(frames) == 3
    words = " ".join(text for column in columns for text in Xml.fromstring(str(column)).itertext())
    assert "Block 3" in words
    assert "64 → 128" in words


def test_a_block_frame_holds_its_nodes_and_its_skip(residual):
    with speaking("en"):
        (column,) = network(residual.model_copy(update={"nodes": residual.nodes[:9]}))
    frame = parts(column, "block")[0]
    right = float(frame.get("x")) + float(frame.get("width"))
    assert right <= float(Xml.fromstring(str(column)).get("width"))


def test_random_networks_are_well_formed_and_stay_inside_the_drawing():
    chance = random.Random(3)
    kinds = ["linear", "add", "concat", "norm", "other", "input"]
    for _trial in range(40):
        n = chance.randint(1, 40)
        nodes = tuple(
            DrawnNode(
                id=str(i),
                label="L" * chance.randint(1, 60),
                kind=chance.choice(kinds),
                detail="d" * chance.randint(0, 60),
                block=chance.choice([None, 0, 1]),
            )
            for i in range(n)
        )
        edges = tuple(
            (str(i), str(j)) for i in range(n) for j in range(n) if chance.random() < 1.5 / n
        )
        with speaking("es"):
            columns = network(NetworkDrawing(title="t", nodes=nodes, edges=edges))
        count = 0
        for column in columns:
            root = Xml.fromstring(str(column))
            width, height = float(root.get("width")), float(root.get("height"))
            for shape in parts(column, "shape"):
                count += 1
                x, y = float(shape.get("x")), float(shape.get("y"))
                assert x >= 0
                assert y >= 0
                assert x + float(shape.get("width")) <= width
                assert y + float(shape.get("height")) <= height
        assert count == n


def test_hostile_labels_stay_text(hostile):
    node = DrawnNode(id=hostile, label=hostile, detail=hostile)
    with speaking("es"):
        (column,) = network(NetworkDrawing(title=hostile, nodes=(node,)))
    assert "<script" not in column
    Xml.fromstring(str(column))


def test_ticks_are_round_and_cover_the_range():
    assert ticks(0, 10) == [0, 2, 4, 6, 8, 10]
    marks = ticks(0.137, 0.693)
    assert marks[0] <= 0.137
    assert marks[-1] >= 0.693


def test_thinning_keeps_the_extremes():
    points = [(float(i), 0.0) for i in range(5000)]
    points[1234] = (1234.0, 9.0)
    points[4321] = (4321.0, -9.0)
    kept = thinned(points)
    assert len(kept) <= 401
    assert (1234.0, 9.0) in kept
    assert (4321.0, -9.0) in kept


def test_curves_survive_strange_numbers():
    inf, nan = float("inf"), float("nan")
    series = [
        ((0, nan), (1, inf), (nan, 1)),
        ((0, 1.0),),
        ((0, 1.0), (0, 1.0)),
        ((0, 1e300), (1, 2.0)),
        ((0, 1e16), (1, 1e16 + 2)),
        ((1e-300, 1e-300), (2e-300, 2e-300)),
        ((0, -5.0), (1e9, 7e11)),
    ]
    for points in series:
        drawn = curve(Curve(title="t", series={"a": points, "b": ()}))
        if drawn:
            assert "nan" not in drawn
            assert "inf" not in drawn
            Xml.fromstring(str(drawn))


def test_curve_numbers_follow_the_language():
    shown = Curve(title="t", series={"a": ((0, 0.1), (1, 0.4))})
    with speaking("es"):
        assert "0,2" in curve(shown)
    with speaking("en"):
        assert "0.2" in curve(shown)


def test_histogram_counts_settled_marks_and_draws_ranges():
    marks = [Decimal("0"), Decimal("9.99"), Decimal("10"), Decimal("10.3"), Decimal("10.3")]
    drawn = histogram(marks, [(Decimal(1), Decimal(3))], Decimal("10.3"), "marks")
    assert len(parts(drawn, "bar")) == 3
    assert len(parts(drawn, "range")) == 1


def test_histogram_of_nothing_and_of_large_marks():
    Xml.fromstring(str(histogram([], [], Decimal(0), "m")))
    many = histogram([Decimal(55)], [], Decimal(100), "m")
    assert len(parts(many, "bar")) == 1


def test_a_bar_stays_in_its_track():
    for share in (-1.0, 0.0, 0.5, 7.0):
        (filled,) = parts(bar(share, "x"), "bar")
        assert 0 < float(filled.get("width")) <= 150
