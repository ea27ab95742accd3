"""Lesson 01: one way to write each exercise, three hints, known mistakes. These functions run with the names of the lesson."""


def record(op, parents):
    a, b = parents
    return Node(a.value + b.value if op == "add" else a.value * b.value, op, (a, b))


def edges(nodes):
    place = {id(node): k for k, node in enumerate(nodes)}
    return [(place[id(parent)], place[id(child)]) for child in nodes for parent in child.parents]


HINTS = {
    "record": (
        "Look at Node: it has three fields. You know two of them without any computing.",
        "The value is the sum or the product of the two parents' values, depending on op; op and parents are kept as they came.",
        "return Node(<a sum or a product>, <the name>, <both parents, in order>)",
    ),
    "edges": (
        "Two loops: over the nodes (each is a child), and inside over the parents of that node.",
        "The place of a node is its position in the list. Find it once for all nodes, by identity: id(node) is a good key.",
        "for child in nodes: for parent in ...: add the pair (<place of one>, <place of the other>)",
    ),
}


def always_adds(op, parents):
    return Node(parents[0].value + parents[1].value, op, parents)


def forgets_parents(op, parents):
    return Node(parents[0].value + parents[1].value if op == "add" else parents[0].value * parents[1].value, op)


def keeps_values(op, parents):
    a, b = (parent.value for parent in parents)
    return Node(a + b if op == "add" else a * b, op, (a, b))


def other_way_round(op, parents):
    a, b = parents
    return Node(a.value + b.value if op == "add" else a.value * b.value, op, (b, a))


def copies_the_parents(op, parents):
    a, b = parents
    return Node(a.value + b.value if op == "add" else a.value * b.value, op, (Node(a.value), Node(b.value)))


def forgets_op(op, parents):
    a, b = parents
    return Node(a.value + b.value if op == "add" else a.value * b.value, parents=parents)


def value_only(op, parents):
    a, b = parents
    return a.value + b.value if op == "add" else a.value * b.value


def adds_nodes(op, parents):
    a, b = parents
    return Node(a + b if op == "add" else a * b, op, parents)


def other_direction(nodes):
    place = {id(node): k for k, node in enumerate(nodes)}
    return [(place[id(child)], place[id(parent)]) for child in nodes for parent in child.parents]


def each_parent_once(nodes):
    place = {id(node): k for k, node in enumerate(nodes)}
    return [(place[p], place[id(child)]) for child in nodes for p in dict.fromkeys(id(parent) for parent in child.parents)]


def looks_up_values(nodes):
    values = [node.value for node in nodes]
    return [(values.index(parent.value), place) for place, node in enumerate(nodes) for parent in node.parents]


def asks_whether(nodes):
    return [(j, k) for k, node in enumerate(nodes) for j, other in enumerate(nodes) if other in node.parents]


def counts_from_one(nodes):
    place = {id(node): k for k, node in enumerate(nodes, start=1)}
    return [(place[id(parent)], place[id(child)]) for child in nodes for parent in child.parents]


def pairs_of_nodes(nodes):
    return [(parent, child) for child in nodes for parent in child.parents]


def parent_by_parent(nodes):
    return [(j, k) for j, parent in enumerate(nodes) for k, node in enumerate(nodes) for p in node.parents if p is parent]


MISTAKES = {
    "record": [
        (always_adds, "this is exactly what comes out when op is never looked at and everything is added"),
        (forgets_parents, "this is what comes out when the node does not keep its parents: it has a value and no past"),
        (keeps_values, "this is what comes out when the parents' values are kept, not the parents: the way back ends here"),
        (other_way_round, "both parents are kept, but the second stands first: keep them in the order in which they came"),
        (copies_the_parents, "the parents here are new nodes with the same values: keep the very nodes that came in, not copies"),
        (forgets_op, "the node does not keep the name of the operation"),
        (value_only, "this is the value alone: put it into a Node, together with op and the parents"),
        (adds_nodes, "nodes cannot be added or multiplied, their values can: a.value and b.value"),
    ],
    "edges": [
        (other_direction, "this is exactly what comes out when the pairs are turned round: values flow from parent to child"),
        (pairs_of_nodes, "these are pairs of nodes; asked are pairs of numbers, their places in the list"),
        (counts_from_one, "the places are counted from 1 here: the first node of the list has place 0"),
        (
            parent_by_parent,
            "all edges are there, but sorted by parent: go through the children, and for each through its parents",
        ),
        (looks_up_values, "two nodes can have the same value: look for the node itself, not for its value"),
        (
            asks_whether,
            "asking whether a node is among the parents finds it once, and in the list's order: go through the parents",
        ),
        (each_parent_once, "this is what comes out when a parent that is used twice by one node counts once: d*d has two edges"),
    ],
}

NUMBER = (26, 26)
SECONDS = 3.0
