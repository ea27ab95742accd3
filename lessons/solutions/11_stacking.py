"""Lesson 11: one way to write each exercise, three hints, known mistakes. These functions run with the names of the lesson."""


def stack(cells, xs):
    layers = []
    for number, cell in enumerate(cells, start=1):
        xs = layer(number, cell, xs)
        layers.append(xs)
    return layers


def stack_with_skips(cells, xs):
    layers = [layer(1, cells[0], xs)]
    for number, cell in enumerate(cells[1:], start=2):
        hs = layer(number, cell, layers[-1])
        layers.append([x + h for x, h in zip(layers[-1], hs)])
    return layers


HINTS = {
    "stack": (
        "A loop over the cells. What one layer returned is what the next one reads.",
        "Start with an empty list. `enumerate(cells, start=1)` gives number and cell. Keep what `layer` returns twice: in the list, and "
        "as the input of the next round.",
        "for number, cell in enumerate(...): xs = <this layer's h>; <keep them>; after the loop return the list",
    ),
    "stack_with_skips": (
        "The lowest layer is as before. From the second on, two lines: run the layer, then add, step by step.",
        "y_t = x_t + h_t, where x_t is what this layer read: the last entry of your list so far. `zip` walks through both lists at once.",
        "layers = [<layer 1>]; for number, cell in enumerate(<the other cells>, start=2): hs = <...>; "
        "layers.append([<a sum> for x, h in zip(<what was read>, hs)])",
    ),
}


def all_read_the_words(cells, xs):
    return [layer(number, cell, xs) for number, cell in enumerate(cells, start=1)]


def only_the_top(cells, xs):
    for number, cell in enumerate(cells, start=1):
        xs = layer(number, cell, xs)
    return xs


def one_cell_for_all(cells, xs):
    layers = []
    for number, _ in enumerate(cells, start=1):
        xs = layer(number, cells[0], xs)
        layers.append(xs)
    return layers


def from_the_top(cells, xs):
    layers = []
    for number, cell in enumerate(reversed(cells), start=1):
        xs = layer(number, cell, xs)
        layers.append(xs)
    return layers


def no_skip(cells, xs):
    layers = []
    for number, cell in enumerate(cells, start=1):
        xs = layer(number, cell, xs)
        layers.append(xs)
    return layers


def joins_lists(cells, xs):
    layers = [layer(1, cells[0], xs)]
    for number, cell in enumerate(cells[1:], start=2):
        layers.append(layers[-1] + layer(number, cell, layers[-1]))
    return layers


def from_the_bottom(cells, xs):
    layers = [layer(1, cells[0], xs)]
    for number, cell in enumerate(cells[1:], start=2):
        hs = layer(number, cell, layers[-1])
        layers.append([x + h for x, h in zip(layers[0], hs)])
    return layers


def lost_above(cells, xs):
    below = layer(1, cells[0], xs)
    layers = [below]
    for number, cell in enumerate(cells[1:], start=2):
        hs = layer(number, cell, below)
        layers.append([x + h for x, h in zip(below, hs)])
        below = hs
    return layers


def top_first(cells, xs):
    layers = []
    for number, cell in enumerate(cells, start=1):
        xs = layer(number, cell, xs)
        layers.insert(0, xs)
    return layers


def last_steps(cells, xs):
    layers = []
    for number, cell in enumerate(cells, start=1):
        xs = layer(number, cell, xs)
        layers.append(xs[-1])
    return layers


def with_the_words(cells, xs):
    layers = [xs]
    for number, cell in enumerate(cells, start=1):
        layers.append(layer(number, cell, layers[-1]))
    return layers


def skips_everywhere(cells, xs):
    layers = []
    for number, cell in enumerate(cells, start=1):
        xs = [x + h for x, h in zip(xs, layer(number, cell, xs))]
        layers.append(xs)
    return layers


def added_afterwards(cells, xs):
    layers = stack(cells, xs)
    for k in range(1, len(layers)):
        layers[k] = [x + h for x, h in zip(layers[k - 1], layers[k])]
    return layers


def skips_everywhere_too(cells, xs):
    layers = []
    for number, cell in enumerate(cells, start=1):
        xs = [h + x for h, x in zip(layer(number, cell, xs), xs)]
        layers.append(xs)
    return layers


MISTAKES = {
    "stack": [
        (
            all_read_the_words,
            "this is what comes out when every layer reads the words: they stand side by side, not on top of each other",
        ),
        (only_the_top, "these are the h of the top alone; the outputs of every layer are asked for"),
        (
            one_cell_for_all,
            "this is what comes out when the lowest cell is used for every layer: each layer has weights of its own",
        ),
        (from_the_top, "this is what comes out when the last cell reads the words: the list starts with the lowest"),
        (top_first, "the layers are right, but the top stands first in the list: the lowest comes first"),
        (last_steps, "only the last h of each layer is in the list: the h of every step are asked for"),
        (with_the_words, "the words xs are in the list too: only what layers put out belongs there"),
    ],
    "stack_with_skips": [
        (no_skip, "this is the stack without skips: what a layer has read is not added to what it wrote"),
        (joins_lists, "+ between two lists puts them one after another; the numbers have to be added step by step"),
        (
            from_the_bottom,
            "this adds what the lowest layer wrote each time; a skip goes past one layer, so add what this layer read",
        ),
        (lost_above, "the layer above reads h here; it should read the sum, or the copy ends after one layer"),
        (skips_everywhere, "the lowest layer was given a skip too: its input has another size, so it has none"),
        (added_afterwards, "the sums were made after all layers had run: each layer has to read the sum of the one below it"),
        (skips_everywhere_too, "the lowest layer was given a skip too: its input has another size, so it has none"),
    ],
}

NUMBER = (4e-7, 3e-6)  # 9e-7 to 1.2e-6 on five seeds
SECONDS = 18.0
