"""Measure and draw all plots anew: `python -m visuals.plots`."""

from pathlib import Path

import tinygrad_rnn as tg
from visuals.plots import PLOTS


def main():
    folder = Path(__file__).resolve().parent
    for plot in PLOTS:
        figure = plot()
        tg.plots.save(figure, folder / f"{plot.__name__}.svg")
        print(f"visuals/plots/{plot.__name__}.svg: {tg.plots.describe(figure)}")


if __name__ == "__main__":
    main()
