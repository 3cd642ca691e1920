"""What is wrong with a trained model: its reports and hidden states beside its tasks and data."""

from trilateration.geometry.diagnosis.observed import Answers, Behaviour, Data, Trials
from trilateration.geometry.diagnosis.taxonomy import EXPLANATIONS, FAILURES, Explanation
from trilateration.geometry.diagnosis.verdict import Diagnosis, Finding, diagnose

__all__ = [
    "EXPLANATIONS",
    "FAILURES",
    "Answers",
    "Behaviour",
    "Data",
    "Diagnosis",
    "Explanation",
    "Finding",
    "Trials",
    "diagnose",
]
