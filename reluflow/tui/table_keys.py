"""What the keys of the neuron table do: sort, choose, group."""

from reluflow.observe.choice import Choice
from reluflow.tui.core import Core
from reluflow.tui.widgets.neuron_table import NeuronTable


class TableKeys(Core):
    """Actions on the table, wherever the focus is."""

    def action_sort(self) -> None:
        self.query_one(NeuronTable).sort_by_next()

    def action_reverse(self) -> None:
        self.query_one(NeuronTable).turn_around()

    def action_group(self) -> None:
        self.query_one(NeuronTable).group()

    def action_reference(self) -> None:
        self.query_one(NeuronTable).refer_to_next()

    def action_choose(self) -> None:
        """Ask which neurons to list."""
        from reluflow.tui.screens.choose_neurons import ChooseNeurons

        self.push_screen(ChooseNeurons(self.query_one(NeuronTable).choice.text), self._choose)

    def _choose(self, choice: Choice | None) -> None:
        if choice is not None:
            self.query_one(NeuronTable).choose(choice)
