"""Lesson 12: one way to write each exercise, three hints, known mistakes. These functions run with the names of the lesson."""


def pack(sequences):
    order = sorted(range(len(sequences)), key=lambda k: -len(sequences[k]))
    longest = len(sequences[order[0]])
    return [np.array([sequences[k][t] for k in order if t < len(sequences[k])]) for t in range(longest)], order


def last_states(steps, order, Wx, Wh, b):
    h, ended = np.zeros((len(order), len(Wh))), []
    for x in steps:
        ended.insert(0, h[len(x) :])
        h = tg.tanh(x @ Wx + h[: len(x)] @ Wh + b)
    return tg.concat([h, *ended])[np.argsort(order)]


HINTS = {
    "pack": (
        "First the order: the numbers 0, 1, 2, ... sorted by a key. Then one array for each step.",
        "The key is the length, negative, so that the longest comes first; `sorted` leaves equal ones as they are. At step t take row t "
        "of those sequences that have one.",
        "order = sorted(range(...), key=lambda k: <length of sequence k, negative>); "
        "[np.array([<row t> for k in order if <it still runs>]) for t in range(<the longest>)]",
    ),
    "last_states": (
        "Keep two things: h of those that run, and a list of pieces of h that have ended.",
        "Rows len(x) and later of h have ended. Those that end later stand above those that ended earlier, so each new piece goes to the "
        "front of the list. Joined, they are in the order of `order`; argsort undoes it.",
        "for x in steps: <h[len(x):] to the front of the list>; h = tg.tanh(x @ Wx + <the first rows of h> @ Wh + b); "
        "then return tg.concat([h, *<the pieces>])[<order, undone>]",
    ),
}


def as_they_came(sequences):
    steps = [np.array([s[t] for s in sequences if t < len(s)]) for t in range(max(map(len, sequences)))]
    return steps, list(range(len(sequences)))


def shortest_first(sequences):
    order = sorted(range(len(sequences)), key=lambda k: len(sequences[k]))
    longest = max(map(len, sequences))
    return [np.array([sequences[k][t] for k in order if t < len(sequences[k])]) for t in range(longest)], order


def the_other_way(sequences):
    order = sorted(range(len(sequences)), key=lambda k: -len(sequences[k]))
    longest = len(sequences[order[0]])
    steps = [np.array([sequences[k][t] for k in order if t < len(sequences[k])]) for t in range(longest)]
    return steps, np.argsort(order).tolist()


def still_padded(sequences):
    order = sorted(range(len(sequences)), key=lambda k: -len(sequences[k]))
    block = np.zeros((len(sequences), len(sequences[order[0]]), sequences[0].shape[1]))
    for row, k in enumerate(order):
        block[row, : len(sequences[k])] = sequences[k]
    return [block[:, t] for t in range(block.shape[1])], order


def forgets_the_ended(steps, order, Wx, Wh, b):
    h = np.zeros((len(order), len(Wh)))
    for x in steps:
        h = tg.tanh(x @ Wx + h[: len(x)] @ Wh + b)
    return h


def stays_sorted(steps, order, Wx, Wh, b):
    h, ended = np.zeros((len(order), len(Wh))), []
    for x in steps:
        ended.insert(0, h[len(x) :])
        h = tg.tanh(x @ Wx + h[: len(x)] @ Wh + b)
    return tg.concat([h, *ended])


def sorts_again(steps, order, Wx, Wh, b):
    h, ended = np.zeros((len(order), len(Wh))), []
    for x in steps:
        ended.insert(0, h[len(x) :])
        h = tg.tanh(x @ Wx + h[: len(x)] @ Wh + b)
    return tg.concat([h, *ended])[np.array(order)]


def appends(steps, order, Wx, Wh, b):
    h, ended = np.zeros((len(order), len(Wh))), []
    for x in steps:
        ended.append(h[len(x) :])
        h = tg.tanh(x @ Wx + h[: len(x)] @ Wh + b)
    return tg.concat([h, *ended])[np.argsort(order)]


def the_last_rows_go_on(steps, order, Wx, Wh, b):
    h, ended = np.zeros((len(order), len(Wh))), []
    for x in steps:
        ended.insert(0, h[: len(h) - len(x)])
        h = tg.tanh(x @ Wx + h[len(h) - len(x) :] @ Wh + b)
    return tg.concat([h, *ended])[np.argsort(order)]


def ties_turned_round(sequences):
    order = sorted(range(len(sequences)), key=lambda k: len(sequences[k]))[::-1]
    longest = len(sequences[order[0]])
    return [np.array([sequences[k][t] for k in order if t < len(sequences[k])]) for t in range(longest)], order


def sequence_by_sequence(sequences):
    order = sorted(range(len(sequences)), key=lambda k: -len(sequences[k]))
    return [sequences[k] for k in order], order


def sorts_in_place(sequences):
    sequences.sort(key=lambda s: -len(s))
    longest = len(sequences[0])
    return [np.array([s[t] for s in sequences if t < len(s)]) for t in range(longest)], list(range(len(sequences)))


def all_rows_go_on(steps, order, Wx, Wh, b):
    h = np.zeros((len(order), len(Wh)))
    for x in steps:
        h = tg.tanh(x @ Wx + h @ Wh + b)
    return h


def cuts_too_late(steps, order, Wx, Wh, b):
    h, ended = np.zeros((len(order), len(Wh))), []
    for x in steps:
        h = tg.tanh(x @ Wx + h[: len(x)] @ Wh + b)
        ended.insert(0, h[len(x) :])
    return tg.concat([h, *ended])[np.argsort(order)]


def writes_into_h(steps, order, Wx, Wh, b):
    h = tg.Tensor(np.zeros((len(order), len(Wh))))
    for x in steps:
        h[: len(x)] = tg.tanh(x @ Wx + h[: len(x)] @ Wh + b)
    return h[np.argsort(order)]


MISTAKES = {
    "pack": [
        (
            as_they_came,
            "this is what comes out when nobody sorts: the rows of a step then move up whenever a sequence above them ends",
        ),
        (
            shortest_first,
            "this is what comes out when the shortest stands first: what ends must stand last, so that the first rows go on",
        ),
        (
            the_other_way,
            "order is turned round: it should say for each row where it came from, not for each sequence where it went",
        ),
        (
            still_padded,
            "every step has all rows: this is the padded block again, sorted; a sequence that has ended must not be there",
        ),
        (
            ties_turned_round,
            "sequences of one length have changed places: sort by the negative length instead of turning the list round",
        ),
        (
            sequence_by_sequence,
            "these are the sequences, sorted; what is asked for is step by step: steps[t] holds row t of all that still run",
        ),
        (
            sorts_in_place,
            "the list of the caller was sorted, and where each row came from is lost: sort the numbers 0, 1, 2 and so on, by length",
        ),
    ],
    "last_states": [
        (forgets_the_ended, "only those that run to the last step are returned: what has ended was cut off and not kept"),
        (stays_sorted, "the rows are right and stand longest first: the caller's order has to be restored"),
        (sorts_again, "this is what comes out when the rows are sorted by `order` a second time instead of being put back"),
        (appends, "this is what comes out when the pieces are joined first ended, first: the longest belong on top"),
        (the_last_rows_go_on, "the last rows of h go on here; but the longest stand on top, so it is the first rows that do"),
        (all_rows_go_on, "h has more rows than x here: only the first len(x) rows of h go on"),
        (cuts_too_late, "the new h has len(x) rows already, so there is nothing below them: lay rows aside before the step"),
        (writes_into_h, "writing into h would overwrite values that the way back needs: keep the pieces in a list and join them"),
    ],
}

NUMBER = (0.4, 0.6)  # 0.48 to 0.54 on five seeds: chance, of 500 sentences
SECONDS = 18.0
