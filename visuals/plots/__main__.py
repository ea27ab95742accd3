"""Measure and draw the plots anew: `python -m visuals.plots`; with names, these alone."""

from pathlib import Path

import tinygrad_rnn as tg
from visuals import chosen
from visuals.plots import PLOTS


def main(arguments=None):
    folder, known = Path(__file__).resolve().parent, {plot.__name__: plot for plot in PLOTS}
    for name in chosen("visuals.plots", known, "", arguments):
        figure = known[name]()
        tg.plots.save(figure, folder / f"{name}.svg")
        print(f"visuals/plots/{name}.svg: {tg.plots.describe(figure)}")


if __name__ == "__main__":
    main()
