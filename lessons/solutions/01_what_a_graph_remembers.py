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


def other_direction(nodes):
    place = {id(node): k for k, node in enumerate(nodes)}
    return [(place[id(child)], place[id(parent)]) for child in nodes for parent in child.parents]


def each_parent_once(nodes):
    place = {id(node): k for k, node in enumerate(nodes)}
    return [(place[p], place[id(child)]) for child in nodes for p in dict.fromkeys(id(parent) for parent in child.parents)]


MISTAKES = {
    "record": [
        (always_adds, "this is exactly what comes out when op is never looked at and everything is added"),
        (forgets_parents, "this is what comes out when the node does not keep its parents: it has a value and no past"),
        (keeps_values, "this is what comes out when the parents' values are kept, not the parents: the way back ends here"),
    ],
    "edges": [
        (other_direction, "this is exactly what comes out when the pairs are turned round: values flow from parent to child"),
        (each_parent_once, "this is what comes out when a parent that is used twice by one node counts once: d*d has two edges"),
    ],
}

NUMBER = (26, 26)
SECONDS = 3.0
