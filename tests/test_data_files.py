"""Files of numbers as people have them: what is read, what is said of it, and what is refused."""

import codecs
import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reluflow.data import files
from reluflow.data.arrays import Archive
from reluflow.data.csv_table import read_cells, read_columns, read_plain
from reluflow.data.files import read_table
from reluflow.data.target_column import TARGET_NAMES
from reluflow.errors import LONGEST, PresetError, counted

INPUTS = [[1.5, 0.25], [-0.5, 1.0]]
TARGETS = [0.7, -0.3]


def table_of(folder, content, name="points.csv", target=None):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, target)


def refusal(folder, content, name="points.csv", target=None) -> str:
    with pytest.raises(PresetError) as caught:
        table_of(folder, content, name, target)
    sentence = str(caught.value)
    assert len(sentence) <= LONGEST
    assert "\n" not in sentence
    assert name in sentence
    return sentence


class TestText:
    @pytest.mark.parametrize(
        "content",
        [
            "sep=;\r\nx1;x2;y\r\n1,5;0,25;0,7\r\n-0,5;1;-0,3\r\n",
            '"sep=;"\n1,5;0,25;0,7\n-0,5;1;-0,3\n',
            '"x1","x2","y"\n"1.5","0.25","0.7"\n"-0.5","1","-0.3"\n',
            '"1,5","0,25","0,7"\n"-0,5","1","-0,3"\n',
            "x1\tx2\ty\n1,5\t0,25\t0,7\n-0,5\t1\t-0,3\n",
            "1,5 0,25 0,7\n-0,5 1 -0,3\n",
            "1.5|0.25|0.7\n-0.5|1|-0.3\n",
            " 1.5D+00  0.25   0.7\n-5.0D-01  1.0   -0.3\n",
            "x1,x2,y\n1.5,0.25,0.7\n-0.5,1,-0.3\n\x1a",
            "x1,x2,y\n\n1.5,0.25,0.7\n\n-0.5,1,-0.3\n,,\n\n\n",
            "1.5,0.25,0.7,\n-0.5,1,-0.3,\n",
            "# made at noon\n# x1 x2 y\n1.5 0.25 0.7\n# a pause\n-0.5 1 -0.3\n",
            '"x1" "x2" "y"\n"1" 1.5 0.25 0.7\n"2" -0.5 1 -0.3\n',
            "#,x1,x2,y\n0,1.5,0.25,0.7\n1,-0.5,1,-0.3\n",
            ",x1,x2,y\n17,1.5,0.25,0.7\n4,-0.5,1,-0.3\n",
            "id;x1;x2;y\n1;1,5;0,25;0,7\n2;-0,5;1;-0,3\n",
            "y,x1,x2\n0.7,1.5,0.25\n−0.3,−0.5,1\n",
            "x1;x2;y;\r\n1,5;0,25;0,7;\r\n-0,5;1;-0,3;\r\n\r\n",
        ],
    )
    def test_is_read(self, tmp_path, content):
        table = table_of(tmp_path, content)
        np.testing.assert_array_equal(table.inputs, INPUTS)
        np.testing.assert_array_equal(table.targets, TARGETS)

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
    def test_in_other_encodings(self, tmp_path, encoding):
        table = table_of(tmp_path, "Länge;y\n1,5;2\n0,5;3\n".encode(encoding))
        assert (table.names, table.target) == (("Länge",), "y")
        np.testing.assert_array_equal(table.inputs, [[1.5], [0.5]])

    def test_names_of_a_comment_are_used_where_they_fit(self, tmp_path):
        assert table_of(tmp_path, "# a b y\n1 2 3\n").names == ("a", "b")
        assert table_of(tmp_path, "# written by hand\n1 2 3 4\n").names == ("", "", "")

    def test_the_ending_does_not_matter(self, tmp_path):
        for name in ("points.txt", "points.dat", "points", "points.CSV"):
            assert table_of(tmp_path, "1,2\n3,4\n", name).targets.tolist() == [2.0, 4.0]

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("a;b\n1,500;2,250\n", "line 2: found a line that can be read as 1.500 | 2.250 or, with commas"),
            ("1,500;2,250\n", "as 1500 | 2250; expected numbers without commas"),
            ("a,b\n1,5,0,25\n", "line 2: found a line that can be read as 1 | 5 | 0 | 25 or, with decimal"),
            ("1,5,0,7\n-0,5,1,0\n", "as 1.5 | 0.7; expected decimal points"),
            ("1,5, 2,5\n3,5, 4,5\n", "as 1 | 5 | 2 | 5 or, with decimal commas, as 1.5 | 2.5"),
            (
                "a;b\n1.234,5;2,1\n",
                "line 2, column 1: found '1.234,5'; expected a finite number with a decimal",
            ),
            ("a;b\n1,234.5;2\n", "found '1,234.5'; expected a finite number with a decimal point"),
            ("a;b\n0,5;2.5\n", "column 2: found '2.5'; expected a finite number with a decimal comma"),
            ("a,b\n1,NA\n", "line 2, column 2: found 'NA', which stands for a missing number"),
            ("a,b,y\n1,,3\n", "line 2, column 2: found an empty cell"),
            ("a,b\n1,2\n3,cat\n", "line 3, column 2: found 'cat'"),
            ("a,b\n1,2\n3,1_0\n", "line 3, column 2: found '1_0'"),
            ("a,b\n1,2\n1e999,0\n", "line 3, column 1: found '1e999'"),
            ("a,b\n1,1+2j\n", "found '1+2j'"),
            ("a,b\n1,2\n1,\x003\n", "line 3, character 3: found a NUL byte"),
            ("a,b\n1,2,3\n", "line 2: found 3 columns; expected 2 columns as in the names"),
            ('a,b\n"1,2\n3,4\n', "line 2: found a quote without a second; expected numbers"),
            ('"a,b\n1,2\n3,4\n', "line 1: found a quote without a second; expected numbers"),
            ('# made\n\n1,2\n"3,4\n' + "5,6\n" * 50_000, "line 4: found a quote without a second"),
            ("a,b\n" + "1," * 3 + "x" * 200_000 + "\n", "line 2: found no row of cells (field larger"),
            ("a,b\n" + "1," * 3 + "x" * 100_000 + "\n", "expected 2 columns"),
            ("a,b\n1," + "x" * 100_000 + "\n", "xxx ...'; expected a finite number"),
            ("# nothing\n", "found no row of numbers"),
        ],
    )
    def test_is_refused_with_its_place(self, tmp_path, content, words):
        assert words in refusal(tmp_path, content)

    def test_whole_numbers_between_commas_are_no_decimals(self, tmp_path):
        table = table_of(tmp_path, "1,5,0,25\n3,4,5,6\n")
        assert table.inputs.tolist() == [[1.0, 5.0, 0.0], [3.0, 4.0, 5.0]]

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (
                "x,y\n1,5,2\n2,5,3\n3,5,4\n",
                "line 2: found a line that can be read as 1 | 5 | 2 or, with decimal",
            ),
            ("x,y\n1,5,2\n2,5,3\n3,5,4\n", "commas, as 1.5 | 2; expected decimal points, or semicolons"),
            ("x,y\n1,000,2\n2,000,3\n", "as 1 | 000 | 2 or, with decimal commas, as 1.000 | 2"),
            ("x,y\n1,-5,2\n2,-5,3\n", "as 1 | -5 | 2 or, with decimal commas, as 1 | -5.2"),
            ("a,b,y\n1,5,2,5e1,3\n2,5,3,5e1,4\n", "as 1.5 | 2.5e1 | 3; expected"),
        ],
    )
    def test_commas_below_fewer_names_may_be_decimal(self, tmp_path, content, words):
        assert words in refusal(tmp_path, content)

    @pytest.mark.parametrize(
        "content",
        [
            'x,y\n"1",5,2\n"2",5,3\n',  # R quotes the numbers of rows
            "x,y\n1,5.0,2\n2,5,3\n",
            "x,y\n1,-5,-2\n2,-5,-3\n",
            ",x,y\n1,5,2\n2,5,3\n",
            "x;y\n1;5;2\n2;5;3\n",
        ],
    )
    def test_an_index_below_fewer_names_is_left_out_where_no_comma_is_decimal(self, tmp_path, content):
        table = table_of(tmp_path, content)
        assert table.remarks == ("points.csv: column 1 numbers the rows and is left out",)
        assert np.abs(table.inputs).tolist() == [[5.0], [5.0]]
        assert np.abs(table.targets).tolist() == [2.0, 3.0]

    @pytest.mark.parametrize(
        "cell", ["1.234,5", "1\u00a0000,5", "1\u202f000,5", "1 000,5", "1'000,5", "-1.234.567,5"]
    )
    def test_something_between_thousands_is_refused_with_the_mark_that_decimals_have(self, tmp_path, cell):
        shown = cell.replace("\u00a0", " ").replace("\u202f", " ")
        words = (
            f"column 1: found {shown!r}; expected a finite number with a decimal comma and nothing between"
        )
        assert words in refusal(tmp_path, f"x;y\n{cell};2\n")
        if " " not in shown:
            assert words in refusal(tmp_path, f"{cell} 2\n")

    def test_blanks_between_thousands_are_refused_with_decimal_points_as_well(self, tmp_path):
        said = refusal(tmp_path, "x;y\n1\u00a0000.5;2\n")
        assert "found '1 000.5'; expected a finite number with a decimal point and nothing between" in said

    def test_one_of_a_thing_is_told_as_one(self, tmp_path):
        said = refusal(tmp_path, "a\n1\n")
        assert "found 1 column; expected inputs" in said
        assert [counted(number, "sample") for number in range(3)] == ["0 samples", "1 sample", "2 samples"]

    def test_more_than_the_largest_size_is_refused(self, tmp_path, monkeypatch):
        monkeypatch.setattr("reluflow.data.files.LARGEST_TEXT", 1_000_000)
        assert "found 4 MB of text; expected at most 1 MB" in refusal(tmp_path, "1,2\n" * 1_000_000)

    @settings(max_examples=100)
    @given(st.binary(max_size=200) | st.text("0123456789.,; \t\n\"'#-+eE=sepyNa\x1a", max_size=200))
    def test_anything_is_read_or_refused_in_a_sentence(self, tmp_path_factory, content):
        content = content if isinstance(content, bytes) else content.encode()
        path = tmp_path_factory.mktemp("any") / "points.csv"
        path.write_bytes(content)
        with contextlib.suppress(PresetError):
            table = read_table(path)
            assert np.all(np.isfinite(table.inputs))
            assert table.inputs.shape[0] == table.targets.size > 0

    @settings(max_examples=100)
    @given(
        rows=st.lists(st.tuples(*[st.floats(-1e9, 1e9)] * 3), min_size=1, max_size=6),
        separator=st.sampled_from([";", "\t", "|", " "]),
        ending=st.sampled_from(["\n", "\r\n", "\r"]),
        names=st.sampled_from(["", "a{0}b{0}y"]),
        mark=st.booleans(),
    )
    def test_decimal_commas_come_back(self, tmp_path_factory, rows, separator, ending, names, mark):
        lines = [separator.join(f"{value:.17e}".replace(".", ",") for value in row) for row in rows]
        text = ending.join([*([names.format(separator)] if names else []), *lines, ""])
        path = tmp_path_factory.mktemp("comma") / "points.csv"
        path.write_bytes((codecs.BOM_UTF8 if mark else b"") + text.encode())
        table = read_table(path)
        np.testing.assert_array_equal(np.column_stack([table.inputs, table.targets]), rows)


class TestPlainText:
    """Files that NumPy's parser may read give what they give cell by cell."""

    @settings(max_examples=150)
    @given(st.text("01.,; \t\n\r-e", max_size=60) | st.text("x01.5, \n#", max_size=60))
    def test_any_text(self, text):
        quick = read_plain(text, Path("points.csv"))
        if quick is not None:
            careful = read_cells(text, Path("points.csv"))
            np.testing.assert_array_equal(quick.values, careful.values)
            assert (quick.names, quick.index) == (careful.names, careful.index)

    @settings(max_examples=50)
    @given(
        rows=st.lists(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 3), min_size=3),
        separator=st.sampled_from([",", ";", "\t", "|", " "]),
        head=st.sampled_from(["", "a{0}b{0}y\n", "# made\n# a{0}b{0}y\n", "sep={0}\n\n"]),
    )
    def test_numbers_are_read_to_the_last_bit(self, rows, separator, head):
        text = head.format(separator) + "".join(
            separator.join(f"{value:.17e}" for value in row) + "\n" for row in rows
        )
        quick = read_plain(text, Path("points.csv"))
        assert quick is not None
        assert quick.values.tobytes() == np.array(rows).tobytes()
        assert quick.names == (("a", "b", "y") if "y" in head else ("", "", ""))

    @pytest.mark.parametrize(
        "text",
        ["1,5;0,25\n3;4\n", "1,5,0,25\n3,4,5,6\n", "1;2\n3;\n", "1.5;2\n3.5\n", "1e999;1\n", '"1.5";2\n'],
    )
    def test_what_needs_a_closer_look_gets_it(self, text):
        assert read_plain(text, Path("points.csv")) is None

    def test_a_number_that_is_none_far_below_is_found(self, tmp_path):
        lines = ["1.5,2.5"] * 1000
        lines[900] = "1.5,2.5.5"
        assert "line 901, column 2: found '2.5.5'" in refusal(tmp_path, "\n".join(lines))

    def test_a_large_file_is_read_once_until_it_changes(self, tmp_path, monkeypatch):
        sizes = []
        monkeypatch.setattr(
            files, "read_columns", lambda *given: sizes.append(len(given[0])) or read_columns(*given)
        )
        content = "1.5,2.5\n" * 150_000
        first = table_of(tmp_path, content)
        again = read_table(tmp_path / "points.csv", 1)
        assert sizes == [len(content)]
        np.testing.assert_array_equal(again.targets, first.inputs[:, 0])
        changed = table_of(tmp_path, content + "3.5,4.5\n")
        assert len(sizes) == 2
        assert changed.targets[-1] == 4.5


class TestTarget:
    CONTENT = "a,b,c\n1,2,3\n4,5,6\n"

    def test_by_name_or_number(self, tmp_path):
        for target in ("b", "B", 2):
            table = table_of(tmp_path, self.CONTENT, target=target)
            assert (table.names, table.target, table.remarks) == (("a", "c"), "b", ())
            assert table.targets.tolist() == [2.0, 5.0]
            assert table.inputs.tolist() == [[1.0, 3.0], [4.0, 6.0]]

    @pytest.mark.parametrize(
        ("names", "taken"),
        [("y,y", '2, "y"'), ("x,Y,y", '3, "y"'), ("y,y,z", '3, "z"'), ("y,label,y", '2, "label"')],
    )
    def test_of_several_of_one_name_it_is_said_which_is_taken(self, tmp_path, names, taken):
        table = table_of(tmp_path, f"{names}\n" + ",".join("123"[: names.count(",") + 1]) + "\n")
        assert table.targets.tolist() == [float(taken[0])]
        said = f'points.csv: column {taken}, is taken for the target; 2 columns are called "y"'
        assert table.remarks == (said,)

    @pytest.mark.parametrize("name", TARGET_NAMES)
    def test_by_its_usual_name(self, tmp_path, name):
        table = table_of(tmp_path, f"{name.upper()},b,c\n1,2,3\n4,5,6\n")
        assert table.targets.tolist() == [1.0, 4.0]
        assert table.remarks == (f'points.csv: column 1, "{name.upper()}", is taken for the target',)

    def test_an_index_that_is_asked_for(self, tmp_path):
        table = table_of(tmp_path, ",a,b\n0,2,3\n1,5,6\n", target=1)
        assert table.targets.tolist() == [0.0, 1.0]
        assert table.inputs.tolist() == [[2.0, 3.0], [5.0, 6.0]]

    @pytest.mark.parametrize(
        ("target", "words"),
        [
            (4, "data.target is 4; expected a column from 1 to 3"),
            ("d", 'there is no column "d" (data.target); expected "a", "b", "a"'),
            ("a", 'data.target is "a", the name of 2 columns'),
        ],
    )
    def test_that_is_not_there(self, tmp_path, target, words):
        assert words in refusal(tmp_path, "a,b,a\n1,2,3\n", target=target)


class TestArrays:
    @pytest.mark.parametrize(
        "names", [("X", "y"), ("x_train", "Y_train"), ("inputs", "targets"), ("data", "target")]
    )
    @pytest.mark.parametrize("kind", [">f8", "<f4", ">i2", "<f8", "?"])
    def test_of_usual_names_and_any_kind(self, tmp_path, names, kind):
        inputs = np.asfortranarray(np.array([[1, 0], [0, 1], [1, 1]], dtype=kind))
        np.savez_compressed(
            tmp_path / "p.npz", **dict(zip(names, (inputs, np.array([[1], [0], [1]], kind)), strict=True))
        )
        table = read_table(tmp_path / "p.npz")
        assert table.inputs.tolist() == [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
        assert table.targets.tolist() == [1.0, 0.0, 1.0]
        assert table.inputs.dtype == np.float64
        assert table.inputs.flags.c_contiguous
        assert table.remarks == (("p.npz: True is taken for 1 and False for 0",) if kind == "?" else ())

    def test_one_array_of_truth_values(self, tmp_path):
        np.save(tmp_path / "p.npy", np.array([[True, False], [False, True]]))
        table = read_table(tmp_path / "p.npy")
        assert table.targets.tolist() == [0.0, 1.0]
        assert table.remarks == ("p.npy: True is taken for 1 and False for 0",)

    def test_more_arrays_than_two(self, tmp_path):
        np.savez(tmp_path / "p.npz", x_train=[[1.0]], y_train=[2.0], x_test=[[3.0]], y_test=[4.0])
        table = read_table(tmp_path / "p.npz")
        assert table.targets.tolist() == [2.0]
        assert table.remarks == ("p.npz: inputs from x_train, targets from y_train",)
        assert read_table(tmp_path / "p.npz", "y_test").targets.tolist() == [4.0]

    @pytest.mark.parametrize("order", ["C", "F"])
    def test_of_one_matrix(self, tmp_path, order):
        matrix = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=">f4", order=order)
        np.save(tmp_path / "p.npy", matrix)
        np.savez(tmp_path / "p.npz", matrix)
        for name in ("p.npy", "p.npz"):
            assert read_table(tmp_path / name).targets.tolist() == [3.0, 6.0]
            assert read_table(tmp_path / name, 1).targets.tolist() == [1.0, 4.0]
            assert read_table(tmp_path / name, 1).inputs.tolist() == [[2.0, 3.0], [5.0, 6.0]]

    @pytest.mark.parametrize(
        ("arrays", "words"),
        [
            ({"inputs": [[1j]], "targets": [1.0]}, "found type complex128; expected real numbers"),
            ({"X": [[1.0]], "y": ["a"]}, "array 'y': found type <U1"),
            ({"a": [[1.0]], "b": [1.0]}, 'found no array \'inputs\' but "a", "b"'),
            (
                {"X": [[1.0]], "y": [[1.0, 2.0]]},
                "array 'y': found shape (1, 2); expected one target a sample",
            ),
            ({"X": [[1.0]], "y": [1.0, 2.0]}, "found 2 targets; expected 1"),
            ({"X": [[np.inf]], "y": [1.0]}, "array 'X', row 1, column 1: found inf"),
            ({"X": np.array([[None]]), "y": [1.0]}, "array 'X': found Python objects; expected real numbers"),
        ],
    )
    def test_refused(self, tmp_path, arrays, words):
        np.savez(tmp_path / "p.npz", **arrays)
        assert words in refusal(tmp_path, (tmp_path / "p.npz").read_bytes(), "p.npz")

    @pytest.mark.parametrize(
        ("array", "words"),
        [
            (np.array([1.0, 2.0]), "found shape (2,)"),
            (np.array([[None, 1]]), "p.npy: found Python objects; expected real numbers"),
            (np.array([[1.0, 2.0]])[:, :1], "found 1 column; expected inputs"),
            (np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), "expected real numbers"),
            (np.array([["a", "b"]]), "found type <U1"),
        ],
    )
    def test_one_array_refused(self, tmp_path, array, words):
        np.save(tmp_path / "p.npy", array)
        assert words in refusal(tmp_path, (tmp_path / "p.npy").read_bytes(), "p.npy")

    def test_an_array_that_claims_more_than_is_there(self, tmp_path):
        np.save(tmp_path / "p.npy", np.ones((3, 2)))
        assert "does not open as .npy" in refusal(tmp_path, (tmp_path / "p.npy").read_bytes()[:-8], "p.npy")


@pytest.mark.parametrize(
    "content", [0.5, [], [[1, 2], [3, 4]], ["ab", "c"], [""], [True], np.ones((300, 200))]
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_an_archive_are_those_that_numpy_reads(tmp_path, content, order):
    np.savez(tmp_path / "x.npz", x=np.asarray(content, order=order))
    found, expected = Archive(tmp_path / "x.npz").read("x"), np.load(tmp_path / "x.npz")["x"]
    np.testing.assert_array_equal(found, expected, strict=True)
    assert str(found.flags) == str(expected.flags)
