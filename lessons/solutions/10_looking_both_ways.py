"""Lesson 10: one way to write each exercise, three hints, known mistakes. These functions run with the names of the lesson."""


def both_ways(forwards, backwards, steps):
    ahead = read(forwards, steps)
    back = read(backwards, steps[::-1])[::-1]
    return [tg.concat([p, q], axis=1) for p, q in zip(ahead, back)]


def ends(ys):
    hidden = ys.shape[2] // 2
    return tg.concat([ys[:, -1, :hidden], ys[:, 0, hidden:]], axis=1)


HINTS = {
    "both_ways": (
        "`read` does the work, twice. What does it return first when it reads from the end?",
        "Read the steps with one cell. Read them turned round with the other; what comes out starts with the last step, so turn it "
        "round again. Then join the two h of each step.",
        "ahead = <one reading>; back = <the other reading, turned round twice>; return [tg.concat(<a pair>, axis=1) for <each step>]",
    ),
    "ends": (
        "The last axis holds two halves. They were finished at opposite ends of time.",
        "From the last step take the first half, from the first step the second half, and join them.",
        "half = <how wide>; return tg.concat([ys[:, <step>, <first half>], ys[:, <step>, <second half>]], axis=1)",
    ),
}


def not_turned_back(forwards, backwards, steps):
    pairs = zip(read(forwards, steps), read(backwards, steps[::-1]))
    return [tg.concat([p, q], axis=1) for p, q in pairs]


def never_turned(forwards, backwards, steps):
    return [tg.concat([p, q], axis=1) for p, q in zip(read(forwards, steps), read(backwards, steps))]


def one_cell_twice(forwards, backwards, steps):
    pairs = zip(read(forwards, steps), read(forwards, steps[::-1])[::-1])
    return [tg.concat([p, q], axis=1) for p, q in pairs]


def backwards_first(forwards, backwards, steps):
    pairs = zip(read(forwards, steps), read(backwards, steps[::-1])[::-1])
    return [tg.concat([q, p], axis=1) for p, q in pairs]


def the_last_step(ys):
    return ys[:, -1]


def the_first_step(ys):
    return ys[:, 0]


def the_short_ends(ys):
    hidden = ys.shape[2] // 2
    return tg.concat([ys[:, 0, :hidden], ys[:, -1, hidden:]], axis=1)


def halves_changed_round(ys):
    hidden = ys.shape[2] // 2
    return tg.concat([ys[:, 0, hidden:], ys[:, -1, :hidden]], axis=1)


def added_up(forwards, backwards, steps):
    pairs = zip(read(forwards, steps), read(backwards, steps[::-1])[::-1])
    return [p + q for p, q in pairs]


def below_each_other(forwards, backwards, steps):
    pairs = zip(read(forwards, steps), read(backwards, steps[::-1])[::-1])
    return [tg.concat([p, q]) for p, q in pairs]


def turned_in_place(forwards, backwards, steps):
    ahead = read(forwards, steps)
    steps.reverse()
    return [tg.concat([p, q], axis=1) for p, q in zip(ahead, read(backwards, steps)[::-1])]


def both_whole(ys):
    return tg.concat([ys[:, -1], ys[:, 0]], axis=1)


def ends_added(ys):
    hidden = ys.shape[2] // 2
    return ys[:, -1, :hidden] + ys[:, 0, hidden:]


def ends_below(ys):
    hidden = ys.shape[2] // 2
    return tg.concat([ys[:, -1, :hidden], ys[:, 0, hidden:]])


MISTAKES = {
    "both_ways": [
        (
            not_turned_back,
            "what backwards read last was joined to the last step: its list starts at the end and must be turned round",
        ),
        (never_turned, "both cells read from the start: the second one never hears what comes later"),
        (one_cell_twice, "forwards did both readings: each direction has a cell of its own"),
        (backwards_first, "the two h of a step changed places: that of forwards comes first"),
        (added_up, "the two h were added; they may differ in size, and they should stand side by side (tg.concat)"),
        (below_each_other, "without axis=1 tg.concat puts rows below each other; the two h of a sentence belong side by side"),
        (turned_in_place, "`steps.reverse()` turns round the list of the caller; `steps[::-1]` is a new one"),
    ],
    "ends": [
        (the_last_step, "this is the last step: there the backwards half has read one input only"),
        (the_first_step, "this is the first step: there the forwards half has read one input only"),
        (the_short_ends, "these are the two h that have each read one input; the ends are changed round"),
        (halves_changed_round, "both h are there, in the other order: that of forwards comes first"),
        (both_whole, "both outputs were joined whole: of each only the half that has read everything is wanted"),
        (ends_added, "the two halves are right; they were added, and should stand side by side"),
        (ends_below, "the two halves are right; without axis=1 they stand below each other, not side by side"),
    ],
}

NUMBER = (0.93, 1.0)  # 0.958 to 0.987 on five seeds; the docstrings differ from Python to Python
SECONDS = 20.0
