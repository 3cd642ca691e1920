"""The exam of the diagnosis: what its table says of itself, and that cases come back."""

import json

import diagnosis_exam
import pandas as pd
import pytest

from trilateration import geometry

TABLE = diagnosis_exam.FOLDER / "diagnosis_exam.parquet"


def test_the_exam_is_of_cases_that_development_did_not_have():
    cases = diagnosis_exam.cases()
    seeds = [case.configuration.seed for case in cases]
    assert min(seeds) >= 5_000
    assert len(set(seeds)) == len(cases)
    counts = pd.Series([case.truth for case in cases]).value_counts()
    assert set(counts.index) == {"healthy", *geometry.FAILURES}
    assert counts.pop("healthy") == diagnosis_exam.N_HEALTHY
    assert (counts == diagnosis_exam.N_EACH).all()


def test_the_table_has_every_case_and_says_where_it_comes_from():
    table, made = pd.read_parquet(TABLE), json.loads(TABLE.with_suffix(".json").read_text())
    cases = diagnosis_exam.cases()
    assert table["truth"].tolist() == [case.truth for case in cases]
    assert table["seed"].tolist() == [case.configuration.seed for case in cases]
    assert made["command"] == "python tools/diagnosis_exam.py"
    assert made["cases"] == len(table)
    assert len(made["commit"]) == 40
    assert {"torch", "numpy", "python"} <= set(made["versions"])


@pytest.mark.parametrize("truth", ["dependent tasks", "short trials"])
def test_a_case_of_the_table_comes_back(truth):
    table = pd.read_parquet(TABLE)
    row = table[table["truth"] == truth].iloc[0]
    case = next(c for c in diagnosis_exam.cases() if c.configuration.seed == row["seed"])
    again = geometry.examine([case]).iloc[0]
    assert again["first"] == row["first"]
