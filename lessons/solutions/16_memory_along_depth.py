"""Lesson 16: one way to write each exercise, three hints, known mistakes. These functions run with the names of the lesson."""


def along(H, m, W, b):
    u, f, g, o = tg.split(H @ W + b, 4)
    m = tg.sigmoid(f) * m + tg.sigmoid(u) * tg.tanh(g)
    return tg.tanh(tg.sigmoid(o) * m), m


def grid_lstm_step(h, m, h_up, m_up, W, b, W_up, b_up):
    h, m = along(tg.concat([h, h_up], axis=1), m, W, b)
    h_up, m_up = along(tg.concat([h, h_up], axis=1), m_up, W_up, b_up)
    return h, m, h_up, m_up


HINTS = {
    "along": (
        "It is an LSTM step in which H stands for x and h together. Cut the sum into four, then squash each part.",
        "The new m is the forget gate times the old m plus u times g; the new h is the tanh of o times the new m.",
        "four parts = tg.split(<a sum>, 4); m = <gate> * m + <gate> * <tanh>; return tg.tanh(<gate> * <...>), m",
    ),
    "grid_lstm_step": (
        "Call along twice: once with the m, W and b of time, once with those of depth.",
        "Both read two h side by side. The second time, the h of time is the one that the first call has returned.",
        "h, m = along(<h beside h_up>, <...>); then h_up, m_up = along(<the new h beside h_up>, <...>); return all four",
    ),
}


def tanh_inside(H, m, W, b):
    u, f, g, o = tg.split(H @ W + b, 4)
    m = tg.sigmoid(f) * m + tg.sigmoid(u) * tg.tanh(g)
    return tg.sigmoid(o) * tg.tanh(m), m


def swapped(H, m, W, b):
    f, u, g, o = tg.split(H @ W + b, 4)
    m = tg.sigmoid(f) * m + tg.sigmoid(u) * tg.tanh(g)
    return tg.tanh(tg.sigmoid(o) * m), m


def old_memory(H, m, W, b):
    u, f, g, o = tg.split(H @ W + b, 4)
    return tg.tanh(tg.sigmoid(o) * m), tg.sigmoid(f) * m + tg.sigmoid(u) * tg.tanh(g)


def at_once(h, m, h_up, m_up, W, b, W_up, b_up):
    H = tg.concat([h, h_up], axis=1)
    return *along(H, m, W, b), *along(H, m_up, W_up, b_up)


def one_memory(h, m, h_up, m_up, W, b, W_up, b_up):
    h, m = along(tg.concat([h, h_up], axis=1), m, W, b)
    h_up, m_up = along(tg.concat([h, h_up], axis=1), m, W_up, b_up)
    return h, m, h_up, m_up


def one_matrix(h, m, h_up, m_up, W, b, W_up, b_up):
    h, m = along(tg.concat([h, h_up], axis=1), m, W, b)
    h_up, m_up = along(tg.concat([h, h_up], axis=1), m_up, W, b)
    return h, m, h_up, m_up


MISTAKES = {
    "along": [
        (tanh_inside, "this is exactly what an LSTM does, o tanh(m); in a grid the tanh stands outside: tanh(o m)"),
        (swapped, "this is what comes out when the first part is taken for f: the order is u, f, g, o"),
        (old_memory, "this is what comes out when h' is made of the memory that came in: it reads the new m"),
    ],
    "grid_lstm_step": [
        (
            at_once,
            "this is what comes out when depth reads the old h of time: time is computed first, and depth sees what it made",
        ),
        (one_memory, "this is what comes out when one memory serves both directions: depth brings an m of its own"),
        (one_matrix, "this is what comes out when time and depth share W and b: each direction has its own"),
    ],
}

NUMBER = (0.15, 0.3)
SECONDS = 6.0
