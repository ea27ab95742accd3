"""Lesson 02: one way to write each exercise, three hints, known mistakes. These functions run with the names of the lesson."""


def order(root):
    done, listed, stack = set(), [], [root]
    while stack:
        node = stack[-1]
        waiting = [parent for parent in node.parents if id(parent) not in done]
        if waiting:
            stack.append(waiting[0])
        else:
            listed.append(stack.pop())
            done.add(id(node))
    return listed


def gradients(nodes):
    total = {id(node): 0.0 for node in nodes}
    total[id(nodes[-1])] = 1.0
    for node in reversed(nodes):
        for parent, slope in zip(node.parents, node.slopes):
            total[id(parent)] += total[id(node)] * slope
    return [total[id(node)] for node in nodes]


HINTS = {
    "order": (
        "Try crossed() by hand first: which node may be listed first? Which must wait, and for whom?",
        "While there is a stack: if a parent of its top is not listed yet, that parent goes on top; else the top is taken off and listed.",
        "while stack: node = <the top>; waiting = [<its parents that are not done>]; either push one of them, or pop and list the node",
    ),
    "gradients": (
        "Start with a total of 0 for each node, by id(node), and of 1 for the last one. Then go through the list from its end.",
        "dL/d(parent) is the sum, over all uses, of dL/d(child) times the slope of that edge.",
        "for node in <the list, backwards>: for parent, slope in zip(...): <the parent's total> += <...> * <...>",
    ),
}


def children_first(root):
    done, listed, stack = set(), [], [root]
    while stack:
        node = stack.pop()
        if id(node) not in done:
            done.add(id(node))
            listed.append(node)
            stack.extend(node.parents)
    return listed


def by_distance(root):
    listed = [root]
    for node in listed:
        listed.extend(parent for parent in dict.fromkeys(node.parents) if parent not in listed)
    return listed[::-1]


def every_path(root):
    listed, stack = [], [root]
    while stack:
        node = stack.pop()
        listed.append(node)
        stack.extend(node.parents)
    return listed[::-1]


def recursive(root):
    listed = []

    def visit(node):
        for parent in node.parents:
            if parent not in listed:
                visit(parent)
        listed.append(node)

    visit(root)
    return listed


def all_parents_at_once(root):
    done, listed, stack = set(), [], [root]
    while stack:
        node = stack[-1]
        waiting = [parent for parent in node.parents if id(parent) not in done]
        if waiting:
            stack.extend(waiting)
        else:
            listed.append(stack.pop())
            done.add(id(node))
    return listed


def without_root(root):
    listed, stack = [], [root]
    while stack:
        waiting = [parent for parent in stack[-1].parents if parent not in listed]
        if waiting:
            stack.append(waiting[0])
        else:
            listed.append(stack.pop())
    return listed[:-1]


def overwrites(nodes):
    total = {id(node): 0.0 for node in nodes}
    total[id(nodes[-1])] = 1.0
    for node in reversed(nodes):
        for parent, slope in zip(node.parents, node.slopes):
            total[id(parent)] = total[id(node)] * slope
    return [total[id(node)] for node in nodes]


def from_the_front(nodes):
    total = {id(node): 0.0 for node in nodes}
    total[id(nodes[-1])] = 1.0
    for node in nodes:
        for parent, slope in zip(node.parents, node.slopes):
            total[id(parent)] += total[id(node)] * slope
    return [total[id(node)] for node in nodes]


def no_slopes(nodes):
    total = {id(node): 0.0 for node in nodes}
    total[id(nodes[-1])] = 1.0
    for node in reversed(nodes):
        for parent in node.parents:
            total[id(parent)] += total[id(node)]
    return [total[id(node)] for node in nodes]


def slopes_only(nodes):
    total = {id(node): 0.0 for node in nodes}
    total[id(nodes[-1])] = 1.0
    for node in reversed(nodes):
        for parent, slope in zip(node.parents, node.slopes):
            total[id(parent)] += slope
    return [total[id(node)] for node in nodes]


def last_first(nodes):
    total = {id(node): 0.0 for node in nodes}
    total[id(nodes[-1])] = 1.0
    for node in reversed(nodes):
        for parent, slope in zip(node.parents, node.slopes):
            total[id(parent)] += total[id(node)] * slope
    return [total[id(node)] for node in reversed(nodes)]


def starts_with_nothing(nodes):
    return [0.0 for node in nodes]


MISTAKES = {
    "order": [
        (recursive, "a sequence of 1500 steps is deeper than Python's stack of calls: keep a stack of your own"),
        (children_first, "this is the list of a walk that starts at root and writes down what it meets: children stand first"),
        (by_distance, "this is the order by distance from root; a parent can be near to root by one way and far by another"),
        (every_path, "this is what comes out when nobody remembers who is listed: one entry for every path"),
        (
            all_parents_at_once,
            "a node was put on the stack twice and listed twice: put one parent on it, then look at the top anew",
        ),
        (without_root, "root itself is missing: it stands last"),
    ],
    "gradients": [
        (
            overwrites,
            "this is exactly what comes out when the last use of a node overwrites the others: what they send has to be added",
        ),
        (from_the_front, "this is what comes out when the list is walked from the front: nobody has received anything yet"),
        (no_slopes, "the slopes take no part: this counts the paths to each node"),
        (slopes_only, "this adds up the slopes of the edges; each has to be multiplied by the gradient of the child"),
        (last_first, "the numbers are right, in the wrong direction: the list has the order of nodes, the result last"),
        (starts_with_nothing, "every gradient is 0: the last node starts with 1"),
    ],
}

NUMBER = (8.1e7, 8.2e7)  # exact: no random number decides it
SECONDS = 3.0
